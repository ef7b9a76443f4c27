//! The `opentelemetry` API over the core, decoded from what leaves: spans of the API and of `tracing`, all
//! instruments, log records, propagation.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use opentelemetry::baggage::BaggageExt;
use opentelemetry::logs::{LogRecord as _, Logger as _, LoggerProvider as _, Severity};
use opentelemetry::metrics::MeterProvider as _;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{
    Link, Span as _, SpanKind, Status, TraceContextExt, Tracer as _, TracerProvider as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::{metric::Data, number_data_point};
use prost::Message;
use tonearm::opentelemetry::{Handle, Host, Propagator, pipeline};
use tonearm_base::time::{Duration, Instant};
use tonearm_telemetry::{Attributes, Config, Consent, Export, Propagators, Reply, Signal};
use tracing_subscriber::layer::SubscriberExt;

use crate::logs::records_of;
use crate::otlp::spans_of;

/// What was sent, and the clock of who sent it.
#[derive(Debug, Clone, Default)]
struct Surroundings {
    millis: Rc<RefCell<f64>>,
    sent: Rc<RefCell<Vec<Export>>>,
    due: Rc<RefCell<Option<Duration>>>,
    /// What pipelines that the host has besides were called for.
    besides: Rc<RefCell<Vec<String>>>,
}

impl Host for Surroundings {
    fn now(&self) -> Instant {
        Instant::from_millis(*self.millis.borrow())
    }

    fn wall_millis(&self) -> f64 {
        1e12 + *self.millis.borrow()
    }

    fn send(&self, _: Handle, export: Export) {
        self.sent.borrow_mut().push(export);
    }

    fn wake(&self, _: Handle, after: Option<Duration>) {
        *self.due.borrow_mut() = after;
    }

    fn set_consent(&self, handle: Handle, consent: Consent) {
        // The pipeline itself has the decision by now, and may be asked.
        let pending = handle.account(Signal::Traces).pending;
        self.besides.borrow_mut().push(format!("{consent:?}, {pending} pending"));
    }

    fn flush(&self, _: Handle) {
        self.besides.borrow_mut().push("flush".into());
    }
}

fn start() -> (Handle, Surroundings) {
    let surroundings = Surroundings::default();
    *surroundings.millis.borrow_mut() = 1000.0;
    let resource = Attributes::default().with("service.name", "front-end").finish();
    let config = Config { resource, ..Config::default() };
    (pipeline(config, 1e12, [1, 2], surroundings.clone()), surroundings)
}

/// Flushes, answers, and gives what left for a signal.
fn bodies(handle: Handle, surroundings: &Surroundings, signal: Signal) -> Vec<Vec<u8>> {
    handle.flush();
    let mut answered = 0;
    while answered < surroundings.sent.borrow().len() {
        let id = surroundings.sent.borrow()[answered].id;
        handle.replied(id, &Reply::Response { status: 200, retry_after: None, body: Vec::new() });
        answered += 1;
    }
    surroundings
        .sent
        .borrow()
        .iter()
        .filter(|sent| sent.signal == signal)
        .map(|sent| sent.body.clone())
        .collect()
}

#[test]
fn spans_of_the_api_are_ours() {
    let (handle, surroundings) = start();
    let tracer = handle.tracer_provider().tracer("shop");
    let mut other = tracer.start("other");
    let linked = other.span_context().clone();
    other.end();
    tracer.in_span("outer", |context| {
        let span = context.span();
        span.set_attribute(KeyValue::new("flag", true));
        span.set_attribute(KeyValue::new("list", opentelemetry::Value::Array(vec![1i64, 2].into())));
        span.add_event("clicked", vec![KeyValue::new("x", 1.5)]);
        span.update_name("renamed");
        *surroundings.millis.borrow_mut() += 5.0;
        let builder = tracer.span_builder("inner").with_kind(SpanKind::Client).with_links(vec![Link::new(
            linked.clone(),
            vec![KeyValue::new("why", "test")],
            0,
        )]);
        let mut inner = tracer.build(builder);
        inner.set_status(Status::error("it broke"));
        *surroundings.millis.borrow_mut() += 10.0;
    });
    assert!(surroundings.due.borrow().is_some(), "somebody wakes it");
    let spans: Vec<_> =
        bodies(handle, &surroundings, Signal::Traces).iter().flat_map(|body| spans_of(body)).collect();
    let named = |name: &str| spans.iter().find(|span| span.name == name).unwrap_or_else(|| panic!("{name}"));
    let (outer, inner) = (named("renamed"), named("inner"));
    assert_eq!(inner.parent_span_id, outer.span_id);
    assert_eq!((inner.kind, inner.status.as_ref().unwrap().message.as_str()), (3, "it broke"));
    assert_eq!(inner.links[0].span_id, linked.span_id().to_bytes());
    assert_eq!(inner.links[0].attributes[0].key, "why");
    assert_eq!(inner.end_time_unix_nano - inner.start_time_unix_nano, 10_000_000);
    assert_eq!(outer.end_time_unix_nano - outer.start_time_unix_nano, 15_000_000);
    assert_eq!(outer.events[0].name, "clicked");
    let keys: Vec<_> = outer.attributes.iter().map(|attribute| attribute.key.as_str()).collect();
    assert_eq!(keys, ["flag", "list", "session.id"]);
    let account = handle.account(Signal::Traces);
    assert_eq!((account.started, account.exported, account.pending), (3, 3, 0));
}

#[test]
fn tracing_goes_the_same_way() {
    let (handle, surroundings) = start();
    let layer = tracing_opentelemetry::layer().with_tracer(handle.tracer_provider().tracer("tracing"));
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
        let outer = tracing::info_span!("outer", track = "night-bus");
        let _entered = outer.enter();
        tracing::info_span!("inner").in_scope(|| tracing::warn!("slow"));
    });
    let spans: Vec<_> =
        bodies(handle, &surroundings, Signal::Traces).iter().flat_map(|body| spans_of(body)).collect();
    let inner = spans.iter().find(|span| span.name == "inner").expect("inner");
    let outer = spans.iter().find(|span| span.name == "outer").expect("outer");
    assert_eq!(
        (inner.trace_id.clone(), inner.parent_span_id.clone()),
        (outer.trace_id.clone(), outer.span_id.clone())
    );
    assert_eq!(inner.events[0].name, "slow");
    assert!(outer.attributes.iter().any(|attribute| attribute.key == "track"));
}

#[test]
fn every_instrument_counts() {
    let (handle, surroundings) = start();
    let meter = handle.meter_provider().meter("shop");
    let labels = [KeyValue::new("page", "cart")];
    meter.u64_counter("c.u64").with_unit("{click}").build().add(3, &labels);
    meter.f64_counter("c.f64").build().add(1.5, &labels);
    meter.i64_up_down_counter("ud").build().add(-2, &labels);
    meter.f64_gauge("g").build().record(20.5, &labels);
    meter.f64_histogram("h").with_unit("s").build().record(0.25, &labels);
    meter.f64_histogram("h.explicit").with_boundaries(vec![1.0, 2.0]).build().record(1.5, &labels);
    // The API wants what threads may share.
    let shown = std::sync::atomic::AtomicU64::new(7);
    let _observed = meter
        .u64_observable_counter("o")
        .with_callback(move |observer| {
            observer.observe(shown.fetch_add(5, std::sync::atomic::Ordering::Relaxed), &[]);
        })
        .build();
    let mut values: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for round in 0..2 {
        *surroundings.millis.borrow_mut() += 60_000.0 * f64::from(round);
        bodies(handle, &surroundings, Signal::Metrics);
    }
    for body in surroundings.sent.borrow().iter().filter(|sent| sent.signal == Signal::Metrics) {
        let request = ExportMetricsServiceRequest::decode(&*body.body).unwrap();
        for metric in
            request.resource_metrics.into_iter().flat_map(|r| r.scope_metrics).flat_map(|s| s.metrics)
        {
            let value = match metric.data.unwrap() {
                Data::Sum(sum) => sum.data_points[0].value,
                Data::Gauge(gauge) => gauge.data_points[0].value,
                Data::ExponentialHistogram(histogram) => {
                    Some(number_data_point::Value::AsDouble(histogram.data_points[0].sum.unwrap()))
                }
                Data::Histogram(histogram) => {
                    assert_eq!(histogram.data_points[0].bucket_counts, [0, 1, 0]);
                    Some(number_data_point::Value::AsDouble(histogram.data_points[0].sum.unwrap()))
                }
                Data::Summary(_) => None,
            };
            let Some(number_data_point::Value::AsDouble(value)) = value else { panic!("{value:?}") };
            values.entry(metric.name).or_default().push(value);
        }
    }
    let told: Vec<_> = values.iter().map(|(name, values)| (name.as_str(), values.as_slice())).collect();
    // What is observed is told as what came beyond the last time.
    let expected: [(&str, &[f64]); 7] = [
        ("c.f64", &[1.5]),
        ("c.u64", &[3.0]),
        ("g", &[20.5]),
        ("h", &[0.25]),
        ("h.explicit", &[1.5]),
        ("o", &[7.0, 5.0]),
        ("ud", &[-2.0]),
    ];
    assert_eq!(told, expected);
}

#[test]
fn log_records_belong_to_the_span_of_the_moment() {
    let (handle, surroundings) = start();
    let logger = handle.logger_provider().logger("shop");
    let tracer = handle.tracer_provider().tracer("shop");
    let id = tracer.in_span("span", |context| {
        let mut record = logger.create_log_record();
        record.set_event_name("checkout.failed");
        record.set_severity_number(Severity::Warn);
        record.set_body("no stock".into());
        record.add_attribute("items", vec![1i64, 2].into_iter().collect::<opentelemetry::logs::AnyValue>());
        logger.emit(record);
        context.span().span_context().trace_id()
    });
    assert!(logger.event_enabled(Severity::Trace, "shop", None));
    let records: Vec<_> =
        bodies(handle, &surroundings, Signal::Logs).iter().flat_map(|body| records_of(body)).collect();
    assert_eq!((records[0].event_name.as_str(), records[0].severity_number), ("checkout.failed", 13));
    assert_eq!(records[0].trace_id, id.to_bytes());
    assert_eq!(records[0].attributes[0].key, "items");
}

#[test]
fn contexts_and_baggage_go_there_and_back() {
    let (handle, _) = start();
    let span = handle.tracer_provider().tracer("shop").start("span");
    let context = Context::new().with_span(span).with_baggage([KeyValue::new("plan", "free ü")]);
    let propagator = Propagator::new(Propagators(15));
    let mut carrier = HashMap::new();
    propagator.inject_context(&context, &mut carrier);
    assert_eq!(carrier.len(), propagator.fields().count() - 1, "there is no state: {carrier:?}");
    let found = propagator.extract_with_context(&Context::new(), &carrier);
    let (sent, read) = (context.span().span_context().clone(), found.span().span_context().clone());
    assert_eq!((read.trace_id(), read.span_id(), read.is_remote()), (sent.trace_id(), sent.span_id(), true));
    assert_eq!(found.baggage().get("plan").map(ToString::to_string).as_deref(), Some("free ü"));
    let child = handle.tracer_provider().tracer("shop").start_with_context("child", &found);
    assert_eq!(child.span_context().trace_id(), sent.trace_id());
}

#[test]
fn baggage_comes_in_where_its_format_is_in_the_set() {
    let carrier = HashMap::from([("baggage".to_owned(), "plan=free".to_owned())]);
    for (set, members) in [(Propagators::TRACE_CONTEXT, 0), (Propagators::BAGGAGE, 1)] {
        let found = Propagator::new(set).extract_with_context(&Context::new(), &carrier);
        assert_eq!(found.baggage().len(), members, "{set:?}");
    }
}

#[test]
fn a_page_that_is_left_sends_what_fits() {
    let (handle, surroundings) = start();
    handle.tracer_provider().tracer("shop").start("span").end();
    handle.leave();
    let sent = surroundings.sent.borrow();
    assert!(sent.len() == 1 && sent[0].keepalive);
}

#[test]
fn consent_and_flush_reach_the_pipelines_that_the_host_has_besides() {
    let (handle, surroundings) = start();
    handle.tracer_provider().tracer("shop").start("clicked").end();
    handle.set_consent(Consent::Denied);
    handle.flush();
    assert_eq!(*surroundings.besides.borrow(), ["Denied, 0 pending", "flush"]);
}

#[test]
fn a_session_of_another_pipeline_goes_on() {
    let (handle, surroundings) = start();
    handle.continue_session("0123456789abcdef0123456789abcdef".into());
    handle.tracer_provider().tracer("shop").start("clicked").end();
    let bodies = bodies(handle, &surroundings, Signal::Traces);
    let spans: Vec<_> = bodies.iter().flat_map(|body| spans_of(body)).collect();
    let session = spans[0].attributes.iter().find(|attribute| attribute.key == "session.id").unwrap();
    assert!(format!("{session:?}").contains("0123456789abcdef0123456789abcdef"), "{session:?}");
}
