//! What scripts decide before the core is there (`pkg/src/before`): each rule as Rust has it, by the vectors
//! of tests/vectors/before.json that both sides run.

use serde_json::Value;
use tonearm_base::random::Random;
use tonearm_base::time::{ClockAnchor, Instant};
use tonearm_formats::{CanPlayType, Family, can_play_type};
use tonearm_telemetry::{
    AllowedOrigin, Config, HeaderPolicy, Parent, RANDOM, Sampler, SpanContext, SpanOptions, Telemetry,
    TraceState, format_traceparent, header_policy, parse_traceparent, redact,
};

fn text<'a>(of: &'a Value, name: &str) -> &'a str {
    of[name].as_str().unwrap_or_default()
}

fn texts<'a>(of: &'a Value, name: &str) -> Vec<&'a str> {
    of[name].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

fn bytes<const N: usize>(hex: &str) -> [u8; N] {
    std::array::from_fn(|n| u8::from_str_radix(&hex[2 * n..2 * n + 2], 16).unwrap())
}

/// A context of 24 bytes of ids in hexadecimal digits.
fn context(ids: &str, flags: u8) -> SpanContext {
    SpanContext { trace_id: bytes(ids), span_id: bytes(&ids[32..]), flags, is_remote: false }
}

/// The ids of a context, as `traceparent` writes them.
fn ids(context: &SpanContext) -> String {
    format_traceparent(context)[3..52].replace('-', "")
}

fn context_of(of: &Value) {
    let given = parse_traceparent(text(of, "traceparent"));
    let expected = &of["context"];
    assert_eq!(given.is_ok(), expected.is_object(), "{of}");
    if let Ok(given) = given {
        assert_eq!(format_traceparent(&given), text(expected, "traceparent"), "{of}");
        let state = TraceState::parse(text(of, "tracestate")).unwrap_or_default();
        assert_eq!(state.as_str(), text(expected, "tracestate"), "{of}");
    }
}

fn new_context(of: &Value) {
    let mut telemetry =
        Telemetry::new(Config::default(), ClockAnchor::at_origin(1e12), Random::seeded([5, 6]), &[]);
    let parent = of["parent"].as_str().map(|value| parse_traceparent(value).unwrap());
    let options = SpanOptions::new("span").child_of(parent.map(Parent::Context));
    let key = telemetry.start_span(Instant::ORIGIN, options).unwrap();
    let context = telemetry.span_context(key).unwrap();
    assert_eq!(u64::from(context.flags), of["flags"].as_u64().unwrap(), "{of}");
    match parent {
        Some(parent) => {
            assert_eq!(context.trace_id, parent.trace_id);
            assert_eq!(&ids(&context)[..32], text(of, "traceId"), "{of}");
        }
        None => assert!(context.flags & RANDOM > 0 && context.trace_id != [0; 16], "{of}"),
    }
}

fn samples(of: &Value) {
    let given = &of["sampler"];
    let by_name = given["byName"].as_object().into_iter().flatten();
    let sampler = Sampler {
        ratio: given["ratio"].as_f64().unwrap(),
        by_name: by_name.map(|(name, ratio)| (name.clone().into_bytes(), ratio.as_f64().unwrap())).collect(),
        parent_based: given["parentBased"].as_bool().unwrap_or_default(),
        ..Sampler::default()
    };
    let parent = of["parent"].as_object().map(|parent| {
        (u8::try_from(parent["flags"].as_u64().unwrap()).unwrap(), parent["isRemote"].as_bool().unwrap())
    });
    let decision = sampler.samples(text(of, "name").as_bytes(), &bytes(text(of, "traceId")), parent);
    assert_eq!(decision, of["sampled"].as_bool().unwrap(), "{of}");
}

fn policy(of: &Value) -> HeaderPolicy {
    let allowed: Vec<_> = of["propagateTo"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|entry| AllowedOrigin {
            origin: entry.as_str().unwrap_or_else(|| text(entry, "origin")),
            all_methods: entry.is_object(),
        })
        .collect();
    // A `blob:` URL has its maker's origin, and is no HTTP.
    let given = text(of, "given");
    let origin = if given.starts_with("blob:") { "blob:" } else { text(of, "origin") };
    header_policy(origin, text(of, "page"), &allowed)
}

fn locate(of: &Value) {
    let policy = policy(of);
    assert_eq!(policy != HeaderPolicy::Never, of["propagates"].as_bool().unwrap(), "{of}");
    assert_eq!(policy == HeaderPolicy::Vouched, of["vouched"].as_bool().unwrap(), "{of}");
}

fn attributes_of(of: &Value) {
    assert_eq!(redact(text(of, "href"), &texts(of, "allowQuery")), text(of, "url"), "{of}");
}

fn describe(of: &Value) {
    assert_eq!(policy(of) != HeaderPolicy::Never, of["propagates"].as_bool().unwrap(), "{of}");
    if let Some(url) = of["url"].as_str() {
        assert_eq!(redact(text(of, "href"), &[]), url, "{of}");
    }
}

fn module_named(of: &Value) {
    let module = Family::named(text(of, "name")).map(|family| match family {
        Family::Mp3 => "mp3",
        Family::Adts | Family::Mp4 => "aac",
        Family::Flac | Family::OggFlac => "flac",
        Family::OggVorbis => "vorbis",
        Family::OggOpus => "opus",
        Family::Wav => "wav",
    });
    assert_eq!(module, of["module"].as_str(), "{of}");
}

fn can_play(of: &Value) {
    let answer = match can_play_type(text(of, "type")) {
        CanPlayType::No => "",
        CanPlayType::Maybe => "maybe",
        CanPlayType::Probably => "probably",
    };
    assert_eq!(answer, text(of, "answer"), "{of}");
}

#[test]
fn what_scripts_decide_before_the_core_is_what_rust_decides() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/before.json");
    let vectors: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    for (name, cases) in vectors.as_object().unwrap() {
        let run: fn(&Value) = match name.as_str() {
            "context.contextOf" => context_of,
            "context.format" => |of| {
                let context = context(text(of, "ids"), u8::try_from(of["flags"].as_u64().unwrap()).unwrap());
                assert_eq!(format_traceparent(&context), text(of, "traceparent"));
            },
            "context.hexOf" => |of| {
                let given: Vec<u8> = serde_json::from_value(of["bytes"].clone()).unwrap();
                let (trace, span) = given.split_at(16);
                let context = SpanContext {
                    trace_id: trace.try_into().unwrap(),
                    span_id: span.try_into().unwrap(),
                    ..context(&"0".repeat(48), 0)
                };
                assert_eq!(ids(&context), text(of, "hex"));
            },
            "context.idsOf" => |of| {
                assert_eq!(ids(&parse_traceparent(text(of, "traceparent")).unwrap()), text(of, "ids"));
            },
            "context.newContext" => new_context,
            "sampling.samples" => samples,
            "url.locate" => locate,
            "url.attributesOf" => attributes_of,
            "url.describe" => describe,
            "media_types.canPlayType" => can_play,
            "module_names.moduleNamed" => module_named,
            other => panic!("no rule of Rust's is known for {other}"),
        };
        let cases = cases.as_array().unwrap();
        assert!(!cases.is_empty(), "{name}");
        cases.iter().for_each(run);
    }
}
