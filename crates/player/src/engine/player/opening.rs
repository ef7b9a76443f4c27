//! How a source is opened: ahead of a play, or by it.

use tonearm_messages::{Command as MediaCommand, Request};

use super::{Edge, Player, SILENT_REQUEST};
use crate::engine::output::Output;
use crate::engine::recovery::Recovery;
use crate::instrumentation::Url;
use crate::playback::State;
use crate::qoe::{Phase, StartUp, Totals};
use tonearm_base::time::Duration;

impl Player {
    /// Opens the source before a play is asked for, as far as it goes without the output.
    pub(super) fn prepare(&mut self, edge: &mut Edge<'_>, metadata_only: bool) {
        // Where both are asked for, all is wanted.
        self.metadata_only = metadata_only && (self.metadata_only || !self.prepared);
        if self.state() != State::Ready || self.prepared || self.media_lost.is_some() || self.output_lost {
            return;
        }
        self.prepared = true;
        self.play += 1;
        (self.heard, self.received, self.failure_ahead, self.given_up) = (false, false, None, None);
        self.start = Some(StartUp::new(edge.now));
        self.recovery = Recovery::default();
        let mut trace = std::mem::take(&mut self.trace);
        trace.start_load(&mut edge.to, &self.play_context());
        self.trace = trace;
        self.open_or_resolve(edge);
    }

    /// How long a request may take to its first byte.
    pub(super) fn first_byte_timeout(&self) -> Duration {
        self.source.as_ref().and_then(|source| source.first_byte_timeout).unwrap_or(SILENT_REQUEST)
    }

    pub(super) fn open_or_resolve(&mut self, edge: &mut Edge<'_>) {
        match self.source.as_ref().and_then(|source| source.url.clone()) {
            Some(url) => self.open(edge, url),
            None => edge.outputs.push_back(Output::Resolve { player: self.id, play: self.play }),
        }
    }

    pub(super) fn begin_play(&mut self, edge: &mut Edge<'_>) {
        // A position that was asked for meanwhile is another one than what was fetched.
        let here = self.open_url.is_none() || (self.start_position - self.position.start()).abs() < 1e-6;
        if std::mem::take(&mut self.prepared) && here {
            self.trace.end_load(&mut edge.to, None);
            self.previous = self.trace.context();
            self.totals = Totals::default();
            let load = self.start.take();
            self.start_trace(edge);
            // What the load has behind it takes no time of the play's.
            for phase in Phase::ALL {
                if let (Some(start), Some(true)) =
                    (&mut self.start, load.map(|load| load.end_of(phase).is_some()))
                {
                    start.reach(phase, start.requested());
                }
            }
            // One that has no URL yet is released when it is opened: until then there is only what was heard
            // before.
            if self.open_url.is_some() {
                self.release(edge);
            } else {
                self.arm_refusal(edge);
            }
            if self.start.is_some_and(|start| start.end_of(Phase::Decode).is_none()) {
                self.set_deadline(edge, self.first_byte_timeout());
            }
            return;
        }
        self.end_play(edge, None);
        self.play += 1;
        self.set_failure(edge, None);
        self.first_failure = None;
        (self.heard, self.received, self.failure_ahead, self.given_up) = (false, false, None, None);
        self.totals = Totals::default();
        self.recovery = Recovery::default();
        (self.open_url, self.waiting_url) = (None, None);
        if self.start_position >= self.end().unwrap_or(f64::MAX) {
            self.start_position = 0.0;
        }
        self.start_trace(edge);
        self.arm_refusal(edge);
        self.set_deadline(edge, self.first_byte_timeout());
        self.open_or_resolve(edge);
    }

    pub(super) fn open(&mut self, edge: &mut Edge<'_>, url: Url) {
        let Some((output_rate, _)) = self.output else {
            self.waiting_url = Some(url);
            return;
        };
        if let Some(start) = self.start.as_mut() {
            start.reach(Phase::Metadata, edge.now);
        }
        self.epoch += 1;
        self.begin_position(self.start_position);
        self.open_url = Some(url.clone());
        let request = self.media_request(edge, &url, 0);
        self.first_request = request.id;
        let (epoch, position, speed) = (self.epoch, self.start_position, self.speed);
        let credentials = self.source.as_ref().is_some_and(|source| source.credentials);
        self.tell_media(
            edge,
            MediaCommand::Open { epoch, url: url.href, credentials, output_rate, position, speed, request },
        );
        self.release_unless_paused(edge);
    }

    /// The source has another URL: later requests are described and traced as its own.
    pub(super) fn renew(&mut self, url: &Url) {
        let resolved = self.source.as_mut().and_then(|source| source.url.as_mut());
        for known in resolved.into_iter().chain(&mut self.open_url) {
            known.clone_from(url);
        }
    }

    pub(super) fn fetch(&mut self, edge: &mut Edge<'_>, offset: u64) {
        let Some(url) = self.open_url.clone() else { return };
        let request = self.media_request(edge, &url, offset);
        self.tell_media(edge, MediaCommand::Fetch { epoch: self.epoch, request });
    }

    fn media_request(&mut self, edge: &mut Edge<'_>, url: &Url, offset: u64) -> Request {
        self.next_request += 1;
        self.body_ended = false;
        // What the element tries is within the time limit of the same attempt.
        if self.first_failure.is_none() || self.received || self.deadline.is_none() {
            self.set_deadline(edge, self.first_byte_timeout());
        }
        let id = self.next_request;
        let headers = self.trace.start_media_request(&mut edge.to, id, url, offset);
        Request { id, offset, headers }
    }

    /// The next silence of the server may last so long from now on.
    pub(super) fn set_deadline(&mut self, edge: &Edge<'_>, limit: Duration) {
        self.limit = edge.now + limit;
        self.deadline = Some(self.limit);
    }
}
