//! The audio output as the player sees it: the audio context and its worklet.
//!
//! Owns what the output can do now, and since when it is silent. Does not know what is played, nor why.

use crate::engine::input::ContextState;
use crate::engine::timers::{Timer, Timers};
use crate::engine::watchdog::Watchdog;
use tonearm_base::time::{Duration, Instant};

/// The audio context that the player has.
#[derive(Debug, Clone, Copy)]
pub(super) struct AudioContext {
    /// In Hz.
    pub(super) sample_rate: u32,
    pub(super) state: ContextState,
}

/// The audio output of one player.
#[derive(Debug, Default)]
pub(super) struct OutputLink {
    /// None until the host has opened one.
    pub(super) audio_context: Option<AudioContext>,
    /// The output is not available, or is not any more.
    pub(super) lost: bool,
    pub(super) watchdog: Watchdog,
    /// The last epoch with an audible frame.
    pub(super) audible_epoch: u32,
    /// Since when the output is silent by itself, or for want of samples at a new rate.
    silent_since: Option<Instant>,
}

impl OutputLink {
    /// The host opens another context: until it says so there is none.
    pub(super) fn forget(&mut self) {
        (self.lost, self.audio_context) = (false, None);
    }

    /// Samples per second; 0 where there is no context.
    pub(super) fn sample_rate(&self) -> u32 {
        self.audio_context.map_or(0, |context| context.sample_rate)
    }

    /// Takes the context's state; returns whether it is another than before.
    pub(super) fn change_state(&mut self, state: ContextState) -> bool {
        let Some(context) = &mut self.audio_context else { return false };
        std::mem::replace(&mut context.state, state) != state
    }

    /// The next report is expected at `next`; a context that does not run sends none.
    pub(super) fn expect_report(&mut self, timers: &mut Timers, next: Instant) {
        if self.audio_context.is_some_and(|context| context.state == ContextState::Running) {
            self.watchdog.feed(timers, next);
        } else {
            timers.clear(Timer::Report);
        }
    }

    /// How long the output takes for these frames; none where there is no context.
    pub(super) fn duration_of(&self, frames: u64) -> Option<Duration> {
        let rate = self.audio_context?.sample_rate;
        Some(Duration::from_nanos(frames.saturating_mul(1_000_000_000) / u64::from(rate.max(1))))
    }

    /// The output is silent by itself from `now` on, if it was not before.
    pub(super) fn start_silence(&mut self, now: Instant) {
        self.silent_since.get_or_insert(now);
    }

    /// The silence ends at `at`, or is not the output's any more: returns the frames that are missing, where
    /// the output had been silent by itself.
    pub(super) fn end_silence(&mut self, at: Instant) -> Option<u64> {
        let since = self.silent_since.take()?;
        Some((at.since(since).as_secs_f64() * f64::from(self.sample_rate())) as u64)
    }
}
