//! Spans and log records that a host in JavaScript hands over in rows when they are over (`core/flat.ts`),
//! with ids that it has given the spans. Owns in which queue each goes; what the words of a row mean,
//! [`Flat`] knows.

use tonearm_otlp::{ATTRIBUTES, Flat, KIND_MASK, Writer};

use super::{Signal, Telemetry};
use tonearm_base::time::Instant;

impl Telemetry {
    /// Takes over records that are over. Says whether something is due earlier now.
    pub fn record_rows(&mut self, now: Instant, bytes: &[u8]) -> bool {
        let mut flat = Flat::new(bytes);
        let origin = self.clock.unix_nanos(Instant::ORIGIN);
        let mut earlier = false;
        // Where something is to be found out about a span first, it is written apart; else where it will lie.
        let apart = self.config.policy().writes_apart();
        if !apart {
            // In one piece: memory that grows bit by bit is copied, and slow when it is touched for the first
            // time.
            let room = (2 * bytes.len()).min(self.config.batch.queue_bytes);
            self.exporters[Signal::Traces as usize].queue.records().reserve(room);
            earlier |= self.spool.touch(now, &self.config);
            self.ambient.touch(now, &mut self.random);
        }
        let (mut keys, mut is_common) = (0, false);
        while !flat.is_empty() {
            let head = flat.word();
            if head & KIND_MASK == 0 {
                let mut out = Writer::default();
                let row = flat.log(head, &mut out);
                earlier |= self.log_encoded(now, Instant::from_millis(row.millis), row.severity, out);
            } else if apart {
                let mut out = Writer::default();
                let context = flat.span(head, origin, &mut out);
                earlier |= self.queue_span(now, &context, out);
            } else {
                let (exporter, common) = (&mut self.exporters[Signal::Traces as usize], self.ambient.spans());
                let at = exporter.queue.begin();
                let out = exporter.queue.records();
                let from = out.as_slice().len();
                flat.span(head, origin, out);
                // Nearly never is a key of a batch one of the common attributes.
                if flat.key_count() > keys {
                    keys = flat.key_count();
                    is_common = is_common || flat.has_key_of(ATTRIBUTES, common);
                }
                if is_common {
                    out.add_attributes(from, ATTRIBUTES, common);
                } else {
                    out.raw(common);
                }
                earlier |= exporter.enqueued(now, at, 1, &self.config);
            }
        }
        earlier
    }
}
