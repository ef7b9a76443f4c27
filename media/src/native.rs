//! Tracks as native tests, fuzzers and tools have them: the formats themselves, without modules between.

use tonearm_formats::{Advance, Family, HostDecoders, Planes};

use crate::source::FormatTrack;

/// All formats.
pub type Native = tonearm_formats::Track;

/// A track of a family, from `start` seconds on.
pub fn open(family: Family, start: f64) -> Option<Native> {
    Native::new(family, start, HostDecoders::default())
}

impl FormatTrack for Native {
    fn set_total_bytes(&mut self, bytes: u64) {
        Self::set_total_bytes(self, bytes);
    }
    fn forget_total_bytes(&mut self) {
        Self::forget_total_bytes(self);
    }
    fn push(&mut self, bytes: &[u8]) {
        Self::push(self, bytes);
    }
    fn finish(&mut self) {
        Self::finish(self);
    }
    fn set_link_rate(&mut self, bytes_per_second: f64, min_skip_bytes: f64) {
        Self::set_link_rate(self, bytes_per_second, min_skip_bytes as u64);
    }
    fn seek(&mut self, position: f64) {
        Self::seek(self, position);
    }
    fn advance(&mut self, frames: usize) -> Advance {
        Self::advance(self, frames)
    }
    fn take(&mut self, frames: usize) -> Planes {
        Self::take(self, frames)
    }
    fn sample_rate(&self) -> u32 {
        Self::sample_rate(self)
    }
    fn channel_mask(&self) -> u32 {
        Self::channel_mask(self)
    }
    fn undecoded(&self) -> usize {
        Self::undecoded(self)
    }
    fn end_offset(&self) -> u64 {
        Self::end_offset(self)
    }
    fn frames(&self) -> u64 {
        Self::frames(self)
    }
    fn packets(&self) -> (u32, u32) {
        (Self::packets(self), self.failures())
    }
    fn buffered_end(&self) -> f64 {
        Self::buffered_end(self)
    }
    fn stated_duration(&self) -> Option<f64> {
        Self::stated_duration(self)
    }
    fn estimated_duration(&mut self) -> Option<f64> {
        Self::estimated_duration(self)
    }
    fn wants_end_probe(&self) -> bool {
        Self::wants_end_probe(self)
    }
    fn probe_end(&mut self, bytes: &[u8]) {
        Self::probe_end(self, bytes);
    }
    fn bytes_per_second(&self) -> f64 {
        Self::bytes_per_second(self)
    }
}
