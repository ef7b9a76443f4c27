//! A shop of one button. What it does is told by `tracing` and by `opentelemetry::global`, as any Rust
//! program would; that it runs in a browser is said once, in `main`.

use std::collections::HashMap;

use opentelemetry::logs::{LogRecord, Logger, LoggerProvider, Severity};
use opentelemetry::trace::TracerProvider;
use opentelemetry::{KeyValue, global};
use tonearm::opentelemetry::Handle;
use tracing::Instrument;
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::layer::SubscriberExt;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Headers, RequestInit, Response};
use yew::{Callback, Html, Properties, function_component, html, use_state};

/// Asks the gateway for its tracks, as part of the span of the moment.
#[tracing::instrument]
async fn quote() -> Option<String> {
    let context = tracing::Span::current().context();
    let mut carrier = HashMap::new();
    global::get_text_map_propagator(|propagator| propagator.inject_context(&context, &mut carrier));
    let headers = Headers::new().ok()?;
    for (name, value) in &carrier {
        headers.set(name, value).ok()?;
    }
    let init = RequestInit::new();
    init.set_headers(&headers);
    let response =
        JsFuture::from(web_sys::window()?.fetch_with_str_and_init("/api/tracks", &init)).await.ok()?;
    let response: Response = response.dyn_into().ok()?;
    tracing::info!(status = response.status(), "answered");
    JsFuture::from(response.text().ok()?).await.ok()?.as_string()
}

#[derive(Properties, PartialEq)]
struct Props {
    handle: Pipeline,
}

#[derive(Clone, Copy, PartialEq)]
struct Pipeline(Handle);

#[function_component]
fn Shop(props: &Props) -> Html {
    let length = use_state(|| None);
    let handle = props.handle.0;
    let buy = {
        let length = length.clone();
        Callback::from(move |_| {
            let length = length.clone();
            let bought = async move {
                let tracks = quote().await.unwrap_or_default();
                global::meter("shop")
                    .u64_counter("shop.bought")
                    .build()
                    .add(1, &[KeyValue::new("shop.item", "record")]);
                let logger = handle.logger_provider().logger("shop");
                let mut record = logger.create_log_record();
                record.set_event_name("shop.bought");
                record.set_severity_number(Severity::Info);
                logger.emit(record);
                length.set(Some(tracks.len()));
                handle.flush();
            };
            spawn_local(bought.instrument(tracing::info_span!("buy", shop.item = "record")));
        })
    };
    let told = length.map_or(String::from("nothing yet"), |length| format!("{length} bytes of tracks"));
    html! {
        <main>
            <button id="buy" onclick={buy}>{ "Buy" }</button>
            <output>{ told }</output>
        </main>
    }
}

fn main() {
    let options = tonearm::Options { service_name: "tonearm-yew".into(), ..tonearm::Options::default() };
    let Some(handle) = tonearm::install(options) else { return };
    let layer = tracing_opentelemetry::layer().with_tracer(handle.tracer_provider().tracer("shop"));
    // A second call would be a mistake of ours: the page has one subscriber.
    let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer));
    yew::Renderer::<Shop>::with_props(Props { handle: Pipeline(handle) }).render();
}
