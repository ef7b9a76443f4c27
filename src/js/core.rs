//! The core as the hand-written scripts hold it. Methods take `&self`; a call from within a callback works.
//!
//! Numbers, bytes and strings cross, objects do not: their bindings weigh more than what they would carry.
//! For the same reason nearly everything comes in by one door, [`Core::tell`]: an export of its own costs
//! what ten kinds do.

use tonearm_base::text::latin1;
use tonearm_messages::{Fact, Wire};
use web_sys::Performance;

use crate::browser::{Driver, Host};
use tonearm_base::random::Random;
use tonearm_base::time::{Duration, Instant};
use tonearm_player::engine::{ContextState, Engine, Input, PlayRequest, Player, PlayerInput, Report, Source};
use tonearm_player::instrumentation::Url;
use tonearm_player::playback::PlayFailure;
use tonearm_telemetry::{
    Batch, Config, Consent, DropReason, FULL, Flat, Instrument, Propagators, Recovered, Reply, Sampler,
    Signal, Telemetry,
};

/// The fields of attributes: of a resource, of a span.
const RESOURCE: u32 = 1;
const SPAN: u32 = 9;

/// The control plane of one page.
pub struct Core {
    driver: Driver,
}

fn millis(millis: f64) -> Duration {
    Duration::from_millis(millis as u64)
}

/// A report of a worklet; its numbers are the epoch, the instant in milliseconds of page time, and frames.
fn report(kind: u32, [epoch, at, frames]: [f64; 3], flag: bool) -> PlayerInput {
    let (epoch, at, frames) = (epoch as u32, Instant::from_millis(at), frames as u64);
    PlayerInput::Report(match kind {
        0 => Report::Audible { epoch, at, frames, method: if flag { "audible" } else { "rendered" } },
        1 if flag => Report::Position { epoch, at, frames },
        1 => Report::Waiting,
        2 => Report::GapStarted { epoch, at, frames },
        3 => Report::GapEnded { epoch, at, missing: frames, audible: flag },
        4 => Report::Ended { epoch, at, frames },
        // By an event of the browser's, which knows no frames.
        _ => Report::Audible { epoch, at, frames, method: "event" },
    })
}

/// `load()`, or the answer of a resolver where there is no promise: whether a trace header may go along, the
/// URL, which is ASCII (a source without one is resolved when the play begins), what is told of it; of a
/// `load()` the attributes of the track, and the context of the app's span. Of a source the second number is how
/// many others there are, the third how many seconds its first byte may take; its last bytes say whether the
/// element may play it.
fn load([token, play, timeout]: [f64; 3], credentials: bool, bytes: &[u8]) -> PlayerInput {
    let (token, play) = (token as u32, play as u32);
    let mut flat = Flat::new(bytes);
    let propagates = flat.number() > 0.0;
    let href = latin1(flat.bytes());
    let told = flat.encoded(SPAN);
    let url = (!href.is_empty()).then_some(Url { href, attributes: told, propagates });
    match url {
        url if token > 0 => {
            let attributes = flat.encoded(SPAN);
            let (parent, state) = flat.context().unzip();
            let trace_state = latin1(state.unwrap_or_default());
            let (alternatives, element) = (play, flat.number() > 0.0);
            let first_byte_timeout = (timeout > 0.0).then(|| millis(timeout * 1000.0));
            let source = Source {
                url,
                credentials,
                attributes,
                alternatives,
                element,
                parent,
                trace_state,
                first_byte_timeout,
            };
            PlayerInput::Load { token, source }
        }
        Some(url) => PlayerInput::Resolved { play, url },
        None => PlayerInput::ResolveFailed { play, failure: PlayFailure::Resolve },
    }
}

/// What a player is told; see `door.js` for what its numbers mean.
fn player_input(what: u32, [a, b, c]: [f64; 3], flag: bool, bytes: &[u8]) -> PlayerInput {
    match what {
        0 => PlayerInput::Pause,
        1 => PlayerInput::Stop,
        2 => PlayerInput::Seek(a),
        3 => PlayerInput::Context(match a as u32 {
            0 => ContextState::Running,
            1 => ContextState::Closed,
            _ => ContextState::Suspended,
        }),
        4 => PlayerInput::OutputReady { rate: a as u32, state: ContextState::Suspended },
        5 => PlayerInput::OutputUnavailable,
        6 => PlayerInput::MediaUnavailable,
        7 => Fact::from_bytes(bytes).map_or(PlayerInput::MediaUnavailable, PlayerInput::Fact),
        9 => load([a, b, c], flag, bytes),
        16 => PlayerInput::Prepare { metadata_only: flag },
        19 => PlayerInput::Engine(if flag { "element" } else { "stream" }),
        18 => PlayerInput::Rate(a),
        17 => PlayerInput::Loop(flag.then_some((a, b))),
        8 => {
            let trigger = ["user", "auto"].get(c as usize).copied().unwrap_or("api");
            PlayerInput::Play(PlayRequest {
                token: a as u32,
                at: Instant::from_millis(b),
                trigger,
                activation: flag,
            })
        }
        _ => report(what - 10, [a, b, c], flag),
    }
}

/// The first kind that is no player's.
const PIPELINE: u32 = 20;

impl Core {
    /// A core whose ids grow from two random numbers.
    pub fn new(performance: Performance, seed_high: u64, seed_low: u64, host: Host) -> Self {
        #[cfg(feature = "panic-messages")]
        console_error_panic_hook::set_once();
        Self { driver: Driver::new(performance, Random::seeded([seed_high, seed_low]), host) }
    }

    /// Tells a player or a pipeline something, of a kind of `door.js`; what comes back is a number that it
    /// names.
    #[allow(clippy::too_many_arguments, reason = "a door for many")]
    pub fn tell(&self, what: u32, id: u32, a: f64, b: f64, c: f64, flag: bool, bytes: &[u8]) -> u32 {
        if what == 25 {
            // The page may have slept since, or its clock have been set.
            self.driver.observe_clock();
        }
        let input = match what {
            0..PIPELINE => Input::Player { id, input: player_input(what, [a, b, c], flag, bytes) },
            20 => Input::CreatePlayer { id, telemetry: (a > 0.0).then_some(a as u32) },
            21 => Input::DestroyPlayer { id },
            22 => Input::Flush { telemetry: id },
            23 => Input::PageHidden,
            24 => Input::Collect { telemetry: id },
            26 => {
                let (status, retry_after) = (b as u16, (c >= 0.0).then(|| millis(c)));
                let answer = Reply::Response { status, retry_after, body: bytes.to_vec() };
                // No response has a status below 200.
                let reply = match status {
                    0 => Reply::Failed,
                    1 => Reply::Unsent,
                    2 => Reply::Deferred,
                    3 => Reply::Redirected,
                    _ => answer,
                };
                Input::ExportReplied { telemetry: id, export: a as u32, reply }
            }
            // Signal, records, and what becomes of them.
            33 => {
                let of = a as u32;
                let (signal, age) = (signal(f64::from(of & 3)), Duration::from_secs(c as u64));
                let fate = match of >> 2 {
                    1 => Recovered::Lost(DropReason::Unconfirmed),
                    2 => Recovered::Lost(DropReason::Expired),
                    _ => Recovered::Sent { age },
                };
                let body = bytes.to_vec();
                Input::Recover { telemetry: id, signal, records: b as u64, body, fate }
            }
            34 if FULL => {
                let record = flag.then(|| bytes.to_vec());
                Input::Inspected { telemetry: id, signal: signal(a), record }
            }
            35 => Input::DestroyTelemetry { id },
            36 => {
                let mut reader = Flat::new(bytes);
                let service = latin1(reader.bytes());
                let last = latin1(reader.bytes());
                let known = (!last.is_empty()).then(|| (last, millis(a)));
                Input::BeginSession { telemetry: id, service, known, counted: b > 0.0 }
            }
            42 => Input::Player { id, input: PlayerInput::Watch },
            43 => Input::Player { id, input: PlayerInput::MediaLoaded },
            49 => {
                let report = Report::MediaSilent { epoch: a as u32 };
                Input::Player { id, input: PlayerInput::Report(report) }
            }
            44 => match load([1.0, b, c], flag, bytes) {
                PlayerInput::Load { source, .. } => {
                    Input::Player { id, input: PlayerInput::Alternative { source } }
                }
                input => Input::Player { id, input },
            },
            45 => match load([0.0; 3], false, bytes) {
                PlayerInput::Resolved { url, .. } => {
                    Input::Player { id, input: PlayerInput::Renewed { url } }
                }
                input => Input::Player { id, input },
            },
            41 if FULL => Input::Inspect,
            27 => Input::CreateTelemetry { id, config: config(bytes) },
            32 => {
                self.driver.timeout();
                return 0;
            }
            _ => {
                return self
                    .driver
                    .record(id, |telemetry, now| record(telemetry, now, what, [a, b, c], bytes));
            }
        };
        self.driver.input(input);
        0
    }

    /// Asks a pipeline for what is pending (0): request by request its signal, its number (0 was never sent),
    /// its records, their age in seconds and the length of its body in four bytes each, then the body. For
    /// the headers of a context and of the baggage that came with it, as lines (1). For the context in lines of headers (2):
    /// `traceparent`, `tracestate` and `baggage` in a line each, nothing where there is none. For attributes,
    /// behind the number of a field, as such fields (3).
    pub fn ask(&self, what: u32, telemetry: u32, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        self.driver.record(telemetry, |telemetry, now| {
            match what {
                0 => telemetry.snapshot(now, |signal, id, records, age, body| {
                    let age = (age.as_millis() / 1000) as u32;
                    for number in [signal as u32, id, records as u32, age, body.len() as u32] {
                        out.extend_from_slice(&number.to_le_bytes());
                    }
                    out.extend_from_slice(body);
                }),
                1 if FULL => {
                    let mut flat = Flat::new(bytes);
                    let (context, state) = flat.context().unzip();
                    let (state, baggage) = (latin1(state.unwrap_or_default()), latin1(flat.bytes()));
                    out = telemetry.headers_of(context.as_ref(), &state, &baggage).into_bytes();
                }
                3 if FULL => {
                    let mut flat = Flat::new(bytes);
                    let field = flat.number() as u32;
                    out = flat.encoded(field);
                }
                2 if FULL => out = telemetry.extract(str::from_utf8(bytes).unwrap_or_default()).into_bytes(),
                _ => {}
            }
            0
        });
        out
    }

    /// Numbers of a player (0), in the order of `player.js`; the bytes of the context of its play (1);
    /// numbers of a pipeline (2), in the order of `telemetry.js`: one call for all of them weighs less than a
    /// method for each. Empty where there is no such thing.
    pub fn read(&self, what: u32, id: u32) -> Vec<f64> {
        let mut figures = Vec::new();
        self.driver.read(|engine, now| match (what, engine.player(id)) {
            (2, _) => account(engine, id, &mut figures),
            (3, _) => {
                // Whether the session was counted, and its id.
                if let Some(pipeline) = engine.pipeline(id) {
                    figures.push(f64::from(u8::from(pipeline.session_told())));
                    figures.extend(pipeline.session_id().bytes().map(f64::from));
                }
            }
            (0, Some(player)) => self::figures(player, now, &mut figures),
            (_, player) => {
                if let Some(context) = player.and_then(Player::context) {
                    for byte in context.trace_id.iter().chain(&context.span_id).chain(&[context.flags]) {
                        figures.push(f64::from(*byte));
                    }
                }
            }
        });
        figures
    }
}

fn signal(number: f64) -> Signal {
    Signal::ALL.get(number as usize).copied().unwrap_or(Signal::Traces)
}

/// What an app records beside the player; see `door.js`.
fn record(telemetry: &mut Telemetry, now: Instant, what: u32, [a, b, c]: [f64; 3], bytes: &[u8]) -> u32 {
    match what {
        25 => return telemetry.record_rows(now, bytes).into(),
        29 => {
            // Nearly always there is none.
            let told = if bytes.is_empty() { None } else { Flat::new(bytes).context() };
            let context = told.map(|(context, _)| context);
            return u32::from(telemetry.record(now, (a as u32).into(), b, context));
        }
        30 => {
            let instrument = a as u32;
            let attributes = Flat::new(bytes).encoded(telemetry.points_field(instrument));
            return telemetry.series(instrument, attributes).into();
        }
        31 => {
            use tonearm_telemetry::Kind;
            // From 4 on they are observed.
            let kinds = [Kind::Counter, Kind::UpDownCounter, Kind::Gauge, Kind::Histogram];
            let observed = a >= 4.0;
            let kind = kinds.get(a as usize & 3).copied().unwrap_or(Kind::Gauge);
            let mut flat = Flat::new(bytes);
            let (name, unit, description) = (flat.bytes(), flat.bytes(), flat.bytes());
            let mut bounds = Vec::new();
            while !flat.is_empty() {
                bounds.push(flat.number());
            }
            return telemetry.instrument(
                now,
                &Instrument {
                    name,
                    unit,
                    description,
                    observed,
                    bounds: &bounds,
                    ..Instrument::new("", "", kind, &[])
                },
            );
        }
        37 => {
            let mut flat = Flat::new(bytes);
            let (shared, own) = (flat.encoded(RESOURCE), flat.encoded(RESOURCE));
            telemetry.set_context(&[shared.as_slice(), &own].concat(), shared.len());
        }
        38 if FULL => telemetry.set_baggage(latin1(bytes)),
        39 if FULL => {
            telemetry.set_consent(now, consent(a as u32));
            return 1;
        }
        40 => {
            let reason = DropReason::ALL.get(b as usize).copied().unwrap_or(DropReason::QueueFull);
            telemetry.count_lost(signal(a), reason, c as u64);
        }
        _ => {}
    }
    0
}

fn consent(number: u32) -> Consent {
    [Consent::Granted, Consent::Pending].get(number as usize).copied().unwrap_or(Consent::Denied)
}

/// A pipeline's options, in the order of `config.js`.
fn config(bytes: &[u8]) -> Config {
    let mut flat = Flat::new(bytes);
    let flat = &mut flat;
    let millis = |flat: &mut Flat<'_>| Duration::from_millis(flat.number() as u64);
    let batch = Batch {
        delay: millis(flat),
        size: flat.number() as usize,
        queue_size: flat.number() as usize,
        timeout: millis(flat),
        metric_interval: millis(flat),
        ..Batch::default()
    };
    let slow = millis(flat);
    let tail = (slow > Duration::ZERO).then_some(slow);
    let mut sampler = Sampler { tail, ratio: flat.number(), ..Sampler::default() };
    let consent = consent(flat.number() as u32);
    let propagators = Propagators(flat.number() as u8);
    let flags = flat.number() as u32;
    let is_so = |bit: u32| flags >> bit & 1 > 0;
    sampler.parent_based = is_so(0);
    let mut config = Config {
        cumulative: is_so(1),
        spools: is_so(2),
        propagators,
        cmcd: is_so(3),
        consent,
        inspects: is_so(4),
        tells_itself: is_so(5),
        gzip: is_so(6),
        batch,
        resource: flat.encoded(RESOURCE),
        client: flat.encoded(RESOURCE),
        ..Config::default()
    };
    for _ in 0..flat.number() as u32 {
        config.levels.push((flat.bytes().to_vec(), flat.number() as u32));
    }
    while FULL && !flat.is_empty() {
        sampler.by_name.push((flat.bytes().to_vec(), flat.number()));
    }
    config.sampler = sampler;
    config
}

/// How the endpoints are (`Endpoint`), and spans that no flush brings out; then of each signal the started,
/// recovered, exported and pending records, and the dropped ones by reason.
fn account(engine: &Engine, telemetry: u32, figures: &mut Vec<f64>) {
    let Some(pipeline) = engine.pipeline(telemetry) else { return };
    figures.push(f64::from(pipeline.endpoint() as u8));
    figures.push(pipeline.open_spans() as f64);
    for signal in Signal::ALL {
        let account = pipeline.account(signal);
        for count in [account.started, account.recovered, account.exported, account.pending] {
            figures.push(count as f64);
        }
        for reason in DropReason::ALL {
            figures.push(account.dropped(reason) as f64);
        }
    }
}

fn figures(player: &Player, now: Instant, figures: &mut Vec<f64>) {
    let [start, end] = player.buffered();
    let totals = player.totals();
    for figure in [
        f64::from(player.state() as u8),
        f64::from(u8::from(player.paused())),
        player.current_time(now),
        player.duration().unwrap_or(f64::NAN),
        start,
        end,
        totals.played.as_secs_f64(),
        totals.stalled.as_secs_f64(),
        f64::from(totals.stalls),
        f64::from(totals.decode_failures),
    ] {
        figures.push(figure);
    }
    if let Some(start) = player.start_up() {
        figures.push(start.latency().map_or(f64::NAN, Duration::as_secs_f64));
        for (_, length) in start.phases() {
            figures.push(length.as_secs_f64());
        }
    }
}
