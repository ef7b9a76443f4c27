//! The shop: a button whose click becomes a span, a counter and a log record; and a deck to listen.

use std::collections::HashMap;

use opentelemetry::logs::{LogRecord, Logger, LoggerProvider, Severity};
use opentelemetry::{KeyValue, global};
use tonearm::opentelemetry::{Consent, Handle};
use tonearm::{Package, PlayerError};
use tracing::Instrument;
use tracing_opentelemetry::OpenTelemetrySpanExt;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Headers, RequestInit, Response};
use yew::{Callback, Html, Properties, function_component, html, use_state};

use crate::deck::{Deck, describe};

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
pub struct Props {
    pub handle: Handle,
    /// The package's scripts, or why there are none.
    pub package: Result<Package, PlayerError>,
}

#[function_component]
pub fn Shop(props: &Props) -> Html {
    let length = use_state(|| None);
    let closed = use_state(|| false);
    let handle = props.handle;
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
    let refuse = Callback::from(move |_| handle.set_consent(Consent::Denied));
    let close = {
        let closed = closed.clone();
        Callback::from(move |_| closed.set(true))
    };
    let deck = match &props.package {
        Ok(package) if !*closed => html! { <Deck {handle} package={package.clone()} /> },
        Ok(_) => Html::default(),
        Err(error) => html! { <output id="failure">{ describe(error) }</output> },
    };
    let bought = length.map_or(String::from("nothing yet"), |length| format!("{length} bytes of tracks"));
    html! {
        <main>
            <button id="buy" onclick={buy}>{ "Buy" }</button>
            <output>{ bought }</output>
            { deck }
            <button id="close" onclick={close}>{ "Put the record back" }</button>
            <button id="refuse" onclick={refuse}>{ "Record nothing of me" }</button>
        </main>
    }
}
