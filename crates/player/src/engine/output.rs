//! What the host must do.

use tonearm_messages::Command;

use super::{PlayerId, TelemetryId};
use crate::playback::PlayFailure;
use tonearm_telemetry::{Diagnostic, Export, Inspection};

/// A command to a player's worklet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkletCommand {
    /// Let the samples of this epoch be heard, now and as they come.
    Release {
        /// The epoch.
        epoch: u32,
    },
    /// Play nothing; keep what you have.
    Hold,
}

/// An event of the player, by the name that `HTMLMediaElement` gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlayerEvent(pub &'static str);

/// What an output is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// A player.
    Player(PlayerId),
    /// A pipeline.
    Pipeline(TelemetryId),
}

impl Output {
    /// Returns what it is for.
    pub fn owner(&self) -> Owner {
        match self {
            Self::Media { player, .. }
            | Self::Worklet { player, .. }
            | Self::Resolve { player, .. }
            | Self::CancelResolve { player }
            | Self::Reopen { player, .. }
            | Self::TerminateWorker { player }
            | Self::ReplaceContext { player }
            | Self::Alternative { player }
            | Self::Settle { player, .. }
            | Self::Failure { player, .. }
            | Self::Event { player, .. } => Owner::Player(*player),
            Self::Observe { telemetry }
            | Self::Spool { telemetry }
            | Self::Inspect { telemetry, .. }
            | Self::Diagnostic { telemetry, .. }
            | Self::Export { telemetry, .. } => Owner::Pipeline(*telemetry),
        }
    }
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// Send a command to a player's media plane.
    Media {
        /// The player.
        player: PlayerId,
        /// The command.
        command: Command,
    },
    /// Send a command to a player's worklet.
    Worklet {
        /// The player.
        player: PlayerId,
        /// The command.
        command: WorkletCommand,
    },
    /// Ask the app for the URL of a player's source.
    Resolve {
        /// The player.
        player: PlayerId,
        /// Names the play in the answer.
        play: u32,
    },
    /// The resolver's answer is not wanted any more.
    CancelResolve {
        /// The player.
        player: PlayerId,
    },
    /// Open another Worker and another output in the place of what there is.
    Reopen {
        /// The player.
        player: PlayerId,
        /// The browser's media element takes the place of both.
        element: bool,
    },
    /// End the Worker: it is lost, and may be in an endless loop.
    TerminateWorker {
        /// The player.
        player: PlayerId,
    },
    /// The player's audio context renders nothing any more: another takes its place.
    ReplaceContext {
        /// The player.
        player: PlayerId,
    },
    /// Select the app's next source; [`super::PlayerInput::Alternative`] follows.
    Alternative {
        /// The player.
        player: PlayerId,
    },
    /// Settle a promise.
    Settle {
        /// The player.
        player: PlayerId,
        /// The promise.
        token: u32,
        /// How.
        result: Result<(), PlayFailure>,
    },
    /// What ended the track, or that nothing does any more.
    Failure {
        /// The player.
        player: PlayerId,
        /// Why.
        failure: Option<PlayFailure>,
    },
    /// Dispatch an event.
    Event {
        /// The player.
        player: PlayerId,
        /// Which.
        event: PlayerEvent,
    },
    /// It is time to observe what the app observes; [`super::Input::Collect`] follows.
    Observe {
        /// The pipeline.
        telemetry: TelemetryId,
    },
    /// Keep a [`tonearm_telemetry::Telemetry::snapshot`] for the next visit, in the place of the last one.
    Spool {
        /// The pipeline.
        telemetry: TelemetryId,
    },
    /// Look at a record before it is queued; [`super::Input::Inspected`] follows.
    Inspect {
        /// The pipeline.
        telemetry: TelemetryId,
        /// The record.
        inspection: Inspection,
    },
    /// Make known that records did not arrive.
    Diagnostic {
        /// The pipeline.
        telemetry: TelemetryId,
        /// Which, and why.
        diagnostic: Diagnostic,
    },
    /// Send telemetry.
    Export {
        /// The pipeline.
        telemetry: TelemetryId,
        /// The request.
        export: Export,
    },
}
