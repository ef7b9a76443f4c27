//! `opentelemetry::propagation`: the core's formats as a propagator.

use opentelemetry::baggage::BaggageExt;
use opentelemetry::propagation::text_map_propagator::FieldIter;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry::trace::{SpanContext, TraceContextExt};
use opentelemetry::{Context, KeyValue, SpanId, TraceFlags, TraceId};

use super::trace::api_state;
use super::value::context_of;
use tonearm_telemetry::{Baggage, BaggageEntry, Propagators, extract, inject};

/// Hands contexts on in the formats of a set.
#[derive(Debug)]
pub struct Propagator {
    set: Propagators,
    fields: Vec<String>,
}

impl Propagator {
    /// A propagator of those formats.
    pub fn new(set: Propagators) -> Self {
        let named = [
            (Propagators::TRACE_CONTEXT, "traceparent"),
            (Propagators::TRACE_CONTEXT, "tracestate"),
            (Propagators::BAGGAGE, "baggage"),
            (Propagators::B3, "b3"),
            (Propagators::B3_MULTI, "x-b3-traceid"),
            (Propagators::B3_MULTI, "x-b3-spanid"),
            (Propagators::B3_MULTI, "x-b3-sampled"),
        ];
        let fields =
            named.iter().filter(|(one, _)| set.0 & one.0 > 0).map(|(_, name)| (*name).to_owned()).collect();
        Self { set, fields }
    }
}

fn baggage_of(context: &Context) -> String {
    let mut baggage = Baggage::default();
    for (key, (value, properties)) in context.baggage() {
        let entry = BaggageEntry {
            key: key.as_str().into(),
            value: value.as_str().into(),
            properties: properties.as_str().into(),
        };
        // What is no member, or finds no room, is left out.
        let _ = baggage.set(entry);
    }
    baggage.header()
}

impl TextMapPropagator for Propagator {
    fn inject_context(&self, context: &Context, injector: &mut dyn Injector) {
        let span = context.span();
        let Some(current) = context_of(span.span_context()) else { return };
        let state = span.span_context().trace_state().header();
        let lines = inject(self.set, &current, &state, &baggage_of(context)).into_lines();
        for (name, value) in lines.lines().filter_map(|line| line.split_once(": ")) {
            injector.set(name, value.to_owned());
        }
    }

    fn extract_with_context(&self, context: &Context, extractor: &dyn Extractor) -> Context {
        let mut context = context.clone();
        if let Some((found, state)) = extract(self.set, |name| extractor.get(name)) {
            context = context.with_remote_span_context(SpanContext::new(
                TraceId::from_bytes(found.trace_id),
                SpanId::from_bytes(found.span_id),
                TraceFlags::new(found.flags),
                true,
                api_state(state.as_str()),
            ));
        }
        let header = extractor.get("baggage").filter(|_| self.set.0 & Propagators::BAGGAGE.0 > 0);
        if let Some(baggage) = header.and_then(|header| Baggage::parse(header).ok()) {
            let entry = |entry: &BaggageEntry| KeyValue::new(entry.key.clone(), entry.value.clone());
            context = context.with_baggage(baggage.entries().iter().map(entry));
        }
        context
    }

    fn fields(&self) -> FieldIter<'_> {
        FieldIter::new(&self.fields)
    }
}
