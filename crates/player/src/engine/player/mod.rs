//! One player: its state machine, its trace and its figures, composed.
//!
//! This file holds commands and effects; `opening` how a source is opened, `media` what the media
//! plane reports, `output` what the audio output reports, `liveness` that either is lost, `failing` how a play
//! ends early, `seeking` and `rate` how it goes to another position and another rate, `fallback` what is tried in the place of a source that failed.

mod failing;
mod fallback;
mod liveness;
mod media;
mod opening;
mod output;
mod rate;
mod seeking;

use std::collections::VecDeque;

use tonearm_messages::Command as MediaCommand;

use super::heartbeat::Heartbeat;
use super::input::{ContextState, PlayRequest, PlayerInput, Source};
use super::output::{Output, PlayerEvent, WorkletCommand};
use super::position::Position;
use super::recovery::Recovery;
use super::watchdog::{Silence, Watchdog};
use super::{PlayerId, TelemetryId};
use crate::instrumentation::{PlayContext, PlayTrace, Teller, Url};
use crate::playback::{Command, Effect, Event, Input, PlayFailure, Playback, State, Step};
use crate::qoe::{StartUp, Totals};
use tonearm_base::time::{ClockAnchor, Duration, Instant};
use tonearm_telemetry::SpanContext;

/// Time that a context may take to run, where the page has user activation and where it has none.
const CONTEXT_WAIT: (Duration, Duration) = (Duration::from_secs(1), Duration::from_millis(100));

/// Time without a byte after which a request counts as failed; for the first one the app may set another.
pub(crate) const SILENT_REQUEST: Duration = Duration::from_secs(20);

/// Time between two heartbeats of a session.
const HEARTBEAT: Duration = Duration::from_secs(30);

/// Everything that a player reaches outside itself during one input.
pub(super) struct Edge<'a> {
    pub(super) now: Instant,
    pub(super) to: Teller<'a>,
    pub(super) clock: ClockAnchor,
    pub(super) outputs: &'a mut VecDeque<Output>,
}

/// One player.
#[derive(Debug)]
pub struct Player {
    id: PlayerId,
    telemetry: Option<TelemetryId>,
    playback: Playback,
    source: Option<Source>,
    /// Promises of `play()` that wait for sound.
    plays: Vec<u32>,
    request: Option<PlayRequest>,
    play: u32,
    trace: PlayTrace,
    previous: Option<SpanContext>,
    start: Option<StartUp>,
    engine: &'static str,
    output: Option<(u32, ContextState)>,
    output_lost: bool,
    /// Why the media plane can't be had, if it can't.
    media_lost: Option<PlayFailure>,
    /// The Worker that is there was sent the first commands.
    hello_sent: bool,
    /// Its wasm has answered them.
    media_ready: bool,
    media_heartbeat: Heartbeat,
    pings: u32,
    /// The URL to open once the output's rate is known.
    waiting_url: Option<Url>,
    /// The URL that is open.
    open_url: Option<Url>,
    epoch: u32,
    next_request: u32,
    /// The first request of the source that is open: answers to earlier ones are late.
    first_request: u32,
    /// When a request that brings nothing counts as a network failure.
    deadline: Option<Instant>,
    /// The last deadline that was set, which holds for the element too.
    limit: Instant,
    /// Why the package's engine did not play the source that the element tries.
    first_failure: Option<PlayFailure>,
    /// The element failed too: another play begins with the package's engine.
    revert_engine: bool,
    /// `loadedmetadata` was dispatched for the source.
    metadata_announced: bool,
    start_position: f64,
    /// Seconds of the track in a second.
    speed: f64,
    /// What is played again and again, in seconds.
    looping: Option<(f64, f64)>,
    position: Position,
    duration: Option<f64>,
    /// The duration is an estimate.
    estimated: bool,
    buffered: f64,
    recovery: Recovery,
    watchdog: Watchdog,
    /// When the context's not running becomes a refusal.
    refusal: Option<Instant>,
    /// The source is open for a play that has not been asked for.
    prepared: bool,
    /// It is closed again once its metadata are there.
    metadata_only: bool,
    /// The source was answered for, once in this play.
    received: bool,
    /// The body of the last media request has ended.
    body_ended: bool,
    heard: bool,
    /// The play was heard, and its totals are not told yet.
    untold: bool,
    /// When another 30 s of something to hear are over.
    heartbeat: Option<Instant>,
    /// Since when the output is silent by itself, or for want of samples at a new rate.
    device_silent: Option<Instant>,
    /// When a change of the rate that is not heard yet becomes a stall.
    silent_change: Option<Instant>,
    /// The last epoch of which a frame was decoded, and of which one was heard.
    decoded_epoch: u32,
    audible_epoch: u32,
    /// Why no more bytes of the source are asked for.
    given_up: Option<PlayFailure>,
    failure: Option<PlayFailure>,
    /// A failure that waits until what is decoded has been heard.
    failure_ahead: Option<PlayFailure>,
    /// The epochs whose samples the output has all given, and of which the media plane has said that there
    /// are no more.
    ends: (u32, u32),
    totals: Totals,
}

impl Player {
    pub(super) fn new(id: PlayerId, telemetry: Option<TelemetryId>) -> Self {
        Self {
            id,
            telemetry,
            playback: Playback::default(),
            source: None,
            plays: Vec::new(),
            request: None,
            play: 0,
            trace: PlayTrace::default(),
            previous: None,
            start: None,
            engine: "stream",
            output: None,
            output_lost: false,
            media_lost: None,
            hello_sent: false,
            media_ready: false,
            media_heartbeat: Heartbeat::default(),
            pings: 0,
            waiting_url: None,
            open_url: None,
            epoch: 0,
            next_request: 0,
            first_request: 0,
            deadline: None,
            limit: Instant::ORIGIN,
            first_failure: None,
            revert_engine: false,
            metadata_announced: false,
            start_position: 0.0,
            speed: 1.0,
            looping: None,
            position: Position::default(),
            duration: None,
            estimated: false,
            buffered: 0.0,
            recovery: Recovery::default(),
            watchdog: Watchdog::default(),
            refusal: None,
            prepared: false,
            metadata_only: false,
            received: false,
            body_ended: false,
            heard: false,
            untold: false,
            heartbeat: None,
            device_silent: None,
            silent_change: None,
            decoded_epoch: 0,
            audible_epoch: 0,
            given_up: None,
            failure: None,
            failure_ahead: None,
            ends: (0, 0),
            totals: Totals::default(),
        }
    }

    /// The pipeline that the player tells.
    pub fn telemetry(&self) -> Option<TelemetryId> {
        self.telemetry
    }

    /// The state.
    pub fn state(&self) -> State {
        self.playback.state()
    }

    /// `HTMLMediaElement.paused`.
    pub fn paused(&self) -> bool {
        self.playback.paused()
    }

    /// Position in the track at `now`, in seconds.
    pub fn current_time(&self, now: Instant) -> f64 {
        // What is prepared was opened at the start; a play begins at the position that was set since.
        let open = self.open_url.is_some() && !self.prepared;
        let seconds = if open { self.position.seconds(now) } else { self.start_position };
        self.end().map_or(seconds, |end| seconds.min(end))
    }

    /// Length of the track in seconds, once it is known.
    pub fn duration(&self) -> Option<f64> {
        self.duration
    }

    /// Where the track ends, where that is no estimate.
    pub(super) fn end(&self) -> Option<f64> {
        self.duration.filter(|_| !self.estimated)
    }

    /// Start and end of the range in memory that holds the current position, in seconds.
    pub fn buffered(&self) -> [f64; 2] {
        // An estimate by the mean bit rate may overshoot the end.
        [self.position.start(), self.buffered.min(self.end().unwrap_or(f64::MAX))]
    }

    /// What ended the track, where something did.
    pub fn failure(&self) -> Option<PlayFailure> {
        self.failure
    }

    /// The totals of the current or last play.
    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// The phases of the current or last start.
    pub fn start_up(&self) -> Option<&StartUp> {
        self.start.as_ref()
    }

    /// The context of the current or last play.
    pub fn context(&self) -> Option<SpanContext> {
        self.trace.context()
    }

    pub(super) fn handle(&mut self, edge: &mut Edge<'_>, input: PlayerInput) {
        self.take(edge, input);
        self.watch_media(edge);
    }

    fn take(&mut self, edge: &mut Edge<'_>, input: PlayerInput) {
        match input {
            PlayerInput::Load { token, source } => self.load(edge, token, source),
            PlayerInput::Prepare { metadata_only } => self.prepare(edge, metadata_only),
            PlayerInput::Play(request) => self.play(edge, request),
            PlayerInput::Pause => {
                self.step(edge, Input::Command(Command::Pause));
            }
            PlayerInput::Seek(seconds) => self.seek(edge, seconds),
            PlayerInput::Rate(speed) => self.set_speed(edge, speed),
            PlayerInput::Loop(looping) => self.looping = looping,
            PlayerInput::Watch => self.position.watch(),
            PlayerInput::Stop => self.stop(edge, PlayFailure::Aborted),
            PlayerInput::Engine(engine) => self.set_engine(edge, engine),
            PlayerInput::OutputReady { rate, state } => self.output_ready(edge, rate, state),
            PlayerInput::OutputUnavailable => self.lose_output(edge),
            PlayerInput::Context(state) => self.context_changed(edge, state),
            PlayerInput::MediaLoaded => self.media_heartbeat.script_fetched(edge.now),
            PlayerInput::MediaUnavailable => {
                let failure =
                    if self.media_ready { PlayFailure::WorkerFault } else { PlayFailure::Unavailable };
                self.lose_media(edge, failure);
            }
            PlayerInput::Alternative { source } => self.take_alternative(edge, source),
            PlayerInput::Renewed { url } => self.renew(&url),
            PlayerInput::Fact(fact) => self.handle_fact(edge, fact),
            PlayerInput::Report(report) => self.handle_report(edge, report),
            PlayerInput::Resolved { play, url } => {
                if play == self.play && self.is_opening() {
                    self.open(edge, url);
                }
            }
            PlayerInput::ResolveFailed { play, failure } => {
                if play == self.play && self.is_opening() {
                    self.fail(edge, failure);
                }
            }
        }
    }

    pub(super) fn destroy(&mut self, edge: &mut Edge<'_>) {
        self.stop(edge, PlayFailure::Aborted);
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        let heartbeat = self.heartbeat.filter(|_| self.is_active());
        let output = [self.refusal, self.watchdog.due(), self.silent_change, self.loop_due()];
        let source = [self.retry_due(), self.deadline, heartbeat, self.media_heartbeat.due()];
        output.into_iter().chain(source).flatten().min()
    }

    pub(super) fn handle_timeout(&mut self, edge: &mut Edge<'_>) {
        let now = edge.now;
        if self.refusal.take_if(|due| *due <= now).is_some() {
            self.stop(edge, PlayFailure::NotAllowed);
        }
        if self.deadline.take_if(|due| *due <= now).is_some() {
            self.deadline_passed(edge);
        }
        if self.silent_change.take_if(|due| *due <= now).is_some() {
            self.silent_at_new_rate(edge);
        }
        if self.retry_due().is_some()
            && let Some(offset) = self.recovery.take_due(now)
        {
            self.fetch(edge, offset);
        }
        self.beat(edge);
        if self.loop_due().is_some_and(|due| due <= now) {
            self.repeat(edge);
        }
        match self.watchdog.check(now) {
            Silence::Stalled if self.state() == State::Playing => {
                // No sample since the last report is known to have been rendered.
                self.position.report(now, self.position.frames(), false);
                self.device_stall(edge, Event::WorkletSilent);
            }
            Silence::Lost => self.output_is_silent(edge),
            _ => {}
        }
        self.check_media(edge);
        self.watch_media(edge);
    }

    /// When the next request follows one that failed. A paused player that has tried as often as one that plays
    /// nothing waits for the next play: nobody needs the bytes before.
    fn retry_due(&self) -> Option<Instant> {
        let waits = self.state() == State::Paused && self.recovery.is_exhausted();
        self.recovery.due().filter(|_| !waits)
    }

    /// Something is to be heard.
    fn is_active(&self) -> bool {
        !self.paused() && !matches!(self.state(), State::Idle | State::Ready | State::Ended | State::Failed)
    }

    /// The first one comes with the first play, and each further one 30 s of clock time later, while
    /// something is to be heard.
    fn beat(&mut self, edge: &mut Edge<'_>) {
        if self.is_active() && self.heartbeat.is_none_or(|due| due <= edge.now) {
            self.heartbeat = Some(edge.now + HEARTBEAT);
            self.trace.heartbeat(&mut edge.to);
        }
    }

    fn emit(&self, edge: &mut Edge<'_>, name: &'static str) {
        edge.outputs.push_back(Output::Event { player: self.id, event: PlayerEvent(name) });
    }

    fn tell_media(&self, edge: &mut Edge<'_>, command: MediaCommand) {
        edge.outputs.push_back(Output::Media { player: self.id, command });
    }

    fn tell_worklet(&self, edge: &mut Edge<'_>, command: WorkletCommand) {
        edge.outputs.push_back(Output::Worklet { player: self.id, command });
    }

    fn settle_plays(&mut self, edge: &mut Edge<'_>, result: Result<(), PlayFailure>) {
        for token in self.plays.drain(..) {
            edge.outputs.push_back(Output::Settle { player: self.id, token, result });
        }
    }

    fn is_opening(&self) -> bool {
        let opening =
            matches!(self.state(), State::Starting | State::Recovering | State::Paused | State::Seeking);
        (opening || self.prepared) && self.open_url.is_none()
    }

    /// Hands an input to the machine, does what follows, and tells the page.
    fn step(&mut self, edge: &mut Edge<'_>, input: Input) -> Step {
        let was_paused = self.paused();
        let step = self.playback.handle(input);
        if let Some(transition) = step.transition.filter(|transition| transition.from != transition.to) {
            self.trace.transition(&mut edge.to, transition.from, transition.to);
            self.emit(edge, "statechange");
        }
        if was_paused && !self.paused() {
            self.emit(edge, "play");
        }
        match step.effect {
            Some(Effect::Open) => self.begin_play(edge),
            Some(Effect::Release) => self.release(edge),
            Some(Effect::Hold) => self.hold(edge),
            Some(Effect::Seek) => self.go(edge),
            Some(Effect::Select | Effect::Close) => self.close(edge),
            None => {}
        }
        if let Some(transition) = step.transition {
            if transition.from == State::Seeking
                && matches!(transition.to, State::Playing | State::Paused | State::Ended)
            {
                self.emit(edge, "seeked");
            }
            for event in events_of(transition.to) {
                self.emit(edge, event);
            }
        }
        if !was_paused
            && self.paused()
            && step.transition.is_none_or(|transition| transition.to != State::Ended)
        {
            self.emit(edge, "pause");
        }
        step
    }

    fn load(&mut self, edge: &mut Edge<'_>, token: u32, source: Source) {
        self.end_play(edge, None);
        self.settle_plays(edge, Err(PlayFailure::Aborted));
        self.step(edge, Input::Command(Command::Load));
        self.source = Some(source);
        self.set_failure(edge, None);
        (self.duration, self.buffered, self.start_position) = (None, 0.0, 0.0);
        (self.estimated, self.metadata_announced) = (false, false);
        self.replace_lost(edge);
        if !self.hello_sent {
            self.send_hello(edge);
        }
        self.step(edge, Input::Event(Event::SourceSelected));
        edge.outputs.push_back(Output::Settle { player: self.id, token, result: Ok(()) });
    }

    fn play(&mut self, edge: &mut Edge<'_>, request: PlayRequest) {
        self.request = Some(request);
        let resuming = self.state() == State::Paused;
        let lost = self.media_lost.is_some() || self.output_lost;
        let opens = matches!(self.state(), State::Ready | State::Ended | State::Failed);
        if opens && self.media_lost != Some(PlayFailure::VersionMismatch) {
            self.replace_lost(edge);
        }
        if self.step(edge, Input::Command(Command::Play)).refused {
            let result = Err(PlayFailure::InvalidState);
            edge.outputs.push_back(Output::Settle { player: self.id, token: request.token, result });
            return;
        }
        // A play that was held before it was heard is another attempt, with a trace of its own.
        if resuming && !self.heard {
            self.start_trace(edge);
        }
        self.plays.push(request.token);
        if self.state() == State::Playing {
            self.settle_plays(edge, Ok(()));
        }
        if resuming && lost {
            self.reopen(edge);
        }
        if let Some(failure) = self.media_lost.or(self.output_lost.then_some(PlayFailure::Unavailable)) {
            self.fail(edge, failure);
        }
    }

    /// What the app says of the play that begins.
    fn play_context(&self) -> PlayContext<'_> {
        let source = self.source.as_ref();
        PlayContext {
            engine: self.engine,
            attributes: source.map_or(&[], |source| &source.attributes),
            parent: source.and_then(|source| source.parent),
            trigger: self.request.map_or("api", |request| request.trigger),
            previous: self.previous,
            state: source.map_or("", |source| &source.trace_state),
        }
    }

    fn start_trace(&mut self, edge: &mut Edge<'_>) {
        let at = self.request.map_or(edge.now, |request| request.at);
        self.start = Some(StartUp::new(at));
        let mut trace = std::mem::take(&mut self.trace);
        trace.start(&mut edge.to, at, &self.play_context());
        (self.trace, self.previous) = (trace, None);
        self.beat(edge);
    }

    fn release_unless_paused(&mut self, edge: &mut Edge<'_>) {
        if !self.paused() {
            self.tell_worklet(edge, WorkletCommand::Release { epoch: self.epoch });
            self.expect_report(edge);
        }
    }

    fn release(&mut self, edge: &mut Edge<'_>) {
        self.arm_refusal(edge);
        self.release_unless_paused(edge);
    }

    fn hold(&mut self, edge: &mut Edge<'_>) {
        self.position.hold(edge.now);
        self.end_device_stall(edge, edge.now);
        self.watchdog.rest();
        (self.refusal, self.silent_change) = (None, None);
        self.tell_worklet(edge, WorkletCommand::Hold);
        self.settle_plays(edge, Err(PlayFailure::Aborted));
        if !self.heard {
            self.trace.exit(&mut edge.to, None, State::Paused.as_str());
            self.previous = self.trace.context();
        }
    }

    fn close(&mut self, edge: &mut Edge<'_>) {
        self.prepared = false;
        (self.open_url, self.waiting_url) = (None, None);
        self.end_device_stall(edge, edge.now);
        (self.refusal, self.deadline, self.silent_change) = (None, None, None);
        self.watchdog.rest();
        self.recovery = Recovery::default();
        // What is late of this epoch must not end the next play.
        self.ends = (0, 0);
        edge.outputs.push_back(Output::CancelResolve { player: self.id });
        self.tell_worklet(edge, WorkletCommand::Hold);
        self.tell_media(edge, MediaCommand::Close {});
    }
}

/// The events that go with entering a state, as HTML names them.
fn events_of(state: State) -> &'static [&'static str] {
    match state {
        State::Idle | State::Ready => &[],
        State::Loading => &["emptied", "loadstart"],
        State::Starting | State::Rebuffering | State::Recovering => &["waiting"],
        State::Playing => &["playing"],
        State::Paused => &["timeupdate"],
        State::Seeking => &["seeking"],
        State::Ended => &["timeupdate", "pause", "ended"],
        State::Failed => &["error"],
    }
}
