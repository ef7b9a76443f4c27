//! What the pipeline tells of itself: `otel.sdk.*` (semantic conventions 1.37, "SDK metrics"). Reads the
//! accounts at each collection; records nothing by itself, so that an idle page stays idle.

use super::batch::{Account, DropReason};
use super::export::Signal;
use super::metric::Meter;
use tonearm_otlp::Value;

/// The accounts as they were told last.
#[derive(Debug, Default)]
pub(super) struct Own {
    told: [Account; Signal::ALL.len()],
}

impl Own {
    /// Tells what changed since the last time; `base` is the number of the first of [`INSTRUMENTS`].
    pub(super) fn tell(
        &mut self,
        accounts: &[Account; Signal::ALL.len()],
        meter: &mut Meter,
        base: u32,
        time: u64,
    ) {
        let told = std::mem::replace(&mut self.told, *accounts);
        for ((signal, now), then) in (0..).zip(accounts).zip(&told) {
            let mut add = |instrument: u32, value: f64, attributes: &[Value<'_>]| {
                if value != 0.0 {
                    let series = meter.series_in_order(base + instrument, attributes);
                    meter.record(series, value, time, None);
                }
            };
            add(signal, (now.exported - then.exported) as f64, &[]);
            // What was not chosen, or not wanted, is no failure of an export.
            let delivery = [
                DropReason::Rejected,
                DropReason::RetriesExhausted,
                DropReason::Unconfirmed,
                DropReason::Expired,
            ];
            for reason in delivery {
                let lost = now.dropped(reason) - then.dropped(reason);
                add(signal, lost as f64, &[Value::Text(reason.as_str())]);
            }
            let created = match signal {
                0 => 3,
                2 => 5,
                _ => continue,
            };
            add(created, (now.started - then.started) as f64, &[]);
            add(created + 1, now.pending as f64 - then.pending as f64, &[]);
        }
    }
}
