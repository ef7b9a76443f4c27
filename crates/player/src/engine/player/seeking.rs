//! How a player goes to another position.

use tonearm_messages::Command as MediaCommand;

use super::{Player, StepContext};
use crate::engine::timers::Timer;
use crate::playback::{Command, Input};

impl Player {
    pub(super) fn seek(&mut self, cx: &mut StepContext<'_>, seconds: f64) {
        let to = self.timeline.clamp(seconds);
        let from = self.current_time(cx.now);
        self.timeline.start_position = to;
        if self.step(cx, Input::Command(Command::Seek)).transition.is_some() {
            self.attempt.trace.seek_started(&mut cx.recorder, from, to);
        }
    }

    /// Goes to the start position.
    pub(super) fn start_seek(&mut self, cx: &mut StepContext<'_>) {
        if !self.is_open() {
            self.open_again(cx);
            return;
        }
        if self.media.lost.is_some() || self.output.lost {
            self.reopen(cx);
            return;
        }
        self.count_played(cx);
        self.media.epoch += 1;
        self.timeline.begin_epoch(self.output.sample_rate());
        self.timeline.buffered = self.timeline.start_position;
        self.end_device_stall(cx, cx.now);
        // What was to fail at the end of the samples, or to be fetched for them, was for another position.
        self.attempt.deferred_failure = None;
        self.media.recovery.reset(&mut self.timers);
        for timer in [Timer::Report, Timer::RateChange] {
            self.timers.clear(timer);
        }
        let (epoch, position, speed) = (self.media.epoch, self.timeline.start_position, self.timeline.rate);
        self.command_media(cx, MediaCommand::Seek { epoch, position, speed });
        self.release_unless_paused(cx);
    }

    /// A seek in a source that is not open, or not any more: it is opened at that position.
    fn open_again(&mut self, cx: &mut StepContext<'_>) {
        if let Some(url) = self.source.as_ref().and_then(|source| source.url.clone()) {
            self.open(cx, url);
        }
    }
}
