//! Browser tests: the core as the hand-written classes hold it, in a real browser's main thread.
#![cfg(target_arch = "wasm32")]
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use js_sys::{Array, Function, Reflect, Uint8Array};
use tonearm::{Core, PlayerSide};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen(inline_js = "
export const parse = (text) => JSON.parse(text);
// The page's fetch, replaced by one that keeps what it is given and answers as it is told.
export function stub(status, retryAfter, body) {
  const original = globalThis.fetch;
  const calls = [];
  globalThis.fetch = (url, init) => {
    calls.push([url, init]);
    const headers = retryAfter ? { 'retry-after': retryAfter } : {};
    return status ? Promise.resolve(new Response(new Uint8Array(body), { status, headers })) : Promise.reject(new TypeError('no network'));
  };
  return { calls, restore: () => (globalThis.fetch = original) };
}
export const turn = (ms) => new Promise((go) => setTimeout(go, ms));
// A player's side that keeps what it is told, and calls back when an event is dispatched.
export function side(onEvent) {
  const told = [];
  return {
    told,
    emit: (name) => { told.push(name); onEvent(name); },
    settle: (token, name) => told.push(`settle ${token} ${name}`),
    resolve: (play) => told.push(`resolve ${play}`),
    cancelResolve() {},
    reopen: () => told.push('reopen'),
  };
}
")]
extern "C" {
    fn parse(text: &str) -> JsValue;
    fn stub(status: u16, retry_after: Option<String>, body: &Uint8Array) -> JsValue;
    fn turn(ms: u32) -> js_sys::Promise;
    fn side(on_event: &JsValue) -> JsValue;
}

fn core() -> Core {
    Core::new(web_sys::window().unwrap().performance().unwrap().time_origin(), 1, 2)
}

fn get(target: &JsValue, key: &str) -> JsValue {
    Reflect::get(target, &key.into()).unwrap()
}

fn told(side: &JsValue) -> Vec<String> {
    get(side, "told").unchecked_into::<Array>().iter().filter_map(|item| item.as_string()).collect()
}

fn fault(core: &Core, options: &str) -> (String, String) {
    let fault = core.create_telemetry(1, parse(options).unchecked_ref(), "https://app.example").unwrap();
    (fault.get(0).as_string().unwrap(), fault.get(1).as_string().unwrap())
}

#[wasm_bindgen_test]
fn a_wrong_option_is_named_with_what_was_expected() {
    let core = core();
    for (options, option, expected) in [
        ("{}", "serviceName", "a string that is not empty"),
        ("{\"serviceName\":\"\"}", "serviceName", "a string that is not empty"),
        ("{\"serviceName\":\"x\",\"propagateTo\":\"y\"}", "propagateTo", "an array of origins"),
        (
            "{\"serviceName\":\"x\",\"scheduledDelayMillis\":0}",
            "scheduledDelayMillis",
            "a whole number of milliseconds from 1 to 86400000",
        ),
        ("{\"serviceName\":\"x\",\"nonsense\":1}", "nonsense", ""),
    ] {
        assert_eq!(fault(&core, options), (option.into(), expected.into()));
    }
}

/// One span through the real exporter into a replaced fetch; what was sent, and the account afterwards.
async fn export_one(status: u16, retry_after: Option<&str>, body: &[u8]) -> (Array, Vec<f64>) {
    let core = core();
    let options = "{\"serviceName\":\"x\",\"endpoint\":\"https://otlp.example\",\"headers\":{\"x-key\":\"k\"}}";
    assert!(core.create_telemetry(1, parse(options).unchecked_ref(), "https://app.example").is_none());
    let stub = stub(status, retry_after.map(Into::into), &Uint8Array::from(body));
    let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03";
    core.record_span(
        1,
        "span".into(),
        traceparent,
        None,
        1.0,
        &parse("{\"a\":1,\"b\":[\"x\"],\"c\":0.5,\"d\":true}"),
        None,
    );
    core.flush(1);
    JsFuture::from(turn(30)).await.unwrap();
    get(&stub, "restore").unchecked_into::<Function>().call0(&JsValue::NULL).unwrap();
    (get(&stub, "calls").unchecked_into(), core.account(1))
}

#[wasm_bindgen_test]
async fn an_export_is_a_post_of_protobuf_and_its_reply_is_read() {
    let (calls, account) = export_one(200, None, &[]).await;
    assert_eq!(calls.length(), 1);
    let call: Array = calls.get(0).unchecked_into();
    assert_eq!(call.get(0).as_string().as_deref(), Some("https://otlp.example/v1/traces"));
    let init = call.get(1);
    let headers = get(&init, "headers");
    assert_eq!(get(&headers, "content-type").as_string().as_deref(), Some("application/x-protobuf"));
    assert_eq!(get(&headers, "x-key").as_string().as_deref(), Some("k"));
    let body = get(&init, "body").unchecked_into::<Uint8Array>().to_vec();
    // resource_spans (field 1), a length, and the trace's id somewhere within.
    assert_eq!(body[0], 0x0a);
    assert!(body.windows(4).any(|window| window == [0x0a, 0xf7, 0x65, 0x19]));
    assert_eq!(account[..3], [1.0, 1.0, 0.0]);
}

#[wasm_bindgen_test]
async fn a_partial_success_is_counted() {
    let (_, account) = export_one(200, None, &[0x0a, 0x02, 0x08, 0x01]).await;
    assert_eq!((account[0], account[1], account[2], account[5]), (1.0, 0.0, 0.0, 1.0));
}

#[wasm_bindgen_test]
async fn what_may_succeed_later_stays_pending() {
    for (status, retry_after) in
        [(503, None), (429, Some("120")), (429, Some("Fri, 01 Jan 2100 00:00:00 GMT")), (0, None)]
    {
        let (calls, account) = export_one(status, retry_after, &[]).await;
        assert_eq!(calls.length(), 1, "{status}");
        assert_eq!(account[..3], [1.0, 0.0, 1.0], "{status}");
    }
    let (_, account) = export_one(400, None, &[]).await;
    assert_eq!((account[2], account[5]), (0.0, 1.0));
}

#[wasm_bindgen_test]
fn a_listener_may_call_back_into_the_core_during_dispatch() {
    let core: &'static Core = Box::leak(Box::new(core()));
    let calls = Closure::<dyn Fn(String)>::new(move |_| {
        core.pause(7);
        assert!(!core.read(7).is_empty());
    });
    let side = side(calls.as_ref());
    core.create_player(7, None, side.clone().unchecked_into::<PlayerSide>());
    core.load(7, 1, Some("https://x.example/a.mp3".into()), false, None, None, None);
    core.play(7, 2, 1.0, "user", true);
    let told = told(&side);
    assert!(told.contains(&"settle 1 undefined".to_owned()), "{told:?}");
    assert!(told.contains(&"settle 2 AbortError".to_owned()), "the pause within dispatch came through: {told:?}");
}

#[wasm_bindgen_test]
fn a_player_that_is_not_there_answers_calmly() {
    let core = core();
    assert!(core.read(99).is_empty());
    assert!(core.error(99).is_none());
    core.pause(99);
    core.destroy_player(99);
    assert_eq!(core.account(99), vec![0.0; 7]);
}

#[wasm_bindgen_test]
fn a_source_without_a_url_asks_the_app() {
    let core = core();
    let nothing = Function::new_no_args("");
    let side = side(&nothing);
    core.create_player(1, None, side.clone().unchecked_into::<PlayerSide>());
    core.load(1, 1, None, false, None, None, None);
    core.play(1, 2, 1.0, "user", true);
    assert!(told(&side).contains(&"resolve 1".to_owned()));
    core.resolved(1, 1, None);
    assert!(told(&side).contains(&"settle 2 NetworkError".to_owned()));
    let error = core.error(1).unwrap();
    assert_eq!(error.get(0).as_string().as_deref(), Some("NetworkError"));
}
