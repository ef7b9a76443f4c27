//! Composes the floors below into one deterministic machine.
//!
//! The contract: call [`Engine::handle_input`], drain [`Engine::poll_output`] until `None`, arm one timer for
//! [`Engine::poll_timeout`] and call [`Engine::handle_timeout`] when it fires. Owns no clock and no I/O; a native test, a
//! fuzzer or a load generator drives it as the browser does.

mod input;
mod output;
mod player;
mod position;
mod recovery;
mod watchdog;

pub use input::{ContextState, Input, PlayRequest, PlayerInput, Report, Source};
pub use output::{Output, PlayerEvent, WorkletCommand};
pub use player::Player;

use std::collections::VecDeque;

use opentelemetry::KeyValue;

use crate::instrumentation::end_request;
use crate::random::Random;
use crate::small_map::SmallMap;
use crate::telemetry::{Account, Config, SpanKey, SpanOptions, Telemetry};
use crate::time::{ClockAnchor, Instant};

/// A player's id, given by the host.
pub type PlayerId = u32;
/// A telemetry pipeline's id, given by the host.
pub type TelemetryId = u32;

/// All players and pipelines of one page.
#[derive(Debug)]
pub struct Engine {
    clock: ClockAnchor,
    random: Random,
    telemetries: SmallMap<TelemetryId, Telemetry>,
    players: SmallMap<PlayerId, Player>,
    outputs: VecDeque<Output>,
}

impl Engine {
    /// An engine without players.
    pub fn new(clock: ClockAnchor, random: Random) -> Self {
        Self { clock, random, telemetries: SmallMap::default(), players: SmallMap::default(), outputs: VecDeque::new() }
    }

    /// Takes what happened at `now`.
    pub fn handle_input(&mut self, now: Instant, input: Input) {
        match input {
            Input::CreateTelemetry { id, config } => self.create_telemetry(id, *config),
            Input::CreatePlayer { id, telemetry } => {
                self.players.insert(id, Player::new(id, telemetry));
            }
            Input::Player { id, input } => self.with_player(id, |player, telemetry, clock, outputs| {
                player.handle(now, *input, telemetry, clock, outputs);
            }),
            Input::DestroyPlayer { id } => {
                self.with_player(id, |player, telemetry, clock, outputs| {
                    player.destroy(now, telemetry, clock, outputs);
                });
                self.players.remove(id);
            }
            Input::RecordSpan { telemetry, start, options, attributes, error } => {
                if let Some(telemetry) = self.telemetries.get_mut(telemetry)
                    && let Some(key) = telemetry.start_span(start, *options)
                {
                    for attribute in attributes {
                        telemetry.set_key_value(key, attribute);
                    }
                    if let Some(description) = error {
                        telemetry.set_error(key, description);
                    }
                    telemetry.end_span(now, key, now);
                }
            }
            Input::ExportReplied { telemetry, export, reply } => {
                if let Some(telemetry) = self.telemetries.get_mut(telemetry) {
                    telemetry.handle_reply(now, export, &reply);
                }
            }
            Input::Flush { telemetry } => {
                if let Some(telemetry) = self.telemetries.get_mut(telemetry) {
                    telemetry.flush(now);
                }
            }
            Input::PageHidden => {
                for (id, telemetry) in self.telemetries.iter_mut() {
                    let exports = telemetry.leave(now).into_iter();
                    self.outputs.extend(exports.map(|export| Output::Export { telemetry: id, export }));
                }
            }
            Input::Clock { wall_millis } => {
                self.clock.observe(now, wall_millis);
                for (_, telemetry) in self.telemetries.iter_mut() {
                    telemetry.observe_clock(now, wall_millis);
                }
            }
        }
        self.export(now);
    }

    /// Takes the passing of time up to `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        let ids: Vec<_> = self.players.iter().map(|(id, _)| id).collect();
        for id in ids {
            self.with_player(id, |player, telemetry, clock, outputs| {
                player.handle_timeout(now, telemetry, clock, outputs);
            });
        }
        self.export(now);
    }

    /// The next thing to do; drain it to `None` after every input.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`Engine::handle_timeout`] is due next.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let players = self.players.iter().filter_map(|(_, player)| player.poll_timeout());
        players.chain(self.telemetries.iter().filter_map(|(_, telemetry)| telemetry.poll_timeout())).min()
    }

    /// A player, to read its state.
    pub fn player(&self, id: PlayerId) -> Option<&Player> {
        self.players.get(id)
    }

    /// Where a pipeline's records are.
    pub fn account(&self, id: TelemetryId) -> Account {
        self.telemetries.get(id).map(Telemetry::account).unwrap_or_default()
    }

    /// Starts the span of a request that resolves a player's source; returns its name and its `traceparent`.
    pub fn start_metadata_request(
        &mut self,
        now: Instant,
        id: PlayerId,
        method: &str,
        url: &str,
    ) -> (Option<(TelemetryId, SpanKey)>, Option<String>) {
        let mut result = (None, None);
        self.with_player(id, |player, telemetry, _, _| {
            if let (Some(telemetry), Some(id)) = (telemetry, player.telemetry()) {
                let (key, traceparent) = player.start_metadata_request(telemetry, now, method, url);
                result = (key.map(|key| (id, key)), traceparent);
            }
        });
        result
    }

    /// Ends such a span; its player may be gone by then.
    pub fn end_metadata_request(
        &mut self,
        now: Instant,
        (telemetry, key): (TelemetryId, SpanKey),
        response: Option<(u16, Option<&str>)>,
        error_type: Option<&'static str>,
    ) {
        if let Some(telemetry) = self.telemetries.get_mut(telemetry) {
            end_request(telemetry, now, key, response, error_type);
        }
        self.export(now);
    }

    fn create_telemetry(&mut self, id: TelemetryId, config: Config) {
        let random = Random::seeded([self.random.next_u64(), self.random.next_u64()]);
        self.telemetries.insert(id, Telemetry::new(config, self.clock, random));
    }

    fn with_player(
        &mut self,
        id: PlayerId,
        act: impl FnOnce(&mut Player, Option<&mut Telemetry>, ClockAnchor, &mut VecDeque<Output>),
    ) {
        let Some(player) = self.players.get_mut(id) else { return };
        let telemetry = player.telemetry().and_then(|id| self.telemetries.get_mut(id));
        act(player, telemetry, self.clock, &mut self.outputs);
    }

    fn export(&mut self, now: Instant) {
        for (id, telemetry) in self.telemetries.iter_mut() {
            while let Some(export) = telemetry.poll_export(now) {
                self.outputs.push_back(Output::Export { telemetry: id, export });
            }
        }
    }
}

/// A span that an app made by itself and hands over whole.
pub fn app_span(name: String, attributes: Vec<KeyValue>) -> SpanOptions {
    SpanOptions { attributes, ..SpanOptions::new(name) }
}
