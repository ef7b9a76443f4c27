//! A source that no script may read: the browser's own element goes on with the same play.
//!
//! The page learns of it by the rejected promise, and either makes the element the engine and plays again, or
//! does not: then the play has failed.

use super::{Edge, Player};
use crate::playback::{Event, Input, PlayFailure};
use crate::time::{Duration, Instant};

/// How long the page may take to make the element the engine.
const OFFER: Duration = Duration::from_secs(1);

/// A play that the element may go on with.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fallback {
    /// Until then.
    Offered(Instant),
    /// The element is the engine now.
    Taken,
}

impl Player {
    /// The source can't be read. The play is not over yet, nor is its time limit.
    pub(super) fn offer_fallback(&mut self, edge: &mut Edge<'_>, limit: Option<Instant>) {
        if self.heard || self.prepared || self.engine == "element" {
            return self.fail(edge, PlayFailure::Opaque);
        }
        self.fallback = Some(Fallback::Offered(edge.now + OFFER));
        self.fallback_limit = limit;
        self.set_failure(edge, Some(PlayFailure::Opaque));
        self.settle_plays(edge, Err(PlayFailure::Opaque));
        self.step(edge, Input::Event(Event::Failed));
    }

    /// Another engine plays from now on.
    pub(super) fn set_engine(&mut self, edge: &mut Edge<'_>, engine: &'static str) {
        self.engine = engine;
        match self.fallback {
            Some(Fallback::Offered(_)) if engine == "element" => self.fallback = Some(Fallback::Taken),
            Some(_) => self.decline_fallback(edge),
            None => {}
        }
    }

    /// Whether the source that is loaded, or the play that begins, is the one that the element goes on with.
    pub(super) fn is_falling_back(&self) -> bool {
        matches!(self.fallback, Some(Fallback::Taken))
    }

    pub(super) fn fallback_due(&self) -> Option<Instant> {
        match self.fallback {
            Some(Fallback::Offered(due)) => Some(due),
            _ => None,
        }
    }

    /// Nothing goes on with the play: it has failed.
    pub(super) fn decline_fallback(&mut self, edge: &mut Edge<'_>) {
        if self.fallback.take().is_some() {
            self.end_play(edge, Some(PlayFailure::Opaque));
        }
    }

    /// Goes on with the play by the element.
    pub(super) fn take_fallback(&mut self, edge: &mut Edge<'_>) {
        self.fallback = None;
        self.fell_back = true;
        self.trace.change_engine(&mut edge.to, self.engine);
        self.set_failure(edge, None);
        self.arm_refusal(edge);
        self.open_or_resolve(edge);
        // One limit for both.
        let limit = self.fallback_limit.take();
        self.deadline = self.deadline.map(|deadline| limit.map_or(deadline, |limit| deadline.min(limit)));
    }
}
