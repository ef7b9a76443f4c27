//! An event listener that lasts as long as its guard.

use wasm_bindgen::prelude::*;

use super::imports::PackagePlayer;
use crate::front_end::PlayerEvent;

/// Listens to an event of a player until it is dropped.
#[derive(Debug)]
#[must_use = "the listener is removed when this is dropped"]
pub struct Listener {
    player: PackagePlayer,
    event: PlayerEvent,
    /// Not `FnMut`: a listener that calls the player may be called again meanwhile.
    callback: Closure<dyn Fn()>,
}

impl Listener {
    pub(super) fn new(
        player: PackagePlayer,
        event: PlayerEvent,
        callback: impl Fn() + 'static,
    ) -> Result<Self, JsValue> {
        let callback = Closure::<dyn Fn()>::new(callback);
        player.add_event_listener_with_callback(event.name(), callback.as_ref().unchecked_ref())?;
        Ok(Self { player, event, callback })
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let callback = self.callback.as_ref().unchecked_ref();
        let _ = self.player.remove_event_listener_with_callback(self.event.name(), callback);
    }
}
