//! More than two channels, for two ears (Web Audio section 4.6, "up-mixing and down-mixing").
//!
//! Knows the channels by the bits of WAVEFORMATEXTENSIBLE's `dwChannelMask`, in whose order they come.

use tonearm_formats::Planes;

/// Square root of a half: what a centre and a surround channel put on each side.
const HALF_POWER: f32 = std::f32::consts::FRAC_1_SQRT_2;

const FRONT_LEFT: u32 = 0x1;
const FRONT_RIGHT: u32 = 0x2;
/// What is on both sides: front centre, back centre, and the centres of the top.
const CENTRES: u32 = 0x4 | 0x100 | 0x800 | 0x2000 | 0x10000;
/// Low frequencies are left out.
const LOW: u32 = 0x8;
/// What is on the left alone: back, front of centre, side, and the corners of the top. The others are on the
/// right.
const LEFT: u32 = 0x10 | 0x40 | 0x200 | 0x1000 | 0x8000;

/// The masks of files that state none, by their number of channels (RFC 9639 section 9.1.3; WAVE has the same
/// order).
const USUAL: [u32; 9] = [0, 0x4, 0x3, 0x7, 0x33, 0x37, 0x3f, 0x70f, 0x63f];

/// What a channel of a mask puts on the left and on the right.
fn shares(channel: u32) -> [f32; 2] {
    match channel {
        LOW => [0.0, 0.0],
        FRONT_LEFT => [1.0, 0.0],
        FRONT_RIGHT => [0.0, 1.0],
        _ if channel & CENTRES != 0 => [HALF_POWER, HALF_POWER],
        _ if channel & LEFT != 0 => [HALF_POWER, 0.0],
        _ => [0.0, HALF_POWER],
    }
}

/// One or two planes as they are, more as two. A mask that is not of as many channels counts as none;
/// channels beyond the usual ones are on the left and on the right in turn.
pub fn to_stereo(planes: Planes, mask: u32) -> Planes {
    let channels = planes.len();
    if channels <= 2 {
        return planes;
    }
    let usual = USUAL.get(channels).or(USUAL.last()).copied().unwrap_or(0);
    let mut left = if mask.count_ones() as usize == channels { mask } else { usual };
    let frames = planes.first().map_or(0, Vec::len);
    let mut mixed = vec![vec![0.0; frames]; 2];
    for (number, plane) in planes.iter().enumerate() {
        let channel = left & left.wrapping_neg();
        left &= left.wrapping_sub(1);
        let sides =
            if channel == 0 { shares(if number % 2 == 0 { 0x10 } else { 0x20 }) } else { shares(channel) };
        for (share, side) in sides.into_iter().zip(&mut mixed) {
            if share > 0.0 {
                side.iter_mut().zip(plane).for_each(|(to, from)| *to += from * share);
            }
        }
    }
    mixed
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "one factor each")]
mod tests {
    use super::*;

    const CENTRE: [f32; 2] = [HALF_POWER, HALF_POWER];
    const LEFT_SIDE: [f32; 2] = [HALF_POWER, 0.0];
    const RIGHT_SIDE: [f32; 2] = [0.0, HALF_POWER];

    /// What each channel puts on the two sides.
    fn mix(channels: usize, mask: u32) -> Vec<[f32; 2]> {
        let one = |at: usize| {
            let planes = (0..channels).map(|channel| vec![if channel == at { 1.0 } else { 0.0 }]).collect();
            let mixed = to_stereo(planes, mask);
            [mixed[0][0], mixed[1][0]]
        };
        (0..channels).map(one).collect()
    }

    #[test]
    fn channels_without_a_mask_are_in_the_usual_order() {
        let front = [[1.0, 0.0], [0.0, 1.0]];
        let rest = |channels| mix(channels, 0)[2..].to_vec();
        for channels in 2..12 {
            assert_eq!(mix(channels, 0)[..2], front, "{channels}");
        }
        assert_eq!(rest(3), [CENTRE]);
        assert_eq!(rest(4), [LEFT_SIDE, RIGHT_SIDE]);
        assert_eq!(rest(5), [CENTRE, LEFT_SIDE, RIGHT_SIDE]);
        assert_eq!(rest(6), [CENTRE, [0.0; 2], LEFT_SIDE, RIGHT_SIDE]);
        assert_eq!(rest(7), [CENTRE, [0.0; 2], CENTRE, LEFT_SIDE, RIGHT_SIDE]);
        assert_eq!(rest(8)[4..], [LEFT_SIDE, RIGHT_SIDE]);
        assert_eq!(rest(10)[4..], [LEFT_SIDE, RIGHT_SIDE, LEFT_SIDE, RIGHT_SIDE]);
    }

    #[test]
    fn a_mask_says_where_channels_are_heard() {
        // Low frequencies third; a centre behind; side and top channels; no front channels but the centre.
        assert_eq!(mix(3, 0xb)[2], [0.0; 2]);
        assert_eq!(mix(4, 0x107)[2..], [CENTRE, CENTRE]);
        assert_eq!(mix(6, 0x60f)[2..], [CENTRE, [0.0; 2], LEFT_SIDE, RIGHT_SIDE]);
        assert_eq!(mix(5, 0xd003)[2..], [LEFT_SIDE, RIGHT_SIDE, LEFT_SIDE]);
        assert_eq!(mix(4, 0x3c), [CENTRE, [0.0; 2], LEFT_SIDE, RIGHT_SIDE]);
    }

    #[test]
    fn a_mask_of_another_number_of_channels_counts_as_none() {
        for mask in [0x1, 0x3, 0xff, u32::MAX] {
            assert_eq!(mix(6, mask), mix(6, 0), "{mask:x}");
        }
    }
}
