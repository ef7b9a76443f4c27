//! What every demuxer has in common: bytes go in as they come, packets come out as they are whole, at any
//! split.
//!
//! A demuxer keeps the time line: it counts in decoded frames from the first that the decoder gives, encoder
//! delay included, and says where a packet lies wherever it knows better than by counting.

use crate::bytes::Window;
use crate::tags::Tags;
use crate::track::CodecName;

/// Why a file can't be demuxed any further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DemuxError {
    /// The bytes are not of the format, or of a part of it that can't be played.
    Unsupported,
    /// The bytes end well before the length that the file itself states.
    Truncated,
    /// Too many bytes in a row are no part of the stream.
    Undecodable,
}

/// Frames of Opus to decode before a position, so that the decoder has settled. RFC 7845 section 4.6 asks for
/// 80 ms, which leave noise 40 dB below the signal; after 200 it is 80.
pub const OPUS_PREROLL: u64 = 9600;

/// How a stream is coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Codec {
    /// MPEG-1, 2 and 2.5 layer III.
    Mp3,
    /// AAC of an object type of ISO/IEC 14496-3: 2 is low complexity, 5 and 29 are high efficiency.
    Aac(u8),
    /// FLAC.
    Flac,
    /// Vorbis.
    Vorbis,
    /// Opus.
    Opus,
    /// Uncompressed samples.
    Pcm(Pcm),
}

impl Codec {
    /// The codec without its parameters.
    pub fn name(self) -> CodecName {
        match self {
            Self::Mp3 => CodecName::Mp3,
            Self::Aac(_) => CodecName::Aac,
            Self::Flac => CodecName::Flac,
            Self::Vorbis => CodecName::Vorbis,
            Self::Opus => CodecName::Opus,
            Self::Pcm(_) => CodecName::Pcm,
        }
    }
}

/// How an uncompressed sample is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pcm {
    /// Bytes of one sample: 1 to 8.
    pub bytes: u8,
    /// What they are.
    pub kind: PcmKind,
    /// Whether the highest byte comes first.
    pub big_endian: bool,
}

/// What the bytes of a sample are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PcmKind {
    /// Two's complement; of one byte, an offset of 128.
    Integer,
    /// IEEE 754.
    Float,
    /// ITU-T G.711 A-law.
    ALaw,
    /// ITU-T G.711 µ-law.
    MuLaw,
}

/// What is known of a stream once its head is read.
#[derive(Debug, Clone, PartialEq)]
pub struct Stream {
    /// How it is coded.
    pub codec: Codec,
    /// Sample rate in Hz.
    pub sample_rate: u32,
    /// Channels.
    pub channels: u8,
    /// Decoded frames before the first that is to be heard.
    pub delay: u64,
    /// One past the last decoded frame that is to be heard, delay included, where the file states it.
    pub end: Option<u64>,
    /// Whether frames may follow `end`: the header's claim is a hint, and the demuxer finds the end
    /// ([`Demux::end`]).
    pub open_ended: bool,
    /// Where its channels are heard, in their order: the bits of WAVEFORMATEXTENSIBLE's `dwChannelMask`. 0
    /// where the file does not say it.
    pub channel_mask: u32,
    /// Frames to be heard, stated or estimated.
    pub length: Option<u64>,
    /// Frames of the streams that follow this one, later entries of an edit list; none where that is not
    /// known.
    pub following: Option<u64>,
    /// Whether it goes on with the time line of the stream before it: only the layout of its channels
    /// changes.
    pub continues: bool,
    /// Frames of a packet that is lost, as a rule.
    pub packet_frames: u32,
    /// Bytes for a second of it, by the head or on average.
    pub bytes_per_second: f64,
    /// What the decoder must be given first: the `description` of the `WebCodecs` registry, or the headers of
    /// Vorbis.
    pub configuration: Vec<u8>,
    /// Gain of the stream's own head, as a factor.
    pub gain: f32,
}

/// One whole packet.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Packet<'a> {
    /// Its bytes, as its decoder wants them.
    pub bytes: &'a [u8],
    /// The place on the time line of the first frame that it decodes to, where that is known.
    pub at: Option<u64>,
    /// How many frames it stands for, where that is known without decoding; 0 where it can't.
    pub frames: u32,
    /// The packet only primes the decoder: its frames are discarded.
    pub is_preroll: bool,
}

/// What [`Demux::step`] has.
#[derive(Debug, PartialEq)]
pub enum Step<'a> {
    /// Nothing before more bytes are pushed; from where, [`Window::take_source_seek`] says.
    NeedBytes,
    /// A stream has been recognised: the first, the next one of a chain, or a change within one.
    Stream(Stream),
    /// One whole packet.
    Packet(Packet<'a>),
    /// So many frames were damaged beyond recognition.
    Lost {
        /// The place of the first.
        at: Option<u64>,
        /// How many.
        frames: u64,
    },
    /// The stream is at its end.
    End,
}

/// A push demuxer. Each step consumes bytes, asks for them, or ends: none can go on for ever.
pub trait Demux {
    /// The bytes at hand.
    fn window(&mut self) -> &mut Window;
    /// The same, to read.
    fn peek(&self) -> &Window;
    /// The next thing that the bytes so far hold.
    fn step(&mut self) -> Result<Step<'_>, DemuxError>;
    /// Goes to `frame` of the time line or before it; the next packet says where it lies. After the stream is
    /// known.
    fn seek(&mut self, frame: u64);
    /// Notes the length of the file in bytes; none where what was known of it is wrong.
    fn set_total_bytes(&mut self, _total: Option<u64>) {}
    /// One past the last frame of the time line, once it is known where the stream did not say.
    fn end(&self) -> Option<u64> {
        None
    }
    /// The same, where no other stream of a chain follows: the end of the file.
    fn end_of_file(&self) -> Option<u64> {
        self.end()
    }
    /// One past the last frame of the time line, by the bytes so far and the length of the file, where no
    /// more is known. Each byte is looked at once.
    fn estimate(&mut self) -> Option<u64> {
        None
    }
    /// Bytes of music at hand that are not decoded.
    fn undecoded(&self) -> usize {
        self.peek().len()
    }
    /// Sets the transfer rate of the link in bytes per second. Where more than `min_skip_bytes` precede the
    /// audio and can be read later, the demuxer asks for the audio at once. Has an effect before the stream
    /// is known, and only where the server serves byte ranges.
    fn set_link_rate(&mut self, _bytes_per_second: f64, _min_skip_bytes: u64) {}
    /// Whether the length is unknown and the last bytes of the file would give it.
    fn wants_end_probe(&self) -> bool {
        false
    }
    /// Takes the last bytes of the file, out of turn.
    fn probe_end(&mut self, _bytes: &[u8]) {}
    /// What the file says of the music, so far.
    fn tags(&mut self) -> &mut Tags;
}

/// How many frames, or packets, a whole of `bytes` has, by the mean of the first ones: `passed` are their
/// bytes and their count.
pub(crate) fn extrapolate(passed: (u64, u64), bytes: u64) -> Option<u64> {
    let (seen, count) = passed;
    let rest = bytes.saturating_sub(seen) as f64 * count as f64 / seen as f64;
    (seen > 0 && count > 0).then(|| count.saturating_add(rest.round() as u64))
}
