//! Why a call of a player failed.

use std::fmt;

/// Why a call of a player failed: a variant for each name of a `DOMException` that the package documents,
/// with its message.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlayerError {
    /// `NotAllowedError`: the browser wants a user gesture.
    NotAllowed(String),
    /// `NetworkError`: the media, its URL or a file of the package could not be fetched.
    Network(String),
    /// `NotSupportedError`: a format, a rate or a browser without what a player needs.
    NotSupported(String),
    /// `EncodingError`: the media can't be decoded, or ends too early.
    Encoding(String),
    /// `AbortError`: another load, or the end of the player, came first.
    Abort(String),
    /// `InvalidStateError`: there is no source, or no player any more.
    InvalidState(String),
    /// `OperationError`: the core, the Worker or the audio output is lost; the next play has another.
    Operation(String),
    /// `QuotaExceededError`: too many calls wait for the core.
    QuotaExceeded(String),
    /// `TypeError`, `RangeError` or `IndexSizeError`: an argument is not what was expected.
    InvalidArgument(String),
    /// No script could be imported from that URL, or it is not the package's.
    Package(String),
    /// An error of another name.
    Other {
        /// Its name.
        name: String,
        /// Its message.
        message: String,
    },
}

impl PlayerError {
    /// The variant of an exception.
    pub fn from_name(name: &str, message: String) -> Self {
        match name {
            "NotAllowedError" => Self::NotAllowed(message),
            "NetworkError" => Self::Network(message),
            "NotSupportedError" => Self::NotSupported(message),
            "EncodingError" => Self::Encoding(message),
            "AbortError" => Self::Abort(message),
            "InvalidStateError" => Self::InvalidState(message),
            "OperationError" => Self::Operation(message),
            "QuotaExceededError" => Self::QuotaExceeded(message),
            "TypeError" | "RangeError" | "IndexSizeError" => Self::InvalidArgument(message),
            _ => Self::Other { name: name.into(), message },
        }
    }

    fn message(&self) -> &str {
        match self {
            Self::NotAllowed(message)
            | Self::Network(message)
            | Self::NotSupported(message)
            | Self::Encoding(message)
            | Self::Abort(message)
            | Self::InvalidState(message)
            | Self::Operation(message)
            | Self::QuotaExceeded(message)
            | Self::InvalidArgument(message)
            | Self::Package(message)
            | Self::Other { message, .. } => message,
        }
    }
}

impl fmt::Display for PlayerError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.message())
    }
}

impl std::error::Error for PlayerError {}
