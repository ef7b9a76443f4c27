//! Sample entries: AAC and MP3 (`mp4a` with `esds`, ISO/IEC 14496-1 section 7.2.6), Opus (`dOps`), FLAC
//! (`dfLa`).

use super::boxes::{Kind, child, children};
use crate::adts::{IMPLICIT_SBR, SAMPLE_RATES};
use crate::bytes::{Bits, Reader};
use crate::demux::Codec;

/// How a track is coded.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    /// The codec.
    pub codec: Codec,
    /// Rate of the time line, in Hz.
    pub sample_rate: u32,
    /// Rate that is heard, in Hz: the double where the upper half of the spectrum is written beside.
    pub heard_rate: u32,
    /// Channels.
    pub channels: u8,
    /// What the decoder must be given.
    pub configuration: Vec<u8>,
    /// Frames of a packet.
    pub packet_frames: u32,
    /// Frames that the codec puts first by itself; an edit list says so too.
    pub delay: u64,
    /// In bits per second, where the entry says so.
    pub bit_rate: f64,
}

/// The first entry of `stsd` that can be played.
pub(super) fn entry(stsd: &[u8]) -> Option<Entry> {
    children(stsd.get(8..)?).find_map(|(kind, body)| sound(kind, body))
}

fn sound(kind: Kind, body: &[u8]) -> Option<Entry> {
    let mut rest = Reader(body);
    rest.take(8)?;
    let version = rest.be(2)?;
    rest.take(6)?;
    let channels = rest.be(2)? as u8;
    rest.take(6)?;
    let sample_rate = rest.u32()? >> 16;
    // QuickTime's longer entries.
    rest.take(match version {
        1 => 16,
        2 => 36,
        _ => 0,
    })?;
    match &kind {
        b"mp4a" => {
            let esds = child(rest.0, *b"esds").or_else(|| child(child(rest.0, *b"wave")?, *b"esds"))?;
            elementary(esds.get(4..)?, sample_rate, channels)
        }
        b"Opus" => opus(child(rest.0, *b"dOps")?),
        b"fLaC" => flac(child(rest.0, *b"dfLa")?),
        b".mp3" => Some(mp3(sample_rate, channels, 128_000.0)),
        _ => None,
    }
}

fn mp3(sample_rate: u32, channels: u8, bit_rate: f64) -> Entry {
    let packet_frames = if sample_rate >= 32_000 { 1152 } else { 576 };
    Entry {
        codec: Codec::Mp3,
        sample_rate,
        heard_rate: sample_rate,
        channels,
        configuration: Vec::new(),
        packet_frames,
        delay: 0,
        bit_rate,
    }
}

/// A descriptor: its tag and its body; the length is written in sevens of bits.
fn descriptor<'a>(rest: &mut Reader<'a>) -> Option<(u8, &'a [u8])> {
    let tag = rest.be(1)? as u8;
    let mut len = 0;
    for _ in 0..4 {
        let byte = rest.be(1)?;
        len = len << 7 | (byte & 0x7f) as usize;
        if byte & 0x80 == 0 {
            break;
        }
    }
    // A length that lies ends where the box does.
    let len = len.min(rest.0.len());
    Some((tag, rest.take(len)?))
}

fn elementary(esds: &[u8], sample_rate: u32, channels: u8) -> Option<Entry> {
    let (tag, body) = descriptor(&mut Reader(esds))?;
    let mut rest = Reader(body);
    if tag != 3 {
        return None;
    }
    rest.take(2)?;
    let flags = rest.be(1)?;
    rest.take(if flags & 0x80 != 0 { 2 } else { 0 })?;
    let url = if flags & 0x40 != 0 { rest.be(1)? } else { 0 };
    rest.take(url as usize + if flags & 0x20 != 0 { 2 } else { 0 })?;
    let (4, body) = descriptor(&mut rest)? else { return None };
    let mut rest = Reader(body);
    let object = rest.be(1)?;
    rest.take(8)?;
    let bit_rate = f64::from(rest.u32()?);
    let bit_rate = if bit_rate > 0.0 { bit_rate } else { 128_000.0 };
    match object {
        0x40 | 0x66..=0x68 => {
            let (5, config) = descriptor(&mut rest)? else { return None };
            aac(config, bit_rate)
        }
        0x69 | 0x6b => Some(mp3(sample_rate, channels, bit_rate)),
        _ => None,
    }
}

/// `AudioSpecificConfig` (ISO/IEC 14496-3 section 1.6.2.1).
fn aac(config: &[u8], bit_rate: f64) -> Option<Entry> {
    let mut bits = Bits::new(config);
    let object = |bits: &mut Bits<'_>| match bits.take(5) {
        31 => 32 + bits.take(6),
        object => object,
    };
    let rate = |bits: &mut Bits<'_>| match bits.take(4) {
        15 => Some(bits.take(24)),
        index => SAMPLE_RATES.get(index as usize).copied(),
    };
    let kind = object(&mut bits);
    let sample_rate = rate(&mut bits).filter(|&rate| rate > 0)?;
    let layout = bits.take(4);
    // Explicit: the core's rate stands first, then the one that is heard.
    let explicit = if matches!(kind, 5 | 29) { rate(&mut bits) } else { None };
    let core = if explicit.is_some() { object(&mut bits) } else { kind };
    let short = bits.take(1) == 1;
    let channels = match layout {
        1..=6 => layout as u8,
        7 => 8,
        _ => return None,
    };
    let implicit = kind == 2 && sample_rate <= IMPLICIT_SBR;
    let kind = if implicit { 5 } else { kind as u8 };
    let doubles = matches!(kind, 5 | 29);
    (matches!(core, 1..=4) && !(short && core == 2)).then(|| Entry {
        codec: Codec::Aac(kind),
        sample_rate,
        heard_rate: explicit.unwrap_or(if doubles { sample_rate * 2 } else { sample_rate }),
        // Parametric stereo: one channel is written, two are heard.
        channels: if kind == 29 { 2 } else { channels },
        configuration: config.to_vec(),
        packet_frames: 1024,
        delay: 0,
        bit_rate,
    })
}

fn opus(body: &[u8]) -> Option<Entry> {
    let &[0, channels @ 1..=2, skip_high, skip_low, r3, r2, r1, r0, gain_high, gain_low, 0, ..] = body else {
        return None;
    };
    // The same fields as in Ogg, the other way round (RFC 7845 section 5.1).
    let mut head = b"OpusHead\x01".to_vec();
    head.extend([channels, skip_low, skip_high, r0, r1, r2, r3, gain_low, gain_high, 0]);
    Some(Entry {
        codec: Codec::Opus,
        sample_rate: 48_000,
        heard_rate: 48_000,
        channels,
        configuration: head,
        packet_frames: 960,
        delay: u64::from(u16::from_be_bytes([skip_high, skip_low])),
        bit_rate: 96_000.0,
    })
}

fn flac(body: &[u8]) -> Option<Entry> {
    let info = body.get(8..8 + 34)?;
    let packed = Reader(info.get(10..)?).be(8)?;
    let (sample_rate, channels) = ((packed >> 44) as u32, (packed >> 41 & 7) as u8 + 1);
    (sample_rate > 0).then(|| Entry {
        codec: Codec::Flac,
        sample_rate,
        heard_rate: sample_rate,
        channels,
        configuration: info.to_vec(),
        packet_frames: Reader(&info[2..]).be(2).unwrap_or(4096) as u32,
        delay: 0,
        bit_rate: f64::from(sample_rate) * f64::from(channels) * 9.0,
    })
}
