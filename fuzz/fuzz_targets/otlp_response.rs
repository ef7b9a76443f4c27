//! An endpoint's answer, and a message of the other plane.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tonearm_messages::{Command, Fact, Wire};
use tonearm_telemetry::{Reply, parse_partial_success};

fuzz_target!(|data: &[u8]| {
    let _ = parse_partial_success(data);
    let _ = Reply::Response { status: 200, retry_after: None, body: data.to_vec() }.outcome();
    let _ = Fact::from_bytes(data);
    let _ = Command::from_bytes(data);
});
