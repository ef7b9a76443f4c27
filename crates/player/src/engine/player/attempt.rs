//! One attempt to play: the play request and its promises, its trace, its start-up and its totals.
//!
//! Owns how far the attempt is and what it fails by. Does not know the media plane, the output or the
//! position in the track: the files that do report to it.

use crate::engine::input::{PlayRequest, PlaybackEngine, Source};
use crate::instrumentation::{PlayContext, PlayRecorder, PlayTrace};
use crate::playback::PlayFailure;
use crate::qoe::{Phase, StartUp, Totals};
use tonearm_base::time::Instant;
use tonearm_telemetry::SpanContext;

/// The current or last attempt.
#[derive(Debug, Default)]
pub(super) struct Attempt {
    /// Promises of `play()` that wait for the first audible sample.
    pub(super) promises: Vec<u32>,
    pub(super) request: Option<PlayRequest>,
    /// Names the attempt in the answers of the app's resolver.
    pub(super) number: u32,
    pub(super) trace: PlayTrace,
    /// The attempt before this one, which the next trace links to.
    previous: Option<SpanContext>,
    pub(super) start_up: Option<StartUp>,
    pub(super) totals: Totals,
    /// The attempt became audible, and its totals are not recorded yet.
    totals_pending: bool,
    /// Its first sample was audible.
    pub(super) audible: bool,
    /// The server has accepted a request of its source.
    pub(super) response_accepted: bool,
    /// The source was opened before a play was requested.
    pub(super) preloaded: bool,
    /// Packets of what is preloaded that became silence: the play that begins with it has them.
    pub(super) preload_failures: u32,
    /// What is preloaded is closed again once its metadata are known.
    pub(super) metadata_only: bool,
    /// Why no more bytes of the source are requested.
    pub(super) given_up: Option<PlayFailure>,
    /// The attempt fails by this once what is decoded has been played.
    pub(super) deferred_failure: Option<PlayFailure>,
    /// Why the package's engine did not play the source that the element tries.
    pub(super) first_failure: Option<PlayFailure>,
    pub(super) failure: Option<PlayFailure>,
}

impl Attempt {
    /// Another attempt begins, of which nothing is known yet.
    pub(super) fn restart(&mut self) {
        self.number += 1;
        self.audible = false;
        self.reset_source();
    }

    /// Another source or another engine is tried within the attempt.
    pub(super) fn reset_source(&mut self) {
        (self.response_accepted, self.deferred_failure, self.given_up) = (false, None, None);
    }

    /// What the app says of the attempt that begins.
    fn context<'a>(&self, engine: PlaybackEngine, source: Option<&'a Source>) -> PlayContext<'a> {
        PlayContext {
            engine: engine.as_str(),
            attributes: source.map_or(&[], |source| &source.attributes),
            parent: source.and_then(|source| source.parent),
            trigger: self.request.map_or("api", |request| request.trigger),
            previous: self.previous,
            trace_state: source.map_or("", |source| &source.trace_state),
        }
    }

    /// Starts the trace and the start-up of a play, at the moment of its request.
    pub(super) fn start_trace(
        &mut self,
        recorder: &mut PlayRecorder<'_>,
        engine: PlaybackEngine,
        source: Option<&Source>,
    ) {
        let at = self.request.map_or(recorder.now, |request| request.at);
        self.start_up = Some(StartUp::new(at));
        let context = self.context(engine, source);
        self.trace.start(recorder, at, &context);
        self.previous = None;
    }

    /// Starts the trace and the start-up of a load ahead of any play.
    pub(super) fn start_load(
        &mut self,
        recorder: &mut PlayRecorder<'_>,
        engine: PlaybackEngine,
        source: Option<&Source>,
    ) {
        self.start_up = Some(StartUp::new(recorder.now));
        let context = self.context(engine, source);
        self.trace.start_load(recorder, &context);
    }

    /// The play that begins has what was loaded ahead of it: those phases take none of its time.
    pub(super) fn inherit_phases(&mut self, load: Option<StartUp>) {
        for phase in Phase::ALL {
            if let (Some(start_up), Some(true)) =
                (&mut self.start_up, load.map(|load| load.end_of(phase).is_some()))
            {
                start_up.reach(phase, start_up.requested());
            }
        }
    }

    /// The next trace links to this one, if there is one.
    pub(super) fn link_next(&mut self) {
        self.previous = self.trace.context();
    }

    /// A phase of the start-up ended.
    pub(super) fn reach(&mut self, phase: Phase, at: Instant) {
        if let Some(start_up) = &mut self.start_up {
            start_up.reach(phase, at);
        }
    }

    /// Whether a start-up waits for its first decoded frame.
    pub(super) fn awaits_decode(&self) -> bool {
        self.start_up.as_ref().is_some_and(|start_up| start_up.end_of(Phase::Decode).is_none())
    }

    /// The first sample of a start, of a resume or of a new position is audible at `at`.
    pub(super) fn start_audible(
        &mut self,
        recorder: &mut PlayRecorder<'_>,
        at: Instant,
        method: &'static str,
        sample_rate: u32,
    ) {
        (self.audible, self.totals_pending, self.first_failure) = (true, true, None);
        if let Some(start_up) = &mut self.start_up {
            start_up.reach(Phase::Output, at);
            self.trace.started(recorder, start_up, method, sample_rate);
        }
        self.trace.seek_ended(recorder, at);
    }

    /// Ends the trace; what is open ends with it.
    pub(super) fn end_trace(
        &mut self,
        recorder: &mut PlayRecorder<'_>,
        failure: Option<PlayFailure>,
        state: &'static str,
    ) {
        // Its totals are recorded once, and only of a play that was audible.
        let totals = std::mem::take(&mut self.totals_pending).then_some(&self.totals);
        self.trace.finish(recorder, failure, state, totals);
        self.previous = self.trace.context().or(self.previous);
    }
}
