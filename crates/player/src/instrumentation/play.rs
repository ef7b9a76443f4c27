//! The trace of one play: its root, and the spans that hang from it.
//!
//! Every method does nothing where the player has no telemetry, so that the engine need not ask.

use tonearm_messages::{BodyEnd, Format, ResponseHead};

use super::metrics::Metric;
use super::request::{OpenRequest, Url, respond, start_request};
use super::semconv as name;
use super::teller::Teller;
use crate::playback::{PlayFailure, State};
use crate::qoe::{Phase, StallCause, StartUp, Totals};
use tonearm_base::decimal::decimal;
use tonearm_base::small_map::SmallMap;
use tonearm_base::time::Instant;
use tonearm_telemetry::{ERROR, INFO, Parent, SpanContext, SpanKey, SpanOptions, Value, WARN};

/// What the app says of a play.
#[derive(Debug, Clone, Copy, Default)]
pub struct PlayContext<'a> {
    /// Who plays: stream or element.
    pub engine: &'static str,
    /// What the app says of the track, as encoded attributes.
    pub attributes: &'a [u8],
    /// The app's own span, as a child of which the play is told.
    pub parent: Option<SpanContext>,
    /// Who asked: user, auto, api.
    pub trigger: &'static str,
    /// The play before this one.
    pub previous: Option<SpanContext>,
    /// The `tracestate` that came with the parent.
    pub state: &'a str,
}

/// The spans of one play.
#[derive(Debug, Default)]
pub struct PlayTrace {
    root: Option<SpanKey>,
    context: Option<SpanContext>,
    decode: Option<SpanKey>,
    output: Option<SpanKey>,
    requests: SmallMap<u32, OpenRequest>,
    /// What is told of the server they go to, encoded.
    server: Vec<u8>,
    stall: Option<SpanKey>,
    /// Since when the output is dry, and why.
    dry: Option<(Instant, StallCause)>,
    seek: Option<SpanKey>,
    /// When another position was asked for.
    sought: Option<Instant>,
    recover: Option<SpanKey>,
    /// The play has begun, and how it came out is not told yet.
    attempted: bool,
    trigger: &'static str,
    codec: String,
    /// The CDN node of the last response.
    node: String,
    /// The trace's `tracestate`.
    state: String,
}

impl PlayTrace {
    /// Opens the trace at the moment of the request. A body that goes on from a play that was held before it
    /// was heard belongs to this one too.
    pub fn start(&mut self, to: &mut Teller<'_>, at: Instant, play: &PlayContext<'_>) {
        let requests = std::mem::take(&mut self.requests);
        to.let_go(self.context);
        let options = SpanOptions {
            link: play.previous,
            state: play.state.as_bytes(),
            ..SpanOptions::new(name::SPAN_TRACK_PLAY)
        };
        let root = to.start(at, options.child_of(play.parent.map(Parent::Context)));
        let context = root.and_then(|root| to.telemetry.as_ref()?.span_context(root));
        to.hold(context);
        to.set_encoded(root, play.attributes);
        to.set(root, name::PLAYER_ENGINE, Value::Text(play.engine));
        to.set(root, name::TRACK_PLAY_TRIGGER, Value::Text(play.trigger));
        self.end_open(to);
        let carried = !requests.is_empty();
        let told = |text: &mut String| if carried { std::mem::take(text) } else { String::new() };
        let (node, codec) = (told(&mut self.node), told(&mut self.codec));
        let server = std::mem::take(&mut self.server);
        if !node.is_empty() {
            to.set(root, name::CDN_NODE, Value::Text(&node));
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
            state: play.state.into(),
            ..Self::default()
        };
    }

    /// Opens the trace of a load whose bytes come before any play of it.
    pub fn start_load(&mut self, to: &mut Teller<'_>, play: &PlayContext<'_>) {
        to.let_go(self.context);
        let options = SpanOptions {
            link: play.previous,
            state: play.state.as_bytes(),
            ..SpanOptions::new(name::SPAN_TRACK_LOAD)
        };
        let root = to.start(to.now, options.child_of(play.parent.map(Parent::Context)));
        let context = root.and_then(|root| to.telemetry.as_ref()?.span_context(root));
        to.set_encoded(root, play.attributes);
        *self = Self { root, context, state: play.state.into(), ..Self::default() };
    }

    /// The load has its first samples, or failed: what goes on of it are its requests.
    pub fn end_load(&mut self, to: &mut Teller<'_>, failure: Option<PlayFailure>) {
        to.end(self.decode.take(), to.now);
        let root = self.root.take();
        if let Some(failure) = failure {
            to.fail(root, &failure.error_type(), &failure.message());
        }
        to.end(root, to.now);
    }

    /// Where the bytes came from, for a series; nothing where no server said so.
    fn node(&self) -> Value<'_> {
        Value::Text(&self.node)
    }

    /// Counts how the play came out, once.
    fn came_out(&mut self, to: &mut Teller<'_>, outcome: &str, error: Option<PlayFailure>) {
        if std::mem::take(&mut self.attempted) {
            let class = if error == Some(PlayFailure::NotAllowed) { "business" } else { "technical" };
            let class = if error.is_some() { class } else { "" };
            to.measure(
                Metric::TrackPlayAttempts,
                1.0,
                &[Value::Text(outcome), Value::Text(class), self.node()],
                self.context,
            );
        }
    }

    /// Tells that the machine went from one state to another.
    pub fn transition(&self, to: &mut Teller<'_>, from: State, state: State) {
        to.state = state;
        let (from, to_state) = (Value::Text(from.as_str()), Value::Text(state.as_str()));
        to.measure(Metric::PlayerStateTransitions, 1.0, &[from, to_state], self.context);
        let attributes = [(name::FROM, from), (name::TO, to_state)];
        to.log(INFO, name::EVENT_STATE_CHANGED, state.as_str(), &attributes, self.context);
    }

    /// Something was to be heard for another 30 s.
    pub fn heartbeat(&self, to: &mut Teller<'_>) {
        let now = to.now;
        if to.telemetry.as_mut().is_some_and(|telemetry| telemetry.take_new_session(now)) {
            to.measure(Metric::PlayerSessions, 1.0, &[], None);
        }
        to.measure(Metric::PlayerSessionHeartbeats, 1.0, &[], None);
        to.log(INFO, name::EVENT_SESSION_ACTIVE, "", &[], self.context);
    }

    /// So many seconds of the track were heard.
    pub fn heard(&self, to: &mut Teller<'_>, seconds: f64) {
        to.measure(Metric::TrackPlayTime, seconds, &[self.node()], None);
    }

    /// So many packets were decoded, and so many of them became silence.
    pub fn decoded(&self, to: &mut Teller<'_>, packets: u32, failures: u32) {
        let failed = PlayFailure::Undecodable.error_type();
        let attributes = [Value::Text(&self.codec), self.node(), Value::Text(&failed)];
        to.measure(Metric::AudioDecodeAttempts, packets.into(), &attributes[..2], self.context);
        if failures > 0 {
            to.measure(Metric::AudioDecodeFailed, failures.into(), &attributes, self.context);
            let told = [(name::AUDIO_DECODE_FAILURES, failures.into())];
            to.log(WARN, name::EVENT_DECODE_FAILED, "", &told, self.context);
        }
    }

    /// The root's context, for children, links and `player.traceparent`.
    pub fn context(&self) -> Option<SpanContext> {
        self.context
    }

    fn parent(&self) -> Option<Parent> {
        self.context.map(Parent::Context)
    }

    #[inline(never)]
    fn child(&self, to: &mut Teller<'_>, at: Instant, name: &str) -> Option<SpanKey> {
        let options = SpanOptions { state: self.state.as_bytes(), ..SpanOptions::new(name) };
        to.start(at, options.child_of(Some(self.parent()?)))
    }

    /// Starts the span of a media request; returns the lines that go with it.
    pub fn start_media_request(
        &mut self,
        to: &mut Teller<'_>,
        request: u32,
        url: &Url,
        offset: u64,
    ) -> Option<String> {
        let parent = self.recover.map_or(self.parent(), |recover| Some(Parent::Local(recover)));
        let (key, lines) = start_request(to, parent, url, &self.state);
        if offset > 0 {
            let mut range = String::from("bytes=");
            range.push_str(&decimal(offset));
            range.push('-');
            to.set(key, name::HTTP_REQUEST_HEADER_RANGE, Value::Text(&range));
        }
        self.server.clone_from(&url.attributes);
        self.requests.insert(request, OpenRequest { key: key?, since: to.now, status: 0 });
        lines
    }

    /// Notes a media response's head.
    pub fn respond(&mut self, to: &mut Teller<'_>, request: u32, head: &ResponseHead) {
        if let Some(node) = &head.node {
            self.node.clone_from(node);
            to.set(self.root, name::CDN_NODE, Value::Text(node));
        }
        let open = self.requests.get_mut(request).map(|open| {
            open.status = head.status;
            open.key
        });
        respond(to, open, head);
    }

    /// Ends a media request's span with its body.
    pub fn end_media_request(
        &mut self,
        to: &mut Teller<'_>,
        request: u32,
        at: Instant,
        bytes: u64,
        end: BodyEnd,
    ) {
        let Some(open) = self.requests.remove(request) else { return };
        let failed = matches!(end, BodyEnd::Failed {} | BodyEnd::Opaque {});
        to.set(Some(open.key), name::HTTP_RESPONSE_BODY_SIZE, Value::Int(bytes.cast_signed()));
        let opaque = end == (BodyEnd::Opaque {});
        let network = if opaque { PlayFailure::Opaque } else { PlayFailure::Network }.error_type();
        if failed {
            to.fail(Some(open.key), &network, "");
        }
        to.end(Some(open.key), at);
        let status = decimal(open.status.into());
        let error = match open.status {
            _ if failed => &network,
            400.. => &status,
            _ => "",
        };
        let code = if open.status > 0 { Value::Int(open.status.into()) } else { Value::Text("") };
        let address = Value::of(&self.server, name::SERVER_ADDRESS);
        let port = Value::of(&self.server, name::SERVER_PORT);
        let attributes = [Value::Text("GET"), code, Value::Text(error), address, port, self.node()];
        let duration = at.since(open.since).as_secs_f64();
        to.measure(Metric::HttpClientRequestDuration, duration, &attributes, self.context);
    }

    /// Tells what the track turned out to be.
    pub fn describe(&mut self, to: &mut Teller<'_>, format: &Format) {
        self.codec.clone_from(&format.codec);
        to.set(self.root, name::AUDIO_CODEC, Value::Text(&format.codec));
        for (name, value) in [
            (name::AUDIO_SAMPLE_RATE, format.sample_rate),
            (name::AUDIO_CHANNELS, format.channels.into()),
            (name::AUDIO_BIT_RATE, format.bit_rate),
        ] {
            to.set(self.root, name, value.into());
        }
    }

    /// The source failed before its start, and another one or another engine is tried within the same play.
    pub fn leave_source(&mut self, to: &mut Teller<'_>, failure: PlayFailure, engine: &'static str) {
        let decode = self.decode.take();
        to.fail(decode, &failure.error_type(), "");
        to.end(decode, to.now);
        to.end(self.output.take(), to.now);
        to.set(self.root, name::PLAYER_ENGINE, Value::Text(engine));
        for (_, open) in std::mem::take(&mut self.requests).iter() {
            to.end(Some(open.key), to.now);
        }
    }

    /// What the app says of the source that is tried next.
    pub fn enter_source(&mut self, to: &mut Teller<'_>, attributes: &[u8]) {
        to.set_encoded(self.root, attributes);
    }

    /// The first byte of the play is here: decoding begins.
    pub fn first_byte(&mut self, to: &mut Teller<'_>, at: Instant) {
        if self.root.is_some() && self.decode.is_none() && self.output.is_none() {
            self.decode = self.child(to, at, name::SPAN_AUDIO_DECODE);
        }
    }

    /// The first frame is decoded: `audio.decode` is over and `audio.output` begins. Only the first of a play
    /// counts.
    pub fn first_decoded(&mut self, to: &mut Teller<'_>, at: Instant) {
        if self.decode.is_some() {
            to.end(self.decode.take(), at);
            self.output = self.child(to, at, name::SPAN_AUDIO_OUTPUT);
        }
    }

    /// The first sample is heard: the play has started.
    pub fn started(&mut self, to: &mut Teller<'_>, start: &StartUp, method: &'static str, rate: u32) {
        let Some(root) = self.root.take() else { return };
        let audible = start.end_of(Phase::Output).unwrap_or(to.now);
        let latency = audible.since(start.requested());
        if to.telemetry.as_ref().and_then(|telemetry| telemetry.slow()).is_some_and(|slow| latency > slow) {
            to.keep(&mut self.context);
        }
        let output = self.output.take();
        to.set(output, name::AUDIO_OUTPUT_SAMPLE_RATE, rate.into());
        to.end(output, audible);
        for ((phase, length), name) in start.phases().iter().zip(name::TRACK_PLAY_PHASE) {
            let seconds = length.as_secs_f64();
            to.set(Some(root), name, seconds.into());
            let attributes = [Value::Text(phase.as_str()), self.node()];
            to.measure(Metric::TrackPlayPhase, seconds, &attributes, self.context);
        }
        let latency = latency.as_secs_f64();
        let attributes = [Value::Text(self.trigger), Value::Text(method), self.node()];
        to.measure(Metric::TrackPlayLatency, latency, &attributes, self.context);
        self.waited(to, "startup", latency);
        self.came_out(to, "started", None);
        to.set(Some(root), name::AUDIO_OUTPUT_METHOD, Value::Text(method));
        to.set(Some(root), name::TRACK_PLAY_OUTCOME, Value::Text("started"));
        to.end(Some(root), audible);
    }

    fn waited(&self, to: &mut Teller<'_>, cause: &str, seconds: f64) {
        to.measure(Metric::TrackBufferTime, seconds, &[Value::Text(cause), self.node()], self.context);
    }

    /// The play ends, before its start or after: whatever is open ends with it.
    pub fn finish(
        &mut self,
        to: &mut Teller<'_>,
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
            let told = attributes.len() - usize::from(self.node.is_empty());
            to.log(INFO, name::EVENT_TRACK_ENDED, "", &attributes[..told], self.context);
        }
        for (_, open) in std::mem::take(&mut self.requests).iter() {
            to.end(Some(open.key), to.now);
        }
        self.end_open(to);
        self.exit(to, failure.filter(|&failure| failure != PlayFailure::Aborted), state);
        to.let_go(self.context);
    }

    /// What a play left open ends with it; a gap lasted until here.
    fn end_open(&mut self, to: &mut Teller<'_>) {
        if let Some((since, _)) = self.dry {
            self.gap_over(to, to.now, to.now.since(since).as_secs_f64());
        }
        self.sought = None;
        for key in [self.seek.take(), self.recover.take()] {
            to.end(key, to.now);
        }
    }

    /// The listener leaves before the sound, or an error ends the play there; the bodies go on.
    pub fn exit(&mut self, to: &mut Teller<'_>, error: Option<PlayFailure>, state: &'static str) {
        if error.is_some() {
            to.keep(&mut self.context);
        }
        let decode = self.decode.take();
        if let Some(error @ (PlayFailure::NotSupported | PlayFailure::Undecodable | PlayFailure::Truncated)) =
            error
        {
            to.fail(decode, &error.error_type(), "");
        }
        to.end(decode, to.now);
        to.end(self.output.take(), to.now);
        let root = self.root.take();
        let outcome = if error.is_some() { "failed" } else { "exited_before_start" };
        if let Some(error) = error {
            let failed = [(name::ERROR_TYPE, Value::Text(&error.error_type()))];
            to.log(ERROR, name::EVENT_PLAY_FAILED, &error.message(), &failed, self.context);
        }
        self.came_out(to, outcome, error);
        to.set(root, name::TRACK_PLAY_OUTCOME, Value::Text(outcome));
        to.set(root, name::PLAYER_STATE, Value::Text(state));
        if let Some(error) = error {
            to.fail(root, &error.error_type(), &error.message());
        }
        to.end(root, to.now);
    }

    /// A failure after the start has no open root: it is told by a span of its own, of no length.
    pub fn failed_later(&mut self, to: &mut Teller<'_>, failure: PlayFailure, totals: &Totals) {
        if self.root.is_some() {
            return;
        }
        to.keep(&mut self.context);
        let key = self.recover.take().or_else(|| self.child(to, to.now, name::SPAN_TRACK_RECOVER));
        to.set(key, name::AUDIO_DECODE_FAILURES, totals.decode_failures.into());
        to.fail(key, &failure.error_type(), &failure.message());
        to.end(key, to.now);
    }

    /// The output ran dry.
    pub fn stall_started(&mut self, to: &mut Teller<'_>, at: Instant, cause: StallCause) {
        if self.dry.is_none() {
            self.dry = Some((at, cause));
            to.keep(&mut self.context);
            self.stall = self.child(to, at, name::SPAN_TRACK_STALL);
            to.set(self.stall, name::TRACK_STALL_CAUSE, Value::Text(cause.as_str()));
            let attributes = [Value::Text(cause.as_str()), self.node()];
            to.measure(Metric::TrackStalls, 1.0, &attributes, self.context);
            if cause != StallCause::Device {
                to.measure(Metric::AudioBufferUnderflows, 1.0, &[self.node()], self.context);
            }
        }
    }

    /// The output goes on, after so many frames of silence, which are so many seconds.
    pub fn stall_ended(&mut self, to: &mut Teller<'_>, at: Instant, frames: u64, seconds: f64) {
        to.set(self.stall, name::AUDIO_BUFFER_UNDERFLOW_FRAMES, Value::Int(frames.cast_signed()));
        self.gap_over(to, at, seconds);
    }

    /// Ends the stall's span and counts it: so many seconds were silent.
    fn gap_over(&mut self, to: &mut Teller<'_>, at: Instant, seconds: f64) {
        to.end(self.stall.take(), at);
        let Some((since, cause)) = self.dry.take() else { return };
        let duration = at.since(since).as_secs_f64();
        let attributes = [Value::Text(cause.as_str()), self.node()];
        to.measure(Metric::TrackStallDuration, duration, &attributes, self.context);
        self.waited(to, "stall", duration);
        if cause != StallCause::Device {
            to.measure(Metric::AudioBufferUnderflow, seconds, &[self.node()], self.context);
        }
    }

    /// The listener asks for another position.
    pub fn seek_started(&mut self, to: &mut Teller<'_>, from: f64, position: f64) {
        to.end(self.seek.take(), to.now);
        self.sought = Some(to.now);
        self.seek = self.child(to, to.now, name::SPAN_TRACK_SEEK);
        to.set(self.seek, name::TRACK_SEEK_FROM, from.into());
        to.set(self.seek, name::TRACK_SEEK_TO, position.into());
    }

    /// The new position is heard, or ready while the track is held.
    pub fn seek_ended(&mut self, to: &mut Teller<'_>, at: Instant) {
        to.end(self.seek.take(), at);
        if let Some(sought) = self.sought.take() {
            let latency = at.since(sought).as_secs_f64();
            to.measure(Metric::TrackSeekLatency, latency, &[], self.context);
            self.waited(to, "seek", latency);
        }
    }

    /// The connection broke and will be tried again.
    pub fn recover_started(&mut self, to: &mut Teller<'_>) {
        if self.recover.is_none() {
            self.recover = self.child(to, to.now, name::SPAN_TRACK_RECOVER);
        }
    }

    /// Bytes flow again.
    pub fn recover_ended(&mut self, to: &mut Teller<'_>, at: Instant, attempts: u32) {
        let recover = self.recover.take();
        to.set(recover, name::TRACK_RECOVER_ATTEMPTS, attempts.into());
        to.end(recover, at);
    }
}
