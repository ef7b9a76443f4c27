//! Packets to planar samples: symphonia's decoders, PCM, and an Opus decoder for browsers that have none.
//!
//! A packet that can't be decoded is the track's to conceal. Which decoders there are is for the features to
//! say; what has none here is the host's to decode (`WebCodecs`).

#[cfg(feature = "opus-decoder")]
mod opus;
#[cfg(feature = "wav")]
mod pcm;
#[cfg(any(feature = "mp3-decoder", feature = "aac", feature = "flac", feature = "vorbis"))]
mod symphonia;

use crate::demux::{Codec, Stream};

/// Planar samples: as many planes as channels, all of one length, each sample within about ±1.
pub type Planes = Vec<Vec<f32>>;

/// A packet could not be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Undecodable;

/// The decoder of one stream.
pub trait Decode {
    /// Forgets what earlier packets left behind, for a jump in the stream.
    fn reset(&mut self);
    /// Decodes one packet into `out`, which is as long as it decodes to.
    fn decode(&mut self, packet: &[u8], out: &mut Planes) -> Result<(), Undecodable>;
}

/// The decoder for a stream; `None` where there is none here.
pub fn decoder(stream: &Stream) -> Option<Box<dyn Decode>> {
    match stream.codec {
        #[cfg(feature = "mp3-decoder")]
        Codec::Mp3 => symphonia::mp3(stream),
        // Its lower half alone, where the object type says that there is more: the host has the better
        // decoder.
        #[cfg(feature = "aac")]
        Codec::Aac(_) => symphonia::aac(stream),
        #[cfg(feature = "flac")]
        Codec::Flac => symphonia::flac(stream),
        #[cfg(feature = "vorbis")]
        Codec::Vorbis => symphonia::vorbis(stream),
        #[cfg(feature = "opus-decoder")]
        Codec::Opus => opus::decoder(stream),
        #[cfg(feature = "wav")]
        Codec::Pcm(pcm) => Some(Box::new(pcm::Decoder::new(pcm, stream.channels))),
        #[allow(unreachable_patterns, reason = "the codecs of a module without these features")]
        _ => None,
    }
}
