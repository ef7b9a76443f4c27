//! Uncompressed samples of WAVE: integers, floats, A-law and µ-law (ITU-T G.711).

use super::{Decode, Planes, Undecodable};
use crate::bytes::Reader;
use crate::demux::{Pcm, PcmKind};

pub(super) struct Decoder {
    pcm: Pcm,
    channels: usize,
}

impl Decoder {
    pub(super) fn new(pcm: Pcm, channels: u8) -> Self {
        Self { pcm, channels: channels.into() }
    }
}

impl Decode for Decoder {
    fn reset(&mut self) {}

    fn decode(&mut self, packet: &[u8], out: &mut Planes) -> Result<(), Undecodable> {
        let bytes = usize::from(self.pcm.bytes);
        out.iter_mut().for_each(Vec::clear);
        for frame in packet.chunks_exact(bytes * self.channels) {
            for (sample, plane) in frame.chunks_exact(bytes).zip(out.iter_mut()) {
                plane.push(value(self.pcm, sample));
            }
        }
        Ok(())
    }
}

fn value(pcm: Pcm, sample: &[u8]) -> f32 {
    let mut reader = Reader(sample);
    let bits = if pcm.big_endian { reader.be(sample.len()) } else { reader.le(sample.len()) };
    let bits = bits.unwrap_or(0);
    match (pcm.kind, pcm.bytes) {
        (PcmKind::Integer, 1) => (bits as f32 - 128.0) / 128.0,
        (PcmKind::Integer, bytes) => {
            // To the top of 32 bits, whose sign is then the sample's.
            let top = (bits as u32) << (32 - 8 * u32::from(bytes));
            (f64::from(top.cast_signed()) / 2_147_483_648.0) as f32
        }
        (PcmKind::Float, 4) => finite(f32::from_bits(bits as u32)),
        (PcmKind::Float, _) => finite(f64::from_bits(bits) as f32),
        (PcmKind::ALaw, _) => {
            let code = bits as u8 ^ 0x55;
            let (segment, step) = (u32::from(code >> 4 & 7), i32::from(code & 15) << 4);
            let size = if segment == 0 { step + 8 } else { (step + 0x108) << (segment - 1) };
            (if code & 0x80 != 0 { size } else { -size }) as f32 / 32_768.0
        }
        (PcmKind::MuLaw, _) => {
            let code = !(bits as u8);
            let size = (((i32::from(code & 15) << 3) + 0x84) << (code >> 4 & 7)) - 0x84;
            (if code & 0x80 != 0 { -size } else { size }) as f32 / 32_768.0
        }
    }
}

/// What is no number would silence everything behind it, the listener's output filter included.
fn finite(sample: f32) -> f32 {
    if sample.is_finite() { sample.clamp(-8.0, 8.0) } else { 0.0 }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "exact by their definition")]
mod tests {
    use super::*;

    #[test]
    fn full_scale_of_each() {
        let pcm = |bytes, kind| Pcm { bytes, kind, big_endian: false };
        assert_eq!(value(pcm(1, PcmKind::Integer), &[0]), -1.0);
        assert_eq!(value(pcm(2, PcmKind::Integer), &[0, 0x40]), 0.5);
        assert_eq!(value(pcm(3, PcmKind::Integer), &[0, 0, 0x80]), -1.0);
        assert_eq!(value(pcm(4, PcmKind::Float), &0.25f32.to_le_bytes()), 0.25);
        assert_eq!(value(pcm(4, PcmKind::Float), &f32::NAN.to_le_bytes()), 0.0);
        // G.711: the loudest codes, and the quietest.
        assert_eq!(value(pcm(1, PcmKind::ALaw), &[0xaa]), 32_256.0 / 32_768.0);
        assert_eq!(value(pcm(1, PcmKind::MuLaw), &[0x80]), 32_124.0 / 32_768.0);
        assert_eq!(value(pcm(1, PcmKind::MuLaw), &[0xff]), 0.0);
    }
}
