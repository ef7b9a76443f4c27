//! The options of a pipeline and of a player.

use serde::Serialize;
use tonearm_telemetry::{Config, Propagators};

use crate::opentelemetry::Handle;

/// What a front-end says of its pipeline.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// `service.name`.
    pub service_name: String,
    /// Where OTLP goes; `/v1/traces` is added. The page's own origin where it is empty.
    pub endpoint: String,
    /// Headers of every export.
    pub headers: Vec<(String, String)>,
    /// Further resource attributes.
    pub resource: Vec<(String, String)>,
    /// How contexts are handed on.
    pub propagators: Propagators,
    /// Origins (`https://cdn.example.com`) besides the page's own whose requests by a player get a
    /// `traceparent` header.
    pub propagate_to: Vec<String>,
    /// Sampling, batches and all else; its resource and its propagators are those that stand above, it
    /// inspects nothing, and requests are compressed.
    pub config: Config,
}

/// Which engine plays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EngineOption {
    /// The package's own, and the browser's media element where that can't play.
    #[default]
    Auto,
    /// The package's own.
    Stream,
    /// The browser's media element.
    Element,
}

/// Whether the loudness that a file states is levelled, and of what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ReplayGain {
    /// It is not.
    #[default]
    Off,
    /// Of the track.
    Track,
    /// Of its album.
    Album,
}

/// The options of a player.
#[derive(Debug, Clone, Copy, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlayerOptions {
    /// The pipeline that records the plays, as [`crate::Options`] describe it. A player without one works
    /// alike, and records nothing.
    #[serde(skip)]
    pub telemetry: Option<Handle>,
    /// Which engine plays.
    pub engine: EngineOption,
    /// Levels tracks by the tags of their files.
    pub replay_gain: ReplayGain,
}
