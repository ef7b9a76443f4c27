//! How a source is opened: ahead of a play, or by it.

use tonearm_messages::{Command as MediaCommand, Request};

use super::{Player, SILENT_REQUEST, StepContext};
use crate::engine::output::Output;
use crate::engine::timers::Timer;
use crate::instrumentation::Url;
use crate::playback::State;
use crate::qoe::{Phase, Totals};
use tonearm_base::time::Duration;

impl Player {
    /// Opens the source before a play is requested, as far as it goes without the output.
    pub(super) fn preload(&mut self, cx: &mut StepContext<'_>, metadata_only: bool) {
        let attempt = &mut self.attempt;
        // All is wanted where a load that fetches the metadata is followed by a preparation.
        attempt.metadata_only = metadata_only;
        let lost = self.media.lost.is_some() || self.output.lost;
        if self.playback.state() != State::Ready || attempt.preloaded || lost {
            return;
        }
        attempt.preloaded = true;
        attempt.preload_failures = 0;
        attempt.restart();
        self.media.recovery.reset(&mut self.timers);
        attempt.start_load(&mut cx.recorder, self.media.engine, self.source.as_ref());
        self.open_or_resolve(cx);
    }

    /// How long a request may take to its first byte.
    pub(super) fn first_byte_timeout(&self) -> Duration {
        self.source.as_ref().and_then(|source| source.first_byte_timeout).unwrap_or(SILENT_REQUEST)
    }

    pub(super) fn open_or_resolve(&mut self, cx: &mut StepContext<'_>) {
        match self.source.as_ref().and_then(|source| source.url.clone()) {
            Some(url) => self.open(cx, url),
            None => {
                cx.outputs.push_back(Output::Resolve { player: self.id, play: self.attempt.number });
            }
        }
    }

    pub(super) fn begin_play(&mut self, cx: &mut StepContext<'_>) {
        // A position that was set meanwhile is another one than what was fetched.
        let here = !self.is_open() || self.timeline.begins_here();
        if std::mem::take(&mut self.attempt.preloaded) && here {
            self.begin_preloaded(cx);
            return;
        }
        self.end_play(cx, None);
        self.set_failure(cx, None);
        self.attempt.restart();
        self.attempt.first_failure = None;
        self.attempt.totals = Totals::default();
        self.media.recovery.reset(&mut self.timers);
        self.media.close();
        self.timeline.rewind_from_end();
        self.start_trace(cx);
        self.arm_autoplay(cx);
        self.set_limit(cx, self.first_byte_timeout());
        self.open_or_resolve(cx);
    }

    /// The play begins with what was fetched ahead of it.
    fn begin_preloaded(&mut self, cx: &mut StepContext<'_>) {
        self.attempt.trace.end_load(&mut cx.recorder, None);
        self.attempt.link_next();
        let decode_failures = self.attempt.preload_failures;
        self.attempt.totals = Totals { decode_failures, ..Totals::default() };
        let load = self.attempt.start_up.take();
        self.start_trace(cx);
        self.attempt.inherit_phases(load);
        // A source that has no URL yet is released when it is opened: until then the output has only what was
        // played before.
        if self.is_open() {
            self.release(cx);
        } else {
            self.arm_autoplay(cx);
        }
        if self.attempt.awaits_decode() {
            self.set_limit(cx, self.first_byte_timeout());
        }
    }

    pub(super) fn open(&mut self, cx: &mut StepContext<'_>, url: Url) {
        let Some(audio_context) = self.output.audio_context else {
            self.media.waiting_url = Some(url);
            return;
        };
        let output_rate = audio_context.sample_rate;
        self.attempt.reach(Phase::Metadata, cx.now);
        self.media.epoch += 1;
        self.timeline.begin_epoch(output_rate);
        self.media.open_url = Some(url.clone());
        let request = self.media_request(cx, &url, 0);
        self.media.first_request = request.id;
        let (epoch, position, speed) = (self.media.epoch, self.timeline.start_position, self.timeline.rate);
        let credentials = self.source.as_ref().is_some_and(|source| source.credentials);
        self.command_media(
            cx,
            MediaCommand::Open { epoch, url: url.href, credentials, output_rate, position, speed, request },
        );
        self.release_unless_paused(cx);
    }

    /// The source has another URL: later requests are described and traced as its own.
    pub(super) fn renew(&mut self, url: &Url) {
        let resolved = self.source.as_mut().and_then(|source| source.url.as_mut());
        for known in resolved.into_iter().chain(&mut self.media.open_url) {
            known.clone_from(url);
        }
    }

    pub(super) fn fetch(&mut self, cx: &mut StepContext<'_>, offset: u64) {
        let Some(url) = self.media.open_url.clone() else { return };
        let request = self.media_request(cx, &url, offset);
        self.command_media(cx, MediaCommand::Fetch { epoch: self.media.epoch, request });
    }

    fn media_request(&mut self, cx: &mut StepContext<'_>, url: &Url, offset: u64) -> Request {
        let id = self.media.start_request();
        // What the element tries is within the time limit of the same attempt.
        let attempt = &self.attempt;
        if attempt.first_failure.is_none() || attempt.response_accepted || !self.timers.is_set(Timer::Arrival)
        {
            self.set_limit(cx, self.first_byte_timeout());
        }
        let headers = self.attempt.trace.start_media_request(&mut cx.recorder, id, url, offset);
        Request { id, offset, headers }
    }
}
