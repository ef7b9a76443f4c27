//! Records what a player does in its pipeline. Every call does nothing where there is no pipeline, or no such
//! span.

use super::metrics::Metric;
use super::semconv as name;
use crate::playback::State;
use tonearm_base::time::Instant;
use tonearm_telemetry::{Log, SAMPLED, Severity, SpanContext, SpanKey, SpanOptions, Telemetry, Value};

/// Records a play's telemetry at one moment.
#[derive(Debug)]
pub struct PlayRecorder<'a> {
    /// The player's pipeline, if it has one.
    pub telemetry: Option<&'a mut Telemetry>,
    /// Now.
    pub now: Instant,
    /// The player's state.
    pub state: State,
}

impl PlayRecorder<'_> {
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

    /// Holds a trace that was not sampled until it is known how the play went.
    pub(super) fn hold_trace(&mut self, context: Option<SpanContext>) {
        if let (Some(telemetry), Some(context)) = (self.telemetry.as_mut(), context) {
            telemetry.hold(&context);
        }
    }

    /// Exports the play's trace, if it was held: the play is one to look at.
    #[inline(never)]
    pub(super) fn export_held_trace(&mut self, context: &mut Option<SpanContext>) {
        if let (Some(telemetry), Some(context)) = (self.telemetry.as_mut(), context)
            && telemetry.keep(self.now, context)
        {
            context.flags |= SAMPLED;
        }
    }

    /// Drops the play's trace, if it was held: the play went well.
    pub(super) fn drop_held_trace(&mut self, context: Option<SpanContext>) {
        if let (Some(telemetry), Some(context)) = (self.telemetry.as_mut(), context) {
            telemetry.let_go(&context);
        }
    }

    /// Records a measurement, with the current span for its exemplar; attributes are in the order in
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

    /// Records an event, with the current span and the player's state.
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
