//! The browser for Rust front-ends' pipelines: `fetch`, one timer, and the page's signs of leaving.

use std::cell::RefCell;

use gloo_timers::callback::Timeout;
use js_sys::{Date, Function, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{AbortSignal, Headers, Performance, RequestInit, Response, VisibilityState, Window};

use super::clock::{now, wall_millis};
use super::front_end;
use crate::front_end::Options;
use crate::opentelemetry::{Consent, Handle, Host, pipeline};
use tonearm_base::time::{Duration, Instant};
use tonearm_telemetry::{Attributes, Config, Export, Reply, ResponseTimes, Signal};

/// Bytes of a response that are read: a partial success is short, and the status decides.
const MAX_REPLY: usize = 16 << 10;

struct Browser {
    window: Window,
    performance: Performance,
    endpoint: String,
    headers: Vec<(String, String)>,
    timer: RefCell<Option<Timeout>>,
}

/// Makes a pipeline, and its providers the global ones of `opentelemetry`. None outside a page.
pub fn install(options: Options) -> Option<Handle> {
    let window = web_sys::window()?;
    let performance = window.performance()?;
    let origin = performance.time_origin();
    let mut random = [0; 16];
    window.crypto().ok()?.get_random_values_with_u8_array(&mut random).ok()?;
    let (high, low) = random.split_at(8);
    let number = |bytes: &[u8]| bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
    let seed = [number(high), number(low)];

    let mut resource = Attributes::default()
        .with("service.name", options.service_name.as_str())
        .with("telemetry.sdk.name", "tonearm")
        .with("telemetry.sdk.language", "rust")
        .with("telemetry.sdk.version", env!("CARGO_PKG_VERSION"));
    for (key, value) in &options.resource {
        resource = resource.with(key, value.as_str());
    }
    let agent = window.navigator().user_agent().unwrap_or_default();
    let client = Attributes::default().with("user_agent.original", agent.as_str()).finish();
    let propagators = options.propagators;
    let config = Config {
        resource: resource.finish(),
        client,
        propagators,
        inspects: false,
        gzip: true,
        ..options.config.clone()
    };
    let browser = Browser {
        window: window.clone(),
        performance,
        endpoint: options.endpoint.trim_end_matches('/').into(),
        headers: options.headers.clone(),
        timer: RefCell::default(),
    };
    let handle = pipeline(config, origin, seed, browser);
    front_end::keep_options(handle, options);
    handle.set_global(propagators);
    listen(&window, handle);
    Some(handle)
}

/// `pagehide` fires on the window alone; a phone's browser may give no other sign than the hidden one.
fn listen(window: &Window, handle: Handle) {
    let left = Closure::<dyn Fn()>::new(move || handle.leave());
    let _ = window.add_event_listener_with_callback("pagehide", left.as_ref().unchecked_ref());
    left.forget();
    if let Some(document) = window.document() {
        let shown = document.clone();
        let hidden = Closure::<dyn Fn()>::new(move || {
            if shown.visibility_state() == VisibilityState::Hidden {
                handle.leave();
            }
        });
        let _ =
            document.add_event_listener_with_callback("visibilitychange", hidden.as_ref().unchecked_ref());
        hidden.forget();
    }
}

/// What a response says of time: `Retry-After` as seconds or as a date (RFC 9110, section 10.2.3), `Date`.
fn times_of(headers: &Headers) -> ResponseTimes {
    let field = |name: &str| headers.get(name).ok().flatten();
    let date = |value: &str| Some(Date::parse(value)).filter(|millis| !millis.is_nan());
    let asked = field("retry-after").unwrap_or_default();
    let retry_after = asked.parse::<u32>().ok().map(f64::from);
    let retry_at = if retry_after.is_none() { date(&asked) } else { None };
    ResponseTimes { retry_after, retry_at, date: field("date").as_deref().and_then(date) }
}

impl Browser {
    /// Begins a request in the caller's task: a page that is left has no other.
    fn fetch(
        window: &Window,
        url: &str,
        headers: &[(String, String)],
        export: &Export,
    ) -> Result<Promise, JsValue> {
        let all = Headers::new()?;
        all.set("content-type", "application/x-protobuf")?;
        if export.gzipped {
            all.set("content-encoding", "gzip")?;
        }
        for (name, value) in headers {
            all.set(name, value)?;
        }
        let init = RequestInit::new();
        init.set_method("POST");
        init.set_headers(&all);
        init.set_body(&Uint8Array::from(&export.body[..]));
        init.set_signal(Some(&AbortSignal::timeout_with_u32(export.timeout.as_millis() as u32)));
        Reflect::set(&init, &"keepalive".into(), &export.keepalive.into())?;
        Reflect::set(&init, &"redirect".into(), &"manual".into())?;
        Ok(window.fetch_with_str_and_init(url, &init))
    }
}

/// Calls a method without arguments.
fn call<T: JsCast>(target: &JsValue, name: &str) -> Result<T, JsValue> {
    Reflect::get(target, &name.into())?.dyn_into::<Function>()?.call0(target)?.dyn_into()
}

/// The beginning of a body, whose status counts whatever comes of it; a null body has none.
async fn read_reply(response: &Response) -> Result<Vec<u8>, JsValue> {
    let reader: JsValue = call(&Reflect::get(response, &"body".into())?, "getReader")?;
    let mut reply = Vec::new();
    while reply.len() < MAX_REPLY {
        let result = JsFuture::from(call::<Promise>(&reader, "read")?).await?;
        let Ok(part) = Reflect::get(&result, &"value".into())?.dyn_into::<Uint8Array>() else { break };
        let room = (MAX_REPLY - reply.len()) as u32;
        reply.extend(part.subarray(0, part.length().min(room)).to_vec());
    }
    JsFuture::from(call::<Promise>(&reader, "cancel")?).await?;
    Ok(reply)
}

async fn reply_of(handle: Handle, promise: Promise) -> Result<Reply, JsValue> {
    let response: Response = JsFuture::from(promise).await?.dyn_into()?;
    // An opaque redirect, which is not followed (Fetch standard, "opaque-redirect filtered response").
    if response.status() == 0 {
        return Ok(Reply::Redirected);
    }
    let retry_after = handle.observe_response(times_of(&response.headers()));
    let body = read_reply(&response).await.unwrap_or_default();
    Ok(Reply::Response { status: response.status(), retry_after, body })
}

impl Host for Browser {
    fn now(&self) -> Instant {
        now(&self.performance)
    }

    fn wall_millis(&self) -> f64 {
        wall_millis()
    }

    fn send(&self, handle: Handle, export: Export) {
        let path = match export.signal {
            Signal::Traces => "traces",
            Signal::Metrics => "metrics",
            Signal::Logs => "logs",
        };
        let url = [&self.endpoint, "/v1/", path].concat();
        let begun = Self::fetch(&self.window, &url, &self.headers, &export);
        spawn_local(async move {
            let reply = match begun {
                Ok(promise) => reply_of(handle, promise).await.unwrap_or(Reply::Failed),
                Err(_) if export.keepalive => Reply::Unsent,
                Err(_) => Reply::Failed,
            };
            handle.replied(export.id, &reply);
        });
    }

    fn set_consent(&self, handle: Handle, consent: Consent) {
        front_end::set_consent(handle, consent);
    }

    fn flush(&self, handle: Handle) {
        front_end::flush(handle);
    }

    fn wake(&self, handle: Handle, after: Option<Duration>) {
        // A timer that is let go of is cancelled.
        let millis = |after: Duration| u32::try_from(after.as_millis() + 1).unwrap_or(u32::MAX);
        let timer = after.map(|after| Timeout::new(millis(after), move || handle.wake()));
        *self.timer.borrow_mut() = timer;
    }
}
