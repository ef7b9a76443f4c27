//! OTLP in protobuf (opentelemetry-proto 1.x), written by hand: the crate that generates it weighs as much as
//! the whole control plane. A record is written when it is made, or taken over, and kept as its bytes
//! (docs/decisions.md). Native tests hold every byte against the generated types.
//!
//! A crate of its own for its optimisation: all that an app records goes through here, on the page's main
//! thread. Knows no signal, no clock and no pipeline.

mod attributes;
mod flat;
mod span;
mod wire;

pub use attributes::{Attributes, Value, has_key};
pub use flat::{Flat, LogRow};
pub use span::{ATTRIBUTES, Begin, KIND_MASK, LOG_ATTRIBUTES, SpanContext};
pub use wire::{Field, Reader, Writer};
