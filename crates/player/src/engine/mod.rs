//! Composes the floors below into one deterministic machine.
//!
//! The contract: call [`Engine::handle_input`], drain [`Engine::poll_output`] until `None`, arm one timer for
//! [`Engine::poll_timeout`] and call [`Engine::handle_timeout`] when it fires. Owns no clock and no I/O; a
//! native test, a fuzzer or a load generator drives it as the browser does.

mod heartbeat;
mod input;
mod limit;
mod output;
mod player;
mod position;
mod recovery;
mod report;
mod timers;
mod watchdog;

pub use input::{ContextState, Input, PlayRequest, PlaybackEngine, PlayerInput, Preload, Source};
pub use output::{Output, Owner, PlayerEvent, WorkletCommand};
pub use player::Player;
use player::StepContext;
pub use report::Report;

use std::collections::VecDeque;

use crate::instrumentation::PlayRecorder;
use crate::instrumentation::metrics::INSTRUMENTS;
use tonearm_base::random::Random;
use tonearm_base::small_map::SmallMap;
use tonearm_base::time::{ClockAnchor, Instant};
use tonearm_telemetry::{Account, EarlierSession, Signal, Telemetry};

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
        Self {
            clock,
            random,
            telemetries: SmallMap::default(),
            players: SmallMap::default(),
            outputs: VecDeque::new(),
        }
    }

    /// Takes what happened at `now`, when the wall clock said `wall_millis` (Unix milliseconds).
    pub fn handle_input(&mut self, now: Instant, wall_millis: f64, input: Input) {
        self.observe_clock(now, wall_millis);
        match input {
            Input::CreateTelemetry { id, config } => {
                let mut telemetry = Telemetry::new(config, self.clock, self.random.fork(), INSTRUMENTS);
                telemetry.begin(now);
                self.telemetries.insert(id, telemetry);
            }
            Input::BeginSession { telemetry, service, earlier } => {
                self.begin_session(now, telemetry, service, earlier);
            }
            Input::CreatePlayer { id, telemetry } => {
                self.players.insert(id, Player::new(id, telemetry));
            }
            Input::Player { id, input } => {
                if let Some((player, mut cx)) = self.at(now, id) {
                    player.handle(&mut cx, input);
                }
            }
            Input::DestroyPlayer { id } => {
                if let Some((player, mut cx)) = self.at(now, id) {
                    player.destroy(&mut cx);
                }
                self.players.remove(id);
            }
            Input::ExportReplied { telemetry, export, reply } => {
                if let Some(telemetry) = self.telemetries.get_mut(telemetry) {
                    telemetry.handle_reply(now, export, &reply);
                }
            }
            Input::Collect { telemetry } => {
                if let Some(telemetry) = self.telemetries.get_mut(telemetry) {
                    telemetry.collect(now);
                }
            }
            Input::Recover { telemetry, signal, records, body, fate } => {
                if let Some(telemetry) = self.telemetries.get_mut(telemetry) {
                    telemetry.recover(now, signal, records, body, fate);
                }
            }
            Input::Inspected { telemetry, signal, record } => {
                if let Some(telemetry) = self.telemetries.get_mut(telemetry) {
                    telemetry.inspected(now, signal, record.as_deref());
                }
            }
            Input::Inspect => {
                self.inspect();
                return;
            }
            Input::DestroyTelemetry { id } => {
                self.telemetries.remove(id);
            }
            Input::Flush { telemetry } => {
                if let Some(telemetry) = self.telemetries.get_mut(telemetry) {
                    telemetry.flush(now);
                }
            }
            Input::PageHidden => {
                for (id, telemetry) in self.telemetries.iter_mut() {
                    for export in telemetry.leave(now) {
                        self.outputs.push_back(Output::Export { telemetry: id, export });
                    }
                }
            }
        }
        self.export(now);
    }

    /// Compares page time with the wall clock, Unix milliseconds: see [`ClockAnchor::observe`].
    pub fn observe_clock(&mut self, now: Instant, wall_millis: f64) {
        self.clock.observe(now, wall_millis);
        for (_, telemetry) in self.telemetries.iter_mut() {
            telemetry.observe_clock(now, wall_millis);
        }
    }

    /// Takes the passing of time up to `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        let ids: Vec<_> = self.players.iter().map(|(id, _)| id).collect();
        for id in ids {
            if let Some((player, mut cx)) = self.at(now, id) {
                player.handle_timeout(&mut cx);
            }
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

    /// A pipeline, to record in.
    pub fn telemetry(&mut self, id: TelemetryId) -> Option<&mut Telemetry> {
        self.telemetries.get_mut(id)
    }

    /// A pipeline, to read.
    pub fn pipeline(&self, id: TelemetryId) -> Option<&Telemetry> {
        self.telemetries.get(id)
    }

    /// Where a pipeline's records of a signal are.
    pub fn account(&self, id: TelemetryId, signal: Signal) -> Account {
        self.telemetries.get(id).map(|telemetry| telemetry.account(signal)).unwrap_or_default()
    }

    /// Pipelines of one service have one session.
    fn begin_session(
        &mut self,
        now: Instant,
        id: TelemetryId,
        service: String,
        earlier: Option<EarlierSession>,
    ) {
        let session = self.telemetries.iter().find_map(|(_, other)| other.session_of(&service));
        let Some(telemetry) = self.telemetries.get_mut(id) else { return };
        match session {
            Some(session) => telemetry.share_session(session),
            None => telemetry.begin_session(now, earlier),
        }
        telemetry.set_service(service);
    }

    /// A player, and what it reaches.
    fn at(&mut self, now: Instant, id: PlayerId) -> Option<(&mut Player, StepContext<'_>)> {
        let player = self.players.get_mut(id)?;
        let telemetry = player.telemetry().and_then(|id| self.telemetries.get_mut(id));
        let recorder = PlayRecorder { telemetry, now, state: player.state() };
        Some((player, StepContext { now, recorder, clock: self.clock, outputs: &mut self.outputs }))
    }

    fn inspect(&mut self) {
        for (id, telemetry) in self.telemetries.iter_mut() {
            while let Some(inspection) = telemetry.poll_inspection() {
                self.outputs.push_back(Output::Inspect { telemetry: id, inspection });
            }
        }
    }

    fn export(&mut self, now: Instant) {
        self.inspect();
        for (id, telemetry) in self.telemetries.iter_mut() {
            while let Some(diagnostic) = telemetry.poll_diagnostic() {
                self.outputs.push_back(Output::Diagnostic { telemetry: id, diagnostic });
            }
            if telemetry.take_collection(now) {
                self.outputs.push_back(Output::Observe { telemetry: id });
            }
            if telemetry.take_spooling(now) {
                self.outputs.push_back(Output::Spool { telemetry: id });
            }
            while let Some(export) = telemetry.poll_export(now) {
                self.outputs.push_back(Output::Export { telemetry: id, export });
            }
        }
    }
}
