//! The way from a player to its pipeline: calls that do nothing where there is no pipeline, or no such span.

use super::metrics::Metric;
use super::semconv as name;
use crate::playback::State;
use tonearm_base::time::Instant;
use tonearm_telemetry::{Log, SAMPLED, Severity, SpanContext, SpanKey, SpanOptions, Telemetry, Value};

/// Where a play's spans go, and what time it is.
#[derive(Debug)]
pub struct Teller<'a> {
    /// The player's pipeline, if it has one.
    pub telemetry: Option<&'a mut Telemetry>,
    /// Now.
    pub now: Instant,
    /// The player's state.
    pub state: State,
}

impl Teller<'_> {
    pub(super) fn start(&mut self, at: Instant, options: SpanOptions<'_>) -> Option<SpanKey> {
        self.telemetry.as_mut()?.start_span(at, options)
    }

    #[inline(never)]
    pub(super) fn set(&mut self, key: Option<SpanKey>, name: &str, value: Value<'_>) {
        if let (Some(telemetry), Some(key)) = (self.telemetry.as_mut(), key) {
            telemetry.set(key, name, value);
        }
    }

    pub(super) fn set_encoded(&mut self, key: Option<SpanKey>, attributes: &[u8]) {
        if let (Some(telemetry), Some(key)) = (self.telemetry.as_mut(), key) {
            telemetry.set_encoded(key, attributes);
        }
    }

    /// Marks a span as failed, with its class and perhaps a sentence.
    #[inline(never)]
    pub(super) fn fail(&mut self, key: Option<SpanKey>, error_type: &str, message: &str) {
        if let (Some(telemetry), Some(key)) = (self.telemetry.as_mut(), key) {
            telemetry.set(key, name::ERROR_TYPE, Value::Text(error_type));
            telemetry.fail(key, message);
        }
    }

    #[inline(never)]
    pub(super) fn end(&mut self, key: Option<SpanKey>, at: Instant) {
        if let (Some(telemetry), Some(key)) = (self.telemetry.as_mut(), key) {
            telemetry.end_span(self.now, key, at);
        }
    }

    /// Holds a trace that was not chosen until it is known how the play went.
    pub(super) fn hold(&mut self, context: Option<SpanContext>) {
        if let (Some(telemetry), Some(context)) = (self.telemetry.as_mut(), context) {
            telemetry.hold(&context);
        }
    }

    /// The play is one to look at: its trace is exported, if it was held.
    #[inline(never)]
    pub(super) fn keep(&mut self, context: &mut Option<SpanContext>) {
        if let (Some(telemetry), Some(context)) = (self.telemetry.as_mut(), context)
            && telemetry.keep(self.now, context)
        {
            context.flags |= SAMPLED;
        }
    }

    /// The play went well.
    pub(super) fn let_go(&mut self, context: Option<SpanContext>) {
        if let (Some(telemetry), Some(context)) = (self.telemetry.as_mut(), context) {
            telemetry.let_go(&context);
        }
    }

    /// Counts or measures, with the span of the moment for the exemplar; attributes come in the order in
    /// which the instrument declares them.
    pub(super) fn measure(
        &mut self,
        metric: Metric,
        value: f64,
        attributes: &[Value<'_>],
        context: Option<SpanContext>,
    ) {
        if let Some(telemetry) = self.telemetry.as_mut() {
            telemetry.measure(self.now, metric as u32, value, attributes, context);
        }
    }

    /// Tells an event, with the span of the moment and the player's state.
    pub(super) fn log(
        &mut self,
        severity: Severity,
        event: &str,
        body: &str,
        attributes: &[(&str, Value<'_>)],
        context: Option<SpanContext>,
    ) {
        if let Some(telemetry) = self.telemetry.as_mut() {
            let mut all = attributes.to_vec();
            all.push((name::PLAYER_STATE, Value::Text(self.state.as_str())));
            telemetry.log(self.now, &Log { severity, event, body, context, attributes: &all });
        }
    }
}
