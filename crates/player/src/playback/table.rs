//! The table: what each input means in each state. Read it by state; the exhaustive test prints it the other
//! way round.

use super::state::{Command as C, Event as E, Input, State as S};

/// What an input leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Into this state, even where it is the same one: a second seek is a new one.
    To(S),
    /// Nothing changes; the input is noted (a pause during a seek).
    Note,
    /// Nothing changes: it came late, or says what is known.
    Ignore,
    /// The command makes no sense here and rejects with `InvalidStateError`.
    Refuse,
    /// A seek has its samples: on to be heard, or to rest where the listener holds the track.
    EndSeek,
}

/// What `input` leads to in `state`.
pub fn next(state: S, input: Input) -> Next {
    use Next::{EndSeek, Ignore, Note, Refuse, To};
    match input {
        // A new source is welcome anywhere.
        Input::Command(C::Load) => To(S::Loading),
        Input::Command(C::Play) => match state {
            S::Idle => Refuse,
            // The play is remembered and begins once the source is selected.
            S::Loading | S::Seeking => Note,
            S::Ready | S::Paused | S::Ended => To(S::Starting),
            // Already on the way: the promise joins the one that waits.
            S::Starting | S::Playing | S::Rebuffering | S::Recovering => Note,
            S::Failed => To(S::Recovering),
        },
        Input::Command(C::Pause) => match state {
            S::Idle | S::Ready | S::Paused | S::Ended | S::Failed => Ignore,
            S::Loading | S::Seeking => Note,
            S::Starting | S::Playing | S::Rebuffering | S::Recovering => To(S::Paused),
        },
        Input::Command(C::Seek) => match state {
            S::Idle | S::Failed => Refuse,
            // Nothing is fetched yet: the position is where the play will begin.
            S::Loading | S::Ready => Note,
            S::Starting | S::Playing | S::Rebuffering | S::Paused | S::Seeking | S::Ended | S::Recovering => {
                To(S::Seeking)
            }
        },
        Input::Command(C::Stop) => match state {
            S::Idle => Ignore,
            S::Loading => To(S::Idle),
            _ => To(S::Ready),
        },
        Input::Event(E::SourceSelected) => match state {
            S::Loading => To(S::Ready),
            _ => Ignore,
        },
        Input::Event(E::Audible) => match state {
            S::Starting | S::Rebuffering | S::Seeking | S::Recovering => To(S::Playing),
            _ => Ignore,
        },
        Input::Event(E::Sought) => match state {
            S::Seeking => EndSeek,
            _ => Ignore,
        },
        Input::Event(E::Underflow | E::ContextLeft | E::WorkletSilent) => match state {
            S::Playing => To(S::Rebuffering),
            // Already silent; the cause is noted for the stall that follows or goes on.
            S::Starting | S::Rebuffering | S::Seeking | S::Recovering => Note,
            _ => Ignore,
        },
        Input::Event(E::ContextRunning) => match state {
            // The worklet's next audible frame says the rest.
            S::Starting | S::Rebuffering | S::Seeking | S::Recovering => Note,
            _ => Ignore,
        },
        Input::Event(E::ConnectionLost) => match state {
            S::Rebuffering | S::Starting => To(S::Recovering),
            // There are samples in the ring: the listener need not notice.
            S::Playing | S::Paused | S::Seeking | S::Recovering => Note,
            _ => Ignore,
        },
        Input::Event(E::ConnectionBack) => match state {
            S::Playing | S::Paused | S::Seeking | S::Recovering | S::Rebuffering => Note,
            _ => Ignore,
        },
        Input::Event(E::Ended) => match state {
            S::Playing | S::Rebuffering | S::Starting | S::Seeking | S::Recovering => To(S::Ended),
            _ => Ignore,
        },
        Input::Event(E::Failed) => match state {
            S::Idle | S::Failed => Ignore,
            _ => To(S::Failed),
        },
    }
}
