//! How a player goes to another position.

use tonearm_messages::Command as MediaCommand;

use super::{Edge, Player};
use crate::engine::recovery::Recovery;
use crate::playback::{Command, Input};

impl Player {
    pub(super) fn seek(&mut self, edge: &mut Edge<'_>, seconds: f64) {
        // Not `clamp`: its assertion brings in the formatting of floats, a seventh of the module.
        let to = seconds.max(0.0).min(self.end().unwrap_or(f64::MAX));
        let from = self.current_time(edge.now);
        self.start_position = to;
        if self.step(edge, Input::Command(Command::Seek)).transition.is_some() {
            self.trace.seek_started(&mut edge.to, from, to);
        }
    }

    /// Goes to the position that was asked for.
    pub(super) fn go(&mut self, edge: &mut Edge<'_>) {
        if self.open_url.is_none() {
            self.open_again(edge);
            return;
        }
        if self.media_lost.is_some() || self.output_lost {
            self.reopen(edge);
            return;
        }
        self.count_heard(edge);
        self.epoch += 1;
        self.begin_position(self.start_position);
        self.buffered = self.start_position;
        self.watchdog.rest();
        self.end_device_stall(edge, edge.now);
        // What was to fail at the end of the samples, or to be fetched for them, was for another position.
        (self.failure_ahead, self.recovery, self.silent_change) = (None, Recovery::default(), None);
        let (position, speed) = (self.start_position, self.speed);
        self.tell_media(edge, MediaCommand::Seek { epoch: self.epoch, position, speed });
        self.release_unless_paused(edge);
    }

    /// An epoch begins at so many seconds.
    pub(super) fn begin_position(&mut self, seconds: f64) {
        let rate = self.output.map_or(0, |(rate, _)| rate);
        self.position.begin(seconds, rate, self.speed);
    }

    /// A seek in a source that is not open, or not any more: it is opened at that position.
    pub(super) fn open_again(&mut self, edge: &mut Edge<'_>) {
        if let Some(url) = self.source.as_ref().and_then(|source| source.url.clone()) {
            self.open(edge, url);
        }
    }
}
