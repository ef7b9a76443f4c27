//! The options of a front-end's pipeline as `createTelemetry()` of the package takes them, so that plays are
//! recorded as everything else of the page is.

use std::collections::BTreeMap;

use serde::Serialize;
use tonearm_base::time::Duration;
use tonearm_telemetry::{Consent, Propagators, Sampler};

use super::Options;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Tail {
    slower_than: f64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SamplerObject {
    ratio: f64,
    by_name: BTreeMap<String, f64>,
    parent_based: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    tail: Option<Tail>,
}

/// The members of the package's `TelemetryConfig`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TelemetryConfig<'a> {
    service_name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    endpoint: &'a str,
    headers: BTreeMap<&'a str, &'a str>,
    resource: BTreeMap<&'a str, &'a str>,
    propagators: Vec<&'static str>,
    propagate_to: &'a [String],
    sampler: SamplerObject,
    consent: &'static str,
    cmcd: bool,
    tells_itself: bool,
    temporality: &'static str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    log_level: BTreeMap<String, &'static str>,
    scheduled_delay_millis: u64,
    max_export_batch_size: usize,
    max_queue_size: usize,
    export_timeout_millis: u64,
    metric_interval_millis: u64,
}

fn texts(pairs: &[(String, String)]) -> BTreeMap<&str, &str> {
    pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn sampler(sampler: &Sampler) -> SamplerObject {
    SamplerObject {
        ratio: sampler.ratio,
        by_name: sampler.by_name.iter().map(|(name, ratio)| (text(name), *ratio)).collect(),
        parent_based: sampler.parent_based,
        tail: sampler.tail.map(|slower_than| Tail { slower_than: slower_than.as_secs_f64() }),
    }
}

fn propagators(set: Propagators) -> Vec<&'static str> {
    let names = [
        (Propagators::TRACE_CONTEXT, "tracecontext"),
        (Propagators::BAGGAGE, "baggage"),
        (Propagators::B3, "b3"),
        (Propagators::B3_MULTI, "b3multi"),
    ];
    names.iter().filter(|(one, _)| set.0 & one.0 > 0).map(|(_, name)| *name).collect()
}

/// The name of a `SeverityNumber`: four steps have one.
fn severity(number: u32) -> &'static str {
    let names = ["trace", "debug", "info", "warn", "error", "fatal"];
    names.get(number.saturating_sub(1) as usize / 4).copied().unwrap_or("fatal")
}

/// The package takes no time below a millisecond.
fn millis(duration: Duration) -> u64 {
    duration.as_millis().max(1)
}

impl Options {
    /// What `createTelemetry()` of the package takes. `consent` is always among it: the package takes a later
    /// decision only where there was one at first.
    pub fn to_telemetry_config(&self) -> impl Serialize + '_ {
        let Self { config, .. } = self;
        TelemetryConfig {
            service_name: &self.service_name,
            endpoint: self.endpoint.trim_end_matches('/'),
            headers: texts(&self.headers),
            resource: texts(&self.resource),
            propagators: propagators(self.propagators),
            propagate_to: &self.propagate_to,
            sampler: sampler(&config.sampler),
            consent: match config.consent {
                Consent::Granted => "granted",
                Consent::Pending => "pending",
                Consent::Denied => "denied",
            },
            cmcd: config.cmcd,
            tells_itself: config.tells_itself,
            temporality: if config.cumulative { "cumulative" } else { "delta" },
            log_level: config.levels.iter().map(|(prefix, level)| (text(prefix), severity(*level))).collect(),
            scheduled_delay_millis: millis(config.batch.delay),
            max_export_batch_size: config.batch.size,
            max_queue_size: config.batch.queue_size,
            export_timeout_millis: millis(config.batch.timeout),
            metric_interval_millis: millis(config.batch.metric_interval),
        }
    }
}
