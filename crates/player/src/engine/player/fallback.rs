//! What is tried, within the same play, in the place of a source that could not begin: another source that
//! the app named, or the browser's media element.

use tonearm_messages::Command as MediaCommand;

use super::timeline::EndOfTrack;
use super::{Player, StepContext};
use crate::engine::input::{PlaybackEngine, Source};
use crate::engine::output::{Output, WorkletCommand};
use crate::engine::timers::Timer;
use crate::playback::{PlayFailure, State};

/// What is tried next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fallback {
    /// The app's next source.
    Source,
    /// The same source, by the browser's media element.
    Element,
}

/// The reason of a play that neither the package's engine nor the element could begin. The element knows one
/// reason for an unreachable server, a refusal and a format: the package's engine knows better, unless the
/// browser kept the response from it.
fn conclude(first: PlayFailure, element: PlayFailure) -> PlayFailure {
    match (first, element) {
        (PlayFailure::Network | PlayFailure::Opaque, PlayFailure::Undecodable | PlayFailure::Timeout) => {
            element
        }
        _ => first,
    }
}

impl Player {
    pub(super) fn fallback_for(&self, failure: PlayFailure) -> Option<Fallback> {
        use PlayFailure as F;
        let source = self.source.as_ref()?;
        // Only a play that waits for its start, and was asked for.
        if self.attempt.audible || self.attempt.promises.is_empty() || self.paused() {
            return None;
        }
        let of_the_source = matches!(
            failure,
            F::NotSupported
                | F::Undecodable
                | F::Truncated
                | F::HttpStatus(_)
                | F::Network
                | F::Opaque
                | F::Timeout
                | F::Resolve
                | F::Unavailable
        );
        if of_the_source && source.alternatives > 0 {
            return Some(Fallback::Source);
        }
        // What the server refused the element would not get either.
        let of_the_engine = matches!(
            failure,
            F::NotSupported
                | F::Undecodable
                | F::Network
                | F::Opaque
                | F::Unavailable
                | F::VersionMismatch
                | F::WorkerFault
        );
        (of_the_engine && source.element && self.media.is_stream()).then_some(Fallback::Element)
    }

    pub(super) fn fall_back(&mut self, cx: &mut StepContext<'_>, failure: PlayFailure, fallback: Fallback) {
        let element = fallback == Fallback::Element;
        let engine = if element { PlaybackEngine::Element } else { self.media.engine };
        self.attempt.trace.leave_source(&mut cx.recorder, failure, engine.as_str());
        let url = self.media.open_url.take().or(self.media.waiting_url.take());
        self.timers.clear(Timer::Report);
        self.media.recovery.reset(&mut self.timers);
        self.attempt.reset_source();
        self.timeline.end_of_track = EndOfTrack::default();
        self.command_worklet(cx, WorkletCommand::Hold);
        self.command_media(cx, MediaCommand::Close {});
        if !element {
            self.timers.clear(Timer::Arrival);
            cx.outputs.push_back(Output::CancelResolve { player: self.id });
            cx.outputs.push_back(Output::Alternative { player: self.id });
            return;
        }
        self.attempt.first_failure = Some(failure);
        self.media.engine = engine;
        self.forget_lost();
        self.timers.clear(Timer::Autoplay);
        // Without one the app's resolver is still at work.
        self.media.waiting_url = url.or_else(|| self.source.as_ref().and_then(|source| source.url.clone()));
        self.timers.set(Timer::Arrival, self.media.limit.max(cx.now));
        cx.outputs.push_back(Output::Reopen { player: self.id, element: true });
        self.send_hello(cx);
    }

    /// The host's answer to [`Output::Alternative`].
    pub(super) fn take_alternative(&mut self, cx: &mut StepContext<'_>, source: Source) {
        if !matches!(self.state(), State::Starting | State::Recovering | State::Seeking) {
            return;
        }
        self.attempt.trace.enter_source(&mut cx.recorder, &source.attributes);
        self.source = Some(source);
        self.attempt.number += 1;
        (self.timeline.duration, self.timeline.estimated) = (None, false);
        self.replace_lost(cx);
        self.set_limit(cx, self.first_byte_timeout());
        self.open_or_resolve(cx);
    }

    /// What a play failed by, where the element may have been tried.
    pub(super) fn conclude_fallback(&mut self, failure: PlayFailure) -> PlayFailure {
        let Some(first) = self.attempt.first_failure.take() else { return failure };
        self.media.revert_engine = true;
        conclude(first, failure)
    }
}
