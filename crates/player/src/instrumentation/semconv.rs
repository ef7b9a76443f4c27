//! Every name of a span, an attribute and an event, spelled once.
//!
//! `http.*`, `url.*`, `server.*`, `error.type`: OpenTelemetry semantic conventions 1.37. The rest is ours, in
//! the four namespaces of docs/telemetry.md: OpenTelemetry has no convention for media yet.

/// Play request → first audible sample, failure, or the listener leaving.
pub const SPAN_TRACK_PLAY: &str = "track.play";
/// A load that could not be.
pub const SPAN_TRACK_LOAD: &str = "track.load";
/// First media byte → first decoded frame.
pub const SPAN_AUDIO_DECODE: &str = "audio.decode";
/// First decoded frame → first audible sample.
pub const SPAN_AUDIO_OUTPUT: &str = "audio.output";
/// Underflow → next audible sample.
pub const SPAN_TRACK_STALL: &str = "track.stall";
/// Seek request → audio at the new position.
pub const SPAN_TRACK_SEEK: &str = "track.seek";
/// Lost connection → bytes flow again.
pub const SPAN_TRACK_RECOVER: &str = "track.recover";

/// The track, as the app names it.
pub const MUSIC_TRACK_ID: &str = "music.track_id";
/// The playlist, as the app names it.
pub const MUSIC_PLAYLIST_ID: &str = "music.playlist_id";

/// What plays: `tonearm` where our own engine does.
pub const PLAYER_ENGINE: &str = "player.engine";
/// The player's state when a span ended.
pub const PLAYER_STATE: &str = "player.state";

/// Who asked for the play: user, auto, api.
pub const TRACK_PLAY_TRIGGER: &str = "track.play.trigger";
/// How the play came out: started, failed, `exited_before_start`.
pub const TRACK_PLAY_OUTCOME: &str = "track.play.outcome";
/// Prefix of the five phases on `track.play`, each in seconds.
pub const TRACK_PLAY_PHASE: [&str; 5] = [
    "track.play.phase.metadata",
    "track.play.phase.connect",
    "track.play.phase.first_byte",
    "track.play.phase.decode",
    "track.play.phase.output",
];
/// Why the music stopped: network, decode, device.
pub const TRACK_STALL_CAUSE: &str = "track.stall.cause";
/// Silence that the worklet inserted, in frames at the output's rate.
pub const AUDIO_BUFFER_UNDERFLOW_FRAMES: &str = "audio.buffer.underflow.frames";
/// Position asked for, in seconds.
pub const TRACK_SEEK_TO: &str = "track.seek.to";
/// Position left, in seconds.
pub const TRACK_SEEK_FROM: &str = "track.seek.from";
/// How many requests a recovery took.
pub const TRACK_RECOVER_ATTEMPTS: &str = "track.recover.attempts";

/// How the moment of the first sample is known: audible, rendered, event.
pub const AUDIO_OUTPUT_METHOD: &str = "audio.output.method";
/// Rate of the output, in Hz.
pub const AUDIO_OUTPUT_SAMPLE_RATE: &str = "audio.output.sample_rate";
/// The codec.
pub const AUDIO_CODEC: &str = "audio.codec";
/// Rate of the file, in Hz.
pub const AUDIO_SAMPLE_RATE: &str = "audio.sample_rate";
/// Channels of the file.
pub const AUDIO_CHANNELS: &str = "audio.channels";
/// Mean bit rate of the file, in bits per second.
pub const AUDIO_BIT_RATE: &str = "audio.bit_rate";
/// Packets that became silence.
pub const AUDIO_DECODE_FAILURES: &str = "audio.decode.failures";

/// Semantic conventions, HTTP client spans.
pub const HTTP_REQUEST_METHOD: &str = "http.request.method";
/// Semantic conventions, HTTP client spans: a method that is not known, as it was sent.
pub const HTTP_REQUEST_METHOD_ORIGINAL: &str = "http.request.method_original";
/// Semantic conventions, HTTP client spans.
pub const HTTP_RESPONSE_STATUS_CODE: &str = "http.response.status_code";
/// Semantic conventions, HTTP client spans: bytes of the body that were read.
pub const HTTP_RESPONSE_BODY_SIZE: &str = "http.response.body.size";
/// Semantic conventions: the request header `Range`, where there was one.
pub const HTTP_REQUEST_HEADER_RANGE: &str = "http.request.header.range";
/// Of an app's own request, as Resource Timing has it: finding the server, in seconds.
pub const HTTP_PHASE_LOOKUP: &str = "http.phase.lookup";
/// The connection, in seconds.
pub const HTTP_PHASE_CONNECT: &str = "http.phase.connect";
/// Request → first byte, in seconds.
pub const HTTP_PHASE_WAIT: &str = "http.phase.wait";
/// First byte → last one, in seconds.
pub const HTTP_PHASE_RECEIVE: &str = "http.phase.receive";
/// Semantic conventions, URL.
pub const URL_FULL: &str = "url.full";
/// Semantic conventions, server.
pub const SERVER_ADDRESS: &str = "server.address";
/// Semantic conventions, server.
pub const SERVER_PORT: &str = "server.port";
/// Semantic conventions, error: a low-cardinality class of the failure.
pub const ERROR_TYPE: &str = "error.type";

/// The CDN node that served a response, of `Server-Timing`.
pub const CDN_NODE: &str = "cdn.node";
/// What the node's cache said: hit, miss.
pub const CDN_CACHE: &str = "cdn.cache";
/// The server's own trace, of `Server-Timing`: also where its sampling or its ingress began another one.
pub const SERVER_TRACE_ID: &str = "server.trace_id";
/// What a request is for: metadata, media.
pub const TRACK_REQUEST_PURPOSE: &str = "track.request.purpose";

/// Of metrics: a part of the start (metadata, connect, `first_byte`, decode, output).
pub const PHASE: &str = "phase";
/// Of metrics: how a play came out.
pub const OUTCOME: &str = "outcome";
/// Of metrics: technical where the player or the network is at fault, business where a rule is.
pub const ERROR_CLASS: &str = "error.class";
/// Of metrics: why the listener waited, or the music stopped.
pub const CAUSE: &str = "cause";
/// Of metrics: the state before.
pub const FROM: &str = "from";
/// Of metrics: the state after.
pub const TO: &str = "to";
/// Of metrics: whether something was found.
pub const HIT: &str = "hit";
/// The session, on every span and log record.
pub const SESSION_ID: &str = "session.id";

/// Event: a transition of the state machine.
pub const EVENT_STATE_CHANGED: &str = "player.state_changed";
/// Event: something was to be heard for another 30 s.
pub const EVENT_SESSION_ACTIVE: &str = "player.session_active";
/// Event: a play is over; its totals.
pub const EVENT_TRACK_ENDED: &str = "track.ended";
/// Event: a play did not come to be, or broke off.
pub const EVENT_PLAY_FAILED: &str = "track.play_failed";
/// Event: packets became silence.
pub const EVENT_DECODE_FAILED: &str = "audio.decode_failed";
/// Headphones in or out, another output of the app's choice, while music plays: told by the scripts.
pub const EVENT_DEVICE_CHANGED: &str = "audio.device_changed";
/// Audio that was heard in the play, in seconds.
pub const TRACK_PLAY_TIME: &str = "track.play.time";
/// Silence of its stalls, in seconds.
pub const TRACK_STALL_TIME: &str = "track.stall.time";
/// Its stalls.
pub const TRACK_STALLS: &str = "track.stalls";
