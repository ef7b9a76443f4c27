//! What the worklet reports.

use tonearm_base::time::Instant;

/// A report of the worklet. Instants are page time; frames are at the output's rate, counted from the epoch's
/// start.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Report {
    /// The first frame of a start, a resume or a seek was audible.
    Audible {
        /// The epoch.
        epoch: u32,
        /// When it was audible.
        at: Instant,
        /// Frames before it.
        frames: u64,
        /// How `at` is known.
        method: &'static str,
    },
    /// How far the output is.
    Position {
        /// The epoch.
        epoch: u32,
        /// When.
        at: Instant,
        /// Frames played.
        frames: u64,
    },
    /// The output renders, and waits for samples.
    Waiting,
    /// The output plays, and the samples that it has asked the Worker for do not come.
    MediaSilent {
        /// The epoch.
        epoch: u32,
    },
    /// The ring has no samples left.
    GapStarted {
        /// The epoch.
        epoch: u32,
        /// When its first missing frame was due.
        at: Instant,
        /// Frames played.
        frames: u64,
    },
    /// The ring has samples again, or the listener has paused the track.
    GapEnded {
        /// The epoch.
        epoch: u32,
        /// When the first frame after it was audible.
        at: Instant,
        /// Frames of silence that were inserted.
        missing: u64,
        /// Whether samples follow.
        audible: bool,
    },
    /// The last frame was audible.
    Ended {
        /// The epoch.
        epoch: u32,
        /// When.
        at: Instant,
        /// Frames played.
        frames: u64,
    },
}
