//! Any bytes through the whole media plane, decoder and resampler included: it ends, and the ring is never
//! overfilled.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tonearm_media::native::{Native, open};
use tonearm_media::plane::{MediaPlane, Output};
use tonearm_media::response::ResponseFields;
use tonearm_messages::{BodyEnd, Command, RING_SECONDS, Request, ResponseHead};

fuzz_target!(|data: &[u8]| {
    let [seed, rate, bytes @ ..] = data else { return };
    let output_rate = [44_100, 48_000, 8_000, 96_000][usize::from(rate % 4)];
    let mut plane = MediaPlane::<Native>::default();
    let request = Request { id: 1, offset: 0, headers: None };
    let command = Command::Open {
        epoch: 1,
        url: String::new(),
        credentials: false,
        output_rate,
        position: 0.0,
        speed: 1.0,
        request,
    };
    plane.handle_command(0.0, command);
    let head = ResponseHead {
        status: 200,
        total_bytes: Some(bytes.len() as u64),
        ranges: true,
        ..ResponseHead::default()
    };
    plane.handle_head(0.0, 1, head, &ResponseFields::from_lines("content-type: audio/mpeg"));
    let ring = u64::from(output_rate) * u64::from(RING_SECONDS);
    let (mut given, mut now) = (0u64, 0.0);
    let mut drain = |plane: &mut MediaPlane<Native>, now: f64| {
        let before = given;
        loop {
            plane.finish_input(now);
            while let Some(output) = plane.poll_output() {
                match output {
                    Output::Samples { planes, .. } => given += planes[0].len() as u64,
                    Output::Open { epoch, family, start } => {
                        plane.handle_track(now, epoch, open(family, start))
                    }
                    _ => {}
                }
            }
            if !plane.resume(now) {
                break;
            }
        }
        assert!(given - before <= ring + 8192);
        given
    };
    for piece in bytes.chunks(usize::from(*seed) * 31 + 1) {
        now += 10.0;
        plane.handle_chunk(now, 1, piece);
        let given = drain(&mut plane, now);
        plane.handle_credit(now, 1, given, false);
        drain(&mut plane, now);
    }
    plane.handle_body_end(now, 1, BodyEnd::Complete {});
    for _ in 0..200 {
        let given = drain(&mut plane, now);
        plane.handle_credit(now, 1, given, false);
        if drain(&mut plane, now) == given {
            break;
        }
    }
});
