//! One open track: bytes in, blocks of samples at the output's rate out.
//!
//! Owns the chain demux → decode → trim → resample and the positions along it. Knows no network and no time.

use tonearm_messages::{Format, MediaError};

use crate::decode::{Decoder, Planes};
use crate::mp3::{DemuxError, Demuxer, InfoTag, Step, StreamInfo};
use crate::resample::Resampler;

/// Frames of PCM that a decoder gives back late: layer III's filter bank and overlap, 528 and one.
const DECODER_DELAY: u64 = 529;
/// Bytes before a frame that its samples may lie in: the bit reservoir's reach (ISO/IEC 11172-3 section 2.4.3.4).
const BIT_RESERVOIR_BYTES: f64 = 511.0;

/// What a call to [`Track::advance`] came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Advance {
    /// Enough frames are ready.
    Ready,
    /// More bytes are needed first.
    NeedBytes,
    /// The format has been recognised; call again.
    Format(Format),
    /// Everything is decoded.
    End,
    /// The track can't go on.
    Failed(MediaError),
}

/// The open track.
pub struct Track {
    demuxer: Demuxer,
    decoder: Option<Decoder>,
    resampler: Option<Resampler>,
    output_rate: u32,
    total_bytes: Option<u64>,
    /// First frame wanted and one past the last, in decoded frames of the file, delay included.
    range: (u64, u64),
    /// Frames of the file trimmed and given to the resampler since the start or the last seek.
    frames: u64,
    start: f64,
    ready: Planes,
    ended: bool,
    wanted_offset: Option<u64>,
}

fn media_error(error: DemuxError) -> MediaError {
    match error {
        DemuxError::NotMp3 => MediaError::UnsupportedFormat {},
        DemuxError::Truncated => MediaError::Truncated {},
    }
}

/// Frames to drop before the first sample of the music, and behind its last.
fn trims(info: Option<&InfoTag>) -> (u64, u64) {
    info.filter(|info| info.delay > 0).map_or((0, 0), |info| {
        (u64::from(info.delay) + DECODER_DELAY, u64::from(info.padding).saturating_sub(DECODER_DELAY))
    })
}

impl Track {
    /// A track whose samples come out at `output_rate` Hz, from `start` seconds on.
    pub fn new(output_rate: u32, start: f64) -> Self {
        Self {
            demuxer: Demuxer::default(),
            decoder: None,
            resampler: None,
            output_rate,
            total_bytes: None,
            range: (0, u64::MAX),
            frames: 0,
            start,
            ready: Vec::new(),
            ended: false,
            wanted_offset: None,
        }
    }

    /// Notes the length of the file in bytes.
    pub fn set_total_bytes(&mut self, bytes: u64) {
        self.total_bytes = Some(bytes);
    }

    /// Takes the file's next bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        self.demuxer.push(bytes);
    }

    /// Says that the file is over.
    pub fn finish(&mut self) {
        self.demuxer.finish();
    }

    /// Undecoded bytes in memory.
    pub fn undecoded(&self) -> usize {
        self.demuxer.buffered()
    }

    /// File offset of the next byte to push.
    pub fn end_offset(&self) -> u64 {
        self.demuxer.end_offset()
    }

    /// Frames ready at the output's rate.
    pub fn ready_frames(&self) -> usize {
        self.ready.first().map_or(0, Vec::len)
    }

    /// Frames of the file that were decoded and kept since the start or the last seek.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Packets so far, lost ones included.
    pub fn packets(&self) -> u32 {
        self.decoder.as_ref().map_or(0, Decoder::packets)
    }

    /// Packets that became silence.
    pub fn failures(&self) -> u32 {
        self.decoder.as_ref().map_or(0, Decoder::failures)
    }

    /// Where in the track the first frame of this run lies, in seconds.
    pub fn start(&self) -> f64 {
        self.start
    }

    /// Seconds of audio in so many bytes; 0 before the format is known.
    pub fn seconds_in(&self, bytes: u64) -> f64 {
        self.demuxer.stream().map_or(0.0, |stream| bytes as f64 / stream.mean_bytes() * packet_seconds(stream))
    }

    /// End of what is in memory, undecoded bytes included, in seconds of the track.
    pub fn buffered_end(&self) -> f64 {
        let Some(stream) = self.demuxer.stream() else { return self.start };
        let decoded = self.start + self.frames as f64 / f64::from(stream.header.sample_rate);
        if self.ended { decoded } else { decoded + self.seconds_in(self.undecoded() as u64) }
    }

    /// Goes to `position` seconds; returns the offset from which bytes must be pushed now, if not from the ones here.
    pub fn seek(&mut self, position: f64) -> Option<u64> {
        self.start = position.max(0.0);
        self.ended = false;
        self.ready.iter_mut().for_each(Vec::clear);
        self.frames = 0;
        let stream = self.demuxer.stream()?.clone();
        self.begin(&stream)
    }

    /// The offset from which bytes must be pushed instead, where the start lies beyond the bytes that came first.
    pub fn take_wanted_offset(&mut self) -> Option<u64> {
        self.wanted_offset.take()
    }

    /// Sets up the range for `self.start`, and the demuxer where that is not at the beginning.
    fn begin(&mut self, stream: &StreamInfo) -> Option<u64> {
        let header = &stream.header;
        let (head, tail) = trims(stream.info.as_ref());
        let samples = u64::from(header.samples());
        let end = stream.packets(None).map_or(u64::MAX, |packets| packets.saturating_mul(samples).saturating_sub(tail));
        let first = head.saturating_add((self.start * f64::from(header.sample_rate)).round() as u64).min(end);
        self.range = (first, end);
        self.resampler = Some(Resampler::new(header.sample_rate, self.output_rate, usize::from(header.channels)));
        let audio_bytes = (stream.mean_bytes() - 4.0 - header.side_info_bytes() as f64).max(1.0);
        let preroll = (BIT_RESERVOIR_BYTES / audio_bytes).ceil() as u64 + 1;
        let packet = (first / samples).saturating_sub(preroll);
        let here = self.demuxer.packet_index();
        if packet == here || (here == 0 && packet < 2) {
            return None;
        }
        if let Some(decoder) = &mut self.decoder {
            decoder.reset();
        }
        self.demuxer.seek(packet)
    }

    /// Decodes until at least `frames` are ready.
    pub fn advance(&mut self, frames: usize) -> Advance {
        while self.ready_frames() < frames && !self.ended {
            let index = self.demuxer.packet_index();
            let step = match self.demuxer.step() {
                Ok(step) => step,
                Err(error) => return Advance::Failed(media_error(error)),
            };
            let lost = match step {
                Step::NeedBytes => return Advance::NeedBytes,
                Step::Stream(stream) => return self.open(&stream),
                Step::End => {
                    self.end();
                    break;
                }
                Step::Lost(lost) => lost,
                Step::Packet(packet) => {
                    let Some(decoder) = &mut self.decoder else { return Advance::NeedBytes };
                    match decoder.decode(packet) {
                        Ok(planes) => {
                            keep(planes, index, self.range, &mut self.frames, self.resampler.as_mut(), &mut self.ready);
                        }
                        Err(_) => return Advance::Failed(MediaError::Undecodable {}),
                    }
                    continue;
                }
            };
            for lost_index in index..index + u64::from(lost) {
                let Some(decoder) = &mut self.decoder else { break };
                match decoder.conceal() {
                    Ok(planes) => {
                        keep(
                            planes,
                            lost_index,
                            self.range,
                            &mut self.frames,
                            self.resampler.as_mut(),
                            &mut self.ready,
                        );
                    }
                    Err(_) => return Advance::Failed(MediaError::Undecodable {}),
                }
            }
        }
        if self.ended { Advance::End } else { Advance::Ready }
    }

    /// Gives up to `frames` of the ready frames away.
    pub fn take(&mut self, frames: usize) -> Planes {
        let len = frames.min(self.ready_frames());
        self.ready.iter_mut().map(|plane| plane.drain(..len).collect()).collect()
    }

    fn open(&mut self, stream: &StreamInfo) -> Advance {
        let header = &stream.header;
        let Some(decoder) = Decoder::new(header) else { return Advance::Failed(MediaError::UnsupportedFormat {}) };
        self.decoder = Some(decoder);
        self.ready = vec![Vec::new(); usize::from(header.channels)];
        let (head, tail) = trims(stream.info.as_ref());
        let packets = stream.packets(self.total_bytes);
        let duration = packets.map(|packets| {
            let frames = packets.saturating_mul(header.samples().into()).saturating_sub(head + tail);
            frames as f64 / f64::from(header.sample_rate)
        });
        let bit_rate = stream.mean_bytes() * 8.0 / packet_seconds(stream);
        self.wanted_offset = self.begin(stream);
        Advance::Format(Format {
            codec: "mp3".into(),
            sample_rate: header.sample_rate,
            channels: header.channels,
            duration,
            bit_rate: bit_rate.round() as u32,
        })
    }

    fn end(&mut self) {
        self.ended = true;
        if let Some(resampler) = &mut self.resampler {
            resampler.finish(&mut self.ready);
        }
    }
}

fn packet_seconds(stream: &StreamInfo) -> f64 {
    f64::from(stream.header.samples()) / f64::from(stream.header.sample_rate)
}

/// Gives the frames of one packet that lie within the range to the resampler.
fn keep(
    planes: &Planes,
    index: u64,
    (first, end): (u64, u64),
    frames: &mut u64,
    resampler: Option<&mut Resampler>,
    out: &mut Planes,
) {
    let samples = planes.first().map_or(0, Vec::len) as u64;
    let at = index * samples;
    let from = first.saturating_sub(at).min(samples);
    let to = end.saturating_sub(at).min(samples);
    if from < to
        && let Some(resampler) = resampler
    {
        *frames += to - from;
        resampler.process(planes, from as usize..to as usize, out);
    }
}
