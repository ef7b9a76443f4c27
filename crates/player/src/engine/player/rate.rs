//! Another playback rate: the samples of the rate before are thrown away, and those of the new one come from
//! what the media plane has decoded.

use super::{Edge, Player, SILENT_REQUEST};
use crate::playback::{Event, Input, State};
use crate::qoe::StallCause;
use tonearm_base::time::Duration;

/// Time without a sample after the rate was changed, after which the player waits, as HTML has it.
const SILENT_CHANGE: Duration = Duration::from_millis(200);

impl Player {
    /// The samples on their way are of another speed: the media plane makes them again from what is decoded.
    pub(super) fn set_speed(&mut self, edge: &mut Edge<'_>, speed: f64) {
        self.start_position =
            if self.open_url.is_some() { self.current_time(edge.now) } else { self.start_position };
        self.speed = speed;
        if self.open_url.is_some() {
            self.go(edge);
            self.silent_change = (self.state() == State::Playing).then(|| edge.now + SILENT_CHANGE);
        }
        self.emit(edge, "ratechange");
    }

    /// The rate was changed, and no sample at the new one has come: the player waits for them.
    pub(super) fn silent_at_new_rate(&mut self, edge: &mut Edge<'_>) {
        if self.state() != State::Playing {
            return;
        }
        self.device_silent.get_or_insert(edge.now);
        self.deadline = self.deadline.or(Some(edge.now + SILENT_REQUEST));
        self.stall(edge, edge.now, StallCause::Network);
        self.step(edge, Input::Event(Event::Underflow));
        if self.recovery.due().is_some() {
            self.step(edge, Input::Event(Event::ConnectionLost));
        }
    }
}
