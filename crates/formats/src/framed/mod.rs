//! The push demuxer of streams that are nothing but frames, each behind a header of its own: MPEG audio and
//! ADTS.
//!
//! Once a stream is known, damage does not end it: bytes that are no frame are stepped over up to the next
//! place where two frames follow each other, and reported as lost packets, so that the track keeps
//! its length.

mod damage;
mod end;
mod head;
mod header;

use damage::{Found, MAX_DAMAGE};
use end::{LAST_PACKETS, part, tag_bytes};
use head::{Head, last_before};
pub use header::{FrameHeader, Index};

use crate::bytes::Window;
use crate::demux::{Demux, DemuxError, Packet, Step, Stream, extrapolate};
use crate::tags::{Id3, Tags, is_tag};

/// Bytes that may come before the first frame (tags apart) before the file is called something else.
const LEADING_NOISE: usize = 2 << 20;
/// Frames whose bytes are averaged before a length is estimated, and the bytes that are waited for at most.
const MEASURED_FRAMES: u64 = 32;
const MEASURED_BYTES: usize = 16 << 10;

/// Bytes in front of which a header stands, whatever the format.
const HEADER_BYTES: usize = 7;
/// Bytes of earlier frames that a frame may depend on: the reach of layer III's bit reservoir.
const MAX_RESERVOIR: usize = 511;

/// The demuxer of one file.
#[derive(Debug)]
pub struct Demuxer<H> {
    window: Window,
    total_bytes: Option<u64>,
    id3: Id3,
    scanned: usize,
    noise: usize,
    /// Bytes of a tag that are stepped over.
    skip: u64,
    stream: Option<Head<H>>,
    packets: u64,
    audio_bytes: u64,
    gap: u64,
    /// Bytes of damage since the last packet.
    damage: u64,
    /// The part of a joined file that is read: its first packet, how many its index states, and the frames of
    /// padding behind them.
    part: Option<(u64, u64, u64)>,
    /// One past the last frame of the time line, once that is found; whether that is the estimate, kept
    /// because the place of the last packets is one.
    end: Option<u64>,
    end_estimated: bool,
    counted: bool,
    /// Packets were lost, and it is an estimate how many.
    lost: bool,
    /// Packets of the whole file, as it was published.
    published: Option<u64>,
    /// The furthest packet whose place is known, not estimated, and its byte.
    known: (u64, u64),
    /// The same of the packets in memory, which were not taken.
    surveyed: (u64, u64),
    /// What the next frames may depend on.
    reservoir: Vec<u8>,
    /// A frame to give to a new decoder first, and the last that was given.
    primer: Vec<u8>,
    primed: Vec<u8>,
    /// A seek is under way: to this packet, which the tables place at this offset.
    joining: Option<(u64, u64)>,
    /// That lies behind the end by an estimate: the last packets are counted from there.
    from_end: bool,
    /// The index of the packets is an estimate since a seek, so that the stated length can't be held against
    /// it.
    estimated: bool,
}

impl<H> Default for Demuxer<H> {
    fn default() -> Self {
        Self {
            window: Window::default(),
            total_bytes: None,
            id3: Id3::default(),
            scanned: 0,
            noise: 0,
            skip: 0,
            stream: None,
            packets: 0,
            audio_bytes: 0,
            gap: 0,
            damage: 0,
            part: None,
            end: None,
            end_estimated: false,
            counted: false,
            lost: false,
            published: None,
            known: (0, 0),
            surveyed: (0, 0),
            reservoir: Vec::new(),
            primer: Vec::new(),
            primed: Vec::new(),
            joining: None,
            from_end: false,
            estimated: false,
        }
    }
}

impl<H: FrameHeader> Demux for Demuxer<H> {
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

    /// Goes to the packet that holds `frame`, less those that it depends on.
    fn seek(&mut self, frame: u64) {
        let Some(stream) = self.stream.as_ref() else { return };
        let header = &stream.header;
        let mean = self.mean_bytes(stream);
        let index = (frame / u64::from(header.samples())).saturating_sub(header.preroll(mean));
        if index == self.packets || (self.packets == 0 && index < 2) {
            return;
        }
        // A position behind the end: the last packets say where that is.
        let last = self.total_bytes.map(|total| total.saturating_sub((LAST_PACKETS * mean) as u64));
        let past = last.filter(|&last| self.locate(stream, index) > last);
        let index = past.map_or(index, |last| {
            last_before(last.max(stream.audio_offset), index, &|number| self.locate(stream, number))
        });
        let target = self.locate(stream, index);
        self.estimated = index > 0 && !stream.is_constant();
        (self.joining, self.from_end) = (Some((index, target)), past.is_some() && self.estimated);
        (self.gap, self.damage, self.scanned) = (0, 0, 0);
        if std::mem::take(&mut self.end_estimated) {
            self.end = None;
        }
        self.reservoir.clear();
        self.primer.clear();
        self.skip = 0;
        self.window.jump(target);
    }

    fn end(&self) -> Option<u64> {
        self.end
    }

    fn estimate(&mut self) -> Option<u64> {
        self.survey();
        let samples = self.stream.as_ref()?.header.samples();
        Some(self.published?.saturating_mul(samples.into()))
    }

    /// The end of the file is in memory, and its frames were not counted.
    fn wants_end_probe(&self) -> bool {
        self.window.is_finished() && self.end.is_none() && !self.counted
    }

    fn probe_end(&mut self, _: &[u8]) {
        self.count();
    }

    fn step(&mut self) -> Result<Step<'_>, DemuxError> {
        if self.id3.step(&mut self.window) {
            return Ok(Step::NeedBytes);
        }
        if self.skip > 0 {
            return Ok(self.step_over_tag());
        }
        match self.stream.clone() {
            None => self.recognise(),
            Some(stream) => self.packet(&stream),
        }
    }
}

impl<H: FrameHeader> Demuxer<H> {
    fn rest(&self) -> &[u8] {
        self.window.rest()
    }

    fn consume(&mut self, len: usize) {
        self.window.consume(len);
        self.scanned = self.scanned.saturating_sub(len);
    }

    /// Where the next packet lies.
    fn at(&self, stream: &Head<H>) -> u64 {
        self.packets.saturating_mul(stream.header.samples().into())
    }

    /// Looks through the frames in memory that were not looked through, and estimates the length of the file
    /// by all that were. An index that covers the file knows better, and behind a seek by an estimate the
    /// count is one too.
    fn survey(&mut self) {
        let Some(stream) = &self.stream else { return };
        let start = stream.audio_offset;
        let Some(bytes) = self.total_bytes.and_then(|total| total.checked_sub(start)) else { return };
        let known =
            self.end.is_some() || stream.is_indexed(bytes) || stream.stated(self.total_bytes).is_some();
        if known || self.estimated || self.joining.is_some() {
            return;
        }
        if self.known.1 > self.surveyed.1 {
            self.surveyed = self.known;
        }
        if let Some(from) = self.surveyed.1.checked_sub(self.window.offset()) {
            let walk = self.walk(usize::try_from(from).unwrap_or(usize::MAX));
            self.surveyed = (self.surveyed.0 + walk.packets, self.surveyed.1 + walk.bytes as u64);
        }
        let passed = (self.surveyed.1 - start, self.surveyed.0);
        self.published = extrapolate(passed, bytes).or(self.published);
    }

    fn recognise(&mut self) -> Result<Step<'_>, DemuxError> {
        let keep = match self.find_pair(None, 0) {
            Found::At(at) => {
                self.consume(at);
                return Ok(self.begin());
            }
            Found::Undecided(at) => at,
            Found::Nowhere => self.window.len(),
        };
        self.noise += keep;
        self.consume(keep);
        if self.noise > LEADING_NOISE || self.window.is_finished() {
            Err(DemuxError::Unsupported)
        } else {
            Ok(Step::NeedBytes)
        }
    }

    /// The first frame is at the head, whole.
    fn begin(&mut self) -> Step<'_> {
        let Some(header) = H::parse(self.rest()) else { return Step::NeedBytes };
        let len = header.frame_bytes();
        let index = self.rest().get(..len).and_then(|frame| header.index(frame));
        let skipped = if index.is_some() { len } else { 0 };
        let walk = self.walk(skipped);
        let stated = index.as_ref().is_some_and(|index| index.frames.is_some());
        let enough = stated || walk.packets >= MEASURED_FRAMES || self.window.len() >= MEASURED_BYTES;
        if !enough && !self.window.is_finished() {
            return Step::NeedBytes;
        }
        let measured = match walk.packets {
            0 => (header.mean_bytes(), H::CONSTANT),
            packets => (walk.bytes as f64 / packets as f64, H::CONSTANT && walk.constant),
        };
        // An index by which a frame is much larger than all of the first ones, of one bit rate, is not of
        // these; nor is one that states fewer frames than are here.
        let index = index.map(|index| {
            let stated =
                index.bytes.zip(index.frames).map(|(bytes, frames)| f64::from(bytes) / f64::from(frames));
            let sparse = walk.constant
                && walk.packets >= MEASURED_FRAMES
                && stated.is_some_and(|mean| mean > 1.5 * measured.0);
            let wrong = sparse || index.frames.is_some_and(|frames| u64::from(frames) < walk.packets);
            if wrong { Index { frames: None, bytes: None, toc: None, ..index } } else { index }
        });
        let header = self.rest().get(skipped..).and_then(H::parse).unwrap_or(header);
        self.consume(skipped);
        let audio_offset = self.window.offset();
        let stream = Head { header, index, audio_offset, measured };
        self.part = stream.index.as_ref().and_then(|index| part(0, index));
        self.published = stream.stated(self.total_bytes).or(stream.estimate(self.total_bytes));
        (self.packets, self.audio_bytes, self.gap) = (0, 0, 0);
        (self.end, self.counted, self.estimated, self.lost) = (None, false, false, false);
        (self.known, self.surveyed) = ((0, audio_offset), (0, audio_offset));
        self.reservoir.clear();
        self.stream = Some(stream.clone());
        Step::Stream(stream.describe(self.total_bytes))
    }

    fn packet(&mut self, stream: &Head<H>) -> Result<Step<'_>, DemuxError> {
        if !self.primer.is_empty() {
            return Ok(self.take_primer(stream));
        }
        if self.damage > MAX_DAMAGE {
            // All of the music may be read: what follows is none of it.
            let over = self.end.is_some_and(|end| end <= self.at(stream));
            return if over { Ok(Step::End) } else { Err(DemuxError::Undecodable) };
        }
        loop {
            let rest = self.rest();
            if rest.len() < HEADER_BYTES {
                return if self.window.is_finished() { self.end(stream) } else { Ok(Step::NeedBytes) };
            }
            let header = H::parse(rest);
            // A tag between two files in one, or behind the last frame, is no damage.
            if header.is_none()
                && self.joining.is_none()
                && let Some(bytes) = tag_bytes(rest)
            {
                self.skip = bytes;
                return Ok(self.step_over_tag());
            }
            let Some(header) = header.filter(|_| self.joining.is_none()) else {
                return self.resync(stream, header);
            };
            if !header.continues(&stream.header) || !header.has_layout_of(&stream.header) {
                match self.is_run(0) {
                    None => return Ok(Step::NeedBytes),
                    Some(true) if self.gap > 0 => return Ok(self.take_gap()),
                    Some(true) if header.continues(&stream.header) => {
                        return Ok(self.change_layout(stream, header));
                    }
                    // The rate changes: another stream.
                    Some(true) => return Ok(self.begin()),
                    Some(false) => return self.resync(stream, None),
                }
            }
            let len = header.frame_bytes();
            if rest.len() < len + HEADER_BYTES && !self.window.is_finished() {
                return Ok(Step::NeedBytes);
            }
            let Some(frame) = rest.get(..len).filter(|_| self.follows(stream, &header, &rest[len..])) else {
                return self.resync(stream, Some(header));
            };
            // An information frame is no audio: another file was joined to this one.
            if let Some(index) = header.index(frame) {
                self.part = part(self.packets, &index);
                self.consume(len);
                continue;
            }
            if !self.look_for_end(stream, 0) {
                return Ok(Step::NeedBytes);
            }
            if stream.is_constant() && !header.has_rate_of(&stream.header) {
                self.vary();
            }
            return Ok(self.take_packet(len));
        }
    }

    /// Steps over what is at hand of a tag.
    fn step_over_tag(&mut self) -> Step<'_> {
        let here = self.skip.min(self.window.len() as u64);
        self.consume(here as usize);
        self.skip -= here;
        if self.skip > 0 && self.window.is_finished() {
            self.skip = 0;
        }
        if self.skip > 0 {
            return Step::NeedBytes;
        }
        // Nothing was lost: the next step goes on.
        self.lose(0)
    }

    /// A stream that began with one bit rate has others.
    fn vary(&mut self) {
        if let Some(stream) = &mut self.stream {
            stream.measured.1 = false;
            if let Some(index) = &mut stream.index {
                index.constant = false;
            }
        }
    }

    /// The channels change: the same time line for a decoder that is set up anew.
    fn change_layout(&mut self, stream: &Head<H>, header: H) -> Step<'_> {
        let changed = Head { header, ..stream.clone() };
        self.primer = header.primer(&self.reservoir).filter(|_| self.packets > 0).unwrap_or_default();
        self.stream = Some(changed.clone());
        let described = changed.describe(self.total_bytes);
        Step::Stream(Stream { continues: true, ..described })
    }

    fn take_primer(&mut self, stream: &Head<H>) -> Step<'_> {
        let samples = stream.header.samples();
        let at = self.at(stream).saturating_sub(samples.into());
        self.primed = std::mem::take(&mut self.primer);
        Step::Packet(Packet { bytes: &self.primed, at: Some(at), frames: samples, is_preroll: false })
    }

    /// Whether what comes after a frame bears out that it was one.
    fn follows(&self, stream: &Head<H>, header: &H, after: &[u8]) -> bool {
        let next = H::parse(after).is_some_and(|next| {
            let same = next.continues(&stream.header) && next.has_layout_of(&stream.header);
            same || self.is_run(header.frame_bytes()) == Some(true)
        });
        // In a stream of one bit rate, a header with that rate is right even if the one behind it is damaged.
        let stated = stream.index.as_ref().is_some_and(|index| index.constant);
        let constant = stated && header.has_rate_of(&stream.header);
        next || is_tag(after) || constant || (self.window.is_finished() && after.len() < HEADER_BYTES)
    }

    /// Where in the file a packet lies, as near as the tables and the packets so far allow.
    fn locate(&self, stream: &Head<H>, number: u64) -> u64 {
        let (packets, byte) = self.known;
        let by_table = stream.index.as_ref().is_some_and(|index| index.toc.is_some());
        if stream.is_constant() || by_table {
            stream.locate(number, stream.mean_bytes())
        } else if number <= packets {
            let passed = (byte - stream.audio_offset) as f64;
            stream.audio_offset + (passed * number as f64 / packets.max(1) as f64) as u64
        } else {
            let left = self.published.and_then(|all| all.checked_sub(packets)).filter(|&left| left > 0);
            let bytes = self.total_bytes.and_then(|total| total.checked_sub(byte));
            let mean =
                left.zip(bytes).map_or(stream.mean_bytes(), |(left, bytes)| bytes as f64 / left as f64);
            byte.saturating_add(((number - packets) as f64 * mean) as u64)
        }
    }

    fn take_packet(&mut self, len: usize) -> Step<'_> {
        if self.gap > 0 {
            return self.take_gap();
        }
        let Some(header) = self.stream.as_ref().map(|stream| stream.header) else { return Step::NeedBytes };
        let samples = header.samples();
        let at = self.packets.saturating_mul(samples.into());
        (self.packets, self.damage) = (self.packets + 1, 0);
        self.audio_bytes += len as u64;
        self.scanned = self.scanned.saturating_sub(len);
        if !self.estimated && self.packets > self.known.0 {
            self.known = (self.packets, self.window.offset() + len as u64);
        }
        let frame = self.window.take(len);
        let data = H::parse(frame).map_or(&[][..], |header| header.reservoir(frame));
        let room = MAX_RESERVOIR.saturating_sub(data.len());
        self.reservoir.drain(..self.reservoir.len().saturating_sub(room));
        self.reservoir.extend_from_slice(&data[data.len().saturating_sub(MAX_RESERVOIR)..]);
        let payload = H::parse(frame).map_or(0, |header| header.payload());
        Step::Packet(Packet { bytes: &frame[payload..], at: Some(at), frames: samples, is_preroll: false })
    }

    /// Mean bytes of a packet, by the packets so far where there are enough.
    #[inline(never)]
    fn mean_bytes(&self, stream: &Head<H>) -> f64 {
        if stream.is_constant() || self.packets < 16 || self.audio_bytes == 0 {
            return stream.mean_bytes();
        }
        self.audio_bytes as f64 / self.packets as f64
    }
}
