//! What an endpoint answers in JSON (`ExportTraceServiceResponse` and its like, or `google.rpc.Status`), as
//! the protobuf that the core reads (`response.rs` of the telemetry).

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use tonearm_otlp::Writer;

/// A member that is a number or a string; endpoints write 64-bit integers either way. Any other value is
/// `Nothing`.
#[derive(Debug, Default, PartialEq)]
enum Scalar {
    #[default]
    Nothing,
    Number(f64),
    Text(String),
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Scalar;

            fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str("any value")
            }

            fn visit_i64<E>(self, number: i64) -> Result<Scalar, E> {
                Ok(Scalar::Number(number as f64))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Scalar, E> {
                Ok(Scalar::Number(number as f64))
            }

            fn visit_f64<E>(self, number: f64) -> Result<Scalar, E> {
                Ok(Scalar::Number(number))
            }

            fn visit_str<E>(self, text: &str) -> Result<Scalar, E> {
                Ok(Scalar::Text(text.to_owned()))
            }

            fn visit_bool<E>(self, _: bool) -> Result<Scalar, E> {
                Ok(Scalar::Nothing)
            }

            fn visit_unit<E>(self) -> Result<Scalar, E> {
                Ok(Scalar::Nothing)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<Scalar, A::Error> {
                Ok(Scalar::Nothing)
            }

            fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<Scalar, A::Error> {
                Ok(Scalar::Nothing)
            }
        }
        deserializer.deserialize_any(Any)
    }
}

impl Scalar {
    fn count(&self) -> u64 {
        match self {
            Self::Nothing => 0,
            Self::Number(number) => *number as u64,
            Self::Text(text) => text.parse().unwrap_or(0),
        }
    }

    fn text(&self) -> &str {
        if let Self::Text(text) = self { text } else { "" }
    }
}

/// An answer.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Reply {
    partial_success: Option<PartialSuccess>,
    message: Scalar,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct PartialSuccess {
    rejected_spans: Scalar,
    rejected_data_points: Scalar,
    rejected_log_records: Scalar,
    error_message: Scalar,
}

/// An answer in protobuf: how many records were rejected, if some were, and the endpoint's message.
pub fn encode_reply(reply: &Reply) -> Vec<u8> {
    let mut out = Writer::default();
    if let Some(partial) = &reply.partial_success {
        let counts = [&partial.rejected_spans, &partial.rejected_data_points, &partial.rejected_log_records];
        let rejected = counts.into_iter().find(|count| **count != Scalar::Nothing).map_or(0, Scalar::count);
        let message = partial.error_message.text();
        if rejected > 0 || !message.is_empty() {
            out.message(1, |out| {
                if rejected > 0 {
                    out.varint(1, rejected);
                }
                if !message.is_empty() {
                    out.bytes(2, message.as_bytes());
                }
            });
        }
    } else if !reply.message.text().is_empty() {
        out.bytes(2, reply.message.text().as_bytes());
    }
    out.finish()
}
