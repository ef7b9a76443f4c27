//! Opus in Ogg (RFC 7845): the identification header.

use crate::demux::{Codec, Stream};

/// Bytes of a header without a channel mapping table, and where its family stands.
const HEADER_BYTES: usize = 19;
const FAMILY: usize = 18;

/// Whether a header is of a version and a channel mapping that can be played (RFC 7845 section 5.1): mono and
/// stereo; the layouts of Vorbis, up to eight channels; channels without a meaning.
pub(super) fn is_sound(head: &[u8]) -> bool {
    let &[_, _, _, _, _, _, _, _, version, channels, _, _, _, _, _, _, _, _, family, ref table @ ..] = head
    else {
        return false;
    };
    let mapped = |most: u8| {
        let [streams, coupled, rest @ ..] = table else { return false };
        let decoded = u16::from(*streams) + u16::from(*coupled);
        let order = rest.get(..channels.into()).unwrap_or_default();
        (1..=most).contains(&channels)
            && (1..=32).contains(streams)
            && coupled <= streams
            && order.len() == usize::from(channels)
            && order.iter().all(|&from| from == 255 || u16::from(from) < decoded)
    };
    let layout = match family {
        0 => matches!(channels, 1 | 2) && head.len() == HEADER_BYTES,
        1 => mapped(8),
        255 => mapped(32),
        _ => false,
    };
    version < 16 && layout
}

/// What the decoder is configured with: the header, but for what it says of both ends and of the gain, which
/// are applied to what is decoded.
fn configuration(head: &[u8]) -> Vec<u8> {
    let mut head = head.to_vec();
    if head.get(FAMILY).is_some_and(|&family| family > 0) {
        head[10..12].fill(0);
        head[16..18].fill(0);
    }
    head
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
        channel_mask: 0,
        delay: u16::from_le_bytes([skip_low, skip_high]).into(),
        end: None,
        open_ended: false,
        length: None,
        following: Some(0),
        continues: false,
        packet_frames: 960,
        bytes_per_second: 6000.0 * f64::from(channels),
        configuration: configuration(head),
        gain: 10f32.powf(gain / 20.0),
    })
}
