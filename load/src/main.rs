//! Thousands of simulated listeners: each is the shipping engine and telemetry core with a fake host,
//! playing, stalling and failing by a seeded script, with a clock of its own that is wrong, exporting real
//! OTLP. What should arrive is known exactly.
//!
//! `tonearm-load --endpoint URL [--token T] [--listeners N] [--seconds S] [--seed X] [--skew SECONDS]
//! [--world FILE] [--metric-interval MS] [--tells-itself true] [--ids true] [--version V] [--report FILE]`.
//! The report is JSON: what the script did, what was acknowledged, what was lost and why. `world` is a JSON
//! file that says what is wrong with regions and CDN nodes, read again each second: drills change it under
//! way.

mod account;
mod exporter;
mod listener;
mod script;
mod world;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use account::Account;
use exporter::{Exporter, Replied};
use listener::Listener;
use script::Dice;
use world::World;

/// Whatever went wrong at the start.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What the command line says.
#[derive(Debug, Clone)]
struct Options {
    endpoint: String,
    token: Option<String>,
    listeners: usize,
    seconds: f64,
    seed: u64,
    skew: f64,
    world: Option<PathBuf>,
    metric_interval: u64,
    tells_itself: bool,
    ids: bool,
    version: String,
    service: String,
    environment: String,
    report: Option<PathBuf>,
}

fn options() -> Result<Options, Failure> {
    let mut found = Options {
        endpoint: String::new(),
        token: None,
        listeners: 1000,
        seconds: 60.0,
        seed: 1,
        skew: 300.0,
        world: None,
        metric_interval: 60_000,
        tells_itself: false,
        ids: false,
        version: "1.0.0".into(),
        service: "radio".into(),
        environment: "load".into(),
        report: None,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let value = words.next().ok_or_else(|| format!("{word} wants a value"))?;
        match word.as_str() {
            "--endpoint" => found.endpoint = value,
            "--token" => found.token = Some(value),
            "--listeners" => found.listeners = value.parse()?,
            "--seconds" => found.seconds = value.parse()?,
            "--seed" => found.seed = value.parse()?,
            "--skew" => found.skew = value.parse()?,
            "--world" => found.world = Some(value.into()),
            "--metric-interval" => found.metric_interval = value.parse()?,
            "--tells-itself" => found.tells_itself = value.parse()?,
            "--ids" => found.ids = value.parse()?,
            "--version" => found.version = value,
            "--service" => found.service = value,
            "--environment" => found.environment = value,
            "--report" => found.report = Some(value.into()),
            _ => return Err(format!("unknown argument {word}").into()),
        }
    }
    if found.endpoint.is_empty() {
        return Err("--endpoint wants the URL of an OTLP/HTTP endpoint".into());
    }
    Ok(found)
}

/// Milliseconds since the beginning, and the Unix time of that.
struct Clock {
    began: std::time::Instant,
    unix_millis: f64,
}

impl Clock {
    fn start() -> Self {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        // Whole milliseconds: what the script says in them stays exact as a `f64`.
        Self { began: std::time::Instant::now(), unix_millis: unix.as_millis() as f64 }
    }

    fn millis(&self) -> f64 {
        self.began.elapsed().as_secs_f64() * 1000.0
    }
}

/// How long listeners may take to say all that they have, at the end.
const LAST: Duration = Duration::from_secs(90);

fn main() -> Result<(), Failure> {
    let options = options()?;
    let runtime = tokio::runtime::Runtime::new()?;
    let mut exporter = Exporter::new(&runtime, &options.endpoint, options.token.as_deref());
    let mut account = Account::new(options.ids);
    let mut world = World::new(options.world.clone());
    let clock = Clock::start();
    let mut dice = Dice::new(options.seed);
    let end = options.seconds * 1000.0;
    // They come one after another: a real audience does not begin in one instant.
    let coming = (end / 10.0).min(30_000.0);
    let mut listeners: Vec<Listener> = (0..options.listeners)
        .map(|at| {
            let begins = (coming * at as f64 / options.listeners as f64).floor();
            let skew = (dice.between(-options.skew, options.skew) * 1000.0).floor();
            Listener::new(&options, &mut dice, begins, clock.unix_millis + skew)
        })
        .collect();
    let mut due: BinaryHeap<Reverse<(u64, usize)>> = listeners
        .iter()
        .enumerate()
        .map(|(at, listener)| Reverse((listener.due().ceil() as u64, at)))
        .collect();

    let mut told = 0.0;
    loop {
        let now = clock.millis();
        world.look(now);
        while let Some(Replied { listener, export, reply, reached }) = exporter.reply() {
            if let Some(one) = listeners.get_mut(listener) {
                one.replied(now, export, &reply, reached, &mut account);
                one.export(listener, &mut exporter, &mut account);
                due.push(Reverse((one.due().ceil() as u64, listener)));
            }
        }
        while let Some(Reverse((at, listener))) = due.peek().copied()
            && at as f64 <= now
        {
            due.pop();
            let Some(one) = listeners.get_mut(listener) else { continue };
            // One that was put there earlier for another time.
            if one.due().ceil() as u64 > at {
                continue;
            }
            one.step(now, end, &world, &mut account);
            one.export(listener, &mut exporter, &mut account);
            if one.due().is_finite() {
                due.push(Reverse((one.due().ceil() as u64, listener)));
            }
        }
        if now > told + 10_000.0 {
            told = now;
            eprintln!(
                "{:.0} s: {} requests, {} on their way, {:.0} ms behind",
                now / 1000.0,
                exporter.sent,
                exporter.under_way,
                due.peek().map_or(0.0, |Reverse((at, _))| now - *at as f64).max(0.0)
            );
        }
        let over = now > end + LAST.as_secs_f64() * 1000.0;
        if over || (now > end && exporter.under_way == 0 && listeners.iter().all(Listener::is_done)) {
            break;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    let report = account.report(&listeners, &exporter);
    let text = serde_json::to_string_pretty(&report)?;
    match &options.report {
        Some(path) => std::fs::write(path, text)?,
        None => println!("{text}"),
    }
    Ok(())
}
