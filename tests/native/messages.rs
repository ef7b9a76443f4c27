//! The planes' messages: each goes there and back, and no bytes can harm the reader.

use tonearm_base::random::Random;
use tonearm_messages::{
    BodyEnd, Command, DecodeError, Fact, Format, MediaError, Request, ResponseHead, Wire,
};

fn commands() -> Vec<Command> {
    let request = Request { id: 7, offset: u64::MAX, headers: Some("traceparent: 00-ab-cd-01\n".into()) };
    vec![
        Command::Hello { version: "0.1.0".into() },
        Command::Open {
            epoch: 1,
            url: "https://x.example/%C3%BC.mp3".into(),
            credentials: true,
            output_rate: 48_000,
            position: 1.5,
            speed: 1.5,
            request: request.clone(),
        },
        Command::Fetch { epoch: 2, request: Request { headers: None, ..request } },
        Command::Seek { epoch: 3, position: f64::MAX, speed: 0.5 },
        Command::Ping { id: 9 },
        Command::Finish { epoch: 4 },
        Command::Close {},
    ]
}

fn facts() -> Vec<Fact> {
    let head = ResponseHead {
        status: 206,
        total_bytes: Some(1 << 40),
        ranges: true,
        node: Some(String::new()),
        trace_id: None,
        cache: Some("hit".into()),
    };
    let format = Format {
        codec: "mp3".into(),
        sample_rate: 44_100,
        channels: 2,
        duration: None,
        estimated: true,
        bit_rate: 1,
    };
    vec![
        Fact::Hello { version: "0.1.0".into() },
        Fact::ResponseHead { request: 1, at: 1e12, head },
        Fact::FirstByte { request: 1, at: 2.0 },
        Fact::BodyEnd { request: 1, at: 3.0, bytes: 4, end: BodyEnd::Failed {} },
        Fact::Format { epoch: 1, format },
        Fact::FirstDecoded { epoch: 1, at: 1.0, position: 0.0 },
        Fact::Decoded { epoch: 1, packets: 3, failures: 2 },
        Fact::Buffered { epoch: 1, end: 3.0 },
        Fact::BytesWanted { epoch: 1, offset: 9 },
        Fact::DecodedAll { epoch: 1, end: 60.0, frames: 2_646_000, failures: 0 },
        Fact::Duration { epoch: 1, duration: 60.0 },
        Fact::Estimate { epoch: 1, duration: 59.5 },
        Fact::Pong { id: 9 },
        Fact::BodyEnd { request: 2, at: 3.0, bytes: 0, end: BodyEnd::Opaque {} },
        Fact::Failed { epoch: 1, error: MediaError::Truncated {} },
        Fact::Failed { epoch: 1, error: MediaError::SourceChanged {} },
        Fact::Failed { epoch: 1, error: MediaError::Interrupted {} },
    ]
}

#[test]
fn every_message_goes_there_and_back() {
    for command in commands() {
        assert_eq!(Command::from_bytes(&command.to_bytes()).as_ref(), Ok(&command));
    }
    for fact in facts() {
        assert_eq!(Fact::from_bytes(&fact.to_bytes()).as_ref(), Ok(&fact));
    }
}

#[test]
fn a_ping_is_answered_by_its_own_bytes() {
    let ping = Command::Ping { id: 0x0102_0304 }.to_bytes();
    assert_eq!(Fact::from_bytes(&ping), Ok(Fact::Pong { id: 0x0102_0304 }));
}

#[test]
fn a_cut_message_is_an_error() {
    for bytes in commands().iter().map(Wire::to_bytes) {
        for len in 0..bytes.len() {
            assert_eq!(Command::from_bytes(&bytes[..len]), Err(DecodeError::Truncated));
        }
    }
    assert_eq!(Fact::from_bytes(&[200]), Err(DecodeError::UnknownKind));
}

#[test]
fn no_bytes_panic() {
    let mut random = Random::seeded([3, 4]);
    let samples: Vec<Vec<u8>> = facts().iter().map(Wire::to_bytes).collect();
    for _ in 0..20_000 {
        let mut bytes = samples[random.next_u64() as usize % samples.len()].clone();
        for _ in 0..=(random.next_u64() % 4) {
            let at = random.next_u64() as usize % bytes.len();
            bytes[at] = random.next_u64() as u8;
        }
        let _ = Fact::from_bytes(&bytes);
        let _ = Command::from_bytes(&bytes);
    }
}
