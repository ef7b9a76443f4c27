//! What is wrong with the world: by region and by CDN node, from a file that drills change.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

/// What is wrong with a region or a node.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Wrong {
    /// So many times as slow.
    pub(crate) slow: f64,
    /// Part of the plays that are refused.
    pub(crate) refused: f64,
    /// Part of the plays that stall.
    pub(crate) stalls: f64,
    /// Part of the plays with damaged packets.
    pub(crate) damaged: f64,
}

/// The world.
#[derive(Debug, Default)]
pub(crate) struct World {
    file: Option<PathBuf>,
    looked: f64,
    wrong: BTreeMap<String, Wrong>,
}

impl World {
    pub(crate) fn new(file: Option<PathBuf>) -> Self {
        let mut world = Self { file, looked: -1e9, ..Self::default() };
        world.look(0.0);
        world
    }

    /// Looks again, once a second.
    pub(crate) fn look(&mut self, now: f64) {
        if now - self.looked < 1000.0 {
            return;
        }
        self.looked = now;
        // A file that is half written is read a second later.
        let read = self.file.as_ref().and_then(|file| std::fs::read(file).ok());
        if let Some(wrong) = read.and_then(|text| serde_json::from_slice(&text).ok()) {
            self.wrong = wrong;
        }
    }

    /// What is wrong for listeners of a region who are served by a node.
    pub(crate) fn of(&self, region: &str, node: &str) -> Wrong {
        let both = [region, node].map(|name| self.wrong.get(name).copied().unwrap_or_default());
        Wrong {
            slow: both[0].slow.max(both[1].slow),
            refused: both[0].refused.max(both[1].refused),
            stalls: both[0].stalls.max(both[1].stalls),
            damaged: both[0].damaged.max(both[1].damaged),
        }
    }
}
