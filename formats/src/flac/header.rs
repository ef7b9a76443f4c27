//! The header of a FLAC frame (RFC 9639 section 9.1).

use crate::bytes::Reader;
use crate::crc::crc8;

/// Bytes of the longest header.
pub(super) const MOST_BYTES: usize = 17;

/// What a frame's header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FrameHeader {
    /// Frames of PCM.
    pub block_size: u32,
    /// Number of the frame, or of its first sample where the block size varies.
    pub number: u64,
    /// Whether `number` counts samples.
    pub variable: bool,
    /// Channels.
    pub channels: u8,
    /// Bytes of the header, its checksum included.
    pub len: usize,
}

/// What some bytes say about a header there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Parsed {
    /// It is one.
    Header(FrameHeader),
    /// It is none.
    Nothing,
    /// There are too few bytes.
    NeedBytes,
}

/// Reads the header at the front of some bytes.
pub(crate) fn parse(bytes: &[u8]) -> Parsed {
    match bytes {
        [] | [0xff] => return Parsed::NeedBytes,
        [0xff, second, ..] if second & 0xfe == 0xf8 => {}
        _ => return Parsed::Nothing,
    }
    let mut rest = Reader(bytes);
    let enough = bytes.len() >= MOST_BYTES;
    match fields(&mut rest) {
        Ok(header) if crc8(&bytes[..header.len - 1]) == bytes[header.len - 1] => Parsed::Header(header),
        Err(Fault::Short) if !enough => Parsed::NeedBytes,
        _ => Parsed::Nothing,
    }
}

enum Fault {
    /// The bytes end.
    Short,
    /// A value is reserved.
    Reserved,
}

fn fields(rest: &mut Reader<'_>) -> Result<FrameHeader, Fault> {
    let all = rest.0.len();
    let sync = rest.be(2).ok_or(Fault::Short)?;
    let codes = rest.be(2).ok_or(Fault::Short)?;
    let (size, rate, layout) = (codes >> 12, codes >> 8 & 15, codes >> 4 & 15);
    if size == 0 || rate == 15 || layout > 10 || codes & 1 != 0 || codes >> 1 & 7 == 3 {
        return Err(Fault::Reserved);
    }
    // UTF-8's way of writing numbers, up to seven bytes.
    let first = rest.be(1).ok_or(Fault::Short)? as u8;
    let more = first.leading_ones();
    let mut number = u64::from(first) & (0x7f >> more);
    if more == 1 || more > 7 {
        return Err(Fault::Reserved);
    }
    for _ in 1..more {
        let next = rest.be(1).ok_or(Fault::Short)?;
        if next >> 6 != 2 {
            return Err(Fault::Reserved);
        }
        number = number << 6 | (next & 0x3f);
    }
    let block_size = match size {
        1 => 192,
        2..=5 => 144 << size,
        6 => rest.be(1).ok_or(Fault::Short)? as u32 + 1,
        7 => rest.be(2).ok_or(Fault::Short)? as u32 + 1,
        _ => 1 << size,
    };
    rest.take(match rate {
        12 => 1,
        13 | 14 => 2,
        _ => 0,
    })
    .ok_or(Fault::Short)?;
    rest.take(1).ok_or(Fault::Short)?;
    let channels = if layout < 8 { layout as u8 + 1 } else { 2 };
    let variable = sync & 1 != 0;
    Ok(FrameHeader { block_size, number, variable, channels, len: all - rest.0.len() })
}
