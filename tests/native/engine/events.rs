//! Events: how often, and in which order.

use crate::fake_host::FakeHost;
use tonearm_messages::Fact;
use tonearm_player::playback::State;

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

#[test]
fn an_estimate_gets_better_until_the_length_is_known_and_is_never_before_the_position() {
    let mut host = FakeHost::loaded();
    host.play(1);
    host.head(200);
    let epoch = host.epoch();
    let duration = |host: &FakeHost| host.engine.player(crate::fake_host::PLAYER).unwrap().duration();
    let format = tonearm_messages::Format {
        codec: "mp3".into(),
        sample_rate: 44_100,
        channels: 2,
        duration: Some(6.7),
        estimated: true,
        bit_rate: 128_000,
    };
    host.fact(Fact::Format { epoch, format });
    host.fact(Fact::Estimate { epoch, duration: 7.5 });
    assert_eq!(duration(&host), Some(7.5));
    host.fact(Fact::FirstDecoded { epoch, at: host.unix(), position: 3.0 });
    host.fact(Fact::Estimate { epoch: epoch + 1, duration: 1.0 });
    host.fact(Fact::Estimate { epoch, duration: -1.0 });
    let position = host.engine.player(crate::fake_host::PLAYER).unwrap().current_time(host.now());
    assert_eq!((duration(&host), position), (Some(3.0), 3.0));
    host.fact(Fact::Duration { epoch, duration: 8.0 });
    host.fact(Fact::Estimate { epoch, duration: 9.0 });
    assert_eq!(duration(&host), Some(8.0));
}
