//! The connection to the server of the source: how long it may be silent, what its answers mean, that it
//! breaks.

use tonearm_messages::{Command as MediaCommand, MediaError};

use super::{Player, SILENT_REQUEST, StepContext};
use crate::engine::timers::Timer;
use crate::playback::{Event, Input, PlayFailure, State};
use tonearm_base::time::Duration;

/// Time that the module of a format may take once the whole source is here.
const MODULE_WAIT: Duration = Duration::from_secs(10);

/// Statuses below 500 that a server takes back after a while: Request Timeout (RFC 9110), Too Early (RFC
/// 8470), Too Many Requests (RFC 6585).
const BUSY: [u16; 3] = [408, 425, 429];

/// What a play fails by where the media plane reports an error.
pub(super) fn failure_of(error: MediaError) -> PlayFailure {
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
    /// The next silence of the server may last this long from now on.
    pub(super) fn set_limit(&mut self, cx: &StepContext<'_>, limit: Duration) {
        self.media.set_limit(&mut self.timers, cx.now, limit);
    }

    /// Bytes arrived: the next silence is counted from now, where the listener waits for more.
    pub(super) fn postpone_limit(&mut self, cx: &StepContext<'_>) {
        let waits =
            matches!(self.state(), State::Starting | State::Rebuffering | State::Recovering | State::Seeking);
        if waits && self.timers.is_set(Timer::Arrival) {
            self.set_limit(cx, SILENT_REQUEST);
        } else {
            self.timers.clear(Timer::Arrival);
        }
    }

    /// All bytes that were requested are here: the module of their format may be on its way, and never
    /// arrive. The element then has the rest of the time limit.
    pub(super) fn expect_module(&mut self, cx: &StepContext<'_>) {
        if !self.media.has_decoded() && !matches!(self.state(), State::Ready | State::Paused) {
            self.set_limit(cx, SILENT_REQUEST);
            self.timers.set(Timer::Arrival, cx.now + MODULE_WAIT);
        }
    }

    /// The response's head arrived: the first byte has as long again.
    pub(super) fn expect_first_byte(&mut self, cx: &StepContext<'_>) {
        self.postpone_limit(cx);
        if self.timers.is_set(Timer::Arrival) {
            self.set_limit(cx, self.first_byte_timeout());
        }
    }

    pub(super) fn handle_status(&mut self, cx: &mut StepContext<'_>, status: u16) {
        if matches!(status, 200 | 206) {
            self.attempt.response_accepted = true;
            return;
        }
        // A range that is not available is the media plane's to work out. A server that failed or was busy in
        // the middle of a track may be back in a moment; a file that is gone stays gone.
        let accepted = self.attempt.response_accepted;
        if accepted && status == 416 {
        } else if accepted && (status >= 500 || BUSY.contains(&status)) {
            self.connection_lost(cx);
        } else if accepted {
            self.give_up(cx, PlayFailure::HttpStatus(status));
        } else {
            self.fail(cx, PlayFailure::HttpStatus(status));
        }
    }

    pub(super) fn connection_lost(&mut self, cx: &mut StepContext<'_>) {
        if !self.attempt.response_accepted {
            // No server has answered yet: the app learns it at once, and may have another source.
            self.fail(cx, PlayFailure::Network);
        } else if self.media.recovery.is_futile() {
            self.give_up(cx, PlayFailure::Network);
        } else if self.media.recovery.fail(&mut self.timers, cx.now) || self.has_more_to_play() {
            self.attempt.trace.recover_started(&mut cx.recorder);
            self.step(cx, Input::Event(Event::ConnectionLost));
        } else {
            self.give_up(cx, PlayFailure::Network);
        }
    }

    /// Whether the output plays samples of this epoch, or holds them.
    pub(super) fn has_more_to_play(&self) -> bool {
        let audible = self.output.audible_epoch == self.media.epoch;
        self.attempt.audible && audible && matches!(self.state(), State::Playing | State::Paused)
    }

    /// Requests no more bytes. What is in memory is decoded and played, then the play fails; at once where
    /// nothing is.
    fn give_up(&mut self, cx: &mut StepContext<'_>, failure: PlayFailure) {
        if self.has_more_to_play() || self.media.has_decoded() {
            self.attempt.given_up = Some(failure);
            self.attempt.deferred_failure.get_or_insert(failure);
            self.media.recovery.reset(&mut self.timers);
            self.timers.clear(Timer::Arrival);
            self.command_media(cx, MediaCommand::Finish { epoch: self.media.epoch });
        } else {
            self.fail(cx, failure);
        }
    }

    /// Fails once what is decoded has been played; at once where nothing is. The media plane has given all
    /// that it had, and the output reports when that is over.
    pub(super) fn defer_failure(&mut self, cx: &mut StepContext<'_>, failure: PlayFailure) {
        if self.has_more_to_play() || self.media.has_decoded() {
            self.attempt.deferred_failure.get_or_insert(failure);
        } else {
            self.fail(cx, failure);
        }
    }
}
