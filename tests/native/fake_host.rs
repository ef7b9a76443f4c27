//! The host of native scenarios: a hand-moved clock, and a record of everything that the engine asked for.

use tonearm_base::random::Random;
use tonearm_base::time::{ClockAnchor, Instant};
use tonearm_messages::{Command, Fact, Format, Request, ResponseHead, VERSION};
use tonearm_player::engine::{
    ContextState, Engine, Input, Output, PlayRequest, PlayerInput, Preload, Report, Source, WorkletCommand,
};
use tonearm_player::instrumentation::Url;
use tonearm_player::playback::{PlayFailure, State};
use tonearm_telemetry::{Config, Diagnostic, Export, Reply, Value, Writer};

pub const ORIGIN: f64 = 1_795_000_000_000.0;
pub const PLAYER: u32 = 1;
pub const RATE: u32 = 48_000;

pub struct FakeHost {
    pub engine: Engine,
    pub millis: f64,
    pub media: Vec<Command>,
    /// Pings that the Worker was sent; they are in no list.
    pub pings: u32,
    pub worklet: Vec<WorkletCommand>,
    pub events: Vec<&'static str>,
    pub settled: Vec<(u32, Result<(), PlayFailure>)>,
    pub resolves: Vec<u32>,
    pub exports: Vec<Export>,
    pub diagnostics: Vec<Diagnostic>,
    pub reopened: u32,
    /// The engine that was opened last, and the contexts that were replaced.
    pub element: bool,
    pub contexts_replaced: u32,
    /// The app's next sources.
    pub alternatives: Vec<Source>,
    /// Whether the Worker answers pings, and the worklet reports while it waits for samples.
    pub worker_alive: bool,
    pub output_alive: bool,
    /// Whether the Worker's wasm is there, so that it answers commands.
    pub media_wasm_there: bool,
    /// When the worklet reports next, while it waits.
    waiting: f64,
    /// When the playing worklet reports that the Worker owes it samples.
    silent: Option<f64>,
    pub answer_exports: Option<Reply>,
}

/// A URL as a host would describe it: of an origin that may have a trace header.
pub fn url_of(href: &str) -> Url {
    let mut attributes = Writer::default();
    attributes.attribute(9, "server.address", Value::Text("cdn.example"));
    attributes.attribute(9, "server.port", Value::Int(443));
    Url { href: href.into(), attributes: attributes.finish(), propagates: true }
}

pub fn accepted() -> Reply {
    Reply::Response { status: 200, retry_after: None, body: Vec::new() }
}

impl FakeHost {
    pub fn new() -> Self {
        Self::with_config(Some(Config::default()))
    }

    pub fn with_config(config: Option<Config>) -> Self {
        let engine = Engine::new(ClockAnchor::at_origin(ORIGIN), Random::seeded([7, 11]));
        let mut host = Self {
            engine,
            millis: 1000.0,
            media: Vec::new(),
            pings: 0,
            worklet: Vec::new(),
            events: Vec::new(),
            settled: Vec::new(),
            resolves: Vec::new(),
            exports: Vec::new(),
            diagnostics: Vec::new(),
            reopened: 0,
            element: false,
            contexts_replaced: 0,
            alternatives: Vec::new(),
            worker_alive: true,
            output_alive: true,
            media_wasm_there: true,
            waiting: 0.0,
            silent: None,
            answer_exports: Some(accepted()),
        };
        let telemetry = config.map(|config| {
            host.input(Input::CreateTelemetry { id: 1, config });
            1
        });
        host.input(Input::CreatePlayer { id: PLAYER, telemetry });
        host
    }

    /// A host with a running output and a loaded track.
    pub fn loaded() -> Self {
        let mut host = Self::new();
        host.player(PlayerInput::OutputReady { rate: RATE, state: ContextState::Running });
        host.load("https://cdn.example/a.mp3");
        host
    }

    /// A host in the middle of a track.
    pub fn playing() -> Self {
        let mut host = Self::loaded();
        host.play(1);
        host.bytes_flow();
        host.advance(20.0);
        host.audible(0);
        host
    }

    pub fn now(&self) -> Instant {
        Instant::from_millis(self.millis)
    }

    pub fn unix(&self) -> f64 {
        ORIGIN + self.millis
    }

    pub fn input(&mut self, input: Input) {
        self.engine.handle_input(self.now(), self.unix(), input);
        self.drain();
    }

    pub fn player(&mut self, input: PlayerInput) {
        self.input(Input::Player { id: PLAYER, input });
    }

    pub fn load(&mut self, url: &str) {
        self.load_with(url, Preload::None);
    }

    pub fn load_with(&mut self, url: &str, preload: Preload) {
        let source = Source { url: Some(url_of(url)), ..Source::default() };
        self.player(PlayerInput::Load { token: 100, source, preload });
    }

    pub fn play(&mut self, token: u32) {
        let request = PlayRequest { token, at: self.now(), trigger: "user", activation: true };
        self.player(PlayerInput::Play(request));
    }

    pub fn fact(&mut self, fact: Fact) {
        self.player(PlayerInput::Fact(fact));
    }

    pub fn report(&mut self, report: Report) {
        self.player(PlayerInput::Report(report));
    }

    /// The track is over, `frames` of the output behind where this epoch began: both planes say so.
    pub fn ended(&mut self, frames: u64) {
        let epoch = self.epoch();
        let end = self.engine.player(PLAYER).unwrap().duration().unwrap_or(60.0);
        self.fact(Fact::DecodedAll { epoch, end, frames, failures: 0 });
        self.report(Report::Ended { epoch, at: self.now(), frames });
    }

    /// The last request of the media plane, and the epoch it belongs to.
    pub fn last_request(&self) -> (u32, Request) {
        let last = self.media.iter().rev().find_map(|command| match command {
            Command::Open { epoch, request, .. } | Command::Fetch { epoch, request } => {
                Some((*epoch, request.clone()))
            }
            _ => None,
        });
        last.expect("a request")
    }

    pub fn head(&mut self, status: u16) {
        let (_, request) = self.last_request();
        let head = ResponseHead {
            status,
            total_bytes: Some(1_000_000),
            ranges: true,
            node: Some("fra-1".into()),
            cache: Some("hit".into()),
            ..ResponseHead::default()
        };
        self.fact(Fact::ResponseHead { request: request.id, at: self.unix(), head });
    }

    /// Head, first byte, format and first frame, five milliseconds each.
    pub fn bytes_flow(&mut self) {
        let (epoch, request) = self.last_request();
        self.advance(5.0);
        self.head(200);
        self.advance(5.0);
        self.fact(Fact::FirstByte { request: request.id, at: self.unix() });
        self.advance(5.0);
        let format = Format {
            codec: "mp3".into(),
            sample_rate: 44_100,
            channels: 2,
            duration: Some(60.0),
            estimated: false,
            bit_rate: 128_000,
        };
        self.fact(Fact::Format { epoch, format });
        self.fact(Fact::FirstDecoded { epoch, at: self.unix(), position: 0.0 });
        self.fact(Fact::Buffered { epoch, end: 4.0 });
    }

    pub fn epoch(&self) -> u32 {
        let last = self.media.iter().rev().find_map(|command| match command {
            Command::Open { epoch, .. } | Command::Seek { epoch, .. } => Some(*epoch),
            _ => None,
        });
        last.expect("an epoch")
    }

    pub fn audible(&mut self, frames: u64) {
        let report = Report::Audible { epoch: self.epoch(), at: self.now(), frames, method: "audible" };
        self.report(report);
    }

    pub fn position(&mut self, seconds: f64) {
        let frames = (seconds * f64::from(RATE)) as u64;
        let report = Report::Position { epoch: self.epoch(), at: self.now(), frames };
        self.report(report);
    }

    /// The worklet was released, and has no samples to play: it reports that once a second.
    fn waits(&self) -> bool {
        self.output_alive
            && matches!(self.worklet.last(), Some(WorkletCommand::Release { .. }))
            && matches!(
                self.state(),
                State::Starting | State::Seeking | State::Rebuffering | State::Recovering
            )
    }

    /// When the worklet reports that the Worker is silent: it plays, and its credit stays unanswered. It
    /// sends a credit every 186 ms and waits for 300.
    fn silent(&mut self) -> f64 {
        if self.worker_alive || !self.output_alive || self.state() != State::Playing {
            self.silent = None;
            return f64::INFINITY;
        }
        *self.silent.get_or_insert(self.millis + 486.0)
    }

    /// Moves the clock, firing the timer whenever it is due.
    pub fn advance(&mut self, millis: f64) {
        let end = self.millis + millis;
        loop {
            let due = self.engine.poll_timeout().map_or(f64::INFINITY, Instant::as_millis);
            if self.waits() && self.waiting.max(self.millis) <= end.min(due) {
                self.millis = self.millis.max(self.waiting);
                self.waiting = self.millis + 1000.0;
                self.report(Report::Waiting);
                continue;
            }
            let silent = self.silent();
            if silent <= end.min(due) {
                self.millis = silent;
                self.silent = Some(silent + 300.0);
                self.report(Report::MediaSilent { epoch: self.epoch() });
                continue;
            }
            if due > end {
                break;
            }
            self.millis = self.millis.max(due);
            self.engine.handle_timeout(self.now());
            self.drain();
        }
        self.millis = end;
    }

    pub fn state(&self) -> State {
        self.engine.player(PLAYER).expect("the player").state()
    }

    pub fn drain(&mut self) {
        while let Some(output) = self.engine.poll_output() {
            match output {
                Output::Media { command: Command::Ping { id }, .. } if self.worker_alive => {
                    self.pings += 1;
                    let pong = Input::Player { id: PLAYER, input: PlayerInput::Fact(Fact::Pong { id }) };
                    self.engine.handle_input(self.now(), self.unix(), pong);
                }
                Output::Media { command: Command::Ping { .. }, .. } => self.pings += 1,
                Output::Media { command, .. } => {
                    let hello = matches!(command, Command::Hello { .. });
                    self.media.push(command);
                    if hello && self.worker_alive && self.media_wasm_there {
                        let fact = Fact::Hello { version: VERSION.into() };
                        let input = Input::Player { id: PLAYER, input: PlayerInput::Fact(fact) };
                        self.engine.handle_input(self.now(), self.unix(), input);
                    }
                }
                Output::Worklet { command, .. } => self.worklet.push(command),
                Output::Event { event, .. } => self.events.push(event.0),
                Output::Settle { token, result, .. } => self.settled.push((token, result)),
                Output::Resolve { play, .. } => self.resolves.push(play),
                Output::Diagnostic { diagnostic, .. } => self.diagnostics.push(diagnostic),
                Output::CancelResolve { .. }
                | Output::Failure { .. }
                | Output::Spool { .. }
                | Output::TerminateWorker { .. } => {}
                Output::Reopen { element, .. } => {
                    self.reopened += 1;
                    self.element = element;
                }
                Output::ReplaceContext { .. } => self.contexts_replaced += 1,
                Output::Alternative { .. } => {
                    let alternative = PlayerInput::Alternative { source: self.alternatives.remove(0) };
                    let input = Input::Player { id: PLAYER, input: alternative };
                    self.engine.handle_input(self.now(), self.unix(), input);
                }
                Output::Inspect { telemetry, inspection } => {
                    let (signal, record) = (inspection.signal, Some(inspection.record));
                    let inspected = Input::Inspected { telemetry, signal, record };
                    self.engine.handle_input(self.now(), self.unix(), inspected);
                }
                Output::Observe { telemetry } => {
                    self.engine.handle_input(self.now(), self.unix(), Input::Collect { telemetry });
                }
                Output::Export { telemetry, export } => {
                    let id = export.id;
                    self.exports.push(export);
                    if let Some(reply) = self.answer_exports.clone() {
                        let replied = Input::ExportReplied { telemetry, export: id, reply };
                        self.engine.handle_input(self.now(), self.unix(), replied);
                    }
                }
            }
        }
    }
}
