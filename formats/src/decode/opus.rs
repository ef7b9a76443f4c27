//! Opus (RFC 6716) for browsers without a decoder of their own, and for native tests.

use opus_rs::OpusDecoder;

use super::{Decode, Planes, Undecodable};
use crate::demux::Stream;

/// The longest packet: 120 ms at 48 kHz (RFC 6716 section 3.1).
const MOST_FRAMES: usize = 5760;

struct Decoder {
    inner: Box<OpusDecoder>,
    channels: usize,
    interleaved: Vec<f32>,
}

pub(super) fn decoder(stream: &Stream) -> Option<Box<dyn Decode>> {
    let channels = usize::from(stream.channels);
    let inner = Box::new(OpusDecoder::new(48_000, channels).ok()?);
    Some(Box::new(Decoder { inner, channels, interleaved: vec![0.0; MOST_FRAMES * channels] }))
}

impl Decode for Decoder {
    fn reset(&mut self) {
        if let Ok(fresh) = OpusDecoder::new(48_000, self.channels) {
            *self.inner = fresh;
        }
    }

    fn decode(&mut self, packet: &[u8], out: &mut Planes) -> Result<(), Undecodable> {
        let frames =
            self.inner.decode(packet, MOST_FRAMES, &mut self.interleaved).map_err(|_| Undecodable)?;
        let samples = self.interleaved.get(..frames * self.channels).ok_or(Undecodable)?;
        for (channel, plane) in out.iter_mut().enumerate() {
            plane.clear();
            plane.extend(samples.iter().skip(channel).step_by(self.channels).copied());
        }
        Ok(())
    }
}
