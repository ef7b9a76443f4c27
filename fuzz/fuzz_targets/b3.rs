//! `b3` and the headers that it may be spread over: what is read is written and read the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tonearm_telemetry::{format_b3, parse_b3, parse_b3_multi};

fuzz_target!(|text: &str| {
    if let Ok(context) = parse_b3(text) {
        assert_eq!(parse_b3(&format_b3(&context)), Ok(context));
    }
    let parts: Vec<&str> = text.split('\n').collect();
    if let [trace, span, state, flags, ..] = parts[..] {
        let _ = parse_b3_multi(trace, span, Some(state), Some(flags));
    }
});
