//! Spans and log records that a host in JavaScript tells when they are over (`flat.js`), with ids that it has given them. Owns the order
//! of their words; what those become, [`Flat`] knows.

use tonearm_otlp::{Flat, Writer};

use super::{Severity, SpanContext, SpanKind, SpanOptions, Telemetry, span};
use crate::time::Instant;

/// The field of a link's attributes.
const LINK_ATTRIBUTES: u32 = 4;
/// Added to the flags of a context that is another process's.
const REMOTE: u32 = 256;

/// A span's context and its `tracestate`, where there is one.
pub fn told_context<'a>(flat: &mut Flat<'a>) -> Option<(SpanContext, &'a [u8])> {
    let flags = flat.word();
    if flags == u32::MAX {
        return None;
    }
    let (trace_id, span_id) = flat.ids();
    let context = SpanContext { trace_id, span_id, flags: flags as u8, is_remote: flags >= REMOTE };
    Some((context, flat.bytes()))
}

fn kind(number: usize) -> SpanKind {
    use SpanKind::{Client, Consumer, Internal, Producer, Server};
    [Internal, Server, Client, Producer, Consumer].get(number.wrapping_sub(1)).copied().unwrap_or(Internal)
}

impl Telemetry {
    /// Takes over spans that have ended. Says whether something is due earlier now.
    pub fn record_spans(&mut self, now: Instant, bytes: &[u8]) -> bool {
        let mut flat = Flat::new(bytes);
        let mut out = Writer::default();
        let mut earlier = false;
        while !flat.is_empty() {
            out.clear();
            let context = self.record_span(&mut flat, &mut out);
            earlier |= self.queue_span(now, &context, out.as_slice());
        }
        earlier
    }

    /// Writes the next span; its context.
    fn record_span(&self, flat: &mut Flat<'_>, out: &mut Writer) -> SpanContext {
        let mut time = || self.clock.unix_nanos(Instant::from_millis(flat.number()));
        let (start, end) = (time(), time());
        let kind = kind(flat.length());
        let (context, state) = told_context(flat).unwrap_or_default();
        let name = flat.bytes();
        let parent = told_context(flat).map(|(parent, _)| (parent.span_id, parent.is_remote));
        let options = SpanOptions { name, kind, state, parent: None, link: None };
        span::begin(out, &context, parent, &options, start);
        let dropped = flat.attributes(span::ATTRIBUTES, out);
        for _ in 0..flat.length() {
            let Some((context, _)) = told_context(flat).filter(|_| !flat.is_empty()) else { break };
            span::link(out, &context, &flat.encoded(LINK_ATTRIBUTES));
        }
        if flat.word() > 0 {
            span::fail(out, flat.bytes());
        }
        span::end(out, end.max(start), [dropped, 0, 0]);
        context
    }

    /// Writes a log record of `at`: body = 5, attributes = 6, `dropped_attributes_count` = 7, `event_name` = 12.
    pub fn record_log(&mut self, now: Instant, at: Instant, severity: Severity, bytes: &[u8]) {
        let mut flat = Flat::new(bytes);
        let mut out = Writer::default();
        if flat.word() > 0 {
            out.message(5, |out| flat.value(out));
        }
        out.bytes(12, flat.bytes());
        let dropped = flat.attributes(6, &mut out);
        if dropped > 0 {
            out.varint(7, dropped.into());
        }
        if let Some((context, _)) = told_context(&mut flat) {
            context.of_log(&mut out);
        }
        self.log_encoded(now, at, severity, out.as_slice());
    }
}
