//! `opentelemetry::trace`: a tracer whose spans are the core's.

use std::borrow::Cow;
use std::time::SystemTime;

use opentelemetry::trace::{self, SpanBuilder, SpanKind as ApiKind, Status, TraceContextExt, TraceState};
use opentelemetry::{Context, InstrumentationScope, KeyValue, SpanId, TraceFlags, TraceId};

use super::Handle;
use super::value::{self, context_of, unix_nanos};
use tonearm_base::time::Instant;
use tonearm_telemetry::{Parent, SpanKey, SpanKind, SpanOptions};

/// Makes tracers of one pipeline.
#[derive(Debug, Clone)]
pub struct TracerProvider(pub(super) Handle);

impl trace::TracerProvider for TracerProvider {
    type Tracer = Tracer;

    /// Scopes are not told apart: a page's records have one resource, and little more.
    fn tracer_with_scope(&self, _: InstrumentationScope) -> Tracer {
        Tracer(self.0)
    }
}

/// Starts spans of one pipeline.
#[derive(Debug, Clone)]
pub struct Tracer(Handle);

fn kind_of(kind: Option<&ApiKind>) -> SpanKind {
    match kind {
        None | Some(ApiKind::Internal) => SpanKind::Internal,
        Some(ApiKind::Server) => SpanKind::Server,
        Some(ApiKind::Client) => SpanKind::Client,
        Some(ApiKind::Producer) => SpanKind::Producer,
        Some(ApiKind::Consumer) => SpanKind::Consumer,
    }
}

impl trace::Tracer for Tracer {
    type Span = Span;

    fn build_with_context(&self, builder: SpanBuilder, parent: &Context) -> Span {
        let above = parent.span().span_context().clone();
        let state = above.trace_state().header();
        let options = SpanOptions {
            parent: context_of(&above).map(Parent::Context),
            state: state.as_bytes(),
            ..SpanOptions::new(&builder.name).kind(kind_of(builder.span_kind.as_ref()))
        };
        let started = self.0.record(|telemetry, now| {
            let at = builder.start_time.map_or(now, |time| telemetry.instant(unix_nanos(time)));
            let key = telemetry.start_span(at, options)?;
            Some((key, telemetry.span_context(key)?))
        });
        let Some(Some((key, context))) = started else { return Span::none(self.0) };
        let context = trace::SpanContext::new(
            TraceId::from_bytes(context.trace_id),
            SpanId::from_bytes(context.span_id),
            TraceFlags::new(context.flags),
            false,
            above.trace_state().clone(),
        );
        let mut span = Span { handle: self.0, key: Some(key), context };
        trace::Span::set_attributes(&mut span, builder.attributes.into_iter().flatten());
        for link in builder.links.into_iter().flatten() {
            trace::Span::add_link(&mut span, link.span_context, link.attributes);
        }
        for event in builder.events.into_iter().flatten() {
            trace::Span::add_event_with_timestamp(&mut span, event.name, event.timestamp, event.attributes);
        }
        span
    }
}

/// A span; it ends when it is dropped, if not before.
#[derive(Debug)]
pub struct Span {
    handle: Handle,
    /// None once it has ended.
    key: Option<SpanKey>,
    context: trace::SpanContext,
}

impl Span {
    fn none(handle: Handle) -> Self {
        Self { handle, key: None, context: trace::SpanContext::empty_context() }
    }

    fn with(&self, change: impl FnOnce(&mut tonearm_telemetry::Telemetry, Instant, SpanKey)) {
        if let Some(key) = self.key {
            self.handle.record(|telemetry, now| change(telemetry, now, key));
        }
    }
}

impl trace::Span for Span {
    fn add_event<T>(&mut self, name: T, attributes: Vec<KeyValue>)
    where
        T: Into<Cow<'static, str>>,
    {
        let (name, attributes) = (name.into(), value::encode(&attributes, 3));
        self.with(|telemetry, now, key| telemetry.add_encoded_event(key, now, &name, &attributes));
    }

    fn add_event_with_timestamp<T>(&mut self, name: T, timestamp: SystemTime, attributes: Vec<KeyValue>)
    where
        T: Into<Cow<'static, str>>,
    {
        let (name, attributes) = (name.into(), value::encode(&attributes, 3));
        self.with(|telemetry, _, key| {
            let at = telemetry.instant(unix_nanos(timestamp));
            telemetry.add_encoded_event(key, at, &name, &attributes);
        });
    }

    fn span_context(&self) -> &trace::SpanContext {
        &self.context
    }

    fn is_recording(&self) -> bool {
        self.key.is_some()
    }

    fn set_attribute(&mut self, attribute: KeyValue) {
        self.with(|telemetry, _, key| value::with(&attribute, |name, value| telemetry.set(key, name, value)));
    }

    fn set_status(&mut self, status: Status) {
        // That nothing went wrong is what a span without a status says.
        if let Status::Error { description } = status {
            self.with(|telemetry, _, key| telemetry.fail(key, &description));
        }
    }

    fn update_name<T>(&mut self, name: T)
    where
        T: Into<Cow<'static, str>>,
    {
        let name = name.into();
        self.with(|telemetry, _, key| telemetry.rename(key, &name));
    }

    fn add_link(&mut self, context: trace::SpanContext, attributes: Vec<KeyValue>) {
        if let Some(context) = context_of(&context) {
            let attributes = value::encode(&attributes, 4);
            self.with(|telemetry, _, key| telemetry.add_link(key, &context, &attributes));
        }
    }

    fn end(&mut self) {
        self.with(|telemetry, now, key| telemetry.end_span(now, key, now));
        self.key = None;
    }

    fn end_with_timestamp(&mut self, timestamp: SystemTime) {
        self.with(|telemetry, now, key| {
            let at = telemetry.instant(unix_nanos(timestamp));
            telemetry.end_span(now, key, at);
        });
        self.key = None;
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        trace::Span::end(self);
    }
}

/// The state as the API has it; what it does not take, by its older grammar, is none.
pub(super) fn api_state(state: &str) -> TraceState {
    state.parse().unwrap_or_default()
}
