//! Ogg pages (RFC 3533 section 6): found by their capture pattern, believed by their checksum.

use crate::bytes::{Reader, Window};
use crate::crc::crc32;

/// Bytes of a page's header before its lacing values.
const HEADER_BYTES: usize = 27;
/// Bytes before the checksum, and of it.
const CHECKSUM: std::ops::Range<usize> = 22..26;

/// Bytes of pages in a row whose checksum is wrong that are looked through: a page may have 64 KB, and
/// another one seem to begin anywhere within it.
pub(super) const MAX_WASTED: usize = 8 << 20;

/// A page, whole and right.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Page {
    /// Where it begins in the file.
    pub offset: u64,
    /// Whether its first packet began on an earlier page.
    pub continued: bool,
    /// Whether a stream begins with it.
    pub begins: bool,
    /// Whether its stream ends with it.
    pub ends: bool,
    /// Frames to the end of the last packet that ends on it; none where none does.
    pub granule: Option<u64>,
    /// Which stream it belongs to.
    pub serial: u32,
    /// Its number within the stream.
    pub sequence: u32,
    /// The lengths of its packets; the last may go on.
    pub lengths: Vec<usize>,
    /// Whether the last one goes on.
    pub goes_on: bool,
    /// Their bytes.
    pub body: Vec<u8>,
}

/// Where the body of the page at the head of `bytes` begins and ends, by its lacing values; none where there
/// is no page, or too few bytes of it.
pub(super) fn lacing(bytes: &[u8]) -> Option<(usize, usize)> {
    let &segments = bytes.get(HEADER_BYTES - 1).filter(|_| bytes.starts_with(b"OggS"))?;
    let start = HEADER_BYTES + usize::from(segments);
    let lengths = bytes.get(HEADER_BYTES..start)?;
    Some((start, start + lengths.iter().map(|&len| usize::from(len)).sum::<usize>()))
}

/// Takes the next page from the window; what is no page is stepped over. `None` where more bytes are needed,
/// and where `wasted`, the bytes of wrong pages since the last right one, exceeds its bound.
pub(super) fn next(window: &mut Window, wasted: &mut usize) -> Option<Page> {
    loop {
        if *wasted > MAX_WASTED {
            return None;
        }
        let rest = window.rest();
        if rest.len() < 4 && b"OggS".starts_with(rest) {
            return None;
        }
        if !rest.starts_with(b"OggS") {
            let skip = (1..rest.len()).find(|&at| b"OggS".starts_with(&rest[at..rest.len().min(at + 4)]));
            let skip = skip.unwrap_or(rest.len());
            window.consume(skip);
            continue;
        }
        let (start, end) = lacing(rest)?;
        if rest.len() < end && !window.is_finished() {
            return None;
        }
        if let Some(page) = rest.get(..end).and_then(|bytes| read(bytes, start, window.offset())) {
            *wasted = 0;
            window.consume(end);
            return Some(page);
        }
        *wasted += end.min(rest.len());
        window.consume(4);
    }
}

fn read(bytes: &[u8], start: usize, offset: u64) -> Option<Page> {
    let crc = crc32(crc32(crc32(0, &bytes[..CHECKSUM.start]), &[0; 4]), &bytes[CHECKSUM.end..]);
    let mut rest = Reader(&bytes[4..]);
    let (version, flags, granule) = (rest.le(1)?, rest.le(1)?, rest.le(8)?);
    let (serial, sequence, checksum) = (rest.le(4)? as u32, rest.le(4)? as u32, rest.le(4)? as u32);
    if version != 0 || crc != checksum {
        return None;
    }
    let mut lengths = vec![0];
    let lacing = &bytes[HEADER_BYTES..start];
    for &len in lacing {
        if let Some(last) = lengths.last_mut() {
            *last += usize::from(len);
        }
        if len < 255 {
            lengths.push(0);
        }
    }
    let goes_on = lacing.last() == Some(&255);
    if !goes_on {
        lengths.pop();
    }
    Some(Page {
        offset,
        continued: flags & 1 != 0,
        begins: flags & 2 != 0,
        ends: flags & 4 != 0,
        // Two's complement: −1 is none, and what else is negative no one writes.
        granule: (granule < 1 << 62).then_some(granule),
        serial,
        sequence,
        lengths,
        goes_on,
        body: bytes[start..].to_vec(),
    })
}
