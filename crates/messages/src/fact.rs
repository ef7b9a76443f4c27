//! What the media plane tells the control plane has happened. Times are milliseconds since the Unix epoch as
//! the Worker's `performance.timeOrigin + performance.now()` gives them: the page's clock reads the same
//! line.

use crate::wire::{wire_enum, wire_struct};

/// The status line and the headers of a media response that the control plane wants to know.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ResponseHead {
    /// HTTP status code.
    pub status: u16,
    /// Bytes of the whole file, where the response tells.
    pub total_bytes: Option<u64>,
    /// Whether the server serves byte ranges.
    pub ranges: bool,
    /// The CDN node, where `Server-Timing` tells it.
    pub node: Option<String>,
    /// What its cache said: of `Server-Timing`, `X-Cache` or `Cache-Status`.
    pub cache: Option<String>,
    /// The trace of the server's own span, where `Server-Timing` tells it.
    pub trace_id: Option<String>,
}

wire_struct!(ResponseHead { status, total_bytes, ranges, node, cache, trace_id });

/// How the body of a media request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyEnd {
    /// All of it was read.
    Complete {},
    /// We dropped it: the read-ahead is full, or a seek or a close made it useless.
    Dropped {},
    /// The connection failed, before or within the body.
    Failed {},
    /// There is a response, which a script may not read: of another origin, without CORS.
    Opaque {},
}

wire_enum!(BodyEnd { 0 => Complete {}, 1 => Dropped {}, 3 => Opaque {} } else 2 => Failed {});

/// What the track's bytes turned out to be.
#[derive(Debug, Clone, PartialEq)]
pub struct Format {
    /// The codec's registered name, `mp3` here.
    pub codec: String,
    /// Sample rate of the file, in Hz.
    pub sample_rate: u32,
    /// Channels of the file.
    pub channels: u8,
    /// Length in seconds, known or estimated from the bit rate; none for a stream without an end.
    pub duration: Option<f64>,
    /// Whether the length is an estimate.
    pub estimated: bool,
    /// Mean bit rate, in bits per second.
    pub bit_rate: u32,
}

wire_struct!(Format { codec, sample_rate, channels, duration, estimated, bit_rate });

/// Why the media plane can't go on with a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum MediaError {
    /// The bytes are in no format that can be played.
    UnsupportedFormat {},
    /// The format is known, and too many packets in a row are undecodable.
    Undecodable {},
    /// The file ends before the length that its own header states.
    Truncated {},
    /// The module of the format could not be had.
    Unavailable {},
    /// The two planes come from different versions of the package.
    VersionMismatch {},
    /// Another version of the file has taken its place while it was fetched.
    SourceChanged {},
    /// The control plane asks for no more bytes ([`crate::Command::Finish`]).
    Interrupted {},
}

wire_enum!(MediaError {
    0 => UnsupportedFormat {},
    1 => Undecodable {},
    2 => Truncated {},
    4 => Unavailable {},
    5 => SourceChanged {},
    6 => Interrupted {},
} else 3 => VersionMismatch {});

/// A fact from the media plane.
#[derive(Debug, Clone, PartialEq)]
pub enum Fact {
    /// The first message: the version of the package that the media plane comes from.
    Hello {
        /// [`crate::VERSION`] of the sender.
        version: String,
    },
    /// The response's status and headers are here.
    ResponseHead {
        /// The request's id.
        request: u32,
        /// When.
        at: f64,
        /// What they say.
        head: ResponseHead,
    },
    /// The first byte of a body is here that was not read before.
    FirstByte {
        /// The request's id.
        request: u32,
        /// When.
        at: f64,
    },
    /// A body ended, one way or another.
    BodyEnd {
        /// The request's id.
        request: u32,
        /// When.
        at: f64,
        /// Bytes of the body that were read.
        bytes: u64,
        /// How it ended.
        end: BodyEnd,
    },
    /// The bytes have been recognised.
    Format {
        /// The epoch.
        epoch: u32,
        /// What they are.
        format: Format,
    },
    /// The length that was an estimate is known.
    Duration {
        /// The epoch.
        epoch: u32,
        /// In seconds.
        duration: f64,
    },
    /// The length is estimated anew, by more of the file.
    Estimate {
        /// The epoch.
        epoch: u32,
        /// In seconds.
        duration: f64,
    },
    /// The first frame of the epoch is decoded.
    FirstDecoded {
        /// The epoch.
        epoch: u32,
        /// When.
        at: f64,
        /// Where in the track its first frame lies, in seconds.
        position: f64,
    },
    /// Packets were decoded; those that could not be became silence of the same length.
    Decoded {
        /// The epoch.
        epoch: u32,
        /// How many since the last such fact.
        packets: u32,
        /// How many of them became silence.
        failures: u32,
    },
    /// How far the track is in memory.
    Buffered {
        /// The epoch.
        epoch: u32,
        /// End of the buffered range, in seconds of the track.
        end: f64,
    },
    /// More bytes are wanted than the requests so far bring.
    BytesWanted {
        /// The epoch.
        epoch: u32,
        /// From which byte on.
        offset: u64,
    },
    /// Everything is decoded and on its way to the output.
    DecodedAll {
        /// The epoch.
        epoch: u32,
        /// End of the track, in seconds.
        end: f64,
        /// Frames of the file that the epoch decoded, trimmed, at the file's own rate.
        frames: u64,
        /// Packets that were undecodable in the epoch.
        failures: u32,
    },
    /// Answers a [`crate::Command::Ping`]: the same bytes, so that a script can return them.
    Pong {
        /// The ping's.
        id: u32,
    },
    /// The track can't go on.
    Failed {
        /// The epoch.
        epoch: u32,
        /// Why.
        error: MediaError,
    },
}

wire_enum!(Fact {
    0 => Hello { version },
    2 => ResponseHead { request, at, head },
    3 => FirstByte { request, at },
    4 => BodyEnd { request, at, bytes, end },
    1 => Duration { epoch, duration },
    13 => Estimate { epoch, duration },
    5 => Format { epoch, format },
    6 => FirstDecoded { epoch, at, position },
    7 => Decoded { epoch, packets, failures },
    8 => Buffered { epoch, end },
    9 => BytesWanted { epoch, offset },
    10 => DecodedAll { epoch, end, frames, failures },
    12 => Pong { id },
} else 11 => Failed { epoch, error });
