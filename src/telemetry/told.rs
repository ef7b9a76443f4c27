//! Spans and log records that a host in JavaScript tells when they are over (`flat.js`), with ids that it has
//! given them. What their words become, [`Flat`] knows.

use tonearm_otlp::{Flat, Writer};

use super::config::FULL;
use super::{Consent, Severity, Signal, Telemetry};
use crate::time::Instant;

impl Telemetry {
    /// Takes over spans that have ended. Says whether something is due earlier now.
    pub fn record_spans(&mut self, now: Instant, bytes: &[u8]) -> bool {
        let mut flat = Flat::new(bytes);
        let origin = self.clock.unix_nanos(Instant::ORIGIN);
        let mut earlier = false;
        // In one piece, not by doubling it again and again: memory that is touched for the first time is
        // slow.
        let room = (2 * bytes.len()).min(self.config.batch.queue_bytes);
        self.pipelines[Signal::Traces as usize].queue.records().reserve(room);
        if FULL
            && (self.config.consent == Consent::Denied
                || self.config.inspects
                || self.config.sampler.tail.is_some())
        {
            let mut out = Writer::default();
            while !flat.is_empty() {
                out.clear();
                let context = flat.span(origin, &mut out);
                earlier |= self.queue_span(now, &context, out.as_slice());
            }
            return earlier;
        }
        // Nothing is to be found out first: each is written where it will lie.
        let ambient = self.ambient.of(Signal::Traces, now, &mut self.random);
        earlier |= self.spool.touch(now, &self.config);
        let pipeline = &mut self.pipelines[Signal::Traces as usize];
        while !flat.is_empty() {
            let at = pipeline.queue.begin();
            let out = pipeline.queue.records();
            flat.span(origin, out);
            out.raw(ambient);
            earlier |= pipeline.enqueued(now, at, 1, &self.config);
        }
        earlier
    }

    /// Writes a log record of `at`: body = 5, attributes = 6, `dropped_attributes_count` = 7, `event_name` =
    /// 12.
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
        if let Some((context, _)) = flat.context() {
            out.context_of_log(&context);
        }
        self.log_encoded(now, at, severity, out.as_slice());
    }
}
