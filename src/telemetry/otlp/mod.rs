//! OTLP bodies in protobuf (opentelemetry-proto 1.x), written by hand: the crate that generates them weighs as much as
//! the whole control plane (docs/decisions.md). Native tests hold every byte against the generated types.

mod response;
mod trace;
mod wire;

pub use response::parse_partial_success;
pub use trace::encode_spans;
