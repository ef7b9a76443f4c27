//! What the output of a player reports. Epochs are those of commands; instants are milliseconds of page time;
//! frames are whole numbers at the output's rate, counted from the epoch's start.

use wasm_bindgen::prelude::*;

use super::{AudibleMethod, AudioState, player_input};
use tonearm_base::time::Instant;
use tonearm_player::engine::{ContextState, PlayerInput, Report};

/// Says that the output is there, and its sample rate in Hz.
#[wasm_bindgen]
pub fn output_ready(player: u32, sample_rate: u32) {
    player_input(player, PlayerInput::OutputReady { rate: sample_rate, state: ContextState::Suspended });
}

/// Says that the output can't be had, or is lost.
#[wasm_bindgen]
pub fn output_unavailable(player: u32) {
    player_input(player, PlayerInput::OutputUnavailable);
}

/// Says which state the audio context is in.
#[wasm_bindgen]
pub fn set_audio_state(player: u32, state: AudioState) {
    player_input(player, PlayerInput::Context(state.into()));
}

fn report(player: u32, report: Report) {
    player_input(player, PlayerInput::Report(report));
}

/// Reports the first audible frame of a start, a resume or a seek.
#[wasm_bindgen]
pub fn report_audible(player: u32, epoch: u32, at: f64, frames: f64, method: AudibleMethod) {
    let (at, frames) = (Instant::from_millis(at), frames as u64);
    report(player, Report::Audible { epoch, at, frames, method: method.name() });
}

/// Reports how far the output is.
#[wasm_bindgen]
pub fn report_position(player: u32, epoch: u32, at: f64, frames: f64) {
    report(player, Report::Position { epoch, at: Instant::from_millis(at), frames: frames as u64 });
}

/// Reports that the output renders, and waits for samples.
#[wasm_bindgen]
pub fn report_waiting(player: u32) {
    report(player, Report::Waiting);
}

/// Reports the first missing frame of an underrun.
#[wasm_bindgen]
pub fn report_gap_started(player: u32, epoch: u32, at: f64, frames: f64) {
    report(player, Report::GapStarted { epoch, at: Instant::from_millis(at), frames: frames as u64 });
}

/// Reports the end of an underrun: how many frames of silence were inserted, and whether a frame is audible
/// after it.
#[wasm_bindgen]
pub fn report_gap_ended(player: u32, epoch: u32, at: f64, missing: f64, audible: bool) {
    let (at, missing) = (Instant::from_millis(at), missing as u64);
    report(player, Report::GapEnded { epoch, at, missing, audible });
}

/// Reports the last frame of the track.
#[wasm_bindgen]
pub fn report_ended(player: u32, epoch: u32, at: f64, frames: f64) {
    report(player, Report::Ended { epoch, at: Instant::from_millis(at), frames: frames as u64 });
}

/// Reports that the Worker does not answer the output, which has asked for samples.
#[wasm_bindgen]
pub fn report_media_silent(player: u32, epoch: u32) {
    report(player, Report::MediaSilent { epoch });
}
