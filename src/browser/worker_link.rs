//! The link to one player's media plane: a Worker that commands go to and facts come from.

use js_sys::Uint8Array;
use tonearm_messages::{Command, Fact, VERSION, Wire};
use wasm_bindgen::prelude::*;
use web_sys::{Event, MessageEvent, Worker};

use super::EventListener;
use crate::engine::PlayerInput;

/// A Worker that ends with its owner.
pub(crate) struct WorkerLink {
    worker: Worker,
    _listeners: [EventListener; 2],
}

impl WorkerLink {
    /// Takes the Worker over, and says hello.
    pub(crate) fn new(worker: Worker, answer: impl Fn(PlayerInput) + Clone + 'static) -> Self {
        let failed = answer.clone();
        let on_message = move |event: Event| {
            let data = event.unchecked_into::<MessageEvent>().data();
            let fact = data.dyn_ref::<Uint8Array>().and_then(|bytes| Fact::from_bytes(&bytes.to_vec()).ok());
            // The Worker's script sends one thing that is no fact: that its wasm could not be had.
            answer(fact.map_or(PlayerInput::MediaUnavailable, PlayerInput::Fact));
        };
        let listeners = [
            EventListener::new(&worker, "message", on_message),
            EventListener::new(&worker, "error", move |_| failed(PlayerInput::MediaUnavailable)),
        ];
        let link = Self { worker, _listeners: listeners };
        link.post(&Command::Hello { version: VERSION.into() });
        link
    }

    /// Sends a command.
    pub(crate) fn post(&self, command: &Command) {
        // Only what can't be cloned fails, and bytes can.
        let _ = self.worker.post_message(&Uint8Array::from(command.to_bytes().as_slice()));
    }
}

impl Drop for WorkerLink {
    fn drop(&mut self) {
        self.worker.terminate();
    }
}
