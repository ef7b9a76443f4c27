//! The packets that are with the browser's decoder (`WebCodecs`), and the place of what it decodes.
//!
//! Owns the packets, the order to flush or to replace a decoder, and the bounds on faults and on packets
//! without an output. Knows neither a browser nor a format: a [`HostModule`] does what it says.

use tonearm_formats::AdvanceCode;

/// Packets that may be with the browser's decoder at once.
const MAX_PENDING_PACKETS: usize = 16;
/// Faults of the browser's decoder in a row after which a track fails: before anything was decoded, and
/// after.
const MAX_FAULTS: [usize; 2] = [20, 500];
/// Packets in a row without an output after which a track fails: before anything was decoded, and after.
/// Fewer than in `formats/src/track/mod.rs`: each sixteen of them take [`OUTPUT_TIMEOUT_MS`], in which there
/// is silence.
const MAX_PACKETS_WITHOUT_OUTPUT: [usize; 2] = [250, 500];
/// Milliseconds without an output after which an idle decoder is expected to give none for its packets.
pub const OUTPUT_TIMEOUT_MS: u32 = 100;
/// Microseconds by which every timestamp but a decoder's first is offset. A decoder that preserves timestamps
/// returns the offset; one that restamps its output counts frames from its first timestamp. This
/// distinguishes the two.
const TIMESTAMP_OFFSET_US: f64 = 700.0;

/// What a track does in the module of its format, and in the browser's decoder.
pub trait HostModule {
    /// Reads on until `frames` are ready, or a packet or something else is.
    fn advance(&self, frames: usize) -> AdvanceCode;
    /// The place of the packet in frames, how many frames it stands for or 0, and its bytes.
    fn packet(&self) -> (Option<f64>, u32, Vec<u8>);
    /// The rate of the stream in Hz.
    fn stream_rate(&self) -> u32;
    /// Takes so many frames of the decoder's output, which have their place at `position`.
    fn push_output(&self, position: Option<f64>, frames: usize);
    /// Takes that everything is decoded that the decoder was given.
    fn drained(&self);
    /// Opens a decoder for the stream; false where the browser has none.
    fn open_decoder(&self) -> bool;
    /// Has the decoder decode a packet. `timestamp` is in microseconds.
    fn decode(&self, timestamp: f64, packet: &[u8]);
    /// Has the decoder give all that it holds.
    fn flush_decoder(&self);
    /// Closes the decoder; nothing comes of it after that.
    fn close_decoder(&self);
}

/// A packet that the browser's decoder has.
struct Packet {
    /// Its place in frames.
    position: Option<f64>,
    /// Frames that it stands for, or 0.
    frames: u32,
    bytes: Vec<u8>,
    /// It is its decoder's first since that was opened or flushed.
    is_first: bool,
}

/// What a decoder has put out.
#[derive(Debug, Clone, Copy)]
pub struct DecoderOutput {
    /// In microseconds.
    pub timestamp: f64,
    /// Frames of it.
    pub frames: usize,
    /// Their rate in Hz.
    pub rate: u32,
    /// Packets that the decoder has not begun yet.
    pub queued: usize,
}

/// A decoder that has begun all its packets, of which the first has no output yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Idle {
    taken: usize,
}

/// The browser's decoder of one track.
#[derive(Default)]
pub struct HostDecoder {
    /// Whether the browser's decoder restamps its output, once that is known.
    restamps: Option<bool>,
    /// True once the track can't go on.
    has_failed: bool,
    is_open: bool,
    /// The decoder is being flushed, and `Some(true)` where the module waits for it.
    flushing: Option<bool>,
    /// The decoder has had no packet since it was opened or flushed.
    is_fresh: bool,
    rate: u32,
    pending: Vec<Packet>,
    /// Packets that are out of `pending` again.
    taken: usize,
    faults: usize,
    without_output: usize,
    has_decoded: bool,
}

#[inline(never)]
fn microseconds(frames: f64, rate: u32) -> f64 {
    (frames * 1e6 / f64::from(rate)).floor()
}

impl HostDecoder {
    /// A decoder of a browser of which this is known already; see [`Self::restamps`].
    pub fn new(restamps: Option<bool>) -> Self {
        Self { restamps, ..Self::default() }
    }

    /// Whether the browser's decoder restamps its output, once that is known.
    pub fn restamps(&self) -> Option<bool> {
        self.restamps
    }

    /// Decodes until `frames` are ready. [`AdvanceCode::Packet`] says that the decoder has what it may have.
    pub fn advance(&mut self, module: &impl HostModule, frames: usize) -> AdvanceCode {
        loop {
            if self.has_failed {
                return AdvanceCode::Undecodable;
            }
            if self.pending.len() >= MAX_PENDING_PACKETS || self.flushing.is_some() {
                return AdvanceCode::Packet;
            }
            match module.advance(frames) {
                AdvanceCode::Packet => {
                    let (position, frames, bytes) = module.packet();
                    self.decode(module, position, frames, bytes);
                }
                AdvanceCode::Drain if self.pending.is_empty() => module.drained(),
                AdvanceCode::Drain => self.flush(module, true),
                AdvanceCode::Format => {
                    self.close(module);
                    self.rate = module.stream_rate();
                    return AdvanceCode::Format;
                }
                code => return code,
            }
        }
    }

    /// Drops what is with the decoder: the track goes to another position.
    pub fn reset(&mut self, module: &impl HostModule) {
        (self.faults, self.without_output) = (0, 0);
        self.close(module);
    }

    /// Closes the decoder, and drops what it has.
    pub fn close(&mut self, module: &impl HostModule) {
        if std::mem::take(&mut self.is_open) {
            module.close_decoder();
        }
        self.flushing = None;
        self.take(self.pending.len());
    }

    /// The decoder has put something out.
    pub fn handle_output(&mut self, module: &impl HostModule, output: DecoderOutput) {
        (self.faults, self.without_output, self.has_decoded) = (0, 0, true);
        let packet = self.take_packet_of(output);
        let (position, stands_for) = packet.map_or((None, 0), |packet| (packet.position, packet.frames));
        // A damaged packet may decode to more frames than it stands for.
        let rate = self.rate.max(1);
        let limit = stands_for as usize * ((output.rate + rate / 2) / rate) as usize;
        module.push_output(position, if limit > 0 { output.frames.min(limit) } else { output.frames });
    }

    /// An error has closed the decoder. Another one continues after the packet at fault, which becomes
    /// silence. `unsupported` says that there is no decoder for the stream.
    pub fn handle_error(&mut self, module: &impl HostModule, unsupported: bool) {
        let packets = std::mem::take(&mut self.pending);
        self.taken += packets.len();
        self.close(module);
        self.faults += 1;
        self.has_failed |= unsupported || self.faults > MAX_FAULTS[usize::from(self.has_decoded)];
        for Packet { position, frames, bytes, .. } in packets.into_iter().skip(1) {
            self.decode(module, position, frames, bytes);
        }
    }

    /// The decoder is flushed. Packets that are left then have no output.
    pub fn handle_flushed(&mut self, module: &impl HostModule) {
        let drains = self.flushing.take() == Some(true);
        self.is_fresh = true;
        self.without_output += self.pending.len();
        self.has_failed |= self.without_output > MAX_PACKETS_WITHOUT_OUTPUT[usize::from(self.has_decoded)];
        self.take(self.pending.len());
        if drains {
            module.drained();
        }
    }

    /// The decoder has `queued` packets that it has not begun. Where it has begun as many as it may have,
    /// only a flush reveals which of them have no output: [`Self::handle_idle`] with what this returns, in
    /// [`OUTPUT_TIMEOUT_MS`].
    pub fn handle_dequeue(&self, queued: usize) -> Option<Idle> {
        let is_idle = queued == 0 && self.pending.len() >= MAX_PENDING_PACKETS;
        is_idle.then_some(Idle { taken: self.taken })
    }

    /// The time for an output has passed: flushes the decoder, where nothing has come since.
    pub fn handle_idle(&mut self, module: &impl HostModule, idle: Idle) {
        if self.is_open && idle.taken == self.taken && self.flushing.is_none() {
            self.flush(module, false);
        }
    }

    fn flush(&mut self, module: &impl HostModule, drains: bool) {
        self.flushing = Some(drains);
        module.flush_decoder();
    }

    /// Gives the browser's decoder a packet.
    fn decode(&mut self, module: &impl HostModule, position: Option<f64>, frames: u32, bytes: Vec<u8>) {
        if !self.is_open && !self.has_failed {
            self.is_open = module.open_decoder();
            self.has_failed = !self.is_open;
            self.is_fresh = true;
        }
        if self.has_failed {
            return;
        }
        let is_first = std::mem::take(&mut self.is_fresh);
        let offset = if is_first { 0.0 } else { TIMESTAMP_OFFSET_US };
        let timestamp = position.map_or(0.0, |at| microseconds(at, self.rate) + offset);
        module.decode(timestamp, &bytes);
        self.pending.push(Packet { position, frames, bytes, is_first });
    }

    /// Takes the first packets out, and returns the last of them.
    fn take(&mut self, packets: usize) -> Option<Packet> {
        let packets = packets.min(self.pending.len());
        self.taken += packets;
        let rest = self.pending.split_off(packets);
        std::mem::replace(&mut self.pending, rest).pop()
    }

    /// Takes the packet of an output, and those before it. Chromium counts frames from the first on and
    /// reports no packet that it can't decode, so the times after one are too early. It takes packet by
    /// packet, so that the length of its queue identifies the packet.
    fn take_packet_of(&mut self, output: DecoderOutput) -> Option<Packet> {
        let find = |offset: f64| {
            self.pending.iter().position(|packet| {
                let expected =
                    packet.position.map_or(f64::INFINITY, |at| microseconds(at, self.rate) + offset);
                let is_near = (expected - output.timestamp).abs() < TIMESTAMP_OFFSET_US / 2.0;
                is_near && !(packet.is_first && offset > 0.0)
            })
        };
        let (preserved, counted) = (find(TIMESTAMP_OFFSET_US), find(0.0));
        if preserved.is_some() {
            self.restamps.get_or_insert(false);
        } else if counted.is_some_and(|at| !self.pending[at].is_first) {
            self.restamps.get_or_insert(true);
        }
        let begun = self.pending.len().saturating_sub(output.queued);
        let index = preserved.max(counted).unwrap_or_default();
        self.take(if self.restamps == Some(true) { begun.max(1) } else { index + 1 })
    }
}
