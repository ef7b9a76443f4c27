//! The browser's edge: the driver that drains the engine, the clocks and the one timer. What calls back is a
//! script (`pkg/src/host`): a listener in JavaScript weighs a tenth of one in wasm (docs/decisions.md).
//!
//! Decides nothing: what happens goes into the engine, what the engine says is done.

mod clock;
#[cfg(feature = "package")]
mod driver;
#[cfg(feature = "opentelemetry")]
pub(crate) mod front_end;
#[cfg(feature = "package")]
mod host;
#[cfg(feature = "package")]
pub(crate) mod names;
#[cfg(feature = "opentelemetry")]
pub(crate) mod otel;

#[cfg(feature = "package")]
pub(crate) use driver::Driver;
#[cfg(feature = "package")]
pub use host::{PageHost, PipelineHost, PlayerHost};
