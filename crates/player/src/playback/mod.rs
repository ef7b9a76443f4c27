//! The player's state machine: commands and events in, transitions and effects out.
//!
//! Owns what a player's state is and what may change it. Knows no telemetry, no bytes and no browser; an
//! effect says what must happen and nothing of how.

mod machine;
mod state;
mod table;

pub use machine::{Effect, Playback, Step, Transition};
pub use state::{Command, Event, Input, PlayFailure, State};
pub use table::{Next, next};
