//! One player, composed: its state machine and five parts, each in a file of its own.
//!
//! [`Attempt`] is one play request and its trace, [`MediaLink`] the media plane, [`OutputLink`] the audio
//! output, [`Timeline`] the time of the track, [`Timers`] the table of deadlines. A part knows none of the
//! others.
//!
//! What concerns several parts is here and in the files without a type: `commands` and `step` what the app
//! asks for and what a change of state entails, `opening` how a source is opened, `seeking` and `rate` how
//! the player goes to another position and another rate, `facts` and `connection` what the media plane
//! reports, `output` and `reports` what the audio output reports, `liveness` that either is lost, `timeouts`
//! what expires, `failing` how a play ends early, `fallback` what is tried in the place of a source that
//! failed.

mod attempt;
mod commands;
mod connection;
mod facts;
mod failing;
mod fallback;
mod liveness;
mod media_link;
mod opening;
mod output;
mod output_link;
mod rate;
mod reports;
mod seeking;
mod step;
mod timeline;
mod timeouts;

use tonearm_messages::Command as MediaCommand;

use super::input::{PlayerInput, Preload, Source};
use super::output::{Output, PlayerEvent, WorkletCommand};
use super::timers::Timers;
use super::{PlayerId, TelemetryId};
use crate::playback::{Command, Input, PlayFailure, Playback, State};
use crate::qoe::{StartUp, Totals};
use attempt::Attempt;
use media_link::MediaLink;
use output_link::OutputLink;
pub(super) use step::StepContext;
use timeline::{LoopRange, Timeline};
use tonearm_base::time::{Duration, Instant};
use tonearm_telemetry::SpanContext;

/// Time without a byte after which a request counts as failed; for the first one the app may set another.
pub(crate) const SILENT_REQUEST: Duration = Duration::from_secs(20);

/// One player.
#[derive(Debug)]
pub struct Player {
    id: PlayerId,
    telemetry: Option<TelemetryId>,
    playback: Playback,
    source: Option<Source>,
    attempt: Attempt,
    media: MediaLink,
    output: OutputLink,
    timeline: Timeline,
    timers: Timers,
}

impl Player {
    pub(super) fn new(id: PlayerId, telemetry: Option<TelemetryId>) -> Self {
        Self {
            id,
            telemetry,
            playback: Playback::default(),
            source: None,
            attempt: Attempt::default(),
            media: MediaLink::default(),
            output: OutputLink::default(),
            timeline: Timeline::default(),
            timers: Timers::default(),
        }
    }

    /// The pipeline that the player records in.
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
        // What is preloaded was opened at the start; a play begins at the position that was set since.
        self.timeline.current_time(now, self.is_open() && !self.attempt.preloaded)
    }

    /// Length of the track in seconds, once it is known.
    pub fn duration(&self) -> Option<f64> {
        self.timeline.duration
    }

    /// Start and end of the range in memory that holds the current position, in seconds.
    pub fn buffered(&self) -> [f64; 2] {
        self.timeline.buffered()
    }

    /// What ended the track, where something did.
    pub fn failure(&self) -> Option<PlayFailure> {
        self.attempt.failure
    }

    /// The totals of the current or last play.
    pub fn totals(&self) -> Totals {
        self.attempt.totals
    }

    /// The phases of the current or last start.
    pub fn start_up(&self) -> Option<&StartUp> {
        self.attempt.start_up.as_ref()
    }

    /// The context of the current or last play.
    pub fn context(&self) -> Option<SpanContext> {
        self.attempt.trace.context()
    }

    pub(super) fn handle(&mut self, cx: &mut StepContext<'_>, input: PlayerInput) {
        self.handle_input(cx, input);
        self.watch_media(cx);
        self.hold_timers();
    }

    fn handle_input(&mut self, cx: &mut StepContext<'_>, input: PlayerInput) {
        match input {
            PlayerInput::Load { token, source, preload } => {
                self.load(cx, token, source);
                if preload != Preload::None {
                    self.preload(cx, preload == Preload::Metadata);
                }
            }
            PlayerInput::Prepare => self.preload(cx, false),
            PlayerInput::Play(request) => self.play(cx, request),
            PlayerInput::Pause => {
                self.step(cx, Input::Command(Command::Pause));
            }
            PlayerInput::Seek(seconds) => self.seek(cx, seconds),
            PlayerInput::Rate(rate) => self.set_rate(cx, rate),
            PlayerInput::Loop(range) => {
                self.timeline.looping = range.map(|(start, end)| LoopRange { start, end });
            }
            PlayerInput::Watch => self.timeline.position.watch(),
            PlayerInput::Stop => self.stop(cx, PlayFailure::Aborted),
            PlayerInput::Engine(engine) => self.set_engine(cx, engine),
            PlayerInput::OutputReady { rate, state } => self.output_ready(cx, rate, state),
            PlayerInput::OutputUnavailable => self.lose_output(cx),
            PlayerInput::Context(state) => self.context_changed(cx, state),
            PlayerInput::MediaLoaded => self.media.heartbeat.script_fetched(&mut self.timers, cx.now),
            PlayerInput::MediaUnavailable => {
                let failure =
                    if self.media.ready { PlayFailure::WorkerFault } else { PlayFailure::Unavailable };
                self.lose_media(cx, failure);
            }
            PlayerInput::Alternative { source } => self.take_alternative(cx, source),
            PlayerInput::Renewed { url } => self.renew(&url),
            PlayerInput::Fact(fact) => self.handle_fact(cx, fact),
            PlayerInput::Report(report) => self.handle_report(cx, report),
            PlayerInput::Resolved { play, url } => {
                if play == self.attempt.number && self.is_opening() {
                    self.open(cx, url);
                }
            }
            PlayerInput::ResolveFailed { play, failure } => {
                if play == self.attempt.number && self.is_opening() {
                    self.fail(cx, failure);
                }
            }
        }
    }

    pub(super) fn destroy(&mut self, cx: &mut StepContext<'_>) {
        self.stop(cx, PlayFailure::Aborted);
    }

    /// Whether a source is open in the media plane.
    fn is_open(&self) -> bool {
        self.media.open_url.is_some()
    }

    /// Whether a source is about to be opened.
    fn is_opening(&self) -> bool {
        let opening =
            matches!(self.state(), State::Starting | State::Recovering | State::Paused | State::Seeking);
        (opening || self.attempt.preloaded) && !self.is_open()
    }

    /// Whether something is to be heard.
    fn is_active(&self) -> bool {
        !self.paused() && !matches!(self.state(), State::Idle | State::Ready | State::Ended | State::Failed)
    }

    fn dispatch(&self, cx: &mut StepContext<'_>, name: &'static str) {
        cx.outputs.push_back(Output::Event { player: self.id, event: PlayerEvent(name) });
    }

    fn command_media(&self, cx: &mut StepContext<'_>, command: MediaCommand) {
        cx.outputs.push_back(Output::Media { player: self.id, command });
    }

    fn command_worklet(&self, cx: &mut StepContext<'_>, command: WorkletCommand) {
        cx.outputs.push_back(Output::Worklet { player: self.id, command });
    }

    fn settle_plays(&mut self, cx: &mut StepContext<'_>, result: Result<(), PlayFailure>) {
        for token in self.attempt.promises.drain(..) {
            cx.outputs.push_back(Output::Settle { player: self.id, token, result });
        }
    }
}
