//! What identifies a span, as small as it can be: it is copied into every child, link and header.

/// A trace's id: 16 bytes, not all zero.
pub type TraceId = [u8; 16];
/// A span's id: 8 bytes, not all zero.
pub type SpanId = [u8; 8];

/// The trace is recorded (W3C Trace Context Level 2, section 3.2.2.5).
pub const SAMPLED: u8 = 1;
/// The trace's id is random in its lower seven bytes.
pub const RANDOM: u8 = 2;

pub use tonearm_otlp::SpanContext;
