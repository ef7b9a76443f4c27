//! Any bytes as a file of any family: the track comes to an end, whatever it is asked to seek.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tonearm_formats::{Advance, Family, HostDecoders, Track};

fuzz_target!(|data: &[u8]| {
    let [family, seed, bytes @ ..] = data else { return };
    let family = Family::ALL[usize::from(family % 8)];
    let Some(mut track) = Track::new(family, f64::from(seed % 3), HostDecoders::default()) else { return };
    track.set_total_bytes(bytes.len() as u64);
    let piece = usize::from(*seed) * 11 + 1;
    let (mut calls, mut seeks) = (0, seed % 3);
    loop {
        calls += 1;
        assert!(calls < 100_000, "the track does not come to an end");
        match track.advance(4096) {
            Advance::Failed(_) => return,
            Advance::NeedBytes | Advance::SeekSource => {
                let at = usize::try_from(track.end_offset()).unwrap_or(usize::MAX).min(bytes.len());
                if at == bytes.len() {
                    track.finish()
                } else {
                    track.push(&bytes[at..bytes.len().min(at + piece)])
                }
            }
            advance => {
                track.take(usize::MAX);
                if seeks > 0 {
                    seeks -= 1;
                    track.seek(f64::from(*seed) / 50.0);
                } else if advance == Advance::End {
                    return;
                }
            }
        }
    }
});
