//! More than two channels, for two ears (Web Audio section 4.6, "up-mixing and down-mixing").

use tonearm_formats::Planes;

/// Square root of a half: what a centre and a surround channel put on each side.
const HALF_POWER: f32 = std::f32::consts::FRAC_1_SQRT_2;

/// One or two planes as they are, more as two. Channels are in the order of WAVE: left, right, centre, low,
/// surrounds.
pub fn to_stereo(mut planes: Planes) -> Planes {
    if planes.len() <= 2 {
        return planes;
    }
    let rest = planes.split_off(2);
    let channels = rest.len() + 2;
    for (at, plane) in rest.iter().enumerate() {
        let surround = if channels == 7 { at.saturating_sub(3) } else { at.saturating_sub(2) };
        match (channels, at) {
            // Four: no centre, two surrounds.
            (4, side) => add(&mut planes[side], plane),
            (_, 0) => {
                let (left, right) = planes.split_at_mut(1);
                add(&mut left[0], plane);
                add(&mut right[0], plane);
            }
            // Five have no low channel; of six and more, what is low is left out.
            (5, side) => add(&mut planes[side - 1], plane),
            (_, 1) => {}
            // Of seven, the first surround is in the middle behind.
            (7, 2) => {
                for side in &mut planes {
                    add(side, plane);
                }
            }
            _ => add(&mut planes[surround % 2], plane),
        }
    }
    planes
}

/// Once for all: in line at each place it is most of this module.
#[inline(never)]
fn add(to: &mut [f32], from: &[f32]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to += from * HALF_POWER);
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "one factor each")]
mod tests {
    use super::*;

    #[test]
    fn a_centre_is_on_both_sides_and_surrounds_on_theirs() {
        let one = |at: usize, channels: usize| {
            let planes = (0..channels).map(|channel| vec![if channel == at { 1.0 } else { 0.0 }]).collect();
            let mixed = to_stereo(planes);
            [mixed[0][0], mixed[1][0]]
        };
        assert_eq!(one(0, 2), [1.0, 0.0]);
        assert_eq!(one(2, 6), [HALF_POWER, HALF_POWER]);
        assert_eq!((one(3, 6), one(4, 6), one(5, 6)), ([0.0, 0.0], [HALF_POWER, 0.0], [0.0, HALF_POWER]));
        assert_eq!(
            (one(2, 4), one(3, 5), one(4, 5)),
            ([HALF_POWER, 0.0], [HALF_POWER, 0.0], [0.0, HALF_POWER])
        );
    }
}
