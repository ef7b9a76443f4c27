//! Zipkin's B3 headers, single and multi, in and out (github.com/openzipkin/b3-propagation).

use super::super::context::{SAMPLED, SpanContext};
use super::traceparent::{hex, write_hex};

/// Why a value is no B3 context.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseB3Error {
    /// Fields are missing, or have another length.
    Shape,
    /// A digit is no lower-case hexadecimal one.
    NotHex,
    /// An id of zeros only.
    ZeroId,
    /// A sampling state that is none.
    Sampling,
    /// It says whether to sample, and of no trace.
    NoContext,
}

fn ids(trace: &str, span: &str) -> Result<SpanContext, ParseB3Error> {
    // A trace's id may have eight bytes: those are its lower ones.
    let padded = ["0000000000000000", trace].concat();
    let trace = match trace.len() {
        16 => padded.as_str(),
        32 => trace,
        _ => return Err(ParseB3Error::Shape),
    };
    if span.len() != 16 {
        return Err(ParseB3Error::Shape);
    }
    let trace_id = hex(trace.as_bytes()).map_err(|_| ParseB3Error::NotHex)?;
    let span_id = hex(span.as_bytes()).map_err(|_| ParseB3Error::NotHex)?;
    if trace_id == [0; 16] || span_id == [0; 8] {
        return Err(ParseB3Error::ZeroId);
    }
    Ok(SpanContext { trace_id, span_id, flags: SAMPLED, is_remote: true })
}

fn sampled(state: &str) -> Result<u8, ParseB3Error> {
    match state {
        "1" | "d" | "true" => Ok(SAMPLED),
        "0" | "false" => Ok(0),
        _ => Err(ParseB3Error::Sampling),
    }
}

/// Reads a `b3` value: `{trace}-{span}[-{state}[-{parent}]]`. Without a state the decision is ours: it is
/// sampled.
pub fn parse_b3(value: &str) -> Result<SpanContext, ParseB3Error> {
    let mut parts = value.split('-');
    let (Some(trace), span) = (parts.next(), parts.next()) else { return Err(ParseB3Error::Shape) };
    let Some(span) = span else {
        return Err(if sampled(trace).is_ok() { ParseB3Error::NoContext } else { ParseB3Error::Shape });
    };
    let mut context = ids(trace, span)?;
    if let Some(state) = parts.next() {
        context.flags = sampled(state)?;
    }
    if let Some(parent) = parts.next() {
        ids(trace, parent)?;
    }
    if parts.next().is_some() { Err(ParseB3Error::Shape) } else { Ok(context) }
}

/// Reads `X-B3-TraceId`, `X-B3-SpanId`, `X-B3-Sampled` and `X-B3-Flags` (1 is debug, which is sampled).
pub fn parse_b3_multi(
    trace: &str,
    span: &str,
    state: Option<&str>,
    flags: Option<&str>,
) -> Result<SpanContext, ParseB3Error> {
    let mut context = ids(trace, span)?;
    if flags != Some("1")
        && let Some(state) = state
    {
        context.flags = sampled(state)?;
    }
    Ok(context)
}

/// The `b3` value that hands `context` on.
pub fn format_b3(context: &SpanContext) -> String {
    let mut text = String::new();
    write_hex(&mut text, &context.trace_id);
    text.push('-');
    write_hex(&mut text, &context.span_id);
    text.push_str(if context.flags & SAMPLED > 0 { "-1" } else { "-0" });
    text
}
