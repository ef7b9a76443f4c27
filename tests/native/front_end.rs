//! What a Rust front-end hands to the package, held against the package's own faces.

use std::time::Duration;

use opentelemetry::trace::{SpanContext, TraceContextExt, TraceState};
use opentelemetry::{Context, SpanId, TraceFlags, TraceId};
use serde_json::{Value, json};
use tonearm::{
    EngineOption, Options, PlayerError, PlayerEvent, PlayerOptions, PlayerState, PlayerStats, ReplayGain,
    Source, TrackMetadata,
};
use tonearm_base::time::Duration as Span;
use tonearm_telemetry::{Batch, Config, Consent, Propagators, Sampler, WARN};

const PLAYER: &str = include_str!("../../pkg/src/types/player.ts");
const TELEMETRY: &str = include_str!("../../pkg/src/types/telemetry.ts");

/// The strings of a union type.
fn union(source: &str, name: &str) -> Vec<String> {
    let (_, rest) = source.split_once(&format!("export type {name} =")).expect("a union type");
    let (union, _) = rest.split_once(';').unwrap();
    union.split('\'').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Whether an interface has a member of that name.
fn has_member(source: &str, interface: &str, member: &str) -> bool {
    let (_, rest) = source.split_once(&format!("export interface {interface} {{")).expect("an interface");
    let (body, _) = rest.split_once("\n}").unwrap();
    let named = [format!("{member}?:"), format!("{member}:")];
    body.lines().any(|line| named.iter().any(|name| line.trim_start().starts_with(name)))
}

fn object(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap()
}

fn context(trace_id: u128) -> SpanContext {
    let state: TraceState = "vendor=1".parse().unwrap();
    SpanContext::new(TraceId::from(trace_id), SpanId::from(7), TraceFlags::SAMPLED, false, state)
}

#[test]
fn events_and_states_are_those_of_the_package() {
    assert_eq!(PlayerEvent::ALL.map(PlayerEvent::name).to_vec(), union(PLAYER, "PlayerEventName"));
    assert_eq!(PlayerState::ALL.map(PlayerState::as_str).to_vec(), union(PLAYER, "PlayerState"));
}

#[test]
fn errors_have_a_variant_for_each_name_that_the_player_documents() {
    let source = include_str!("../../pkg/src/player.ts");
    let (head, _) = source.split_once("export class Player").unwrap();
    let (_, comment) = head.rsplit_once("/**").unwrap();
    let names: Vec<_> = comment.split('`').filter(|word| word.ends_with("Error")).collect();
    assert!(names.len() >= 9, "{names:?}");
    for name in names {
        let error = PlayerError::from_name(name, "why".into());
        assert!(!matches!(error, PlayerError::Other { .. }), "{name} has no variant");
        assert_eq!(error.to_string(), "why");
    }
    let other = PlayerError::from_name("DataError", "why".into());
    assert_eq!(other, PlayerError::Other { name: "DataError".into(), message: "why".into() });
}

#[test]
fn a_source_is_the_object_that_load_takes() {
    assert_eq!(object(&Source::new("/1.mp3").to_object()), json!({ "src": "/1.mp3" }));
    let source = Source {
        src: Some("/1.mp3".into()),
        headers: vec![("authorization".into(), "Bearer 1".into())],
        include_credentials: true,
        first_byte_timeout: Some(Duration::from_millis(2500)),
        track_id: Some("1".into()),
        playlist_id: Some("2".into()),
        parent: Some(context(5)),
    };
    let traceparent = "00-00000000000000000000000000000005-0000000000000007-01";
    let whole = object(&source.to_object());
    assert_eq!(
        whole,
        json!({
            "src": "/1.mp3",
            "headers": { "authorization": "Bearer 1" },
            "credentials": "include",
            "firstByteTimeout": 2.5,
            "trackId": "1",
            "playlistId": "2",
            "parent": { "traceparent": traceparent, "tracestate": "vendor=1" },
        })
    );
    for member in whole.as_object().unwrap().keys() {
        assert!(has_member(PLAYER, "Source", member), "{member}");
    }
}

#[test]
fn the_current_span_is_the_parent_unless_the_source_says_otherwise() {
    let parent = |source: &Source| object(&source.to_object())["parent"]["traceparent"].clone();
    let plain = Source::new("/1.mp3");
    let begins = Source { parent: Some(SpanContext::empty_context()), ..plain.clone() };
    let other = Source { parent: Some(context(6)), ..plain.clone() };
    assert_eq!(parent(&plain), Value::Null);
    let _current = Context::new().with_remote_span_context(context(5)).attach();
    assert_eq!(parent(&plain), "00-00000000000000000000000000000005-0000000000000007-01");
    assert_eq!(parent(&other), "00-00000000000000000000000000000006-0000000000000007-01");
    assert_eq!(parent(&begins), Value::Null);
}

#[test]
fn options_of_a_player_are_those_that_it_takes() {
    let options =
        PlayerOptions { telemetry: None, engine: EngineOption::Stream, replay_gain: ReplayGain::Album };
    assert_eq!(object(&options), json!({ "engine": "stream", "replayGain": "album" }));
    assert_eq!(object(&PlayerOptions::default()), json!({ "engine": "auto", "replayGain": "off" }));
    for option in ["engine", "replayGain", "telemetry"] {
        assert!(has_member(PLAYER, "PlayerOptions", option), "{option}");
    }
}

#[test]
fn the_packages_pipeline_has_the_options_of_the_front_ends() {
    let options = Options {
        service_name: "shop".into(),
        endpoint: "https://collector.example/".into(),
        headers: vec![("x-key".into(), "1".into())],
        resource: vec![("service.version".into(), "2".into())],
        propagators: Propagators(Propagators::TRACE_CONTEXT.0 | Propagators::B3.0),
        propagate_to: vec!["https://cdn.example".into()],
        config: Config {
            levels: vec![(b"".to_vec(), WARN), (b"audio.".to_vec(), 1)],
            sampler: Sampler {
                ratio: 0.5,
                by_name: vec![(b"track.play".to_vec(), 1.0)],
                parent_based: true,
                tail: Some(Span::from_millis(2500)),
            },
            cmcd: true,
            consent: Consent::Pending,
            tells_itself: true,
            cumulative: true,
            batch: Batch { delay: Span::from_millis(250), size: 10, queue_size: 100, ..Batch::default() },
            ..Config::default()
        },
    };
    let config = object(&options.to_telemetry_config());
    assert_eq!(
        config,
        json!({
            "serviceName": "shop",
            "endpoint": "https://collector.example",
            "headers": { "x-key": "1" },
            "resource": { "service.version": "2" },
            "propagators": ["tracecontext", "b3"],
            "propagateTo": ["https://cdn.example"],
            "sampler": {
                "ratio": 0.5,
                "byName": { "track.play": 1.0 },
                "parentBased": true,
                "tail": { "slowerThan": 2.5 },
            },
            "consent": "pending",
            "cmcd": true,
            "tellsItself": true,
            "temporality": "cumulative",
            "logLevel": { "": "warn", "audio.": "trace" },
            "scheduledDelayMillis": 250,
            "maxExportBatchSize": 10,
            "maxQueueSize": 100,
            "exportTimeoutMillis": 30_000,
            "metricIntervalMillis": 60_000,
        })
    );
    for option in config.as_object().unwrap().keys() {
        assert!(has_member(TELEMETRY, "TelemetryConfig", option), "{option}");
    }
    let plain = object(&Options::default().to_telemetry_config());
    assert_eq!((&plain["consent"], &plain["temporality"]), (&json!("granted"), &json!("delta")));
    assert_eq!((&plain["endpoint"], &plain["logLevel"]), (&Value::Null, &Value::Null));
}

#[test]
fn figures_and_tags_are_read() {
    let stats: PlayerStats = serde_json::from_value(json!({
        "playTime": 1.5, "stallTime": 0.25, "stalls": 2, "decodeFailures": 3, "latency": 0.5,
        "phases": { "metadata": 0.1, "connect": 0.2, "firstByte": 0.3, "decode": 0.4, "output": 0.5 },
    }))
    .unwrap();
    assert_eq!((stats.play_time, stats.stalls, stats.latency), (1.5, 2, Some(0.5)));
    assert_eq!((stats.phases.first_byte, stats.phases.output), (0.3, 0.5));
    let tags: TrackMetadata =
        serde_json::from_value(json!({ "title": "Night Bus", "tracknumber": "2", "artwork": {} })).unwrap();
    assert_eq!((tags.get("title"), tags.get("artwork")), (Some("Night Bus"), None));
}
