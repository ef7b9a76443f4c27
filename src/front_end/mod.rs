//! What a Rust front-end hands to its player and gets from it, in the words of the npm package's faces. Knows
//! no browser: the player itself is `browser/front_end`.

mod error;
mod event;
mod options;
mod source;
mod stats;
mod telemetry_config;

pub use error::PlayerError;
pub use event::PlayerEvent;
pub use options::{EngineOption, Options, PlayerOptions, ReplayGain};
pub use source::Source;
pub use stats::{PlayPhases, PlayerStats, TrackMetadata};
/// The state of a player.
pub use tonearm_player::playback::State as PlayerState;
