//! WAVE (Multimedia Programming Interface 1.0, WAVEFORMATEXTENSIBLE, RF64 of EBU Tech 3306, BW64 of ITU-R
//! BS.2088, RIFX with the highest byte first): PCM, floats, A-law, µ-law.

use crate::bytes::{Reader, Window};
use crate::demux::{Codec, Demux, DemuxError, Packet, Pcm, PcmKind, Step, Stream};
use crate::sniff::id3_bytes;
use crate::tags::{Tags, latin1};

/// Frames of a packet.
const PACKET_FRAMES: u64 = 1024;
/// Bytes of a chunk that is read as a whole.
const MOST_CHUNK: u64 = 64 << 10;
/// A stated length from here on is a placeholder: of a program that writes to a pipe, and can't go back.
const PLACEHOLDER: u64 = 0x7fff_0000;
/// Chunks before the samples, which a file of lies could repeat for ever.
const MOST_CHUNKS: u32 = 1000;

/// The demuxer of one file.
#[derive(Debug, Default)]
pub struct Demuxer {
    window: Window,
    tags: Tags,
    total_bytes: Option<u64>,
    /// The header was read.
    begun: bool,
    /// Numbers have the highest byte first.
    big_endian: bool,
    chunks: u32,
    skip: u64,
    format: Option<Format>,
    /// Bytes of the samples, by RF64's `ds64`.
    long: Option<u64>,
    /// Where the samples begin, and how many bytes there are, where that is stated.
    data: Option<(u64, Option<u64>)>,
}

/// What `fmt ` says.
#[derive(Debug, Clone, Copy)]
struct Format {
    pcm: Pcm,
    sample_rate: u32,
    channels: u8,
    channel_mask: u32,
    /// Bytes of a frame.
    align: u64,
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

    /// The file's size decides where the header states more than there is, or nothing.
    fn end(&self) -> Option<u64> {
        let ((start, stated), Format { align, .. }) = (self.data?, self.format?);
        let there = self.total_bytes.and_then(|total| total.checked_sub(start));
        let bytes = stated.filter(|&stated| there.is_none_or(|there| stated <= there)).or(there)?;
        Some(bytes / align)
    }

    fn seek(&mut self, frame: u64) {
        if let (Some((start, _)), Some(Format { align, .. })) = (self.data, self.format) {
            // After the last whole frame there is nothing to ask for.
            let frame = frame.min(self.end().unwrap_or(u64::MAX));
            self.window.jump(start.saturating_add(frame.saturating_mul(align)));
        }
    }

    fn step(&mut self) -> Result<Step<'_>, DemuxError> {
        match (self.data, self.format) {
            (Some((start, _)), Some(Format { align, .. })) => self.packet(start, self.end(), align),
            _ => self.chunk(),
        }
    }
}

impl Demuxer {
    /// Reads the chunks before the samples.
    fn chunk(&mut self) -> Result<Step<'_>, DemuxError> {
        loop {
            let skipped = self.window.consume(self.skip.min(usize::MAX as u64) as usize) as u64;
            self.skip -= skipped;
            if !self.begun && self.skip == 0 {
                match id3_bytes(self.window.rest()) {
                    // A tag in front.
                    Some(bytes) if bytes > 0 && self.chunks == 0 => {
                        (self.skip, self.chunks) = (bytes, 1);
                        continue;
                    }
                    _ => {}
                }
            }
            let header = if self.begun { 8 } else { 12 };
            if self.skip > 0 || self.window.len() < header {
                return if self.window.is_finished() {
                    Err(DemuxError::Unsupported)
                } else {
                    Ok(Step::NeedBytes)
                };
            }
            if !self.begun {
                self.begun = true;
                let head = self.window.take(12);
                if !matches!(&head[..4], b"RIFF" | b"RF64" | b"BW64" | b"RIFX") || &head[8..] != b"WAVE" {
                    return Err(DemuxError::Unsupported);
                }
                self.big_endian = head.starts_with(b"RIFX");
                continue;
            }
            let big = self.big_endian;
            let mut head = Reader(self.window.rest());
            let (Some(id), Some(size)) = (head.take(4), number(&mut head, 4, big)) else {
                return Ok(Step::NeedBytes);
            };
            let id = [id[0], id[1], id[2], id[3]];
            if &id == b"data" {
                self.window.consume(8);
                return self.begin(size);
            }
            self.chunks += 1;
            if self.chunks > MOST_CHUNKS {
                return Err(DemuxError::Unsupported);
            }
            // Chunks are padded to an even length.
            let padded = size + (size & 1);
            if matches!(&id, b"fmt " | b"ds64" | b"LIST") && size <= MOST_CHUNK {
                if (self.window.len() as u64) < 8 + padded {
                    // It is counted once it is here.
                    self.chunks -= 1;
                    return if self.window.is_finished() {
                        Err(DemuxError::Unsupported)
                    } else {
                        Ok(Step::NeedBytes)
                    };
                }
                self.window.consume(8);
                let body = self.window.take(padded as usize).to_vec();
                match &id {
                    b"fmt " => self.format = Some(format(&body, big).ok_or(DemuxError::Unsupported)?),
                    b"ds64" => self.long = Reader(body.get(8..).unwrap_or_default()).le(8),
                    _ => list(&body, &mut self.tags),
                }
            } else {
                self.skip = 8 + padded;
            }
        }
    }

    /// The samples begin here.
    fn begin(&mut self, size: u64) -> Result<Step<'_>, DemuxError> {
        let Some(Format { pcm, sample_rate, channels, channel_mask, align }) = self.format else {
            return Err(DemuxError::Unsupported);
        };
        let stated = match size {
            // Written by a program that could not go back, or that writes RF64.
            0 | PLACEHOLDER.. => self.long.filter(|&long| long > 0),
            size => Some(size),
        };
        self.data = Some((self.window.offset(), stated));
        let frames = self.end();
        Ok(Step::Stream(Stream {
            codec: Codec::Pcm(pcm),
            sample_rate,
            channels,
            channel_mask,
            delay: 0,
            end: frames,
            // The size of the file may turn out to be another.
            open_ended: true,
            length: frames,
            following: Some(0),
            continues: false,
            packet_frames: PACKET_FRAMES as u32,
            bytes_per_second: f64::from(sample_rate) * align as f64,
            configuration: Vec::new(),
            gain: 1.0,
        }))
    }

    fn packet(&mut self, start: u64, frames: Option<u64>, align: u64) -> Result<Step<'_>, DemuxError> {
        let at = (self.window.offset().saturating_sub(start)) / align;
        let left = frames.map_or(u64::MAX, |frames| frames.saturating_sub(at));
        if left == 0 {
            return Ok(Step::End);
        }
        let here = self.window.len() as u64 / align;
        let count = left.min(PACKET_FRAMES).min(here);
        if count == 0 {
            // Shorter than its header says: a download that broke off, or a recording that did.
            let short = frames.is_some_and(|frames| left > frames / 50 + PACKET_FRAMES);
            return match (self.window.is_finished(), short) {
                (false, _) => Ok(Step::NeedBytes),
                (true, true) => Err(DemuxError::Truncated),
                (true, false) => Ok(Step::End),
            };
        }
        if count < left.min(PACKET_FRAMES) && !self.window.is_finished() {
            return Ok(Step::NeedBytes);
        }
        let bytes = self.window.take((count * align) as usize);
        Ok(Step::Packet(Packet { bytes, at: Some(at), frames: count as u32, is_preroll: false }))
    }
}

fn number(rest: &mut Reader<'_>, len: usize, big_endian: bool) -> Option<u64> {
    if big_endian { rest.be(len) } else { rest.le(len) }
}

/// WAVEFORMATEX.
fn format(body: &[u8], big_endian: bool) -> Option<Format> {
    let mut rest = Reader(body);
    let mut next = |len| number(&mut rest, len, big_endian);
    let (mut tag, channels, rate) = (next(2)?, next(2)?, next(4)?);
    next(4)?;
    let (align, bits) = (next(2)?, next(2)?);
    let mut channel_mask = 0;
    if tag == 0xfffe {
        // Its own size and the bits that count of a sample; the first two bytes of the sub-format's GUID are
        // a tag again.
        next(4)?;
        (channel_mask, tag) = (next(4)? as u32, next(2)?);
    }
    let bytes = bits.div_ceil(8) as u8;
    let kind = match (tag, bytes) {
        (1, 1..=4) => PcmKind::Integer,
        (3, 4 | 8) => PcmKind::Float,
        (6, 1) => PcmKind::ALaw,
        (7, 1) => PcmKind::MuLaw,
        _ => return None,
    };
    let valid = channels > 0 && align == channels * u64::from(bytes);
    let (pcm, channels) = (Pcm { bytes, kind, big_endian }, u8::try_from(channels).ok()?);
    valid.then_some(Format { pcm, sample_rate: rate as u32, channels, channel_mask, align })
}

/// The texts of a `LIST` of the kind `INFO`.
fn list(body: &[u8], tags: &mut Tags) {
    let mut rest = Reader(body);
    if rest.take(4) != Some(b"INFO") {
        return;
    }
    while let (Some(id), Some(size)) = (rest.take(4), rest.le(4)) {
        let Some(text) = rest.take(size as usize) else { return };
        rest.take((size & 1) as usize);
        let name = match id {
            b"INAM" => "title",
            b"IART" => "artist",
            b"IPRD" => "album",
            b"ICRD" => "date",
            b"IGNR" => "genre",
            b"ITRK" => "tracknumber",
            _ => continue,
        };
        let text = str::from_utf8(text).map_or_else(|_| latin1(text), str::to_owned);
        tags.note(name, &text);
    }
}
