//! What a player is at this moment. Times are in seconds.

use wasm_bindgen::prelude::*;

use super::{PlayStatistic, PlayerState, driver};
use tonearm_base::time::{Duration, Instant};
use tonearm_player::engine::Player;
use tonearm_player::playback::State;
use tonearm_player::qoe::StartUp;
use tonearm_telemetry::format_traceparent;

/// All that is read of a player: one function that makes it weighs less than one for each.
struct Figures {
    state: State,
    paused: Option<bool>,
    current_time: f64,
    duration: f64,
    buffered: [f64; 2],
    play_time: f64,
    stall_time: f64,
    stalls: u32,
    decode_failures: u32,
    latency: f64,
    /// The length of each phase of the start-up, in their order.
    phases: [f64; 5],
}

impl Default for Figures {
    /// Those of a player that has done nothing.
    fn default() -> Self {
        Self {
            state: State::Idle,
            paused: None,
            current_time: 0.0,
            duration: f64::NAN,
            buffered: [0.0; 2],
            play_time: 0.0,
            stall_time: 0.0,
            stalls: 0,
            decode_failures: 0,
            latency: f64::NAN,
            phases: [0.0; 5],
        }
    }
}

impl Figures {
    fn of(player: &Player, now: Instant) -> Self {
        let totals = player.totals();
        let start = player.start_up();
        Self {
            state: player.state(),
            paused: Some(player.paused()),
            current_time: player.current_time(now),
            duration: player.duration().unwrap_or(f64::NAN),
            buffered: player.buffered(),
            play_time: totals.played.as_secs_f64(),
            stall_time: totals.stalled.as_secs_f64(),
            stalls: totals.stalls,
            decode_failures: totals.decode_failures,
            latency: start.and_then(StartUp::latency).map_or(f64::NAN, Duration::as_secs_f64),
            phases: start.map_or([0.0; 5], |start| start.phases().map(|(_, length)| length.as_secs_f64())),
        }
    }
}

#[inline(never)]
fn figures(player: u32) -> Figures {
    driver()
        .and_then(|driver| {
            driver.read(|engine, now| engine.player(player).map(|player| Figures::of(player, now)))
        })
        .unwrap_or_default()
}

/// Returns the state; `idle` where there is no player.
#[wasm_bindgen]
pub fn player_state(player: u32) -> PlayerState {
    figures(player).state.into()
}

/// Returns whether it is paused; none where there is no player.
#[wasm_bindgen]
pub fn paused(player: u32) -> Option<bool> {
    figures(player).paused
}

/// Returns the position.
#[wasm_bindgen]
pub fn current_time(player: u32) -> f64 {
    figures(player).current_time
}

/// Returns the length of the track; NaN while it is not known.
#[wasm_bindgen]
pub fn duration(player: u32) -> f64 {
    figures(player).duration
}

/// Returns the begin of what is buffered.
#[wasm_bindgen]
pub fn buffered_start(player: u32) -> f64 {
    figures(player).buffered[0]
}

/// Returns the end of what is buffered.
#[wasm_bindgen]
pub fn buffered_end(player: u32) -> f64 {
    figures(player).buffered[1]
}

/// Returns a statistic of the last play, in seconds or as a whole number.
#[wasm_bindgen]
pub fn play_statistic(player: u32, statistic: PlayStatistic) -> f64 {
    let figures = figures(player);
    let [metadata, connect, first_byte, decode, output] = figures.phases;
    match statistic {
        PlayStatistic::PlayTime => figures.play_time,
        PlayStatistic::StallTime => figures.stall_time,
        PlayStatistic::Stalls => figures.stalls.into(),
        PlayStatistic::DecodeFailures => figures.decode_failures.into(),
        PlayStatistic::Metadata => metadata,
        PlayStatistic::Connect => connect,
        PlayStatistic::FirstByte => first_byte,
        PlayStatistic::Decode => decode,
        PlayStatistic::Output => output,
        _ => figures.latency,
    }
}

/// Returns the `traceparent` of the current or last play; empty where there is none.
#[wasm_bindgen]
pub fn traceparent(player: u32) -> String {
    let context =
        driver().and_then(|driver| driver.read(|engine, _| engine.player(player).and_then(Player::context)));
    context.map(|context| format_traceparent(&context)).unwrap_or_default()
}
