//! Spans (opentelemetry/proto/trace/v1/trace.proto).

use crate::common::KeyValue;
use crate::read::messages;
use crate::scalar::{Hex, Text, Unsigned};

messages! {
    /// `Span`.
    Span<'a> {
        1 => trace_id: Option<Hex<'a>>,
        2 => span_id: Option<Hex<'a>>,
        3 => trace_state: Option<Text<'a>>,
        4 => parent_span_id: Option<Hex<'a>>,
        5 => name: Option<Text<'a>>,
        6 => kind: Option<u32>,
        7 => start_time_unix_nano: Option<Unsigned>,
        8 => end_time_unix_nano: Option<Unsigned>,
        9 => attributes: Vec<KeyValue<'a>>,
        10 => dropped_attributes_count: Option<u32>,
        11 => events: Vec<Event<'a>>,
        12 => dropped_events_count: Option<u32>,
        13 => links: Vec<Link<'a>>,
        14 => dropped_links_count: Option<u32>,
        15 => status: Option<Status<'a>>,
        16 => flags: Option<u32>,
    }

    /// `Span.Event`.
    Event<'a> {
        1 => time_unix_nano: Option<Unsigned>,
        2 => name: Option<Text<'a>>,
        3 => attributes: Vec<KeyValue<'a>>,
        4 => dropped_attributes_count: Option<u32>,
    }

    /// `Span.Link`.
    Link<'a> {
        1 => trace_id: Option<Hex<'a>>,
        2 => span_id: Option<Hex<'a>>,
        3 => trace_state: Option<Text<'a>>,
        4 => attributes: Vec<KeyValue<'a>>,
        5 => dropped_attributes_count: Option<u32>,
        6 => flags: Option<u32>,
    }

    /// `Status`.
    Status<'a> {
        2 => message: Option<Text<'a>>,
        3 => code: Option<u32>,
    }
}
