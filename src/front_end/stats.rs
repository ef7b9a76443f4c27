//! The figures of a play, and what a file says of its music.

use std::collections::BTreeMap;

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

/// The figures of the current or last play. Times in seconds.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlayerStats {
    /// Audible audio.
    pub play_time: f64,
    /// Silence of stalls.
    pub stall_time: f64,
    /// Stalls.
    pub stalls: u32,
    /// Packets that could not be decoded and became silence.
    pub decode_failures: u32,
    /// Play request to first audible sample, once there is one.
    #[serde(deserialize_with = "finite")]
    pub latency: Option<f64>,
    /// The parts that the latency is the sum of.
    pub phases: PlayPhases,
}

/// The parts of a play's latency, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlayPhases {
    /// Play request to media request.
    pub metadata: f64,
    /// To the head of the response.
    pub connect: f64,
    /// To the first byte of the media.
    pub first_byte: f64,
    /// To the first decoded frame.
    pub decode: f64,
    /// To the first audible sample.
    pub output: f64,
}

/// A number that is NaN until it is known.
fn finite<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    Ok(Some(f64::deserialize(deserializer)?).filter(|number| number.is_finite()))
}

/// What a file says of its music: texts by the names of Vorbis comments, in small letters (`title`, `artist`,
/// `album`, `tracknumber`). Empty before that is read ([`crate::PlayerEvent::MetadataChange`]).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrackMetadata(pub BTreeMap<String, String>);

impl TrackMetadata {
    /// The text of a name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

/// A member of the package's `TrackMetadata`: the cover is a `Blob`.
#[derive(Deserialize)]
#[serde(untagged)]
enum Member {
    Text(String),
    Other(IgnoredAny),
}

impl<'de> Deserialize<'de> for TrackMetadata {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let members = BTreeMap::<String, Member>::deserialize(deserializer)?;
        let text = |(name, member)| match member {
            Member::Text(text) => Some((name, text)),
            Member::Other(_) => None,
        };
        Ok(Self(members.into_iter().filter_map(text).collect()))
    }
}
