//! `traceparent`: what is read is written again as version 00 has it, and read the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tonearm_telemetry::{format_traceparent, parse_traceparent};

fuzz_target!(|text: &str| {
    if let Ok(context) = parse_traceparent(text) {
        assert_eq!(parse_traceparent(&format_traceparent(&context)), Ok(context));
    }
});
