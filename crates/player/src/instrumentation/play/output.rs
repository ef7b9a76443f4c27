//! What a play records of what the listener hears: its start, states, stalls and seeks.

use super::PlayTrace;
use crate::instrumentation::metrics::Metric;
use crate::instrumentation::recorder::PlayRecorder;
use crate::instrumentation::semconv as name;
use crate::playback::State;
use crate::qoe::{Phase, StallCause, StartUp};
use tonearm_base::time::Instant;
use tonearm_telemetry::{INFO, Value};

impl PlayTrace {
    /// Records that the machine went from one state to another.
    pub fn transition(&self, recorder: &mut PlayRecorder<'_>, from: State, state: State) {
        recorder.state = state;
        let (from, to_state) = (Value::Text(from.as_str()), Value::Text(state.as_str()));
        recorder.measure(Metric::PlayerStateTransitions, 1.0, &[from, to_state], self.context);
        let attributes = [(name::FROM, from), (name::TO, to_state)];
        recorder.log(INFO, name::EVENT_STATE_CHANGED, state.as_str(), &attributes, self.context);
    }

    /// Records the heartbeat of a session in which something is to be heard.
    pub fn heartbeat(&self, recorder: &mut PlayRecorder<'_>) {
        let now = recorder.now;
        if recorder.telemetry.as_mut().is_some_and(|telemetry| telemetry.take_new_session(now)) {
            recorder.measure(Metric::PlayerSessions, 1.0, &[], None);
        }
        recorder.measure(Metric::PlayerSessionHeartbeats, 1.0, &[], None);
        recorder.log(INFO, name::EVENT_SESSION_ACTIVE, "", &[], self.context);
    }

    /// Records that the output played these seconds of the track.
    pub fn played(&self, recorder: &mut PlayRecorder<'_>, seconds: f64) {
        recorder.measure(Metric::TrackPlayTime, seconds, &[self.node()], None);
    }

    /// The first sample is audible: the play has started.
    pub fn started(
        &mut self,
        recorder: &mut PlayRecorder<'_>,
        start: &StartUp,
        method: &'static str,
        rate: u32,
    ) {
        let Some(root) = self.root.take() else { return };
        let audible = start.end_of(Phase::Output).unwrap_or(recorder.now);
        let latency = audible.since(start.requested());
        if recorder
            .telemetry
            .as_ref()
            .and_then(|telemetry| telemetry.slow())
            .is_some_and(|slow| latency > slow)
        {
            recorder.export_held_trace(&mut self.context);
        }
        let output = self.output.take();
        recorder.set(output, name::AUDIO_OUTPUT_SAMPLE_RATE, rate.into());
        recorder.end(output, audible);
        for ((phase, length), name) in start.phases().iter().zip(name::TRACK_PLAY_PHASE) {
            let seconds = length.as_secs_f64();
            recorder.set(Some(root), name, seconds.into());
            let attributes = [Value::Text(phase.as_str()), self.node()];
            recorder.measure(Metric::TrackPlayPhase, seconds, &attributes, self.context);
        }
        let latency = latency.as_secs_f64();
        let attributes = [Value::Text(self.trigger), Value::Text(method), self.node()];
        recorder.measure(Metric::TrackPlayLatency, latency, &attributes, self.context);
        self.record_wait_time(recorder, "startup", latency);
        self.record_outcome(recorder, "started", None);
        recorder.set(Some(root), name::AUDIO_OUTPUT_METHOD, Value::Text(method));
        recorder.set(Some(root), name::TRACK_PLAY_OUTCOME, Value::Text("started"));
        recorder.end(Some(root), audible);
    }

    /// The output has no samples.
    pub fn stall_started(&mut self, recorder: &mut PlayRecorder<'_>, at: Instant, cause: StallCause) {
        if self.underrun.is_none() {
            self.underrun = Some((at, cause));
            recorder.export_held_trace(&mut self.context);
            self.stall = self.child(recorder, at, name::SPAN_TRACK_STALL);
            recorder.set(self.stall, name::TRACK_STALL_CAUSE, Value::Text(cause.as_str()));
            let attributes = [Value::Text(cause.as_str()), self.node()];
            recorder.measure(Metric::TrackStalls, 1.0, &attributes, self.context);
            if cause != StallCause::Device {
                recorder.measure(Metric::AudioBufferUnderflows, 1.0, &[self.node()], self.context);
            }
        }
    }

    /// The output goes on, after `frames` of silence, which take `seconds`.
    pub fn stall_ended(&mut self, recorder: &mut PlayRecorder<'_>, at: Instant, frames: u64, seconds: f64) {
        recorder.set(self.stall, name::AUDIO_BUFFER_UNDERFLOW_FRAMES, Value::Int(frames.cast_signed()));
        self.end_stall(recorder, at, seconds);
    }

    /// Ends the stall's span and records it: `seconds` were silent.
    pub(super) fn end_stall(&mut self, recorder: &mut PlayRecorder<'_>, at: Instant, seconds: f64) {
        recorder.end(self.stall.take(), at);
        let Some((since, cause)) = self.underrun.take() else { return };
        let duration = at.since(since).as_secs_f64();
        let attributes = [Value::Text(cause.as_str()), self.node()];
        recorder.measure(Metric::TrackStallDuration, duration, &attributes, self.context);
        self.record_wait_time(recorder, "stall", duration);
        if cause != StallCause::Device {
            recorder.measure(Metric::AudioBufferUnderflow, seconds, &[self.node()], self.context);
        }
    }

    /// The listener asks for another position.
    pub fn seek_started(&mut self, recorder: &mut PlayRecorder<'_>, from: f64, position: f64) {
        recorder.end(self.seek.take(), recorder.now);
        self.seek_requested = Some(recorder.now);
        self.seek = self.child(recorder, recorder.now, name::SPAN_TRACK_SEEK);
        recorder.set(self.seek, name::TRACK_SEEK_FROM, from.into());
        recorder.set(self.seek, name::TRACK_SEEK_TO, position.into());
    }

    /// The new position is audible, or ready while the track is paused.
    pub fn seek_ended(&mut self, recorder: &mut PlayRecorder<'_>, at: Instant) {
        recorder.end(self.seek.take(), at);
        if let Some(requested) = self.seek_requested.take() {
            let latency = at.since(requested).as_secs_f64();
            recorder.measure(Metric::TrackSeekLatency, latency, &[], self.context);
            self.record_wait_time(recorder, "seek", latency);
        }
    }
}
