//! The state table, cell by cell: what a reader of HTML's media element would expect of each.

use tonearm_player::playback::{Input, Next, Playback, State, next};

/// One row per input, one column per state, in the order of `State::ALL`:
/// idle, loading, ready, starting, playing, rebuffering, paused, seeking, ended, failed, recovering.
/// A state's name is a transition; `.` ignores; `+` notes; `!` refuses; `=` settles a seek.
const TABLE: &str = "
load             loading loading loading  loading    loading     loading     loading  loading loading  loading    loading
play             !       +       starting +          +           +           starting +       starting recovering +
pause            .       +       .        paused     paused      paused      .        +       .        .          paused
seek             !       +       +        seeking    seeking     seeking     seeking  seeking seeking  !          seeking
stop             .       idle    ready    ready      ready       ready       ready    ready   ready    ready      ready
source-selected  .       ready   .        .          .           .           .        .       .        .          .
audible          .       .       .        playing    .           playing     .        playing .        .          playing
sought           .       .       .        .          .           .           .        =       .        .          .
underflow        .       .       .        +          rebuffering +           .        +       .        .          +
context-left     .       .       .        +          rebuffering +           .        +       .        .          +
context-running  .       .       .        +          .           +           .        +       .        .          +
worklet-silent   .       .       .        +          rebuffering +           .        +       .        .          +
connection-lost  .       .       .        recovering +           recovering  +        +       .        .          +
connection-back  .       .       .        .          +           +           +        +       .        .          +
ended            .       .       .        ended      ended       ended       .        ended   .        .          ended
failed           .       failed  failed   failed     failed      failed      failed   failed  failed   .          failed
";

fn cell(next: Next) -> &'static str {
    match next {
        Next::To(state) => state.as_str(),
        Next::Note => "+",
        Next::Ignore => ".",
        Next::Refuse => "!",
        Next::EndSeek => "=",
    }
}

#[test]
fn every_cell_of_the_table() {
    let rows: Vec<&str> = TABLE.trim().lines().collect();
    assert_eq!(rows.len(), Input::ALL.len());
    for (row, input) in rows.iter().zip(Input::ALL) {
        let cells: Vec<&str> = row.split_whitespace().skip(1).collect();
        assert_eq!(cells.len(), State::ALL.len(), "{row}");
        for (want, state) in cells.into_iter().zip(State::ALL) {
            assert_eq!(cell(next(state, input)), want, "{state:?} × {input:?}");
        }
    }
}

/// Every sequence of three inputs from every reachable situation: no panic, and the promises of the machine
/// hold.
#[test]
fn every_path_of_four_inputs_keeps_the_promises() {
    let mut seen = std::collections::HashSet::new();
    let mut walk = vec![(Playback::default(), 0)];
    while let Some((playback, depth)) = walk.pop() {
        for input in Input::ALL {
            let mut next_one = playback.clone();
            let before = next_one.state();
            let step = next_one.handle(input);
            if let Some(transition) = step.transition {
                assert_eq!((transition.from, transition.to), (before, next_one.state()));
            } else {
                assert_eq!(next_one.state(), before);
            }
            if step.refused {
                assert!(step.effect.is_none() && step.transition.is_none());
            }
            let state = next_one.state();
            if matches!(state, State::Idle | State::Ended | State::Failed) {
                assert!(next_one.paused(), "{state:?} after {input:?} is not held");
            }
            if matches!(state, State::Playing | State::Starting | State::Rebuffering) {
                assert!(!next_one.paused(), "{state:?} after {input:?} is held");
            }
            seen.insert(state);
            if depth < 3 {
                walk.push((next_one, depth + 1));
            }
        }
    }
    // Playing can be reached within four inputs, and so can every state that leads on from it.
    assert!(State::ALL.iter().filter(|state| seen.contains(state)).count() >= 9, "{seen:?}");
}
