//! The media plane's machine: commands, response heads, chunks and credits in; facts, requests and samples
//! out.
//!
//! Owns the read-ahead, the credits that bound the sample ring, and the moment at which output starts. It
//! does no I/O: after every input the host drains [`MediaPlane::poll_output`] until `None`. Times are Unix
//! milliseconds.

mod output;
mod transfer;

use std::collections::VecDeque;

use tonearm_messages::{BodyEnd, Command, Fact, MediaError, READ_AHEAD_BYTES, RING_SECONDS, VERSION};

use tonearm_formats::{Format, TrackError};

use crate::response::Validators;
use crate::source::{Advance, FormatTrack, Source};
use crate::start::{Arrival, may_start};

pub use output::Output;
use transfer::{InFlight, Ranges};

/// Frames in a full block of samples.
pub const BLOCK_FRAMES: usize = 4096;
/// Change of the buffered range that is worth a fact, in seconds.
const BUFFERED_STEP: f64 = 0.25;
/// How far the end of the buffered range may fall without a fact, in seconds: more than the packets that the
/// host decodes at once.
const BUFFERED_BACK: f64 = 1.0;
/// Part of an estimated length by which it has to change for that to be a fact.
const ESTIMATE_STEP: f64 = 0.01;
/// How near to the stated length a play that lost its source counts as complete, in seconds.
const COMPLETE_WITHIN: f64 = 0.05;
/// Undecoded bytes below which more are fetched after the read-ahead was full.
const REFILL_BELOW: usize = READ_AHEAD_BYTES / 4;

struct Open<T> {
    epoch: u32,
    /// The epoch in which it was opened.
    opened: u32,
    url: String,
    credentials: bool,
    track: Source<T>,
    output_rate: u32,
    request: Option<InFlight>,
    ranges: Ranges,
    /// A part of the file came (206).
    partial_seen: bool,
    /// The server refuses ranges (416): it is asked for the whole file alone.
    whole_file_only: bool,
    /// Headers that need a preflight are left out: the first request failed with them.
    simple_requests_only: bool,
    /// What distinguishes this version of the file from another.
    validators: Validators,
    /// A response was accepted.
    answered: bool,
    total_bytes: Option<u64>,
    /// The file's last byte is here.
    complete: bool,
    /// A `BytesWanted` is on its way.
    asked: bool,
    /// The offset of a request for the last bytes of the file, until it is sent; they are requested once.
    end_probe_offset: Option<u64>,
    end_probe_tried: bool,
    /// The length that was posted, and the estimate of it.
    duration: Option<f64>,
    estimate: Option<f64>,
    given: u64,
    credited: u64,
    started: bool,
    first_decoded: bool,
    /// The first frame was decoded in this input: [`MediaPlane::finish_input`] reports it with the time.
    decoded_now: bool,
    ended: bool,
    /// What is in memory is not enough to go on, however much it is: a large head, which its demuxer bounds.
    hungry: bool,
    /// Why nothing more can be decoded; what is ready is given first.
    failed: Option<MediaError>,
    /// Why no more bytes come; what is in memory is decoded and given first.
    stopped: Option<MediaError>,
    /// Packets and failures that facts have reported.
    reported: (u32, u32),
    buffered: f64,
}

/// The machine. One track is open at a time.
pub struct MediaPlane<T> {
    open: Option<Open<T>>,
    /// More could be decoded at once than one block.
    more: bool,
    outputs: VecDeque<Output>,
}

impl<T> Default for MediaPlane<T> {
    fn default() -> Self {
        Self { open: None, more: false, outputs: VecDeque::new() }
    }
}

fn media_error(error: TrackError) -> MediaError {
    match error {
        TrackError::Truncated => MediaError::Truncated {},
        TrackError::Undecodable => MediaError::Undecodable {},
        _ => MediaError::UnsupportedFormat {},
    }
}

fn described(format: &Format) -> tonearm_messages::Format {
    let &Format { codec, sample_rate, channels, duration, estimated, bit_rate } = format;
    tonearm_messages::Format {
        codec: codec.as_str().into(),
        sample_rate,
        channels,
        duration,
        estimated,
        bit_rate,
    }
}

impl<T: FormatTrack> MediaPlane<T> {
    /// The next thing to do; drain it to `None` after every input.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Whether the host should go on reading the body of `request`.
    pub fn wants_bytes(&self, request: u32) -> bool {
        self.open.as_ref().is_some_and(|open| {
            open.request.as_ref().is_some_and(|current| current.id == request)
                && (open.hungry || !open.track.has_enough())
        })
    }

    /// A command of the control plane.
    pub fn handle_command(&mut self, now: f64, command: Command) {
        match command {
            Command::Hello { version } => {
                self.post(Fact::Hello { version: VERSION.into() });
                if version != VERSION {
                    self.post(Fact::Failed { epoch: 0, error: MediaError::VersionMismatch {} });
                }
            }
            Command::Open { epoch, url, credentials, output_rate, position, speed, request } => {
                self.close(now);
                self.outputs.push_back(Output::Flush { epoch });
                self.open = Some(Open {
                    epoch,
                    opened: epoch,
                    url,
                    credentials,
                    track: Source::new(output_rate, position, speed),
                    output_rate,
                    request: None,
                    ranges: Ranges::Unknown,
                    partial_seen: false,
                    whole_file_only: false,
                    simple_requests_only: false,
                    validators: Validators::default(),
                    answered: false,
                    total_bytes: None,
                    complete: false,
                    asked: false,
                    end_probe_offset: None,
                    end_probe_tried: false,
                    duration: None,
                    estimate: None,
                    given: 0,
                    credited: 0,
                    started: false,
                    first_decoded: false,
                    decoded_now: false,
                    ended: false,
                    hungry: true,
                    failed: None,
                    stopped: None,
                    reported: (0, 0),
                    buffered: position,
                });
                self.fetch(now, request);
            }
            Command::Fetch { epoch, request } => {
                if self.open.as_ref().is_some_and(|open| open.epoch == epoch && !open.complete) {
                    // A request that has gone silent gives way to its successor.
                    self.end_request(now, BodyEnd::Dropped {});
                    self.fetch(now, request);
                }
            }
            Command::Seek { epoch, position, speed } => self.seek(now, epoch, position, speed),
            Command::Ping { id } => self.post(Fact::Pong { id }),
            Command::Finish { epoch } => {
                if self.open.as_ref().is_some_and(|open| open.epoch == epoch) {
                    self.stop(now, MediaError::Interrupted {});
                }
            }
            Command::Close {} => {
                self.close(now);
                // What the output still holds must not sound in the place of what comes.
                self.outputs.push_back(Output::Flush { epoch: 0 });
            }
        }
    }

    /// The output has played `frames` in all of `epoch`; `starved` says that it ran dry.
    pub fn handle_credit(&mut self, now: f64, epoch: u32, frames: u64, starved: bool) {
        let Some(open) = self.open.as_mut().filter(|open| open.epoch == epoch) else { return };
        open.credited = frames.clamp(open.credited, open.given);
        open.track.played(open.credited as f64 / f64::from(open.output_rate.max(1)));
        if starved {
            open.started = false;
        }
        self.pump(now);
    }

    /// The work of an input is done, and took until `now`: call it after each, before draining.
    pub fn finish_input(&mut self, now: f64) {
        let Some(open) = self.open.as_mut() else { return };
        if std::mem::take(&mut open.decoded_now) {
            let (epoch, position) = (open.epoch, open.track.start());
            self.outputs.push_back(Output::Post(Fact::FirstDecoded { epoch, at: now, position }));
        }
    }

    fn post(&mut self, fact: Fact) {
        self.outputs.push_back(Output::Post(fact));
    }

    fn close(&mut self, now: f64) {
        self.end_request(now, BodyEnd::Dropped {});
        self.open = None;
    }

    fn seek(&mut self, now: f64, epoch: u32, position: f64, speed: f64) {
        let Some(open) = self.open.as_mut() else { return };
        open.epoch = epoch;
        (open.given, open.credited) = (0, 0);
        (open.started, open.first_decoded, open.ended, open.asked) = (false, false, false, false);
        // A jump needs a server that serves ranges; by guesses also a known length.
        let guesses = open.track.seeks_by_guessing();
        let jump = !guesses || (open.ranges != Ranges::Refused && open.total_bytes.is_some());
        if open.track.seek(position, speed, jump) {
            open.failed = None;
        }
        open.buffered = open.track.start();
        self.outputs.push_back(Output::Flush { epoch });
        self.pump(now);
        let Some(open) = self.open.as_ref() else { return };
        if open.request.is_none() && open.track.undecoded() < REFILL_BELOW {
            // What was asked for in the epoch before will not come any more.
            self.want_bytes();
        }
    }

    /// The track that [`Output::Open`] asked for, or none where it can't be had.
    pub fn handle_track(&mut self, now: f64, epoch: u32, track: Option<T>) {
        let Some(open) = self.open.as_mut() else { return };
        match track {
            Some(track) if open.opened == epoch => open.track.set_track(track, open.epoch != epoch),
            None if open.opened == epoch => open.failed = Some(MediaError::Unavailable {}),
            _ => return,
        }
        self.pump(now);
    }

    /// The track that is open, once it is there.
    pub fn track(&mut self) -> Option<&mut T> {
        self.open.as_mut()?.track.track()
    }

    /// The host has decoded what a track gave it: there may be more to give.
    pub fn handle_decoded(&mut self, now: f64) {
        self.pump(now);
    }

    /// Decodes another block, if one can be: call it until it says no, and drain in between. A block at a
    /// time leaves the plane as soon as it is there; a whole ring would keep the first one waiting.
    pub fn resume(&mut self, now: f64) -> bool {
        let more = std::mem::take(&mut self.more);
        if more {
            self.pump(now);
        }
        more
    }

    /// Decodes up to one block, as far as the credits allow, and lets the output start.
    fn pump(&mut self, now: f64) {
        while let Some(open) = self.open.as_mut().filter(|open| !open.ended) {
            let ring = u64::from(open.output_rate) * u64::from(RING_SECONDS);
            let room = ring.saturating_sub(open.given - open.credited) as usize;
            // A part of a block is worth a message only where the output waits for it.
            if room == 0 || (room < BLOCK_FRAMES && open.started) {
                break;
            }
            let advance = match open.failed {
                Some(_) if !open.track.is_replaying() => Advance::End,
                _ => open.track.advance(room.min(BLOCK_FRAMES)),
            };
            if let Advance::Failed(error) = advance {
                open.failed = Some(media_error(error));
            }
            open.hungry = advance == Advance::NeedBytes;
            let failed = open.failed.is_some();
            let ready = open.track.ready_frames();
            let hold = open.started
                && matches!(advance, Advance::NeedBytes | Advance::Pending)
                && ready < BLOCK_FRAMES / 4;
            if ready > 0 && !hold {
                self.give(room.min(BLOCK_FRAMES));
            }
            match advance {
                Advance::Ready => {
                    self.more = true;
                    break;
                }
                Advance::NeedBytes => break,
                Advance::Format(format) => {
                    let Some(open) = self.open.as_mut() else { return };
                    let epoch = open.epoch;
                    open.estimate = format.duration;
                    self.post(Fact::Format { epoch, format: described(&format) });
                }
                Advance::Open(family) => {
                    let Some(open) = self.open.as_ref() else { return };
                    let (epoch, start) = (open.opened, open.track.start());
                    self.outputs.push_back(Output::Open { epoch, family, start });
                    break;
                }
                Advance::Pending => break,
                Advance::SeekSource => self.seek_source(now),
                Advance::End | Advance::Failed(_) => {
                    if failed {
                        self.end_request(now, BodyEnd::Dropped {});
                    }
                    // A whole run of lost packets may be ready at once: it goes out with the credits, as
                    // everything does.
                    if ready > room.min(BLOCK_FRAMES) {
                        self.more = true;
                        break;
                    }
                    self.end();
                }
            }
        }
        self.report(now);
    }

    fn give(&mut self, frames: usize) {
        let Some(open) = self.open.as_mut() else { return };
        let planes = open.track.take(frames);
        open.given += planes.first().map_or(0, Vec::len) as u64;
        let epoch = open.epoch;
        open.decoded_now |= !std::mem::replace(&mut open.first_decoded, true);
        self.outputs.push_back(Output::Samples { epoch, planes });
    }

    fn end(&mut self) {
        let Some(open) = self.open.as_mut() else { return };
        open.ended = true;
        let epoch = open.epoch;
        // A file of which all was heard is complete, whatever its server stated.
        let heard = open.track.start() + open.given as f64 / f64::from(open.output_rate) * open.track.speed();
        let complete =
            open.track.stated_duration().is_some_and(|duration| heard + COMPLETE_WITHIN >= duration);
        let fact = match open.stopped.filter(|_| !complete).or(open.failed) {
            Some(error) => Fact::Failed { epoch, error },
            None => Fact::DecodedAll {
                epoch,
                end: open.track.buffered_end(),
                frames: open.track.frames(),
                failures: open.track.packets().1,
            },
        };
        let frames = open.given;
        self.outputs.push_back(Output::End { epoch, frames });
        self.post(fact);
    }

    /// What follows from the track's state after each input: facts, the start, the read-ahead.
    fn report(&mut self, now: f64) {
        let Some(open) = self.open.as_mut() else { return };
        let epoch = open.epoch;
        let end = open.track.buffered_end().max(open.track.start());
        // Packets that the host has are in no count for a moment: that is no step back.
        let moved = end - open.buffered;
        let further = moved >= BUFFERED_STEP || moved <= -BUFFERED_BACK || (open.ended && moved > 0.0);
        let all = open.track.packets();
        let (packets, failures) = (all.0 - open.reported.0, all.1 - open.reported.1);
        if failures > 0 || (packets > 0 && (further || open.ended)) {
            open.reported = all;
            self.outputs.push_back(Output::Post(Fact::Decoded { epoch, packets, failures }));
        }
        let stated = open.track.stated_duration();
        if let Some(duration) = stated.filter(|_| open.duration != stated) {
            open.duration = stated;
            self.outputs.push_back(Output::Post(Fact::Duration { epoch, duration }));
        } else if let Some(duration) =
            open.track.estimated_duration().filter(|_| stated.is_none() && !open.ended)
            && open.estimate.is_none_or(|before| (duration - before).abs() > ESTIMATE_STEP * before)
        {
            open.estimate = Some(duration);
            self.outputs.push_back(Output::Post(Fact::Estimate { epoch, duration }));
        }
        if further {
            open.buffered = end;
            if let Some(current) = open.request.as_mut() {
                (current.noted, current.noted_bytes) = (now, current.received);
            }
            self.outputs.push_back(Output::Post(Fact::Buffered { epoch, end }));
        }
        let ready = (open.given - open.credited) as f64 / f64::from(open.output_rate);
        let complete = open.ended || (open.complete && open.track.undecoded() == 0);
        let arrival = open.request.as_ref().and_then(|current| {
            let elapsed = (now - current.first_byte?) / 1000.0;
            Some(Arrival { media: open.track.seconds_in(current.received), elapsed })
        });
        if !open.started && may_start(ready, complete, arrival.unwrap_or_default()) {
            open.started = true;
            self.outputs.push_back(Output::Start { epoch });
        }
        let (undecoded, ranges) = (open.track.undecoded(), open.ranges == Ranges::Served);
        if open.request.is_some() && ranges && !open.complete && !open.hungry && undecoded >= READ_AHEAD_BYTES
        {
            self.end_request(now, BodyEnd::Dropped {});
            self.request_end_probe();
        } else if open.request.is_none()
            && ranges
            && !open.complete
            && !open.ended
            && undecoded < REFILL_BELOW
            && open.given > 0
        {
            self.want_bytes();
        }
    }
}
