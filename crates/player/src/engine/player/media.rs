//! What the media plane says, and what follows for the player.

use tonearm_messages::{BodyEnd, Command as MediaCommand, Fact, MediaError, VERSION};

use super::{Edge, Player, SILENT_REQUEST};
use crate::engine::recovery::Recovery;
use crate::playback::{Event, Input, PlayFailure, State};
use crate::qoe::Phase;
use tonearm_base::time::Duration;

/// Time that the module of a format may take once the whole source is here.
const MODULE_WAIT: Duration = Duration::from_secs(10);

/// Statuses below 500 that a server takes back after a while: Request Timeout (RFC 9110), Too Early (RFC 8470),
/// Too Many Requests (RFC 6585).
const BUSY: [u16; 3] = [408, 425, 429];

fn failure_of(error: MediaError) -> PlayFailure {
    match error {
        MediaError::UnsupportedFormat {} => PlayFailure::NotSupported,
        MediaError::Truncated {} => PlayFailure::Truncated,
        MediaError::Unavailable {} => PlayFailure::Unavailable,
        MediaError::VersionMismatch {} => PlayFailure::VersionMismatch,
        MediaError::SourceChanged {} => PlayFailure::SourceChanged,
        MediaError::Interrupted {} => PlayFailure::Network,
        _ => PlayFailure::Undecodable,
    }
}

impl Player {
    /// Whether an answer is to a request of the source that is open.
    fn is_current(&self, request: u32) -> bool {
        self.open_url.is_some() && request >= self.first_request
    }

    /// Bytes came: the next silence is counted from now, where the listener waits for more.
    fn postpone_deadline(&mut self, edge: &Edge<'_>) {
        let waits =
            matches!(self.state(), State::Starting | State::Rebuffering | State::Recovering | State::Seeking);
        if waits && self.deadline.is_some() {
            self.set_deadline(edge, SILENT_REQUEST);
        } else {
            self.deadline = None;
        }
    }

    /// All that was asked for is here: the module of its format may be on its way, and never come. The element then
    /// has the rest of the time limit.
    fn expect_module(&mut self, edge: &Edge<'_>) {
        if self.decoded_epoch != self.epoch && !matches!(self.state(), State::Ready | State::Paused) {
            self.set_deadline(edge, SILENT_REQUEST);
            self.deadline = Some(edge.now + MODULE_WAIT);
        }
    }

    /// The head came: the first byte has as long again.
    fn expect_first_byte(&mut self, edge: &Edge<'_>) {
        self.postpone_deadline(edge);
        if self.deadline.is_some() {
            self.set_deadline(edge, self.first_byte_timeout());
        }
    }

    pub(super) fn handle_fact(&mut self, edge: &mut Edge<'_>, fact: Fact) {
        self.media_heartbeat.receive(edge.now);
        match fact {
            Fact::Pong { .. } => self.media_heartbeat.start(edge.now),
            Fact::Hello { version } if version == VERSION => {
                self.media_heartbeat.start(edge.now);
                self.media_ready = true;
            }
            Fact::Hello { .. } => {
                self.media_lost = Some(PlayFailure::VersionMismatch);
                self.fail_if_wanted(edge, PlayFailure::VersionMismatch);
            }
            Fact::ResponseHead { request, at, head } => {
                let at = edge.clock.instant(at);
                self.trace.respond(&mut edge.to, request, &head);
                if !self.is_current(request) {
                    return;
                }
                if let Some(start) = self.start.as_mut() {
                    start.reach(Phase::Connect, at);
                }
                self.expect_first_byte(edge);
                self.response_head(edge, head.status);
            }
            Fact::FirstByte { request, at } if self.is_current(request) => {
                self.postpone_deadline(edge);
                let at = edge.clock.instant(at);
                if let Some(start) = self.start.as_mut() {
                    start.reach(Phase::FirstByte, at);
                }
                self.trace.first_byte(&mut edge.to, at);
                if let Some(attempts) = self.recovery.succeed() {
                    self.trace.recover_ended(&mut edge.to, at, attempts);
                    self.step(edge, Input::Event(Event::ConnectionBack));
                }
            }
            Fact::BodyEnd { request, at, bytes, end } => {
                let at = edge.clock.instant(at);
                self.trace.end_media_request(&mut edge.to, request, at, bytes, end);
                if !self.is_current(request) || request != self.next_request {
                    return;
                }
                self.body_ended = true;
                self.deadline = None;
                match end {
                    BodyEnd::Failed {} => {
                        if bytes > 0 && self.recovery.is_under_way() {
                            self.recovery.repeat();
                        }
                        self.connection_lost(edge);
                    }
                    BodyEnd::Opaque {} => self.fail(edge, PlayFailure::Opaque),
                    _ => self.expect_module(edge),
                }
            }
            Fact::Format { epoch, format } if epoch == self.epoch => {
                self.trace.describe(&mut edge.to, &format);
                // What an earlier play of the source found out stays.
                if self.end().is_none() || !format.estimated {
                    self.estimated = format.estimated;
                    self.set_duration(edge, format.duration);
                }
                if !std::mem::replace(&mut self.metadata_announced, true) {
                    self.emit(edge, "loadedmetadata");
                }
                if self.prepared && self.metadata_only {
                    self.trace.end_load(&mut edge.to, None);
                    self.close(edge);
                }
            }
            Fact::Duration { epoch, duration } if epoch == self.epoch => {
                self.estimated = false;
                self.set_duration(edge, Some(duration));
            }
            Fact::Estimate { epoch, duration } if epoch == self.epoch && self.end().is_none() => {
                self.estimated = true;
                let reached = self.current_time(edge.now);
                self.set_duration(edge, Some(duration.max(reached)));
            }
            Fact::FirstDecoded { epoch, at, position } if epoch == self.epoch => {
                let at = edge.clock.instant(at);
                if let Some(start) = self.start.as_mut() {
                    start.reach(Phase::Decode, at);
                }
                self.decoded_epoch = epoch;
                if self.body_ended {
                    self.deadline = None;
                }
                if self.prepared {
                    self.trace.end_load(&mut edge.to, None);
                }
                self.trace.first_decoded(&mut edge.to, at);
                // Where it begins, and no more: by a port of its own the first sample may be heard before
                // this.
                self.position.moves_to(position);
                self.emit(edge, "canplay");
                if self.state() == State::Seeking {
                    self.step(edge, Input::Event(Event::Sought));
                    if self.state() == State::Paused {
                        self.trace.seek_ended(&mut edge.to, at);
                    }
                }
            }
            Fact::Decoded { epoch, packets, failures } if epoch == self.epoch => {
                self.totals.decode_failures += failures;
                self.trace.decoded(&mut edge.to, packets, failures);
            }
            Fact::Buffered { epoch, end } if epoch == self.epoch => {
                self.buffered = end.max(self.position.start());
                // An estimate that is too short gives way.
                if self.estimated && self.duration.is_some_and(|duration| duration < end) {
                    self.set_duration(edge, Some(end));
                }
                self.postpone_deadline(edge);
                self.emit(edge, "progress");
            }
            Fact::BytesWanted { epoch, offset }
                if epoch == self.epoch && self.recovery.want(offset) && self.failure_ahead.is_none() =>
            {
                self.fetch(edge, offset);
            }
            Fact::DecodedAll { epoch, end, .. } if epoch == self.epoch => {
                (self.buffered, self.estimated) = (end, false);
                // The file was whole, whatever its server stated.
                if self.given_up.take().is_some() {
                    self.failure_ahead = None;
                }
                self.set_duration(edge, Some(end));
                self.emit(edge, "progress");
                // A seek to the very end has no frame to wait for.
                self.step(edge, Input::Event(Event::Sought));
                self.ends.1 = epoch;
                self.end_if_over(edge);
            }
            Fact::Failed { error: MediaError::VersionMismatch {}, .. } => {
                self.media_lost = Some(PlayFailure::VersionMismatch);
                self.fail_if_wanted(edge, PlayFailure::VersionMismatch);
            }
            Fact::Failed { epoch, error } if epoch == self.epoch => {
                let failure = match error {
                    // The reason is the one for which no more bytes are asked for.
                    MediaError::Interrupted {} => self.given_up.unwrap_or(PlayFailure::Network),
                    error => failure_of(error),
                };
                self.fail_when_heard(edge, failure);
                self.end_if_over(edge);
            }
            _ => {}
        }
    }

    fn set_duration(&mut self, edge: &mut Edge<'_>, duration: Option<f64>) {
        if self.duration != duration {
            self.duration = duration;
            self.emit(edge, "durationchange");
        }
    }

    fn response_head(&mut self, edge: &mut Edge<'_>, status: u16) {
        if matches!(status, 200 | 206) {
            self.received = true;
            return;
        }
        // A range that can't be had is the media plane's to work out. A server that failed or was busy in the
        // middle of a track may be back in a moment; a file that is gone stays gone.
        if self.received && status == 416 {
        } else if self.received && (status >= 500 || BUSY.contains(&status)) {
            self.connection_lost(edge);
        } else if self.received {
            self.give_up(edge, PlayFailure::HttpStatus(status));
        } else {
            self.fail(edge, PlayFailure::HttpStatus(status));
        }
    }

    pub(super) fn connection_lost(&mut self, edge: &mut Edge<'_>) {
        if !self.received {
            // No server has answered yet: the app learns it at once, and may have another source.
            self.fail(edge, PlayFailure::Network);
        } else if self.recovery.is_futile() {
            self.give_up(edge, PlayFailure::Network);
        } else if self.recovery.fail(edge.now) || self.has_more_to_hear() {
            self.trace.recover_started(&mut edge.to);
            self.step(edge, Input::Event(Event::ConnectionLost));
        } else {
            self.give_up(edge, PlayFailure::Network);
        }
    }

    /// Whether the output plays samples of this epoch, or holds them.
    pub(super) fn has_more_to_hear(&self) -> bool {
        let audible = self.audible_epoch == self.epoch;
        self.heard && audible && matches!(self.state(), State::Playing | State::Paused)
    }

    /// Asks for no more bytes. What is in memory is decoded and heard, then the play fails; at once where
    /// nothing is.
    fn give_up(&mut self, edge: &mut Edge<'_>, failure: PlayFailure) {
        if self.has_more_to_hear() || self.decoded_epoch == self.epoch {
            self.given_up = Some(failure);
            self.failure_ahead.get_or_insert(failure);
            self.recovery = Recovery::default();
            self.deadline = None;
            self.tell_media(edge, MediaCommand::Finish { epoch: self.epoch });
        } else {
            self.fail(edge, failure);
        }
    }

    /// Fails once what is decoded has been heard; at once where nothing is. The media plane has given all
    /// that it had, and the output will say when that is over.
    fn fail_when_heard(&mut self, edge: &mut Edge<'_>, failure: PlayFailure) {
        if self.has_more_to_hear() || self.decoded_epoch == self.epoch {
            self.failure_ahead.get_or_insert(failure);
        } else {
            self.fail(edge, failure);
        }
    }
}
