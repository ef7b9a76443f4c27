//! One open track: bytes in, frames at the file's own rate out.
//!
//! Owns the chain demux → decode → trim and the positions along it, and the rule for damage: what can't be
//! decoded becomes silence of the same length, so that the track keeps its length and the listener loses 26
//! ms, not the song.

mod format;
mod length;
mod silence;

pub use format::{Advance, AdvanceCode, CodecName, Format, HostDecoders, TrackError};

use crate::decode::{Decode, Planes, decoder};
use crate::demux::{Codec, Demux, Packet, Step, Stream};
use crate::sniff::Family;
use crate::tags::Tags;

/// Bytes at a file's end that contain its length: more than the largest page of Ogg.
pub const END_PROBE_BYTES: usize = 64 << 10;
/// Lost or undecodable packets in a row after which a track is given up of which nothing was decoded: 6.5 s
/// of MPEG-1 audio.
const MOST_FAILURES_IN_A_ROW: u32 = 250;
/// The same once something was: damage in the middle of a file, behind which the music goes on.
const MAX_FAILURES_WITHIN: u32 = 5000;
/// Failures in a row after which the decoder is made anew: one of AAC takes the first packet's channels for
/// all, damaged as it may be.
const RENEWED_AFTER: u32 = 8;
/// Sample rates that are played, in Hz, whatever the format; all else is refused before anything is decoded.
pub const SAMPLE_RATES: std::ops::RangeInclusive<u32> = 1_000..=768_000;
/// Channels that are played, whatever the format.
pub const CHANNELS: std::ops::RangeInclusive<u8> = 1..=32;
/// Frames of the longest packet: FLAC's block size has 16 bits.
const MAX_PACKET_FRAMES: u32 = 1 << 16;

/// Who decodes.
enum Decoder {
    Own(Box<dyn Decode>),
    /// The host; the packet it is to take.
    Host(Vec<u8>),
}

/// The open track.
pub struct Track {
    family: Family,
    demuxer: Box<dyn Demux>,
    total_bytes: Option<u64>,
    stream: Option<Stream>,
    /// The stream that follows: opened once all of the one before it is taken.
    next: Option<Stream>,
    /// The host still decodes packets of the stream before `next`.
    draining: bool,
    decoder: Option<Decoder>,
    host: HostDecoders,
    /// Where on the time line the next decoded frame lies; not known behind a seek.
    at: Option<u64>,
    /// Where the packet lies that the host is to decode, and how many frames it stands for.
    packet_at: (Option<u64>, u32),
    /// First frame wanted and one past the last, on the time line.
    range: (u64, u64),
    /// Decoded frames for one of the stream's own: 2 where high-efficiency AAC doubles the rate.
    scale: u64,
    /// Frames trimmed and made ready since the start or the last seek.
    frames: u64,
    /// Silence that still stands for a hole.
    hole: u64,
    /// The end of what was lost last, where the host decodes.
    lost_until: Option<u64>,
    /// The demuxer can't go on: what the host still decodes is heard before that is said.
    gives_up: bool,
    /// That has been heard.
    given_up: bool,
    start: f64,
    /// Length of the streams of a chain before this one, in seconds.
    base: f64,
    planes: Planes,
    ready: Planes,
    ended: bool,
    packets: u32,
    failures: u32,
    failures_in_a_row: u32,
    /// Frames of silence that stand for those.
    silent: u64,
    /// Something was decoded.
    has_decoded: bool,
    /// The length in seconds that was estimated last.
    estimate: Option<f64>,
}

fn demuxer(family: Family) -> Option<Box<dyn Demux>> {
    match family {
        #[cfg(feature = "mp3")]
        Family::Mp3 => Some(Box::<crate::mp3::Demuxer>::default()),
        #[cfg(feature = "aac")]
        Family::Adts => Some(Box::<crate::adts::Demuxer>::default()),
        #[cfg(feature = "aac")]
        Family::Mp4 => Some(Box::<crate::mp4::Demuxer>::default()),
        #[cfg(feature = "flac")]
        Family::Flac => Some(Box::<crate::flac::Demuxer>::default()),
        #[cfg(feature = "vorbis")]
        Family::OggVorbis => Some(Box::<crate::ogg::Demuxer>::default()),
        #[cfg(feature = "opus")]
        Family::OggOpus => Some(Box::<crate::ogg::Demuxer>::default()),
        #[cfg(feature = "flac")]
        Family::OggFlac => Some(Box::<crate::ogg::Demuxer>::default()),
        #[cfg(feature = "wav")]
        Family::Wav => Some(Box::<crate::wav::Demuxer>::default()),
        #[allow(unreachable_patterns, reason = "the families of a module without these features")]
        _ => None,
    }
}

impl Track {
    /// A track of a family, whose samples are wanted from `start` seconds on; `None` where this build has no
    /// such family.
    pub fn new(family: Family, start: f64, host: HostDecoders) -> Option<Self> {
        Some(Self {
            family,
            demuxer: demuxer(family)?,
            total_bytes: None,
            stream: None,
            next: None,
            draining: false,
            decoder: None,
            host,
            at: Some(0),
            packet_at: (None, 0),
            range: (0, u64::MAX),
            scale: 1,
            frames: 0,
            hole: 0,
            lost_until: None,
            gives_up: false,
            given_up: false,
            start,
            base: 0.0,
            planes: Vec::new(),
            ready: Vec::new(),
            ended: false,
            packets: 0,
            failures: 0,
            failures_in_a_row: 0,
            silent: 0,
            has_decoded: false,
            estimate: None,
        })
    }

    /// Notes the length of the file in bytes.
    pub fn set_total_bytes(&mut self, bytes: u64) {
        self.total_bytes = Some(bytes);
        self.demuxer.set_total_bytes(self.total_bytes);
    }

    /// What was noted of the length of the file is wrong.
    pub fn forget_total_bytes(&mut self) {
        let end = self.demuxer.end_of_file();
        self.total_bytes = None;
        self.demuxer.set_total_bytes(None);
        // So is an end that followed from it.
        if let Some(stream) = self.stream.as_mut().filter(|stream| stream.open_ended) {
            self.range.1 = u64::MAX;
            stream.end = stream.end.filter(|_| stream.end != end);
        }
    }

    /// Takes the file's next bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        self.demuxer.window().push(bytes);
    }

    /// Says that the file is over.
    pub fn finish(&mut self) {
        self.demuxer.window().finish();
        self.read_end();
    }

    /// Reads the length from the file's last bytes where they are in memory already.
    fn read_end(&mut self) {
        if self.demuxer.peek().is_finished() && self.demuxer.wants_end_probe() {
            let rest = self.demuxer.peek().rest();
            let last = rest[rest.len().saturating_sub(END_PROBE_BYTES)..].to_vec();
            self.demuxer.probe_end(&last);
        }
    }

    /// Whether the length is an estimate and the last bytes of the file would give it.
    pub fn wants_end_probe(&self) -> bool {
        self.demuxer.wants_end_probe()
    }

    /// Takes the last bytes of the file before those that precede them.
    pub fn probe_end(&mut self, bytes: &[u8]) {
        self.demuxer.probe_end(bytes);
    }

    /// Sets the transfer rate of the link; see [`Demux::set_link_rate`]. Has an effect only at the start of a
    /// file.
    pub fn set_link_rate(&mut self, bytes_per_second: f64, min_skip_bytes: u64) {
        if self.start == 0.0 {
            self.demuxer.set_link_rate(bytes_per_second, min_skip_bytes);
        }
    }

    /// Undecoded bytes in memory.
    pub fn undecoded(&self) -> usize {
        self.demuxer.undecoded()
    }

    /// File offset of the next byte to push.
    pub fn end_offset(&self) -> u64 {
        self.demuxer.peek().end_offset()
    }

    /// Where the channels are heard; see [`Stream::channel_mask`].
    pub fn channel_mask(&self) -> u32 {
        self.stream.as_ref().map_or(0, |stream| stream.channel_mask)
    }

    /// Frames ready.
    pub fn ready_frames(&self) -> usize {
        self.ready.first().map_or(0, Vec::len)
    }

    /// Frames that were decoded and kept since the start or the last seek.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Packets so far, lost ones included.
    pub fn packets(&self) -> u32 {
        self.packets
    }

    /// Packets that became silence.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// Where in the track the first frame of this run lies, in seconds.
    pub fn start(&self) -> f64 {
        self.start
    }

    /// Bytes for a second of audio, on average; 0 before the format is known.
    pub fn bytes_per_second(&self) -> f64 {
        self.stream.as_ref().map_or(0.0, |stream| stream.bytes_per_second)
    }

    /// What is known of the stream.
    pub fn stream(&self) -> Option<&Stream> {
        self.stream.as_ref()
    }

    /// What the file says of its music, so far.
    pub fn tags(&mut self) -> &mut Tags {
        self.demuxer.tags()
    }

    fn rate(&self, stream: &Stream) -> f64 {
        f64::from(stream.sample_rate) * self.scale as f64
    }

    /// Goes to `position` seconds. The next [`Track::advance`] says which bytes are wanted.
    pub fn seek(&mut self, position: f64) {
        self.start = position.max(0.0);
        self.ended = false;
        self.ready.iter_mut().for_each(Vec::clear);
        (self.frames, self.hole, self.lost_until) = (0, 0, None);
        (self.failures_in_a_row, self.silent) = (0, 0);
        (self.gives_up, self.given_up, self.packet_at) = (false, false, (None, 0));
        self.draining = false;
        let in_next = self.next.as_ref().is_some_and(|next| !next.continues);
        if in_next || self.start < self.base {
            self.restart();
        } else if self.stream.is_some() {
            self.begin();
        }
    }

    /// Begins at the first byte again: the position lies in an earlier stream of the chain.
    fn restart(&mut self) {
        let Some(demuxer) = demuxer(self.family) else { return };
        self.demuxer = demuxer;
        self.demuxer.window().restart();
        self.demuxer.set_total_bytes(self.total_bytes);
        (self.stream, self.next, self.decoder) = (None, None, None);
        (self.at, self.base, self.estimate) = (Some(0), 0.0, None);
    }

    /// Sets up the range for `self.start`, and goes there.
    fn begin(&mut self) {
        let Some(stream) = &self.stream else { return };
        let wanted = ((self.start - self.base).max(0.0) * f64::from(stream.sample_rate)).round() as u64;
        let end = stream.end.filter(|_| !stream.open_ended).unwrap_or(u64::MAX);
        let first = stream.delay.saturating_add(wanted).min(end);
        self.range = (first, end);
        if let Some(Decoder::Own(decoder)) = &mut self.decoder {
            decoder.reset();
        }
        if wanted > 0 || self.at != Some(0) {
            self.at = None;
            self.demuxer.seek(first);
        }
    }

    /// Decodes until at least `frames` are ready.
    pub fn advance(&mut self, frames: usize) -> Advance {
        while self.ready_frames() < frames && !self.ended {
            if self.hole > 0 {
                self.fill();
                continue;
            }
            if self.next.is_some() {
                if self.draining {
                    return Advance::Drain;
                }
                // The frames that are ready have the layout of the stream before.
                if self.ready_frames() > 0 {
                    return Advance::Ready;
                }
                if let Some(stream) = self.next.take() {
                    return self.open(stream);
                }
            }
            // Asked for while there is something to go on with.
            if self.demuxer.window().take_source_seek() {
                return Advance::SeekSource;
            }
            let step = match self.demuxer.step() {
                Ok(step) => step,
                Err(_) if !self.given_up && matches!(self.decoder, Some(Decoder::Host(_))) => {
                    self.gives_up = true;
                    return Advance::Drain;
                }
                Err(error) => return Advance::Failed(error.into()),
            };
            let lost = match step {
                Step::NeedBytes => {
                    let source_seek = self.demuxer.window().take_source_seek();
                    return if source_seek { Advance::SeekSource } else { Advance::NeedBytes };
                }
                Step::Stream(stream) => {
                    self.next = Some(stream);
                    self.draining =
                        self.packet_at != (None, 0) && matches!(self.decoder, Some(Decoder::Host(_)));
                    continue;
                }
                Step::End => {
                    if matches!(self.decoder, Some(Decoder::Host(_))) {
                        return Advance::Drain;
                    }
                    self.ended = true;
                    break;
                }
                // What the host still decodes lies before it: the place of what comes behind it makes the
                // hole.
                Step::Lost { at: Some(at), frames } if matches!(self.decoder, Some(Decoder::Host(_))) => {
                    self.lost_until = Some(at.saturating_add(frames));
                    continue;
                }
                Step::Lost { at, frames } => (at, frames),
                Step::Packet(packet) => match &mut self.decoder {
                    None => return Advance::Failed(TrackError::Unsupported),
                    Some(Decoder::Host(bytes)) => {
                        bytes.clear();
                        bytes.extend_from_slice(packet.bytes);
                        self.packet_at = (packet.at, packet.frames);
                        self.lost_until = None;
                        self.packets += 1;
                        return Advance::Packet;
                    }
                    Some(Decoder::Own(decoder)) => {
                        self.packets += 1;
                        let Packet { bytes, at, frames, is_preroll } = packet;
                        let result = decoder.decode(bytes, &mut self.planes);
                        if is_preroll {
                            continue;
                        }
                        if result.is_ok() {
                            self.anchor(at);
                            self.end_failures();
                            // A hole before it is filled first: it waits in the planes.
                            while self.hole > 0 {
                                self.fill();
                            }
                            self.keep(if frames > 0 { frames.into() } else { u64::MAX });
                            continue;
                        }
                        self.packets -= 1;
                        if self.failures_in_a_row % RENEWED_AFTER == RENEWED_AFTER - 1 {
                            self.decoder =
                                self.stream.as_ref().and_then(crate::decode::decoder).map(Decoder::Own);
                        }
                        (at, u64::from(frames))
                    }
                },
            };
            if let Err(error) = self.lose(lost) {
                return Advance::Failed(error);
            }
        }
        if self.ended { Advance::End } else { Advance::Ready }
    }

    /// Makes the decoded frames that lie within the range ready; at most `most`: a damaged packet may decode
    /// to more than it stands for.
    fn keep(&mut self, most: u64) {
        if let Some(end) = self.demuxer.end() {
            self.range.1 = end;
        }
        let decoded = (self.planes.first().map_or(0, Vec::len) as u64).min(most);
        // Behind a seek whose place is not known yet there is nothing to keep.
        let Some(at) = self.at else { return };
        let scale = self.scale;
        let wanted = kept(
            at.saturating_mul(scale),
            decoded,
            (self.range.0 * scale, self.range.1.saturating_mul(scale)),
        );
        let gain = self.stream.as_ref().map_or(1.0, |stream| stream.gain);
        for (plane, ready) in self.planes.iter().zip(&mut self.ready) {
            let samples = plane.get(wanted.clone()).unwrap_or_default();
            if (gain - 1.0).abs() < f32::EPSILON {
                ready.extend_from_slice(samples);
            } else {
                ready.extend(samples.iter().map(|sample| sample * gain));
            }
        }
        self.frames += wanted.len() as u64;
        self.at = Some(at.saturating_add(decoded / scale));
    }

    /// Gives up to `frames` of the ready frames away.
    pub fn take(&mut self, frames: usize) -> Planes {
        let len = frames.min(self.ready_frames());
        self.ready.iter_mut().map(|plane| plane.drain(..len).collect()).collect()
    }

    /// The packet that the host is to decode.
    pub fn packet(&self) -> &[u8] {
        match &self.decoder {
            Some(Decoder::Host(bytes)) => bytes,
            _ => &[],
        }
    }

    /// Where on the time line the packet of [`Advance::Packet`] lies, where that is known; how many frames it
    /// stands for, or 0.
    pub fn packet_at(&self) -> (Option<u64>, u32) {
        self.packet_at
    }

    /// Rate of the frames that come out, in Hz: the double of the stream's where a decoder doubles it.
    pub fn sample_rate(&self) -> u32 {
        self.stream.as_ref().map_or(0, |stream| stream.sample_rate * self.scale as u32)
    }

    fn open(&mut self, mut stream: Stream) -> Advance {
        let bounded = SAMPLE_RATES.contains(&stream.sample_rate)
            && CHANNELS.contains(&stream.channels)
            && stream.packet_frames <= MAX_PACKET_FRAMES;
        if !bounded {
            return Advance::Failed(TrackError::Unsupported);
        }
        if let Some(before) = self.stream.as_ref().filter(|_| !stream.continues) {
            // The next stream of a chain begins where the one before ended.
            let rate = f64::from(before.sample_rate);
            let end = self.at.map(|at| at.min(self.range.1).saturating_sub(before.delay) as f64 / rate);
            let heard = self.start + self.frames as f64 / self.rate(before);
            self.base = end.filter(|_| self.frames == 0).map_or(heard, |end| self.base + end);
            if self.frames > 0 || self.start < self.base {
                self.start = self.base;
            }
            self.frames = 0;
        }
        let able = if matches!(stream.codec, Codec::Aac(_)) { self.host.aac } else { self.host.others };
        let better = able && matches!(stream.codec, Codec::Opus | Codec::Aac(5 | 29));
        self.decoder = match decoder(&stream) {
            Some(own) if !better => Some(Decoder::Own(own)),
            _ if able => Some(Decoder::Host(Vec::new())),
            _ => return Advance::Failed(TrackError::Unsupported),
        };
        // Parametric stereo is written as one channel, and no header need say so: only the decoder knows.
        if matches!(self.decoder, Some(Decoder::Host(_))) && matches!(stream.codec, Codec::Aac(5 | 29)) {
            stream.channels = stream.channels.max(2);
        }
        let channels = usize::from(stream.channels);
        self.planes = vec![Vec::new(); channels];
        let first = self.ready.first().cloned().unwrap_or_default();
        self.ready.resize(channels, first);
        let rate = f64::from(stream.sample_rate);
        let length = stream.length.zip(stream.following).map(|(own, rest)| own.saturating_add(rest));
        let format = Format {
            codec: stream.codec.name(),
            sample_rate: stream.sample_rate,
            channels: stream.channels,
            duration: length.map(|frames| self.base + frames as f64 / rate),
            estimated: stream.end.is_none() || stream.following.is_none(),
            bit_rate: (stream.bytes_per_second * 8.0).round() as u32,
        };
        (self.packet_at, self.lost_until) = ((None, 0), None);
        if stream.continues {
            // The packet that readies the new decoder lies before this.
            self.range.0 = self.range.0.max(self.at.unwrap_or(0));
            self.stream = Some(stream);
            return Advance::Format(format);
        }
        // An entry of an edit list behind the first may begin anywhere: the next packet says where.
        let anywhere = self.family == Family::Mp4 && self.stream.is_some();
        (self.scale, self.at, self.hole) = (1, Some(0).filter(|_| !anywhere), 0);
        self.stream = Some(stream);
        self.read_end();
        self.begin();
        Advance::Format(format)
    }

    /// Frames that the host decoded, from `at` on the time line where that is known, at `rate` Hz.
    pub fn decoded(&mut self, planes: Planes, at: Option<u64>, rate: u32) {
        let Some(stream) = &self.stream else { return };
        self.scale = u64::from(rate / stream.sample_rate.max(1)).clamp(1, 2);
        self.anchor(at);
        self.end_failures();
        while self.hole > 0 {
            self.fill();
        }
        let channels = self.planes.len();
        self.planes = planes;
        // One channel where two were expected is heard on both sides; others that are missing are silent.
        let first = self.planes.first().cloned().unwrap_or_default();
        let silence = vec![0.0; first.len()];
        self.planes.resize(self.planes.len().max(2), first);
        self.planes.resize(channels, silence);
        self.keep(u64::MAX);
    }

    /// The host has given all that it decoded, and no more packets come.
    pub fn drained(&mut self) {
        // The last packet may be one that the host could not decode.
        let (at, frames) = self.packet_at;
        let end = self.lost_until.take().or_else(|| Some(at?.saturating_add(frames.into())));
        if end > self.at {
            self.anchor(end);
        }
        while self.hole > 0 {
            self.fill();
        }
        if std::mem::take(&mut self.draining) {
            return;
        }
        self.given_up = self.gives_up;
        self.ended = !self.given_up;
    }
}

/// Which of `frames` from `at` on lie within a range.
fn kept(at: u64, frames: u64, (first, end): (u64, u64)) -> std::ops::Range<usize> {
    let from = first.saturating_sub(at).min(frames);
    let to = end.saturating_sub(at).min(frames).max(from);
    from as usize..to as usize
}
