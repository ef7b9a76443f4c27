//! What the control plane tells the media plane to do.

use crate::wire::{wire_enum, wire_struct};

/// One HTTP request for media bytes. Each is a span of its own, so the control plane starts every one of
/// them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Names the request in the facts that answer it; unique within a player.
    pub id: u32,
    /// First byte wanted; 0 asks for the whole file, open-ended.
    pub offset: u64,
    /// Lines `name: value` that go along: headers, and `CMCD`, which goes into the query.
    pub headers: Option<String>,
}

wire_struct!(Request { id, offset, headers });

/// A command to the media plane.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// The first message: the version of the package that the control plane comes from.
    Hello {
        /// [`crate::VERSION`] of the sender.
        version: String,
    },
    /// Opens a track at a position, and drops the one that is open.
    Open {
        /// Names the run of samples from here to the next `Open` or `Seek`; only grows.
        epoch: u32,
        /// Absolute URL of the media.
        url: String,
        /// Whether cookies go with the request, as `credentials: "include"`.
        credentials: bool,
        /// The sample rate of the output, in Hz.
        output_rate: u32,
        /// Where in the track the samples begin, in seconds.
        position: f64,
        /// Seconds of the track in a second of samples.
        speed: f64,
        /// The request that brings the first bytes.
        request: Request,
    },
    /// Goes on reading the open track: after a connection was lost, or when the read-ahead has room again.
    Fetch {
        /// The epoch that the bytes are for.
        epoch: u32,
        /// The request that brings them.
        request: Request,
    },
    /// Goes to another position in the open track.
    Seek {
        /// The new run of samples.
        epoch: u32,
        /// The position to go to, in seconds.
        position: f64,
        /// Seconds of the track in a second of samples.
        speed: f64,
    },
    /// Asks for a [`crate::Fact::Pong`], which the Worker's script returns as soon as its event loop is free.
    Ping {
        /// Names the answer; only grows.
        id: u32,
    },
    /// Asks for no more bytes: what is in memory is decoded and given, then the track ends with
    /// [`crate::MediaError::Interrupted`].
    Finish {
        /// The epoch that is given up.
        epoch: u32,
    },
    /// Drops the open track and its request.
    Close {},
}

wire_enum!(Command {
    0 => Hello { version },
    1 => Open { epoch, url, credentials, output_rate, position, speed, request },
    2 => Fetch { epoch, request },
    3 => Seek { epoch, position, speed },
    12 => Ping { id },
    5 => Finish { epoch },
} else 4 => Close {});
