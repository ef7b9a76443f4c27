//! What the npm package's scripts export, typed (`pkg/src/types`).

use js_sys::Promise;
use wasm_bindgen::prelude::*;
use web_sys::{AbortSignal, Blob, EventTarget};

#[wasm_bindgen(inline_js = "
// Bundlers leave the call as it is: where the package is served, the app says.
export const importModule = (url) =>
  import(/* webpackIgnore: true */ /* @vite-ignore */ new URL(url, document.baseURI).href);
")]
extern "C" {
    /// Imports a script, whose URL is relative to the document's.
    #[wasm_bindgen(catch, js_name = importModule)]
    pub(super) fn import_module(url: &str) -> Result<Promise, JsValue>;
}

#[wasm_bindgen]
extern "C" {
    /// The namespace of the package's `index.js`.
    #[derive(Clone, Debug, PartialEq)]
    pub(super) type PackageModule;

    #[wasm_bindgen(method, catch)]
    pub(super) fn init(this: &PackageModule, options: &JsValue) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = createTelemetry)]
    pub(super) fn create_telemetry(
        this: &PackageModule,
        config: &JsValue,
    ) -> Result<PackageTelemetry, JsValue>;
    #[wasm_bindgen(method, catch, js_name = createPlayer)]
    pub(super) fn create_player(this: &PackageModule, options: &JsValue) -> Result<PackagePlayer, JsValue>;

    /// The package's `Telemetry`.
    #[derive(Clone)]
    pub(super) type PackageTelemetry;

    #[wasm_bindgen(method, getter, js_name = sessionId)]
    pub(super) fn session_id(this: &PackageTelemetry) -> Option<String>;
    #[wasm_bindgen(method, catch, js_name = setConsent)]
    pub(super) fn set_consent(this: &PackageTelemetry, granted: bool) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch, js_name = forceFlush)]
    pub(super) fn force_flush(this: &PackageTelemetry) -> Result<Promise, JsValue>;

    /// What `resolve` of a source is called with.
    #[derive(Debug)]
    pub(super) type PackageResolveContext;

    #[wasm_bindgen(method, catch)]
    pub(super) fn fetch(this: &PackageResolveContext, url: &str) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, getter)]
    pub(super) fn signal(this: &PackageResolveContext) -> AbortSignal;

    /// The package's `Player`.
    #[wasm_bindgen(extends = EventTarget)]
    #[derive(Clone, Debug, PartialEq)]
    pub(super) type PackagePlayer;

    #[wasm_bindgen(method, catch)]
    pub(super) fn load(this: &PackagePlayer, source: &JsValue) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    pub(super) fn play(this: &PackagePlayer) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method)]
    pub(super) fn pause(this: &PackagePlayer);
    #[wasm_bindgen(method)]
    pub(super) fn stop(this: &PackagePlayer);
    #[wasm_bindgen(method)]
    pub(super) fn prepare(this: &PackagePlayer);
    #[wasm_bindgen(method)]
    pub(super) fn destroy(this: &PackagePlayer);
    #[wasm_bindgen(method)]
    pub(super) fn stats(this: &PackagePlayer) -> JsValue;

    #[wasm_bindgen(method, getter)]
    pub(super) fn state(this: &PackagePlayer) -> String;
    #[wasm_bindgen(method, getter)]
    pub(super) fn paused(this: &PackagePlayer) -> bool;
    #[wasm_bindgen(method, getter)]
    pub(super) fn ended(this: &PackagePlayer) -> bool;
    #[wasm_bindgen(method, getter)]
    pub(super) fn seeking(this: &PackagePlayer) -> bool;
    #[wasm_bindgen(method, getter)]
    pub(super) fn duration(this: &PackagePlayer) -> f64;
    #[wasm_bindgen(method, getter)]
    pub(super) fn error(this: &PackagePlayer) -> JsValue;
    #[wasm_bindgen(method, getter)]
    pub(super) fn metadata(this: &PackagePlayer) -> PackageMetadata;
    #[wasm_bindgen(method, getter)]
    pub(super) fn traceparent(this: &PackagePlayer) -> Option<String>;

    #[wasm_bindgen(method, getter, js_name = currentTime)]
    pub(super) fn current_time(this: &PackagePlayer) -> f64;
    #[wasm_bindgen(method, setter, catch, js_name = currentTime)]
    pub(super) fn set_current_time(this: &PackagePlayer, seconds: f64) -> Result<(), JsValue>;
    #[wasm_bindgen(method, getter)]
    pub(super) fn volume(this: &PackagePlayer) -> f64;
    #[wasm_bindgen(method, setter, catch)]
    pub(super) fn set_volume(this: &PackagePlayer, volume: f64) -> Result<(), JsValue>;
    #[wasm_bindgen(method, getter)]
    pub(super) fn muted(this: &PackagePlayer) -> bool;
    #[wasm_bindgen(method, setter)]
    pub(super) fn set_muted(this: &PackagePlayer, muted: bool);
    #[wasm_bindgen(method, getter, js_name = playbackRate)]
    pub(super) fn playback_rate(this: &PackagePlayer) -> f64;
    #[wasm_bindgen(method, setter, catch, js_name = playbackRate)]
    pub(super) fn set_playback_rate(this: &PackagePlayer, rate: f64) -> Result<(), JsValue>;

    /// The package's `TrackMetadata`.
    pub(super) type PackageMetadata;

    #[wasm_bindgen(method, getter)]
    pub(super) fn artwork(this: &PackageMetadata) -> Option<Blob>;
}
