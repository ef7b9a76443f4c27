//! The information frame that encoders put first: Xing or Info with LAME's extension, and VBRI.
//!
//! It is a silent frame of its own; its fields lie where the audio data would. Written down only in encoders
//! and their documentation (LAME's "mp3 info tag rev 1").

use super::header::MpegHeader;
use crate::bytes::Reader;
use crate::framed::Index;

/// Frames of PCM that a decoder gives back late: layer III's filter bank and overlap, 528 and one.
const DECODER_DELAY: u64 = 529;

/// What an information frame says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InfoTag {
    /// Frames of audio that follow this one.
    pub frames: Option<u32>,
    /// Bytes of the stream, this frame included.
    pub bytes: Option<u32>,
    /// For each percent of the time, the share of the bytes before it, in 256ths.
    pub toc: Option<[u8; 100]>,
    /// Frames of PCM that the encoder put before the first sample.
    pub delay: u32,
    /// Frames of PCM that the encoder put behind the last sample.
    pub padding: u32,
    /// Whether the stream is of one bit rate.
    pub constant: bool,
}

impl InfoTag {
    /// The information in `frame`, a whole frame that `header` begins; `None` where the frame is audio.
    #[inline(never)]
    pub fn parse(header: &MpegHeader, frame: &[u8]) -> Option<Self> {
        let at = MpegHeader::BYTES + header.side_info_bytes();
        // VBRI stands at a fixed place, whatever the side information's length.
        Self::xing(frame.get(at..)?).or_else(|| Self::vbri(frame.get(36..)?))
    }

    /// The same in the words of the demuxer.
    pub fn into_index(self) -> Index {
        let known = self.delay > 0;
        let Self { frames, bytes, toc, constant, .. } = self;
        let head = if known { u64::from(self.delay) + DECODER_DELAY } else { 0 };
        let tail = if known { u64::from(self.padding).saturating_sub(DECODER_DELAY) } else { 0 };
        Index { frames, bytes, toc, head, tail, constant }
    }

    fn xing(bytes: &[u8]) -> Option<Self> {
        let mut fields = Reader(bytes);
        let magic = fields.take(4)?;
        if magic != b"Xing" && magic != b"Info" {
            return None;
        }
        let mut tag = Self { constant: magic == b"Info", ..Self::default() };
        let flags = fields.u32()?;
        if flags & 1 != 0 {
            tag.frames = fields.u32().filter(|&frames| frames > 0);
        }
        if flags & 2 != 0 {
            tag.bytes = fields.u32().filter(|&bytes| bytes > 0);
        }
        if flags & 4 != 0 {
            tag.toc = fields.take(100)?.try_into().ok();
        }
        if flags & 8 != 0 {
            fields.u32()?;
        }
        // LAME's extension: nine bytes of name, twelve of settings, then delay and padding in twelve bits
        // each.
        if let Some(name) = fields.take(9)
            && name.iter().any(u8::is_ascii_alphanumeric)
            && fields.take(12).is_some()
            && let Some(&[a, b, c]) = fields.take(3)
        {
            tag.delay = u32::from(a) << 4 | u32::from(b) >> 4;
            tag.padding = u32::from(b & 15) << 8 | u32::from(c);
        }
        Some(tag)
    }

    fn vbri(bytes: &[u8]) -> Option<Self> {
        let mut fields = Reader(bytes);
        if fields.take(4)? != b"VBRI" {
            return None;
        }
        fields.take(6)?; // version, delay as a fraction, quality
        let bytes = fields.u32().filter(|&bytes| bytes > 0);
        let frames = fields.u32().filter(|&frames| frames > 0);
        Some(Self { frames, bytes, ..Self::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(tag: &[u8]) -> (MpegHeader, Vec<u8>) {
        let header = MpegHeader::parse(&[0xff, 0xfb, 0x90, 0x64]).unwrap();
        let mut frame = vec![0; header.frame_bytes];
        frame[36..36 + tag.len()].copy_from_slice(tag);
        (header, frame)
    }

    #[test]
    fn reads_lame() {
        let mut tag = b"Info\0\0\0\x03\0\0\x10\0\0\x06\x40\0LAME3.100".to_vec();
        tag.extend([0; 12]);
        tag.extend([0x24, 0x05, 0xd0]); // 576 and 1488
        let (header, frame) = frame(&tag);
        let info = InfoTag::parse(&header, &frame).unwrap();
        assert_eq!((info.frames, info.bytes), (Some(4096), Some(0x64000)));
        assert_eq!((info.delay, info.padding, info.constant), (576, 1488, true));
    }

    #[test]
    fn audio_is_not_an_information_frame() {
        let (header, frame) = frame(b"Xinh");
        assert_eq!(InfoTag::parse(&header, &frame), None);
        assert_eq!(InfoTag::parse(&header, &frame[..10]), None);
    }
}
