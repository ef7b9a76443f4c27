//! What a script that stands in for the media plane reads and writes (`pkg/src/media_messages.ts`): the bytes
//! of tests/vectors/messages.json are those of Rust's commands and facts.

use serde_json::Value;
use tonearm_media::message_kinds::{BodyEndKind, CommandKind, FactKind, MediaErrorKind};
use tonearm_messages::{BodyEnd, Command, Fact, Format, MediaError, Request, ResponseHead, Wire};

fn whole(of: &Value, name: &str) -> u32 {
    u32::try_from(of[name].as_u64().unwrap()).unwrap()
}

fn float(of: &Value, name: &str) -> f64 {
    of[name].as_f64().unwrap()
}

fn text(of: &Value, name: &str) -> String {
    of[name].as_str().unwrap().into()
}

fn request(of: &Value) -> Request {
    let headers = Some("traceparent: 00-ab-cd-01\n".into());
    Request { id: whole(of, "request"), offset: 0, headers }
}

fn command(of: &Value) -> (Command, CommandKind) {
    match of["kind"].as_str().unwrap() {
        "Hello" => (Command::Hello { version: text(of, "version") }, CommandKind::Hello),
        "Open" => (
            Command::Open {
                epoch: whole(of, "epoch"),
                url: text(of, "url"),
                credentials: of["credentials"].as_bool().unwrap(),
                output_rate: 48_000,
                position: float(of, "position"),
                speed: float(of, "speed"),
                request: request(of),
            },
            CommandKind::Open,
        ),
        "Fetch" => (Command::Fetch { epoch: whole(of, "epoch"), request: request(of) }, CommandKind::Fetch),
        "Seek" => (
            Command::Seek {
                epoch: whole(of, "epoch"),
                position: float(of, "position"),
                speed: float(of, "speed"),
            },
            CommandKind::Seek,
        ),
        "Close" => (Command::Close {}, CommandKind::Close),
        other => panic!("{other}"),
    }
}

/// A fact of what its writer is given.
fn fact(of: &Value) -> (Fact, FactKind) {
    let number = |at: usize| u32::try_from(of["args"][at].as_u64().unwrap()).unwrap();
    let float = |at: usize| of["args"][at].as_f64().unwrap();
    match of["fact"].as_str().unwrap() {
        "hello" => (Fact::Hello { version: of["args"][0].as_str().unwrap().into() }, FactKind::Hello),
        "responseHead" => {
            let head = ResponseHead {
                status: 200,
                total_bytes: None,
                ranges: true,
                node: None,
                cache: None,
                trace_id: None,
            };
            (Fact::ResponseHead { request: number(0), at: float(1), head }, FactKind::ResponseHead)
        }
        "firstByte" => (Fact::FirstByte { request: number(0), at: float(1) }, FactKind::FirstByte),
        "bodyEnd" => {
            let end = match of["args"][2].as_str().unwrap() {
                "Complete" => BodyEnd::Complete {},
                _ => BodyEnd::Failed {},
            };
            (Fact::BodyEnd { request: number(0), at: float(1), bytes: 0, end }, FactKind::BodyEnd)
        }
        "format" => {
            let format = Format {
                codec: String::new(),
                sample_rate: 0,
                channels: 0,
                duration: of["args"][1].as_f64(),
                estimated: false,
                bit_rate: 0,
            };
            (Fact::Format { epoch: number(0), format }, FactKind::Format)
        }
        "firstDecoded" => (
            Fact::FirstDecoded { epoch: number(0), at: float(1), position: float(2) },
            FactKind::FirstDecoded,
        ),
        "buffered" => (Fact::Buffered { epoch: number(0), end: float(1) }, FactKind::Buffered),
        "decodedAll" => (
            Fact::DecodedAll { epoch: number(0), end: float(1), frames: 0, failures: 0 },
            FactKind::DecodedAll,
        ),
        "failed" => {
            let error = match of["args"][1].as_str().unwrap() {
                "Undecodable" => MediaError::Undecodable {},
                _ => MediaError::UnsupportedFormat {},
            };
            (Fact::Failed { epoch: number(0), error }, FactKind::Failed)
        }
        other => panic!("{other}"),
    }
}

#[test]
fn commands_and_facts_of_a_stand_in_have_the_bytes_of_the_vectors() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/messages.json");
    let vectors: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let check = |of: &Value, bytes: &[u8], kind: u8| {
        let hex = of["bytes"].as_str().unwrap();
        let expected: Vec<u8> =
            (0..hex.len() / 2).map(|n| u8::from_str_radix(&hex[2 * n..2 * n + 2], 16).unwrap()).collect();
        assert_eq!(bytes, expected, "{of}");
        assert_eq!(bytes[0], kind, "{of}");
    };
    for of in vectors["commands"].as_array().unwrap() {
        let (command, kind) = command(&of["command"]);
        check(of, &command.to_bytes(), kind as u8);
    }
    for of in vectors["facts"].as_array().unwrap() {
        let (fact, kind) = fact(of);
        check(of, &fact.to_bytes(), kind as u8);
    }
}

#[test]
fn kinds_that_scripts_name_are_those_of_the_messages() {
    let first = |bytes: Vec<u8>| bytes[0];
    assert_eq!(first(Command::Ping { id: 7 }.to_bytes()), CommandKind::Ping as u8);
    assert_eq!(first(Command::Finish { epoch: 7 }.to_bytes()), CommandKind::Finish as u8);
    assert_eq!(first(BodyEnd::Complete {}.to_bytes()), BodyEndKind::Complete as u8);
    assert_eq!(first(BodyEnd::Failed {}.to_bytes()), BodyEndKind::Failed as u8);
    assert_eq!(first(MediaError::Undecodable {}.to_bytes()), MediaErrorKind::Undecodable as u8);
    assert_eq!(first(MediaError::UnsupportedFormat {}.to_bytes()), MediaErrorKind::UnsupportedFormat as u8);
}
