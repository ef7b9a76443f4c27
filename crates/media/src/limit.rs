//! The guard against samples that no decoder should give: not finite, or far beyond full scale.

use tonearm_formats::Planes;

/// The largest magnitude of a sample that leaves the media plane: +12 dBFS.
pub const MAX_SAMPLE: f32 = 4.0;

/// Clamps samples beyond [`MAX_SAMPLE`] and replaces those that are no number by silence. Returns how many
/// samples were changed.
pub fn limit(planes: &mut Planes) -> usize {
    let mut changed = 0;
    for sample in planes.iter_mut().flatten() {
        if sample.is_nan() {
            *sample = 0.0;
            changed += 1;
        } else if sample.abs() > MAX_SAMPLE {
            *sample = MAX_SAMPLE.copysign(*sample);
            changed += 1;
        }
    }
    changed
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "samples are changed to exact values or not at all")]
mod tests {
    use super::*;

    #[test]
    fn samples_beyond_twelve_decibels_are_clamped_and_counted() {
        let mut planes = vec![
            vec![0.5, 4.0, -4.0, 4.000_001, f32::NEG_INFINITY],
            vec![f32::NAN, f32::INFINITY, -1e30, 0.0, -0.25],
        ];
        assert_eq!(limit(&mut planes), 5);
        assert_eq!(planes, [[0.5, 4.0, -4.0, 4.0, -4.0], [0.0, 4.0, -4.0, 0.0, -0.25]]);
        assert_eq!(limit(&mut planes), 0);
    }
}
