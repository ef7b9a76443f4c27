//! `tracestate`: what is read is written and read the same, and takes a member in front.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tonearm_telemetry::TraceState;

fuzz_target!(|text: &str| {
    if let Ok(state) = TraceState::parse(text) {
        assert_eq!(TraceState::parse(state.as_str()).as_ref(), Ok(&state));
        let with = state.with("ot", "th:8");
        assert_eq!(with.get("ot"), Some("th:8"));
        assert_eq!(TraceState::parse(with.as_str()), Ok(with));
    }
});
