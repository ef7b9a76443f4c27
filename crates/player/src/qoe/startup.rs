//! The start of one play, cut into phases that add up to its latency.

use tonearm_base::time::{Duration, Instant};

/// A part of the time from the play request to the first audible sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Play request → media request: what the app needs to know the URL.
    Metadata,
    /// Media request → response head.
    Connect,
    /// Response head → first byte of media.
    FirstByte,
    /// First byte → first decoded frame.
    Decode,
    /// First decoded frame → first audible sample.
    Output,
}

impl Phase {
    /// Every phase, in order.
    pub const ALL: [Self; 5] = [Self::Metadata, Self::Connect, Self::FirstByte, Self::Decode, Self::Output];

    /// The name that telemetry uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Metadata => "metadata",
            Self::Connect => "connect",
            Self::FirstByte => "first_byte",
            Self::Decode => "decode",
            Self::Output => "output",
        }
    }
}

/// The moments of one start.
#[derive(Debug, Clone, Copy)]
pub struct StartUp {
    requested: Instant,
    /// The end of each phase, in order; a phase whose end was not seen ends with the one before.
    ends: [Option<Instant>; Phase::ALL.len()],
}

impl StartUp {
    /// A start that was asked for at `requested`.
    pub fn new(requested: Instant) -> Self {
        Self { requested, ends: [None; Phase::ALL.len()] }
    }

    /// When the play was asked for.
    pub fn requested(&self) -> Instant {
        self.requested
    }

    /// Notes the first end of a phase; later ones (of another request) do not count.
    pub fn reach(&mut self, phase: Phase, at: Instant) {
        self.ends[phase as usize].get_or_insert(at);
    }

    /// When a phase ended.
    pub fn end_of(&self, phase: Phase) -> Option<Instant> {
        self.ends[phase as usize]
    }

    /// Play request → first audible sample, once it is known.
    pub fn latency(&self) -> Option<Duration> {
        self.end_of(Phase::Output).map(|audible| audible.since(self.requested))
    }

    /// Each phase's length; together they are the latency.
    pub fn phases(&self) -> [(Phase, Duration); Phase::ALL.len()] {
        let mut phases = [(Phase::Output, Duration::ZERO); Phase::ALL.len()];
        let mut from = self.requested;
        for (length, phase) in phases.iter_mut().zip(&Phase::ALL) {
            let end = self.ends[*phase as usize].map_or(from, |end| end.max(from));
            *length = (*phase, end.since(from));
            from = end;
        }
        phases
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_add_up_to_the_latency() {
        let at = Instant::from_millis;
        let mut start = StartUp::new(at(100.0));
        assert_eq!(start.latency(), None);
        start.reach(Phase::Metadata, at(120.0));
        start.reach(Phase::Connect, at(150.0));
        start.reach(Phase::Connect, at(400.0));
        // The first byte's fact was lost; the worker's clock runs a little early.
        start.reach(Phase::Decode, at(149.0));
        start.reach(Phase::Output, at(180.0));
        let millis: Vec<_> = start.phases().iter().map(|(_, length)| length.as_millis()).collect();
        assert_eq!(millis, [20, 30, 0, 0, 30]);
        assert_eq!(start.latency(), Some(Duration::from_millis(80)));
    }
}
