//! Engine scenarios: a fake host with a hand-moved clock plays, stalls, seeks, fails, and reads the trace it
//! left.

mod events;
mod fallback;
mod faults;
mod liveness;
mod output;
mod plays;
mod seeks;
mod timers;
mod told;

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use tonearm_player::engine::Input;
use tonearm_telemetry::Signal;

use crate::fake_host::FakeHost;
use crate::otlp::spans_of;

/// Every span that was exported, after a flush.
fn spans(host: &mut FakeHost) -> Vec<Span> {
    host.input(Input::Flush { telemetry: 1 });
    host.exports
        .iter()
        .filter(|export| export.signal == Signal::Traces)
        .flat_map(|export| spans_of(&export.body))
        .collect()
}

fn named<'a>(spans: &'a [Span], name: &str) -> &'a Span {
    let found: Vec<&Span> = spans.iter().filter(|span| span.name == name).collect();
    assert_eq!(found.len(), 1, "{name} in {:?}", spans.iter().map(|span| &span.name).collect::<Vec<_>>());
    found[0]
}

fn text(span: &Span, key: &str) -> Option<String> {
    let attribute = span.attributes.iter().find(|attribute| attribute.key == key)?;
    match attribute.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text.clone()),
        Value::IntValue(number) => Some(number.to_string()),
        Value::DoubleValue(number) => Some(format!("{number:.3}")),
        _ => None,
    }
}

fn millis(span: &Span) -> f64 {
    (span.end_time_unix_nano - span.start_time_unix_nano) as f64 / 1e6
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

fn is_error(span: &Span) -> bool {
    span.status.as_ref().is_some_and(|status| status.code == 2)
}
