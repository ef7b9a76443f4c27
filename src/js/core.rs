//! The core as the hand-written classes hold it. Exported methods take `&self`; a call from within a callback works.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use wasm_bindgen::prelude::*;
use web_sys::{AudioContext, AudioWorkletNode, Worker};

use super::options::{Fault, attributes, telemetry_config};
use crate::browser::{Driver, Listener};
use crate::engine::{Engine, Input, PlayRequest, Player, PlayerInput, Source, TelemetryId, app_span};
use crate::playback::PlayFailure;
use crate::random::Random;
use crate::small_map::SmallMap;
use crate::telemetry::{DropReason, Parent, SpanKey, parse_traceparent};
use crate::time::{ClockAnchor, Instant};

#[wasm_bindgen]
extern "C" {
    /// The hand-written player's internal side (`player.js`).
    pub type PlayerSide;
    #[wasm_bindgen(method)]
    fn emit(this: &PlayerSide, name: &str);
    #[wasm_bindgen(method)]
    fn settle(this: &PlayerSide, token: u32, name: Option<String>, message: Option<String>);
    #[wasm_bindgen(method)]
    fn resolve(this: &PlayerSide, play: u32);
    #[wasm_bindgen(method, js_name = cancelResolve)]
    fn cancel_resolve(this: &PlayerSide);
    #[wasm_bindgen(method)]
    fn reopen(this: &PlayerSide);
}

impl Listener for PlayerSide {
    fn emit(&self, name: &'static str) {
        self.emit(name);
    }
    fn settle(&self, token: u32, result: Result<(), PlayFailure>) {
        let failure = result.err();
        self.settle(token, failure.map(|failure| failure.dom_name().into()), failure.map(PlayFailure::message));
    }
    fn resolve(&self, play: u32) {
        self.resolve(play);
    }
    fn cancel_resolve(&self) {
        self.cancel_resolve();
    }
    fn reopen(&self) {
        self.reopen();
    }
}

/// The control plane of one page.
#[wasm_bindgen]
pub struct Core {
    driver: Rc<Driver>,
    requests: RefCell<SmallMap<u32, (TelemetryId, SpanKey)>>,
    next_request: Cell<u32>,
}

fn trigger(name: &str) -> &'static str {
    match name {
        "user" => "user",
        "auto" => "auto",
        _ => "api",
    }
}

#[wasm_bindgen]
impl Core {
    /// A core whose ids grow from two random numbers, and whose times from `performance.timeOrigin`.
    #[wasm_bindgen(constructor)]
    pub fn new(time_origin: f64, seed_high: u64, seed_low: u64) -> Self {
        console_error_panic_hook::set_once();
        let driver = Driver::new(ClockAnchor::at_origin(time_origin), Random::seeded([seed_high, seed_low]));
        Self { driver, requests: RefCell::default(), next_request: Cell::default() }
    }

    /// Makes a pipeline; else the option at fault and what was expected of it, for a `TypeError` that says what came.
    #[wasm_bindgen(js_name = createTelemetry, unchecked_return_type = "[string, string] | undefined")]
    pub fn create_telemetry(&self, id: u32, options: &js_sys::Object, page_origin: &str) -> Option<js_sys::Array> {
        match telemetry_config(options, page_origin) {
            Ok(config) => {
                self.driver.input(Input::CreateTelemetry { id, config: Box::new(config) });
                None
            }
            Err(Fault { option, expected }) => Some(js_sys::Array::of2(&option.into(), &expected.into())),
        }
    }

    /// Makes a player.
    #[wasm_bindgen(js_name = createPlayer)]
    pub fn create_player(&self, id: u32, telemetry: Option<u32>, side: PlayerSide) {
        self.driver.seat(id, Rc::new(side));
        self.driver.input(Input::CreatePlayer { id, telemetry });
    }

    /// Ends a player.
    #[wasm_bindgen(js_name = destroyPlayer)]
    pub fn destroy_player(&self, id: u32) {
        self.driver.input(Input::DestroyPlayer { id });
        self.driver.unseat(id);
    }

    /// Gives a player its output, or says that there is none.
    #[wasm_bindgen(js_name = attachOutput)]
    pub fn attach_output(&self, id: u32, context: AudioContext, node: Option<AudioWorkletNode>) {
        match node {
            Some(node) => self.driver.attach_output(id, context, &node),
            None => self.driver.player(id, PlayerInput::OutputUnavailable),
        }
    }

    /// Gives a player its Worker, or says that there is none.
    #[wasm_bindgen(js_name = attachMedia)]
    pub fn attach_media(&self, id: u32, worker: Option<Worker>) {
        match worker {
            Some(worker) => self.driver.attach_media(id, worker),
            None => self.driver.player(id, PlayerInput::MediaUnavailable),
        }
    }

    /// `load()`.
    #[allow(clippy::too_many_arguments, reason = "one source, flat, crosses the border without an object")]
    pub fn load(
        &self,
        id: u32,
        token: u32,
        url: Option<String>,
        credentials: bool,
        track_id: Option<String>,
        playlist_id: Option<String>,
        parent: Option<String>,
    ) {
        // A parent that is malformed is no parent: telemetry never breaks the music.
        let parent = parent.and_then(|value| parse_traceparent(&value).ok());
        let source = Source { url, credentials, track_id, playlist_id, parent };
        self.driver.player(id, PlayerInput::Load { token, source });
    }

    /// `play()`, asked for at `at` milliseconds of page time.
    pub fn play(&self, id: u32, token: u32, at: f64, asked_by: &str, activation: bool) {
        let request = PlayRequest { token, at: Instant::from_millis(at), trigger: trigger(asked_by), activation };
        self.driver.player(id, PlayerInput::Play(request));
    }

    /// `pause()`.
    pub fn pause(&self, id: u32) {
        self.driver.player(id, PlayerInput::Pause);
    }

    /// `currentTime = seconds`.
    pub fn seek(&self, id: u32, seconds: f64) {
        self.driver.player(id, PlayerInput::Seek(seconds));
    }

    /// `stop()`.
    pub fn stop(&self, id: u32) {
        self.driver.player(id, PlayerInput::Stop);
    }

    /// The resolver gave a URL, or failed.
    pub fn resolved(&self, id: u32, play: u32, url: Option<String>) {
        self.driver.player(
            id,
            match url {
                Some(url) => PlayerInput::Resolved { play, url },
                None => PlayerInput::ResolveFailed { play, failure: PlayFailure::Resolve },
            },
        );
    }

    /// Starts the span of a request of the resolver: its number, and the `traceparent` that it may carry.
    #[wasm_bindgen(js_name = startRequest, unchecked_return_type = "[number, string | undefined]")]
    pub fn start_request(&self, id: u32, method: &str, url: &str) -> js_sys::Array {
        let (key, traceparent) = self.driver.act(|engine, now| engine.start_metadata_request(now, id, method, url));
        let number = self.next_request.get() + 1;
        self.next_request.set(number);
        if let Some(key) = key {
            self.requests.borrow_mut().insert(number, key);
        }
        js_sys::Array::of2(&number.into(), &traceparent.into())
    }

    /// Ends it: with a status, or with none where the network failed.
    #[wasm_bindgen(js_name = endRequest)]
    #[allow(clippy::needless_pass_by_value, reason = "wasm-bindgen hands strings over")]
    pub fn end_request(&self, number: u32, status: Option<u16>, server_timing: Option<String>, aborted: bool) {
        let key = self.requests.borrow_mut().remove(number);
        let Some(key) = key else { return };
        let response = status.map(|status| (status, server_timing.as_deref()));
        let error = (status.is_none() && !aborted).then_some("network");
        self.driver.act(|engine, now| engine.end_metadata_request(now, key, response, error));
    }

    fn of<T>(&self, id: u32, read: impl FnOnce(&Player) -> T) -> Option<T> {
        self.driver.read(|engine| engine.player(id).map(read))
    }

    /// Everything about a player that is a number, in the order of `player.js`: one call for all of it weighs less than a
    /// method for each. Empty where there is no such player.
    #[wasm_bindgen(unchecked_return_type = "number[]")]
    pub fn read(&self, id: u32) -> Vec<f64> {
        let now = crate::browser::now();
        let read = |player: &Player| {
            let [start, end] = player.buffered();
            let totals = player.totals();
            let mut figures = vec![
                f64::from(player.state() as u8),
                f64::from(u8::from(player.paused())),
                player.current_time(now),
                player.duration().unwrap_or(f64::NAN),
                start,
                end,
                totals.played.as_secs_f64(),
                totals.stalled.as_secs_f64(),
                f64::from(totals.stalls),
                f64::from(totals.decode_failures),
            ];
            if let Some(start) = player.start_up() {
                figures.push(start.latency().map_or(f64::NAN, |latency| latency.as_secs_f64()));
                figures.extend(start.phases().map(|(_, length)| length.as_secs_f64()));
            }
            figures
        };
        self.of(id, read).unwrap_or_default()
    }

    /// `error`: its name and its message, or nothing.
    #[wasm_bindgen(unchecked_return_type = "[string, string] | undefined")]
    pub fn error(&self, id: u32) -> Option<js_sys::Array> {
        let failure = self.of(id, Player::failure).flatten()?;
        Some(js_sys::Array::of2(&failure.dom_name().into(), &failure.message().into()))
    }

    /// `traceparent` of the current or last play.
    pub fn traceparent(&self, id: u32) -> Option<String> {
        self.of(id, Player::traceparent).flatten()
    }

    /// A span of the app's own that ended now. Ids come from the facade, which gave them away when it began.
    #[allow(clippy::too_many_arguments, reason = "one span, flat")]
    #[wasm_bindgen(js_name = recordSpan)]
    pub fn record_span(
        &self,
        telemetry: u32,
        name: String,
        traceparent: &str,
        parent: Option<String>,
        start: f64,
        values: &JsValue,
        error: Option<String>,
    ) {
        let Ok(context) = parse_traceparent(traceparent) else { return };
        let parent = parent.and_then(|value| parse_traceparent(&value).ok()).map(Parent::Context);
        let mut options = app_span(name, Vec::new()).child_of(parent);
        options.span_id = Some(context.span_id);
        options.trace_id = Some(context.trace_id);
        self.driver.input(Input::RecordSpan {
            telemetry,
            start: Instant::from_millis(start),
            options: Box::new(options),
            attributes: attributes(values),
            error,
        });
    }

    /// Sends what is queued.
    pub fn flush(&self, telemetry: u32) {
        self.driver.input(Input::Flush { telemetry });
    }

    /// Started, exported and pending records, then the dropped ones by reason.
    #[wasm_bindgen(unchecked_return_type = "number[]")]
    pub fn account(&self, telemetry: u32) -> Vec<f64> {
        let account = self.driver.read(|engine: &Engine| engine.account(telemetry));
        let mut figures = vec![account.started as f64, account.exported as f64, account.pending as f64];
        figures.extend(DropReason::ALL.map(|reason| account.dropped(reason) as f64));
        figures
    }
}
