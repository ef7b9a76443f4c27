//! The trace of one play: its root, and the spans that hang from it.
//!
//! Every method does nothing where the player has no telemetry, so that the engine need not ask.

use opentelemetry::{KeyValue, Value};
use tonearm_messages::{BodyEnd, Format, ResponseHead};

use super::request::{respond, start_request};
use super::semconv as name;
use crate::playback::PlayFailure;
use crate::qoe::{Phase, StallCause, StartUp, Totals};
use crate::small_map::SmallMap;
use crate::telemetry::{Parent, SpanContext, SpanKey, SpanOptions, Telemetry};
use crate::time::Instant;

/// What the app says of a play.
#[derive(Debug, Clone, Default)]
pub struct PlayContext {
    /// The track's id.
    pub track_id: Option<String>,
    /// The playlist's id.
    pub playlist_id: Option<String>,
    /// The app's own span, as a child of which the play is told.
    pub parent: Option<SpanContext>,
    /// Who asked: user, auto, api.
    pub trigger: &'static str,
    /// The play before this one.
    pub previous: Option<SpanContext>,
}

/// The spans of one play.
#[derive(Debug)]
pub struct PlayTrace {
    root: Option<SpanKey>,
    context: Option<SpanContext>,
    decode: Option<SpanKey>,
    output: Option<SpanKey>,
    requests: SmallMap<u32, SpanKey>,
    stall: Option<SpanKey>,
    seek: Option<SpanKey>,
    recover: Option<SpanKey>,
}

impl PlayTrace {
    /// Opens the trace at the moment of the request; `requests` go on from a play that was held before it was heard.
    pub fn start(
        mut telemetry: Option<&mut Telemetry>,
        at: Instant,
        play: &PlayContext,
        requests: SmallMap<u32, SpanKey>,
    ) -> Self {
        let mut options = SpanOptions::new(name::SPAN_TRACK_PLAY).child_of(play.parent.map(Parent::Context));
        options.attributes.push(KeyValue::new(name::PLAYER_ENGINE, "tonearm"));
        options.attributes.push(KeyValue::new(name::TRACK_PLAY_TRIGGER, play.trigger));
        for (key, value) in [(name::MUSIC_TRACK_ID, &play.track_id), (name::MUSIC_PLAYLIST_ID, &play.playlist_id)] {
            options.attributes.extend(value.clone().map(|value| KeyValue::new(key, value)));
        }
        options.links.extend(play.previous);
        let root = telemetry.as_mut().and_then(|telemetry| telemetry.start_span(at, options));
        let context = root.and_then(|root| telemetry.as_ref()?.span_context(root));
        Self { root, context, decode: None, output: None, requests, stall: None, seek: None, recover: None }
    }

    /// The root's context, for children, links and `player.traceparent`.
    pub fn context(&self) -> Option<SpanContext> {
        self.context
    }

    fn parent(&self) -> Option<Parent> {
        self.context.map(Parent::Context)
    }

    fn child(&self, telemetry: &mut Telemetry, at: Instant, name: &'static str) -> Option<SpanKey> {
        self.context.as_ref()?;
        telemetry.start_span(at, SpanOptions::new(name).child_of(self.parent()))
    }

    /// Starts the span of a media request; returns the `traceparent` that goes with it.
    pub fn start_media_request(
        &mut self,
        telemetry: Option<&mut Telemetry>,
        now: Instant,
        request: u32,
        url: &str,
        offset: u64,
    ) -> Option<String> {
        let telemetry = telemetry?;
        let parent = self.recover.map_or_else(|| self.parent(), |recover| Some(Parent::Local(recover)));
        let (key, traceparent) = start_request(telemetry, now, parent, "GET", url, "media");
        let key = key?;
        if offset > 0 {
            telemetry.set_attribute(
                key,
                name::HTTP_REQUEST_HEADER_RANGE,
                Value::String(["bytes=", &offset.to_string(), "-"].concat().into()),
            );
        }
        self.requests.insert(request, key);
        traceparent
    }

    /// Starts the span of a request for the track's metadata.
    pub fn start_metadata_request(
        &self,
        telemetry: &mut Telemetry,
        now: Instant,
        method: &str,
        url: &str,
    ) -> (Option<SpanKey>, Option<String>) {
        start_request(telemetry, now, self.parent(), method, url, "metadata")
    }

    /// Notes a media response's head.
    pub fn respond(&mut self, telemetry: Option<&mut Telemetry>, request: u32, head: &ResponseHead) {
        if let (Some(telemetry), Some(&key)) = (telemetry, self.requests.get(request)) {
            respond(telemetry, key, head.status, head.server_timing.as_deref(), head.cache.as_deref());
        }
    }

    /// Ends a media request's span with its body.
    pub fn end_media_request(
        &mut self,
        telemetry: Option<&mut Telemetry>,
        now: Instant,
        request: u32,
        at: Instant,
        bytes: u64,
        end: BodyEnd,
    ) {
        let (Some(telemetry), Some(key)) = (telemetry, self.requests.remove(request)) else { return };
        telemetry.set_attribute(
            key,
            name::HTTP_RESPONSE_BODY_SIZE,
            Value::I64(i64::try_from(bytes).unwrap_or(i64::MAX)),
        );
        if end == (BodyEnd::Failed {}) {
            telemetry.set_attribute(key, name::ERROR_TYPE, Value::String(PlayFailure::Network.error_type().into()));
            telemetry.set_error(key, String::new());
        }
        telemetry.end_span(now, key, at);
    }

    /// Tells what the track turned out to be.
    pub fn describe(&mut self, telemetry: Option<&mut Telemetry>, format: &Format) {
        let (Some(telemetry), Some(root)) = (telemetry, self.root) else { return };
        telemetry.set_attribute(root, name::AUDIO_CODEC, Value::String(format.codec.clone().into()));
        telemetry.set_attribute(root, name::AUDIO_SAMPLE_RATE, Value::I64(i64::from(format.sample_rate)));
        telemetry.set_attribute(root, name::AUDIO_CHANNELS, Value::I64(i64::from(format.channels)));
        telemetry.set_attribute(root, name::AUDIO_BIT_RATE, Value::I64(i64::from(format.bit_rate)));
    }

    /// The first byte of the play is here: decoding begins.
    pub fn first_byte(&mut self, telemetry: Option<&mut Telemetry>, at: Instant) {
        if let (Some(telemetry), Some(_), None, None) = (telemetry, self.root, self.decode, self.output) {
            self.decode = self.child(telemetry, at, name::SPAN_AUDIO_DECODE);
        }
    }

    /// The first frame is decoded: `audio.decode` is over and `audio.output` begins. Only the first of a play counts.
    pub fn first_decoded(&mut self, telemetry: Option<&mut Telemetry>, now: Instant, at: Instant) {
        if let (Some(telemetry), Some(decode)) = (telemetry, self.decode.take()) {
            telemetry.end_span(now, decode, at);
            self.output = self.child(telemetry, at, name::SPAN_AUDIO_OUTPUT);
        }
    }

    /// The first sample is heard: the play has started.
    pub fn started(
        &mut self,
        telemetry: Option<&mut Telemetry>,
        now: Instant,
        start: &StartUp,
        method: &'static str,
        rate: u32,
    ) {
        let (Some(telemetry), Some(root)) = (telemetry, self.root.take()) else { return };
        let audible = start.end_of(Phase::Output).unwrap_or(now);
        if let Some(output) = self.output.take() {
            telemetry.set_attribute(output, name::AUDIO_OUTPUT_SAMPLE_RATE, Value::I64(i64::from(rate)));
            telemetry.end_span(now, output, audible);
        }
        for ((_, length), name) in start.phases().iter().zip(name::TRACK_PLAY_PHASE) {
            telemetry.set_attribute(root, name, Value::F64(length.as_secs_f64()));
        }
        telemetry.set_attribute(root, name::AUDIO_OUTPUT_METHOD, Value::String(method.into()));
        telemetry.set_attribute(root, name::TRACK_PLAY_OUTCOME, Value::String("started".into()));
        telemetry.end_span(now, root, audible);
    }

    /// The requests that are under way, for the play that follows.
    pub fn into_requests(self) -> SmallMap<u32, SpanKey> {
        self.requests
    }

    /// The play ends, before its start or after: whatever is open ends with it.
    pub fn finish(
        &mut self,
        mut telemetry: Option<&mut Telemetry>,
        now: Instant,
        failure: Option<PlayFailure>,
        state: &'static str,
    ) {
        if let Some(telemetry) = telemetry.as_mut() {
            let open = [self.stall.take(), self.seek.take(), self.recover.take()];
            let requests = std::mem::take(&mut self.requests);
            for key in requests.iter().map(|(_, key)| *key).chain(open.into_iter().flatten()) {
                telemetry.end_span(now, key, now);
            }
        }
        self.end_root(telemetry, now, failure.filter(|&failure| failure != PlayFailure::Aborted), state);
    }

    /// The listener leaves before the sound; the bodies go on.
    pub fn exit(&mut self, telemetry: Option<&mut Telemetry>, now: Instant, state: &'static str) {
        self.end_root(telemetry, now, None, state);
    }

    fn end_root(
        &mut self,
        telemetry: Option<&mut Telemetry>,
        now: Instant,
        error: Option<PlayFailure>,
        state: &'static str,
    ) {
        let Some(telemetry) = telemetry else { return };
        let of_the_bytes = |error: &PlayFailure| {
            matches!(error, PlayFailure::NotSupported | PlayFailure::Undecodable | PlayFailure::Truncated)
        };
        if let Some(decode) = self.decode.take() {
            if let Some(error) = error.filter(of_the_bytes) {
                telemetry.set_attribute(decode, name::ERROR_TYPE, Value::String(error.error_type().into()));
                telemetry.set_error(decode, String::new());
            }
            telemetry.end_span(now, decode, now);
        }
        if let Some(output) = self.output.take() {
            telemetry.end_span(now, output, now);
        }
        let Some(root) = self.root.take() else { return };
        let outcome = if error.is_some() { "failed" } else { "exited_before_start" };
        telemetry.set_attribute(root, name::TRACK_PLAY_OUTCOME, Value::String(outcome.into()));
        telemetry.set_attribute(root, name::PLAYER_STATE, Value::String(state.into()));
        if let Some(error) = error {
            telemetry.set_attribute(root, name::ERROR_TYPE, Value::String(error.error_type().into()));
            telemetry.set_error(root, error.message());
        }
        telemetry.end_span(now, root, now);
    }

    /// A failure after the start has no open root: it is told by a span of its own, of no length.
    pub fn failed_later(
        &mut self,
        telemetry: Option<&mut Telemetry>,
        now: Instant,
        failure: PlayFailure,
        totals: &Totals,
    ) {
        let (Some(telemetry), None) = (telemetry, self.root) else { return };
        let key = match self.recover.take() {
            Some(key) => Some(key),
            None => self.child(telemetry, now, name::SPAN_TRACK_RECOVER),
        };
        let Some(key) = key else { return };
        telemetry.set_attribute(key, name::ERROR_TYPE, Value::String(failure.error_type().into()));
        telemetry.set_attribute(key, name::AUDIO_DECODE_FAILURES, Value::I64(i64::from(totals.decode_failures)));
        telemetry.set_error(key, failure.message());
        telemetry.end_span(now, key, now);
    }

    /// The output ran dry.
    pub fn stall_started(&mut self, telemetry: Option<&mut Telemetry>, at: Instant, cause: StallCause) {
        if let (Some(telemetry), None) = (telemetry, self.stall) {
            self.stall = self.child(telemetry, at, name::SPAN_TRACK_STALL);
            if let Some(stall) = self.stall {
                telemetry.set_attribute(stall, name::TRACK_STALL_CAUSE, Value::String(cause.as_str().into()));
            }
        }
    }

    /// The output goes on, after so many frames of silence.
    pub fn stall_ended(&mut self, telemetry: Option<&mut Telemetry>, now: Instant, at: Instant, frames: u64) {
        if let (Some(telemetry), Some(stall)) = (telemetry, self.stall.take()) {
            let frames = i64::try_from(frames).unwrap_or(i64::MAX);
            telemetry.set_attribute(stall, name::AUDIO_BUFFER_UNDERFLOW_FRAMES, Value::I64(frames));
            telemetry.end_span(now, stall, at);
        }
    }

    /// The listener asks for another position.
    pub fn seek_started(&mut self, telemetry: Option<&mut Telemetry>, now: Instant, from: f64, to: f64) {
        let Some(telemetry) = telemetry else { return };
        if let Some(seek) = self.seek.take() {
            telemetry.end_span(now, seek, now);
        }
        self.seek = self.child(telemetry, now, name::SPAN_TRACK_SEEK);
        if let Some(seek) = self.seek {
            telemetry.set_attribute(seek, name::TRACK_SEEK_FROM, Value::F64(from));
            telemetry.set_attribute(seek, name::TRACK_SEEK_TO, Value::F64(to));
        }
    }

    /// The new position is heard, or ready while the track is held.
    pub fn seek_ended(&mut self, telemetry: Option<&mut Telemetry>, now: Instant, at: Instant) {
        if let (Some(telemetry), Some(seek)) = (telemetry, self.seek.take()) {
            telemetry.end_span(now, seek, at);
        }
    }

    /// The connection broke and will be tried again.
    pub fn recover_started(&mut self, telemetry: Option<&mut Telemetry>, at: Instant) {
        if let (Some(telemetry), None) = (telemetry, self.recover) {
            self.recover = self.child(telemetry, at, name::SPAN_TRACK_RECOVER);
        }
    }

    /// Bytes flow again.
    pub fn recover_ended(&mut self, telemetry: Option<&mut Telemetry>, now: Instant, at: Instant, attempts: u32) {
        if let (Some(telemetry), Some(recover)) = (telemetry, self.recover.take()) {
            telemetry.set_attribute(recover, name::TRACK_RECOVER_ATTEMPTS, Value::I64(i64::from(attempts)));
            telemetry.end_span(now, recover, at);
        }
    }
}
