//! What the media plane reports, and what follows for the player.

use tonearm_messages::{BodyEnd, Fact, MediaError, VERSION};

use super::connection::failure_of;
use super::{Player, StepContext};
use crate::engine::timers::Timer;
use crate::playback::{Event, Input, PlayFailure, State};
use crate::qoe::Phase;

impl Player {
    pub(super) fn handle_fact(&mut self, cx: &mut StepContext<'_>, fact: Fact) {
        self.media.heartbeat.receive(&mut self.timers, cx.now);
        match fact {
            Fact::Pong { .. } => self.media.heartbeat.start(&mut self.timers, cx.now),
            Fact::Hello { version } if version == VERSION => {
                self.media.heartbeat.start(&mut self.timers, cx.now);
                self.media.ready = true;
            }
            Fact::Hello { .. } | Fact::Failed { error: MediaError::VersionMismatch {}, .. } => {
                self.media.lost = Some(PlayFailure::VersionMismatch);
                self.fail_if_wanted(cx, PlayFailure::VersionMismatch);
            }
            Fact::ResponseHead { request, at, head } => {
                let at = cx.clock.instant(at);
                self.attempt.trace.respond(&mut cx.recorder, request, &head);
                if !self.media.is_current(request) {
                    return;
                }
                self.attempt.reach(Phase::Connect, at);
                self.expect_first_byte(cx);
                self.handle_status(cx, head.status);
            }
            Fact::FirstByte { request, at } if self.media.is_current(request) => {
                self.postpone_limit(cx);
                let at = cx.clock.instant(at);
                self.attempt.reach(Phase::FirstByte, at);
                self.attempt.trace.first_byte(&mut cx.recorder, at);
                if let Some(attempts) = self.media.recovery.succeed(&mut self.timers) {
                    self.attempt.trace.recover_ended(&mut cx.recorder, at, attempts);
                    self.step(cx, Input::Event(Event::ConnectionBack));
                }
            }
            Fact::BodyEnd { request, at, bytes, end } => {
                let at = cx.clock.instant(at);
                self.attempt.trace.end_media_request(&mut cx.recorder, request, at, bytes, end);
                if self.media.is_current(request) && request == self.media.request {
                    self.body_ended(cx, bytes, end);
                }
            }
            Fact::Format { epoch, format } if epoch == self.media.epoch => {
                self.attempt.trace.describe(&mut cx.recorder, &format);
                // What an earlier play of the source found out stays.
                if self.timeline.end().is_none() || !format.estimated {
                    self.set_duration(cx, format.duration, format.estimated);
                }
                if !std::mem::replace(&mut self.timeline.metadata_announced, true) {
                    self.dispatch(cx, "loadedmetadata");
                }
                if self.attempt.preloaded && self.attempt.metadata_only {
                    self.attempt.trace.end_load(&mut cx.recorder, None);
                    self.close(cx);
                }
            }
            Fact::Duration { epoch, duration } if epoch == self.media.epoch => {
                self.set_duration(cx, Some(duration), false);
            }
            Fact::Estimate { epoch, duration }
                if epoch == self.media.epoch && self.timeline.end().is_none() =>
            {
                let reached = self.current_time(cx.now);
                self.set_duration(cx, Some(duration.max(reached)), true);
            }
            Fact::FirstDecoded { epoch, at, position } if epoch == self.media.epoch => {
                let at = cx.clock.instant(at);
                self.attempt.reach(Phase::Decode, at);
                self.media.decoded_epoch = epoch;
                if self.media.body_ended {
                    self.timers.clear(Timer::Arrival);
                }
                if self.attempt.preloaded {
                    self.attempt.trace.end_load(&mut cx.recorder, None);
                }
                self.attempt.trace.first_decoded(&mut cx.recorder, at);
                // Where it begins, and no more: the first sample's report has a port of its own, and may
                // arrive before this fact.
                self.timeline.position.moves_to(position);
                self.dispatch(cx, "canplay");
                if self.state() == State::Seeking {
                    self.step(cx, Input::Event(Event::Sought));
                    if self.state() == State::Paused {
                        self.attempt.trace.seek_ended(&mut cx.recorder, at);
                    }
                }
            }
            Fact::Decoded { epoch, packets, failures } if epoch == self.media.epoch => {
                let attempt = &mut self.attempt;
                let count = if attempt.preloaded {
                    &mut attempt.preload_failures
                } else {
                    &mut attempt.totals.decode_failures
                };
                *count += failures;
                self.attempt.trace.decoded(&mut cx.recorder, packets, failures);
            }
            Fact::Buffered { epoch, end } if epoch == self.media.epoch => {
                self.timeline.set_buffered(end);
                // An estimate that is too short gives way.
                if self.timeline.exceeds_estimate(end) {
                    self.set_duration(cx, Some(end), true);
                }
                self.postpone_limit(cx);
                self.dispatch(cx, "progress");
            }
            Fact::BytesWanted { epoch, offset }
                if epoch == self.media.epoch
                    && self.media.recovery.want(&self.timers, offset)
                    && self.attempt.deferred_failure.is_none() =>
            {
                self.fetch(cx, offset);
            }
            Fact::DecodedAll { epoch, end, .. } if epoch == self.media.epoch => {
                self.timeline.buffered = end;
                // The file was whole, whatever its server stated.
                if self.attempt.given_up.take().is_some() {
                    self.attempt.deferred_failure = None;
                }
                self.set_duration(cx, Some(end), false);
                self.dispatch(cx, "progress");
                // A seek to the very end has no frame to wait for.
                self.step(cx, Input::Event(Event::Sought));
                self.timeline.end_of_track.media_epoch = epoch;
                self.end_if_over(cx);
            }
            Fact::Failed { epoch, error } if epoch == self.media.epoch => {
                let failure = match error {
                    // The reason is the one for which no more bytes are requested.
                    MediaError::Interrupted {} => self.attempt.given_up.unwrap_or(PlayFailure::Network),
                    error => failure_of(error),
                };
                self.defer_failure(cx, failure);
                self.end_if_over(cx);
            }
            _ => {}
        }
    }

    /// The body of the last request has ended.
    fn body_ended(&mut self, cx: &mut StepContext<'_>, bytes: u64, end: BodyEnd) {
        self.media.body_ended = true;
        self.timers.clear(Timer::Arrival);
        match end {
            BodyEnd::Failed {} => {
                if bytes > 0 && self.media.recovery.is_under_way() {
                    self.media.recovery.repeat();
                }
                self.connection_lost(cx);
            }
            BodyEnd::Opaque {} => self.fail(cx, PlayFailure::Opaque),
            _ => self.expect_module(cx),
        }
    }

    fn set_duration(&mut self, cx: &mut StepContext<'_>, duration: Option<f64>, estimated: bool) {
        if self.timeline.set_duration(duration, estimated) {
            self.dispatch(cx, "durationchange");
        }
    }
}
