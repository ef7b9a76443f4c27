//! What each codec's packets say of themselves: which are headers, and how long the others last.

#[cfg(feature = "opus")]
use super::opus;
#[cfg(feature = "vorbis")]
use super::vorbis::Modes;
use crate::demux::{Codec, Stream};
#[cfg(feature = "flac")]
use crate::flac::{Parsed, StreamInfo, parse};
use crate::tags::{Tags, vorbis_comment};

/// The codec of one logical stream.
#[derive(Debug, Clone)]
pub(super) enum Mapping {
    /// Vorbis I, appendix A.2.
    #[cfg(feature = "vorbis")]
    Vorbis {
        /// The identification header, then the setup header.
        headers: Vec<u8>,
        /// Known behind the setup header.
        modes: Option<Modes>,
        /// The block before, for the overlap.
        last: Option<u32>,
    },
    /// RFC 7845.
    #[cfg(feature = "opus")]
    Opus {
        /// The identification header.
        head: Vec<u8>,
    },
    /// RFC 9639 section 10.1.
    #[cfg(feature = "flac")]
    Flac {
        /// Of the mapping's first packet.
        info: StreamInfo,
    },
}

/// What a header packet is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PacketRole {
    /// A header; more follow.
    More,
    /// The last header.
    Last,
    /// No header: audio, or damage.
    Audio,
}

impl Mapping {
    /// The mapping that a stream's first packet names.
    pub(super) fn begin(packet: &[u8]) -> Option<Self> {
        #[cfg(feature = "vorbis")]
        if packet.starts_with(b"\x01vorbis") && packet.len() >= 30 {
            return Some(Self::Vorbis { headers: packet[..30].to_vec(), modes: None, last: None });
        }
        #[cfg(feature = "opus")]
        if packet.starts_with(b"OpusHead") && opus::is_sound(packet) {
            return Some(Self::Opus { head: packet.to_vec() });
        }
        #[cfg(feature = "flac")]
        if packet.starts_with(b"\x7fFLAC") {
            // Version, count of headers, the native signature, a metadata block's header.
            let info = StreamInfo::parse(packet.get(17..)?)?;
            return Some(Self::Flac { info });
        }
        let _ = packet;
        None
    }

    /// The sample rate that the first packet states, in Hz.
    pub(super) fn sample_rate(&self) -> Option<u32> {
        match self {
            #[cfg(feature = "vorbis")]
            Self::Vorbis { headers, .. } => {
                crate::bytes::Reader(headers.get(12..)?).le(4).map(|rate| rate as u32)
            }
            #[cfg(feature = "opus")]
            Self::Opus { .. } => Some(48_000),
            #[cfg(feature = "flac")]
            Self::Flac { info } => Some(info.sample_rate),
        }
    }

    /// Takes a packet after the first, as long as headers come.
    pub(super) fn header(&mut self, packet: &[u8], tags: &mut Tags) -> PacketRole {
        match self {
            #[cfg(feature = "vorbis")]
            Self::Vorbis { headers, modes, .. } => match packet {
                [3, b'v', b'o', b'r', b'b', b'i', b's', comments @ ..] => {
                    vorbis_comment::read(comments, tags);
                    PacketRole::More
                }
                [5, b'v', b'o', b'r', b'b', b'i', b's', ..] => {
                    *modes = Modes::parse(headers, packet);
                    headers.truncate(30);
                    headers.extend_from_slice(packet);
                    PacketRole::Last
                }
                _ => PacketRole::Audio,
            },
            #[cfg(feature = "opus")]
            Self::Opus { .. } => match packet.strip_prefix(b"OpusTags") {
                Some(comments) => {
                    vorbis_comment::read(comments, tags);
                    PacketRole::Last
                }
                None => PacketRole::Audio,
            },
            #[cfg(feature = "flac")]
            Self::Flac { .. } => {
                let (Some(&kind), Some(body)) = (packet.first(), packet.get(4..)) else {
                    return PacketRole::Audio;
                };
                match kind & 0x7f {
                    4 => vorbis_comment::read(body, tags),
                    6 => vorbis_comment::read_picture(body, tags),
                    127 => return PacketRole::Audio,
                    _ => {}
                }
                if kind & 0x80 != 0 { PacketRole::Last } else { PacketRole::More }
            }
        }
    }

    /// Frames that a packet decodes to behind the one before. None behind a jump, where that is not known,
    /// and where it is no packet.
    pub(super) fn duration(&mut self, packet: &[u8]) -> Option<u32> {
        match self {
            #[cfg(feature = "vorbis")]
            Self::Vorbis { modes, last, .. } => {
                let block = modes.as_ref()?.block_size(packet)?;
                let before = last.replace(block)?;
                Some((before + block) / 4)
            }
            #[cfg(feature = "opus")]
            Self::Opus { .. } => crate::opus_packet::duration(packet),
            #[cfg(feature = "flac")]
            Self::Flac { .. } => match parse(packet) {
                Parsed::Header(header) => Some(header.block_size),
                _ => None,
            },
        }
    }

    /// Behind a jump or a hole: what comes next does not follow on what came before.
    pub(super) fn forget(&mut self) {
        match self {
            #[cfg(feature = "vorbis")]
            Self::Vorbis { last, .. } => *last = None,
            #[cfg(feature = "opus")]
            Self::Opus { .. } => {}
            #[cfg(feature = "flac")]
            Self::Flac { .. } => {}
        }
    }

    /// Frames to decode before a position, so that the decoder has settled.
    pub(super) fn preroll(&self) -> u64 {
        match self {
            #[cfg(feature = "vorbis")]
            Self::Vorbis { .. } => 0,
            #[cfg(feature = "opus")]
            Self::Opus { .. } => crate::demux::OPUS_PREROLL,
            #[cfg(feature = "flac")]
            Self::Flac { .. } => 0,
        }
    }

    /// The stream; `None` where the headers are unsound.
    pub(super) fn describe(&self) -> Option<Stream> {
        match self {
            #[cfg(feature = "vorbis")]
            Self::Vorbis { headers, modes, .. } => {
                modes.as_ref()?;
                let mut rest = crate::bytes::Reader(headers.get(11..)?);
                let (channels, sample_rate) = (rest.le(1)? as u8, rest.le(4)? as u32);
                rest.take(4)?;
                let nominal = (rest.le(4)? as u32).cast_signed();
                let bit_rate = if nominal > 0 { f64::from(nominal) } else { 64_000.0 * f64::from(channels) };
                (channels > 0 && sample_rate > 0).then(|| Stream {
                    codec: Codec::Vorbis,
                    sample_rate,
                    channels,
                    channel_mask: 0,
                    delay: 0,
                    end: None,
                    open_ended: false,
                    length: None,
                    following: Some(0),
                    continues: false,
                    packet_frames: 1024,
                    bytes_per_second: bit_rate / 8.0,
                    configuration: headers.clone(),
                    gain: 1.0,
                })
            }
            #[cfg(feature = "opus")]
            Self::Opus { head } => opus::describe(head),
            #[cfg(feature = "flac")]
            Self::Flac { info } => Some(info.describe(0, None)),
        }
    }
}
