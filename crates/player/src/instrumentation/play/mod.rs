//! The trace of one play: its root, and the spans that hang from it.
//!
//! Every method does nothing where the player has no telemetry, so that the engine need not ask.

mod media;
mod output;

use super::metrics::Metric;
use super::recorder::PlayRecorder;
use super::request::OpenRequest;
use super::semconv as name;
use crate::playback::PlayFailure;
use crate::qoe::{StallCause, Totals};
use tonearm_base::small_map::SmallMap;
use tonearm_base::time::Instant;
use tonearm_telemetry::{ERROR, INFO, Parent, SpanContext, SpanKey, SpanOptions, Value};

/// What the app says of a play.
#[derive(Debug, Clone, Copy, Default)]
pub struct PlayContext<'a> {
    /// The value of `player.engine`.
    pub engine: &'static str,
    /// What the app says of the track, as encoded attributes.
    pub attributes: &'a [u8],
    /// The app's own span, which is the play's parent.
    pub parent: Option<SpanContext>,
    /// What requested the play: user, auto, api.
    pub trigger: &'static str,
    /// The play before this one.
    pub previous: Option<SpanContext>,
    /// The `tracestate` that came with the parent.
    pub trace_state: &'a str,
}

/// The spans of one play.
#[derive(Debug, Default)]
pub struct PlayTrace {
    root: Option<SpanKey>,
    context: Option<SpanContext>,
    decode: Option<SpanKey>,
    output: Option<SpanKey>,
    requests: SmallMap<u32, OpenRequest>,
    /// The attributes of the server that they go to, encoded.
    server: Vec<u8>,
    stall: Option<SpanKey>,
    /// Since when the output has no samples, and why.
    underrun: Option<(Instant, StallCause)>,
    seek: Option<SpanKey>,
    /// When another position was requested.
    seek_requested: Option<Instant>,
    recover: Option<SpanKey>,
    /// The play has begun, and its outcome is not recorded yet.
    attempted: bool,
    trigger: &'static str,
    codec: String,
    /// The CDN node of the last response.
    node: String,
    /// The trace's `tracestate`.
    trace_state: String,
}

impl PlayTrace {
    /// Opens the trace at the moment of the request. The body of a request that goes on from a play which
    /// was paused before it was audible belongs to this one too.
    pub fn start(&mut self, recorder: &mut PlayRecorder<'_>, at: Instant, play: &PlayContext<'_>) {
        let requests = std::mem::take(&mut self.requests);
        recorder.drop_held_trace(self.context);
        let options = SpanOptions {
            link: play.previous,
            state: play.trace_state.as_bytes(),
            ..SpanOptions::new(name::SPAN_TRACK_PLAY)
        };
        let root = recorder.start(at, options.child_of(play.parent.map(Parent::Context)));
        let context = root.and_then(|root| recorder.telemetry.as_ref()?.span_context(root));
        recorder.hold_trace(context);
        recorder.set_encoded(root, play.attributes);
        recorder.set(root, name::PLAYER_ENGINE, Value::Text(play.engine));
        recorder.set(root, name::TRACK_PLAY_TRIGGER, Value::Text(play.trigger));
        self.end_open(recorder);
        let carried = !requests.is_empty();
        let carry = |text: &mut String| if carried { std::mem::take(text) } else { String::new() };
        let (node, codec) = (carry(&mut self.node), carry(&mut self.codec));
        let server = std::mem::take(&mut self.server);
        if !node.is_empty() {
            recorder.set(root, name::CDN_NODE, Value::Text(&node));
        }
        *self = Self {
            root,
            context,
            requests,
            server,
            node,
            codec,
            attempted: true,
            trigger: play.trigger,
            trace_state: play.trace_state.into(),
            ..Self::default()
        };
    }

    /// Opens the trace of a load whose bytes come before any play of it.
    pub fn start_load(&mut self, recorder: &mut PlayRecorder<'_>, play: &PlayContext<'_>) {
        recorder.drop_held_trace(self.context);
        let options = SpanOptions {
            link: play.previous,
            state: play.trace_state.as_bytes(),
            ..SpanOptions::new(name::SPAN_TRACK_LOAD)
        };
        let root = recorder.start(recorder.now, options.child_of(play.parent.map(Parent::Context)));
        let context = root.and_then(|root| recorder.telemetry.as_ref()?.span_context(root));
        recorder.set_encoded(root, play.attributes);
        *self = Self { root, context, trace_state: play.trace_state.into(), ..Self::default() };
    }

    /// The load has its first samples, or failed. Its requests may still be under way.
    pub fn end_load(&mut self, recorder: &mut PlayRecorder<'_>, failure: Option<PlayFailure>) {
        recorder.end(self.decode.take(), recorder.now);
        let root = self.root.take();
        if let Some(failure) = failure {
            recorder.fail(root, &failure.error_type(), &failure.message());
        }
        recorder.end(root, recorder.now);
    }

    /// Where the bytes came from, for a series; nothing where no server said so.
    fn node(&self) -> Value<'_> {
        Value::Text(&self.node)
    }

    /// Records the outcome of the play, once.
    fn record_outcome(&mut self, recorder: &mut PlayRecorder<'_>, outcome: &str, error: Option<PlayFailure>) {
        if std::mem::take(&mut self.attempted) {
            let class = if error == Some(PlayFailure::NotAllowed) { "business" } else { "technical" };
            let class = if error.is_some() { class } else { "" };
            recorder.measure(
                Metric::TrackPlayAttempts,
                1.0,
                &[Value::Text(outcome), Value::Text(class), self.node()],
                self.context,
            );
        }
    }

    /// The root's context, for children, links and `player.traceparent`.
    pub fn context(&self) -> Option<SpanContext> {
        self.context
    }

    fn parent(&self) -> Option<Parent> {
        self.context.map(Parent::Context)
    }

    /// Starts a span below the root.
    #[inline(never)]
    fn child(&self, recorder: &mut PlayRecorder<'_>, at: Instant, name: &str) -> Option<SpanKey> {
        let options = SpanOptions { state: self.trace_state.as_bytes(), ..SpanOptions::new(name) };
        recorder.start(at, options.child_of(Some(self.parent()?)))
    }

    /// Records time that the listener waited.
    fn record_wait_time(&self, recorder: &mut PlayRecorder<'_>, cause: &str, seconds: f64) {
        recorder.measure(Metric::TrackBufferTime, seconds, &[Value::Text(cause), self.node()], self.context);
    }

    /// The play ends, before its start or after: what is open ends with it.
    pub fn finish(
        &mut self,
        recorder: &mut PlayRecorder<'_>,
        failure: Option<PlayFailure>,
        state: &'static str,
        totals: Option<&Totals>,
    ) {
        if let Some(totals) = totals {
            let attributes = [
                (name::TRACK_PLAY_TIME, totals.played.as_secs_f64().into()),
                (name::TRACK_STALL_TIME, totals.stalled.as_secs_f64().into()),
                (name::TRACK_STALLS, totals.stalls.into()),
                (name::AUDIO_DECODE_FAILURES, totals.decode_failures.into()),
                (name::CDN_NODE, self.node()),
            ];
            let count = attributes.len() - usize::from(self.node.is_empty());
            recorder.log(INFO, name::EVENT_TRACK_ENDED, "", &attributes[..count], self.context);
        }
        for (_, open) in std::mem::take(&mut self.requests).iter() {
            recorder.end(Some(open.key), recorder.now);
        }
        self.end_open(recorder);
        self.end_before_start(recorder, failure.filter(|&failure| failure != PlayFailure::Aborted), state);
        recorder.drop_held_trace(self.context);
    }

    /// Ends what a play left open; a stall lasted until here.
    fn end_open(&mut self, recorder: &mut PlayRecorder<'_>) {
        if let Some((since, _)) = self.underrun {
            self.end_stall(recorder, recorder.now, recorder.now.since(since).as_secs_f64());
        }
        self.seek_requested = None;
        for key in [self.seek.take(), self.recover.take()] {
            recorder.end(key, recorder.now);
        }
    }

    /// Ends a play before its start, by an error or since the listener leaves; the bodies of its requests go
    /// on.
    pub fn end_before_start(
        &mut self,
        recorder: &mut PlayRecorder<'_>,
        error: Option<PlayFailure>,
        state: &'static str,
    ) {
        if error.is_some() {
            recorder.export_held_trace(&mut self.context);
        }
        let decode = self.decode.take();
        if let Some(error @ (PlayFailure::NotSupported | PlayFailure::Undecodable | PlayFailure::Truncated)) =
            error
        {
            recorder.fail(decode, &error.error_type(), "");
        }
        recorder.end(decode, recorder.now);
        recorder.end(self.output.take(), recorder.now);
        let root = self.root.take();
        let outcome = if error.is_some() { "failed" } else { "exited_before_start" };
        if let Some(error) = error {
            let failed = [(name::ERROR_TYPE, Value::Text(&error.error_type()))];
            recorder.log(ERROR, name::EVENT_PLAY_FAILED, &error.message(), &failed, self.context);
        }
        self.record_outcome(recorder, outcome, error);
        recorder.set(root, name::TRACK_PLAY_OUTCOME, Value::Text(outcome));
        recorder.set(root, name::PLAYER_STATE, Value::Text(state));
        if let Some(error) = error {
            recorder.fail(root, &error.error_type(), &error.message());
        }
        recorder.end(root, recorder.now);
    }

    /// Records a failure after the start, where no root is open, as a span of its own, of no length.
    pub fn fail_after_start(
        &mut self,
        recorder: &mut PlayRecorder<'_>,
        failure: PlayFailure,
        totals: &Totals,
    ) {
        if self.root.is_some() {
            return;
        }
        recorder.export_held_trace(&mut self.context);
        let key =
            self.recover.take().or_else(|| self.child(recorder, recorder.now, name::SPAN_TRACK_RECOVER));
        recorder.set(key, name::AUDIO_DECODE_FAILURES, totals.decode_failures.into());
        recorder.fail(key, &failure.error_type(), &failure.message());
        recorder.end(key, recorder.now);
    }
}
