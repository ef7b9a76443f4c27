//! Opus in Ogg (RFC 7845): the identification header, and how long a packet lasts (RFC 6716 section 3.1).

use crate::demux::{Codec, Stream};

/// Whether a header is of a version and a channel mapping that can be played: one stream, mono or stereo.
pub(super) fn is_sound(head: &[u8]) -> bool {
    matches!(head, [_, _, _, _, _, _, _, _, version, 1 | 2, .., 0] if *version < 16 && head.len() == 19)
}

/// The stream that a header describes.
pub(super) fn describe(head: &[u8]) -> Option<Stream> {
    let &[_, _, _, _, _, _, _, _, _, channels, skip_low, skip_high, _, _, _, _, gain_low, gain_high, ..] =
        head
    else {
        return None;
    };
    let gain = f32::from(i16::from_le_bytes([gain_low, gain_high])) / 256.0;
    Some(Stream {
        codec: Codec::Opus,
        sample_rate: 48_000,
        channels,
        delay: u16::from_le_bytes([skip_low, skip_high]).into(),
        end: None,
        length: None,
        packet_frames: 960,
        bytes_per_second: 6000.0 * f64::from(channels),
        configuration: head.to_vec(),
        gain: 10f32.powf(gain / 20.0),
    })
}

/// Frames of a packet at 48 kHz: those of its configuration times their count.
pub(super) fn duration(packet: &[u8]) -> Option<u32> {
    let &toc = packet.first()?;
    let config = toc >> 3;
    let frame = match config {
        0..=11 => [480, 960, 1920, 2880][usize::from(config & 3)],
        12..=15 => [480, 960][usize::from(config & 1)],
        _ => 120 << (config & 3),
    };
    let count = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u32::from(packet.get(1)? & 0x3f),
    };
    let frames = frame * count;
    (1..=5760).contains(&frames).then_some(frames)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_by_the_table() {
        assert_eq!(duration(&[0b0000_0000]), Some(480));
        assert_eq!(duration(&[0b0001_1000]), Some(2880));
        assert_eq!(duration(&[0b0110_1001]), Some(1920));
        assert_eq!(duration(&[0b1111_1000]), Some(960));
        assert_eq!(duration(&[0b1111_1011, 6]), Some(5760));
        assert_eq!(duration(&[0b1111_1111, 7]), None);
        assert_eq!(duration(&[]), None);
    }
}
