//! The filter that the resampler runs: windowed sincs, one for each phase between two input frames.
//!
//! Owns the table and the product of a filter with samples. rubato makes the same, by the standard library's
//! sine and cosine, which weigh as much as the rest of the resampler; here each angle is a turn from the one
//! before.

use rubato::sinc_interpolator::SincInterpolator;

/// Samples of a filter that are summed apart from each other: additions that need not wait for each other.
const LANES: usize = 8;

/// Filters of one length, which is a multiple of [`LANES`].
pub(crate) struct Filters {
    table: Vec<f32>,
    taps: usize,
    phases: usize,
}

/// Cosine and sine of an angle, in radians, of less than a quarter of a circle: by their series.
fn turn(angle: f64) -> (f64, f64) {
    let (mut cosine, mut sine, mut term) = (0.0, 0.0, 1.0);
    for n in 0..12 {
        let sign = if n % 2 == 0 { 1.0 } else { -1.0 };
        cosine += sign * term;
        term *= angle / f64::from(2 * n + 1);
        sine += sign * term;
        term *= angle / f64::from(2 * n + 2);
    }
    (cosine, sine)
}

/// Turns a direction further.
fn turned((x, y): (f64, f64), (cosine, sine): (f64, f64)) -> (f64, f64) {
    (x * cosine - y * sine, x * sine + y * cosine)
}

impl Filters {
    /// `phases` filters of `taps`, whose pass band ends at `cutoff` of the Nyquist frequency.
    pub(crate) fn new(taps: usize, phases: usize, cutoff: f64) -> Self {
        let points = taps * phases;
        let half = points / 2;
        let step = std::f64::consts::PI * cutoff / phases as f64;
        let (sinc_turn, window_turn) = (turn(step), turn(std::f64::consts::TAU / points as f64));
        // From the middle on: both halves are alike.
        let (mut sinc, mut window) = ((1.0, 0.0), (-1.0, 0.0));
        let mut side = vec![0.0; half + 1];
        for (n, point) in side.iter_mut().enumerate() {
            let angle = step * n as f64;
            let (cosine, _) = window;
            // Cosines of two and three times the angle, of the squared window of Blackman and Harris.
            let (twice, thrice) = (2.0 * cosine * cosine - 1.0, (4.0 * cosine * cosine - 3.0) * cosine);
            let height = 0.35875 - 0.48829 * cosine + 0.14128 * twice - 0.01168 * thrice;
            *point = height * height * if n == 0 { 1.0 } else { sinc.1 / angle };
            (sinc, window) = (turned(sinc, sinc_turn), turned(window, window_turn));
        }
        let at = |point: usize| side.get(point.abs_diff(half)).copied().unwrap_or(0.0);
        let sum = (0..points).map(at).sum::<f64>() / phases as f64;
        let tap = |n: usize| (at(phases * (n % taps) + phases - 1 - n / taps) / sum) as f32;
        Self { table: (0..points).map(tap).collect(), taps, phases }
    }
}

impl SincInterpolator<f32> for Filters {
    fn get_sinc_interpolated(&self, wave: &[f32], index: usize, subindex: usize) -> f32 {
        let filter = self.table.get(subindex * self.taps..(subindex + 1) * self.taps).unwrap_or_default();
        let wave = wave.get(index..index + self.taps).unwrap_or_default();
        let mut sums = [0.0; LANES];
        for (wave, filter) in wave.as_chunks::<LANES>().0.iter().zip(filter.as_chunks::<LANES>().0) {
            for lane in 0..LANES {
                sums[lane] += wave[lane] * filter[lane];
            }
        }
        sums.iter().sum()
    }

    fn len(&self) -> usize {
        self.taps
    }

    fn nbr_sincs(&self) -> usize {
        self.phases
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rubato::WindowFunction;
    use rubato::sinc_interpolator::ScalarInterpolator;

    #[test]
    fn its_filters_are_those_of_rubato() {
        for (phases, cutoff) in [(2, 0.925), (147, 0.85), (160, 0.925), (320, 0.4)] {
            let own = Filters::new(96, phases, cutoff);
            let other =
                ScalarInterpolator::<f32>::new(96, phases, cutoff as f32, WindowFunction::BlackmanHarris2);
            for phase in 0..phases {
                for tap in 0..96 {
                    let mut wave = vec![0.0; 100];
                    wave[tap + 1] = 1.0;
                    let [own, other] = [
                        own.get_sinc_interpolated(&wave, 1, phase),
                        other.get_sinc_interpolated(&wave, 1, phase),
                    ];
                    // Its sums are of single precision.
                    assert!((own - other).abs() < 2e-5, "{phases}: {phase}, {tap}: {own} for {other}");
                }
            }
        }
    }
}
