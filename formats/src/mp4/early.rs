//! The beginning before the index is whole. A long index in front costs a slow link more than the first
//! seconds of music do: they are fetched first, by the samples' sizes that came so far, and the rest of the
//! index behind them.
//!
//! Owns what is known meanwhile. Where the first sample lies the index says last: of a file with one track it
//! is taken to be the first byte of `mdat`, and held against the index once that is whole.

use super::boxes::{Parsed, header};
use super::list;
use super::movie::Movie;
use super::table::{Cursor, Sample};
use super::{Demuxer, MOST_BOX, MOST_BOXES, MOST_SAMPLE};
use crate::bytes::Window;
use crate::demux::{Demux, DemuxError, Step, Stream};

/// Music to have before the rest of the index is fetched, in seconds.
const LEAST_SECONDS: f64 = 2.0;
/// How many times longer than it should the rest may take.
const CAUTION: f64 = 1.5;
/// How many times faster than it is played music has to come: of a slower link nothing would be left to play
/// meanwhile.
const LEAST_SPEED: f64 = 1.2;
/// Bytes of music that are held at most.
const MOST_HELD: f64 = (1 << 20) as f64;

/// What is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Towards the first sample.
    Out,
    /// Music comes, until so much is here: the end of a sample.
    Ahead(u64),
    /// The rest of the index comes.
    Back,
}

/// A file that was begun before its index was whole.
#[derive(Debug)]
pub(super) struct Early {
    /// `moov`, its header included, as far as it came, and the bytes that it has.
    moov: Vec<u8>,
    size: u64,
    /// Where it lies.
    at: u64,
    /// What of the track's clock to have before the rest is fetched.
    units: u64,
    phase: Phase,
    /// The stream, until a step has returned it.
    stream: Option<Stream>,
    /// Where to go once the index is here.
    seek: Option<u64>,
}

impl Early {
    /// The place of the first byte that is missing.
    fn rest(&self) -> u64 {
        self.at + self.moov.len() as u64
    }

    /// The place behind the index.
    pub(super) fn end(&self) -> u64 {
        self.at.saturating_add(self.size)
    }

    /// Whether what comes is no music.
    pub(super) fn is_back(&self) -> bool {
        self.phase == Phase::Back
    }
}

impl Demuxer {
    /// Begins with what is here of an index, where more is missing than `worth` and enough music is known to
    /// fetch the rest at `rate` bytes a second meanwhile.
    pub(super) fn begin_early(&mut self, rate: f64, worth: u64) {
        let len = self.window.len();
        // Tried again once there is half as much more: each try reads all of it.
        if self.movie.is_some()
            || self.media_first
            || self.next_box.is_some()
            || len < self.tried + self.tried / 2
        {
            return;
        }
        // Behind the last byte there is nothing to ask for: where that is must be known.
        if self.total_bytes.is_none() {
            return;
        }
        let rest = self.window.rest();
        let Parsed::Header(found) = header(rest) else { return };
        let size = found.size.unwrap_or(0);
        let missing = size.saturating_sub(len as u64);
        if &found.kind != b"moov" || missing < worth.max(1) || size > MOST_BOX {
            return;
        }
        self.tried = len;
        let Some(movie) = Movie::parse(&rest[found.len as usize..]) else { return };
        let stream = movie.describe(&self.tags, movie.table.estimate(), 0);
        let speed = rate / stream.bytes_per_second;
        // While so much comes a part of it is played.
        let seconds = (LEAST_SECONDS + CAUTION * missing as f64 / rate) * speed / (speed - 1.0);
        let units = (seconds * f64::from(movie.timescale)) as u64;
        if !(speed >= LEAST_SPEED && seconds * stream.bytes_per_second <= MOST_HELD && movie.can_begin(units))
        {
            return;
        }
        let at = self.window.offset();
        let moov = self.window.take(len).to_vec();
        let (phase, to) = match movie.table.sample(&Cursor::default()) {
            Some(first) => (ahead(&movie, units), first.offset),
            None => (Phase::Out, at.saturating_add(size)),
        };
        self.early = Some(Early { moov, size, at, units, phase, stream: Some(stream), seek: None });
        self.movie = Some(movie);
        self.jump(to);
    }

    /// What has to come before a sample can; none where one can.
    pub(super) fn step_early(&mut self) -> Result<Option<Step<'static>>, DemuxError> {
        loop {
            let Some(early) = &mut self.early else { return Ok(None) };
            if let Some(stream) = early.stream.take() {
                return Ok(Some(Step::Stream(stream)));
            }
            match early.phase {
                Phase::Out => {
                    if let Some(wait) = self.find_media()? {
                        return Ok(Some(wait));
                    }
                }
                Phase::Ahead(until) => {
                    if self.window.end_offset() < until && !self.window.is_finished() {
                        return Ok(None);
                    }
                    self.go_back();
                }
                Phase::Back => {
                    let missing = (early.size - early.moov.len() as u64) as usize;
                    if self.window.len() >= missing {
                        early.moov.extend_from_slice(self.window.take(missing));
                        self.index_is_whole()?;
                        continue;
                    }
                    if self.window.is_finished() {
                        return Err(DemuxError::Truncated);
                    }
                    return Ok(early.seek.map(|_| Step::NeedBytes));
                }
            }
        }
    }

    /// Looks for `mdat` behind `moov`.
    fn find_media(&mut self) -> Result<Option<Step<'static>>, DemuxError> {
        if let Some(next) = self.next_box {
            if !self.approach(next) {
                let over = self.window.is_finished();
                return if over { Err(DemuxError::Truncated) } else { Ok(Some(Step::NeedBytes)) };
            }
            self.next_box = None;
        }
        let found = match header(self.window.rest()) {
            Parsed::NeedBytes if !self.window.is_finished() => return Ok(Some(Step::NeedBytes)),
            Parsed::Header(found) => found,
            _ => return Err(DemuxError::Truncated),
        };
        let offset = self.window.offset();
        if &found.kind == b"mdat" {
            if let (Some(movie), Some(early)) = (&mut self.movie, &mut self.early) {
                movie.table.place(offset + found.len);
                early.phase = ahead(movie, early.units);
            }
        } else {
            self.boxes += 1;
            let end = found.size.filter(|_| self.boxes <= MOST_BOXES).ok_or(DemuxError::Unsupported)?;
            self.next_box = Some(offset.saturating_add(end));
        }
        Ok(None)
    }

    /// Keeps the music that is here, and asks for the rest of the index.
    fn go_back(&mut self) {
        let (Some(early), Some(movie)) = (&mut self.early, &self.movie) else { return };
        early.phase = Phase::Back;
        let (from, to) = (self.window.offset(), self.window.end_offset());
        let mut cursor = self.cursor;
        let mut until = from;
        while let Some(sample) = movie.table.sample(&cursor).filter(|sample| sample.end() <= to) {
            until = until.max(sample.end());
            movie.table.advance(&mut cursor);
        }
        self.held.jump(from);
        self.held.push(self.window.take((until - from) as usize));
        let rest = early.rest();
        self.next_box = None;
        // Bytes that are here and belong to a sample whose end is not come again.
        self.window = Window::default();
        self.window.jump(rest);
    }

    /// Asks for the rest of the index where no sample is known any more; says whether it did.
    pub(super) fn wants_index(&mut self) -> bool {
        let ahead = self.early.as_ref().is_some_and(|early| !early.is_back());
        if ahead {
            self.go_back();
        }
        ahead
    }

    /// A seek while the index is not whole waits for it.
    pub(super) fn seek_early(&mut self, frame: u64) -> bool {
        self.wants_index();
        let Some(early) = &mut self.early else { return false };
        early.seek = Some(frame);
        self.held = Window::default();
        true
    }

    fn index_is_whole(&mut self) -> Result<(), DemuxError> {
        let Some(early) = self.early.take() else { return Ok(()) };
        let Parsed::Header(found) = header(&early.moov) else { return Err(DemuxError::Unsupported) };
        let bytes = &early.moov[found.len as usize..];
        list::read(bytes, &mut self.tags);
        self.tags.texts.retain(|(name, _)| name != "itunsmpb");
        let movie = Movie::parse(bytes).ok_or(DemuxError::Unsupported)?;
        let first = |movie: &Movie| movie.table.sample(&Cursor::default()).map(|sample| sample.offset);
        if self.movie.as_ref().and_then(first) != first(&movie) {
            // It lay elsewhere: what is here is no music of this track's.
            self.held = Window::default();
        }
        self.cursor = movie.table.nth(self.cursor.index());
        if movie.fragmented {
            // Its samples lie in fragments behind the index, where the window is.
            self.held = Window::default();
            self.start = early.end();
        }
        let behind = self.held.end_offset();
        self.movie = Some(movie);
        if let Some(frame) = early.seek {
            self.seek(frame);
        } else if behind > 0 {
            self.jump(behind);
        }
        Ok(())
    }
}

/// Until which byte music is wanted before the rest of the index.
fn ahead(movie: &Movie, units: u64) -> Phase {
    let mut cursor = Cursor::default();
    let mut until = 0;
    let sound = |sample: &Sample| sample.time < units && sample.size <= MOST_SAMPLE;
    while let Some(sample) = movie.table.sample(&cursor).filter(sound) {
        until = sample.end();
        movie.table.advance(&mut cursor);
    }
    Phase::Ahead(until)
}
