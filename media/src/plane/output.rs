//! What the media plane asks of its host.

use tonearm_formats::{Family, Planes};
use tonearm_messages::{Fact, Request};

/// What the host must do.
#[derive(Debug, PartialEq)]
pub enum Output {
    /// Post a fact to the control plane.
    Post(Fact),
    /// Send a request.
    Fetch {
        /// Its id, first byte and headers.
        request: Request,
        /// Absolute URL.
        url: String,
        /// Whether cookies go with it.
        credentials: bool,
    },
    /// Bring a track of a family: [`super::MediaPlane::handle_track`] takes it.
    Open {
        /// The epoch that asks.
        epoch: u32,
        /// What the bytes are.
        family: Family,
        /// Where its samples begin, in seconds.
        start: f64,
    },
    /// Find out whether a page that may not read the response gets one: a request in the mode `no-cors`.
    /// [`super::MediaPlane::handle_probe`] takes the answer.
    Probe {
        /// The request that failed.
        request: u32,
        /// Absolute URL.
        url: String,
        /// Whether cookies go with it.
        credentials: bool,
    },
    /// Drop a request.
    Abort {
        /// Its id.
        request: u32,
    },
    /// Throw away what the output holds and expect this epoch.
    Flush {
        /// The new epoch.
        epoch: u32,
    },
    /// Give samples to the output.
    Samples {
        /// Their epoch.
        epoch: u32,
        /// One or two planes of at most [`super::BLOCK_FRAMES`].
        planes: Planes,
    },
    /// The output may begin, or go on after it ran dry.
    Start {
        /// The epoch.
        epoch: u32,
    },
    /// No more samples come in this epoch.
    End {
        /// The epoch.
        epoch: u32,
        /// All frames given, at the output's rate.
        frames: u64,
    },
}
