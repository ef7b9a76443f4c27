//! `baggage`: what is read is written and read the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tonearm_telemetry::Baggage;

fuzz_target!(|text: &str| {
    if let Ok(baggage) = Baggage::parse(text) {
        let header = baggage.header();
        let again = Baggage::parse(&header).unwrap();
        // Escaping may make it longer than may be handed on: then the last members are left out.
        assert!(baggage.entries().starts_with(again.entries()), "{header}");
        assert!(header.is_ascii() && header.len() <= 8192);
    }
});
