//! The tracks that the demo has: what `tracks.json` says of the files beside it.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::Failure;

/// One track.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Track {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) artist: String,
    /// Seconds.
    pub(crate) duration: f64,
    /// The file's name; the URL once it is served.
    pub(crate) file: String,
    #[serde(default)]
    pub(crate) url: String,
}

/// Reads the catalogue, and says where each file is served.
pub(crate) fn read(folder: &Path, cdn: &str) -> Result<Vec<Track>, Failure> {
    let mut tracks: Vec<Track> = serde_json::from_slice(&std::fs::read(folder.join("tracks.json"))?)?;
    for track in &mut tracks {
        track.url = format!("{cdn}/tracks/{}", track.file);
    }
    Ok(tracks)
}
