//! What scripts do for the engine, as objects that the app's page hands over: one for the page, one for each
//! player, one for each pipeline. Each method throws nothing into the core (`core/client.ts`).
//!
//! Bytes lie in the core's memory: a script copies what it keeps.

use wasm_bindgen::prelude::*;

use super::names::{ExportSignal, PlayerEngine, ProblemName};

#[wasm_bindgen(typescript_custom_section)]
const INTERFACES: &str = r"
/** What the page does for the core. */
export interface PageHost {
  /** Calls `timeout` in so many milliseconds, and at no other time. */
  wake_in(milliseconds: number): void;
}

/** What a player's script does for the core. */
export interface PlayerHost {
  dispatch_event(name: string): void;
  /** Fulfils a promise, or rejects it with a `DOMException` where there is a name. */
  settle_promise(promise: number, name: string, message: string): void;
  /** Asks the app for the source's URL; `resolve` follows, with the play's number. */
  resolve_source(play: number): void;
  cancel_resolve(): void;
  /** Opens what plays anew: Worker and worklet, or the element. */
  reopen(engine: PlayerEngine): void;
  /** Lets the output play the samples of an epoch. */
  release_output(epoch: number): void;
  /** Has the output play nothing, and keep what it has. */
  hold_output(): void;
  /** Sets what ended the track: a `DOMException`; or that nothing does any more, where there is no name. */
  set_failure(name: string, message: string): void;
  replace_context(): void;
  /** Selects the app's next source; the export of that name follows. */
  select_alternative(): void;
  terminate_worker(): void;
  send_command(command: Uint8Array): void;
}

/** What a pipeline's script does for the core. */
export interface PipelineHost {
  /** Observes what the app observes, then calls `collect`. */
  observe(): void;
  /** Keeps what is pending (`snapshot`) for the next visit. */
  spool(): void;
  /** Looks at a record; `keep_inspected` or `drop_inspected` follows. */
  inspect(signal: Signal, record: Uint8Array): void;
  /** Reports a failed delivery; a status of 0 is none, and `message` is the endpoint's, in UTF-8. */
  report_diagnostic(
    signal: Signal, problem: Problem, status: number, records: number, warns: boolean, message: Uint8Array,
  ): void;
  /** Sends an export at once; `export_responded` or `export_failed` follows. `timeout` is in milliseconds. */
  post_export(
    request: number, signal: Signal, body: Uint8Array, gzipped: boolean, keepalive: boolean, timeout: number,
    even_offline: boolean,
  ): void;
}
";

#[wasm_bindgen]
extern "C" {
    /// What the page does for the core.
    #[wasm_bindgen(typescript_type = "PageHost")]
    pub type PageHost;
    #[wasm_bindgen(method)]
    pub(super) fn wake_in(this: &PageHost, milliseconds: f64);

    /// What a player's script does for the core.
    #[wasm_bindgen(typescript_type = "PlayerHost")]
    pub type PlayerHost;
    #[wasm_bindgen(method)]
    pub(super) fn dispatch_event(this: &PlayerHost, name: &str);
    #[wasm_bindgen(method)]
    pub(super) fn settle_promise(this: &PlayerHost, promise: u32, name: &str, message: &str);
    #[wasm_bindgen(method)]
    pub(super) fn resolve_source(this: &PlayerHost, play: u32);
    #[wasm_bindgen(method)]
    pub(super) fn cancel_resolve(this: &PlayerHost);
    #[wasm_bindgen(method)]
    pub(super) fn reopen(this: &PlayerHost, engine: PlayerEngine);
    #[wasm_bindgen(method)]
    pub(super) fn release_output(this: &PlayerHost, epoch: u32);
    #[wasm_bindgen(method)]
    pub(super) fn hold_output(this: &PlayerHost);
    #[wasm_bindgen(method)]
    pub(super) fn set_failure(this: &PlayerHost, name: &str, message: &str);
    #[wasm_bindgen(method)]
    pub(super) fn replace_context(this: &PlayerHost);
    #[wasm_bindgen(method)]
    pub(super) fn select_alternative(this: &PlayerHost);
    #[wasm_bindgen(method)]
    pub(super) fn terminate_worker(this: &PlayerHost);
    #[wasm_bindgen(method)]
    pub(super) fn send_command(this: &PlayerHost, command: &[u8]);

    /// What a pipeline's script does for the core.
    #[wasm_bindgen(typescript_type = "PipelineHost")]
    pub type PipelineHost;
    #[wasm_bindgen(method)]
    pub(super) fn observe(this: &PipelineHost);
    #[wasm_bindgen(method)]
    pub(super) fn spool(this: &PipelineHost);
    #[wasm_bindgen(method)]
    pub(super) fn inspect(this: &PipelineHost, signal: ExportSignal, record: &[u8]);
    #[wasm_bindgen(method)]
    pub(super) fn report_diagnostic(
        this: &PipelineHost,
        signal: ExportSignal,
        problem: ProblemName,
        status: u32,
        records: f64,
        warns: bool,
        message: &[u8],
    );
    #[allow(clippy::too_many_arguments, reason = "bytes and numbers cross without a detour")]
    #[wasm_bindgen(method)]
    pub(super) fn post_export(
        this: &PipelineHost,
        request: u32,
        signal: ExportSignal,
        body: &[u8],
        gzipped: bool,
        keepalive: bool,
        timeout: f64,
        even_offline: bool,
    );
}
