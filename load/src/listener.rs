//! One listener: the shipping engine with a fake host that a script drives. Times are milliseconds of its
//! page.

use std::collections::BTreeMap;

use tonearm_base::time::{ClockAnchor, Duration, Instant};
use tonearm_messages::{BodyEnd, Command, Fact, Format, ResponseHead};
use tonearm_player::engine::{
    ContextState, Engine, Input, Output, PlayRequest, PlayerInput, Preload, Report, Source,
};
use tonearm_player::instrumentation::Url;
use tonearm_player::instrumentation::metrics::Metric;
use tonearm_telemetry::{Account as Figures, Attributes, Batch, Config, Export, Reply, Signal, Value};

use crate::Options;
use crate::account::{Account, hex};
use crate::exporter::Exporter;
use crate::script::{Dice, Ending, Play, REGIONS, REPORT, play};
use crate::world::World;

const PLAYER: u32 = 1;
const PIPELINE: u32 = 1;
const RATE: u32 = 48_000;
/// Frames between two reports.
const FRAMES: u64 = (REPORT as u64) * (RATE as u64) / 1000;

/// Where in its script it is; what is due next.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Step {
    Begin,
    Head,
    FirstByte,
    Decoded,
    Audible,
    /// So many reports were made.
    Reported(u32),
    GapOver(u32),
    /// All that it had to say is on its way, or said.
    Over,
}

/// One listener.
pub(crate) struct Listener {
    engine: Engine,
    dice: Dice,
    region: usize,
    /// When its page was opened, on the load's clock, and its own Unix time of that.
    begins: f64,
    unix: f64,
    step: Step,
    /// When the step is due, on its page's clock.
    at: f64,
    play: Option<Play>,
    played: u32,
    epoch: u32,
    request: u32,
    exports: BTreeMap<u32, Export>,
    waiting: Vec<Export>,
    /// Exports whose answer was never read.
    unsure: Vec<u32>,
}

impl Listener {
    /// A listener who opens the page at `begins` (milliseconds of the load's clock), when their own clock
    /// says `unix`.
    pub(crate) fn new(options: &Options, dice: &mut Dice, begins: f64, unix: f64) -> Self {
        let mut dice = dice.fork();
        let mut engine = Engine::new(ClockAnchor::at_origin(unix + begins), dice.random());
        let resource = Attributes::default()
            .with("service.name", options.service.as_str())
            .with("service.version", options.version.as_str())
            .with("deployment.environment.name", options.environment.as_str())
            .with("telemetry.sdk.name", "tonearm")
            .with("telemetry.sdk.language", "webjs");
        let client =
            Attributes::default().with("browser.language", "en").with("user_agent.original", "tonearm-load");
        let config = Config {
            resource: resource.finish(),
            client: client.finish(),
            batch: Batch {
                metric_interval: Duration::from_millis(options.metric_interval),
                ..Batch::default()
            },
            tells_itself: options.tells_itself,
            ..Config::default()
        };
        let region = (dice.between(0.0, REGIONS.len() as f64)) as usize;
        let now = Instant::from_millis(0.0);
        let unix = unix + begins;
        engine.handle_input(now, unix, Input::CreateTelemetry { id: PIPELINE, config });
        if let Some(telemetry) = engine.telemetry(PIPELINE) {
            telemetry.begin_session(now, None);
            let context =
                Attributes::default().with("network.region", REGIONS[region % REGIONS.len()].0).finish();
            let shared = context.len();
            telemetry.set_context(&context, shared);
        }
        engine.handle_input(now, unix, Input::CreatePlayer { id: PLAYER, telemetry: Some(PIPELINE) });
        let ready = PlayerInput::OutputReady { rate: RATE, state: ContextState::Running };
        engine.handle_input(now, unix, Input::Player { id: PLAYER, input: ready });
        let at = dice.millis(10.0, 2000.0);
        Self {
            engine,
            dice,
            region,
            begins,
            unix,
            step: Step::Begin,
            at,
            play: None,
            played: 0,
            epoch: 0,
            request: 0,
            exports: BTreeMap::new(),
            waiting: Vec::new(),
            unsure: Vec::new(),
        }
    }

    /// When it wants to be called, on the load's clock.
    pub(crate) fn due(&self) -> f64 {
        let timer = self.engine.poll_timeout().map_or(f64::INFINITY, tonearm_base::time::Instant::as_millis);
        let step = if self.step == Step::Over { f64::INFINITY } else { self.at };
        self.begins + timer.min(step)
    }

    /// Whether all that it had to say was heard, or given up.
    pub(crate) fn is_done(&self) -> bool {
        self.step == Step::Over
            && self.exports.is_empty()
            && Signal::ALL
                .iter()
                .all(|signal| self.account(*signal).is_none_or(|figures| figures.pending == 0))
    }

    pub(crate) fn account(&self, signal: Signal) -> Option<Figures> {
        self.engine.pipeline(PIPELINE).map(|pipeline| pipeline.account(signal))
    }

    fn region(&self) -> &'static str {
        REGIONS[self.region % REGIONS.len()].0
    }

    fn instant(millis: f64) -> Instant {
        Instant::from_millis(millis)
    }

    fn input(&mut self, now: f64, input: Input) {
        self.engine.handle_input(Self::instant(now), self.unix + now, input);
        self.drain(now);
    }

    fn player(&mut self, now: f64, input: PlayerInput) {
        self.input(now, Input::Player { id: PLAYER, input });
    }

    fn drain(&mut self, now: f64) {
        while let Some(output) = self.engine.poll_output() {
            match output {
                Output::Media { command, .. } => match command {
                    Command::Open { epoch, request, .. } => (self.epoch, self.request) = (epoch, request.id),
                    Command::Fetch { epoch, request } => (self.epoch, self.request) = (epoch, request.id),
                    Command::Seek { epoch, .. } => self.epoch = epoch,
                    _ => {}
                },
                Output::Observe { telemetry } => {
                    self.engine.handle_input(
                        Self::instant(now),
                        self.unix + now,
                        Input::Collect { telemetry },
                    );
                }
                Output::Export { export, .. } => self.waiting.push(export),
                _ => {}
            }
        }
    }

    /// Hands over what it exports.
    pub(crate) fn export(&mut self, listener: usize, exporter: &mut Exporter, account: &mut Account) {
        for export in std::mem::take(&mut self.waiting) {
            // The same number again is the same request again.
            if self.unsure.contains(&export.id) {
                account.send_again(&export);
            }
            exporter.send(listener, &export);
            self.exports.insert(export.id, export);
        }
    }

    /// An export was answered at `now` of the load's clock.
    pub(crate) fn replied(
        &mut self,
        now: f64,
        export: u32,
        reply: &Reply,
        reached: bool,
        account: &mut Account,
    ) {
        let status = if let Reply::Response { status, .. } = reply { *status } else { 0 };
        account.answered(status);
        if let Some(sent) = self.exports.remove(&export) {
            if status == 200 {
                account.acknowledge(&sent);
            }
            if status == 0 && reached {
                self.unsure.push(export);
            }
        }
        let reply = reply.clone();
        self.input((now - self.begins).max(0.0), Input::ExportReplied { telemetry: PIPELINE, export, reply });
    }

    /// Does what is due at `now` of the load's clock; nothing new begins after `end`.
    pub(crate) fn step(&mut self, now: f64, end: f64, world: &World, account: &mut Account) {
        let now = now - self.begins;
        // What was due earlier comes first, each at its own time: the script's lengths are exact however busy
        // the machine.
        while self.step != Step::Over && self.at <= now {
            self.fire(self.at);
            self.act(end - self.begins, world, account);
        }
        self.fire(now);
    }

    /// Fires the engine's timer for all that is due.
    fn fire(&mut self, now: f64) {
        // As instants: a due time that goes through milliseconds may come back a nanosecond early, and is not
        // due then.
        while let Some(due) = self.engine.poll_timeout().filter(|due| *due <= Self::instant(now)) {
            // The worklet of a play that waits for samples reports that.
            if self.play.is_some() && !matches!(self.step, Step::Reported(_)) {
                let waiting = PlayerInput::Report(Report::Waiting);
                self.engine.handle_input(
                    due,
                    self.unix + due.as_millis(),
                    Input::Player { id: PLAYER, input: waiting },
                );
            }
            self.engine.handle_timeout(due);
            self.drain(due.as_millis());
        }
    }

    fn after(&mut self, millis: f64, step: Step) {
        self.at += millis;
        self.step = step;
    }

    fn act(&mut self, end: f64, world: &World, account: &mut Account) {
        let at = self.at;
        let unix = self.unix + at;
        let Some(play) = self.play.clone() else {
            return self.begin(at, end, world, account);
        };
        let [head, first_byte, decoded, audible] = play.steps;
        match self.step {
            Step::Begin => self.begin(at, end, world, account),
            Step::Head => {
                let status = if let Ending::Refused(status) = play.ending { status } else { 200 };
                let head = ResponseHead {
                    status,
                    total_bytes: Some(1_000_000),
                    ranges: true,
                    node: Some(play.node.into()),
                    cache: Some("hit".into()),
                    ..ResponseHead::default()
                };
                self.player(
                    at,
                    PlayerInput::Fact(Fact::ResponseHead { request: self.request, at: unix, head }),
                );
                if status == 200 {
                    return self.after(first_byte, Step::FirstByte);
                }
                self.end_body(unix, BodyEnd::Complete {});
                self.note_failure(account);
                self.attempted("failed", Some("technical"), account);
                self.rest();
            }
            Step::FirstByte => {
                self.player(at, PlayerInput::Fact(Fact::FirstByte { request: self.request, at: unix }));
                if play.ending == Ending::Left {
                    self.player(at, PlayerInput::Stop);
                    self.attempted("exited_before_start", None, account);
                    return self.rest();
                }
                self.after(decoded, Step::Decoded);
            }
            Step::Decoded => {
                let format = Format {
                    codec: "mp3".into(),
                    sample_rate: 44_100,
                    channels: 2,
                    duration: Some(600.0),
                    estimated: false,
                    bit_rate: 128_000,
                };
                self.player(at, PlayerInput::Fact(Fact::Format { epoch: self.epoch, format }));
                self.player(
                    at,
                    PlayerInput::Fact(Fact::FirstDecoded { epoch: self.epoch, at: unix, position: 0.0 }),
                );
                self.player(at, PlayerInput::Fact(Fact::Buffered { epoch: self.epoch, end: 300.0 }));
                self.after(audible, Step::Audible);
            }
            Step::Audible => {
                let report = Report::Audible {
                    epoch: self.epoch,
                    at: Self::instant(at),
                    frames: 0,
                    method: "audible",
                };
                self.player(at, PlayerInput::Report(report));
                self.started((head + first_byte + decoded + audible) / 1000.0, &play, account);
                self.after(REPORT, Step::Reported(1));
            }
            Step::Reported(count) => self.heard(count, &play, account),
            Step::GapOver(count) => {
                let (_, missing) = play.stall.unwrap_or_default();
                let frames = (missing * f64::from(RATE) / 1000.0) as u64;
                let over = Report::GapEnded {
                    epoch: self.epoch,
                    at: Self::instant(at),
                    missing: frames,
                    audible: true,
                };
                self.player(at, PlayerInput::Report(over));
                self.stalled(missing / 1000.0, &play, account);
                self.after(REPORT, Step::Reported(count + 1));
            }
            Step::Over => {}
        }
    }

    fn begin(&mut self, at: f64, end: f64, world: &World, account: &mut Account) {
        if at > end {
            self.step = Step::Over;
            return self.input(at, Input::Flush { telemetry: PIPELINE });
        }
        self.search(at, account);
        let play = play(&mut self.dice, self.region, world);
        self.played += 1;
        let url = Url { href: "https://cdn.example/a.mp3".into(), attributes: Vec::new(), propagates: true };
        let source = Source { url: Some(url), ..Source::default() };
        self.player(at, PlayerInput::Load { token: self.played * 2, source, preload: Preload::None });
        let request = PlayRequest {
            token: self.played * 2 + 1,
            at: Self::instant(at),
            trigger: "user",
            activation: true,
        };
        self.player(at, PlayerInput::Play(request));
        self.after(play.steps[0], Step::Head);
        self.play = Some(play);
    }

    /// Now and then the listener looks for something first.
    fn search(&mut self, at: f64, account: &mut Account) {
        if !self.dice.happens(0.3) {
            return;
        }
        let hit = self.dice.happens(0.8);
        if let Some(telemetry) = self.engine.telemetry(PIPELINE) {
            let metric = Metric::MusicSearchResults as u32;
            telemetry.measure(Self::instant(at), metric, 1.0, &[Value::Flag(hit)], None);
        }
        let told = if hit { "true" } else { "false" };
        account.happened("music.search.results", &[("hit", told), ("network.region", self.region())], 1.0);
    }

    fn end_body(&mut self, unix: f64, end: BodyEnd) {
        let fact = Fact::BodyEnd { request: self.request, at: unix, bytes: 1_000_000, end };
        self.player(self.at, PlayerInput::Fact(fact));
    }

    fn heard(&mut self, count: u32, play: &Play, account: &mut Account) {
        let (at, unix) = (self.at, self.unix + self.at);
        let frames = u64::from(count) * FRAMES;
        let position = Report::Position { epoch: self.epoch, at: Self::instant(at), frames };
        self.player(at, PlayerInput::Report(position));
        account.happened("track.play.time", &self.place(play, &[]), REPORT / 1000.0);
        if count == 1 {
            let (packets, failures) = (400, play.damaged);
            self.player(at, PlayerInput::Fact(Fact::Decoded { epoch: self.epoch, packets, failures }));
            account.happened(
                "audio.decode.attempts",
                &self.place(play, &[("audio.codec", "mp3")]),
                packets.into(),
            );
            if failures > 0 {
                let attributes = [("audio.codec", "mp3"), ("error.type", "undecodable")];
                account.happened("audio.decode.failures", &self.place(play, &attributes), failures.into());
            }
            self.end_body(unix, BodyEnd::Complete {});
        }
        if let Some((after, missing)) = play.stall.filter(|(after, _)| *after == count) {
            let gap = Report::GapStarted { epoch: self.epoch, at: Self::instant(at), frames };
            self.player(at, PlayerInput::Report(gap));
            self.note_failure(account);
            return self.after(missing, Step::GapOver(after));
        }
        if matches!(play.ending, Ending::Heard(length) if f64::from(count) * REPORT >= length) {
            self.player(at, PlayerInput::Stop);
            return self.rest();
        }
        self.after(REPORT, Step::Reported(count + 1));
    }

    /// Until the next play.
    fn rest(&mut self) {
        let pause = self.play.as_ref().map_or(1000.0, |play| play.pause);
        self.after(pause, Step::Begin);
        self.play = None;
    }

    fn note_failure(&self, account: &mut Account) {
        let context = self.engine.player(PLAYER).and_then(tonearm_player::engine::Player::context);
        if let Some(context) = context.filter(|_| account.failed_traces.len() < 100) {
            account.failed_traces.push(hex(&context.trace_id));
        }
    }

    /// Attributes of a series: what it declares, the node, the region.
    fn place<'a>(&self, play: &Play, own: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        let mut all = own.to_vec();
        all.push(("cdn.node", play.node));
        all.push(("network.region", self.region()));
        all
    }

    fn attempted(&self, outcome: &'static str, class: Option<&'static str>, account: &mut Account) {
        let Some(play) = &self.play else { return };
        let mut own = vec![("outcome", outcome)];
        own.extend(class.map(|class| ("error.class", class)));
        account.happened("track.play.attempts", &self.place(play, &own), 1.0);
    }

    fn started(&self, latency: f64, play: &Play, account: &mut Account) {
        let own = [("track.play.trigger", "user"), ("audio.output.method", "audible")];
        account.started(self.region(), play.node, latency * 1000.0);
        account.happened("track.play.latency", &self.place(play, &own), latency);
        account.happened("track.buffer.time", &self.place(play, &[("cause", "startup")]), latency);
        self.attempted("started", None, account);
    }

    fn stalled(&self, seconds: f64, play: &Play, account: &mut Account) {
        let cause = ("cause", "decode");
        account.happened("track.stalls", &self.place(play, &[cause]), 1.0);
        account.happened("track.stall.duration", &self.place(play, &[cause]), seconds);
        account.happened("track.buffer.time", &self.place(play, &[("cause", "stall")]), seconds);
        account.happened("audio.buffer.underflow", &self.place(play, &[]), seconds);
        account.happened("audio.buffer.underflows", &self.place(play, &[]), 1.0);
    }
}
