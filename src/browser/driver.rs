//! Drives the engine: inputs in with the clock's reading, outputs done one by one, one timer for everything.
//!
//! The engine is borrowed while it works and free while JavaScript is called: a listener that calls back into
//! the player during dispatch finds it so.

use std::cell::{Cell, RefCell};

use tonearm_messages::Wire;
use web_sys::Performance;

use super::clock::{now, wall_millis};
use super::host::{Host, Tell};
use tonearm_base::random::Random;
use tonearm_base::time::{ClockAnchor, Instant};
use tonearm_player::engine::{Engine, Input, Output, TelemetryId, WorkletCommand};
use tonearm_player::playback::PlayFailure;
use tonearm_telemetry::{Diagnostic, Export, FULL, Telemetry};

/// The driver of one page.
pub(crate) struct Driver {
    engine: RefCell<Engine>,
    /// When the timer fires.
    due: Cell<Option<Instant>>,
    performance: Performance,
    host: Host,
}

impl Driver {
    /// A driver with an engine of its own.
    pub(crate) fn new(performance: Performance, random: Random, host: Host) -> Self {
        let engine = Engine::new(ClockAnchor::at_origin(performance.time_origin()), random);
        Self { engine: RefCell::new(engine), due: Cell::default(), performance, host }
    }

    /// Reads from the engine.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&Engine, Instant) -> T) -> T {
        read(&self.engine.borrow(), now(&self.performance))
    }

    /// Records in a pipeline; nothing follows at once, but the timer may be due earlier where the result is
    /// not zero.
    pub(crate) fn record(
        &self,
        telemetry: TelemetryId,
        record: impl FnOnce(&mut Telemetry, Instant) -> u32,
    ) -> u32 {
        let now = now(&self.performance);
        let mut engine = self.engine.borrow_mut();
        let result = engine.telemetry(telemetry).map_or(u32::MAX, |telemetry| record(telemetry, now));
        drop(engine);
        if result > 0 {
            self.arm();
        }
        result
    }

    /// Compares the page's two clocks.
    pub(crate) fn observe_clock(&self) {
        self.engine.borrow_mut().observe_clock(now(&self.performance), wall_millis());
    }

    /// Hands an input to the engine, then does what follows.
    #[inline(never)]
    pub(crate) fn input(&self, input: Input) {
        self.engine.borrow_mut().handle_input(now(&self.performance), wall_millis(), input);
        self.drain();
    }

    #[inline(never)]
    fn drain(&self) {
        loop {
            let output = self.engine.borrow_mut().poll_output();
            let Some(output) = output else { break };
            self.perform(output);
        }
        self.arm();
    }

    fn perform(&self, output: Output) {
        let (player, what, number, name, message) = match output {
            Output::Media { player, command } => return self.host.media(player, &command.to_bytes()),
            Output::Export { telemetry, export } => {
                let timeout = export.timeout.as_millis() as f64;
                let signal = export.signal as u32;
                let Export { id, ref body, gzipped, keepalive, even_offline, .. } = export;
                return self.host.post(
                    telemetry,
                    id,
                    signal,
                    body,
                    gzipped,
                    keepalive,
                    timeout,
                    even_offline,
                );
            }
            Output::Inspect { telemetry, inspection } => {
                if !FULL {
                    return;
                }
                return self.host.inspect(telemetry, inspection.signal as u32, &inspection.record);
            }
            Output::Diagnostic { telemetry, diagnostic } => {
                let (signal, problem) = (diagnostic.signal as u32, diagnostic.problem as u32);
                let Diagnostic { status, records, warns, ref message, .. } = diagnostic;
                let (status, records) = (status.into(), records as f64);
                return self.host.diagnose(telemetry, signal, problem, status, records, warns, message);
            }
            Output::Spool { telemetry } => return self.host.spool(telemetry),
            Output::Observe { telemetry } => return self.host.observe(telemetry),
            Output::Event { player, event } => (player, Tell::Event, 0.0, event.0, None),
            Output::Worklet { player, command } => {
                let epoch = match command {
                    WorkletCommand::Release { epoch } => epoch.into(),
                    WorkletCommand::Hold => -1.0,
                };
                (player, Tell::Worklet, epoch, "", None)
            }
            Output::Settle { player, token, result } => {
                let failure = result.err();
                (
                    player,
                    Tell::Settle,
                    token.into(),
                    failure.map_or("", |failure| failure.dom_name()),
                    failure,
                )
            }
            Output::Failure { player, failure } => {
                (player, Tell::Failure, 0.0, failure.map_or("", |failure| failure.dom_name()), failure)
            }
            Output::Resolve { player, play } => (player, Tell::Resolve, play.into(), "", None),
            Output::CancelResolve { player } => (player, Tell::CancelResolve, 0.0, "", None),
            Output::Reopen { player, element } => {
                (player, Tell::Reopen, f64::from(u8::from(element)), "", None)
            }
            Output::ReplaceContext { player } => (player, Tell::ReplaceContext, 0.0, "", None),
            Output::TerminateWorker { player } => (player, Tell::TerminateWorker, 0.0, "", None),
            Output::Alternative { player } => (player, Tell::Alternative, 0.0, "", None),
        };
        let message = message.map(PlayFailure::message).unwrap_or_default();
        self.host.tell(player, what as u32, number, name, &message);
    }

    /// One timer, for whatever is due next. One that fires too early does no harm, and is set anew then: what
    /// moves on with every report of the output costs no timer each.
    #[inline(never)]
    fn arm(&self) {
        let Some(due) = self.engine.borrow().poll_timeout() else { return };
        if self.due.get().is_none_or(|armed| due < armed) {
            // Noted once it is armed: an exception of the browser's passes here without a destructor.
            self.host.wake((due.as_millis() - now(&self.performance).as_millis()).ceil().max(0.0));
            self.due.set(Some(due));
        }
    }

    /// The timer fired.
    pub(crate) fn timeout(&self) {
        self.due.set(None);
        self.observe_clock();
        self.engine.borrow_mut().handle_timeout(now(&self.performance));
        self.drain();
    }
}
