//! Requests and their bodies: where the bytes of a response belong, what is asked for next, and when the file
//! is over.

use tonearm_formats::END_PROBE_BYTES;
use tonearm_messages::{BodyEnd, Fact, MediaError, Request, ResponseHead};

use super::{MediaPlane, Output};
use crate::response::{ContentRange, ResponseFields, Validators, is_multipart};
use crate::source::FormatTrack;

/// Time that a jump within the file must save, besides the time of its requests, in seconds.
const WORTH_SECONDS: f64 = 0.03;
/// Bytes of the longest file: no larger offset is requested.
const MAX_FILE_BYTES: u64 = 1 << 40;
/// New bytes that a body must bring for the next request to follow at once, where it ends before the file
/// does; and those that count as progress of a later request, or within the time of silence.
const MIN_PART_BYTES: u64 = 1024;
/// A body that repeats what was read counts as progress once it has brought this part of that in new bytes.
const PROGRESS_SHARE: u64 = 8;
/// Milliseconds between two facts while bytes come that are no samples yet: those of a large head, and those
/// that repeat what was read.
const PROGRESS_MILLIS: f64 = 1000.0;

/// Whether the server serves byte ranges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ranges {
    /// No response says so.
    Unknown,
    /// It does.
    Served,
    /// It answered one with the whole file, or refused it.
    Refused,
}

/// The request under way.
#[derive(Debug)]
pub(super) struct InFlight {
    pub(super) id: u32,
    /// The first byte that was asked for.
    offset: u64,
    /// File offset of the next byte of the body.
    at: u64,
    pub(super) received: u64,
    /// Bytes of those that were read before, or are stepped over.
    repeated: u64,
    sent: f64,
    pub(super) first_byte: Option<f64>,
    /// Bytes that came with the first one.
    burst: u64,
    /// The response is a part of the file (206).
    partial: bool,
    /// The first request of the source: its first byte is progress.
    initial: bool,
    /// New bytes came, and the control plane knows.
    progressed: bool,
    /// When a fact of its progress was posted last, and how many bytes had come by then.
    pub(super) noted: f64,
    pub(super) noted_bytes: u64,
    /// Headers went along that need a preflight at another origin.
    preflighted: bool,
    /// It failed without a response, and the host finds out why.
    probed: bool,
    /// It reads the last bytes of the file; those that came so far.
    end_probe: Option<Vec<u8>>,
}

impl<T: FormatTrack> MediaPlane<T> {
    /// Status and header fields of a response.
    pub fn handle_head(
        &mut self,
        now: f64,
        request: u32,
        mut head: ResponseHead,
        fields: &ResponseFields<'_>,
    ) {
        let Some(open) = self.open.as_mut() else { return };
        let Some(current) = open.request.as_mut().filter(|current| current.id == request) else { return };
        let range = ContentRange::parse(fields.content_range);
        let total = range.and_then(|range| range.total).or(head.total_bytes);
        head.total_bytes = total.filter(|&total| total <= MAX_FILE_BYTES);
        let first = range.and_then(|range| range.first).unwrap_or(current.offset);
        if current.end_probe.is_some() && (head.status != 206 || first != current.offset) {
            self.end_request(now, BodyEnd::Dropped {});
            return;
        }
        // Several parts, each with a head of its own, were not asked for.
        let multipart = head.status == 206 && is_multipart(fields.content_type);
        if (head.status == 416 || multipart) && current.offset > 0 {
            self.range_refused(now, request, head);
            return;
        }
        if !matches!(head.status, 200 | 206) {
            open.request = None;
            self.post(Fact::ResponseHead { request, at: now, head });
            self.outputs.push_back(Output::Abort { request });
            self.post(Fact::BodyEnd { request, at: now, bytes: 0, end: BodyEnd::Complete {} });
            return;
        }
        let validators = Validators::of(fields, head.total_bytes);
        let changed = open.answered && open.validators.differ(&validators);
        open.answered = true;
        // Used in this order where the bytes do not identify the format.
        open.track.note_name(fields.content_type);
        open.track.note_name(&open.url);
        let (status, total) = (head.status, head.total_bytes);
        let announced = head.ranges;
        self.post(Fact::ResponseHead { request, at: now, head });
        if changed {
            // Its bytes must not go on where those of the other version ended.
            self.end_request(now, BodyEnd::Dropped {});
            self.stop(now, MediaError::SourceChanged {});
            return;
        }
        let Some(open) = self.open.as_mut() else { return };
        let Some(current) = open.request.as_mut() else { return };
        open.validators.complete(validators);
        if let Some(total) = total {
            open.track.set_total_bytes(total);
            open.total_bytes = Some(total);
        }
        current.at = if status == 206 { first } else { 0 };
        if status == 206 {
            (open.ranges, open.partial_seen, current.partial) = (Ranges::Served, true, true);
        } else if current.offset > 0 {
            open.ranges = Ranges::Refused;
        } else if announced && open.ranges == Ranges::Unknown {
            open.ranges = Ranges::Served;
        }
        if current.at > current.offset.max(open.track.end_offset()) {
            // Another part than was asked for: no use.
            self.abort_request(now);
        } else if open.ranges == Ranges::Refused && current.offset > 0 && open.track.seeks_by_guessing() {
            // Another guess would be another download.
            open.track.seek_by_reading();
            self.pump(now);
        }
    }

    /// A range was refused, or cannot be read: the file may be shorter than was thought, or the server may
    /// have no ranges.
    #[inline(never)]
    fn range_refused(&mut self, now: f64, request: u32, head: ResponseHead) {
        let Some(open) = self.open.as_mut() else { return };
        let head_status = head.status;
        open.request = None;
        if let Some(total) = head.total_bytes {
            open.track.set_total_bytes(total);
            open.total_bytes = Some(total);
            open.validators.set_total(total);
        }
        self.post(Fact::ResponseHead { request, at: now, head });
        self.outputs.push_back(Output::Abort { request });
        self.post(Fact::BodyEnd { request, at: now, bytes: 0, end: BodyEnd::Complete {} });
        let Some(open) = self.open.as_mut() else { return };
        // Where parts were served before, a part that is not there is the end.
        let past_end = match open.total_bytes {
            Some(total) => open.track.end_offset() >= total,
            None => head_status == 416 && open.partial_seen,
        };
        if past_end {
            open.complete = true;
            open.track.finish();
        } else {
            (open.ranges, open.whole_file_only) = (Ranges::Refused, true);
            if open.track.seeks_by_guessing() {
                open.track.seek_by_reading();
            }
            self.want_bytes();
        }
        self.pump(now);
    }

    /// Bytes of a body.
    pub fn handle_chunk(&mut self, now: f64, request: u32, bytes: &[u8]) {
        let Some(open) = self.open.as_mut() else { return };
        let Some(current) = open.request.as_mut().filter(|current| current.id == request) else { return };
        let len = bytes.len() as u64;
        let begins = current.first_byte.is_none() && len > 0;
        if begins {
            current.first_byte = Some(now);
            current.burst = len;
        }
        current.received += len;
        if let Some(end_probe) = &mut current.end_probe {
            current.at += len;
            // More than was asked for: the file has grown.
            if end_probe.len() + bytes.len() > 2 * END_PROBE_BYTES {
                self.end_request(now, BodyEnd::Dropped {});
            } else {
                end_probe.extend_from_slice(bytes);
            }
            return;
        }
        let wanted = open.track.end_offset();
        if current.at > wanted {
            // The track went back meanwhile.
            self.abort_request(now);
            return;
        }
        let skipped = (wanted - current.at).min(len);
        current.at += len;
        current.repeated += skipped;
        let new = current.received - current.repeated;
        let at_end = open.total_bytes == Some(current.at);
        let enough = if current.initial || at_end { 1 } else { MIN_PART_BYTES };
        let flows = now - current.noted >= PROGRESS_MILLIS
            && current.received - current.noted_bytes >= MIN_PART_BYTES;
        if !current.progressed && new >= enough.max(current.repeated / PROGRESS_SHARE) {
            current.progressed = true;
            self.outputs.push_back(Output::Post(Fact::FirstByte { request, at: now }));
        } else if begins || flows {
            (current.noted, current.noted_bytes) = (now, current.received);
            let (epoch, end) = (open.epoch, open.buffered);
            self.outputs.push_back(Output::Post(Fact::Buffered { epoch, end }));
        }
        open.track.push(&bytes[skipped as usize..]);
        let elapsed = current.first_byte.map_or(0.0, |first| now - first) / 1000.0;
        if open.ranges == Ranges::Served && elapsed > 0.0 {
            // A seek costs one round trip, and the return to the skipped bytes another.
            let rate = (current.received - current.burst) as f64 / elapsed;
            let trip = (now - current.sent) / 1000.0 - elapsed;
            open.track.set_link_rate(rate, rate * (2.0 * trip + WORTH_SECONDS));
        }
        // The last byte is the end, whether the body says so, breaks off, or is dropped because enough is in
        // memory.
        match open.total_bytes {
            Some(total) if open.track.end_offset() == total => {
                open.complete = true;
                open.track.finish();
            }
            // The length of a coded body, whose coding no header says: nothing is known of the file's.
            Some(total) if open.track.end_offset() > total => {
                open.total_bytes = None;
                open.track.forget_total_bytes();
            }
            _ => {}
        }
        self.pump(now);
    }

    /// A body ended by itself: complete, or failed.
    pub fn handle_body_end(&mut self, now: f64, request: u32, end: BodyEnd) {
        let Some(open) = self.open.as_mut() else { return };
        let Some(current) = open.request.as_mut().filter(|current| current.id == request) else { return };
        if let Some(end_probe) = current.end_probe.take() {
            let whole =
                open.total_bytes.is_some_and(|total| current.offset + end_probe.len() as u64 == total);
            if whole {
                open.track.probe_end(&end_probe);
            }
            // Nothing depends on it: a connection that broke is no loss of the track's.
            self.end_request(now, if end == (BodyEnd::Failed {}) { BodyEnd::Dropped {} } else { end });
            self.pump(now);
            return;
        }
        if end == (BodyEnd::Failed {}) && !open.answered && !current.probed {
            let (url, credentials) = (open.url.clone(), open.credentials);
            if std::mem::take(&mut current.preflighted) {
                // A redirect may have led to an origin that takes simple requests alone.
                open.simple_requests_only = true;
                let request = Request { id: request, offset: current.offset, headers: None };
                self.outputs.push_back(Output::Fetch { request, url, credentials });
                return;
            }
            current.probed = true;
            self.outputs.push_back(Output::Probe { request, url, credentials });
            return;
        }
        let new = current.received - current.repeated;
        let whole = match open.total_bytes {
            Some(total) => open.track.end_offset() >= total,
            // Whether a part is the last one is known only from the response to the next range.
            None => !current.partial || new < MIN_PART_BYTES,
        };
        if open.complete || (end == (BodyEnd::Complete {}) && whole) {
            self.end_request(now, BodyEnd::Complete {});
            if let Some(open) = self.open.as_mut() {
                open.complete = true;
                open.track.finish();
            }
        } else if end == (BodyEnd::Complete {}) && new >= MIN_PART_BYTES {
            // Less than there is: the rest is asked for.
            self.end_request(now, end);
            self.want_bytes();
        } else {
            self.end_request(now, BodyEnd::Failed {});
            self.want_bytes();
        }
        self.pump(now);
    }

    /// Whether a request that failed gets a response that a script may not read.
    pub fn handle_probe(&mut self, now: f64, request: u32, reachable: bool) {
        let current = self.open.as_ref().and_then(|open| open.request.as_ref());
        if current.is_some_and(|current| current.id == request && current.probed) {
            self.end_request(now, if reachable { BodyEnd::Opaque {} } else { BodyEnd::Failed {} });
        }
    }

    /// The source has another URL now: what is known of the version of the file was of the other one's.
    pub fn forget_validators(&mut self) {
        if let Some(open) = self.open.as_mut() {
            open.validators = Validators::default();
        }
    }

    #[inline(never)]
    pub(super) fn fetch(&mut self, now: f64, mut request: Request) {
        let Some(open) = self.open.as_mut() else { return };
        open.asked = false;
        if open.simple_requests_only {
            request.headers = None;
        }
        let end_probe = (std::mem::take(&mut open.end_probe_offset) == Some(request.offset)).then(Vec::new);
        open.request = Some(InFlight {
            id: request.id,
            offset: request.offset,
            at: request.offset,
            received: 0,
            repeated: 0,
            sent: now,
            first_byte: None,
            burst: 0,
            partial: false,
            initial: !open.answered,
            progressed: false,
            noted: now,
            noted_bytes: 0,
            preflighted: request.headers.is_some(),
            probed: false,
            end_probe,
        });
        let (url, credentials) = (open.url.clone(), open.credentials);
        self.outputs.push_back(Output::Fetch { request, url, credentials });
    }

    #[inline(never)]
    pub(super) fn end_request(&mut self, now: f64, end: BodyEnd) {
        let Some(current) = self.open.as_mut().and_then(|open| open.request.take()) else { return };
        if end == (BodyEnd::Dropped {}) {
            self.outputs.push_back(Output::Abort { request: current.id });
        }
        self.post(Fact::BodyEnd { request: current.id, at: now, bytes: current.received, end });
    }

    /// Drops a response that is of no use, as one that failed.
    #[inline(never)]
    fn abort_request(&mut self, now: f64) {
        let Some(request) =
            self.open.as_ref().and_then(|open| open.request.as_ref()).map(|current| current.id)
        else {
            return;
        };
        self.outputs.push_back(Output::Abort { request });
        self.end_request(now, BodyEnd::Failed {});
        self.want_bytes();
    }

    /// No more bytes come: what is in memory is decoded and given, then `why` is reported.
    #[inline(never)]
    pub(super) fn stop(&mut self, now: f64, why: MediaError) {
        self.end_request(now, BodyEnd::Dropped {});
        let Some(open) = self.open.as_mut().filter(|open| !open.complete) else { return };
        (open.complete, open.stopped) = (true, Some(why));
        open.track.finish();
        self.pump(now);
    }

    #[inline(never)]
    pub(super) fn want_bytes(&mut self) {
        let Some(open) = self.open.as_mut().filter(|open| !open.asked && !open.complete) else { return };
        open.asked = true;
        let offset = if open.whole_file_only { 0 } else { open.track.end_offset() };
        let fact = Fact::BytesWanted { epoch: open.epoch, offset };
        self.post(fact);
    }

    /// There is time for it: the read-ahead is full.
    pub(super) fn request_end_probe(&mut self) {
        let Some(open) = self.open.as_mut() else { return };
        let Some(total) = open.total_bytes.filter(|_| open.track.wants_end_probe() && !open.end_probe_tried)
        else {
            return;
        };
        let offset = total.saturating_sub(END_PROBE_BYTES as u64);
        (open.end_probe_offset, open.end_probe_tried) = (Some(offset), true);
        let epoch = open.epoch;
        self.post(Fact::BytesWanted { epoch, offset });
    }

    /// Requests the bytes that the track wants next: they are not the next ones of the body.
    #[inline(never)]
    pub(super) fn seek_source(&mut self, now: f64) {
        let Some(open) = self.open.as_mut() else { return };
        let offset = open.track.end_offset();
        // After the last byte there is nothing to ask for.
        open.complete = offset > MAX_FILE_BYTES || open.total_bytes.is_some_and(|total| offset >= total);
        open.stopped = None;
        let ahead = |current: &InFlight| current.end_probe.is_none() && current.at <= offset;
        if open.ranges == Ranges::Refused && !open.complete && open.request.as_ref().is_some_and(ahead) {
            // The body comes to that place by itself: it is not asked for again.
            return;
        }
        open.asked = false;
        if open.complete {
            open.track.finish();
        }
        self.end_request(now, BodyEnd::Dropped {});
        self.want_bytes();
    }
}
