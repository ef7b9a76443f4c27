//! Opus (RFC 6716) for browsers without a decoder of their own, and for native tests.

use opus_rs::OpusDecoder;
use opus_rs::multistream::{ChannelMappingTable, MultistreamDecoder};

use super::{Decode, Planes, Undecodable};
use crate::demux::Stream;

/// The longest packet: 120 ms at 48 kHz (RFC 6716 section 3.1).
const MOST_FRAMES: usize = 5760;
const RATE: i32 = 48_000;
/// Where the channel mapping family stands in the identification header.
const FAMILY: usize = 18;

/// One stream, or several of which each carries one or two of the channels.
enum Inner {
    Single(Box<OpusDecoder>),
    Multiple(Box<MultistreamDecoder>),
}

struct Decoder {
    inner: Inner,
    table: Option<ChannelMappingTable>,
    /// Of each channel in the order of WAVE, which one it is in the order of the stream.
    order: &'static [usize],
    channels: usize,
    interleaved: Vec<f32>,
}

/// The channels of Vorbis' layouts (Vorbis I, section 4.3.9) in the order of WAVE.
fn order(channels: usize) -> &'static [usize] {
    match channels {
        3 => &[0, 2, 1],
        5 => &[0, 2, 1, 3, 4],
        6 => &[0, 2, 1, 5, 3, 4],
        7 => &[0, 2, 1, 6, 5, 3, 4],
        8 => &[0, 2, 1, 7, 5, 6, 3, 4],
        _ => &[],
    }
}

fn inner(table: Option<&ChannelMappingTable>, channels: usize) -> Option<Inner> {
    match table {
        Some(table) => {
            let inner = MultistreamDecoder::new(RATE, table.clone()).ok()?;
            Some(Inner::Multiple(Box::new(inner)))
        }
        None => Some(Inner::Single(Box::new(OpusDecoder::new(RATE, channels).ok()?))),
    }
}

pub(super) fn decoder(stream: &Stream) -> Option<Box<dyn Decode>> {
    let channels = usize::from(stream.channels);
    let family = stream.configuration.get(FAMILY).copied().unwrap_or(0);
    let tail = stream.configuration.get(FAMILY + 1..).unwrap_or_default();
    let table = ChannelMappingTable::parse(family, stream.channels, tail);
    if family > 0 && table.is_none() {
        return None;
    }
    let inner = inner(table.as_ref(), channels)?;
    let order = if family == 1 { order(channels) } else { &[] };
    Some(Box::new(Decoder { inner, table, order, channels, interleaved: vec![0.0; MOST_FRAMES * channels] }))
}

impl Decode for Decoder {
    fn reset(&mut self) {
        if let Some(fresh) = inner(self.table.as_ref(), self.channels) {
            self.inner = fresh;
        }
    }

    fn decode(&mut self, packet: &[u8], out: &mut Planes) -> Result<(), Undecodable> {
        let frames = match &mut self.inner {
            Inner::Single(inner) => inner.decode(packet, MOST_FRAMES, &mut self.interleaved),
            Inner::Multiple(inner) => inner.decode(packet, MOST_FRAMES, &mut self.interleaved),
        };
        let frames = frames.map_err(|_| Undecodable)?;
        let samples = self.interleaved.get(..frames * self.channels).ok_or(Undecodable)?;
        for (channel, plane) in out.iter_mut().enumerate() {
            let from = self.order.get(channel).copied().unwrap_or(channel);
            plane.clear();
            plane.extend(samples.iter().skip(from).step_by(self.channels).copied());
        }
        Ok(())
    }
}
