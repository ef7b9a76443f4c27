//! FLAC in its own container (RFC 9639): metadata blocks, then frames that are found by their checksums.

mod header;
mod info;

pub(crate) use header::{FrameHeader, Parsed, parse};
pub use info::StreamInfo;

use crate::bytes::Window;
use crate::crc::crc16;
use crate::demux::{Demux, DemuxError, Packet, Step, extrapolate};
use crate::seek::{Place, Search, follow, pass_end};
use crate::tags::{Id3, MOST_BYTES, Tags, is_tag, vorbis_comment};

/// Seconds before the position that a seek may land.
const NEAR_SECONDS: f64 = 0.75;
/// A block of metadata that is kept to be read; a longer one is stepped over.
const MOST_BLOCK: u64 = MOST_BYTES as u64;
/// Headers that a frame may seem to have within it: each is one in 8 MB by chance, and looked through anew.
const MOST_STRAYS: u32 = 32;
/// Bytes behind the last frame that are no damage of it: a tag.
const STRAY_TAIL: u64 = 256;
/// Metadata blocks, which a file of lies could repeat for ever.
const MOST_BLOCKS: u32 = 1000;

/// The demuxer of one file.
#[derive(Debug, Default)]
pub struct Demuxer {
    window: Window,
    id3: Id3,
    total_bytes: Option<u64>,
    begun: bool,
    blocks: u32,
    skip: u64,
    last_block: bool,
    info: Option<StreamInfo>,
    table: Vec<Place>,
    /// Where the first frame begins.
    start: Option<u64>,
    /// Bytes of the frame at the head that were looked through, and their checksum.
    scanned: usize,
    crc: u16,
    /// Headers within it that do not follow on it.
    strays: u32,
    /// Where the next frame lies, by counting.
    at: u64,
    search: Option<Search>,
    /// The furthest frame that was taken: its byte and its place.
    seen: Place,
    /// Bytes that were stepped over since the last frame.
    skipped: u64,
    /// One past the last frame, once the bytes are over.
    end: Option<u64>,
}

impl Demux for Demuxer {
    fn window(&mut self) -> &mut Window {
        &mut self.window
    }

    fn peek(&self) -> &Window {
        &self.window
    }

    fn set_total_bytes(&mut self, total: Option<u64>) {
        self.total_bytes = total;
    }

    fn tags(&mut self) -> &mut Tags {
        self.id3.tags()
    }

    fn end(&self) -> Option<u64> {
        self.end
    }

    /// By the bytes before the furthest frame, where the header states no length.
    fn estimate(&mut self) -> Option<u64> {
        let start = self.start?;
        let bytes = self.total_bytes?.checked_sub(start)?;
        extrapolate((self.seen.0.saturating_sub(start), self.seen.1), bytes)
    }

    fn seek(&mut self, frame: u64) {
        self.forget();
        self.search = None;
        let (Some(start), Some(info)) = (self.start, &self.info) else { return };
        let stream = info.describe(start, self.total_bytes);
        let near = (NEAR_SECONDS * f64::from(info.sample_rate)) as u64;
        let there = self.total_bytes.map(|end| (end.max(start), info.total.or(stream.length).unwrap_or(0)));
        let possible = |place: &Place| {
            info.is_plausible((place.0 - start, place.1)) && there.is_none_or(|end| place.0 <= end.0)
        };
        let places = self.table.iter().map(|(byte, at)| (start.saturating_add(*byte), *at)).filter(possible);
        let low = places.clone().filter(|place| place.1 <= frame).max_by_key(|place| place.1);
        let low = low.unwrap_or((start, 0));
        let high = places.filter(|place| place.1 > frame).min_by_key(|place| place.1);
        let high = high.or(there).or(Some(self.seen).filter(|seen| seen.1 > frame));
        let Some(high) = high else {
            // No byte is asked for that is not known to be there: without the file's length a place further
            // on is reached by reading.
            let here = self.at <= frame && self.window.offset() >= low.0;
            let behind = if self.seen.0 > low.0 { self.seen.0 } else { low.0 };
            if !here {
                self.window.jump(behind);
            }
            return;
        };
        let search = Search::new(frame, near, low, high);
        self.window.jump(search.guess());
        self.search = Some(search);
    }

    fn step(&mut self) -> Result<Step<'_>, DemuxError> {
        if self.start.is_none() {
            return self.metadata();
        }
        self.frame()
    }
}

/// Where the last frame of a file ends, at the head of `bytes`, that others follow: a frame and its checksum
/// have the checksum 0. Where that is so at several places, the one before a tag, else the last.
fn last_frame_end(bytes: &[u8]) -> Option<usize> {
    let (mut crc, mut found) = (0, None);
    for (at, byte) in bytes.iter().enumerate() {
        crc = crc16(crc, std::slice::from_ref(byte));
        if crc == 0 && at > header::MOST_BYTES {
            found = Some(at + 1);
            if is_tag(&bytes[at + 1..]) {
                break;
            }
        }
    }
    found
}

impl Demuxer {
    fn wait(&self) -> Result<Step<'static>, DemuxError> {
        if self.window.is_finished() { Err(DemuxError::Unsupported) } else { Ok(Step::NeedBytes) }
    }

    fn metadata(&mut self) -> Result<Step<'static>, DemuxError> {
        loop {
            if self.skip > 0 {
                let len = self.skip.min(self.window.len() as u64);
                self.window.consume(len as usize);
                self.skip -= len;
                if self.skip > 0 {
                    return self.wait();
                }
            }
            if !self.begun {
                if self.id3.step(&mut self.window) || self.window.len() < 4 {
                    return self.wait();
                }
                if self.window.take(4) != b"fLaC" {
                    return Err(DemuxError::Unsupported);
                }
                self.begun = true;
            }
            if self.last_block {
                let info = self.info.as_ref().ok_or(DemuxError::Unsupported)?;
                let start = self.window.offset();
                self.start = Some(start);
                let mut stream = info.describe(start, self.total_bytes);
                stream.channel_mask = self.id3.tags().channel_mask();
                return Ok(Step::Stream(stream));
            }
            let &[kind, a, b, c, ..] = self.window.rest() else { return self.wait() };
            let len = u64::from(a) << 16 | u64::from(b) << 8 | u64::from(c);
            self.blocks += 1;
            if self.blocks > MOST_BLOCKS {
                return Err(DemuxError::Unsupported);
            }
            let wanted = matches!(kind & 0x7f, 0 | 3 | 4 | 6) && len <= MOST_BLOCK;
            if !wanted {
                (self.skip, self.last_block) = (4 + len, kind & 0x80 != 0);
                continue;
            }
            if (self.window.len() as u64) < 4 + len {
                self.blocks -= 1;
                return self.wait();
            }
            self.last_block = kind & 0x80 != 0;
            self.window.consume(4);
            let body = self.window.take(len as usize);
            match kind & 0x7f {
                0 => self.info = StreamInfo::parse(body),
                3 => self.table = info::seek_table(body),
                4 => vorbis_comment::read(body, self.id3.tags()),
                _ => vorbis_comment::read_picture(body, self.id3.tags()),
            }
        }
    }

    /// Where a frame lies on the time line.
    fn place(&self, header: &FrameHeader) -> u64 {
        let fixed = self.info.as_ref().map_or(0, |info| u64::from(info.block_size.0));
        if header.variable { header.number } else { header.number.saturating_mul(fixed) }
    }

    fn frame(&mut self) -> Result<Step<'_>, DemuxError> {
        let Some((total, bound, channels)) =
            self.info.as_ref().map(|info| (info.total, info.bound(), info.channels))
        else {
            return Err(DemuxError::Unsupported);
        };
        loop {
            if !self.synchronise(channels) {
                if !self.window.is_finished() {
                    return Ok(Step::NeedBytes);
                }
                return self.end(total);
            }
            let Parsed::Header(header) = parse(self.window.rest()) else { return Ok(Step::NeedBytes) };
            let Some((len, whole)) = self.frame_end(&header, bound) else {
                if !self.window.is_finished() && self.window.len() <= bound && self.strays < MOST_STRAYS {
                    return Ok(Step::NeedBytes);
                }
                // No frame ends here: its header is no header, or its bytes are damaged.
                self.step_over(1);
                continue;
            };
            let at = self.place(&header);
            if let Some(search) = self.search.as_mut() {
                if !whole {
                    self.step_over(1);
                    continue;
                }
                let found = search.found((self.window.offset(), at));
                if let Some(byte) = follow(&mut self.search, found) {
                    self.jump(byte);
                    continue;
                }
            }
            self.forget();
            self.at = at.saturating_add(header.block_size.into());
            self.skipped = 0;
            if self.window.offset() > self.seen.0 {
                self.seen = (self.window.offset(), at);
            }
            if !whole {
                self.window.consume(len);
                return Ok(Step::Lost { at: Some(at), frames: header.block_size.into() });
            }
            let bytes = self.window.take(len);
            return Ok(Step::Packet(Packet {
                bytes,
                at: Some(at),
                frames: header.block_size,
                is_preroll: false,
            }));
        }
    }

    /// The frame at the head is another one from here on.
    fn forget(&mut self) {
        (self.scanned, self.crc, self.strays) = (0, 0, 0);
    }

    fn jump(&mut self, byte: u64) {
        self.forget();
        self.window.jump(byte);
    }

    fn step_over(&mut self, len: usize) {
        self.forget();
        self.skipped += len as u64;
        self.window.consume(len);
    }

    /// Brings a header to the head; says whether there is one.
    fn synchronise(&mut self, channels: u8) -> bool {
        if self.scanned > 0 {
            return true;
        }
        loop {
            let rest = self.window.rest();
            let skip = rest.iter().position(|&byte| byte == 0xff);
            self.skipped += skip.unwrap_or(rest.len()) as u64;
            let Some(skip) = skip else {
                self.window.consume(rest.len());
                return false;
            };
            self.window.consume(skip);
            match parse(self.window.rest()) {
                Parsed::Header(header) if header.channels == channels => return true,
                Parsed::NeedBytes if !self.window.is_finished() => return false,
                _ => {
                    self.skipped += 1;
                    self.window.consume(1);
                }
            }
        }
    }

    /// Where the frame at the head ends, and whether its checksum is right.
    fn frame_end(&mut self, header: &FrameHeader, bound: usize) -> Option<(usize, bool)> {
        let next_at = self.place(header) + u64::from(header.block_size);
        let rest = self.window.rest();
        let mut at = self.scanned.max(header.len + 2);
        if self.scanned == 0 {
            self.crc = crc16(0, rest.get(..at)?);
            self.scanned = at;
        }
        while at < rest.len().min(bound + 16) && self.strays < MOST_STRAYS {
            let Some(skip) = rest[at..].iter().position(|&byte| byte == 0xff) else {
                at = rest.len();
                break;
            };
            let candidate = at + skip;
            match parse(&rest[candidate..]) {
                Parsed::NeedBytes if !self.window.is_finished() => {
                    self.crc = crc16(self.crc, &rest[self.scanned..candidate]);
                    self.scanned = candidate;
                    return None;
                }
                Parsed::Header(next) => {
                    self.crc = crc16(self.crc, &rest[self.scanned..candidate]);
                    self.scanned = candidate;
                    // A frame and its checksum behind it have the checksum 0.
                    if self.crc == 0 {
                        return Some((candidate, true));
                    }
                    self.strays += 1;
                    if self.place(&next) == next_at && next.variable == header.variable {
                        return Some((candidate, false));
                    }
                }
                _ => {}
            }
            at = candidate + 1;
        }
        let at = at.min(rest.len());
        if at > self.scanned {
            self.crc = crc16(self.crc, &rest[self.scanned..at]);
            self.scanned = at;
        }
        if !self.window.is_finished() {
            return None;
        }
        if at == rest.len() && self.crc == 0 {
            return Some((at, true));
        }
        last_frame_end(&rest[..at]).map(|len| (len, true))
    }

    /// The bytes are over.
    fn end(&mut self, total: Option<u64>) -> Result<Step<'static>, DemuxError> {
        let searched = self.search.is_some();
        if let Some(byte) = pass_end(&mut self.search, self.window.offset()) {
            self.jump(byte);
            return Ok(Step::NeedBytes);
        }
        if searched {
            // No frame begins there or after it: the furthest one that is known is the last.
            self.end = Some(self.at.max(self.seen.1));
            return Ok(Step::End);
        }
        let missing = total.map_or(0, |total| total.saturating_sub(self.at));
        let block = self.info.as_ref().map_or(0, |info| u64::from(info.block_size.1));
        let damaged = self.skipped > STRAY_TAIL;
        let mendable = missing <= (block * 8).max(total.unwrap_or(0) / 50);
        // The file is all there: its header states more than it has, or less.
        let whole = self.total_bytes.is_some_and(|total| self.window.end_offset() >= total);
        if missing == 0 || (whole && !(damaged && mendable)) {
            self.end = Some(self.at);
            return Ok(Step::End);
        }
        if !mendable {
            return Err(DemuxError::Truncated);
        }
        let at = self.at;
        self.at += missing;
        Ok(Step::Lost { at: Some(at), frames: missing })
    }
}
