//! One open source: bytes in, blocks of samples at the output's rate out.
//!
//! Owns the chain sniff → track → mix → resample. The track, which demuxes and decodes, comes from a module
//! of its own once the bytes are recognised; until then they wait here. Knows no network and no time.

use tonearm_formats::track::{CHANNELS, SAMPLE_RATES};
use tonearm_formats::{Advance as Decoded, Family, Format, Planes, Sniffed, TrackError, sniff};
use tonearm_messages::READ_AHEAD_BYTES;

use crate::history::{Block, History};
use crate::limit::limit;
use crate::mix::to_stereo;
use crate::resample::Resampler;

/// Bytes of a tag in front that are held here: behind a longer one stands what the names say.
const MOST_TAG: u64 = 1 << 20;
/// Bytes that identify a family, where any do.
const TELLING: usize = 4096;
/// Frames that a track is asked for at once: as few as it has, so that none are left of the stream before
/// where a stream of a chain begins.
const STEP_FRAMES: usize = 1;
/// Seconds that are decoded and dropped rather than sought, where they are in memory.
const READ_THROUGH_SECONDS: f64 = 10.0;
/// Seconds before the last played frame that are kept: a reported position is the audible one, which is
/// earlier.
const KEPT_SECONDS: f64 = 1.0;

/// What demuxes and decodes: a module's instance, or in native tests the formats themselves.
pub trait FormatTrack {
    /// Notes the length of the file in bytes.
    fn set_total_bytes(&mut self, bytes: u64);
    /// What was noted of it is wrong.
    fn forget_total_bytes(&mut self) {}
    /// Takes the file's next bytes.
    fn push(&mut self, bytes: &[u8]);
    /// Says that the file is over.
    fn finish(&mut self);
    /// Sets the transfer rate of the link. A track that could read more than `min_skip_bytes` later asks for
    /// the audio first.
    fn set_link_rate(&mut self, bytes_per_second: f64, min_skip_bytes: f64);
    /// Goes to a position in seconds.
    fn seek(&mut self, position: f64);
    /// Decodes until at least so many frames are ready.
    fn advance(&mut self, frames: usize) -> Decoded;
    /// Gives up to so many of the ready frames away.
    fn take(&mut self, frames: usize) -> Planes;
    /// Rate of the frames that come out, in Hz; 0 before the format is known.
    fn sample_rate(&self) -> u32;
    /// Where the channels are heard: the bits of WAVEFORMATEXTENSIBLE's `dwChannelMask`, or 0.
    fn channel_mask(&self) -> u32 {
        0
    }
    /// Undecoded bytes in memory.
    fn undecoded(&self) -> usize;
    /// File offset of the next byte to push.
    fn end_offset(&self) -> u64;
    /// Frames of the file that were decoded and kept since the start or the last seek.
    fn frames(&self) -> u64;
    /// Packets so far, and how many of them became silence.
    fn packets(&self) -> (u32, u32);
    /// End of what is in memory, in seconds of the track.
    fn buffered_end(&self) -> f64;
    /// Length in seconds, where the file states it.
    fn stated_duration(&self) -> Option<f64>;
    /// Length in seconds by what came of the file so far, where it does not state it.
    fn estimated_duration(&mut self) -> Option<f64> {
        None
    }
    /// Whether the last bytes of the file would give its length.
    fn wants_end_probe(&self) -> bool;
    /// Takes the last bytes of the file before those that precede them.
    fn probe_end(&mut self, bytes: &[u8]);
    /// Bytes for a second, on average; 0 before the format is known.
    fn bytes_per_second(&self) -> f64;
}

/// What a call to [`Source::advance`] came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Advance {
    /// Enough frames are ready.
    Ready,
    /// More bytes are needed first.
    NeedBytes,
    /// Bytes are needed from [`Source::end_offset`] on, which is not where the last ones ended.
    SeekSource,
    /// A track of this family is needed: see [`Source::set_track`].
    Open(Family),
    /// The host has a packet to decode, or a track to bring, and says when it has.
    Pending,
    /// The format has been recognised; call again.
    Format(Format),
    /// Everything is decoded.
    End,
    /// The track can't go on.
    Failed(TrackError),
}

/// The open source.
pub struct Source<T> {
    track: Option<T>,
    /// The first bytes, until there is a track for them.
    head: Vec<u8>,
    over: bool,
    /// A track of this family is on its way.
    family: Option<Family>,
    /// The family that a `Content-Type` or a URL names.
    named: Option<Family>,
    total_bytes: Option<u64>,
    resampler: Option<Resampler>,
    output_rate: u32,
    speed: f64,
    channels: u8,
    /// The file's rate, once it is known.
    rate: u32,
    start: f64,
    /// Position of the next frame that the track gives, in seconds.
    decoded_to: f64,
    history: History,
    /// Blocks with samples that were not finite or far beyond full scale.
    limited: u32,
    ready: Planes,
    ended: bool,
}

/// The nearest speed that a resampler can follow.
fn clamp_speed(speed: f64) -> f64 {
    if speed.is_finite() { speed.clamp(0.25, 4.0) } else { 1.0 }
}

impl<T: FormatTrack> Source<T> {
    /// A source whose samples come out at `output_rate` Hz, from `start` seconds on, so many seconds of it in
    /// one.
    pub fn new(output_rate: u32, start: f64, speed: f64) -> Self {
        Self {
            track: None,
            head: Vec::new(),
            over: false,
            family: None,
            named: None,
            total_bytes: None,
            resampler: None,
            output_rate,
            speed: clamp_speed(speed),
            channels: 0,
            rate: 0,
            start,
            decoded_to: start.max(0.0),
            history: History::default(),
            limited: 0,
            ready: Vec::new(),
            ended: false,
        }
    }

    /// Notes what a name says of the bytes, for bytes that do not identify their format. The first name that
    /// names a family counts.
    pub fn note_name(&mut self, name: &str) {
        self.named = self.named.or_else(|| Family::named(name));
    }

    /// Notes the length of the file in bytes.
    #[inline(never)]
    pub fn set_total_bytes(&mut self, bytes: u64) {
        self.total_bytes = Some(bytes);
        if let Some(track) = &mut self.track {
            track.set_total_bytes(bytes);
        }
    }

    /// What was noted of the length of the file is wrong.
    pub fn forget_total_bytes(&mut self) {
        self.total_bytes = None;
        if let Some(track) = &mut self.track {
            track.forget_total_bytes();
        }
    }

    /// Takes the file's next bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        match &mut self.track {
            Some(track) => track.push(bytes),
            None => self.head.extend_from_slice(bytes),
        }
    }

    /// Sets the transfer rate of the link; see [`FormatTrack::set_link_rate`]. Has no effect once the format
    /// is known.
    pub fn set_link_rate(&mut self, bytes_per_second: f64, min_skip_bytes: f64) {
        if let Some(track) = self.track.as_mut().filter(|_| self.rate == 0) {
            track.set_link_rate(bytes_per_second, min_skip_bytes);
        }
    }

    /// Says that the file is over.
    #[inline(never)]
    pub fn finish(&mut self) {
        self.over = true;
        if let Some(track) = &mut self.track {
            track.finish();
        }
    }

    /// The track that [`Advance::Open`] asked for; `moved` says that the position changed meanwhile.
    pub fn set_track(&mut self, mut track: T, moved: bool) {
        if moved {
            track.seek(self.start);
        }
        self.decoded_to = self.start.max(0.0);
        if let Some(total) = self.total_bytes {
            track.set_total_bytes(total);
        }
        track.push(&std::mem::take(&mut self.head));
        if self.over {
            track.finish();
        }
        self.track = Some(track);
    }

    /// The track, once it is there.
    pub fn track(&mut self) -> Option<&mut T> {
        self.track.as_mut()
    }

    /// Where in the track the first frame of this run lies, in seconds.
    pub fn start(&self) -> f64 {
        self.start
    }

    /// Seconds of the track in a second of samples.
    pub fn speed(&self) -> f64 {
        self.speed
    }

    /// Undecoded bytes in memory.
    pub fn undecoded(&self) -> usize {
        self.track.as_ref().map_or(self.head.len(), FormatTrack::undecoded)
    }

    /// Whether what is in memory is enough for now; while its module is on its way, a little is.
    pub fn has_enough(&self) -> bool {
        self.undecoded() >= if self.track.is_some() { READ_AHEAD_BYTES } else { READ_AHEAD_BYTES / 16 }
    }

    /// File offset of the next byte to push.
    #[inline(never)]
    pub fn end_offset(&self) -> u64 {
        self.track.as_ref().map_or(self.head.len() as u64, FormatTrack::end_offset)
    }

    /// Frames ready at the output's rate.
    pub fn ready_frames(&self) -> usize {
        self.ready.first().map_or(0, Vec::len)
    }

    /// Frames of the file that were decoded and kept since the start or the last seek.
    pub fn frames(&self) -> u64 {
        self.track.as_ref().map_or(0, FormatTrack::frames)
    }

    /// Packets so far, and how many of them became silence or had samples that no decoder should give.
    pub fn packets(&self) -> (u32, u32) {
        let (packets, failures) = self.track.as_ref().map_or((0, 0), FormatTrack::packets);
        (packets, failures.saturating_add(self.limited))
    }

    /// End of what is in memory, undecoded bytes included, in seconds of the track.
    pub fn buffered_end(&self) -> f64 {
        self.track.as_ref().map_or(self.start, FormatTrack::buffered_end)
    }

    /// Length in seconds, where the file states it.
    pub fn stated_duration(&self) -> Option<f64> {
        self.track.as_ref().and_then(FormatTrack::stated_duration)
    }

    /// Length in seconds by what came of the file so far, where it does not state it.
    pub fn estimated_duration(&mut self) -> Option<f64> {
        self.track.as_mut().and_then(FormatTrack::estimated_duration)
    }

    /// Whether the last bytes of the file would give its length.
    pub fn wants_end_probe(&self) -> bool {
        self.track.as_ref().is_some_and(FormatTrack::wants_end_probe)
    }

    /// Takes the last bytes of the file before those that precede them.
    pub fn probe_end(&mut self, bytes: &[u8]) {
        if let Some(track) = &mut self.track {
            track.probe_end(bytes);
        }
    }

    /// Seconds of audio in so many bytes; 0 before the format is known.
    pub fn seconds_in(&self, bytes: u64) -> f64 {
        let rate = self.track.as_ref().map_or(0.0, FormatTrack::bytes_per_second);
        if rate > 0.0 { bytes as f64 / rate } else { 0.0 }
    }

    /// Whether the format is sought by reading at guessed places: each guess is a request.
    pub fn seeks_by_guessing(&self) -> bool {
        matches!(self.family, Some(Family::Flac | Family::OggVorbis | Family::OggOpus | Family::OggFlac))
    }

    /// Goes to `position` seconds, and on at a speed. Decoded frames are used again; the track is asked only
    /// for those that are not at hand, and reads on to them where it can't or needn't `jump`. Returns whether
    /// the track was sent to another place.
    #[inline(never)]
    pub fn seek(&mut self, position: f64, speed: f64, jump: bool) -> bool {
        self.speed = clamp_speed(speed);
        self.start = position.max(0.0);
        self.ended = false;
        self.ready.iter_mut().for_each(Vec::clear);
        if self.rate > 0 {
            self.begin_stream(self.rate);
        }
        if self.history.rewind(self.start) {
            return false;
        }
        let Some(track) = self.track.as_mut().filter(|_| self.rate > 0) else {
            // Nothing is decoded: a track that is there begins at the new position.
            if let Some(track) = &mut self.track {
                track.seek(self.start);
            }
            self.decoded_to = self.start;
            return true;
        };
        let ahead = self.start - self.decoded_to;
        let in_memory = ahead <= READ_THROUGH_SECONDS && self.start < track.buffered_end();
        if ahead >= 0.0 && (in_memory || !jump) {
            return false;
        }
        self.history.clear();
        self.decoded_to = if jump { self.start } else { 0.0 };
        track.seek(self.decoded_to);
        true
    }

    /// Reads from the file's first frame on to where the run begins: the server serves no ranges, and each
    /// guess would be a download. A track that has given frames of this run guesses no more, and reads on.
    #[inline(never)]
    pub fn seek_by_reading(&mut self) {
        let guesses = self.rate > 0 && self.history.frames() == 0;
        if let Some(track) = self.track.as_mut().filter(|_| guesses) {
            self.decoded_to = 0.0;
            track.seek(0.0);
        }
    }

    /// Whether frames that were decoded before are still to be given again.
    pub fn is_replaying(&self) -> bool {
        self.history.is_pending()
    }

    /// Frames that are kept at the file's own rate.
    pub fn kept_frames(&self) -> usize {
        self.history.frames()
    }

    /// The output has played so many seconds of samples of this run.
    pub fn played(&mut self, seconds: f64) {
        self.history.drop_before(self.start + seconds * self.speed - KEPT_SECONDS);
    }

    /// Gives up to `frames` of the ready frames away.
    pub fn take(&mut self, frames: usize) -> Planes {
        let len = frames.min(self.ready_frames());
        let mut planes: Planes = self.ready.iter_mut().map(|plane| plane.drain(..len).collect()).collect();
        // The filter goes over the largest sample of what it is given.
        limit(&mut planes);
        planes
    }

    /// Decodes until at least `frames` are ready.
    pub fn advance(&mut self, frames: usize) -> Advance {
        while self.ready_frames() < frames && !self.ended {
            if self.replay() {
                continue;
            }
            let Some(track) = &mut self.track else { return self.recognise() };
            match track.advance(STEP_FRAMES) {
                Decoded::NeedBytes => {
                    self.drain();
                    return Advance::NeedBytes;
                }
                Decoded::SeekSource => {
                    self.drain();
                    self.over = false;
                    return Advance::SeekSource;
                }
                Decoded::Packet | Decoded::Drain => {
                    self.drain();
                    return Advance::Pending;
                }
                Decoded::Ready => self.drain(),
                Decoded::Format(format) => {
                    // The end of the stream before it, in a chain: of its own rate.
                    self.take_decoded(self.rate);
                    let playable =
                        SAMPLE_RATES.contains(&format.sample_rate) && CHANNELS.contains(&format.channels);
                    if !playable {
                        return Advance::Failed(TrackError::Unsupported);
                    }
                    (self.channels, self.rate) = (format.channels, format.sample_rate);
                    self.finish_stream();
                    self.begin_stream(format.sample_rate);
                    return Advance::Format(format);
                }
                Decoded::End => {
                    self.drain();
                    self.finish_stream();
                    self.ended = true;
                }
                Decoded::Failed(error) => {
                    self.drain();
                    return Advance::Failed(error);
                }
            }
        }
        if self.ended { Advance::End } else { Advance::Ready }
    }

    /// What the first bytes are.
    #[inline(never)]
    fn recognise(&mut self) -> Advance {
        if self.family.is_some() {
            return Advance::Pending;
        }
        let mut at = 0;
        let family = loop {
            match sniff(self.head.get(at..).unwrap_or_default()) {
                Sniffed::Family(family) => break Some(family),
                Sniffed::Behind(tag) if tag > MOST_TAG => break self.named.or(Some(Family::Mp3)),
                Sniffed::Behind(tag) if at as u64 + tag <= self.head.len() as u64 => at += tag as usize,
                Sniffed::Unknown => break None,
                _ if self.over => break None,
                _ => return Advance::NeedBytes,
            }
        };
        // MPEG audio may begin in the middle of anything, or behind zeros: its demuxer looks further than the
        // first bytes.
        let zeros = self.head.len() >= TELLING && self.head.iter().all(|&byte| byte == 0);
        let guess = || self.named.or((at > 0 || zeros).then_some(Family::Mp3));
        let family = match family {
            Some(family) => Some(family),
            None if self.head.len() < TELLING && !self.over => return Advance::NeedBytes,
            None => guess(),
        };
        self.family = family;
        family.map_or(Advance::Failed(TrackError::Unsupported), Advance::Open)
    }

    /// Makes a resampler for frames of `rate` Hz. The planes that come out are as many as the streams so far
    /// have at most: a stereo stream of a chain may follow a mono one, and a mono one has two equal planes
    /// then.
    #[inline(never)]
    fn begin_stream(&mut self, rate: u32) {
        let channels = usize::from(self.channels.clamp(1, 2)).max(self.ready.len());
        // As many frames of the file as are played in a second are taken for its rate.
        let rate = (f64::from(rate) * self.speed).round() as u32;
        self.resampler = Some(Resampler::new(rate, self.output_rate, channels));
        let first = self.ready.first().cloned().unwrap_or_default();
        self.ready.resize(channels, first);
    }

    /// Takes what the track has ready through the resampler.
    fn drain(&mut self) {
        let rate = self.track.as_ref().map_or(0, FormatTrack::sample_rate);
        self.take_decoded(if SAMPLE_RATES.contains(&rate) { rate } else { self.rate });
    }

    #[inline(never)]
    fn take_decoded(&mut self, rate: u32) {
        let Some(track) = &mut self.track else { return };
        let mask = track.channel_mask();
        let mut planes = track.take(usize::MAX);
        let frames = planes.iter().map(Vec::len).min().unwrap_or(0);
        if frames == 0 || rate == 0 {
            return;
        }
        for plane in &mut planes {
            plane.truncate(frames);
        }
        if limit(&mut planes) > 0 {
            self.limited = self.limited.saturating_add(1);
        }
        let block = Block { at: self.decoded_to, rate, planes: to_stereo(planes, mask) };
        self.decoded_to = block.end();
        self.resample(&block);
        self.history.push(block);
    }

    /// Resamples a block that was decoded before; says whether there was one.
    fn replay(&mut self) -> bool {
        let mut history = std::mem::take(&mut self.history);
        let pending = history.is_pending();
        if let Some(block) = history.next_pending().filter(|_| pending) {
            self.resample(block);
        }
        self.history = history;
        pending
    }

    /// Takes a block through the resampler, from where this run begins.
    fn resample(&mut self, block: &Block) {
        if block.rate != self.rate || self.resampler.is_none() {
            // A stream of a chain, or a decoder that doubles the rate that the file states.
            self.rate = block.rate;
            self.finish_stream();
            self.begin_stream(block.rate);
        }
        let before = ((self.start - block.at) * f64::from(block.rate)).round().max(0.0) as usize;
        let range = before.min(block.frames())..block.frames();
        let Some(resampler) = &mut self.resampler else { return };
        match (block.planes.as_slice(), self.ready.len()) {
            ([mono], 2) => {
                let planes = vec![mono.clone(), mono.clone()];
                resampler.process(&planes, range, &mut self.ready);
            }
            _ => resampler.process(&block.planes, range, &mut self.ready),
        }
    }

    #[inline(never)]
    fn finish_stream(&mut self) {
        if let Some(mut resampler) = self.resampler.take() {
            resampler.finish(&mut self.ready);
        }
    }
}
