//! Native tests: everything below the browser floor, with a hand-moved clock and fixed seeds.
#![cfg(not(target_arch = "wasm32"))]
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::float_cmp,
    reason = "tests"
)]

mod before;
mod endpoints;
mod engine;
mod fake_host;
mod floors;
mod formats;
#[cfg(feature = "opentelemetry")]
mod front_end;
mod host_decoder;
mod json;
mod logs;
mod media;
mod message_vectors;
mod messages;
mod metrics;
#[cfg(feature = "opentelemetry")]
mod otel;
mod otlp;
mod playback_table;
mod policy;
mod propagation;
mod records;
mod servers;
mod streams;
mod telemetry;
