//! Bodies that are cut off, whose bits are flipped, or whose values lie too deep: an answer, never a panic.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use tonearm_base::random::Random;
use tonearm_records::{LeftRecord, MAX_DEPTH, Record, rewrite};

use super::requests::{json_of, lean, log_record, logs, metrics, span, traces};

fn bodies() -> [Vec<u8>; 3] {
    [traces().encode_to_vec(), metrics().encode_to_vec(), logs().encode_to_vec()]
}

/// What the generated types make of a body.
fn expected(signal: u32, body: &[u8]) -> Option<serde_json::Value> {
    let json = match signal {
        0 => serde_json::to_value(ExportTraceServiceRequest::decode(body).ok()?),
        1 => serde_json::to_value(ExportMetricsServiceRequest::decode(body).ok()?),
        _ => serde_json::to_value(ExportLogsServiceRequest::decode(body).ok()?),
    };
    json.ok()
}

#[test]
fn a_body_that_is_cut_off_is_none_where_the_generated_types_refuse_it() {
    for (signal, body) in (0..).zip(bodies()) {
        let mut whole = 0;
        for length in 0..body.len() {
            let cut = &body[..length];
            let json = json_of(signal, cut).map(|json| lean(&json));
            assert_eq!(
                json,
                expected(signal, cut).map(|json| lean(&json)),
                "{length} bytes of signal {signal}"
            );
            whole += u32::from(json.is_some());
        }
        assert!(whole < 3, "{whole} parts of signal {signal} are whole requests");
    }
}

#[test]
fn flipped_bits_are_survived() {
    let mut random = Random::seeded([5, 8]);
    let (mut whole, mut refused) = (0, 0);
    for (signal, body) in (0..).zip(bodies()) {
        for _ in 0..3000 {
            let mut damaged = body.clone();
            for _ in 0..=random.next_u64() % 3 {
                let bit = random.next_u64() as usize % (damaged.len() * 8);
                damaged[bit / 8] ^= 1 << (bit % 8);
            }
            if json_of(signal, &damaged).is_some() { whole += 1 } else { refused += 1 }
        }
    }
    assert!(whole > 500 && refused > 500, "{whole} whole, {refused} refused");
}

#[test]
fn a_record_that_is_cut_off_or_damaged_is_shown_whole_or_not_at_all() {
    let mut random = Random::seeded([13, 21]);
    for (is_span, record) in [(true, span().encode_to_vec()), (false, log_record().encode_to_vec())] {
        let mut refused = 0;
        for n in 0..3000 {
            let mut damaged = record.clone();
            if n % 2 == 0 {
                damaged.truncate(random.next_u64() as usize % record.len());
            } else {
                let bit = random.next_u64() as usize % (damaged.len() * 8);
                damaged[bit / 8] ^= 1 << (bit % 8);
            }
            let shown = Record::decode(is_span, &damaged);
            if let Some(shown) = &shown {
                serde_json::to_value(shown).unwrap();
                assert!(rewrite(is_span, &damaged, &LeftRecord::default()).is_some());
            }
            refused += u32::from(shown.is_none());
        }
        assert!(refused > 1000, "{refused}");
    }
}

/// A log record whose body is lists within lists: that many messages within one another, the record included.
fn nested(messages: u32) -> Vec<u8> {
    // `AnyValue` and `ArrayValue` take turns, from the innermost on: fields 5 and 1.
    let mut message = vec![];
    for n in (0..messages - 2).rev() {
        let mut outer = Vec::new();
        prost::encoding::bytes::encode(if n % 2 == 0 { 5 } else { 1 }, &message, &mut outer);
        message = outer;
    }
    let mut record = Vec::new();
    prost::encoding::bytes::encode(5, &message, &mut record);
    record
}

#[test]
fn values_may_lie_as_deep_as_the_bound_and_no_deeper() {
    assert!(Record::decode(false, &nested(MAX_DEPTH)).is_some());
    assert!(Record::decode(false, &nested(MAX_DEPTH + 1)).is_none());
    assert!(Record::decode(false, &nested(20_000)).is_none());
}
