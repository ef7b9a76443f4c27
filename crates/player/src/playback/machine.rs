//! One player's machine: the table, and what the listener wants meanwhile.

use super::state::{Command, Event, Input, State};
use super::table::{Next, next};

/// What must happen outside because of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Drop what is open and select the new source.
    Select,
    /// Open the source: a new play.
    Open,
    /// Let the output go on with what it holds.
    Release,
    /// Hold the output; what it has is kept.
    Hold,
    /// Go to the position asked for.
    Seek,
    /// Drop what is open; the source stays selected.
    Close,
}

/// A change of state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transition {
    /// Before.
    pub from: State,
    /// After.
    pub to: State,
    /// Why.
    pub input: Input,
}

/// What came of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Step {
    /// The change of state, if there is one.
    pub transition: Option<Transition>,
    /// What must happen.
    pub effect: Option<Effect>,
    /// The command makes no sense in this state.
    pub refused: bool,
}

/// One player's state.
#[derive(Debug, Clone)]
pub struct Playback {
    state: State,
    paused: bool,
    /// The seek under way has its samples.
    sought: bool,
}

impl Default for Playback {
    fn default() -> Self {
        Self { state: State::Idle, paused: true, sought: false }
    }
}

impl Playback {
    /// The state.
    pub fn state(&self) -> State {
        self.state
    }

    /// `HTMLMediaElement.paused`: whether the listener holds the track.
    pub fn paused(&self) -> bool {
        self.paused
    }

    /// Takes an input.
    pub fn handle(&mut self, input: Input) -> Step {
        let from = self.state;
        let to = match next(from, input) {
            Next::Refuse => return Step { refused: true, ..Step::default() },
            Next::Ignore => return Step::default(),
            // Its samples are there, and nothing more will come to say so.
            Next::Note if self.sought && input == Input::Command(Command::Pause) => Some(State::Paused),
            Next::Note => None,
            Next::EndSeek => self.paused.then_some(State::Paused),
            // The pause overtook the report of the sound.
            Next::To(State::Playing) if self.paused => Some(State::Paused),
            Next::To(state) => Some(state),
        };
        match input {
            Input::Command(Command::Play) => self.paused = false,
            Input::Command(Command::Load | Command::Pause | Command::Stop)
            | Input::Event(Event::Ended | Event::Failed) => {
                self.paused = true;
            }
            _ => {}
        }
        self.sought = match to {
            Some(_) => false,
            None => self.sought || input == Input::Event(Event::Sought),
        };
        let effect = effect(from, to, input);
        if let Some(to) = to {
            self.state = to;
        }
        let transition = to.map(|to| Transition { from, to, input });
        Step { transition, effect, refused: false }
    }
}

fn effect(from: State, to: Option<State>, input: Input) -> Option<Effect> {
    match (input, to) {
        (Input::Command(Command::Load), _) => Some(Effect::Select),
        (Input::Command(Command::Play), Some(_)) => Some(match from {
            State::Paused => Effect::Release,
            _ => Effect::Open,
        }),
        (Input::Command(Command::Play), None) if from == State::Seeking => Some(Effect::Release),
        (Input::Command(Command::Pause), Some(_)) => Some(Effect::Hold),
        (Input::Command(Command::Pause), None) if from == State::Seeking => Some(Effect::Hold),
        (Input::Command(Command::Seek), Some(_)) => Some(Effect::Seek),
        (Input::Command(Command::Stop) | Input::Event(Event::Failed), Some(_)) => Some(Effect::Close),
        _ => None,
    }
}
