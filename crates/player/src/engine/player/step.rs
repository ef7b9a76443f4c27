//! What a change of the player's state entails: effects, events and the record of it.

use std::collections::VecDeque;

use super::Player;
use crate::engine::output::Output;
use crate::instrumentation::PlayRecorder;
use crate::playback::{Effect, Input, State, Step};
use tonearm_base::time::{ClockAnchor, Instant};

/// Everything that a player reaches outside itself during one input.
pub(in crate::engine) struct StepContext<'a> {
    pub(in crate::engine) now: Instant,
    pub(in crate::engine) recorder: PlayRecorder<'a>,
    pub(in crate::engine) clock: ClockAnchor,
    pub(in crate::engine) outputs: &'a mut VecDeque<Output>,
}

impl Player {
    /// Hands an input to the state machine, does what follows, and dispatches the events.
    pub(super) fn step(&mut self, cx: &mut StepContext<'_>, input: Input) -> Step {
        let was_paused = self.paused();
        let step = self.playback.handle(input);
        if let Some(transition) = step.transition.filter(|transition| transition.from != transition.to) {
            self.attempt.trace.transition(&mut cx.recorder, transition.from, transition.to);
            self.dispatch(cx, "statechange");
        }
        if was_paused && !self.paused() {
            self.dispatch(cx, "play");
        }
        match step.effect {
            Some(Effect::Open) => self.begin_play(cx),
            Some(Effect::Release) => self.release(cx),
            Some(Effect::Hold) => self.hold(cx),
            Some(Effect::Seek) => self.start_seek(cx),
            Some(Effect::Select | Effect::Close) => self.close(cx),
            None => {}
        }
        if let Some(transition) = step.transition {
            if transition.from == State::Seeking
                && matches!(transition.to, State::Playing | State::Paused | State::Ended)
            {
                self.dispatch(cx, "seeked");
            }
            for event in events_of(transition.to) {
                self.dispatch(cx, event);
            }
        }
        if !was_paused
            && self.paused()
            && step.transition.is_none_or(|transition| transition.to != State::Ended)
        {
            self.dispatch(cx, "pause");
        }
        step
    }
}

/// The events that go with entering a state, as HTML names them.
fn events_of(state: State) -> &'static [&'static str] {
    match state {
        State::Idle | State::Ready => &[],
        State::Loading => &["emptied", "loadstart"],
        State::Starting | State::Rebuffering | State::Recovering => &["waiting"],
        State::Playing => &["playing"],
        State::Paused => &["timeupdate"],
        State::Seeking => &["seeking"],
        State::Ended => &["timeupdate", "pause", "ended"],
        State::Failed => &["error"],
    }
}
