//! What a play records of its source: requests, responses, decoding, recovery.

use tonearm_messages::{BodyEnd, Format, ResponseHead};

use super::PlayTrace;
use crate::instrumentation::metrics::Metric;
use crate::instrumentation::recorder::PlayRecorder;
use crate::instrumentation::request::{OpenRequest, Url, respond, start_request};
use crate::instrumentation::semconv as name;
use crate::playback::PlayFailure;
use tonearm_base::decimal::decimal;
use tonearm_base::time::Instant;
use tonearm_telemetry::{Parent, Value, WARN};

impl PlayTrace {
    /// Starts the span of a media request; returns the header lines that go with it.
    pub fn start_media_request(
        &mut self,
        recorder: &mut PlayRecorder<'_>,
        request: u32,
        url: &Url,
        offset: u64,
    ) -> Option<String> {
        let parent = self.recover.map_or(self.parent(), |recover| Some(Parent::Local(recover)));
        let (key, lines) = start_request(recorder, parent, url, &self.trace_state);
        if offset > 0 {
            let mut range = String::from("bytes=");
            range.push_str(&decimal(offset));
            range.push('-');
            recorder.set(key, name::HTTP_REQUEST_HEADER_RANGE, Value::Text(&range));
        }
        self.server.clone_from(&url.attributes);
        self.requests.insert(request, OpenRequest { key: key?, since: recorder.now, status: 0 });
        lines
    }

    /// Records a media response's head.
    pub fn respond(&mut self, recorder: &mut PlayRecorder<'_>, request: u32, head: &ResponseHead) {
        if let Some(node) = &head.node {
            self.node.clone_from(node);
            recorder.set(self.root, name::CDN_NODE, Value::Text(node));
        }
        let open = self.requests.get_mut(request).map(|open| {
            open.status = head.status;
            open.key
        });
        respond(recorder, open, head);
    }

    /// Ends a media request's span with its body.
    pub fn end_media_request(
        &mut self,
        recorder: &mut PlayRecorder<'_>,
        request: u32,
        at: Instant,
        bytes: u64,
        end: BodyEnd,
    ) {
        let Some(open) = self.requests.remove(request) else { return };
        let failed = matches!(end, BodyEnd::Failed {} | BodyEnd::Opaque {});
        recorder.set(Some(open.key), name::HTTP_RESPONSE_BODY_SIZE, Value::Int(bytes.cast_signed()));
        let opaque = end == (BodyEnd::Opaque {});
        let network = if opaque { PlayFailure::Opaque } else { PlayFailure::Network }.error_type();
        if failed {
            recorder.fail(Some(open.key), &network, "");
        }
        recorder.end(Some(open.key), at);
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
        recorder.measure(Metric::HttpClientRequestDuration, duration, &attributes, self.context);
    }

    /// Records what the track turned out to be.
    pub fn describe(&mut self, recorder: &mut PlayRecorder<'_>, format: &Format) {
        self.codec.clone_from(&format.codec);
        recorder.set(self.root, name::AUDIO_CODEC, Value::Text(&format.codec));
        for (name, value) in [
            (name::AUDIO_SAMPLE_RATE, format.sample_rate),
            (name::AUDIO_CHANNELS, format.channels.into()),
            (name::AUDIO_BIT_RATE, format.bit_rate),
        ] {
            recorder.set(self.root, name, value.into());
        }
    }

    /// The source failed before its start, and another one or another engine is tried within the same play.
    pub fn leave_source(
        &mut self,
        recorder: &mut PlayRecorder<'_>,
        failure: PlayFailure,
        engine: &'static str,
    ) {
        let decode = self.decode.take();
        recorder.fail(decode, &failure.error_type(), "");
        recorder.end(decode, recorder.now);
        recorder.end(self.output.take(), recorder.now);
        recorder.set(self.root, name::PLAYER_ENGINE, Value::Text(engine));
        for (_, open) in std::mem::take(&mut self.requests).iter() {
            recorder.end(Some(open.key), recorder.now);
        }
    }

    /// What the app says of the source that is tried next.
    pub fn enter_source(&mut self, recorder: &mut PlayRecorder<'_>, attributes: &[u8]) {
        recorder.set_encoded(self.root, attributes);
    }

    /// The first byte of the play is here: decoding begins.
    pub fn first_byte(&mut self, recorder: &mut PlayRecorder<'_>, at: Instant) {
        if self.root.is_some() && self.decode.is_none() && self.output.is_none() {
            self.decode = self.child(recorder, at, name::SPAN_AUDIO_DECODE);
        }
    }

    /// The first frame is decoded: `audio.decode` is over and `audio.output` begins. Only the first of a play
    /// counts.
    pub fn first_decoded(&mut self, recorder: &mut PlayRecorder<'_>, at: Instant) {
        if self.decode.is_some() {
            recorder.end(self.decode.take(), at);
            self.output = self.child(recorder, at, name::SPAN_AUDIO_OUTPUT);
        }
    }

    /// Records that packets were decoded, and how many of them became silence.
    pub fn decoded(&self, recorder: &mut PlayRecorder<'_>, packets: u32, failures: u32) {
        let failed = PlayFailure::Undecodable.error_type();
        let attributes = [Value::Text(&self.codec), self.node(), Value::Text(&failed)];
        recorder.measure(Metric::AudioDecodeAttempts, packets.into(), &attributes[..2], self.context);
        if failures > 0 {
            recorder.measure(Metric::AudioDecodeFailed, failures.into(), &attributes, self.context);
            let counted = [(name::AUDIO_DECODE_FAILURES, failures.into())];
            recorder.log(WARN, name::EVENT_DECODE_FAILED, "", &counted, self.context);
        }
    }

    /// The connection broke and will be tried again.
    pub fn recover_started(&mut self, recorder: &mut PlayRecorder<'_>) {
        if self.recover.is_none() {
            self.recover = self.child(recorder, recorder.now, name::SPAN_TRACK_RECOVER);
        }
    }

    /// Bytes flow again.
    pub fn recover_ended(&mut self, recorder: &mut PlayRecorder<'_>, at: Instant, attempts: u32) {
        let recover = self.recover.take();
        recorder.set(recover, name::TRACK_RECOVER_ATTEMPTS, attempts.into());
        recorder.end(recover, at);
    }
}
