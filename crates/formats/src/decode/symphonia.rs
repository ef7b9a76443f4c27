//! Symphonia's decoders, fed with packets of our own demuxers.

use symphonia_core::audio::{Audio, GenericAudioBufferRef};
use symphonia_core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia_core::packet::PacketRef;
use symphonia_core::units::{Duration, Timestamp};

use super::{Decode, Planes, Undecodable};
use crate::demux::Stream;

/// One of them. `exact` says how many frames each packet has, where that is one number.
struct Decoder<D> {
    inner: D,
    exact: Option<usize>,
}

fn parameters(stream: &Stream) -> AudioCodecParameters {
    let mut parameters = AudioCodecParameters::new();
    parameters.with_sample_rate(stream.sample_rate);
    if !stream.configuration.is_empty() {
        parameters.with_extra_data(stream.configuration.clone().into_boxed_slice());
    }
    parameters
}

fn options() -> AudioDecoderOptions {
    AudioDecoderOptions::default().gapless(false)
}

#[cfg(feature = "mp3-decoder")]
pub(super) fn mp3(stream: &Stream) -> Option<Box<dyn Decode>> {
    let mut parameters = parameters(stream);
    parameters.for_codec(symphonia_core::codecs::audio::well_known::CODEC_ID_MP3);
    let inner = symphonia_bundle_mp3::MpaDecoder::try_new(&parameters, &options()).ok()?;
    Some(Box::new(Decoder { inner, exact: Some(stream.packet_frames as usize) }))
}

#[cfg(feature = "aac")]
pub(super) fn aac(stream: &Stream) -> Option<Box<dyn Decode>> {
    let mut parameters = parameters(stream);
    parameters.for_codec(symphonia_core::codecs::audio::well_known::CODEC_ID_AAC);
    let inner = symphonia_codec_aac::AacDecoder::try_new(&parameters, &options()).ok()?;
    Some(Box::new(Decoder { inner, exact: Some(1024) }))
}

#[cfg(feature = "flac")]
pub(super) fn flac(stream: &Stream) -> Option<Box<dyn Decode>> {
    let mut parameters = parameters(stream);
    parameters.for_codec(symphonia_core::codecs::audio::well_known::CODEC_ID_FLAC);
    let inner = symphonia_bundle_flac::FlacDecoder::try_new(&parameters, &options()).ok()?;
    Some(Box::new(Decoder { inner, exact: None }))
}

#[cfg(feature = "vorbis")]
pub(super) fn vorbis(stream: &Stream) -> Option<Box<dyn Decode>> {
    // The identification header has 30 bytes; the setup header follows.
    crate::ogg::vorbis::codebooks_are_sound(stream.configuration.get(30..)?)?;
    let mut parameters = parameters(stream);
    parameters.for_codec(symphonia_core::codecs::audio::well_known::CODEC_ID_VORBIS);
    let inner = symphonia_codec_vorbis::VorbisDecoder::try_new(&parameters, &options()).ok()?;
    Some(Box::new(Decoder { inner, exact: None }))
}

impl<D: AudioDecoder> Decode for Decoder<D> {
    fn reset(&mut self) {
        self.inner.reset();
    }

    fn decode(&mut self, packet: &[u8], out: &mut Planes) -> Result<(), Undecodable> {
        let packet = PacketRef::new(0, Timestamp::ZERO, Duration::ZERO, packet);
        let exact = self.exact;
        let fits = |frames: usize| exact.is_none_or(|exact| exact == frames);
        match self.inner.decode_ref(&packet) {
            Ok(GenericAudioBufferRef::F32(buffer)) if fits(buffer.frames()) => {
                for (out, plane) in out.iter_mut().zip(buffer.iter_planes()) {
                    out.clear();
                    out.extend_from_slice(plane);
                }
                Ok(())
            }
            #[cfg(feature = "flac")]
            Ok(GenericAudioBufferRef::S32(buffer)) => {
                for (out, plane) in out.iter_mut().zip(buffer.iter_planes()) {
                    out.clear();
                    // Full scale is 2³¹, whatever the depth of the file.
                    out.extend(plane.iter().map(|&sample| (f64::from(sample) / 2_147_483_648.0) as f32));
                }
                Ok(())
            }
            _ => Err(Undecodable),
        }
    }
}
