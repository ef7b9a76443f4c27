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
    /// What its edit list plays: from, and how long in seconds.
    edit: Option<(u64, f64)>,
}

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

fn edit(body: &[u8], scale: u32) -> Option<(u64, f64)> {
    let mut rest = Reader(body);
    let wide = if version(&mut rest)? == 1 { 8 } else { 4 };
    for _ in 0..rest.u32()? {
        let (duration, from) = (rest.be(wide)?, rest.be(wide)?);
        rest.take(4)?;
        // −1 is an edit that is empty: a track that begins later than the film.
        let empty = if wide == 8 { u64::MAX } else { u32::MAX.into() };
        if from != empty {
            return Some((from, duration as f64 / f64::from(scale.max(1))));
        }
    }
    None
}

impl Movie {
    /// Reads the box; `None` where no track of it can be played.
    pub(super) fn parse(moov: &[u8]) -> Option<Self> {
        let head = child(moov, *b"mvhd")?;
        let (scale, _) = scale_and_duration(head, 0)?;
        let next = head.last_chunk::<4>().map_or(0, |next| u32::from_be_bytes(*next));
        let mut tracks = children(moov).filter(|(kind, _)| kind == b"trak");
        tracks.find_map(|(_, track)| Self::track(moov, track, (scale, next)))
    }

    fn track(moov: &[u8], track: &[u8], (scale, next): (u32, u32)) -> Option<Self> {
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
        Some(Self {
            id,
            timescale: timescale.max(1),
            entry,
            table: Table::parse(samples)?,
            defaults: defaults.unwrap_or_default(),
            fragmented: extends.is_some(),
            next,
            length: (duration > 0).then_some(duration).or(stated),
            edit: descendant(track, &[b"edts", b"elst"]).and_then(|body| edit(body, scale)),
        })
    }

    /// Whether a beginning of the index is enough to begin with, and to go on for so much of the track's
    /// clock: the only track, of which it is said what is cut off.
    pub(super) fn can_begin(&self, units: u64) -> bool {
        (self.id, self.next) == (1, 2) && !self.fragmented && self.edit.is_some() && self.table.reaches(units)
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

    /// The stream; `bytes` are those of its samples, as far as that is known.
    pub(super) fn describe(&self, tags: &Tags, bytes: Option<u64>) -> Stream {
        let entry = &self.entry;
        let rate = f64::from(entry.sample_rate);
        let total = self.length.or_else(|| self.table.duration()).map(|time| self.frame(time));
        let itunes = tags.text("itunsmpb").and_then(gapless).map(|(delay, length)| {
            // Counted at the rate that is heard: twice the core's where the upper half is written beside.
            let scale = u64::from((entry.heard_rate / entry.sample_rate.max(1)).max(1));
            (delay / scale, delay / scale + length / scale)
        });
        let edited = self.edit.map(|(from, seconds)| {
            let from = self.frame(from);
            // A length of 0 means: to the end. The film's clock is coarse: what it cuts off by rounding is
            // not cut.
            let end = if seconds > 0.0 { from + (seconds * rate).round() as u64 } else { u64::MAX };
            let close = total.is_some_and(|total| end < total && (total - end) as f64 <= rate / 1000.0);
            (from, if close { u64::MAX } else { end })
        });
        let (delay, end) = itunes.or(edited).unwrap_or((0, u64::MAX));
        let end = total.filter(|&total| total > delay).map_or(end, |total| end.min(total));
        let end = (end < u64::MAX && !self.fragmented).then_some(end);
        // Of fragments nobody need have said how many there are: their bytes tell about.
        let guess = bytes
            .filter(|_| self.fragmented && entry.bit_rate > 0.0)
            .map(|bytes| (bytes as f64 * 8.0 / entry.bit_rate * rate) as u64);
        let length = end.or(total).or(guess).map(|end| end.saturating_sub(delay));
        let seconds = total.map_or(0.0, |total| total as f64 / rate);
        let measured = bytes.filter(|_| seconds > 0.0).map(|bytes| bytes as f64 / seconds);
        Stream {
            codec: entry.codec,
            sample_rate: entry.sample_rate,
            channels: entry.channels,
            delay: delay + entry.delay,
            end,
            length,
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
