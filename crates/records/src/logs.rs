//! Log records (opentelemetry/proto/logs/v1/logs.proto).

use crate::common::{AnyValue, KeyValue};
use crate::read::messages;
use crate::scalar::{Hex, Text, Unsigned};

messages! {
    /// `LogRecord`.
    LogRecord<'a> {
        1 => time_unix_nano: Option<Unsigned>,
        2 => severity_number: Option<u32>,
        3 => severity_text: Option<Text<'a>>,
        5 => body: Option<AnyValue<'a>>,
        6 => attributes: Vec<KeyValue<'a>>,
        7 => dropped_attributes_count: Option<u32>,
        8 => flags: Option<u32>,
        9 => trace_id: Option<Hex<'a>>,
        10 => span_id: Option<Hex<'a>>,
        11 => observed_time_unix_nano: Option<Unsigned>,
        12 => event_name: Option<Text<'a>>,
    }
}
