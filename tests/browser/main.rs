//! Browser tests: the core as the hand-written scripts hold it, in a real browser's main thread.
#![cfg(target_arch = "wasm32")]
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use js_sys::{Array, Function, Reflect, Uint8Array};
use tonearm::{Core, Host};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen(inline_js = "
export const turn = (ms) => new Promise((go) => setTimeout(go, ms));
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
    observe: (telemetry) => told.push(`observe ${telemetry}`),
    post: (telemetry, id, signal, body, keepalive) => posts.push([id, signal, body.slice(), keepalive]),
  };
}
")]
extern "C" {
    fn turn(ms: u32) -> js_sys::Promise;
    fn host(on_event: &JsValue) -> JsValue;
}

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

fn load(core: &Core, href: Option<&str>) {
    core.load(1, 1, false, Vec::new(), None, href.map(Into::into), Vec::new(), false);
}

const PAUSE: u32 = 0;
const DESTROY: u32 = 7;

/// A core with one span in a queue, and the request that it made of it.
async fn exported() -> (Core, JsValue, u32) {
    let host = quiet();
    let core = core(&host);
    core.create_telemetry(1, Vec::new(), Vec::new(), &[1.0, 512.0, 1000.0, 1000.0, 60_000.0, 0.0, 0.0]);
    core.record_span(1, 1.0, vec![0x2a, 1, b'x']);
    JsFuture::from(turn(30)).await.unwrap();
    let posts = posts(&host);
    assert_eq!(posts.len(), 1, "the timer of the batch");
    let body = posts[0].get(2).unchecked_into::<Uint8Array>().to_vec();
    // resource_spans (field 1), and the span's name within.
    assert_eq!(body[0], 0x0a);
    assert!(body.windows(3).any(|window| window == [0x2a, 1, b'x']));
    let id = posts[0].get(0).as_f64().unwrap() as u32;
    (core, host, id)
}

#[wasm_bindgen_test]
async fn a_reply_is_accounted() {
    let (core, ..) = exported().await;
    assert_eq!(core.account(1)[..3], [1.0, 0.0, 1.0]);
    for (status, wait, body, expected) in [
        (200, -1.0, vec![], [1.0, 1.0, 0.0, 0.0]),
        (200, -1.0, vec![0x0a, 2, 8, 1], [1.0, 0.0, 0.0, 1.0]),
        (400, -1.0, vec![], [1.0, 0.0, 0.0, 1.0]),
        (503, -1.0, vec![], [1.0, 0.0, 1.0, 0.0]),
        (429, 120_000.0, vec![], [1.0, 0.0, 1.0, 0.0]),
        (0, -1.0, vec![], [1.0, 0.0, 1.0, 0.0]),
    ] {
        let (core, _, id) = exported().await;
        core.replied(1, id, status, wait, body);
        let account = core.account(1);
        assert_eq!(vec![account[0], account[1], account[2], account[5]], expected.to_vec(), "{status}");
    }
}

#[wasm_bindgen_test]
async fn leaving_sends_at_once_and_outlives_the_page() {
    let host = quiet();
    let core = core(&host);
    core.create_telemetry(1, Vec::new(), Vec::new(), &[5000.0, 512.0, 1000.0, 1000.0, 60_000.0, 0.0, 0.0]);
    core.record_span(1, 1.0, vec![0x2a, 1, b'x']);
    core.hidden();
    assert_eq!(posts(&host)[0].get(3).as_bool(), Some(true));
}

#[wasm_bindgen_test]
fn a_listener_may_call_back_into_the_core_during_dispatch() {
    let held: &'static std::cell::OnceCell<Core> = Box::leak(Box::default());
    let calls = Closure::<dyn Fn(String)>::new(move |_| {
        let core = held.get().unwrap();
        core.event(1, PAUSE, 0.0);
        assert!(!core.read(1).is_empty());
    });
    let host = host(calls.as_ref());
    let core = held.get_or_init(|| core(&host));
    core.create_player(1, 0);
    load(core, Some("https://x.example/a.mp3"));
    core.play(1, 2, 1.0, 0, true);
    let told = told(&host);
    assert!(told.contains(&"settle 1 ".to_owned()), "{told:?}");
    assert!(told.contains(&"settle 2 AbortError".to_owned()), "the pause within dispatch came through: {told:?}");
}

#[wasm_bindgen_test]
fn a_player_that_is_not_there_answers_calmly() {
    let core = core(&quiet());
    assert!(core.read(99).is_empty());
    assert!(core.traceparent(99).is_none());
    core.event(99, PAUSE, 0.0);
    core.event(99, DESTROY, 0.0);
    core.fact(99, &[255]);
    assert_eq!(core.account(99), vec![0.0; 27]);
}

#[wasm_bindgen_test]
fn a_source_without_a_url_asks_the_app() {
    let host = quiet();
    let core = core(&host);
    core.create_player(1, 0);
    assert_eq!(told(&host), ["media 0"], "the first message says hello");
    load(&core, None);
    core.play(1, 2, 1.0, 0, true);
    assert!(told(&host).contains(&"resolve 1 ".to_owned()));
    core.resolved(1, 1, None, Vec::new(), false);
    let told = told(&host);
    assert!(told.contains(&"settle 2 NetworkError".to_owned()));
    assert!(told.contains(&"failure 0 NetworkError".to_owned()), "what `error` shows");
}

#[wasm_bindgen_test]
fn bytes_that_are_no_fact_say_that_the_media_plane_is_gone() {
    let host = quiet();
    let core = core(&host);
    core.create_player(1, 0);
    load(&core, Some("https://x.example/a.mp3"));
    core.play(1, 2, 1.0, 0, true);
    core.fact(1, &[255]);
    assert!(told(&host).contains(&"settle 2 NetworkError".to_owned()));
}
