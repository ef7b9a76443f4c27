//! When the page is hidden or left (Page Visibility; HTML, "unloading documents"). `pagehide` fires on the window and
//! never on the document; a phone's browser may give no other sign than the hidden one.

use web_sys::VisibilityState;

use super::EventListener;

/// Calls back whenever the page is hidden or left.
pub(crate) fn on_hidden(callback: impl Fn() + Clone + 'static) -> Vec<EventListener> {
    let Some(window) = web_sys::window() else { return Vec::new() };
    let mut listeners = Vec::new();
    if let Some(document) = window.document() {
        let callback = callback.clone();
        let state_of = document.clone();
        listeners.push(EventListener::new(&document, "visibilitychange", move |_| {
            if state_of.visibility_state() == VisibilityState::Hidden {
                callback();
            }
        }));
    }
    listeners.push(EventListener::new(&window, "pagehide", move |_| callback()));
    listeners
}
