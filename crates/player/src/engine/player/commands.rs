//! What the app asks for: a source, a play, a pause.

use tonearm_messages::Command as MediaCommand;

use super::timeline::EndOfTrack;
use super::{Player, StepContext};
use crate::engine::input::{PlayRequest, Source};
use crate::engine::output::{Output, WorkletCommand};
use crate::engine::timers::Timer;
use crate::playback::{Command, Event, Input, PlayFailure, State};

impl Player {
    pub(super) fn load(&mut self, cx: &mut StepContext<'_>, token: u32, source: Source) {
        self.end_play(cx, None);
        self.settle_plays(cx, Err(PlayFailure::Aborted));
        self.step(cx, Input::Command(Command::Load));
        self.source = Some(source);
        self.set_failure(cx, None);
        self.timeline.select();
        self.replace_lost(cx);
        if !self.media.hello_sent {
            self.send_hello(cx);
        }
        self.step(cx, Input::Event(Event::SourceSelected));
        cx.outputs.push_back(Output::Settle { player: self.id, token, result: Ok(()) });
    }

    pub(super) fn play(&mut self, cx: &mut StepContext<'_>, request: PlayRequest) {
        self.attempt.request = Some(request);
        let resuming = self.state() == State::Paused;
        let lost = self.media.lost.is_some() || self.output.lost;
        let opens = matches!(self.state(), State::Ready | State::Ended | State::Failed);
        if opens && self.media.lost != Some(PlayFailure::VersionMismatch) {
            self.replace_lost(cx);
        }
        if self.step(cx, Input::Command(Command::Play)).refused {
            let result = Err(PlayFailure::InvalidState);
            cx.outputs.push_back(Output::Settle { player: self.id, token: request.token, result });
            return;
        }
        // A play that was paused before it was audible is another attempt, with a trace of its own.
        if resuming && !self.attempt.audible {
            self.start_trace(cx);
        }
        self.attempt.promises.push(request.token);
        if self.state() == State::Playing {
            self.settle_plays(cx, Ok(()));
        }
        if resuming && lost {
            self.reopen(cx);
        }
        let output_lost = self.output.lost.then_some(PlayFailure::Unavailable);
        if let Some(failure) = self.media.lost.or(output_lost) {
            self.fail(cx, failure);
        }
    }

    pub(super) fn start_trace(&mut self, cx: &mut StepContext<'_>) {
        self.attempt.start_trace(&mut cx.recorder, self.media.engine, self.source.as_ref());
        self.record_heartbeat(cx);
    }

    pub(super) fn release_unless_paused(&mut self, cx: &mut StepContext<'_>) {
        if !self.paused() {
            self.command_worklet(cx, WorkletCommand::Release { epoch: self.media.epoch });
            self.expect_report(cx);
        }
    }

    pub(super) fn release(&mut self, cx: &mut StepContext<'_>) {
        self.arm_autoplay(cx);
        self.release_unless_paused(cx);
    }

    pub(super) fn hold(&mut self, cx: &mut StepContext<'_>) {
        self.timeline.position.hold(cx.now);
        self.end_device_stall(cx, cx.now);
        for timer in [Timer::Report, Timer::Autoplay, Timer::RateChange] {
            self.timers.clear(timer);
        }
        self.command_worklet(cx, WorkletCommand::Hold);
        self.settle_plays(cx, Err(PlayFailure::Aborted));
        if !self.attempt.audible {
            self.attempt.trace.end_before_start(&mut cx.recorder, None, State::Paused.as_str());
            self.attempt.link_next();
        }
    }

    pub(super) fn close(&mut self, cx: &mut StepContext<'_>) {
        self.attempt.preloaded = false;
        self.media.close();
        self.end_device_stall(cx, cx.now);
        for timer in [Timer::Report, Timer::Autoplay, Timer::RateChange, Timer::Arrival] {
            self.timers.clear(timer);
        }
        self.media.recovery.reset(&mut self.timers);
        // What is late of this epoch must not end the next play.
        self.timeline.end_of_track = EndOfTrack::default();
        cx.outputs.push_back(Output::CancelResolve { player: self.id });
        self.command_worklet(cx, WorkletCommand::Hold);
        self.command_media(cx, MediaCommand::Close {});
    }
}
