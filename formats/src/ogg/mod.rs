//! Ogg (RFC 3533) with Vorbis, Opus or FLAC: pages to packets, chained streams one behind the other.
//!
//! Every page says where the last packet that ends on it ends; packets say how long they last. So the place
//! of each is known, holes are measured, and a seek is a search among pages.

mod mapping;
#[cfg(feature = "opus")]
mod opus;
mod page;
mod survey;
#[cfg(feature = "vorbis")]
pub(crate) mod vorbis;

use std::collections::VecDeque;

use mapping::{Mapping, PacketRole};
use page::Page;
use survey::Survey;

use crate::bytes::Window;
use crate::demux::{Demux, DemuxError, Packet, Step, Stream};
use crate::seek::{Search, follow, pass_end};
use crate::tags::{MOST_BYTES, Tags};

/// Seconds before the position that a seek may land: pages of a second are common.
const NEAR_SECONDS: f64 = 1.5;
/// Bytes before the first header, or between a stream's headers and its music.
const MOST_HEADER: u64 = 2 * MOST_BYTES as u64;

/// A packet that waits to be given.
#[derive(Debug)]
struct Waiting {
    bytes: Vec<u8>,
    at: Option<u64>,
    frames: Option<u32>,
}

/// The logical stream that is played.
#[derive(Debug)]
struct Logical {
    serial: u32,
    mapping: Mapping,
    /// Its headers are read.
    ready: bool,
    /// The stream was given.
    announced: bool,
    stream: Option<Stream>,
    /// The granule position of the time line's first frame; below zero where frames are cut off at the start.
    base: Option<i64>,
    ended: bool,
}

/// The demuxer of one file.
#[derive(Debug, Default)]
pub struct Demuxer {
    window: Window,
    tags: Tags,
    total_bytes: Option<u64>,
    logical: Option<Logical>,
    /// Where the first page of music begins.
    start: u64,
    sequence: Option<u32>,
    /// A packet that goes on on the next page, and whether its beginning is there.
    partial: Vec<u8>,
    partial_whole: bool,
    waiting: VecDeque<Waiting>,
    current: Vec<u8>,
    /// Where the next packet lies; not known behind a jump or a hole.
    at: Option<u64>,
    /// One past the last frame of this stream, once its last page is here; whether the file ends with that.
    end: Option<u64>,
    last: bool,
    /// The end of the file by its last pages, which were looked at out of turn.
    tail_end: Option<u64>,
    search: Option<Search>,
    /// Bytes of pages in a row with a wrong checksum.
    wasted: usize,
    /// After the end of the stream a first page came of one that can't be played, and none of one that can.
    unplayable_start: bool,
    foreign: bool,
    /// The furthest page that was seen: its byte and its place.
    seen: (u64, u64),
    /// Bytes and frames of music so far, for the mean.
    measured: (u64, u64),
    /// What is in memory of this stream and of those that follow.
    survey: Survey,
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
        &mut self.tags
    }

    fn end(&self) -> Option<u64> {
        self.end
    }

    fn end_of_file(&self) -> Option<u64> {
        self.end.filter(|_| self.last).or(self.tail_end)
    }

    fn estimate(&mut self) -> Option<u64> {
        let stream = self.logical.as_ref()?.stream.as_ref()?;
        self.survey.advance(&self.window);
        let frames = self.survey.seconds(self.total_bytes?)? * f64::from(stream.sample_rate);
        Some((frames as u64).saturating_add(stream.delay))
    }

    fn wants_end_probe(&self) -> bool {
        self.end_of_file().is_none() && self.logical.as_ref().is_some_and(|logical| logical.announced)
    }

    /// The last page of the stream says where it ends.
    fn probe_end(&mut self, bytes: &[u8]) {
        let Some((serial, base)) =
            self.logical.as_ref().and_then(|logical| Some((logical.serial, logical.base?)))
        else {
            return;
        };
        let mut window = Window::default();
        window.push(bytes);
        window.finish();
        let (mut end, mut serials, mut wasted) = (None, true, 0);
        while let Some(page) = page::next(&mut window, &mut wasted) {
            serials &= page.serial == serial && !page.begins;
            end = page.granule.filter(|_| page.serial == serial).or(end);
        }
        // Another stream behind it is one of a chain: what this one's last page says is not the end.
        if serials {
            self.tail_end =
                end.map(|granule| granule.cast_signed().saturating_sub(base).max(0).cast_unsigned());
        }
    }

    fn seek(&mut self, frame: u64) {
        let Some(logical) = self.logical.as_mut() else { return };
        let Some(stream) = &logical.stream else { return };
        logical.ended = false;
        let rate = f64::from(stream.sample_rate);
        let target = frame.saturating_sub(logical.mapping.preroll());
        let (bytes, frames) = self.measured;
        let mean = if frames > 0 { bytes as f64 / frames as f64 } else { stream.bytes_per_second / rate };
        let near = (NEAR_SECONDS * rate) as u64;
        let low = (self.start, 0);
        // No byte is asked for that is not known to be there: without the file's length a place further on is
        // reached by reading.
        let high = match self.total_bytes {
            Some(total) => {
                let end = total.max(self.start);
                let by_mean = ((end - self.start) as f64 / mean.max(1e-6)) as u64;
                (end, self.end_of_file().unwrap_or(by_mean))
            }
            None if target < self.seen.1 => self.seen,
            None => {
                self.search = None;
                let here = self.at.is_some_and(|at| at <= target) || !self.waiting.is_empty();
                if !here {
                    let byte = if self.seen.0 > self.start { self.seen.0 } else { self.start };
                    self.jump(byte);
                }
                return;
            }
        };
        let search = Search::new(target, near, low, high);
        let guess = if target == 0 { self.start } else { search.guess() };
        self.search = Some(search);
        self.jump(guess);
    }

    fn step(&mut self) -> Result<Step<'_>, DemuxError> {
        loop {
            if let Some(stream) = self.announce() {
                return Ok(Step::Stream(stream));
            }
            if let Some(Waiting { bytes, at, frames }) = self.waiting.pop_front() {
                self.current = bytes;
                let (is_preroll, frames) = (frames.is_none(), frames.unwrap_or(0));
                return Ok(Step::Packet(Packet { bytes: &self.current, at, frames, is_preroll }));
            }
            if self.foreign && self.logical.as_ref().is_some_and(|logical| logical.ended) {
                return Err(DemuxError::Unsupported);
            }
            let Some(page) = page::next(&mut self.window, &mut self.wasted) else {
                if self.wasted > page::MAX_WASTED {
                    return Err(DemuxError::Unsupported);
                }
                let music = self.logical.as_ref().is_some_and(|logical| logical.announced);
                return match (self.window.is_finished(), music) {
                    (false, false) if self.window.offset() > MOST_HEADER => Err(DemuxError::Unsupported),
                    (false, _) => Ok(Step::NeedBytes),
                    (true, false) => Err(DemuxError::Unsupported),
                    (true, true) => Ok(self.over()),
                };
            };
            self.page(&page);
        }
    }
}

impl Demuxer {
    /// The stream, once: when its headers and its first page of music are there.
    fn announce(&mut self) -> Option<Stream> {
        let logical = self.logical.as_mut()?;
        let base = logical.base?;
        if std::mem::replace(&mut logical.announced, true) {
            return None;
        }
        let mut stream = logical.mapping.describe()?;
        stream.delay += base.min(0).unsigned_abs();
        let (bytes, frames) = self.measured;
        // The first page says what a codec without a nominal rate takes.
        if frames > 0 && (bytes > 20_000 || stream.bytes_per_second < 1.0 || stream.length.is_none()) {
            let mean = bytes as f64 * f64::from(stream.sample_rate) / frames as f64;
            if !matches!(stream.codec, crate::demux::Codec::Vorbis) {
                stream.bytes_per_second = mean;
            }
        }
        if matches!(stream.codec, crate::demux::Codec::Flac) {
            stream.channel_mask = self.tags.channel_mask();
        }
        let range = (self.start, self.window.offset());
        self.survey = Survey::new(range, logical.serial, stream.sample_rate, base, frames);
        logical.stream = Some(stream.clone());
        let by_pages = self.estimate().map(|end| end.saturating_sub(stream.delay));
        stream.length = stream.length.or(by_pages).or_else(|| {
            let bytes = self.total_bytes?.checked_sub(self.start)?;
            Some((bytes as f64 / stream.bytes_per_second * f64::from(stream.sample_rate)) as u64)
        });
        Some(stream)
    }

    fn jump(&mut self, byte: u64) {
        self.waiting.clear();
        self.partial.clear();
        (self.sequence, self.partial_whole) = (None, false);
        self.at = (byte <= self.start).then_some(0);
        if let Some(logical) = self.logical.as_mut() {
            logical.mapping.forget();
            logical.ended = false;
        }
        self.window.jump(byte);
    }

    /// The bytes are over.
    fn over(&mut self) -> Step<'static> {
        if let Some(byte) = pass_end(&mut self.search, self.window.offset()) {
            self.jump(byte);
            return Step::NeedBytes;
        }
        Step::End
    }

    fn page(&mut self, page: &Page) {
        if page.begins {
            self.begin(page);
            return;
        }
        self.foreign |= self.unplayable_start;
        let Some(logical) =
            self.logical.as_mut().filter(|logical| logical.serial == page.serial && !logical.ended)
        else {
            return;
        };
        let follows = self.sequence.is_none_or(|sequence| page.sequence == sequence.wrapping_add(1));
        if !follows {
            self.partial.clear();
            self.partial_whole = false;
            self.at = None;
            logical.mapping.forget();
        }
        self.sequence = Some(page.sequence);
        let (packets, offset) = (self.packets(page), page.offset);
        let Some(logical) = self.logical.as_mut() else { return };
        if !logical.ready {
            for packet in packets {
                match logical.mapping.header(&packet, &mut self.tags) {
                    PacketRole::More => {}
                    PacketRole::Last => logical.ready = true,
                    PacketRole::Audio => {}
                }
            }
            logical.ended = page.ends;
            self.start = self.window.offset();
            return;
        }
        self.music(page, packets, offset);
    }

    /// A logical stream begins: the one that is played, the next of a chain, or one beside it.
    fn begin(&mut self, page: &Page) {
        // The next stream of a chain may have the number of the one before it, which may have no music.
        let free = self.logical.as_ref().is_none_or(|logical| logical.announced || logical.ended);
        let first = page.lengths.first().and_then(|&len| page.body.get(..len));
        let Some(mapping) = first.filter(|_| free).and_then(Mapping::begin) else {
            self.unplayable_start |= self.logical.as_ref().is_some_and(|logical| logical.ended);
            return;
        };
        self.unplayable_start = false;
        let serial = page.serial;
        self.logical = Some(Logical {
            serial,
            mapping,
            ready: false,
            announced: false,
            stream: None,
            base: None,
            ended: false,
        });
        self.partial.clear();
        self.waiting.clear();
        (self.sequence, self.at, self.end, self.search) = (Some(page.sequence), Some(0), None, None);
        (self.last, self.tail_end) = (false, None);
        (self.measured, self.partial_whole, self.seen) = ((0, 0), false, (0, 0));
    }

    /// The packets that end on a page, those aside whose beginning is missing.
    fn packets(&mut self, page: &Page) -> Vec<Vec<u8>> {
        let mut packets = Vec::new();
        let mut at = 0;
        let last = page.lengths.len().saturating_sub(1);
        for (n, &len) in page.lengths.iter().enumerate() {
            let bytes = &page.body[at..at + len];
            at += len;
            let goes_on = page.goes_on && n == last;
            let first = n == 0 && page.continued;
            if !first {
                self.partial.clear();
                self.partial_whole = true;
            }
            if self.partial_whole && self.partial.len() + len <= MOST_BYTES {
                self.partial.extend_from_slice(bytes);
            } else {
                self.partial_whole = false;
            }
            if !goes_on && std::mem::take(&mut self.partial_whole) {
                packets.push(std::mem::take(&mut self.partial));
            }
        }
        packets
    }

    /// A page of music: where its packets lie, and whether a search ends with it.
    fn music(&mut self, page: &Page, packets: Vec<Vec<u8>>, offset: u64) {
        let Some(logical) = self.logical.as_mut() else { return };
        // Behind a jump the first packet's length is not known where it overlaps with one before.
        let lengths: Vec<_> = packets.iter().map(|packet| logical.mapping.duration(packet)).collect();
        let frames: u64 = lengths.iter().flatten().map(|&frames| u64::from(frames)).sum();
        logical.ended |= page.ends;
        let Some(granule) = page.granule else {
            self.queue(packets, &lengths);
            return;
        };
        let granule = granule.cast_signed();
        let first = logical.base.is_none();
        // Frames are cut off at the start where the first page states less than it holds; but where it is the
        // last one too, they are cut off at the end.
        let base = *logical.base.get_or_insert(if page.ends { 0 } else { granule - frames.cast_signed() });
        let place = |granule: i64| granule.saturating_sub(base).max(0) as u64;
        if page.ends {
            self.end = Some(place(granule));
            self.last = self.total_bytes == Some(self.window.offset());
            self.tail_end = None;
        }
        if first || page.ends {
            self.at = self.at.or(Some(place(granule).saturating_sub(frames)));
        } else {
            self.at = Some(place(granule).saturating_sub(frames));
        }
        if offset > self.seen.0 {
            self.seen = (offset, self.at.unwrap_or(0));
        }
        self.measured.0 += page.body.len() as u64;
        self.measured.1 += frames;
        if let Some(search) = self.search.as_mut() {
            // The place of the last page's packets does not follow from its granule position.
            let found =
                if page.ends { search.nothing() } else { search.found((offset, self.at.unwrap_or(0))) };
            if let Some(byte) = follow(&mut self.search, found) {
                return self.jump(byte);
            }
        }
        self.queue(packets, &lengths);
    }

    fn queue(&mut self, packets: Vec<Vec<u8>>, lengths: &[Option<u32>]) {
        for (bytes, &frames) in packets.into_iter().zip(lengths) {
            let at = self.at;
            self.at = at.map(|at| at + u64::from(frames.unwrap_or(0)));
            self.waiting.push_back(Waiting { bytes, at, frames });
        }
    }
}
