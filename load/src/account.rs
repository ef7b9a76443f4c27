//! The account: what the script did, metric by metric; and what the Collector acknowledged, point by point.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
use opentelemetry_proto::tonic::metrics::v1::{metric, number_data_point};
use prost::Message;
use serde::Serialize;
use tonearm_telemetry::{DropReason, Export, Signal};

use crate::exporter::Exporter;
use crate::listener::Listener;

/// One series added up: of a counter the sum, of a histogram also how many.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Total {
    sum: f64,
    count: u64,
}

/// A series: its metric, and its attributes in their order.
type Series = (String, BTreeMap<String, String>);

/// What happened, and what arrived.
#[derive(Debug, Default)]
pub(crate) struct Account {
    script: BTreeMap<Series, Total>,
    acknowledged: BTreeMap<Series, Total>,
    /// Requests that were sent again after an answer that was never read: what they carry may have arrived
    /// twice.
    pub(crate) unsure: u64,
    /// Metric points in them.
    unsure_points: u64,
    /// What those points add up to.
    unsure_totals: BTreeMap<Series, Total>,
    /// Answers by status; 0 where there was none.
    statuses: BTreeMap<u16, u64>,
    /// Whether ids of what was acknowledged are kept: of spans, and of log records (`log.record.uid`).
    keeps_ids: bool,
    spans: Vec<String>,
    logs: Vec<String>,
    /// Start-up times in milliseconds, by region and node: what percentiles are made of.
    starts: BTreeMap<String, Vec<f64>>,
    /// Traces in which something went wrong, a few: a drill looks for them in Jaeger.
    pub(crate) failed_traces: Vec<String>,
}

fn text(value: Option<any_value::Value>) -> String {
    match value {
        Some(any_value::Value::StringValue(text)) => text,
        Some(any_value::Value::IntValue(number)) => number.to_string(),
        Some(any_value::Value::BoolValue(flag)) => flag.to_string(),
        other => format!("{other:?}"),
    }
}

/// Bytes in hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

fn labels(attributes: Vec<KeyValue>) -> BTreeMap<String, String> {
    attributes.into_iter().map(|pair| (pair.key, text(pair.value.and_then(|value| value.value)))).collect()
}

impl Account {
    /// An empty one, which keeps ids or does not.
    pub(crate) fn new(keeps_ids: bool) -> Self {
        Self { keeps_ids, ..Self::default() }
    }

    /// The script did something that a metric counts or measures.
    pub(crate) fn happened(&mut self, name: &str, attributes: &[(&str, &str)], value: f64) {
        let attributes = attributes.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
        let total = self.script.entry((name.into(), attributes)).or_default();
        total.sum += value;
        total.count += 1;
    }

    /// A play started after so many milliseconds.
    pub(crate) fn started(&mut self, region: &str, node: &str, millis: f64) {
        self.starts.entry(format!("{region} {node}")).or_default().push(millis);
    }

    /// An export was answered.
    pub(crate) fn answered(&mut self, status: u16) {
        *self.statuses.entry(status).or_default() += 1;
    }

    /// The Collector has acknowledged this.
    pub(crate) fn acknowledge(&mut self, export: &Export) {
        if export.signal != Signal::Metrics {
            if self.keeps_ids {
                self.keep_ids(export);
            }
            return;
        }
        add_points(&mut self.acknowledged, export);
    }

    /// A request is sent again though it may have arrived.
    pub(crate) fn send_again(&mut self, export: &Export) {
        self.unsure += 1;
        if export.signal == Signal::Metrics {
            self.unsure_points += add_points(&mut self.unsure_totals, export);
        }
    }

    fn keep_ids(&mut self, export: &Export) {
        if let (Signal::Traces, Ok(request)) =
            (export.signal, ExportTraceServiceRequest::decode(export.body.as_slice()))
        {
            let spans = request.resource_spans.into_iter().flat_map(|r| r.scope_spans).flat_map(|s| s.spans);
            self.spans.extend(spans.map(|span| hex(&span.span_id)));
        }
        if let (Signal::Logs, Ok(request)) =
            (export.signal, ExportLogsServiceRequest::decode(export.body.as_slice()))
        {
            let records =
                request.resource_logs.into_iter().flat_map(|r| r.scope_logs).flat_map(|s| s.log_records);
            let id = |attributes: Vec<KeyValue>| labels(attributes).remove("log.record.uid");
            self.logs.extend(records.filter_map(|record| id(record.attributes)));
        }
    }

    /// All of it, as the report has it.
    pub(crate) fn report(&self, listeners: &[Listener], exporter: &Exporter) -> serde_json::Value {
        let list = |of: &BTreeMap<Series, Total>| -> Vec<_> {
            let one = |((name, attributes), total): (&Series, &Total)| serde_json::json!({ "name": name, "attributes": attributes, "sum": total.sum, "count": total.count });
            of.iter().map(one).collect()
        };
        let mut signals = BTreeMap::new();
        for signal in Signal::ALL {
            let mut sums: BTreeMap<&str, u64> = BTreeMap::new();
            for account in listeners.iter().filter_map(|listener| listener.account(signal)) {
                for (name, value) in [
                    ("started", account.started),
                    ("exported", account.exported),
                    ("pending", account.pending),
                ] {
                    *sums.entry(name).or_default() += value;
                }
                for reason in DropReason::ALL {
                    *sums.entry(reason.as_str()).or_default() += account.dropped(reason);
                }
            }
            signals.insert(path_name(signal), sums);
        }
        serde_json::json!({
            "listeners": listeners.len(),
            "requests": exporter.sent,
            "bytes": exporter.bytes,
            "statuses": self.statuses,
            "unsure": self.unsure,
            "unsurePoints": self.unsure_points,
            "unsureTotals": list(&self.unsure_totals),
            "failedTraces": self.failed_traces,
            "signals": signals,
            "starts": self.starts,
            "ids": { "spans": self.spans, "logs": self.logs },
            "script": list(&self.script),
            "acknowledged": list(&self.acknowledged),
        })
    }
}

/// Adds the points of a request to the totals of their series, and gives how many there are.
fn add_points(totals: &mut BTreeMap<Series, Total>, export: &Export) -> u64 {
    let Ok(request) = ExportMetricsServiceRequest::decode(export.body.as_slice()) else { return 0 };
    let mut points = 0;
    for metric in request.resource_metrics.into_iter().flat_map(|r| r.scope_metrics).flat_map(|s| s.metrics) {
        let name = metric.name;
        let mut add = |attributes, sum, count| {
            let total = totals.entry((name.clone(), labels(attributes))).or_default();
            total.sum += sum;
            total.count += count;
            points += 1;
        };
        match metric.data {
            Some(metric::Data::Sum(sum)) => sum.data_points.into_iter().for_each(|point| {
                let value = match point.value {
                    Some(number_data_point::Value::AsDouble(value)) => value,
                    Some(number_data_point::Value::AsInt(value)) => value as f64,
                    None => 0.0,
                };
                add(point.attributes, value, 1);
            }),
            Some(metric::Data::ExponentialHistogram(histogram)) => histogram
                .data_points
                .into_iter()
                .for_each(|point| add(point.attributes, point.sum.unwrap_or_default(), point.count)),
            _ => {}
        }
    }
    points
}

fn path_name(signal: Signal) -> &'static str {
    match signal {
        Signal::Traces => "traces",
        Signal::Metrics => "metrics",
        Signal::Logs => "logs",
    }
}
