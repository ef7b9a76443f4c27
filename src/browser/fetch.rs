//! Exports through `fetch` (Fetch standard). The response is read, so that a partial success or a `Retry-After` is
//! heeded, and the connection is free again. The promises are awaited in `post.js`: an executor for them would weigh
//! more than all that it runs.

use std::time::Duration;

use js_sys::{Object, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;

use crate::telemetry::{Export, Reply};

#[wasm_bindgen(module = "/src/js/post.js")]
extern "C" {
    /// Sends at once, and calls back with the status (0 where there was no response), the milliseconds of `Retry-After`
    /// (NaN where it has none) and the body.
    fn post(url: &str, headers: &Object, body: Uint8Array, keepalive: bool, timeout: f64, answer: JsValue);
}

/// Starts the request at once, in the caller's task (a page that is being left has no other), and answers later.
pub(crate) fn send(export: &Export, answer: impl FnOnce(Reply) + 'static) {
    let headers = Object::new();
    for (name, value) in &export.headers {
        // Only a frozen object refuses, and this one is ours.
        let _ = Reflect::set(&headers, &name.as_str().into(), &value.as_str().into());
    }
    let answer = Closure::once_into_js(move |status: u16, retry_after: f64, body: Uint8Array| {
        answer(if status == 0 {
            Reply::Failed
        } else {
            let retry_after = (retry_after >= 0.0).then(|| Duration::from_millis(retry_after as u64));
            Reply::Response { status, retry_after, body: body.to_vec() }
        });
    });
    let body = Uint8Array::from(export.body.as_slice());
    let timeout = export.timeout.as_millis() as f64;
    post(&export.url, &headers, body, export.keepalive, timeout, answer);
}
