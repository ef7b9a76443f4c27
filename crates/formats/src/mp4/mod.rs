//! ISO base media files (ISO/IEC 14496-12): M4A with `moov` in front, at the end, or in fragments.

mod boxes;
mod early;
mod entry;
mod fragment;
mod list;
mod movie;
mod table;

use std::collections::VecDeque;

use boxes::{BoxHeader, MOST_HEADER, Parsed, header};
use early::Early;
use movie::Movie;
use table::{Cursor, Sample};

use crate::bytes::Window;
use crate::crc::crc16;
use crate::demux::{Codec, Demux, DemuxError, Packet, Step, extrapolate};
use crate::opus_packet;
use crate::seek::{Search, follow, pass_end};
use crate::tags::Tags;

/// A box that is read as a whole: `moov` of ten hours of AAC has about 7 MB.
const MOST_BOX: u64 = 48 << 20;
/// Boxes that are stepped over before the music.
const MOST_BOXES: u32 = 10_000;
/// Bytes that are not wanted and come anyway: fewer are read past, for more another request is worth its
/// time.
const READ_PAST: u64 = 512 << 10;
/// A sample that is longer is damage.
const MOST_SAMPLE: u32 = 1 << 20;
/// Every Opus packet lasts a multiple of 120 frames: 2.5 ms.
const OPUS_STEP: u32 = 120;
/// A part of a second by which the times of samples may differ from what the packets hold.
const JITTER_PER_SECOND: u64 = 10;
/// Seconds before the position that a seek among fragments may land.
const NEAR_SECONDS: f64 = 10.0;

/// The demuxer of one file.
#[derive(Debug, Default)]
pub struct Demuxer {
    window: Window,
    tags: Tags,
    total_bytes: Option<u64>,
    boxes: u32,
    movie: Option<Movie>,
    /// Where the next box begins, where that is not at the head of the window.
    next_box: Option<u64>,
    /// Among the samples of the table.
    cursor: Cursor,
    /// Which entry of the edit list is played.
    edit: usize,
    /// Of a file that has samples in `moov` and in fragments: where the fragments begin, once that is known.
    after_table: Option<u64>,
    /// Where to go once that is known.
    waiting_seek: Option<u64>,
    /// The times of the samples are not those of their frames.
    jitters: bool,
    /// Where the next packet lies by counting what the packets hold.
    counted: Option<u64>,
    /// The furthest fragment that was seen: its byte and its place.
    seen: (u64, u64),
    /// One past the last frame that the file has, where it has fewer than its table states.
    end: Option<u64>,
    /// Samples of a fragment.
    fragment: VecDeque<Sample>,
    /// The end of the last fragment's samples, on the track's clock.
    time: u64,
    /// Bytes and times of segments, on the time line.
    index: Vec<(u64, u64)>,
    /// Where the first fragment begins.
    start: u64,
    search: Option<Search>,
    /// `mdat` came before `moov`.
    media_first: bool,
    /// Bytes of an index of which no beginning could be made.
    tried: usize,
    /// It was begun before its index was whole.
    early: Option<Early>,
    /// Music from then, while and after the window has the index.
    held: Window,
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

    fn end(&self) -> Option<u64> {
        self.end
    }

    /// Of fragments whose number nothing states: by the bytes before the furthest one.
    fn estimate(&mut self) -> Option<u64> {
        let movie = self.movie.as_ref().filter(|movie| movie.fragmented && movie.edits() < 2)?;
        let bytes = self.total_bytes?.checked_sub(self.start)?;
        movie.length().or(extrapolate((self.seen.0.saturating_sub(self.start), self.seen.1), bytes))
    }

    fn tags(&mut self) -> &mut Tags {
        &mut self.tags
    }

    fn undecoded(&self) -> usize {
        let Some(index) = self.early.as_ref().filter(|early| early.is_back()) else {
            return self.held.len() + self.window.len();
        };
        // What comes behind the index, before anybody looks, is held beside what is held already.
        self.held.len() + self.window.end_offset().saturating_sub(index.end()) as usize
    }

    fn set_link_rate(&mut self, bytes_per_second: f64, min_skip_bytes: u64) {
        self.begin_early(bytes_per_second, min_skip_bytes);
    }

    fn seek(&mut self, frame: u64) {
        if self.seek_early(frame) {
            return;
        }
        self.held = Window::default();
        self.counted = None;
        let Some(movie) = &self.movie else { return };
        if movie.is_mixed() && self.after_table.is_none() {
            self.waiting_seek = Some(frame);
            return;
        }
        let packet = u64::from(movie.entry.packet_frames);
        let tabled = movie.table.duration().map_or(0, |time| movie.frame(time));
        if !movie.fragmented || (frame < tabled && self.after_table.is_some()) {
            self.fragment.clear();
            self.search = None;
            self.next_box = self.after_table;
            let rate = u128::from(movie.entry.sample_rate.max(1));
            let time = (u128::from(frame) * u128::from(movie.timescale) / rate) as u64;
            self.cursor = movie.table.find(time, movie.preroll().div_ceil(packet.max(1)) as u32);
            return;
        }
        let frame = frame.saturating_sub(movie.preroll());
        self.fragment.clear();
        // Behind the samples of the table.
        self.cursor = movie.table.end();
        let at =
            |place: &(u64, u64)| place.1 <= frame && self.total_bytes.is_none_or(|total| place.0 < total);
        let start = self.after_table.unwrap_or(self.start);
        let rate = f64::from(movie.entry.sample_rate);
        let bytes_per_second = movie.describe(&self.tags, None, 0).bytes_per_second;
        let low = (start, tabled);
        // No byte is asked for that is not known to be there.
        let high = match self.total_bytes.map(|total| total.max(start)) {
            Some(end) => {
                let by_mean = (end as f64 / bytes_per_second * rate) as u64;
                Some((end, movie.length().unwrap_or(by_mean)))
            }
            None => Some(self.seen).filter(|seen| seen.1 > frame),
        };
        let byte = if let Some(place) = self.index.iter().rev().find(|place| at(place)) {
            self.search = None;
            place.0
        } else if let Some(high) = high {
            let search = Search::new(frame, (NEAR_SECONDS * rate) as u64, low, high);
            self.search = Some(search);
            search.guess()
        } else {
            self.search = None;
            if self.seen.1 <= frame { self.seen.0.max(start) } else { start }
        };
        self.jump(byte);
    }

    fn step(&mut self) -> Result<Step<'_>, DemuxError> {
        loop {
            if let Some(step) = self.step_early()? {
                return Ok(step);
            }
            if let Some(movie) = self.movie.as_ref() {
                let in_fragments = movie.fragmented;
                // Samples of `moov` come first; where they are followed by fragments, those begin behind
                // them.
                let tabled =
                    movie.table.sample(&self.cursor).filter(|_| !in_fragments || self.after_table.is_some());
                let fragment = self.fragment.front().copied().filter(|_| in_fragments);
                if let Some(sample) = tabled.or(fragment) {
                    if let Some(step) = self.next_edit(&sample) {
                        return Ok(step);
                    }
                    return self.sample(sample, tabled.is_none());
                }
                if !in_fragments {
                    if self.wants_index() {
                        continue;
                    }
                    return Ok(if self.early.is_some() { Step::NeedBytes } else { self.last_edit() });
                }
            }
            if let Some(next) = self.next_box {
                // Behind the last byte there is nothing to ask for.
                if next == u64::MAX || self.total_bytes.is_some_and(|total| next > total) {
                    return if self.movie.is_some() {
                        Ok(self.last_edit())
                    } else {
                        Err(DemuxError::Unsupported)
                    };
                }
                if !self.approach(next) {
                    return self.wait();
                }
                self.next_box = None;
            }
            if self.search.is_some() && !self.find_fragment() {
                return self.wait();
            }
            let rest = self.window.rest();
            let found = match header(&rest[..rest.len().min(MOST_HEADER)]) {
                Parsed::NeedBytes => return self.wait(),
                Parsed::Header(found) => found,
                // Behind the music what is no box is a stray tail.
                Parsed::Unsound if self.movie.is_some() => return Ok(self.last_edit()),
                Parsed::Unsound => return Err(DemuxError::Unsupported),
            };
            self.boxes += 1;
            if self.movie.is_none() && self.boxes > MOST_BOXES {
                return Err(DemuxError::Unsupported);
            }
            if let Some(step) = self.open_box(found)? {
                return Ok(step);
            }
        }
    }
}

impl Demuxer {
    fn wait(&mut self) -> Result<Step<'static>, DemuxError> {
        if !self.window.is_finished() {
            return Ok(Step::NeedBytes);
        }
        if let Some(byte) = pass_end(&mut self.search, self.window.offset()) {
            self.jump(byte);
            return Ok(Step::NeedBytes);
        }
        if self.movie.is_some() { Ok(self.last_edit()) } else { Err(DemuxError::Unsupported) }
    }

    fn jump(&mut self, byte: u64) {
        self.next_box = None;
        self.window.jump(byte);
    }

    /// Brings a place of the file to the head; says whether it is there.
    fn approach(&mut self, byte: u64) -> bool {
        let ahead = byte.saturating_sub(self.window.end_offset());
        if byte >= self.window.offset() && ahead > 0 && ahead <= READ_PAST && !self.window.is_finished() {
            self.window.consume(self.window.len());
            return false;
        }
        if byte > self.window.end_offset() && self.window.is_finished() {
            return false;
        }
        self.window.jump(byte);
        !self.window.is_empty()
    }

    /// Takes the box at the head, or steps over it. Gives the stream where it is `moov`.
    fn open_box(&mut self, found: BoxHeader) -> Result<Option<Step<'static>>, DemuxError> {
        let offset = self.window.offset();
        let end = found.size.map_or(u64::MAX, |size| offset.saturating_add(size));
        let wanted = match &found.kind {
            b"moov" => self.movie.is_none(),
            b"moof" => self.movie.is_some(),
            b"sidx" => self.index.is_empty(),
            _ => false,
        };
        let media = &found.kind == b"mdat";
        self.media_first |= media;
        // Fragments begin behind the samples that `moov` describes.
        let waits = self.after_table.is_none() && self.movie.as_ref().is_some_and(Movie::is_mixed);
        if waits && (media || &found.kind == b"moof") {
            self.after_table = Some(if media { end } else { offset });
            self.next_box = self.after_table;
            if let Some(frame) = self.waiting_seek.take() {
                self.seek(frame);
            }
            return Ok(None);
        }
        if !wanted {
            if end == u64::MAX {
                // A box to the end of the file: nothing lies behind it.
                return if self.movie.is_some() {
                    Ok(Some(self.last_edit()))
                } else {
                    Err(DemuxError::Unsupported)
                };
            }
            self.next_box = Some(end);
            return Ok(None);
        }
        let Some(size) = found.size.filter(|&size| size <= MOST_BOX) else {
            return Err(DemuxError::Unsupported);
        };
        if (self.window.len() as u64) < size {
            // It is counted once it is here.
            self.boxes -= 1;
            let over = self.window.is_finished();
            return if over { Err(DemuxError::Truncated) } else { Ok(Some(Step::NeedBytes)) };
        }
        let bytes = self.window.take(size as usize)[found.len as usize..].to_vec();
        match &found.kind {
            b"moov" => {
                list::read(&bytes, &mut self.tags);
                let movie = Movie::parse(&bytes).ok_or(DemuxError::Unsupported)?;
                self.start = self.window.offset();
                let behind = self.total_bytes.map(|total| total.saturating_sub(self.start));
                let media = if movie.fragmented { behind } else { Some(movie.table.bytes()) };
                let stream = movie.describe(&self.tags, media, 0);
                self.movie = Some(movie);
                self.tags.texts.retain(|(name, _)| name != "itunsmpb");
                return Ok(Some(Step::Stream(stream)));
            }
            b"sidx" => {
                let rate = self.movie.as_ref().map_or(0, |movie| movie.entry.sample_rate);
                if let Some((scale, places)) = fragment::index(&bytes, self.window.offset()) {
                    let frame = |time: u64| (u128::from(time) * u128::from(rate) / u128::from(scale)) as u64;
                    self.index = places.into_iter().map(|(byte, time)| (byte, frame(time))).collect();
                }
            }
            _ => {
                if let Some(movie) = &self.movie {
                    self.fragment = fragment::samples(&bytes, offset, movie, self.time).unwrap_or_default();
                    let first = self.fragment.front().map(|sample| movie.frame(sample.time));
                    if let Some(at) = first.filter(|_| offset > self.seen.0) {
                        self.seen = (offset, at);
                    }
                    if let (Some(search), Some(at)) = (self.search.as_mut(), first) {
                        let found = search.found((offset, at));
                        if let Some(byte) = follow(&mut self.search, found) {
                            self.fragment.clear();
                            self.jump(byte);
                        }
                    }
                }
            }
        }
        Ok(None)
    }

    /// Brings the next `moof` to the head, wherever the guess of a search fell.
    fn find_fragment(&mut self) -> bool {
        let rest = self.window.rest();
        match rest.windows(4).position(|kind| kind == b"moof") {
            Some(at) if at >= 4 => {
                self.window.consume(at - 4);
                true
            }
            Some(_) => {
                self.window.consume(4);
                false
            }
            None => {
                // The size before it, and the first bytes of its type, may be the last that are here.
                self.window.consume(rest.len().saturating_sub(7));
                false
            }
        }
    }

    /// The next entry of the edit list, where the one that is played ends before a sample.
    fn next_edit(&mut self, sample: &Sample) -> Option<Step<'static>> {
        let movie = self.movie.as_ref()?;
        let (_, end) = movie.edit(self.edit).filter(|_| movie.edits() > 1)?;
        // A sample more, which completes the one before in codecs whose samples overlap.
        let over = movie.frame(sample.time) >= end.saturating_add(movie.entry.packet_frames.into());
        if over { Some(self.last_edit()) } else { None }
    }

    /// The stream that the next entry of the edit list is, or the end.
    fn last_edit(&mut self) -> Step<'static> {
        let Some(movie) = self.movie.as_ref() else { return Step::End };
        if self.edit + 1 >= movie.edits() {
            return Step::End;
        }
        self.edit += 1;
        let bytes = Some(movie.table.bytes()).filter(|_| !movie.fragmented);
        Step::Stream(movie.describe(&self.tags, bytes, self.edit))
    }

    fn sample(&mut self, sample: Sample, fragmented: bool) -> Result<Step<'_>, DemuxError> {
        let Some(movie) = &self.movie else { return Ok(Step::End) };
        let (at, frames) = (movie.frame(sample.time), movie.frame(sample.duration.into()));
        let frames = frames.min(u64::from(u32::MAX)) as u32;
        let flac = movie.entry.codec == Codec::Flac;
        // Muxers write times in whole milliseconds, or as a recorder's clock has them: a packet of AAC or MP3
        // is as long as any other, one of Opus says itself how long it is.
        let opus = movie.entry.codec == Codec::Opus;
        let constant = matches!(movie.entry.codec, Codec::Aac(_) | Codec::Mp3);
        // But the last sample may be shorter than the others, and mean it.
        let follows = if fragmented { self.fragment.len() > 1 } else { movie.table.goes_on(&self.cursor) };
        let packet_frames = movie.entry.packet_frames;
        self.jitters |= constant && follows && frames != packet_frames && frames > 0;
        let frames = if constant && self.jitters { packet_frames } else { frames };
        let jitter = u64::from(movie.entry.sample_rate) / JITTER_PER_SECOND;
        let counts = opus || self.jitters;
        let at = self.counted.filter(|counted| counts && counted.abs_diff(at) <= jitter).unwrap_or(at);
        let sound = sample.size > 0 && sample.size <= MOST_SAMPLE;
        // The file is all there, and its table states more. What comes without being asked for is waited for:
        // a length that a server states may be that of a coded body.
        let over = self.window.is_finished() || sample.offset > self.window.end_offset();
        if let Some(total) = self.total_bytes.filter(|&total| sound && over && sample.end() > total) {
            if !fragmented {
                self.end = movie.table.time_within(total).map(|time| movie.frame(time));
            }
            return Ok(Step::End);
        }
        let held = sound && sample.offset >= self.held.offset() && sample.end() <= self.held.end_offset();
        if held {
            self.held.jump(sample.offset);
        } else if sound {
            if self.early.as_ref().is_some_and(Early::is_back) {
                return Ok(Step::NeedBytes);
            }
            self.held = Window::default();
        }
        let here = held || sound && self.approach(sample.offset) && self.window.len() >= sample.size as usize;
        if sound && !here && !self.window.is_finished() {
            return Ok(Step::NeedBytes);
        }
        if here || !sound {
            self.pass(fragmented, &sample);
        }
        if here {
            let window = if held { &mut self.held } else { &mut self.window };
            let bytes = window.take(sample.size as usize);
            let stated = frames.is_multiple_of(OPUS_STEP) && frames > 0;
            let frames =
                if opus && !stated { opus_packet::duration(bytes).unwrap_or(frames) } else { frames };
            self.counted = Some(at.saturating_add(frames.into()));
            // What does not match its own sum no decoder need see: not every one says that it gave nothing
            // for it.
            if flac && crc16(0, bytes) != 0 {
                return Ok(Step::Lost { at: Some(at), frames: u64::from(frames).max(1) });
            }
            return Ok(Step::Packet(Packet { bytes, at: Some(at), frames, is_preroll: false }));
        }
        if !sound {
            return Ok(Step::Lost { at: Some(at), frames: u64::from(frames).max(1) });
        }
        // The file ends before its own table does.
        Err(DemuxError::Truncated)
    }

    fn pass(&mut self, fragmented: bool, sample: &Sample) {
        self.time = sample.time.saturating_add(sample.duration.into());
        if fragmented {
            self.fragment.pop_front();
        } else if let Some(movie) = &self.movie {
            movie.table.advance(&mut self.cursor);
        }
    }
}
