//! Browser tests: the core's exports as the hand-written scripts call them, in a real browser's main thread.
#![cfg(target_arch = "wasm32")]
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use js_sys::{Array, Function, Reflect, Uint8Array};
use tonearm::exports::account::{count_dropped, count_records, endpoint_state, open_spans, session_id};
use tonearm::exports::export::{export_failed, export_responded, flush};
use tonearm::exports::lifecycle::{begin, page_hidden, timeout};
use tonearm::exports::player::{
    clear_loop, create_player, destroy_player, load, media_fact, pause, play, resolve, seek, stop,
};
use tonearm::exports::reads::{current_time, duration, paused, play_statistic, player_state, traceparent};
use tonearm::exports::records::{record_rows, snapshot};
use tonearm::exports::telemetry::{create_telemetry, destroy_telemetry};
use tonearm::exports::{
    DropReasonName, EndpointState, ExportFailure, ExportSignal, PageHost, PipelineHost, PlayStatistic,
    PlayerHost, PlayerState, Preload, RecordState, Trigger,
};
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen(inline_js = "
// A script of a page, a player and a pipeline in one, which keeps what the core calls, and calls back when an
// event is dispatched.
export function host(onEvent) {
  const calls = [];
  const posts = [];
  const note = (name) => (...args) => calls.push([name, ...args].join(' '));
  return {
    calls,
    posts,
    dispatch_event(name) {
      calls.push(`event ${name}`);
      onEvent(name);
    },
    wake_in: (millis) => calls.push(`wake ${Math.round(millis)}`),
    settle_promise: (promise, name) => calls.push(`settle ${promise} ${name}`),
    set_failure: (name) => calls.push(`failure ${name}`),
    resolve_source: note('resolve'),
    cancel_resolve: note('cancel'),
    reopen: note('reopen'),
    release_output: note('release'),
    hold_output: note('hold'),
    terminate_worker: note('terminate'),
    send_command: (command) => calls.push(`command ${command[0]}`),
    spool: note('spool'),
    observe: note('observe'),
    report_diagnostic: note('diagnose'),
    post_export: (id, signal, body, gzipped, keepalive) => posts.push([id, signal, body.slice(), gzipped, keepalive]),
  };
}
")]
extern "C" {
    fn host(on_event: &JsValue) -> JsValue;
}

/// A host with a core of its own, in the place of the one before.
fn core(on_event: &JsValue) -> JsValue {
    let host = host(on_event);
    let performance = web_sys::window().unwrap().performance().unwrap();
    begin(performance, 1, 2, host.clone().unchecked_into::<PageHost>());
    host
}

fn quiet() -> JsValue {
    core(&Function::new_no_args(""))
}

fn calls(host: &JsValue) -> Vec<String> {
    let calls = Reflect::get(host, &"calls".into()).unwrap();
    calls.unchecked_into::<Array>().iter().filter_map(|item| item.as_string()).collect()
}

fn has(host: &JsValue, call: &str) -> bool {
    calls(host).iter().any(|known| known == call)
}

fn posts(host: &JsValue) -> Vec<Array> {
    let posts = Reflect::get(host, &"posts".into()).unwrap();
    posts.unchecked_into::<Array>().iter().map(JsCast::unchecked_into).collect()
}

/// Words as `core/flat.ts` writes them.
fn flat(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// A text: its length, and words of its own, of which the last is filled up.
fn text(text: &str) -> Vec<u32> {
    let mut bytes = text.as_bytes().to_vec();
    bytes.resize(text.len().next_multiple_of(4), 0);
    let words = bytes.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word));
    [text.len() as u32].into_iter().chain(words).collect()
}

/// No attributes: none left out either.
const NOTHING: [u32; 2] = [0, 0];
/// No span's context.
const NONE: u32 = u32::MAX;

fn numbers(numbers: &[f64]) -> Vec<u32> {
    numbers.iter().flat_map(|number| [number.to_bits() as u32, (number.to_bits() >> 32) as u32]).collect()
}

/// A URL as `encodeUrl` writes it.
fn url(href: &str) -> Vec<u32> {
    [&numbers(&[0.0]), text(href).as_slice(), &NOTHING].concat()
}

/// Selects a source in player 1 (`encodeSource`); the promise is 1.
fn load_source(href: &str) {
    let words = [url(href).as_slice(), &numbers(&[0.0, 0.0, 0.0, 20.0]), &NOTHING, &[NONE]].concat();
    load(1, 1, &flat(&words), Preload::None);
}

fn player(host: &JsValue) {
    create_player(1, None, host.clone().unchecked_into::<PlayerHost>());
}

/// Plays player 1; the promise is 2.
fn play_now() {
    play(1, 2, 1.0, Trigger::User, true);
}

fn pipeline(host: &JsValue) {
    let host = host.clone().unchecked_into::<PipelineHost>();
    let about = flat(&[NOTHING, NOTHING].concat());
    create_telemetry(1, host, 5000.0, 512, 1000, 1000.0, 60_000.0, false, false, false, &about);
}

/// The row of a span: its kind (with whether it failed, and how many links and events it has), its start and
/// end, its context, its name, its parent, its attributes.
fn record_span() {
    let context = [1, 1, 2, 3, 4, 5, 6];
    let words = [&[1], numbers(&[1.0, 2.0]).as_slice(), &context, &text("x"), &[NONE], &NOTHING].concat();
    record_rows(1, &flat(&words));
}

/// A core with one span in a request, and the request's number.
fn exported() -> (JsValue, u32) {
    let host = quiet();
    pipeline(&host);
    record_span();
    // Less what passes till the timer is set.
    let waits = calls(&host).iter().any(|call| call.starts_with("wake 5000") || call.starts_with("wake 49"));
    assert!(waits, "a batch waits five seconds: {:?}", calls(&host));
    flush(1);
    let posts = posts(&host);
    assert_eq!(posts.len(), 1);
    assert_eq!(posts[0].get(1).as_string().as_deref(), Some("traces"));
    let body = posts[0].get(2).unchecked_into::<Uint8Array>().to_vec();
    // resource_spans (field 1), and the span's name within.
    assert_eq!(body[0], 0x0a);
    assert!(body.windows(3).any(|window| window == [0x2a, 1, b'x']));
    (host, posts[0].get(0).as_f64().unwrap() as u32)
}

fn spans(state: RecordState) -> u32 {
    count_records(1, ExportSignal::Traces, state) as u32
}

/// Started, exported, pending and rejected spans.
fn account() -> [u32; 4] {
    let rejected = count_dropped(1, ExportSignal::Traces, DropReasonName::Rejected) as u32;
    [spans(RecordState::Started), spans(RecordState::Exported), spans(RecordState::Pending), rejected]
}

#[wasm_bindgen_test]
fn a_reply_is_accounted() {
    exported();
    assert_eq!(account(), [1, 0, 1, 0]);
    assert!(matches!(endpoint_state(1), EndpointState::Well));
    assert_eq!((open_spans(1) as u32, spans(RecordState::Recovered)), (0, 0));
    for (status, wait, body, expected) in [
        (200, f64::NAN, vec![], [1, 1, 0, 0]),
        (200, f64::NAN, vec![0x0a, 2, 8, 1], [1, 0, 0, 1]),
        (400, f64::NAN, vec![], [1, 0, 0, 1]),
        (503, f64::NAN, vec![], [1, 0, 1, 0]),
        (429, 120.0, vec![], [1, 0, 1, 0]),
    ] {
        let (_, id) = exported();
        export_responded(1, id, status, wait, f64::NAN, f64::NAN, body);
        assert_eq!(account(), expected, "{status}");
        let state = match expected {
            [_, _, _, 1] => "rejecting",
            [_, _, 1, _] => "unavailable",
            _ => "well",
        };
        assert_eq!(JsValue::from(endpoint_state(1)), JsValue::from(state), "{status}");
    }
    let (host, id) = exported();
    export_failed(1, id, ExportFailure::Failed);
    assert_eq!(account(), [1, 0, 1, 0]);
    assert!(has(&host, "diagnose traces unreachable 0 0 true "), "{:?}", calls(&host));
}

#[wasm_bindgen_test]
fn leaving_sends_at_once_and_outlives_the_page() {
    let host = quiet();
    pipeline(&host);
    record_span();
    page_hidden();
    assert_eq!(posts(&host)[0].get(4).as_bool(), Some(true));
}

#[wasm_bindgen_test]
fn a_pipeline_that_has_ended_is_called_no_more() {
    let host = quiet();
    pipeline(&host);
    record_span();
    assert!(!snapshot(1, ExportSignal::Traces).is_empty());
    assert!(snapshot(1, ExportSignal::Logs).is_empty());
    destroy_telemetry(1);
    page_hidden();
    assert!(posts(&host).is_empty());
    assert!(snapshot(1, ExportSignal::Traces).is_empty());
}

#[wasm_bindgen_test]
fn a_listener_may_call_back_into_the_core_during_dispatch() {
    let calls_back = Closure::<dyn Fn(String)>::new(|_| {
        pause(1);
        assert_eq!(paused(1), Some(true));
    });
    let host = core(calls_back.as_ref());
    player(&host);
    load_source("https://x.example/a.mp3");
    play_now();
    assert!(has(&host, "settle 1 "), "{:?}", calls(&host));
    assert!(has(&host, "settle 2 AbortError"), "the pause within dispatch came through: {:?}", calls(&host));
}

#[wasm_bindgen_test]
fn what_is_not_there_answers_calmly() {
    let host = quiet();
    for call in [pause, stop, clear_loop, destroy_player, destroy_telemetry, flush] {
        call(1);
    }
    seek(1, 2.0);
    play_now();
    media_fact(1, &[255]);
    load_source("https://x.example/a.mp3");
    record_span();
    export_responded(1, 1, 200, f64::NAN, f64::NAN, f64::NAN, Vec::new());
    timeout();
    assert!(matches!(player_state(1), PlayerState::Idle));
    assert_eq!((paused(1), current_time(1) as u32, account()), (None, 0, [0; 4]));
    assert!(duration(1).is_nan() && play_statistic(1, PlayStatistic::Latency).is_nan());
    assert!(traceparent(1).is_empty() && session_id(1).is_empty());
    assert!(calls(&host).is_empty() && posts(&host).is_empty(), "{:?}", calls(&host));
}

#[wasm_bindgen_test]
fn a_source_without_a_url_asks_the_app() {
    let host = quiet();
    player(&host);
    assert!(calls(&host).is_empty(), "no Worker before the first load");
    load_source("");
    play_now();
    assert!(has(&host, "resolve 1"), "{:?}", calls(&host));
    resolve(1, 1, &flat(&url("")));
    assert!(has(&host, "settle 2 NetworkError"));
    assert!(has(&host, "failure NetworkError"), "what `error` shows");
}

#[wasm_bindgen_test]
fn bytes_that_are_no_fact_say_that_the_media_plane_is_gone() {
    let host = quiet();
    player(&host);
    load_source("https://x.example/a.mp3");
    play_now();
    media_fact(1, &[255]);
    assert!(has(&host, "settle 2 NetworkError"));
}

#[wasm_bindgen_test]
fn a_player_that_has_ended_is_called_no_more() {
    let host = quiet();
    player(&host);
    load_source("https://x.example/a.mp3");
    destroy_player(1);
    let before = calls(&host).len();
    play_now();
    assert_eq!(calls(&host).len(), before);
}
