//! The life of the core: its beginning, its timer, the page's leaving.

use wasm_bindgen::prelude::*;
use web_sys::Performance;

use super::{DRIVER, PageHost, driver, input};
use crate::browser::Driver;
use tonearm_base::random::Random;
use tonearm_player::engine::Input;

/// Begins the instance's core, whose ids grow from two random numbers.
#[wasm_bindgen]
pub fn begin(performance: Performance, seed_high: u64, seed_low: u64, page: PageHost) {
    #[cfg(feature = "panic-messages")]
    console_error_panic_hook::set_once();
    let driver = Driver::new(performance, Random::seeded([seed_high, seed_low]), page);
    DRIVER.set(Some(Box::leak(Box::new(driver))));
}

/// Takes the passing of time: the timer that `wake_in` set has fired.
#[wasm_bindgen]
pub fn timeout() {
    if let Some(driver) = driver() {
        driver.timeout();
    }
}

/// Sends what is queued in requests that outlive the page: it is hidden or left.
#[wasm_bindgen]
pub fn page_hidden() {
    input(Input::PageHidden);
}

/// Hands over the records that apps inspect, and nothing else: the page is about to be left.
#[cfg(feature = "full")]
#[wasm_bindgen]
pub fn inspect_pending() {
    input(Input::Inspect);
}
