//! Another playback rate: the samples of the rate before are thrown away, and those of the new one are made
//! of what the media plane has decoded.

use super::{Player, SILENT_REQUEST, StepContext};
use crate::engine::timers::Timer;
use crate::playback::State;
use crate::qoe::StallCause;
use tonearm_base::time::Duration;

/// Time without a sample after the rate was changed, after which the player waits, as HTML has it.
const SILENT_CHANGE: Duration = Duration::from_millis(200);

impl Player {
    /// The samples on their way are of another rate: the media plane makes them again from what is decoded.
    pub(super) fn set_rate(&mut self, cx: &mut StepContext<'_>, rate: f64) {
        let open = self.is_open();
        if open {
            self.timeline.start_position = self.current_time(cx.now);
        }
        self.timeline.rate = rate;
        if open {
            self.start_seek(cx);
            let playing = self.state() == State::Playing;
            self.timers.assign(Timer::RateChange, playing.then(|| cx.now + SILENT_CHANGE));
        }
        self.dispatch(cx, "ratechange");
    }

    /// The rate was changed, and no sample at the new one has arrived: the player waits for them.
    pub(super) fn stall_at_new_rate(&mut self, cx: &mut StepContext<'_>) {
        if self.state() != State::Playing {
            return;
        }
        self.output.start_silence(cx.now);
        if !self.timers.is_set(Timer::Arrival) {
            self.timers.set(Timer::Arrival, cx.now + SILENT_REQUEST);
        }
        self.stall(cx, cx.now, StallCause::Network);
        self.underrun(cx);
    }
}
