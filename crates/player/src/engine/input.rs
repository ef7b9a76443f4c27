//! What the host reports to the engine.

use tonearm_messages::Fact;

use super::report::Report;
use super::{PlayerId, TelemetryId};
use crate::instrumentation::Url;
use crate::playback::PlayFailure;
use tonearm_base::time::{Duration, Instant};
use tonearm_telemetry::{Config, EarlierSession, Recovered, Reply, Signal, SpanContext};

/// One thing that happened.
#[derive(Debug)]
pub enum Input {
    /// The app made a pipeline.
    CreateTelemetry {
        /// Its id.
        id: TelemetryId,
        /// Its options.
        config: Config,
    },
    /// A pipeline's session begins, or goes on: that of another pipeline of its service, or of an earlier
    /// page.
    BeginSession {
        /// The pipeline.
        telemetry: TelemetryId,
        /// The name of its service.
        service: String,
        /// The session of the tab's last page, if there is one.
        earlier: Option<EarlierSession>,
    },
    /// The app made a player.
    CreatePlayer {
        /// Its id.
        id: PlayerId,
        /// The pipeline that it records in, if any.
        telemetry: Option<TelemetryId>,
    },
    /// Something happened to a player.
    Player {
        /// Its id.
        id: PlayerId,
        /// What.
        input: PlayerInput,
    },
    /// The app is done with a player.
    DestroyPlayer {
        /// Its id.
        id: PlayerId,
    },
    /// An export was answered, or was not.
    ExportReplied {
        /// The pipeline.
        telemetry: TelemetryId,
        /// The export's id.
        export: u32,
        /// What came back.
        reply: Reply,
    },
    /// What is observed has been: make points of all that was recorded.
    Collect {
        /// The pipeline.
        telemetry: TelemetryId,
    },
    /// A request that an earlier visit kept.
    Recover {
        /// The pipeline.
        telemetry: TelemetryId,
        /// What it carries.
        signal: Signal,
        /// How many records.
        records: u64,
        /// Its body.
        body: Vec<u8>,
        /// Whether it is sent again.
        fate: Recovered,
    },
    /// The host has looked at a record ([`super::Output::Inspect`]).
    Inspected {
        /// The pipeline.
        telemetry: TelemetryId,
        /// Which kind of record.
        signal: Signal,
        /// The record as it is now; none is out.
        record: Option<Vec<u8>>,
    },
    /// Hand over what the host has to look at, and nothing else: the page is about to be left.
    Inspect,
    /// The app is done with a pipeline: what it holds is let go of.
    DestroyTelemetry {
        /// Its id.
        id: TelemetryId,
    },
    /// Send what is queued.
    Flush {
        /// The pipeline.
        telemetry: TelemetryId,
    },
    /// The page is hidden or left.
    PageHidden,
}

/// A source, as the app gives it.
#[derive(Debug, Clone, Default)]
pub struct Source {
    /// Where it is; none where the app resolves it when the play begins.
    pub url: Option<Url>,
    /// Whether cookies go with the media requests.
    pub credentials: bool,
    /// What the app says of it, as encoded attributes of a span: `music.track_id`, `music.playlist_id`.
    pub attributes: Vec<u8>,
    /// How many other sources the app named, to be tried if this one can't be played.
    pub alternatives: u32,
    /// Whether the browser's media element may play it: without a hand of the app's in its requests.
    pub element: bool,
    /// The app's span above the play.
    pub parent: Option<SpanContext>,
    /// The `tracestate` that came with it.
    pub trace_state: String,
    /// How long a media request may take to its first byte, where the app says so.
    pub first_byte_timeout: Option<Duration>,
}

/// A call of `play()`.
#[derive(Debug, Clone, Copy)]
pub struct PlayRequest {
    /// Names the promise.
    pub token: u32,
    /// When the listener clicked, or the app called.
    pub at: Instant,
    /// Who asked: user, auto, api.
    pub trigger: &'static str,
    /// Whether the page had user activation.
    pub activation: bool,
}

/// What plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlaybackEngine {
    /// The media plane and a worklet.
    Stream,
    /// The browser's media element.
    Element,
}

impl PlaybackEngine {
    /// The value of `player.engine`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stream => "stream",
            Self::Element => "element",
        }
    }
}

/// `AudioContext.state`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContextState {
    /// It renders.
    Running,
    /// It does not, and may.
    Suspended,
    /// It never will again.
    Closed,
}

/// What is fetched before a play (`HTMLMediaElement.preload`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Preload {
    /// Nothing.
    #[default]
    None,
    /// What the metadata need; it is dropped once they are there.
    Metadata,
    /// What a play would need.
    Auto,
}

/// One thing that happened to a player.
#[derive(Debug)]
pub enum PlayerInput {
    /// `load()`.
    Load {
        /// Names the promise.
        token: u32,
        /// The source.
        source: Source,
        /// What of it is fetched at once.
        preload: Preload,
    },
    /// The next source of the app's, within the play that is under way.
    Alternative {
        /// The source.
        source: Source,
    },
    /// Fetch and decode what a play would need, and hold it.
    Prepare,
    /// `play()`.
    Play(PlayRequest),
    /// `pause()`.
    Pause,
    /// `currentTime = …`, in seconds.
    Seek(f64),
    /// Go back to the first of these seconds once the second is reached, or the end; none plays on.
    Loop(Option<(f64, f64)>),
    /// The app listens for `timeupdate`: the worklet reports four times a second from now on, not once.
    Watch,
    /// `playbackRate = …`.
    Rate(f64),
    /// `stop()`, or the app's signal.
    Stop,
    /// Another engine plays.
    Engine(PlaybackEngine),
    /// The audio output is there.
    OutputReady {
        /// Its sample rate, in Hz.
        rate: u32,
        /// The context's state.
        state: ContextState,
    },
    /// The audio output can't be had.
    OutputUnavailable,
    /// The context's state changed.
    Context(ContextState),
    /// The Worker's script has been fetched: it runs any moment.
    MediaLoaded,
    /// The media plane can't be had, or ended by a fault.
    MediaUnavailable,
    /// The media plane says something.
    Fact(Fact),
    /// The worklet says something.
    Report(Report),
    /// The app's resolver gave a URL.
    Resolved {
        /// The play that asked.
        play: u32,
        /// Where the source is.
        url: Url,
    },
    /// The app gave another URL in the place of one that has run out.
    Renewed {
        /// Where the source is.
        url: Url,
    },
    /// The app's resolver failed.
    ResolveFailed {
        /// The play that asked.
        play: u32,
        /// Why.
        failure: PlayFailure,
    },
}
