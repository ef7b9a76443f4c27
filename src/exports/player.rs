//! Commands of apps to a player, and what becomes of its source and its media plane. Ids are given by the
//! scripts.

use tonearm_base::text::latin1;
use tonearm_messages::{Fact, Wire};
use wasm_bindgen::prelude::*;

use super::{PlayerEngine, PlayerHost, Preload, Trigger, driver, input, millis, player_input};
use tonearm_base::time::Instant;
use tonearm_player::engine::{Input, PlayRequest, PlaybackEngine, PlayerInput, Source};
use tonearm_player::instrumentation::Url;
use tonearm_player::playback::PlayFailure;
use tonearm_telemetry::Flat;

/// The field of attributes of a span.
const SPAN_ATTRIBUTES: u32 = 9;

/// Creates a player that records in a pipeline, if it names one.
#[wasm_bindgen]
pub fn create_player(player: u32, telemetry: Option<u32>, host: PlayerHost) {
    if let Some(driver) = driver() {
        driver.add_player(player, host);
    }
    input(Input::CreatePlayer { id: player, telemetry });
}

/// Ends a player; its host is called no more.
#[wasm_bindgen]
pub fn destroy_player(player: u32) {
    input(Input::DestroyPlayer { id: player });
    if let Some(driver) = driver() {
        driver.remove_player(player);
    }
}

/// Reads a URL as `encodeUrl` writes it: whether a trace header may go along, the URL (ASCII; empty: none),
/// its attributes.
fn url(flat: &mut Flat<'_>) -> Option<Url> {
    let propagates = flat.number() > 0.0;
    let href = latin1(flat.bytes());
    let attributes = flat.encoded(SPAN_ATTRIBUTES);
    (!href.is_empty()).then_some(Url { href, attributes, propagates })
}

/// Reads a source as `encodeSource` writes it: its URL; whether a media element may play it and whether
/// cookies go along; how many other sources there are; the seconds that a first byte may take, 0 for no
/// limit; the track's attributes; the context of the app's span.
fn source(bytes: &[u8]) -> Source {
    let mut flat = Flat::new(bytes);
    let url = url(&mut flat);
    let (element, credentials) = (flat.number() > 0.0, flat.number() > 0.0);
    let (alternatives, timeout) = (flat.number() as u32, flat.number());
    let attributes = flat.encoded(SPAN_ATTRIBUTES);
    let (parent, state) = flat.context().unzip();
    Source {
        url,
        credentials,
        attributes,
        alternatives,
        element,
        parent,
        trace_state: latin1(state.unwrap_or_default()),
        first_byte_timeout: (timeout > 0.0).then(|| millis(timeout * 1000.0)),
    }
}

/// Selects a source (`encodeSource`), which is resolved when the play begins where it has no URL, and fetches
/// of it what `preload` says.
#[wasm_bindgen]
pub fn load(player: u32, promise: u32, source: &[u8], preload: Preload) {
    let (source, preload) = (self::source(source), preload.into());
    player_input(player, PlayerInput::Load { token: promise, source, preload });
}

/// Selects the app's next source (`encodeSource`) within the same play.
#[wasm_bindgen]
pub fn select_alternative(player: u32, source: &[u8]) {
    player_input(player, PlayerInput::Alternative { source: self::source(source) });
}

/// Gives the URL (`encodeUrl`) of the source of a play that asked for it; without a URL the play fails.
#[wasm_bindgen]
pub fn resolve(player: u32, play: u32, url: &[u8]) {
    let answer = match self::url(&mut Flat::new(url)) {
        Some(url) => PlayerInput::Resolved { play, url },
        None => PlayerInput::ResolveFailed { play, failure: PlayFailure::Resolve },
    };
    player_input(player, answer);
}

/// Gives another URL (`encodeUrl`) of the source, in the place of one that has run out.
#[wasm_bindgen]
pub fn renew(player: u32, url: &[u8]) {
    if let Some(url) = self::url(&mut Flat::new(url)) {
        player_input(player, PlayerInput::Renewed { url });
    }
}

/// Fetches and decodes what a play would need.
#[wasm_bindgen]
pub fn prepare(player: u32) {
    player_input(player, PlayerInput::Prepare);
}

/// Requests a play. `at`: milliseconds of page time; `activated`: whether the page had user activation.
#[wasm_bindgen]
pub fn play(player: u32, promise: u32, at: f64, trigger: Trigger, activated: bool) {
    let at = Instant::from_millis(at);
    let request = PlayRequest { token: promise, at, trigger: trigger.name(), activation: activated };
    player_input(player, PlayerInput::Play(request));
}

/// Pauses.
#[wasm_bindgen]
pub fn pause(player: u32) {
    player_input(player, PlayerInput::Pause);
}

/// Stops, and lets go of what was fetched.
#[wasm_bindgen]
pub fn stop(player: u32) {
    player_input(player, PlayerInput::Stop);
}

/// Seeks to a position in seconds.
#[wasm_bindgen]
pub fn seek(player: u32, seconds: f64) {
    player_input(player, PlayerInput::Seek(seconds));
}

/// Plays from `start` to `end` again and again, both in seconds; `end` may be infinite.
#[wasm_bindgen]
pub fn set_loop(player: u32, start: f64, end: f64) {
    player_input(player, PlayerInput::Loop(Some((start, end))));
}

/// Plays on at the end of the loop.
#[wasm_bindgen]
pub fn clear_loop(player: u32) {
    player_input(player, PlayerInput::Loop(None));
}

/// Sets the rate: seconds of the track in one second.
#[wasm_bindgen]
pub fn set_rate(player: u32, rate: f64) {
    player_input(player, PlayerInput::Rate(rate));
}

/// Has positions reported four times a second: the app listens for `timeupdate`.
#[wasm_bindgen]
pub fn watch_position(player: u32) {
    player_input(player, PlayerInput::Watch);
}

/// Says what plays from now on.
#[wasm_bindgen]
pub fn set_engine(player: u32, engine: PlayerEngine) {
    let element = matches!(engine, PlayerEngine::Element);
    let engine = if element { PlaybackEngine::Element } else { PlaybackEngine::Stream };
    player_input(player, PlayerInput::Engine(engine));
}

/// Says that the Worker has its script.
#[wasm_bindgen]
pub fn media_loaded(player: u32) {
    player_input(player, PlayerInput::MediaLoaded);
}

/// Says that the media plane can't be had, or ended by a fault.
#[wasm_bindgen]
pub fn media_unavailable(player: u32) {
    player_input(player, PlayerInput::MediaUnavailable);
}

/// Takes a fact of the media plane; bytes that are none say that it is of no use.
#[wasm_bindgen]
pub fn media_fact(player: u32, fact: &[u8]) {
    player_input(player, Fact::from_bytes(fact).map_or(PlayerInput::MediaUnavailable, PlayerInput::Fact));
}
