//! Decoded frames at the file's own rate that may not have been played yet.
//!
//! A change of the playback rate, and a seek of a few seconds, is served from here: nothing is decoded or
//! fetched again.

use std::collections::VecDeque;

use tonearm_formats::Planes;

/// Frames that are kept at most: 22 s at 48 kHz, 8 MiB in stereo.
pub const MAX_FRAMES: usize = 1 << 20;

/// Consecutive frames of one format.
#[derive(Debug)]
pub struct Block {
    /// Position in the track of the first frame, in seconds.
    pub at: f64,
    /// Sample rate in Hz.
    pub rate: u32,
    /// One or two planes of equal length.
    pub planes: Planes,
}

impl Block {
    /// Frames in the block.
    pub fn frames(&self) -> usize {
        self.planes.first().map_or(0, Vec::len)
    }

    /// Position after the last frame, in seconds.
    pub fn end(&self) -> f64 {
        self.at + self.frames() as f64 / f64::from(self.rate.max(1))
    }
}

/// The blocks that are kept, and how many of them are still to be resampled again.
#[derive(Debug, Default)]
pub struct History {
    blocks: VecDeque<Block>,
    frames: usize,
    /// The last blocks that are to be resampled again.
    pending: usize,
}

impl History {
    /// Appends a block. The oldest ones give way where they are more than [`MAX_FRAMES`].
    pub fn push(&mut self, block: Block) {
        self.frames += block.frames();
        self.blocks.push_back(block);
        while self.frames > MAX_FRAMES {
            self.drop_first();
        }
    }

    /// Drops blocks that end before `seconds`.
    pub fn drop_before(&mut self, seconds: f64) {
        while self.blocks.len() > self.pending
            && self.blocks.front().is_some_and(|block| block.end() < seconds)
        {
            self.drop_first();
        }
    }

    /// Drops all blocks: those that follow are of another place in the track.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Goes back to the block at `seconds`, where it is kept; says whether it is.
    pub fn rewind(&mut self, seconds: f64) -> bool {
        let kept = self.blocks.front().is_some_and(|block| block.at <= seconds);
        let after = self.blocks.iter().rev().take_while(|block| block.end() > seconds).count();
        self.pending = if kept { after } else { 0 };
        kept && after > 0
    }

    /// The next block to resample again.
    pub fn next_pending(&mut self) -> Option<&Block> {
        let at = self.blocks.len().checked_sub(self.pending)?;
        self.pending = self.pending.saturating_sub(1);
        self.blocks.get(at)
    }

    /// Whether blocks are left to resample again.
    pub fn is_pending(&self) -> bool {
        self.pending > 0
    }

    /// Frames that are kept.
    pub fn frames(&self) -> usize {
        self.frames
    }

    fn drop_first(&mut self) {
        self.frames -= self.blocks.pop_front().map_or(0, |block| block.frames());
        self.pending = self.pending.min(self.blocks.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(at: f64, frames: usize) -> Block {
        Block { at, rate: 1000, planes: vec![vec![0.0; frames]] }
    }

    #[test]
    fn it_goes_back_to_what_is_kept_and_no_further() {
        let mut history = History::default();
        for n in 0..10 {
            history.push(block(f64::from(n), 1000));
        }
        history.drop_before(2.5);
        assert!(!history.rewind(1.9) && !history.rewind(10.0));
        assert!(history.rewind(7.5));
        let mut places = Vec::new();
        while let Some(block) = history.next_pending() {
            places.push(block.at as u32);
        }
        assert_eq!(places, [7, 8, 9]);
        history.clear();
        assert!(!history.rewind(7.5));
    }

    #[test]
    fn it_holds_no_more_than_its_frames() {
        let mut history = History::default();
        for n in 0..3000 {
            history.push(block(f64::from(n), 4096));
            assert!(history.frames() <= MAX_FRAMES);
        }
        assert!(history.frames() > MAX_FRAMES - 4096 && history.rewind(2999.0) && !history.rewind(0.0));
    }
}
