//! Drives the engine: inputs in with the clock's reading, outputs done one by one, one timer for everything.
//!
//! The engine is borrowed while it works and free while JavaScript is called: a listener that calls back into
//! the player during dispatch finds it so. The same holds for the hosts of players and pipelines.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use tonearm_messages::Wire;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::Performance;

use super::clock::{now, wall_millis};
use super::host::{PageHost, PipelineHost, PlayerHost};
use super::names::PlayerEngine;
use tonearm_base::random::Random;
use tonearm_base::small_map::SmallMap;
use tonearm_base::time::{ClockAnchor, Instant};
use tonearm_player::engine::{Engine, Input, Output, Owner, PlayerId, TelemetryId, WorkletCommand};
use tonearm_player::playback::PlayFailure;
use tonearm_telemetry::{Diagnostic, Export, INSPECTS, Telemetry};

/// Hosts by the id of what they serve. One type for both kinds weighs less than two.
type Hosts = RefCell<SmallMap<u32, Rc<JsValue>>>;

/// The driver of one page.
pub(crate) struct Driver {
    engine: RefCell<Engine>,
    /// When the timer fires.
    due: Cell<Option<Instant>>,
    performance: Performance,
    page: PageHost,
    /// [`PlayerHost`]s.
    players: Hosts,
    /// [`PipelineHost`]s.
    pipelines: Hosts,
}

impl Driver {
    /// A driver with an engine of its own.
    pub(crate) fn new(performance: Performance, random: Random, page: PageHost) -> Self {
        let engine = Engine::new(ClockAnchor::at_origin(performance.time_origin()), random);
        Self {
            engine: RefCell::new(engine),
            due: Cell::default(),
            performance,
            page,
            players: Hosts::default(),
            pipelines: Hosts::default(),
        }
    }

    /// Has a script serve a player from now on.
    pub(crate) fn add_player(&self, id: PlayerId, host: PlayerHost) {
        self.players.borrow_mut().insert(id, Rc::new(host.into()));
    }

    /// Calls a player's script no more.
    pub(crate) fn remove_player(&self, id: PlayerId) {
        self.players.borrow_mut().remove(id);
    }

    /// Has a script serve a pipeline from now on.
    pub(crate) fn add_pipeline(&self, id: TelemetryId, host: PipelineHost) {
        self.pipelines.borrow_mut().insert(id, Rc::new(host.into()));
    }

    /// Calls a pipeline's script no more.
    pub(crate) fn remove_pipeline(&self, id: TelemetryId) {
        self.pipelines.borrow_mut().remove(id);
    }

    /// Reads from the engine.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&Engine, Instant) -> T) -> T {
        read(&self.engine.borrow(), now(&self.performance))
    }

    /// Records in a pipeline, if there is one of that id. No output follows at once, but the timer may be due
    /// earlier ([`Driver::arm`]).
    pub(crate) fn record<T>(
        &self,
        telemetry: TelemetryId,
        record: impl FnOnce(&mut Telemetry, Instant) -> T,
    ) -> Option<T> {
        let now = now(&self.performance);
        self.engine.borrow_mut().telemetry(telemetry).map(|telemetry| record(telemetry, now))
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
        match output.owner() {
            Owner::Player(id) => {
                let host = self.players.borrow().get(id).cloned();
                if let Some(host) = host {
                    perform_for_player(host.unchecked_ref(), output);
                }
            }
            Owner::Pipeline(id) => {
                let host = self.pipelines.borrow().get(id).cloned();
                if let Some(host) = host {
                    perform_for_pipeline(host.unchecked_ref(), output);
                }
            }
        }
    }

    /// Arms one timer, for whatever is due next. One that fires too early does no harm, and is set anew then:
    /// what moves on with every report of the output costs no timer each.
    #[inline(never)]
    pub(crate) fn arm(&self) {
        let Some(due) = self.engine.borrow().poll_timeout() else { return };
        if self.due.get().is_none_or(|armed| due < armed) {
            // Noted once it is armed: an exception of the browser's passes here without a destructor.
            self.page.wake_in((due.as_millis() - now(&self.performance).as_millis()).ceil().max(0.0));
            self.due.set(Some(due));
        }
    }

    /// Takes the passing of time: the timer fired.
    pub(crate) fn timeout(&self) {
        self.due.set(None);
        self.observe_clock();
        self.engine.borrow_mut().handle_timeout(now(&self.performance));
        self.drain();
    }
}

/// Calls a player's script. An error's name is empty where there is none.
fn perform_for_player(host: &PlayerHost, output: Output) {
    let name = |failure: Option<PlayFailure>| failure.map_or("", PlayFailure::dom_name);
    let message = |failure: Option<PlayFailure>| failure.map(PlayFailure::message).unwrap_or_default();
    match output {
        Output::Media { command, .. } => host.send_command(&command.to_bytes()),
        Output::Event { event, .. } => host.dispatch_event(event.0),
        Output::Worklet { command: WorkletCommand::Release { epoch }, .. } => host.release_output(epoch),
        Output::Worklet { .. } => host.hold_output(),
        Output::Settle { token, result, .. } => {
            let failure = result.err();
            host.settle_promise(token, name(failure), &message(failure));
        }
        Output::Failure { failure, .. } => host.set_failure(name(failure), &message(failure)),
        Output::Resolve { play, .. } => host.resolve_source(play),
        Output::CancelResolve { .. } => host.cancel_resolve(),
        Output::Reopen { element, .. } => {
            host.reopen(if element { PlayerEngine::Element } else { PlayerEngine::Stream });
        }
        Output::ReplaceContext { .. } => host.replace_context(),
        Output::TerminateWorker { .. } => host.terminate_worker(),
        Output::Alternative { .. } => host.select_alternative(),
        _ => {}
    }
}

/// Calls a pipeline's script.
fn perform_for_pipeline(host: &PipelineHost, output: Output) {
    match output {
        Output::Export { export, .. } => {
            let timeout = export.timeout.as_millis() as f64;
            let Export { id, signal, ref body, gzipped, keepalive, even_offline, .. } = export;
            host.post_export(id, signal.into(), body, gzipped, keepalive, timeout, even_offline);
        }
        Output::Inspect { inspection, .. } if INSPECTS => {
            host.inspect(inspection.signal.into(), &inspection.record);
        }
        Output::Diagnostic { diagnostic, .. } => {
            let Diagnostic { signal, problem, status, records, warns, ref message } = diagnostic;
            let (signal, status, records) = (signal.into(), status.into(), records as f64);
            host.report_diagnostic(signal, problem.into(), status, records, warns, message);
        }
        Output::Spool { .. } => host.spool(),
        Output::Observe { .. } => host.observe(),
        _ => {}
    }
}
