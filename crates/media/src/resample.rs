//! From the file's sample rate to the output's.
//!
//! Owns the delay of the filter: what comes out begins with the first input frame and has the input's length
//! times the ratio, rounded.

use rubato::{Resampler as _, SincFixedIn, SincInterpolationType};
use tonearm_formats::Planes;

use crate::filter::Filters;

/// Frames that the filter takes at once: half an MPEG-1 packet, one MPEG-2 packet.
const CHUNK: usize = 576;
/// Taps of the filter: −100 dB beside a pass band of 0.9 of the lower Nyquist frequency.
const TAPS: usize = 96;
/// End of the pass band, of the lower Nyquist frequency.
const CUTOFF: f64 = 0.925;

/// A resampler of one epoch.
pub struct Resampler {
    inner: Option<SincFixedIn<f32>>,
    input: Planes,
    output: Planes,
    skip: usize,
    taken: u64,
    given: u64,
    ratio: f64,
}

fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

/// Frames of silence to put in front and output frames to drop, so that what is left begins exactly with the
/// first input frame. Output frame `n` of the filter lies at input frame `(n + 1) / ratio - 1 + 1 / phases`
/// (measured: rubato 0.16 counts one step ahead, and its first phase is one off); the pair that comes nearest
/// to whole frames is taken.
fn alignment(ratio: f64, phases: usize) -> (usize, usize) {
    let at = |n: usize| (n + 1) as f64 / ratio - 1.0 + 1.0 / phases as f64;
    let off = |n: usize| (at(n) - at(n).round()).abs();
    let mut best = 1;
    for n in 2..=320 {
        if at(n).round() >= 0.0 && off(n) + 1e-9 < off(best) {
            best = n;
        }
    }
    (at(best).round() as usize, best)
}

impl Resampler {
    /// A resampler of `channels` planes between two rates in Hz; passes samples through where they are equal.
    pub fn new(from: u32, to: u32, channels: usize) -> Self {
        let ratio = f64::from(to) / f64::from(from);
        let divisor = greatest_common_divisor(to, from).max(1);
        let phases = (to / divisor) as usize;
        // With as many filters as the ratio has phases (160 for 44.1 to 48 kHz) the nearest one is the exact
        // one.
        let exact = phases <= 320;
        let filters = if exact { phases.max(2) } else { 160 };
        let interpolation =
            if exact { SincInterpolationType::Nearest } else { SincInterpolationType::Linear };
        let make = || {
            let filters = Box::new(Filters::new(TAPS, filters, CUTOFF * ratio.min(1.0)));
            SincFixedIn::new_with_interpolator(ratio, 1.0, interpolation, filters, CHUNK, channels).ok()
        };
        let inner = if from == to { None } else { make() };
        let room = inner.as_ref().map_or(0, |inner: &SincFixedIn<f32>| inner.output_frames_max());
        let (silence, skip) = if inner.is_some() { alignment(ratio, filters) } else { (0, 0) };
        Self {
            inner,
            input: vec![vec![0.0; silence]; channels],
            output: vec![vec![0.0; room]; channels],
            skip,
            taken: 0,
            given: 0,
            ratio,
        }
    }

    /// Takes frames `range` of `planes` and appends what comes out to `out`.
    pub fn process(&mut self, planes: &Planes, range: std::ops::Range<usize>, out: &mut Planes) {
        self.taken += range.len() as u64;
        if self.inner.is_none() {
            for (plane, out) in planes.iter().zip(out) {
                out.extend_from_slice(&plane[range.clone()]);
            }
            return;
        }
        for (plane, input) in planes.iter().zip(&mut self.input) {
            input.extend_from_slice(&plane[range.clone()]);
        }
        while self.input.first().is_some_and(|input| input.len() >= CHUNK) {
            self.chunk(out);
        }
    }

    /// Pushes out what the filter still holds, after the last frame.
    pub fn finish(&mut self, out: &mut Planes) {
        if self.inner.is_none() {
            return;
        }
        let wanted = (self.taken as f64 * self.ratio).round() as u64;
        while self.given < wanted {
            let before = self.given;
            for input in &mut self.input {
                input.resize(input.len().max(CHUNK), 0.0);
            }
            self.chunk(out);
            // The last chunk carries silence behind the last frame: cut it off again.
            if let Some(surplus) = self.given.checked_sub(wanted) {
                for plane in out.iter_mut() {
                    plane.truncate(plane.len() - surplus as usize);
                }
                self.given = wanted;
            } else if self.given == before && self.skip == 0 {
                return;
            }
        }
    }

    fn chunk(&mut self, out: &mut Planes) {
        let Some(inner) = self.inner.as_mut() else { return };
        let written =
            inner.process_into_buffer(&self.input, &mut self.output, None).map_or(0, |(_, written)| written);
        let skipped = self.skip.min(written);
        self.skip -= skipped;
        self.given += (written - skipped) as u64;
        for (plane, out) in self.output.iter().zip(out) {
            out.extend_from_slice(&plane[skipped..written]);
        }
        for input in &mut self.input {
            input.drain(..CHUNK.min(input.len()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(rate: u32, frames: usize) -> Planes {
        vec![(0..frames).map(|n| (n as f32 * 1000.0 * std::f32::consts::TAU / rate as f32).sin()).collect()]
    }

    #[test]
    fn a_sine_stays_a_sine_in_time_and_length() {
        for (from, to) in [(44_100, 48_000), (48_000, 44_100), (22_050, 48_000), (44_100, 96_000)] {
            let frames = from as usize / 2;
            let mut resampler = Resampler::new(from, to, 1);
            let mut out = vec![Vec::new()];
            let input = sine(from, frames);
            for start in (0..frames).step_by(1000) {
                resampler.process(&input, start..(start + 1000).min(frames), &mut out);
            }
            resampler.finish(&mut out);
            let want = sine(to, to as usize / 2);
            assert_eq!(out[0].len(), want[0].len(), "{from} to {to}");
            let middle = 2000..want[0].len() - 2000;
            let worst = middle.map(|n| (out[0][n] - want[0][n]).abs()).fold(0.0, f32::max);
            assert!(worst < 2e-3, "{from} to {to}: off by {worst}");
        }
    }

    #[test]
    fn equal_rates_pass_through() {
        let mut resampler = Resampler::new(44_100, 44_100, 1);
        let mut out = vec![Vec::new()];
        let input = sine(44_100, 3000);
        resampler.process(&input, 100..2900, &mut out);
        resampler.finish(&mut out);
        assert_eq!(out[0], input[0][100..2900]);
    }
}
