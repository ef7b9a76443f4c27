//! The media plane's machine: commands, response heads, chunks and credits in; facts, requests and samples out.
//!
//! Owns the read-ahead, the credits that bound the sample ring, and the moment at which output starts. It does no I/O:
//! after every input the host drains [`MediaPlane::poll_output`] until `None`. Times are Unix milliseconds.

use std::collections::VecDeque;

use tonearm_messages::{
    BodyEnd, Command, Fact, MediaError, READ_AHEAD_BYTES, RING_SECONDS, Request, ResponseHead, VERSION,
};

use crate::decode::Planes;
use crate::start::{Arrival, may_start};
use crate::track::{Advance, Track};

/// Frames in a full block of samples.
pub const BLOCK_FRAMES: usize = 4096;
/// Change of the buffered range that is worth a fact, in seconds.
const BUFFERED_STEP: f64 = 0.25;
/// Undecoded bytes below which more are fetched after the read-ahead was full.
const REFILL_BELOW: usize = READ_AHEAD_BYTES / 4;

/// What the host must do.
#[derive(Debug, PartialEq)]
pub enum Output {
    /// Tell the control plane.
    Post(Fact),
    /// Send a request.
    Fetch {
        /// Its id, first byte and headers.
        request: Request,
        /// Absolute URL.
        url: String,
        /// Whether cookies go with it.
        credentials: bool,
    },
    /// Drop a request.
    Abort {
        /// Its id.
        request: u32,
    },
    /// Throw away what the output holds and expect this epoch.
    Flush {
        /// The new epoch.
        epoch: u32,
    },
    /// Give samples to the output.
    Samples {
        /// Their epoch.
        epoch: u32,
        /// One or two planes of at most [`BLOCK_FRAMES`].
        planes: Planes,
    },
    /// The output may begin, or go on after it ran dry.
    Start {
        /// The epoch.
        epoch: u32,
    },
    /// No more samples come in this epoch.
    End {
        /// The epoch.
        epoch: u32,
        /// All frames given, at the output's rate.
        frames: u64,
    },
}

#[derive(Debug)]
struct InFlight {
    id: u32,
    /// Bytes to step over because the server sent the file from its start.
    skip: u64,
    received: u64,
    first_byte: Option<f64>,
}

struct Open {
    epoch: u32,
    url: String,
    credentials: bool,
    track: Track,
    output_rate: u32,
    request: Option<InFlight>,
    ranges: bool,
    total_bytes: Option<u64>,
    /// The file's last byte is here.
    complete: bool,
    /// A `BytesWanted` is on its way.
    asked: bool,
    given: u64,
    credited: u64,
    started: bool,
    first_decoded: bool,
    /// The first frame was decoded in this input; told once the host says what time it is by then.
    decoded_now: bool,
    ended: bool,
    /// Why nothing more can be decoded; what is ready is given first.
    failed: Option<MediaError>,
    /// Packets and failures that are told.
    told: (u32, u32),
    buffered: f64,
}

/// The machine. One track is open at a time.
#[derive(Default)]
pub struct MediaPlane {
    open: Option<Open>,
    /// More could be decoded at once than one block.
    more: bool,
    outputs: VecDeque<Output>,
}

impl MediaPlane {
    /// The next thing to do; drain it to `None` after every input.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Whether the host should go on reading the body of `request`.
    pub fn wants_bytes(&self, request: u32) -> bool {
        self.open.as_ref().is_some_and(|open| {
            open.request.as_ref().is_some_and(|current| current.id == request)
                && open.track.undecoded() < READ_AHEAD_BYTES
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
            Command::Open { epoch, url, credentials, output_rate, position, request } => {
                self.close(now);
                self.outputs.push_back(Output::Flush { epoch });
                self.open = Some(Open {
                    epoch,
                    url,
                    credentials,
                    track: Track::new(output_rate, position),
                    output_rate,
                    request: None,
                    ranges: false,
                    total_bytes: None,
                    complete: false,
                    asked: false,
                    given: 0,
                    credited: 0,
                    started: false,
                    first_decoded: false,
                    decoded_now: false,
                    ended: false,
                    failed: None,
                    told: (0, 0),
                    buffered: position,
                });
                self.fetch(request);
            }
            Command::Fetch { epoch, request } => {
                if self.open.as_ref().is_some_and(|open| open.epoch == epoch && !open.complete) {
                    // A request that has gone silent gives way to its successor.
                    self.end_request(now, BodyEnd::Dropped {});
                    self.fetch(request);
                }
            }
            Command::Seek { epoch, position } => self.seek(now, epoch, position),
            Command::Close {} => self.close(now),
        }
    }

    /// Status and headers of a response.
    pub fn handle_head(&mut self, now: f64, request: u32, head: ResponseHead) {
        let Some(open) = self.open.as_mut() else { return };
        let Some(current) = open.request.as_mut().filter(|current| current.id == request) else { return };
        let accepted = head.status == 200 || head.status == 206;
        if head.status == 200 {
            // The range was not heeded: the bytes come from the start of the file.
            current.skip = open.track.end_offset();
        }
        if accepted {
            open.ranges = open.ranges || head.ranges || head.status == 206;
            if let Some(total) = head.total_bytes {
                open.track.set_total_bytes(total);
                open.total_bytes = Some(total);
            }
        } else {
            open.request = None;
        }
        self.post(Fact::ResponseHead { request, at: now, head });
        if !accepted {
            self.outputs.push_back(Output::Abort { request });
            self.post(Fact::BodyEnd { request, at: now, bytes: 0, end: BodyEnd::Complete {} });
        }
    }

    /// Bytes of a body.
    pub fn handle_chunk(&mut self, now: f64, request: u32, bytes: &[u8]) {
        let Some(open) = self.open.as_mut() else { return };
        let Some(current) = open.request.as_mut().filter(|current| current.id == request) else { return };
        if current.first_byte.is_none() && !bytes.is_empty() {
            current.first_byte = Some(now);
            self.outputs.push_back(Output::Post(Fact::FirstByte { request, at: now }));
        }
        current.received += bytes.len() as u64;
        let skipped = current.skip.min(bytes.len() as u64);
        current.skip -= skipped;
        open.track.push(&bytes[skipped as usize..]);
        // The last byte is the end, whether the body says so, breaks off, or is dropped because enough is in memory.
        if open.total_bytes.is_some_and(|total| open.track.end_offset() >= total) {
            open.complete = true;
            open.track.finish();
        }
        self.pump(now);
    }

    /// A body ended by itself: complete, or failed.
    pub fn handle_body_end(&mut self, now: f64, request: u32, end: BodyEnd) {
        let Some(open) = self.open.as_mut() else { return };
        if open.request.as_ref().is_none_or(|current| current.id != request) {
            return;
        }
        let complete = end == (BodyEnd::Complete {}) || self.open.as_ref().is_some_and(|open| open.complete);
        self.end_request(now, if complete { BodyEnd::Complete {} } else { end });
        let Some(open) = self.open.as_mut() else { return };
        if complete {
            open.complete = true;
            open.track.finish();
        } else {
            self.want_bytes();
        }
        self.pump(now);
    }

    /// The output has played `frames` in all of `epoch`; `starved` says that it ran dry.
    pub fn handle_credit(&mut self, now: f64, epoch: u32, frames: u64, starved: bool) {
        let Some(open) = self.open.as_mut().filter(|open| open.epoch == epoch) else { return };
        open.credited = frames.clamp(open.credited, open.given);
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

    fn fetch(&mut self, request: Request) {
        let Some(open) = self.open.as_mut() else { return };
        open.asked = false;
        open.request = Some(InFlight { id: request.id, skip: 0, received: 0, first_byte: None });
        let (url, credentials) = (open.url.clone(), open.credentials);
        self.outputs.push_back(Output::Fetch { request, url, credentials });
    }

    fn end_request(&mut self, now: f64, end: BodyEnd) {
        let Some(current) = self.open.as_mut().and_then(|open| open.request.take()) else { return };
        if end == (BodyEnd::Dropped {}) {
            self.outputs.push_back(Output::Abort { request: current.id });
        }
        self.post(Fact::BodyEnd { request: current.id, at: now, bytes: current.received, end });
    }

    fn want_bytes(&mut self) {
        let Some(open) = self.open.as_mut().filter(|open| !open.asked && !open.complete) else { return };
        open.asked = true;
        let fact = Fact::BytesWanted { epoch: open.epoch, offset: open.track.end_offset() };
        self.post(fact);
    }

    fn close(&mut self, now: f64) {
        self.end_request(now, BodyEnd::Dropped {});
        self.open = None;
    }

    fn seek(&mut self, now: f64, epoch: u32, position: f64) {
        let Some(open) = self.open.as_mut() else { return };
        open.epoch = epoch;
        (open.given, open.credited) = (0, 0);
        (open.started, open.first_decoded, open.ended, open.asked) = (false, false, false, false);
        open.failed = None;
        let elsewhere = open.track.seek(position).is_some();
        let idle = open.request.is_none();
        open.buffered = open.track.start();
        self.outputs.push_back(Output::Flush { epoch });
        if elsewhere {
            self.go_elsewhere(now);
        } else if idle {
            // What was asked for in the epoch before will not come any more.
            self.want_bytes();
        }
        self.pump(now);
    }

    /// The bytes that the track wants next are not the ones that come.
    fn go_elsewhere(&mut self, now: f64) {
        self.end_request(now, BodyEnd::Dropped {});
        if let Some(open) = self.open.as_mut() {
            (open.complete, open.asked) = (false, false);
        }
        self.want_bytes();
    }

    /// Decodes another block, if one can be: call it until it says no, and drain in between. A block at a time leaves the
    /// plane as soon as it is there; a whole ring would keep the first one waiting.
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
                Some(error) => Advance::Failed(error),
                None => open.track.advance(room.min(BLOCK_FRAMES)),
            };
            if let Advance::Failed(error) = advance {
                open.failed = Some(error);
            }
            let failed = open.failed.is_some();
            let ready = open.track.ready_frames();
            let hold = open.started && advance == Advance::NeedBytes && ready < BLOCK_FRAMES / 4;
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
                    let elsewhere = open.track.take_wanted_offset().is_some();
                    self.post(Fact::Format { epoch, format });
                    if elsewhere {
                        self.go_elsewhere(now);
                    }
                }
                Advance::End | Advance::Failed(_) => {
                    if failed {
                        self.end_request(now, BodyEnd::Dropped {});
                    }
                    // A whole run of lost packets may be ready at once: it goes out with the credits, as everything does.
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
        let fact = match open.failed {
            Some(error) => Fact::Failed { epoch, error },
            None => Fact::DecodedAll {
                epoch,
                end: open.track.buffered_end(),
                frames: open.track.frames(),
                failures: open.track.failures(),
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
        let end = open.track.buffered_end();
        let further = (end - open.buffered).abs() >= BUFFERED_STEP || (open.ended && end > open.buffered);
        let (packets, failures) = (open.track.packets() - open.told.0, open.track.failures() - open.told.1);
        if failures > 0 || (packets > 0 && (further || open.ended)) {
            open.told = (open.track.packets(), open.track.failures());
            self.outputs.push_back(Output::Post(Fact::Decoded { epoch, packets, failures }));
        }
        if further {
            open.buffered = end;
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
        let (undecoded, ranges) = (open.track.undecoded(), open.ranges);
        if open.request.is_some() && ranges && !open.complete && undecoded >= READ_AHEAD_BYTES {
            self.end_request(now, BodyEnd::Dropped {});
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
