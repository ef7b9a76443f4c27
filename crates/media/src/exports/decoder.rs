//! What the browser's decoder of the open track reports, and the one timer of it.

use gloo_timers::callback::Timeout;
use wasm_bindgen::prelude::*;

use super::track::BrowserTrack;
use super::with_plane;
use crate::host_decoder::{DecoderOutput, OUTPUT_TIMEOUT_MS};

fn with_track(work: impl FnOnce(&mut BrowserTrack)) {
    with_plane(|plane| {
        if let Some(track) = plane.track() {
            work(track);
        }
    });
}

/// An output of the decoder. `timestamp` is in microseconds, `rate` in Hz; `queued` packets are not begun.
#[wasm_bindgen]
pub fn handle_decoder_output(timestamp: f64, frames: usize, rate: u32, queued: usize) {
    let output = DecoderOutput { timestamp, frames, rate, queued };
    with_track(|track| track.decoder.handle_output(&track.module, output));
}

/// An error has closed the decoder. `unsupported` says that the browser has none for the stream.
#[wasm_bindgen]
pub fn handle_decoder_error(unsupported: bool) {
    with_track(|track| track.decoder.handle_error(&track.module, unsupported));
}

/// The decoder has given all that it held.
#[wasm_bindgen]
pub fn handle_decoder_flushed() {
    with_track(|track| track.decoder.handle_flushed(&track.module));
}

/// The decoder has begun a packet, and `queued` are left.
#[wasm_bindgen]
pub fn handle_decoder_dequeue(queued: usize) {
    with_track(|track| {
        let Some(idle) = track.decoder.handle_dequeue(queued) else { return };
        let handle_idle = move || with_track(|track| track.decoder.handle_idle(&track.module, idle));
        track.timeout = Some(Timeout::new(OUTPUT_TIMEOUT_MS, handle_idle));
    });
}
