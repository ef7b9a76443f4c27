//! Any bytes, in pieces of any size: the demuxer comes to an end, holds no more than it was given, and never
//! panics.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tonearm_formats::demux::{Demux, Step};
use tonearm_formats::mp3::Demuxer;

fuzz_target!(|data: &[u8]| {
    let Some((&seed, bytes)) = data.split_first() else { return };
    let mut demuxer = Demuxer::default();
    let mut pieces = bytes.chunks(usize::from(seed) * 7 + 1);
    // Each step consumes bytes, or asks for them: more steps than bytes would be a hang.
    let mut steps = 0usize;
    let mut seeks = seed % 4;
    loop {
        steps += 1;
        assert!(steps < bytes.len() * 2 + 1000, "the demuxer does not come to an end");
        match demuxer.step() {
            Err(_) | Ok(Step::End) => return,
            Ok(Step::NeedBytes) => match pieces.next() {
                Some(piece) => {
                    demuxer.window().push(piece);
                    assert!(demuxer.window().len() <= bytes.len());
                }
                None => demuxer.window().finish(),
            },
            Ok(Step::Packet(packet)) => {
                assert!(
                    (24..=1732).contains(&packet.bytes.len()),
                    "a packet of {} bytes",
                    packet.bytes.len()
                );
                if seeks > 0 && steps % 5 == 0 {
                    seeks -= 1;
                    demuxer.seek(u64::from(seed) * 3000);
                }
            }
            Ok(Step::Lost { .. } | Step::Stream(_)) => {}
        }
    }
});
