//! Worker and output: that they are there, that they are lost, and what takes their place.

use tonearm_messages::{Command as MediaCommand, VERSION};

use super::{Player, StepContext};
use crate::engine::heartbeat::{Beat, Watch};
use crate::engine::input::PlaybackEngine;
use crate::engine::output::Output;
use crate::playback::{PlayFailure, State};
use tonearm_base::time::Instant;

impl Player {
    /// Sends the first commands to a new Worker: its answers say that it runs, and that its wasm does.
    pub(super) fn send_hello(&mut self, cx: &mut StepContext<'_>) {
        self.media.start_worker(&mut self.timers);
        self.command_media(cx, MediaCommand::Hello { version: VERSION.into() });
        self.ping(cx);
    }

    fn ping(&mut self, cx: &mut StepContext<'_>) {
        self.media.pings += 1;
        self.command_media(cx, MediaCommand::Ping { id: self.media.pings });
    }

    /// Another engine plays: the host opens what it needs.
    pub(super) fn set_engine(&mut self, cx: &mut StepContext<'_>, engine: PlaybackEngine) {
        if self.media.engine != engine {
            self.media.engine = engine;
            self.forget_lost();
            (self.media.revert_engine, self.attempt.first_failure) = (false, None);
            self.send_hello(cx);
        }
    }

    /// What watches the Worker. It is watched while a play, a seek or a load is under way.
    fn media_watch(&self) -> Watch {
        let waiting = matches!(
            self.state(),
            State::Starting | State::Playing | State::Rebuffering | State::Seeking | State::Recovering
        );
        let loading = self.attempt.preloaded && self.attempt.awaits_decode();
        if !(waiting || loading) || !self.media.is_stream() || self.media.lost.is_some() {
            Watch::Off
        } else if self.state() == State::Playing
            && self.timeline.end_of_track.output_epoch != self.media.epoch
        {
            Watch::Output
        } else {
            Watch::Timer
        }
    }

    /// Has the Worker watched while something is wanted of it.
    pub(super) fn watch_media(&mut self, cx: &StepContext<'_>) {
        let watch = self.media_watch();
        self.media.heartbeat.watch(&mut self.timers, watch, cx.now);
    }

    /// The output waits for samples that it has asked for.
    pub(super) fn suspect_media(&mut self, cx: &mut StepContext<'_>) {
        if self.media_watch() == Watch::Output
            && self.media.heartbeat.suspect(&mut self.timers, cx.now) == Beat::Ping
        {
            self.ping(cx);
        }
    }

    /// The Worker has sent nothing; its timer was `due`.
    pub(super) fn check_media(&mut self, cx: &mut StepContext<'_>, due: Instant) {
        match self.media.heartbeat.expire(&mut self.timers, due, cx.now) {
            Beat::Rest => {}
            Beat::Ping => self.ping(cx),
            Beat::Lost => self.lose_media(cx, PlayFailure::WorkerLost),
        }
    }

    /// The Worker is not available, or not any more.
    pub(super) fn lose_media(&mut self, cx: &mut StepContext<'_>, failure: PlayFailure) {
        self.media.lost = Some(failure);
        cx.outputs.push_back(Output::TerminateWorker { player: self.id });
        // The output holds all that is left of the track: a seek or the next play has another Worker.
        if self.timeline.end_of_track.media_epoch != self.media.epoch || !self.has_more_to_play() {
            self.fail_if_wanted(cx, failure);
        }
    }

    /// The output is not available, or not any more.
    pub(super) fn lose_output(&mut self, cx: &mut StepContext<'_>) {
        let known = self.output.audio_context.is_some();
        let failure = if known { PlayFailure::OutputLost } else { PlayFailure::Unavailable };
        self.output.lost = true;
        self.fail_if_wanted(cx, failure);
    }

    /// The context says `running`, and nothing is rendered: it is of no use to any player.
    pub(super) fn output_is_silent(&mut self, cx: &mut StepContext<'_>) {
        if self.media.is_stream() {
            cx.outputs.push_back(Output::ReplaceContext { player: self.id });
            self.lose_output(cx);
        }
    }

    /// Nothing arrived within the time limit.
    pub(super) fn nothing_arrived(&mut self, cx: &mut StepContext<'_>) {
        let accepted = self.attempt.response_accepted;
        if self.media.waiting_url.is_some() {
            if self.media.is_stream() {
                // A context asks for the worklet's file once: in another one the next play asks again.
                cx.outputs.push_back(Output::ReplaceContext { player: self.id });
            }
            self.lose_output(cx);
        } else if !self.is_open() {
            self.fail(cx, PlayFailure::Resolve);
        } else if let Some(failure) = self.attempt.deferred_failure {
            self.fail(cx, failure);
        } else if self.media.awaits_worker() || accepted && self.media.awaits_module() {
            // A file of the package has not arrived: the Worker's script or wasm, or the module of the
            // format.
            self.lose_media(cx, PlayFailure::Unavailable);
        } else if accepted {
            self.connection_lost(cx);
        } else {
            self.fail(cx, PlayFailure::Timeout);
        }
    }

    /// Where Worker or output are no more, others take their place: nothing of the track may be in them.
    pub(super) fn replace_lost(&mut self, cx: &mut StepContext<'_>) {
        if self.media.lost.is_some() || self.output.lost || self.media.revert_engine {
            if self.attempt.preloaded {
                self.fail(cx, PlayFailure::Unavailable);
            }
            if std::mem::take(&mut self.media.revert_engine) {
                self.media.engine = PlaybackEngine::Stream;
            }
            // The new output will say when it is ready: until then nothing is opened.
            self.forget_lost();
            cx.outputs.push_back(Output::Reopen { player: self.id, element: !self.media.is_stream() });
            self.send_hello(cx);
        }
    }

    /// The host opens another Worker and another output.
    pub(super) fn forget_lost(&mut self) {
        self.media.lost = None;
        self.output.forget();
    }

    /// Goes on with the track that is open in a new Worker and a new output.
    pub(super) fn reopen(&mut self, cx: &mut StepContext<'_>) {
        self.count_played(cx);
        if self.state() != State::Seeking {
            self.timeline.start_position = self.current_time(cx.now);
        }
        self.replace_lost(cx);
        let Some(url) = self.media.open_url.take() else { return };
        self.open(cx, url);
    }
}
