//! What the scripts do for the engine (`host.js` is the other side).

use wasm_bindgen::prelude::*;

/// What a player's script is told, by its number in `player.js`.
#[derive(Clone, Copy)]
pub(super) enum Tell {
    /// Dispatch the event of that name.
    Event,
    /// Settle the promise of that number, with an error's name and message if it has one.
    Settle,
    /// Ask the app for the URL of the play of that number.
    Resolve,
    /// That URL is not wanted any more.
    CancelResolve,
    /// Open Worker and worklet again; 1 is the element in the place of both.
    Reopen,
    /// Let the worklet play that epoch; −1 holds it.
    Worklet,
    /// What ended the track: the error's name and message, or nothing any more.
    Failure,
    /// The audio context renders nothing any more: another takes its place.
    ReplaceContext,
    /// Select the app's next source.
    Alternative,
    /// End the Worker.
    TerminateWorker,
}

#[wasm_bindgen]
extern "C" {
    /// The scripts of the page.
    pub type Host;
    /// Tells a player's script.
    #[wasm_bindgen(method)]
    pub(super) fn tell(this: &Host, player: u32, what: u32, number: f64, name: &str, message: &str);
    /// Sends a command to a player's Worker.
    #[wasm_bindgen(method)]
    pub(super) fn media(this: &Host, player: u32, command: &[u8]);
    /// Calls back in so many milliseconds, and at no other time.
    #[wasm_bindgen(method)]
    pub(super) fn wake(this: &Host, millis: f64);
    /// Observes what the app observes, then tells `COLLECT` of `door.js`.
    #[wasm_bindgen(method)]
    pub(super) fn observe(this: &Host, telemetry: u32);
    /// Keeps what is pending (`Core::ask`) for the next visit.
    #[wasm_bindgen(method)]
    pub(super) fn spool(this: &Host, telemetry: u32);
    /// Looks at a record, and says what becomes of it (`INSPECTED` of `door.js`).
    #[wasm_bindgen(method)]
    pub(super) fn inspect(this: &Host, telemetry: u32, signal: u32, record: &[u8]);
    /// Makes known that records of a signal did not arrive: the number of the problem, the status, the records
    /// that are dropped, whether the app is to be warned, and the endpoint's message.
    #[allow(clippy::too_many_arguments, reason = "bytes and numbers cross without a detour")]
    #[wasm_bindgen(method)]
    pub(super) fn diagnose(
        this: &Host,
        telemetry: u32,
        signal: u32,
        problem: u32,
        status: u32,
        records: f64,
        warns: bool,
        message: &[u8],
    );
    /// Sends an export, at once, and answers by `REPLIED` of `door.js`.
    #[allow(clippy::too_many_arguments, reason = "bytes and numbers cross without a detour")]
    #[wasm_bindgen(method)]
    pub(super) fn post(
        this: &Host,
        telemetry: u32,
        export: u32,
        signal: u32,
        body: &[u8],
        gzipped: bool,
        keepalive: bool,
        timeout: f64,
        even_offline: bool,
    );
}
