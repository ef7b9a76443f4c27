//! Packets to planar samples, through symphonia's decoder.
//!
//! Owns the rule for damage: a packet that can't be decoded becomes silence of the same length, so that the track keeps
//! its length and the listener loses 26 ms, not the song.

use symphonia_bundle_mp3::MpaDecoder;
use symphonia_core::audio::{Audio, GenericAudioBufferRef};
use symphonia_core::codecs::audio::{
    AudioCodecParameters, AudioDecoder, AudioDecoderOptions, well_known::CODEC_ID_MP3,
};
use symphonia_core::packet::PacketRef;
use symphonia_core::units::{Duration, Timestamp};

use crate::mp3::FrameHeader;

/// Undecodable packets in a row after which a track is given up: 6.5 s of MPEG-1 audio.
const MAX_FAILURES_IN_A_ROW: u32 = 250;

/// Planar samples: as many planes as channels, all of one length, each sample within about ±1.
pub type Planes = Vec<Vec<f32>>;

/// Too many packets in a row were undecodable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Undecodable;

/// The decoder of one stream.
pub struct Decoder {
    inner: MpaDecoder,
    planes: Planes,
    samples: usize,
    packets: u32,
    failures: u32,
    failures_in_a_row: u32,
}

impl Decoder {
    /// A decoder for the stream that `header` begins; `None` where the decoder refuses it.
    pub fn new(header: &FrameHeader) -> Option<Self> {
        let mut parameters = AudioCodecParameters::new();
        parameters.for_codec(CODEC_ID_MP3).with_sample_rate(header.sample_rate);
        let inner = MpaDecoder::try_new(&parameters, &AudioDecoderOptions::default().gapless(false)).ok()?;
        let samples = header.samples() as usize;
        let planes = vec![vec![0.0; samples]; usize::from(header.channels)];
        Some(Self { inner, planes, samples, packets: 0, failures: 0, failures_in_a_row: 0 })
    }

    /// Forgets what earlier packets left behind, for a jump in the stream.
    pub fn reset(&mut self) {
        self.inner.reset();
    }

    /// Decodes one packet; silence where it can't.
    pub fn decode(&mut self, packet: &[u8]) -> Result<&Planes, Undecodable> {
        let packet = PacketRef::new(0, Timestamp::ZERO, Duration::ZERO, packet);
        let decoded = match self.inner.decode_ref(&packet) {
            Ok(GenericAudioBufferRef::F32(buffer)) if buffer.frames() == self.samples => {
                for (plane, decoded) in self.planes.iter_mut().zip(buffer.iter_planes()) {
                    plane.copy_from_slice(decoded);
                }
                true
            }
            _ => false,
        };
        if decoded {
            self.packets += 1;
            self.failures_in_a_row = 0;
            Ok(&self.planes)
        } else {
            self.conceal()
        }
    }

    /// The silence that stands for a packet that is lost.
    pub fn conceal(&mut self) -> Result<&Planes, Undecodable> {
        self.packets += 1;
        self.failures += 1;
        self.failures_in_a_row += 1;
        for plane in &mut self.planes {
            plane.fill(0.0);
        }
        if self.failures_in_a_row > MAX_FAILURES_IN_A_ROW { Err(Undecodable) } else { Ok(&self.planes) }
    }

    /// Packets so far, lost ones included.
    pub fn packets(&self) -> u32 {
        self.packets
    }

    /// Packets that became silence so far.
    pub fn failures(&self) -> u32 {
        self.failures
    }
}
