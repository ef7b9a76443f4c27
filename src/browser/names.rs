//! Enums that cross the boundary, as wasm-bindgen makes TypeScript types of them. Most cross as the strings
//! that apps and specifications use. Below the browser the engine has types of its own.
#![allow(missing_docs, reason = "wasm-bindgen adds items of its own to each enum")]

use wasm_bindgen::prelude::*;

use tonearm_player::engine::{self, ContextState};
use tonearm_player::playback::State;
use tonearm_telemetry::{Consent, DropReason, Endpoint, Kind, Problem, Reply, Signal};

/// The signal of a record or a request.
#[wasm_bindgen(js_name = Signal)]
#[derive(Clone, Copy)]
pub enum ExportSignal {
    /// Spans.
    Traces = "traces",
    /// Points of metrics.
    Metrics = "metrics",
    /// Log records.
    Logs = "logs",
}

impl From<Signal> for ExportSignal {
    fn from(signal: Signal) -> Self {
        match signal {
            Signal::Traces => Self::Traces,
            Signal::Metrics => Self::Metrics,
            Signal::Logs => Self::Logs,
        }
    }
}

impl From<ExportSignal> for Signal {
    fn from(signal: ExportSignal) -> Self {
        match signal {
            ExportSignal::Metrics => Self::Metrics,
            ExportSignal::Logs => Self::Logs,
            _ => Self::Traces,
        }
    }
}

/// What plays: the media plane and a worklet, or the browser's media element.
#[wasm_bindgen(js_name = PlayerEngine)]
#[derive(Clone, Copy)]
pub enum PlayerEngine {
    /// The media plane and a worklet.
    Stream = "stream",
    /// The browser's media element.
    Element = "element",
}

/// What asked for a play.
#[wasm_bindgen]
#[derive(Clone, Copy)]
pub enum Trigger {
    /// A gesture of the user's.
    User = "user",
    /// The app, by itself: the next track of a queue.
    Auto = "auto",
    /// The app, where nothing else is known.
    Api = "api",
}

impl Trigger {
    /// Its name in telemetry.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Auto => "auto",
            _ => "api",
        }
    }
}

/// What is fetched before a play (`HTMLMediaElement.preload`).
#[wasm_bindgen]
#[derive(Clone, Copy)]
pub enum Preload {
    /// Nothing.
    None = "none",
    /// What the metadata need.
    Metadata = "metadata",
    /// What a play would need.
    Auto = "auto",
}

impl From<Preload> for engine::Preload {
    fn from(preload: Preload) -> Self {
        match preload {
            Preload::Metadata => Self::Metadata,
            Preload::Auto => Self::Auto,
            _ => Self::None,
        }
    }
}

/// `AudioContext.state`; of a state that is not known here the context renders nothing.
#[wasm_bindgen]
#[derive(Clone, Copy)]
pub enum AudioState {
    /// It renders.
    Running = "running",
    /// It does not, and may again.
    Suspended = "suspended",
    /// The system has taken the output away for a while (Safari).
    Interrupted = "interrupted",
    /// It never will again.
    Closed = "closed",
}

impl From<AudioState> for ContextState {
    fn from(state: AudioState) -> Self {
        match state {
            AudioState::Running => Self::Running,
            AudioState::Closed => Self::Closed,
            _ => Self::Suspended,
        }
    }
}

/// How the time of a first audible frame is known.
#[wasm_bindgen]
#[derive(Clone, Copy)]
pub enum AudibleMethod {
    /// The browser says when the frame leaves the device.
    Audible = "audible",
    /// When the frame was rendered.
    Rendered = "rendered",
    /// By an event of a media element.
    Event = "event",
}

impl AudibleMethod {
    /// Its name in telemetry.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Audible => "audible",
            Self::Rendered => "rendered",
            _ => "event",
        }
    }
}

/// The state of a player.
#[wasm_bindgen]
#[derive(Clone, Copy)]
pub enum PlayerState {
    /// There is no source.
    Idle = "idle",
    /// A source is being selected.
    Loading = "loading",
    /// A source is selected.
    Ready = "ready",
    /// A play was requested, and no frame was audible yet.
    Starting = "starting",
    /// It plays.
    Playing = "playing",
    /// The output has no samples.
    Rebuffering = "rebuffering",
    /// It is paused.
    Paused = "paused",
    /// It seeks.
    Seeking = "seeking",
    /// The track has ended.
    Ended = "ended",
    /// The track can't be played.
    Failed = "failed",
    /// The connection broke, and another request is tried.
    Recovering = "recovering",
}

impl From<State> for PlayerState {
    fn from(state: State) -> Self {
        match state {
            State::Idle => Self::Idle,
            State::Loading => Self::Loading,
            State::Ready => Self::Ready,
            State::Starting => Self::Starting,
            State::Playing => Self::Playing,
            State::Rebuffering => Self::Rebuffering,
            State::Paused => Self::Paused,
            State::Seeking => Self::Seeking,
            State::Ended => Self::Ended,
            State::Failed => Self::Failed,
            State::Recovering => Self::Recovering,
        }
    }
}

/// A figure of `stats()`.
#[wasm_bindgen]
#[derive(Clone, Copy)]
pub enum PlayStatistic {
    /// The time for which the play was audible.
    PlayTime = "playTime",
    /// The time for which it has stalled.
    StallTime = "stallTime",
    /// Its stalls.
    Stalls = "stalls",
    /// Its packets that could not be decoded.
    DecodeFailures = "decodeFailures",
    /// The time from the play request to the first audible frame; NaN while it is not known.
    Latency = "latency",
    /// A phase: play request to media request.
    Metadata = "metadata",
    /// A phase: media request to response head.
    Connect = "connect",
    /// A phase: response head to first byte of media.
    FirstByte = "firstByte",
    /// A phase: first byte to first decoded frame.
    Decode = "decode",
    /// A phase: first decoded frame to first audible frame.
    Output = "output",
}

/// How an endpoint took the last request.
#[wasm_bindgen]
#[derive(Clone, Copy)]
pub enum EndpointState {
    /// It accepted records, or was not asked yet.
    Well = "well",
    /// It did not answer, or said that it is busy.
    Unavailable = "unavailable",
    /// It refused all records.
    Rejecting = "rejecting",
}

impl From<Endpoint> for EndpointState {
    fn from(endpoint: Endpoint) -> Self {
        match endpoint {
            Endpoint::Well => Self::Well,
            Endpoint::Unavailable => Self::Unavailable,
            Endpoint::Rejecting => Self::Rejecting,
        }
    }
}

/// Where records of an account are.
#[wasm_bindgen]
#[derive(Clone, Copy)]
pub enum RecordState {
    /// They were recorded here.
    Started = "started",
    /// They come from an earlier visit.
    Recovered = "recovered",
    /// An endpoint has accepted them.
    Exported = "exported",
    /// They wait.
    Pending = "pending",
}

/// Why a request has no response that counts.
#[wasm_bindgen]
#[derive(Clone, Copy)]
pub enum ExportFailure {
    /// The network failed, or the time was over.
    Failed = "failed",
    /// Nothing was sent: the page is offline.
    Unsent = "unsent",
    /// Nothing was sent: a page that is being left had no room or no time for it.
    Deferred = "deferred",
    /// The response is a redirect, which is not followed.
    Redirected = "redirected",
}

impl From<ExportFailure> for Reply {
    fn from(failure: ExportFailure) -> Self {
        match failure {
            ExportFailure::Unsent => Self::Unsent,
            ExportFailure::Deferred => Self::Deferred,
            ExportFailure::Redirected => Self::Redirected,
            _ => Self::Failed,
        }
    }
}

/// wasm-bindgen writes no type of an enum that only hosts take.
#[wasm_bindgen(typescript_custom_section)]
const PROBLEM: &str = r#"
/** Why a delivery failed. */
export type Problem =
  "unreachable" | "unavailable" | "rejected" | "redirected" | "too_large" | "partial_success";
"#;

/// Why a delivery failed.
#[wasm_bindgen(js_name = Problem)]
#[derive(Clone, Copy)]
pub enum ProblemName {
    /// There was no response.
    Unreachable = "unreachable",
    /// The endpoint may accept the request later.
    Unavailable = "unavailable",
    /// The endpoint refuses the request.
    Rejected = "rejected",
    /// The endpoint redirects.
    Redirected = "redirected",
    /// A single record is larger than the endpoint accepts.
    TooLarge = "too_large",
    /// The endpoint has a message about some records.
    PartialSuccess = "partial_success",
}

impl From<Problem> for ProblemName {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::Unreachable => Self::Unreachable,
            Problem::Unavailable => Self::Unavailable,
            Problem::Rejected => Self::Rejected,
            Problem::Redirected => Self::Redirected,
            Problem::TooLarge => Self::TooLarge,
            Problem::PartialSuccess => Self::PartialSuccess,
        }
    }
}

/// How the values of an instrument are added up.
#[wasm_bindgen]
#[derive(Clone, Copy)]
pub enum InstrumentKind {
    /// A sum that only grows.
    Counter = "counter",
    /// A sum.
    UpDownCounter = "up_down_counter",
    /// The last value.
    Gauge = "gauge",
    /// A distribution.
    Histogram = "histogram",
}

impl From<InstrumentKind> for Kind {
    fn from(kind: InstrumentKind) -> Self {
        match kind {
            InstrumentKind::Counter => Self::Counter,
            InstrumentKind::UpDownCounter => Self::UpDownCounter,
            InstrumentKind::Histogram => Self::Histogram,
            _ => Self::Gauge,
        }
    }
}

/// Whether the user lets telemetry be recorded and exported.
#[wasm_bindgen]
#[derive(Clone, Copy)]
pub enum ConsentState {
    /// Yes.
    Granted = "granted",
    /// Not decided: what is recorded stays in memory.
    Pending = "pending",
    /// No.
    Denied = "denied",
}

impl From<ConsentState> for Consent {
    fn from(consent: ConsentState) -> Self {
        match consent {
            ConsentState::Granted => Self::Granted,
            ConsentState::Pending => Self::Pending,
            _ => Self::Denied,
        }
    }
}

/// Why records are dropped.
#[wasm_bindgen(js_name = DropReason)]
#[derive(Clone, Copy)]
pub enum DropReasonName {
    /// The queue held as many records or bytes as it may.
    QueueFull = "queue_full",
    /// More spans were open than may be.
    TooManyOpen = "too_many_open",
    /// The endpoint rejected the request, or some of its records.
    Rejected = "rejected",
    /// It could not be delivered in as many attempts as are made.
    RetriesExhausted = "retries_exhausted",
    /// One of very many of its kind within a second.
    Sampled = "sampled",
    /// Less grave than what is wanted.
    Level = "level",
    /// A metric's point of an earlier visit that may have been counted.
    Unconfirmed = "unconfirmed",
    /// Of a visit too long ago.
    Expired = "expired",
    /// The sampler did not choose it.
    Unsampled = "unsampled",
    /// The user has not consented.
    Consent = "consent",
    /// The app's own hook wanted it out.
    Redacted = "redacted",
}

impl From<DropReasonName> for DropReason {
    fn from(reason: DropReasonName) -> Self {
        match reason {
            DropReasonName::TooManyOpen => Self::TooManyOpen,
            DropReasonName::Rejected => Self::Rejected,
            DropReasonName::RetriesExhausted => Self::RetriesExhausted,
            DropReasonName::Sampled => Self::Sampled,
            DropReasonName::Level => Self::Level,
            DropReasonName::Unconfirmed => Self::Unconfirmed,
            DropReasonName::Expired => Self::Expired,
            DropReasonName::Unsampled => Self::Unsampled,
            DropReasonName::Consent => Self::Consent,
            DropReasonName::Redacted => Self::Redacted,
            _ => Self::QueueFull,
        }
    }
}
