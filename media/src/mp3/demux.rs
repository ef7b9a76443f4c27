//! A push demuxer: bytes go in as they come, packets come out as they are whole, at any split of the bytes.
//!
//! Once a stream is known, damage does not end it: bytes that are no frame are stepped over up to the next place where
//! two frames follow each other, and reported as so many lost packets, so that the track keeps its length.

use super::header::FrameHeader;
use super::id3;
use super::info::InfoTag;

/// Bytes that may come before the first frame (tags apart) before the file is called something else.
const LEADING_NOISE: usize = 128 << 10;
/// Bytes of damage that are looked through at once; more is stepped over in pieces, so that memory stays bounded.
const DAMAGE_WINDOW: usize = 64 << 10;
/// Packets whose damage at the very end is mended from the length that the information frame states.
const MENDABLE_PACKETS: u64 = 8;

/// Why a file can't be demuxed any further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DemuxError {
    /// No two frames follow each other near the start.
    NotMp3,
    /// The bytes end well before the length that the information frame states.
    Truncated,
}

/// What is known of the stream once its first frame is found.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamInfo {
    /// The first frame's header.
    pub header: FrameHeader,
    /// The information frame, where there is one.
    pub info: Option<InfoTag>,
    /// Where the first frame of audio begins, in bytes of the file.
    pub audio_offset: u64,
}

impl StreamInfo {
    /// Mean bytes of a packet over the whole file, as far as the first bytes tell.
    pub fn mean_bytes(&self) -> f64 {
        match self.info.as_ref() {
            Some(InfoTag { constant: false, frames: Some(frames), bytes: Some(bytes), .. }) => {
                f64::from(*bytes) / f64::from(*frames)
            }
            _ => self.header.mean_bytes(),
        }
    }

    /// Packets of the whole file: stated by the information frame, else from the file's length in bytes.
    pub fn packets(&self, total_bytes: Option<u64>) -> Option<u64> {
        let stated = self.info.as_ref().and_then(|info| info.frames).map(u64::from);
        stated.or_else(|| {
            let audio = total_bytes?.checked_sub(self.audio_offset)?;
            Some((audio as f64 / self.mean_bytes()).round() as u64)
        })
    }

    /// Where in the file packet `index` lies, as near as the tables tell.
    pub fn locate(&self, index: u64) -> u64 {
        if let Some(InfoTag { constant: false, frames: Some(frames), bytes: Some(bytes), toc: Some(toc), .. }) =
            &self.info
        {
            let percent = (index as f64 * 100.0 / f64::from(*frames)).clamp(0.0, 99.999);
            let at = percent as usize;
            let low = f64::from(toc[at]);
            let high = toc.get(at + 1).map_or(256.0, |&share| f64::from(share));
            let share = low + (high - low).max(0.0) * percent.fract();
            return self.audio_offset + (share / 256.0 * f64::from(*bytes)) as u64;
        }
        self.audio_offset + (index as f64 * self.mean_bytes()) as u64
    }
}

/// What [`Demuxer::step`] has.
#[derive(Debug, PartialEq)]
pub enum Step<'a> {
    /// Nothing before more bytes are pushed.
    NeedBytes,
    /// The stream has been recognised.
    Stream(StreamInfo),
    /// One whole packet.
    Packet(&'a [u8]),
    /// So many packets were damaged beyond recognition.
    Lost(u32),
    /// The stream is at its end.
    End,
}

/// The demuxer of one file.
#[derive(Debug, Default)]
pub struct Demuxer {
    bytes: Vec<u8>,
    head: usize,
    offset: u64,
    finished: bool,
    skip: u64,
    scanned: usize,
    noise: usize,
    stream: Option<StreamInfo>,
    packets: u64,
    audio_bytes: u64,
    gap: u64,
    /// A seek is under way: to this packet, which the tables place at this offset.
    joining: Option<(u64, u64)>,
    /// The index of the packets is an estimate since a seek, so that the stated length can't be held against it.
    estimated: bool,
}

/// Where a search for two frames in a row came to.
enum Found {
    At(usize),
    Undecided(usize),
    Nowhere,
}

impl Demuxer {
    /// Takes the file's next bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        // What was consumed is given back once it is the larger part, so each byte is moved once at most.
        if self.head > self.bytes.len() / 2 {
            self.bytes.drain(..self.head);
            self.head = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// Says that no more bytes will come.
    pub fn finish(&mut self) {
        self.finished = true;
    }

    /// Bytes that were pushed and not consumed.
    pub fn buffered(&self) -> usize {
        self.bytes.len() - self.head
    }

    /// The file offset of the next byte to push.
    pub fn end_offset(&self) -> u64 {
        self.offset + self.buffered() as u64
    }

    /// The stream, once it is known.
    pub fn stream(&self) -> Option<&StreamInfo> {
        self.stream.as_ref()
    }

    /// Index of the next packet.
    pub fn packet_index(&self) -> u64 {
        self.packets
    }

    /// Goes to the packet `index` or shortly before it; returns the file offset from which bytes must be pushed now,
    /// or `None` where the bytes at hand go on from there. Does nothing before the stream is known.
    pub fn seek(&mut self, index: u64) -> Option<u64> {
        let target = self.stream.as_ref()?.locate(index);
        self.joining = Some((index, target));
        self.estimated = index > 0 && self.stream.as_ref()?.info.as_ref().is_some_and(|info| !info.constant);
        self.gap = 0;
        if let Some(ahead) = target.checked_sub(self.offset)
            && ahead <= self.buffered() as u64
        {
            self.consume(ahead as usize);
            return None;
        }
        self.bytes.clear();
        (self.head, self.scanned, self.offset, self.finished) = (0, 0, target, false);
        Some(target)
    }

    /// The next thing that the bytes so far hold.
    pub fn step(&mut self) -> Result<Step<'_>, DemuxError> {
        loop {
            if self.skip > 0 {
                let len = self.skip.min(self.buffered() as u64);
                self.skip -= len;
                self.consume(len as usize);
                if self.skip > 0 && !self.finished {
                    return Ok(Step::NeedBytes);
                }
                self.skip = 0;
            }
            match id3::tag(self.rest()) {
                id3::Tag::Present(len) => {
                    self.skip = len;
                    continue;
                }
                id3::Tag::Unknown if !self.finished => return Ok(Step::NeedBytes),
                _ => {}
            }
            return match self.stream.clone() {
                None => self.recognise(),
                Some(stream) => self.packet(&stream),
            };
        }
    }

    fn rest(&self) -> &[u8] {
        &self.bytes[self.head..]
    }

    fn consume(&mut self, len: usize) {
        self.head += len;
        self.offset += len as u64;
        self.scanned = self.scanned.saturating_sub(len);
    }

    fn recognise(&mut self) -> Result<Step<'_>, DemuxError> {
        let keep = match self.find_pair(None, 0) {
            Found::At(at) => {
                self.consume(at);
                return Ok(self.begin());
            }
            Found::Undecided(at) => at,
            Found::Nowhere => self.buffered(),
        };
        self.noise += keep;
        self.consume(keep);
        if self.noise > LEADING_NOISE || self.finished { Err(DemuxError::NotMp3) } else { Ok(Step::NeedBytes) }
    }

    /// The first frame is at the head, whole.
    fn begin(&mut self) -> Step<'_> {
        let Some(header) = FrameHeader::parse(self.rest()) else { return Step::NeedBytes };
        let info = self.rest().get(..header.frame_bytes).and_then(|frame| InfoTag::parse(&header, frame));
        if info.is_some() {
            self.consume(header.frame_bytes);
        }
        let stream = StreamInfo { header, info, audio_offset: self.offset };
        self.stream = Some(stream.clone());
        Step::Stream(stream)
    }

    fn packet(&mut self, stream: &StreamInfo) -> Result<Step<'_>, DemuxError> {
        let total = stream.info.as_ref().and_then(|info| info.frames).map(u64::from);
        if !self.estimated && total.is_some_and(|total| self.packets >= total) {
            return Ok(Step::End);
        }
        let rest = self.rest();
        if rest.len() < FrameHeader::BYTES {
            return if self.finished { self.end(stream) } else { Ok(Step::NeedBytes) };
        }
        let header = FrameHeader::parse(rest).filter(|header| header.continues(&stream.header));
        if let Some(header) = header
            && self.joining.is_none()
        {
            let len = header.frame_bytes;
            if rest.len() < len + FrameHeader::BYTES && !self.finished {
                return Ok(Step::NeedBytes);
            }
            if rest.len() >= len && self.follows(stream, &header, &rest[len..]) {
                return Ok(self.take_packet(len));
            }
        }
        self.resync(stream, header)
    }

    /// Whether what comes after a frame bears out that it was one.
    fn follows(&self, stream: &StreamInfo, header: &FrameHeader, after: &[u8]) -> bool {
        let next = FrameHeader::parse(after).is_some_and(|next| next.continues(&stream.header));
        let tag = [b"TAG".as_slice(), b"ID3", b"APETAGEX", b"LYRICSBEGIN"].iter().any(|tag| after.starts_with(tag));
        // In a stream of one bit rate, a header with that rate is right even if the one behind it is damaged.
        let constant =
            stream.info.as_ref().is_some_and(|info| info.constant) && header.bit_rate == stream.header.bit_rate;
        next || tag || constant || (self.finished && after.len() < FrameHeader::BYTES)
    }

    fn take_packet(&mut self, len: usize) -> Step<'_> {
        if self.gap > 0 {
            return self.take_gap();
        }
        let start = self.head;
        self.consume(len);
        self.packets += 1;
        self.audio_bytes += len as u64;
        Step::Packet(&self.bytes[start..start + len])
    }

    /// Mean bytes of a packet, by the packets so far where there are enough.
    fn mean_bytes(&self, stream: &StreamInfo) -> f64 {
        let constant = stream.info.as_ref().is_none_or(|info| info.constant);
        if constant || self.packets < 16 || self.audio_bytes == 0 {
            return stream.mean_bytes();
        }
        self.audio_bytes as f64 / self.packets as f64
    }

    fn take_gap(&mut self) -> Step<'_> {
        let lost = self.stream.as_ref().map_or(0.0, |stream| self.gap as f64 / self.mean_bytes(stream)).round();
        self.gap = 0;
        let lost = lost.clamp(0.0, f64::from(u32::MAX)) as u32;
        self.packets += u64::from(lost);
        self.audio_bytes += (f64::from(lost) * self.stream.as_ref().map_or(0.0, StreamInfo::mean_bytes)) as u64;
        Step::Lost(lost)
    }

    /// Steps over damage to the next two frames in a row.
    fn resync(&mut self, stream: &StreamInfo, here: Option<FrameHeader>) -> Result<Step<'_>, DemuxError> {
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
            let past = (self.offset.saturating_sub(target)) as f64 / stream.mean_bytes();
            self.packets = index + past.round() as u64;
            self.audio_bytes = (self.packets as f64 * stream.mean_bytes()) as u64;
            return Ok(Step::Lost(0));
        }
        // A whole frame that ends before the damage does is not part of it.
        if let Some(header) = here
            && header.frame_bytes <= at
        {
            return Ok(self.take_packet(header.frame_bytes));
        }
        self.consume(at);
        self.gap += at as u64;
        Ok(self.take_gap())
    }

    /// The bytes are over: what is missing to the stated length is a damaged end, or a truncated file.
    fn end(&mut self, stream: &StreamInfo) -> Result<Step<'_>, DemuxError> {
        let rest = self.rest();
        let tail = [b"TAG".as_slice(), b"APETAGEX", b"LYRICSBEGIN"].iter().any(|tag| rest.starts_with(tag));
        if !tail {
            self.gap += self.buffered() as u64;
        }
        self.consume(self.buffered());
        if self.estimated {
            return Ok(Step::End);
        }
        let Some(total) = stream.info.as_ref().and_then(|info| info.frames) else {
            // Without a stated length only damage of a whole packet or more can be told from a stray tail.
            return if self.gap as f64 >= self.mean_bytes(stream) * 0.9 { Ok(self.take_gap()) } else { Ok(Step::End) };
        };
        let missing = u64::from(total).saturating_sub(self.packets);
        if missing == 0 {
            return Ok(Step::End);
        }
        if missing > MENDABLE_PACKETS.max(u64::from(total) / 50) {
            return Err(DemuxError::Truncated);
        }
        self.gap = 0;
        self.packets += missing;
        Ok(Step::Lost(missing as u32))
    }

    /// The first place from `from` on where two frames of `stream` (of any, where there is none yet) follow each other.
    fn find_pair(&mut self, stream: Option<&FrameHeader>, from: usize) -> Found {
        let rest = &self.bytes[self.head..];
        let mut at = from.max(self.scanned);
        while at + FrameHeader::BYTES <= rest.len() {
            let Some(next) = rest[at..].iter().position(|&byte| byte == 0xff) else {
                break;
            };
            at += next;
            let header =
                FrameHeader::parse(&rest[at..]).filter(|found| stream.is_none_or(|stream| found.continues(stream)));
            if let Some(header) = header {
                let end = at + header.frame_bytes;
                let Some(after) = rest.get(end..).filter(|after| after.len() >= FrameHeader::BYTES) else {
                    if self.finished && end == rest.len() {
                        return Found::At(at);
                    }
                    if !self.finished {
                        self.scanned = at;
                        return Found::Undecided(at);
                    }
                    at += 1;
                    continue;
                };
                if FrameHeader::parse(after).is_some_and(|after| after.continues(&header)) {
                    return Found::At(at);
                }
            }
            at += 1;
        }
        // A header may still begin in the last three bytes.
        let end = rest.len().saturating_sub(FrameHeader::BYTES - 1).max(from.min(rest.len()));
        self.scanned = end;
        if self.finished { Found::Nowhere } else { Found::Undecided(end) }
    }
}
