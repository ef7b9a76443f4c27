//! A shop of one button and one record. What it does is recorded by `tracing` and by `opentelemetry::global`,
//! as any Rust program would do it; what is particular to a browser is in `start`.

mod controls;
mod deck;
mod json;
mod shop;

use opentelemetry::trace::TracerProvider;
use tonearm::Package;
use tracing_subscriber::layer::SubscriberExt;
use wasm_bindgen_futures::spawn_local;

/// Where this page finds the files of the npm package (its folder `dist`).
const PACKAGE: &str = "/pkg/index.js";

async fn start() {
    // The node that serves the media is another origin: plays hand their trace on to it by name.
    let cdn = json::member("/api/config", "cdn").await;
    let options = tonearm::Options {
        service_name: "tonearm-yew".into(),
        propagate_to: cdn.into_iter().collect(),
        ..tonearm::Options::default()
    };
    let Some(handle) = tonearm::install(options) else { return };
    let layer = tracing_opentelemetry::layer().with_tracer(handle.tracer_provider().tracer("shop"));
    // A second call would be a mistake of ours: the page has one subscriber.
    let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer));
    let package = Package::load(PACKAGE).await;
    yew::Renderer::<shop::Shop>::with_props(shop::Props { handle, package }).render();
}

fn main() {
    spawn_local(start());
}
