//! Events: how often, and in which order.

use crate::fake_host::FakeHost;
use tonearm::playback::State;
use tonearm_messages::Fact;

fn count(host: &FakeHost, name: &str) -> usize {
    host.events.iter().filter(|event| **event == name).count()
}

#[test]
fn loadedmetadata_comes_once_a_load_and_durationchange_when_it_changes() {
    let mut host = FakeHost::playing();
    host.ended(60 * 48_000);
    assert_eq!(host.state(), State::Ended);
    for token in 2..4 {
        host.play(token);
        host.bytes_flow();
        host.audible(0);
        host.ended(60 * 48_000);
    }
    assert_eq!((count(&host, "loadedmetadata"), count(&host, "durationchange")), (1, 1));
    host.load("https://cdn.example/b.mp3");
    host.play(9);
    host.bytes_flow();
    assert_eq!((count(&host, "loadedmetadata"), count(&host, "durationchange")), (2, 2));
}

#[test]
fn a_length_that_was_found_out_is_not_estimated_again() {
    let mut host = FakeHost::loaded();
    host.play(1);
    host.bytes_flow();
    host.audible(0);
    let epoch = host.epoch();
    host.fact(Fact::Duration { epoch, duration: 16.0 });
    host.ended(16 * 48_000);
    host.play(2);
    let epoch = host.epoch();
    let format = tonearm_messages::Format {
        codec: "aac".into(),
        sample_rate: 44_100,
        channels: 2,
        duration: Some(61.0),
        estimated: true,
        bit_rate: 128_000,
    };
    host.fact(Fact::Format { epoch, format });
    assert_eq!(host.engine.player(crate::fake_host::PLAYER).unwrap().duration(), Some(16.0));
}
