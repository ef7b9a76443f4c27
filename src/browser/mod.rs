//! The browser's edge: one file per facility, and the driver that drains the engine.
//!
//! Decides nothing: what happens goes into the engine, what the engine says is done.

mod audio_output;
mod clock;
mod driver;
mod fetch;
mod page_lifecycle;
mod worker_link;

pub(crate) use audio_output::AudioOutput;
pub(crate) use clock::{now, wall_millis};
pub(crate) use driver::{Driver, Listener};
pub(crate) use worker_link::WorkerLink;

use wasm_bindgen::prelude::*;
use web_sys::{Event, EventTarget};

/// A listener that ends with its owner.
#[must_use = "the listener is removed when this is dropped"]
pub(crate) struct EventListener {
    target: EventTarget,
    name: &'static str,
    callback: Closure<dyn FnMut(Event)>,
}

impl EventListener {
    pub(crate) fn new(target: &EventTarget, name: &'static str, callback: impl FnMut(Event) + 'static) -> Self {
        let callback = Closure::<dyn FnMut(Event)>::new(callback);
        // addEventListener fails for no name and no function.
        let _ = target.add_event_listener_with_callback(name, callback.as_ref().unchecked_ref());
        Self { target: target.clone(), name, callback }
    }
}

impl Drop for EventListener {
    fn drop(&mut self) {
        let _ = self.target.remove_event_listener_with_callback(self.name, self.callback.as_ref().unchecked_ref());
    }
}
