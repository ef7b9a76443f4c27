//! What is tried, within the same play, in the place of a source that could not begin: another source that the
//! app named, or the browser's media element.

use tonearm_messages::Command as MediaCommand;

use super::{Edge, Player};
use crate::engine::input::Source;
use crate::engine::output::{Output, WorkletCommand};
use crate::engine::recovery::Recovery;
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
        if self.heard || self.plays.is_empty() || self.paused() {
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
        (of_the_engine && source.element && self.engine == "stream").then_some(Fallback::Element)
    }

    pub(super) fn fall_back(&mut self, edge: &mut Edge<'_>, failure: PlayFailure, to: Fallback) {
        let engine = if to == Fallback::Element { "element" } else { self.engine };
        self.trace.leave_source(&mut edge.to, failure, engine);
        let url = self.open_url.take().or(self.waiting_url.take());
        self.watchdog.rest();
        self.recovery = Recovery::default();
        (self.received, self.failure_ahead, self.given_up, self.ends) = (false, None, None, (0, 0));
        self.tell_worklet(edge, WorkletCommand::Hold);
        self.tell_media(edge, MediaCommand::Close {});
        if to == Fallback::Source {
            self.deadline = None;
            edge.outputs.push_back(Output::CancelResolve { player: self.id });
            edge.outputs.push_back(Output::Alternative { player: self.id });
            return;
        }
        self.first_failure = Some(failure);
        self.engine = engine;
        (self.media_lost, self.output_lost, self.output, self.refusal) = (None, false, None, None);
        // Without one the app's resolver is still at work.
        self.waiting_url = url.or_else(|| self.source.as_ref().and_then(|source| source.url.clone()));
        self.deadline = Some(self.limit.max(edge.now));
        edge.outputs.push_back(Output::Reopen { player: self.id, element: true });
        self.send_hello(edge);
    }

    /// The host's answer to [`Output::Alternative`].
    pub(super) fn take_alternative(&mut self, edge: &mut Edge<'_>, source: Source) {
        if !matches!(self.state(), State::Starting | State::Recovering | State::Seeking) {
            return;
        }
        self.trace.enter_source(&mut edge.to, &source.attributes);
        self.source = Some(source);
        self.play += 1;
        (self.duration, self.estimated) = (None, false);
        self.replace_lost(edge);
        self.set_deadline(edge, self.first_byte_timeout());
        self.open_or_resolve(edge);
    }

    /// What a play failed by, where the element may have been tried.
    pub(super) fn conclude_fallback(&mut self, failure: PlayFailure) -> PlayFailure {
        let Some(first) = self.first_failure.take() else { return failure };
        self.revert_engine = true;
        conclude(first, failure)
    }
}
