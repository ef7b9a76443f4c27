//! What the network or an app hands to the telemetry core: `traceparent`, an endpoint's answer, a message of the other plane.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tonearm::telemetry::{format_traceparent, parse_partial_success, parse_traceparent};
use tonearm_messages::{Command, Fact, Wire};

fuzz_target!(|data: &[u8]| {
    let _ = parse_partial_success(data);
    let _ = Fact::from_bytes(data);
    let _ = Command::from_bytes(data);
    if let Ok(text) = str::from_utf8(data)
        && let Ok(context) = parse_traceparent(text)
    {
        // What is read is written again as version 00 has it, and read the same.
        assert_eq!(parse_traceparent(&format_traceparent(&context)), Ok(context));
    }
});
