//! Browser tests: the core as the hand-written scripts hold it, in a real browser's main thread.
#![cfg(target_arch = "wasm32")]
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use js_sys::{Array, Function, Reflect, Uint8Array};
use tonearm::{Core, Host};
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

// The numbers are those of `src/js/door.js`, which is what the package's scripts tell by.
#[wasm_bindgen(inline_js = "
const KINDS = ['event', 'settle', 'resolve', 'cancel', 'reopen', 'worklet', 'failure'];
// Scripts that keep what they are told, and call back when an event is dispatched.
export function host(onEvent) {
  const told = [];
  const posts = [];
  return {
    told,
    posts,
    tell(player, what, number, name) {
      told.push(`${KINDS[what]} ${number} ${name}`);
      if (what === 0) onEvent(name);
    },
    media: (player, command) => told.push(`media ${command[0]}`),
    wake: (millis) => told.push(`wake ${Math.round(millis)}`),
    spool: (telemetry) => told.push(`spool ${telemetry}`),
    observe: (telemetry) => told.push(`observe ${telemetry}`),
    diagnose: (telemetry, signal, problem) => told.push(`diagnose ${signal} ${problem}`),
    post: (telemetry, id, signal, body, gzipped, keepalive) => posts.push([id, signal, body.slice(), gzipped, keepalive]),
  };
}
")]
extern "C" {
    fn host(on_event: &JsValue) -> JsValue;
}

const PAUSE: u32 = 0;
const FACT: u32 = 7;
const PLAY: u32 = 8;
const LOAD: u32 = 9;
const CREATE_PLAYER: u32 = 20;
const DESTROY_PLAYER: u32 = 21;
const FLUSH: u32 = 22;
const HIDDEN: u32 = 23;
const RECORD_ROWS: u32 = 25;
const REPLIED: u32 = 26;
const CREATE_TELEMETRY: u32 = 27;

fn core(host: &JsValue) -> Core {
    Core::new(web_sys::window().unwrap().performance().unwrap(), 1, 2, host.clone().unchecked_into::<Host>())
}

fn quiet() -> JsValue {
    host(&Function::new_no_args(""))
}

fn told(host: &JsValue) -> Vec<String> {
    let told = Reflect::get(host, &"told".into()).unwrap();
    told.unchecked_into::<Array>().iter().filter_map(|item| item.as_string()).collect()
}

fn posts(host: &JsValue) -> Vec<Array> {
    let posts = Reflect::get(host, &"posts".into()).unwrap();
    posts.unchecked_into::<Array>().iter().map(JsCast::unchecked_into).collect()
}

fn tell(core: &Core, what: u32, [a, b, c]: [f64; 3], bytes: &[u8]) {
    core.tell(what, 1, a, b, c, true, bytes);
}

/// What is told as `flat.js` writes it.
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

fn load(core: &Core, href: &str) {
    let words = [&numbers(&[0.0]), text(href).as_slice(), &NOTHING, &NOTHING, &[NONE]].concat();
    tell(core, LOAD, [1.0, 0.0, 0.0], &flat(&words));
}

fn play(core: &Core) {
    tell(core, PLAY, [2.0, 1.0, 0.0], &[]);
}

fn pipeline(core: &Core) {
    let options = numbers(&[5000.0, 512.0, 1000.0, 1000.0, 60_000.0, 0.0, 1.0, 0.0, 1.0, 0.0]);
    let words = [options.as_slice(), &NOTHING, &NOTHING, &numbers(&[0.0])].concat();
    tell(core, CREATE_TELEMETRY, [0.0; 3], &flat(&words));
}

/// The row of a span: its kind (with whether it failed, and how many links and events it has), its start and end,
/// its context, its name, its parent, its attributes.
fn record_span(core: &Core) {
    let context = [1, 1, 2, 3, 4, 5, 6];
    let words = [&[1], numbers(&[1.0, 2.0]).as_slice(), &context, &text("x"), &[NONE], &NOTHING].concat();
    tell(core, RECORD_ROWS, [0.0; 3], &flat(&words));
}

/// A core with one span in a request, and the request's number.
fn exported() -> (Core, JsValue, f64) {
    let host = quiet();
    let core = core(&host);
    pipeline(&core);
    record_span(&core);
    // Less what passes till the timer is set.
    let waits = told(&host).iter().any(|told| told.starts_with("wake 5000") || told.starts_with("wake 49"));
    assert!(waits, "a batch waits five seconds: {:?}", told(&host));
    tell(&core, FLUSH, [0.0; 3], &[]);
    let posts = posts(&host);
    assert_eq!(posts.len(), 1);
    let body = posts[0].get(2).unchecked_into::<Uint8Array>().to_vec();
    // resource_spans (field 1), and the span's name within.
    assert_eq!(body[0], 0x0a);
    assert!(body.windows(3).any(|window| window == [0x2a, 1, b'x']));
    let id = posts[0].get(0).as_f64().unwrap();
    (core, host, id)
}

#[wasm_bindgen_test]
fn a_reply_is_accounted() {
    let (core, ..) = exported();
    // How the endpoints are (0 well, 1 unavailable, 2 rejecting) and open spans come first, then each signal's account.
    assert_eq!(core.read(2, 1)[..6], [0.0, 0.0, 1.0, 0.0, 0.0, 1.0]);
    for (status, wait, body, expected) in [
        (200.0, -1.0, vec![], [0.0, 1.0, 1.0, 0.0, 0.0]),
        (200.0, -1.0, vec![0x0a, 2, 8, 1], [2.0, 1.0, 0.0, 0.0, 1.0]),
        (400.0, -1.0, vec![], [2.0, 1.0, 0.0, 0.0, 1.0]),
        (503.0, -1.0, vec![], [1.0, 1.0, 0.0, 1.0, 0.0]),
        (429.0, 120_000.0, vec![], [1.0, 1.0, 0.0, 1.0, 0.0]),
        (0.0, -1.0, vec![], [1.0, 1.0, 0.0, 1.0, 0.0]),
    ] {
        let (core, _, id) = exported();
        tell(&core, REPLIED, [id, status, wait], &body);
        let account = core.read(2, 1);
        assert_eq!(
            vec![account[0], account[2], account[4], account[5], account[8]],
            expected.to_vec(),
            "{status}"
        );
    }
}

#[wasm_bindgen_test]
fn leaving_sends_at_once_and_outlives_the_page() {
    let host = quiet();
    let core = core(&host);
    pipeline(&core);
    record_span(&core);
    tell(&core, HIDDEN, [0.0; 3], &[]);
    assert_eq!(posts(&host)[0].get(4).as_bool(), Some(true));
}

#[wasm_bindgen_test]
fn a_listener_may_call_back_into_the_core_during_dispatch() {
    let held: &'static std::cell::OnceCell<Core> = Box::leak(Box::default());
    let calls = Closure::<dyn Fn(String)>::new(move |_| {
        let core = held.get().unwrap();
        tell(core, PAUSE, [0.0; 3], &[]);
        assert!(!core.read(0, 1).is_empty());
    });
    let host = host(calls.as_ref());
    let core = held.get_or_init(|| core(&host));
    tell(core, CREATE_PLAYER, [0.0; 3], &[]);
    load(core, "https://x.example/a.mp3");
    play(core);
    let told = told(&host);
    assert!(told.contains(&"settle 1 ".to_owned()), "{told:?}");
    assert!(
        told.contains(&"settle 2 AbortError".to_owned()),
        "the pause within dispatch came through: {told:?}"
    );
}

#[wasm_bindgen_test]
fn what_is_not_there_answers_calmly() {
    let core = core(&quiet());
    assert!(core.read(0, 1).is_empty() && core.read(1, 1).is_empty());
    for what in 0..40 {
        tell(&core, what, [1.0, 2.0, 3.0], &[255]);
    }
    tell(&core, DESTROY_PLAYER, [0.0; 3], &[]);
    assert!(core.read(2, 99).is_empty() && core.read(3, 99).is_empty());
}

#[wasm_bindgen_test]
fn a_source_without_a_url_asks_the_app() {
    let host = quiet();
    let core = core(&host);
    tell(&core, CREATE_PLAYER, [0.0; 3], &[]);
    assert!(told(&host).is_empty(), "no Worker before the first load");
    load(&core, "");
    play(&core);
    assert!(told(&host).contains(&"resolve 1 ".to_owned()));
    tell(&core, LOAD, [0.0, 1.0, 0.0], &[0; 9]);
    let told = told(&host);
    assert!(told.contains(&"settle 2 NetworkError".to_owned()));
    assert!(told.contains(&"failure 0 NetworkError".to_owned()), "what `error` shows");
}

#[wasm_bindgen_test]
fn bytes_that_are_no_fact_say_that_the_media_plane_is_gone() {
    let host = quiet();
    let core = core(&host);
    tell(&core, CREATE_PLAYER, [0.0; 3], &[]);
    load(&core, "https://x.example/a.mp3");
    play(&core);
    tell(&core, FACT, [0.0; 3], &[255]);
    assert!(told(&host).contains(&"settle 2 NetworkError".to_owned()));
}
