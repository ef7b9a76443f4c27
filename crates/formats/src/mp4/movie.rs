//! `moov`: which track is played, how it is coded, and how much of both ends is cut off.

use super::boxes::{child, children, descendant};
use super::entry::{Entry, entry};
use super::table::Table;
use crate::bytes::Reader;
use crate::demux::{Codec, OPUS_PREROLL, Stream};
use crate::tags::Tags;

/// What `moov` says of the track that is played.
#[derive(Debug)]
pub(super) struct Movie {
    /// The track's number.
    pub id: u32,
    /// Units of a second on its own clock.
    pub timescale: u32,
    /// How it is coded.
    pub entry: Entry,
    /// Where its samples lie; empty where they come in fragments.
    pub table: Table,
    /// Units of a sample in fragments that do not say it, and its bytes.
    pub defaults: (u32, u32),
    /// Whether there are fragments.
    pub fragmented: bool,
    /// Length on its own clock, fragments included where that is stated.
    length: Option<u64>,
    /// The number that the next track would get.
    next: u32,
    /// What its edit list plays, one entry after the other: from, and how long in seconds.
    edits: Vec<(u64, f64)>,
}

/// Entries of an edit list that are read.
const MAX_EDITS: u32 = 1000;

/// The length of a full box's header: version and flags.
fn version(rest: &mut Reader<'_>) -> Option<u64> {
    let version = rest.be(1)?;
    rest.take(3)?;
    Some(version)
}

/// Two times, creation and modification, then the scale and the duration of `mvhd` and `mdhd`.
fn scale_and_duration(body: &[u8], skip: usize) -> Option<(u32, u64)> {
    let mut rest = Reader(body);
    let wide = if version(&mut rest)? == 1 { 8 } else { 4 };
    rest.take(2 * wide + skip)?;
    let scale = rest.u32()?;
    let unknown = if wide == 8 { u64::MAX } else { u32::MAX.into() };
    let duration = rest.be(wide)?;
    Some((scale, if duration == unknown { 0 } else { duration }))
}

/// The entries of an edit list that play something. Those that follow on the one before are one with it.
fn edits(body: &[u8], scale: u32, timescale: u32) -> Option<Vec<(u64, f64)>> {
    let mut rest = Reader(body);
    let wide = if version(&mut rest)? == 1 { 8 } else { 4 };
    let mut edits: Vec<(u64, f64)> = Vec::new();
    for _ in 0..rest.u32()?.min(MAX_EDITS) {
        let (Some(duration), Some(from)) = (rest.be(wide), rest.be(wide)) else { break };
        rest.take(4)?;
        // −1 is an edit that is empty: a track that begins later than the film.
        let empty = if wide == 8 { u64::MAX } else { u32::MAX.into() };
        if from == empty {
            continue;
        }
        let seconds = duration as f64 / f64::from(scale.max(1));
        if let Some((start, length)) = edits.last_mut() {
            let end = *start as f64 / f64::from(timescale) + *length;
            let gap = (from as f64 / f64::from(timescale) - end).abs();
            if *length > 0.0 && gap * f64::from(scale) <= 1.0 {
                // An entry of no length plays to the end.
                *length = if seconds > 0.0 { *length + seconds } else { 0.0 };
                continue;
            }
        }
        edits.push((from, seconds));
    }
    Some(edits)
}

impl Movie {
    /// Reads the box; `None` where no track of it can be played.
    pub(super) fn parse(moov: &[u8]) -> Option<Self> {
        let head = child(moov, *b"mvhd")?;
        let (scale, length) = scale_and_duration(head, 0)?;
        let next = head.last_chunk::<4>().map_or(0, |next| u32::from_be_bytes(*next));
        let mut tracks = children(moov).filter(|(kind, _)| kind == b"trak");
        tracks.find_map(|(_, track)| Self::track(moov, track, (scale, next), length))
    }

    fn track(moov: &[u8], track: &[u8], (scale, next): (u32, u32), film: u64) -> Option<Self> {
        let media = child(track, *b"mdia")?;
        if child(media, *b"hdlr")?.get(8..12)? != b"soun" {
            return None;
        }
        let (timescale, duration) = scale_and_duration(child(media, *b"mdhd")?, 0)?;
        let samples = descendant(media, &[b"minf", b"stbl"])?;
        let entry = entry(child(samples, *b"stsd")?)?;
        let mut rest = Reader(child(track, *b"tkhd")?);
        let wide = if version(&mut rest)? == 1 { 8 } else { 4 };
        rest.take(2 * wide)?;
        let id = rest.u32()?;
        let extends = child(moov, *b"mvex");
        let defaults = extends.and_then(|extends| {
            let mut all = children(extends).filter(|(kind, _)| kind == b"trex");
            all.find_map(|(_, body)| {
                let mut rest = Reader(body.get(4..)?);
                (rest.u32()? == id).then_some(())?;
                rest.take(4)?;
                Some((rest.u32()?, rest.u32()?))
            })
        });
        let stated = extends.and_then(|extends| {
            let mut rest = Reader(child(extends, *b"mehd")?);
            let wide = if version(&mut rest)? == 1 { 8 } else { 4 };
            let duration = rest.be(wide)?;
            Some((duration as f64 * f64::from(timescale) / f64::from(scale.max(1))) as u64)
        });
        let on_track = f64::from(timescale) / f64::from(scale.max(1));
        let whole = (film as f64 * on_track) as u64;
        let table = Table::parse(samples)?;
        let empty = table.is_empty();
        Some(Self {
            id,
            timescale: timescale.max(1),
            entry,
            table,
            defaults: defaults.unwrap_or_default(),
            fragmented: extends.is_some(),
            next,
            // Of a file in fragments `mdhd` may state the samples of `moov` alone.
            length: stated
                .or_else(|| match extends {
                    None => Some(duration),
                    // Chromium's recorder writes it on the clock of the film.
                    Some(_) if empty => Some(duration.max(whole)),
                    Some(_) => None,
                })
                .filter(|&length| length > 0),
            edits: descendant(track, &[b"edts", b"elst"])
                .and_then(|body| edits(body, scale, timescale.max(1)))
                .unwrap_or_default(),
        })
    }

    /// Whether there are samples in `moov` and in fragments behind them.
    pub(super) fn is_mixed(&self) -> bool {
        self.fragmented && !self.table.is_empty()
    }

    /// Whether a beginning of the index is enough to begin with, and to go on for so much of the track's
    /// clock: the only track, of which it is said what is cut off.
    pub(super) fn can_begin(&self, units: u64) -> bool {
        (self.id, self.next) == (1, 2)
            && !self.fragmented
            && self.edits.len() == 1
            && self.table.reaches(units)
    }

    /// A time of the track's clock, as a frame of the time line.
    pub(super) fn frame(&self, time: u64) -> u64 {
        let rate = u64::from(self.entry.sample_rate);
        let scale = u64::from(self.timescale);
        if rate == scale { time } else { (u128::from(time) * u128::from(rate) / u128::from(scale)) as u64 }
    }

    /// Frames to decode before a position: the decoder's history.
    pub(super) fn preroll(&self) -> u64 {
        if matches!(self.entry.codec, Codec::Opus) { OPUS_PREROLL } else { self.entry.packet_frames.into() }
    }

    /// How many entries of the edit list are played.
    pub(super) fn edits(&self) -> usize {
        self.edits.len()
    }

    /// Frames of the whole, where that is stated.
    pub(super) fn length(&self) -> Option<u64> {
        self.length.map(|time| self.frame(time))
    }

    /// First frame of an entry of the edit list, and one past its last; the last entry of a length of 0 plays
    /// to the end.
    pub(super) fn edit(&self, entry: usize) -> Option<(u64, u64)> {
        let &(from, seconds) = self.edits.get(entry)?;
        let from = self.frame(from);
        let frames = (seconds * f64::from(self.entry.sample_rate)).round() as u64;
        Some((from, if seconds > 0.0 { from.saturating_add(frames) } else { u64::MAX }))
    }

    /// Frames of the entries after one; none where one of them plays to an end that is not known.
    fn following(&self, entry: usize, total: Option<u64>) -> Option<u64> {
        let mut later = (entry + 1..self.edits()).filter_map(|entry| self.edit(entry));
        later.try_fold(0u64, |sum, (from, end)| {
            let until = if end < u64::MAX { end.min(total.unwrap_or(end)) } else { total? };
            Some(sum.saturating_add(until.saturating_sub(from)))
        })
    }

    /// The stream that an entry of the edit list is; `bytes` are those of its samples, as far as that is
    /// known.
    pub(super) fn describe(&self, tags: &Tags, bytes: Option<u64>, entry_of_edits: usize) -> Stream {
        let entry = &self.entry;
        let rate = f64::from(entry.sample_rate);
        let total = self
            .length
            .or_else(|| self.table.duration().filter(|_| !self.fragmented))
            .map(|time| self.frame(time));
        let itunes = tags.text("itunsmpb").and_then(gapless).map(|(delay, length)| {
            // Counted at the rate that is heard: twice the core's where the upper half is written beside.
            let scale = u64::from((entry.heard_rate / entry.sample_rate.max(1)).max(1));
            (delay / scale, delay / scale + length / scale)
        });
        let edited = self.edit(entry_of_edits).map(|(from, end)| {
            // The film's clock is coarse: what it cuts off by rounding is not cut.
            let close = total.is_some_and(|total| end < total && (total - end) as f64 <= rate / 1000.0);
            (from, if close { u64::MAX } else { end })
        });
        let itunes = itunes.filter(|_| self.edits() < 2);
        let (delay, end) = itunes.or(edited).unwrap_or((entry.delay, u64::MAX));
        let end = total.filter(|&total| total > delay).map_or(end, |total| end.min(total));
        let end = (end < u64::MAX && (!self.fragmented || self.edits() > 1)).then_some(end);
        // No header need state the number of fragments: their bytes give an estimate.
        let guess = bytes.filter(|_| self.fragmented && entry.bit_rate > 0.0).map(|bytes| {
            // The samples of `moov` give a better bit rate than the entry does.
            let tabled = self.table.duration().filter(|_| self.is_mixed());
            let tabled = tabled.map(|time| self.frame(time) as f64 / self.table.bytes().max(1) as f64);
            (bytes as f64 * tabled.unwrap_or(8.0 / entry.bit_rate * rate)) as u64
        });
        let length = end.or(total).or(guess).map(|end| end.saturating_sub(delay));
        let seconds = total.map_or(0.0, |total| total as f64 / rate);
        let measured = bytes.filter(|_| seconds > 0.0).map(|bytes| bytes as f64 / seconds);
        Stream {
            codec: entry.codec,
            sample_rate: entry.sample_rate,
            channels: entry.channels,
            channel_mask: 0,
            delay,
            end,
            open_ended: false,
            length,
            following: self.following(entry_of_edits, total),
            continues: false,
            packet_frames: entry.packet_frames,
            bytes_per_second: measured.unwrap_or(entry.bit_rate / 8.0).max(1.0),
            configuration: entry.configuration.clone(),
            gain: 1.0,
        }
    }
}

/// `iTunSMPB`: zero, delay, padding and length, in hexadecimal digits.
fn gapless(text: &str) -> Option<(u64, u64)> {
    let mut numbers = text.split_ascii_whitespace().map(|number| u64::from_str_radix(number, 16).ok());
    numbers.next()?;
    let delay = numbers.next()??;
    numbers.next()?;
    let length = numbers.next()??;
    (length > 0 && length < 1 << 48 && delay < 1 << 20).then_some((delay, length))
}
