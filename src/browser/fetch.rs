//! Exports through `fetch` (Fetch standard). The response is read, so that a partial success or a `Retry-After` is
//! heeded, and the connection is free again.

use std::time::Duration;

use js_sys::{ArrayBuffer, Object, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, Response};

use crate::telemetry::{Export, Reply};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = fetch)]
    fn fetch(url: &str, init: &Object) -> js_sys::Promise;
}

fn set(target: &Object, key: &str, value: &JsValue) {
    // Only a frozen object refuses, and this one is ours.
    let _ = Reflect::set(target, &key.into(), value);
}

/// Starts the request at once, in the caller's task (a page that is being left has no other), and answers later.
pub(crate) fn send(export: &Export, answer: impl FnOnce(Reply) + 'static) {
    let headers = Object::new();
    set(&headers, "content-type", &"application/x-protobuf".into());
    for (name, value) in &export.headers {
        set(&headers, name, &value.as_str().into());
    }
    let init = Object::new();
    set(&init, "method", &"POST".into());
    set(&init, "headers", &headers);
    set(&init, "body", &Uint8Array::from(export.body.as_slice()));
    set(&init, "keepalive", &export.keepalive.into());
    // The music's own bytes go first.
    set(&init, "priority", &"low".into());
    let timeout = u32::try_from(export.timeout.as_millis()).unwrap_or(u32::MAX);
    set(&init, "signal", &AbortSignal::timeout_with_u32(timeout));
    let response = fetch(&export.url, &init);
    wasm_bindgen_futures::spawn_local(async move {
        answer(read(response).await.unwrap_or(Reply::Failed));
    });
}

async fn read(response: js_sys::Promise) -> Result<Reply, JsValue> {
    let response: Response = JsFuture::from(response).await?.unchecked_into();
    let retry_after = response.headers().get("retry-after")?.and_then(|value| parse_retry_after(&value));
    let status = response.status();
    let body: ArrayBuffer = JsFuture::from(response.array_buffer()?).await?.unchecked_into();
    Ok(Reply::Response { status, retry_after, body: Uint8Array::new(&body).to_vec() })
}

/// Seconds or a date (RFC 9110 section 10.2.3).
fn parse_retry_after(value: &str) -> Option<Duration> {
    if let Ok(seconds) = value.trim().parse::<u32>() {
        return Some(Duration::from_secs(u64::from(seconds)));
    }
    let millis = js_sys::Date::parse(value) - js_sys::Date::now();
    (millis > 0.0).then(|| Duration::from_millis(millis as u64))
}
