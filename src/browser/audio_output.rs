//! One player's output: an AudioContext's state, and a worklet's reports with their frames mapped to page time.
//!
//! Where the truth is differs by engine (docs/decisions.md): Chromium's `getOutputTimestamp` is right within 2 ms;
//! Firefox's is not, its render time plus `outputLatency` is; elsewhere only the rendering is known.

use js_sys::{Array, Reflect};
use wasm_bindgen::prelude::*;
use web_sys::{AudioContext, AudioContextState, AudioWorkletNode, Event, MessageEvent, MessagePort};

use super::EventListener;
use super::clock::now;
use crate::engine::{ContextState, PlayerInput, Report, WorkletCommand};
use crate::time::Instant;

#[wasm_bindgen]
extern "C" {
    /// What web-sys does not know of an AudioContext.
    type Output;
    #[wasm_bindgen(method, catch, js_name = getOutputTimestamp)]
    fn output_timestamp(this: &Output) -> Result<Timestamp, JsValue>;
    #[wasm_bindgen(method, getter, js_name = outputLatency)]
    fn output_latency(this: &Output) -> Option<f64>;

    type Timestamp;
    #[wasm_bindgen(method, getter, js_name = contextTime)]
    fn context_time(this: &Timestamp) -> Option<f64>;
    #[wasm_bindgen(method, getter, js_name = performanceTime)]
    fn performance_time(this: &Timestamp) -> Option<f64>;
}

/// How the moment of a frame is known.
const AUDIBLE: &str = "audible";
const RENDERED: &str = "rendered";

/// A worklet node and its context, until dropped.
pub(crate) struct AudioOutput {
    port: MessagePort,
    _listeners: [EventListener; 2],
}

fn state_of(context: &AudioContext) -> ContextState {
    match context.state() {
        AudioContextState::Running => ContextState::Running,
        AudioContextState::Closed => ContextState::Closed,
        // Safari's `interrupted` is no value of the enum: it does not render either.
        _ => ContextState::Suspended,
    }
}

/// Page time at which frame `frame` of the context is heard, and how that is known.
fn moment(context: &AudioContext, frame: f64) -> (Instant, &'static str) {
    let seconds = frame / f64::from(context.sample_rate());
    let output: &Output = context.unchecked_ref();
    let is_gecko = web_sys::window().is_some_and(|window| Reflect::has(&window, &"mozInnerScreenX".into()) == Ok(true));
    if !is_gecko
        && let Ok(stamp) = output.output_timestamp()
        && let (Some(context_time), Some(performance_time)) = (stamp.context_time(), stamp.performance_time())
        && performance_time > 0.0
    {
        return (Instant::from_millis(performance_time + (seconds - context_time) * 1000.0), AUDIBLE);
    }
    let rendered = now().as_millis() - (context.current_time() - seconds) * 1000.0;
    match output.output_latency().filter(|latency| is_gecko && *latency > 0.0) {
        Some(latency) => (Instant::from_millis(rendered + latency * 1000.0), AUDIBLE),
        None => (Instant::from_millis(rendered), RENDERED),
    }
}

/// A report is a small array: kind, epoch, context frame, and one or two figures.
fn report(context: &AudioContext, data: &JsValue) -> Option<Report> {
    let data = data.dyn_ref::<Array>()?;
    let number = |at| data.get(at).as_f64().unwrap_or(0.0);
    let epoch = number(1) as u32;
    let (at, method) = moment(context, number(2));
    let frames = number(3) as u64;
    Some(match number(0) as u32 {
        0 => Report::Audible { epoch, at, frames, method },
        1 => Report::Position { epoch, at, frames },
        2 => Report::GapStarted { epoch, at, frames },
        3 => Report::GapEnded { epoch, at, missing: frames, audible: data.get(4).is_truthy() },
        4 => Report::Ended { epoch, at, frames },
        _ => return None,
    })
}

impl AudioOutput {
    /// Listens to a context and to the worklet on it.
    pub(crate) fn new(
        context: AudioContext,
        node: &AudioWorkletNode,
        answer: impl Fn(PlayerInput) + Clone + 'static,
    ) -> Option<Self> {
        let port = node.port().ok()?;
        let changed = answer.clone();
        let watched = context.clone();
        let on_state = EventListener::new(&context, "statechange", move |_| {
            changed(PlayerInput::Context(state_of(&watched)));
        });
        let on_report = EventListener::new(&port, "message", move |event: Event| {
            let data = event.unchecked_into::<MessageEvent>().data();
            if let Some(report) = report(&context, &data) {
                answer(PlayerInput::Report(report));
            }
        });
        port.start();
        Some(Self { port, _listeners: [on_state, on_report] })
    }

    /// What the engine must know of a context before anything is played on it.
    pub(crate) fn ready(context: &AudioContext) -> PlayerInput {
        PlayerInput::OutputReady { rate: context.sample_rate() as u32, state: state_of(context) }
    }

    /// Sends a command to the worklet.
    pub(crate) fn post(&self, command: WorkletCommand) {
        let wanted = match command {
            WorkletCommand::Release { epoch } => f64::from(epoch),
            WorkletCommand::Hold => -1.0,
        };
        // Only what can't be cloned fails, and a number can.
        let _ = self.port.post_message(&wanted.into());
    }
}
