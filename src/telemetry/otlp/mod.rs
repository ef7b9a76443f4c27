//! OTLP in protobuf (opentelemetry-proto 1.x), written by hand: the crate that generates it weighs as much as the whole
//! control plane. A record is written when it is made and kept as its bytes (docs/decisions.md). Native tests hold every
//! byte against the generated types.

mod attributes;
mod request;
mod response;
mod wire;

pub use attributes::{Attributes, Value};
pub(super) use request::RECORD;
pub use request::encode_request;
pub use response::parse_partial_success;
pub use wire::Writer;
pub(super) use wire::{Field, Reader};
