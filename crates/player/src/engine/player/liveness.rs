//! Worker and output: that they are there, that they are lost, and what takes their place.

use tonearm_messages::{Command as MediaCommand, VERSION};

use super::{Edge, Player};
use crate::engine::heartbeat::{Beat, Heartbeat, Watch};
use crate::engine::output::Output;
use crate::playback::{PlayFailure, State};
use crate::qoe::Phase;

impl Player {
    /// Sends the first commands to a new Worker: its answers say that it runs, and that its wasm does.
    pub(super) fn send_hello(&mut self, edge: &mut Edge<'_>) {
        (self.hello_sent, self.media_ready) = (true, false);
        self.media_heartbeat = Heartbeat::default();
        self.tell_media(edge, MediaCommand::Hello { version: VERSION.into() });
        self.ping(edge);
    }

    fn ping(&mut self, edge: &mut Edge<'_>) {
        self.pings += 1;
        self.tell_media(edge, MediaCommand::Ping { id: self.pings });
    }

    /// Another engine plays: the host opens what it needs.
    pub(super) fn set_engine(&mut self, edge: &mut Edge<'_>, engine: &'static str) {
        if self.engine != engine {
            self.engine = engine;
            (self.media_lost, self.output_lost, self.output) = (None, false, None);
            (self.revert_engine, self.first_failure) = (false, None);
            self.send_hello(edge);
        }
    }

    /// Who watches the Worker. It is watched while a play, a seek or a load is under way.
    fn media_watch(&self) -> Watch {
        let waiting = matches!(
            self.state(),
            State::Starting | State::Playing | State::Rebuffering | State::Seeking | State::Recovering
        );
        let loading =
            self.prepared && self.start.as_ref().is_some_and(|start| start.end_of(Phase::Decode).is_none());
        if !(waiting || loading) || self.engine != "stream" || self.media_lost.is_some() {
            Watch::Off
        } else if self.state() == State::Playing && self.ends.0 != self.epoch {
            Watch::Output
        } else {
            Watch::Timer
        }
    }

    /// Has the Worker watched while something is wanted of it.
    pub(super) fn watch_media(&mut self, edge: &Edge<'_>) {
        let watch = self.media_watch();
        self.media_heartbeat.watch(watch, edge.now);
    }

    /// The output waits for samples that it has asked for.
    pub(super) fn suspect_media(&mut self, edge: &mut Edge<'_>) {
        if self.media_watch() == Watch::Output && self.media_heartbeat.suspect(edge.now) == Beat::Ping {
            self.ping(edge);
        }
    }

    pub(super) fn check_media(&mut self, edge: &mut Edge<'_>) {
        match self.media_heartbeat.check(edge.now) {
            Beat::Rest => {}
            Beat::Ping => self.ping(edge),
            Beat::Lost => self.lose_media(edge, PlayFailure::WorkerLost),
        }
    }

    /// The Worker can't be had, or not any more.
    pub(super) fn lose_media(&mut self, edge: &mut Edge<'_>, failure: PlayFailure) {
        self.media_lost = Some(failure);
        edge.outputs.push_back(Output::TerminateWorker { player: self.id });
        // The output holds all that is left of the track: a seek or the next play has another Worker.
        if self.ends.1 != self.epoch || !self.has_more_to_hear() {
            self.fail_if_wanted(edge, failure);
        }
    }

    /// The output can't be had, or not any more.
    pub(super) fn lose_output(&mut self, edge: &mut Edge<'_>) {
        let failure = if self.output.is_some() { PlayFailure::OutputLost } else { PlayFailure::Unavailable };
        self.output_lost = true;
        self.fail_if_wanted(edge, failure);
    }

    /// The context says `running`, and nothing is rendered: it is of no use to any player.
    pub(super) fn output_is_silent(&mut self, edge: &mut Edge<'_>) {
        if self.engine == "stream" {
            edge.outputs.push_back(Output::ReplaceContext { player: self.id });
            self.lose_output(edge);
        }
    }

    /// Nothing came within the time limit.
    pub(super) fn deadline_passed(&mut self, edge: &mut Edge<'_>) {
        if self.waiting_url.is_some() {
            if self.engine == "stream" {
                // A context asks for the worklet's file once: in another one the next play asks again.
                edge.outputs.push_back(Output::ReplaceContext { player: self.id });
            }
            self.lose_output(edge);
        } else if self.open_url.is_none() {
            self.fail(edge, PlayFailure::Resolve);
        } else if let Some(failure) = self.failure_ahead {
            self.fail(edge, failure);
        } else if self.engine == "stream" && self.hello_sent && !self.media_ready
            || self.received && self.body_ended && self.decoded_epoch != self.epoch
        {
            // A file of the package has not come: the Worker's script or wasm, or the module of the format.
            self.lose_media(edge, PlayFailure::Unavailable);
        } else if self.received {
            self.connection_lost(edge);
        } else {
            self.fail(edge, PlayFailure::Timeout);
        }
    }

    /// Where Worker or output are no more, others take their place: nothing of the track may be in them.
    pub(super) fn replace_lost(&mut self, edge: &mut Edge<'_>) {
        if self.media_lost.is_some() || self.output_lost || self.revert_engine {
            if self.prepared {
                self.fail(edge, PlayFailure::Unavailable);
            }
            if std::mem::take(&mut self.revert_engine) {
                self.engine = "stream";
            }
            // The new output will say when it is ready: until then nothing is opened.
            (self.media_lost, self.output_lost, self.output) = (None, false, None);
            edge.outputs.push_back(Output::Reopen { player: self.id, element: self.engine == "element" });
            self.send_hello(edge);
        }
    }

    /// Goes on with the track that is open in a new Worker and a new output.
    pub(super) fn reopen(&mut self, edge: &mut Edge<'_>) {
        self.count_heard(edge);
        if self.state() != State::Seeking {
            self.start_position = self.current_time(edge.now);
        }
        self.replace_lost(edge);
        let Some(url) = self.open_url.take() else { return };
        self.open(edge, url);
    }
}
