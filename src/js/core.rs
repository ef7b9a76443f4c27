//! The core as the hand-written scripts hold it. Exported methods take `&self`; a call from within a callback works.
//!
//! Numbers, bytes and strings cross, objects do not: their bindings weigh more than what they would carry.

use std::rc::Rc;
use std::time::Duration;

use tonearm_messages::{Fact, Wire};
use wasm_bindgen::prelude::*;
use web_sys::Performance;

use crate::browser::{Driver, Host};
use crate::engine::{ContextState, Engine, Input, PlayRequest, Player, PlayerInput, Report, Source};
use crate::instrumentation::Url;
use crate::playback::PlayFailure;
use crate::random::Random;
use crate::telemetry::{Batch, Config, DropReason, Reply, Signal, parse_traceparent};
use crate::time::Instant;

/// The control plane of one page.
#[wasm_bindgen]
pub struct Core {
    driver: Rc<Driver>,
}

#[wasm_bindgen]
impl Core {
    /// A core whose ids grow from two random numbers.
    #[wasm_bindgen(constructor)]
    pub fn new(performance: Performance, seed_high: u64, seed_low: u64, host: Host) -> Self {
        #[cfg(feature = "panic-messages")]
        console_error_panic_hook::set_once();
        Self { driver: Driver::new(performance, Random::seeded([seed_high, seed_low]), host) }
    }

    /// Makes a pipeline. The resource's attributes come encoded; times in milliseconds.
    #[wasm_bindgen(js_name = createTelemetry)]
    pub fn create_telemetry(&self, id: u32, resource: Vec<u8>, delay: u32, size: usize, queue: usize, timeout: u32) {
        let (delay, timeout) = (Duration::from_millis(delay.into()), Duration::from_millis(timeout.into()));
        let batch = Batch { delay, size, queue_size: queue, timeout, ..Batch::default() };
        self.driver.input(Input::CreateTelemetry { id, config: Config { resource, batch } });
    }

    /// Makes a player; pipeline 0 is none.
    #[wasm_bindgen(js_name = createPlayer)]
    pub fn create_player(&self, id: u32, telemetry: u32) {
        self.driver.input(Input::CreatePlayer { id, telemetry: (telemetry > 0).then_some(telemetry) });
    }

    /// What happens to a player and is no more than a number; the kinds are those of `player.js`.
    pub fn event(&self, id: u32, kind: u32, value: f64) {
        let state = |value: f64| match value as u32 {
            0 => ContextState::Running,
            1 => ContextState::Closed,
            _ => ContextState::Suspended,
        };
        let input = match kind {
            0 => PlayerInput::Pause,
            1 => PlayerInput::Stop,
            2 => PlayerInput::Seek(value),
            3 => PlayerInput::Context(state(value)),
            4 => PlayerInput::OutputReady { rate: value as u32, state: ContextState::Suspended },
            5 => PlayerInput::OutputUnavailable,
            6 => PlayerInput::MediaUnavailable,
            _ => return self.driver.input(Input::DestroyPlayer { id }),
        };
        self.driver.player(id, input);
    }

    /// A message of a player's Worker. It sends one that is no fact: that its wasm could not be had.
    pub fn fact(&self, id: u32, bytes: &[u8]) {
        let fact = Fact::from_bytes(bytes);
        self.driver.player(id, fact.map_or(PlayerInput::MediaUnavailable, PlayerInput::Fact));
    }

    /// A report of a player's worklet, its frame already an instant of page time, in milliseconds.
    pub fn report(&self, id: u32, kind: u32, epoch: u32, at: f64, frames: f64, flag: bool) {
        let (at, frames) = (Instant::from_millis(at), frames as u64);
        let report = match kind {
            0 => Report::Audible { epoch, at, frames, method: if flag { "audible" } else { "rendered" } },
            1 => Report::Position { epoch, at, frames },
            2 => Report::GapStarted { epoch, at, frames },
            3 => Report::GapEnded { epoch, at, missing: frames, audible: flag },
            _ => Report::Ended { epoch, at, frames },
        };
        self.driver.player(id, PlayerInput::Report(report));
    }

    /// `load()`. A source without a URL is resolved when the play begins; attributes come encoded.
    #[allow(clippy::too_many_arguments, reason = "one source, flat, crosses the border without an object")]
    pub fn load(
        &self,
        id: u32,
        token: u32,
        credentials: bool,
        attributes: Vec<u8>,
        parent: Option<String>,
        href: Option<String>,
        told: Vec<u8>,
        propagates: bool,
    ) {
        // A parent that is malformed is no parent: telemetry never breaks the music.
        let parent = parent.and_then(|value| parse_traceparent(&value).ok());
        let url = href.map(|href| Url { href, attributes: told, propagates });
        let source = Source { url, credentials, attributes, parent };
        self.driver.player(id, PlayerInput::Load { token, source });
    }

    /// `play()`, asked for at `at` milliseconds of page time by user (0), auto (1) or api (2).
    pub fn play(&self, id: u32, token: u32, at: f64, trigger: usize, activation: bool) {
        let trigger = ["user", "auto"].get(trigger).copied().unwrap_or("api");
        let request = PlayRequest { token, at: Instant::from_millis(at), trigger, activation };
        self.driver.player(id, PlayerInput::Play(request));
    }

    /// The resolver gave a URL, or failed.
    pub fn resolved(&self, id: u32, play: u32, href: Option<String>, told: Vec<u8>, propagates: bool) {
        let input = match href {
            Some(href) => PlayerInput::Resolved { play, url: Url { href, attributes: told, propagates } },
            None => PlayerInput::ResolveFailed { play, failure: PlayFailure::Resolve },
        };
        self.driver.player(id, input);
    }

    /// Everything about a player that is a number, in the order of `player.js`: one call for all of it weighs less than a
    /// method for each. Empty where there is no such player.
    #[wasm_bindgen(unchecked_return_type = "number[]")]
    pub fn read(&self, id: u32) -> Vec<f64> {
        self.driver.read(|engine, now| engine.player(id).map(|player| figures(player, now)).unwrap_or_default())
    }

    /// `traceparent` of the current or last play.
    pub fn traceparent(&self, id: u32) -> Option<String> {
        self.driver.read(|engine, _| engine.player(id).and_then(Player::traceparent))
    }

    /// A span of the app's own that began at `start` milliseconds of page time and ended now, encoded but for its times.
    #[wasm_bindgen(js_name = recordSpan)]
    pub fn record_span(&self, telemetry: u32, start: f64, fields: Vec<u8>) {
        self.driver.input(Input::RecordSpan { telemetry, start: Instant::from_millis(start), fields });
    }

    /// Sends what is queued.
    pub fn flush(&self, telemetry: u32) {
        self.driver.input(Input::Flush { telemetry });
    }

    /// The page is hidden or left.
    pub fn hidden(&self) {
        self.driver.input(Input::PageHidden);
    }

    /// An export was answered: status 0 says that there was no response, a negative wait that none was asked for.
    pub fn replied(&self, telemetry: u32, export: u32, status: u16, retry_after: f64, body: Vec<u8>) {
        let retry_after = (retry_after >= 0.0).then(|| Duration::from_millis(retry_after as u64));
        let reply = if status == 0 { Reply::Failed } else { Reply::Response { status, retry_after, body } };
        self.driver.input(Input::ExportReplied { telemetry, export, reply });
    }

    /// Started, exported and pending records, then the dropped ones by reason.
    #[wasm_bindgen(unchecked_return_type = "number[]")]
    pub fn account(&self, telemetry: u32) -> Vec<f64> {
        let account = self.driver.read(|engine: &Engine, _| engine.account(telemetry, Signal::Traces));
        let mut figures = vec![account.started as f64, account.exported as f64, account.pending as f64];
        figures.extend(DropReason::ALL.map(|reason| account.dropped(reason) as f64));
        figures
    }
}

fn figures(player: &Player, now: Instant) -> Vec<f64> {
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
}
