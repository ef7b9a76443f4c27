//! The words of the machine: states, commands, events, failures.

use tonearm_base::decimal::decimal;

/// Where a player stands with one track.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// No source.
    Idle,
    /// A source was given and is being selected.
    Loading,
    /// A source is selected; nothing plays yet.
    Ready,
    /// Play was asked for; nothing is heard yet.
    Starting,
    /// The track is heard.
    Playing,
    /// The track should be heard, and is not: samples or the output are missing.
    Rebuffering,
    /// The listener holds the track.
    Paused,
    /// On the way to another position.
    Seeking,
    /// The last frame was heard.
    Ended,
    /// The track can't go on.
    Failed,
    /// On the way back from a lost connection or a failure.
    Recovering,
}

impl State {
    /// Every state, in the order of the table.
    pub const ALL: [Self; 11] = [
        Self::Idle,
        Self::Loading,
        Self::Ready,
        Self::Starting,
        Self::Playing,
        Self::Rebuffering,
        Self::Paused,
        Self::Seeking,
        Self::Ended,
        Self::Failed,
        Self::Recovering,
    ];

    /// The name that JavaScript and telemetry see.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Loading => "loading",
            Self::Ready => "ready",
            Self::Starting => "starting",
            Self::Playing => "playing",
            Self::Rebuffering => "rebuffering",
            Self::Paused => "paused",
            Self::Seeking => "seeking",
            Self::Ended => "ended",
            Self::Failed => "failed",
            Self::Recovering => "recovering",
        }
    }
}

/// What the listener or the app asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Command {
    /// Take another source.
    Load,
    /// Make it heard.
    Play,
    /// Hold it.
    Pause,
    /// Go to another position.
    Seek,
    /// Back to the start, silent.
    Stop,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Event {
    /// The source has been selected.
    SourceSelected,
    /// The first frame of a start, of a resume or of a new position is heard.
    Audible,
    /// Samples of the position sought are ready to be heard.
    Sought,
    /// The output ran dry.
    Underflow,
    /// The audio context left `running`.
    ContextLeft,
    /// The audio context is `running` again.
    ContextRunning,
    /// The worklet's reports stayed away while the context says `running`.
    WorkletSilent,
    /// The connection broke, and another request will be tried.
    ConnectionLost,
    /// Bytes flow again.
    ConnectionBack,
    /// The last frame was heard.
    Ended,
    /// The track can't go on.
    Failed,
}

/// A command or an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Input {
    /// Asked for.
    Command(Command),
    /// Happened.
    Event(Event),
}

impl Input {
    /// Every input, in the order of the table.
    pub const ALL: [Self; 16] = [
        Self::Command(Command::Load),
        Self::Command(Command::Play),
        Self::Command(Command::Pause),
        Self::Command(Command::Seek),
        Self::Command(Command::Stop),
        Self::Event(Event::SourceSelected),
        Self::Event(Event::Audible),
        Self::Event(Event::Sought),
        Self::Event(Event::Underflow),
        Self::Event(Event::ContextLeft),
        Self::Event(Event::ContextRunning),
        Self::Event(Event::WorkletSilent),
        Self::Event(Event::ConnectionLost),
        Self::Event(Event::ConnectionBack),
        Self::Event(Event::Ended),
        Self::Event(Event::Failed),
    ];
}

/// Why a play or a load failed; each has one `error.type` and one `DOMException` name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PlayFailure {
    /// The browser does not let the page make a sound without the listener.
    NotAllowed,
    /// The bytes or the source are of no kind that can be played.
    NotSupported,
    /// The bytes are of a known kind and can't be decoded.
    Undecodable,
    /// The file ends before its own length.
    Truncated,
    /// The server answered with an error.
    HttpStatus(u16),
    /// The network, or the server, is gone.
    Network,
    /// The server sent nothing within the time limit.
    Timeout,
    /// The source is of another origin, and its response may not be read by a script (CORS).
    Opaque,
    /// Another version of the file has taken its place while it was fetched.
    SourceChanged,
    /// The app's source resolver failed.
    Resolve,
    /// A part of the SDK (worker, worklet, wasm) could not be loaded.
    Unavailable,
    /// The page and the worker come from different versions of the SDK.
    VersionMismatch,
    /// The Worker ended, or does not answer any more.
    WorkerLost,
    /// The Worker ended by a fault: it threw, or its wasm trapped.
    WorkerFault,
    /// The audio output was closed, failed, or does not render any more.
    OutputLost,
    /// Another load, a stop, or the app's signal ended it. No error of the track.
    Aborted,
    /// The player has no source, or is destroyed.
    InvalidState,
}

impl PlayFailure {
    /// The value of `error.type`; a status code as OpenTelemetry writes it.
    pub fn error_type(self) -> String {
        match self {
            Self::HttpStatus(status) => decimal(status.into()),
            Self::NotAllowed => "autoplay_refused".into(),
            Self::NotSupported => "unsupported_format".into(),
            Self::Undecodable => "undecodable".into(),
            Self::Truncated => "truncated".into(),
            Self::Network => "network".into(),
            Self::Timeout => "timeout".into(),
            Self::Opaque => "cors".into(),
            Self::SourceChanged => "source_changed".into(),
            Self::Resolve => "resolve".into(),
            Self::Unavailable => "unavailable".into(),
            Self::VersionMismatch => "version_mismatch".into(),
            Self::WorkerLost => "worker_lost".into(),
            Self::WorkerFault => "worker_fault".into(),
            Self::OutputLost => "output_lost".into(),
            Self::Aborted => "aborted".into(),
            Self::InvalidState => "invalid_state".into(),
        }
    }

    /// The `DOMException` name (Web IDL section 2.8.1) that JavaScript sees.
    pub fn dom_name(self) -> &'static str {
        match self {
            Self::NotAllowed => "NotAllowedError",
            Self::NotSupported => "NotSupportedError",
            Self::Undecodable | Self::Truncated => "EncodingError",
            Self::HttpStatus(_)
            | Self::Network
            | Self::Timeout
            | Self::Opaque
            | Self::SourceChanged
            | Self::Resolve
            | Self::Unavailable => "NetworkError",
            Self::WorkerLost | Self::WorkerFault | Self::OutputLost => "OperationError",
            Self::Aborted => "AbortError",
            Self::VersionMismatch | Self::InvalidState => "InvalidStateError",
        }
    }

    /// The exception's message, one sentence.
    pub fn message(self) -> String {
        let text = match self {
            Self::HttpStatus(status) => {
                let mut text = String::from("The server answered the media request with status ");
                text.push_str(&decimal(status.into()));
                text.push('.');
                return text;
            }
            Self::NotAllowed => "The browser refused to start audio without a user gesture.",
            Self::NotSupported => "The source is in no format that can be played.",
            Self::Undecodable => "The source could not be decoded.",
            Self::Truncated => "The source ends before the length that its header states.",
            Self::Network => "The network failed while the source was fetched.",
            Self::Timeout => "The server sent nothing of the source within the time limit.",
            Self::Opaque => "The source is of another origin, without CORS: no script may read it.",
            Self::SourceChanged => "The source has changed while it was fetched.",
            Self::Resolve => "The source's resolve() failed.",
            Self::Unavailable => "A file of the player could not be loaded.",
            Self::VersionMismatch => "Page and worker are of different versions.",
            Self::WorkerLost => "The player's Worker ended or does not answer.",
            Self::WorkerFault => "The player's Worker ended by a fault.",
            Self::OutputLost => "The audio output was closed or does not render.",
            Self::Aborted => "The operation was aborted.",
            Self::InvalidState => "The player has no source, or was destroyed.",
        };
        text.into()
    }
}
