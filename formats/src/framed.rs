//! The push demuxer of streams that are nothing but frames, each behind a header of its own: MPEG audio and
//! ADTS.
//!
//! Once a stream is known, damage does not end it: bytes that are no frame are stepped over up to the next
//! place where two frames follow each other, and reported as so many lost packets, so that the track keeps
//! its length.

use crate::bytes::Window;
use crate::demux::{Codec, Demux, DemuxError, Packet, Step, Stream};
use crate::tags::{Id3, Tags};

/// Bytes that may come before the first frame (tags apart) before the file is called something else.
const LEADING_NOISE: usize = 128 << 10;
/// Bytes of damage that are looked through at once; more is stepped over in pieces, so that memory stays
/// bounded.
const DAMAGE_WINDOW: usize = 64 << 10;
/// Packets whose damage at the very end is mended from the length that the information frame states.
const MENDABLE_PACKETS: u64 = 8;

/// Bytes in front of which a header stands, whatever the format.
const HEADER_BYTES: usize = 7;

/// A frame's header, checked.
pub trait Header: Copy {
    /// Whether a stream without an index is taken to be of one bit rate.
    const CONSTANT: bool;
    /// Reads the header at the front of at least [`HEADER_BYTES`] bytes; `None` where there is none.
    fn parse(bytes: &[u8]) -> Option<Self>;
    /// Bytes of the whole frame, header included.
    fn frame_bytes(&self) -> usize;
    /// Bytes before what the decoder wants.
    fn payload(&self) -> usize;
    /// Whether both can be frames of one stream.
    fn continues(&self, other: &Self) -> bool;
    /// Whether a stream of one bit rate could go on with it.
    fn has_rate_of(&self, other: &Self) -> bool;
    /// Frames of PCM that it decodes to.
    fn samples(&self) -> u32;
    /// Sample rate in Hz.
    fn sample_rate(&self) -> u32;
    /// Channels.
    fn channels(&self) -> u8;
    /// Mean bytes of a frame, as far as one header tells.
    fn mean_bytes(&self) -> f64;
    /// Frames before one that its samples may depend on.
    fn preroll(&self, mean_bytes: f64) -> u64;
    /// How it is coded, and what the decoder must be given first.
    fn codec(&self) -> (Codec, Vec<u8>);
    /// What `frame`, the first, says of the whole, where it is no audio.
    fn index(&self, frame: &[u8]) -> Option<Index>;
}

/// What a stream's first frame says of the whole.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Index {
    /// Frames of audio that follow.
    pub frames: Option<u32>,
    /// Bytes of the stream, this frame included.
    pub bytes: Option<u32>,
    /// For each percent of the time, the share of the bytes before it, in 256ths.
    pub toc: Option<[u8; 100]>,
    /// Decoded frames to drop before the music.
    pub head: u64,
    /// Decoded frames to drop behind it.
    pub tail: u64,
    /// Whether the stream is of one bit rate.
    pub constant: bool,
}

/// What is known of the stream once its first frame is found.
#[derive(Debug, Clone, PartialEq)]
struct Head<H> {
    header: H,
    index: Option<Index>,
    /// Where the first frame of audio begins, in bytes of the file.
    audio_offset: u64,
}

impl<H: Header> Head<H> {
    /// Mean bytes of a packet over the whole file, as far as the first bytes tell.
    fn mean_bytes(&self) -> f64 {
        match self.index.as_ref() {
            Some(Index { constant: false, frames: Some(frames), bytes: Some(bytes), .. }) => {
                f64::from(*bytes) / f64::from(*frames)
            }
            _ => self.header.mean_bytes(),
        }
    }

    fn is_constant(&self) -> bool {
        self.index.as_ref().map_or(H::CONSTANT, |index| index.constant)
    }

    /// Packets of the whole file: stated, else from the file's length in bytes.
    fn packets(&self, total_bytes: Option<u64>) -> Option<u64> {
        let stated = self.index.as_ref().and_then(|index| index.frames).map(u64::from);
        stated.or_else(|| {
            let audio = total_bytes?.checked_sub(self.audio_offset)?;
            Some((audio as f64 / self.mean_bytes()).round() as u64)
        })
    }

    fn describe(&self, total_bytes: Option<u64>) -> Stream {
        let header = &self.header;
        let samples = u64::from(header.samples());
        let (delay, tail) = self.index.as_ref().map_or((0, 0), |index| (index.head, index.tail));
        let frames = |packets: Option<u64>| {
            packets.map(|packets| packets.saturating_mul(samples).saturating_sub(tail))
        };
        let (codec, configuration) = header.codec();
        Stream {
            codec,
            sample_rate: header.sample_rate(),
            channels: header.channels(),
            delay,
            end: frames(self.packets(None)),
            length: frames(self.packets(total_bytes)).map(|end| end.saturating_sub(delay)),
            packet_frames: header.samples(),
            bytes_per_second: self.mean_bytes() * f64::from(header.sample_rate()) / samples as f64,
            configuration,
            gain: 1.0,
        }
    }

    /// Where in the file packet `number` lies, as near as the tables tell; `mean` bytes a packet where there
    /// are none.
    fn locate(&self, number: u64, mean: f64) -> u64 {
        if let Some(Index {
            constant: false, frames: Some(frames), bytes: Some(bytes), toc: Some(toc), ..
        }) = &self.index
        {
            let percent = (number as f64 * 100.0 / f64::from(*frames)).clamp(0.0, 99.999);
            let at = percent as usize;
            let low = f64::from(toc[at]);
            let high = toc.get(at + 1).map_or(256.0, |&share| f64::from(share));
            let share = low + (high - low).max(0.0) * percent.fract();
            return self.audio_offset + (share / 256.0 * f64::from(*bytes)) as u64;
        }
        self.audio_offset + (number as f64 * mean) as u64
    }
}

/// The demuxer of one file.
#[derive(Debug)]
pub struct Demuxer<H> {
    window: Window,
    total_bytes: Option<u64>,
    id3: Id3,
    scanned: usize,
    noise: usize,
    stream: Option<Head<H>>,
    packets: u64,
    audio_bytes: u64,
    gap: u64,
    /// A seek is under way: to this packet, which the tables place at this offset.
    joining: Option<(u64, u64)>,
    /// The index of the packets is an estimate since a seek, so that the stated length can't be held against
    /// it.
    estimated: bool,
}

/// Where a search for two frames in a row came to.
enum Found {
    At(usize),
    Undecided(usize),
    Nowhere,
}

impl<H> Default for Demuxer<H> {
    fn default() -> Self {
        Self {
            window: Window::default(),
            total_bytes: None,
            id3: Id3::default(),
            scanned: 0,
            noise: 0,
            stream: None,
            packets: 0,
            audio_bytes: 0,
            gap: 0,
            joining: None,
            estimated: false,
        }
    }
}

impl<H: Header> Demux for Demuxer<H> {
    fn window(&mut self) -> &mut Window {
        &mut self.window
    }

    fn peek(&self) -> &Window {
        &self.window
    }

    fn set_total_bytes(&mut self, total: u64) {
        self.total_bytes = Some(total);
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
        let target = stream.locate(index, mean);
        let constant = stream.index.is_none() || stream.is_constant();
        self.joining = Some((index, target));
        self.estimated = index > 0 && !constant;
        (self.gap, self.scanned) = (0, 0);
        self.window.jump(target);
    }

    fn step(&mut self) -> Result<Step<'_>, DemuxError> {
        if self.id3.step(&mut self.window) {
            return Ok(Step::NeedBytes);
        }
        match self.stream.clone() {
            None => self.recognise(),
            Some(stream) => self.packet(&stream),
        }
    }
}

impl<H: Header> Demuxer<H> {
    fn rest(&self) -> &[u8] {
        self.window.rest()
    }

    fn consume(&mut self, len: usize) {
        self.window.consume(len);
        self.scanned = self.scanned.saturating_sub(len);
    }

    /// Where the next packet lies.
    fn at(&self, stream: &Head<H>) -> u64 {
        self.packets * u64::from(stream.header.samples())
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
        let index = self.rest().get(..header.frame_bytes()).and_then(|frame| header.index(frame));
        if index.is_some() {
            self.consume(header.frame_bytes());
        }
        let stream = Head { header, index, audio_offset: self.window.offset() };
        self.stream = Some(stream.clone());
        Step::Stream(stream.describe(self.total_bytes))
    }

    fn packet(&mut self, stream: &Head<H>) -> Result<Step<'_>, DemuxError> {
        let total = stream.index.as_ref().and_then(|index| index.frames).map(u64::from);
        if !self.estimated && self.joining.is_none() && total.is_some_and(|total| self.packets >= total) {
            return Ok(Step::End);
        }
        let rest = self.rest();
        if rest.len() < HEADER_BYTES {
            return if self.window.is_finished() { self.end(stream) } else { Ok(Step::NeedBytes) };
        }
        let header = H::parse(rest).filter(|header| header.continues(&stream.header));
        if let Some(header) = header
            && self.joining.is_none()
        {
            let len = header.frame_bytes();
            if rest.len() < len + HEADER_BYTES && !self.window.is_finished() {
                return Ok(Step::NeedBytes);
            }
            if rest.len() >= len && self.follows(stream, &header, &rest[len..]) {
                return Ok(self.take_packet(len));
            }
        }
        self.resync(stream, header)
    }

    /// Whether what comes after a frame bears out that it was one.
    fn follows(&self, stream: &Head<H>, header: &H, after: &[u8]) -> bool {
        let next = H::parse(after).is_some_and(|next| next.continues(&stream.header));
        let tag =
            [b"TAG".as_slice(), b"ID3", b"APETAGEX", b"LYRICSBEGIN"].iter().any(|tag| after.starts_with(tag));
        // In a stream of one bit rate, a header with that rate is right even if the one behind it is damaged.
        let stated = stream.index.as_ref().is_some_and(|index| index.constant);
        let constant = stated && header.has_rate_of(&stream.header);
        next || tag || constant || (self.window.is_finished() && after.len() < HEADER_BYTES)
    }

    fn take_packet(&mut self, len: usize) -> Step<'_> {
        if self.gap > 0 {
            return self.take_gap();
        }
        let Some(header) = self.stream.as_ref().map(|stream| stream.header) else { return Step::NeedBytes };
        let samples = header.samples();
        let at = self.packets * u64::from(samples);
        self.packets += 1;
        self.audio_bytes += len as u64;
        self.scanned = self.scanned.saturating_sub(len);
        let frame = self.window.take(len);
        let payload = H::parse(frame).map_or(0, |header| header.payload());
        Step::Packet(Packet { bytes: &frame[payload..], at: Some(at), frames: samples, primes: false })
    }

    /// Mean bytes of a packet, by the packets so far where there are enough.
    fn mean_bytes(&self, stream: &Head<H>) -> f64 {
        if stream.is_constant() || self.packets < 16 || self.audio_bytes == 0 {
            return stream.mean_bytes();
        }
        self.audio_bytes as f64 / self.packets as f64
    }

    fn take_gap(&mut self) -> Step<'_> {
        let lost =
            self.stream.as_ref().map_or(0.0, |stream| self.gap as f64 / self.mean_bytes(stream)).round();
        self.gap = 0;
        let lost = lost.clamp(0.0, f64::from(u32::MAX)) as u32;
        self.audio_bytes += (f64::from(lost) * self.stream.as_ref().map_or(0.0, Head::mean_bytes)) as u64;
        self.lose(lost.into())
    }

    /// So many packets were lost here.
    fn lose(&mut self, packets: u64) -> Step<'_> {
        let Some(stream) = &self.stream else { return Step::NeedBytes };
        let at = Some(self.at(stream));
        let frames = packets * u64::from(stream.header.samples());
        self.packets += packets;
        Step::Lost { at, frames }
    }

    /// Steps over damage to the next two frames in a row.
    fn resync(&mut self, stream: &Head<H>, here: Option<H>) -> Result<Step<'_>, DemuxError> {
        let from = usize::from(self.joining.is_none());
        let at = match self.find_pair(Some(&stream.header), from) {
            Found::At(at) => at,
            // More than a window of damage is stepped over in pieces.
            Found::Undecided(at) if at >= DAMAGE_WINDOW => at,
            Found::Undecided(_) => return Ok(Step::NeedBytes),
            Found::Nowhere => return self.end(stream),
        };
        if let Some((index, target)) = self.joining.take() {
            self.consume(at);
            let past = (self.window.offset().saturating_sub(target)) as f64 / self.mean_bytes(stream);
            self.packets = index + past.round() as u64;
            self.audio_bytes = (self.packets as f64 * self.mean_bytes(stream)) as u64;
            return Ok(self.lose(0));
        }
        // A whole frame that ends before the damage does is not part of it.
        if let Some(header) = here
            && header.frame_bytes() <= at
        {
            return Ok(self.take_packet(header.frame_bytes()));
        }
        self.consume(at);
        self.gap += at as u64;
        Ok(self.take_gap())
    }

    /// The bytes are over: what is missing to the stated length is a damaged end, or a truncated file.
    fn end(&mut self, stream: &Head<H>) -> Result<Step<'_>, DemuxError> {
        let rest = self.rest();
        let tail = [b"TAG".as_slice(), b"APETAGEX", b"LYRICSBEGIN"].iter().any(|tag| rest.starts_with(tag));
        if !tail {
            self.gap += self.window.len() as u64;
        }
        self.consume(self.window.len());
        if self.estimated {
            return Ok(Step::End);
        }
        let Some(total) = stream.index.as_ref().and_then(|index| index.frames) else {
            // Without a stated length only damage of a whole packet or more can be told from a stray tail.
            return if self.gap as f64 >= self.mean_bytes(stream) * 0.9 {
                Ok(self.take_gap())
            } else {
                Ok(Step::End)
            };
        };
        let missing = u64::from(total).saturating_sub(self.packets);
        if missing == 0 {
            return Ok(Step::End);
        }
        if missing > MENDABLE_PACKETS.max(u64::from(total) / 50) {
            return Err(DemuxError::Truncated);
        }
        self.gap = 0;
        Ok(self.lose(missing))
    }

    /// The first place from `from` on where two frames of `stream` (of any, where there is none yet) follow
    /// each other.
    fn find_pair(&mut self, stream: Option<&H>, from: usize) -> Found {
        let rest = self.window.rest();
        let mut at = from.max(self.scanned);
        while at + HEADER_BYTES <= rest.len() {
            let Some(next) = rest[at..].iter().position(|&byte| byte == 0xff) else {
                break;
            };
            at += next;
            let header =
                H::parse(&rest[at..]).filter(|found| stream.is_none_or(|stream| found.continues(stream)));
            if let Some(header) = header {
                let end = at + header.frame_bytes();
                let Some(after) = rest.get(end..).filter(|after| after.len() >= HEADER_BYTES) else {
                    if self.window.is_finished() && end == rest.len() {
                        return Found::At(at);
                    }
                    if !self.window.is_finished() {
                        self.scanned = at;
                        return Found::Undecided(at);
                    }
                    at += 1;
                    continue;
                };
                if H::parse(after).is_some_and(|after| after.continues(&header)) {
                    return Found::At(at);
                }
            }
            at += 1;
        }
        // A header may still begin in the last three bytes.
        let end = rest.len().saturating_sub(HEADER_BYTES - 1).max(from.min(rest.len()));
        self.scanned = end;
        if self.window.is_finished() { Found::Nowhere } else { Found::Undecided(end) }
    }
}
