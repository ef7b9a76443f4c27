//! A span or a log record as an app sees it, and what it becomes when the app has changed it. Identifiers and
//! times stay as they are; of events and links the app may change or take out those that there are.

use serde::de::{Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};
use tonearm_otlp::{Field, Reader, Value, Writer};

use crate::common::{AnyValue, KeyValue};
use crate::logs::LogRecord;
use crate::read::{decode, read_fields};
use crate::scalar::{Double, Hex, Signed};
use crate::trace::Span;

/// A value as JavaScript has it: every number is a double.
struct Plain<'v>(&'v AnyValue<'v>);

impl Serialize for Plain<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let value = self.0;
        if let Some(array) = &value.array_value {
            serializer.collect_seq(array.values.iter().map(Plain))
        } else if let Some(list) = &value.kvlist_value {
            Attributes(&list.values).serialize(serializer)
        } else if let Some(text) = &value.string_value {
            serializer.serialize_str(text)
        } else if let Some(flag) = value.bool_value {
            serializer.serialize_bool(flag)
        } else if let Some(Signed(number)) = value.int_value {
            serializer.serialize_f64(number as f64)
        } else if let Some(Double(number)) = value.double_value {
            serializer.serialize_f64(number)
        } else if let Some(bytes) = value.bytes_value {
            serializer.serialize_bytes(bytes.0)
        } else {
            serializer.serialize_none()
        }
    }
}

/// Attributes as a map.
struct Attributes<'v>(&'v [KeyValue<'v>]);

impl Serialize for Attributes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let entries = self
            .0
            .iter()
            .map(|KeyValue { key, value }| (key.as_deref().unwrap_or_default(), value.as_ref().map(Plain)));
        serializer.collect_map(entries)
    }
}

/// What an app sees of a record. The severity is not among it: it chooses the console's level.
#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct View<'v> {
    name: &'v str,
    attributes: Attributes<'v>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Plain<'v>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<Hex<'v>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    span_id: Option<Hex<'v>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    severity_number: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'v str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    events: Option<Vec<EventView<'v>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    links: Option<Vec<LinkView<'v>>>,
}

#[derive(serde::Serialize)]
struct EventView<'v> {
    name: &'v str,
    attributes: Attributes<'v>,
}

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct LinkView<'v> {
    trace_id: Option<Hex<'v>>,
    span_id: Option<Hex<'v>>,
    attributes: Attributes<'v>,
}

/// A record that an app looks at; serializes as what it sees.
#[derive(Debug)]
pub enum Record<'a> {
    /// A span.
    Span(Span<'a>),
    /// A log record.
    Log(LogRecord<'a>),
}

impl<'a> Record<'a> {
    /// Decodes a record; `None` where its bytes are no such message: it cannot be shown whole.
    pub fn decode(is_span: bool, record: &'a [u8]) -> Option<Self> {
        if is_span { decode(record).map(Self::Span) } else { decode(record).map(Self::Log) }
    }
}

impl Serialize for Record<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let view = match self {
            Self::Span(span) => View {
                name: span.name.as_deref().unwrap_or_default(),
                attributes: Attributes(&span.attributes),
                body: None,
                trace_id: span.trace_id,
                span_id: span.span_id,
                severity_number: None,
                status: span.status.as_ref().and_then(|status| status.message.as_deref()),
                events: Some(
                    span.events
                        .iter()
                        .map(|event| EventView {
                            name: event.name.as_deref().unwrap_or_default(),
                            attributes: Attributes(&event.attributes),
                        })
                        .collect(),
                ),
                links: Some(
                    span.links
                        .iter()
                        .map(|link| LinkView {
                            trace_id: link.trace_id,
                            span_id: link.span_id,
                            attributes: Attributes(&link.attributes),
                        })
                        .collect(),
                ),
            },
            Self::Log(log) => View {
                name: log.event_name.as_deref().unwrap_or_default(),
                attributes: Attributes(&log.attributes),
                body: log.body.as_ref().map(Plain),
                trace_id: log.trace_id,
                span_id: log.span_id,
                severity_number: log.severity_number,
                status: None,
                events: None,
                links: None,
            },
        };
        view.serialize(serializer)
    }
}

/// Attributes that the core has encoded, as fields of any number.
#[derive(Debug, Default)]
pub struct EncodedAttributes(pub Vec<u8>);

impl<'de> Deserialize<'de> for EncodedAttributes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;
        impl Visitor<'_> for Bytes {
            type Value = Vec<u8>;

            fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str("bytes")
            }

            fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<Vec<u8>, E> {
                Ok(bytes)
            }
        }
        deserializer.deserialize_byte_buf(Bytes).map(Self)
    }
}

/// A record as an app has left it.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct LeftRecord {
    /// The span's name, or the event's.
    pub name: String,
    /// All of its attributes.
    pub attributes: EncodedAttributes,
    /// An attribute called `body`, of which the value is the log record's body.
    pub body: EncodedAttributes,
    /// The message of a span's status.
    pub status: String,
    /// The events that are left.
    pub events: Vec<LeftPart>,
    /// The links that are left.
    pub links: Vec<LeftPart>,
}

/// An event or a link as an app has left it.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct LeftPart {
    /// Its place among those that there were.
    pub at: u32,
    /// The event's name.
    pub name: String,
    /// All of its attributes.
    pub attributes: EncodedAttributes,
}

/// Writes a record again, with what the app has left. Returns `None` where the record is not whole, or where
/// an event or a link is none of its own.
pub fn rewrite(is_span: bool, record: &[u8], left: &LeftRecord) -> Option<Vec<u8>> {
    let mut out = Writer::default();
    if is_span { rewrite_span(record, left, &mut out) } else { rewrite_log(record, left, &mut out) }?;
    Some(out.finish())
}

fn rewrite_log(record: &[u8], left: &LeftRecord, out: &mut Writer) -> Option<()> {
    copy_without(record, &[5, 6, 12], out)?;
    out.bytes(12, left.name.as_bytes());
    if let Value::Encoded(body) = Value::of(&left.body.0, "body") {
        out.bytes(5, body);
    }
    out.add_attributes(0, 6, &left.attributes.0);
    Some(())
}

fn rewrite_span(record: &[u8], left: &LeftRecord, out: &mut Writer) -> Option<()> {
    copy_without(record, &[5, 9, 11, 13, 15], out)?;
    out.bytes(5, left.name.as_bytes());
    out.add_attributes(0, 9, &left.attributes.0);
    let events = parts(record, 11);
    for LeftPart { at, name, attributes } in &left.events {
        let mut event = Writer::default();
        copy_without(events.get(*at as usize)?, &[2, 3], &mut event)?;
        event.bytes(2, name.as_bytes());
        event.add_attributes(0, 3, &attributes.0);
        out.bytes(11, event.as_slice());
    }
    let links = parts(record, 13);
    for LeftPart { at, attributes, .. } in &left.links {
        let mut link = Writer::default();
        copy_without(links.get(*at as usize)?, &[4], &mut link)?;
        link.add_attributes(0, 4, &attributes.0);
        out.bytes(13, link.as_slice());
    }
    if let Some(before) = parts(record, 15).last() {
        let mut status = Writer::default();
        copy_without(before, &[2], &mut status)?;
        if !left.status.is_empty() {
            status.bytes(2, left.status.as_bytes());
        }
        out.bytes(15, status.as_slice());
    }
    Some(())
}

/// Copies the fields of a message but those of some numbers.
fn copy_without(message: &[u8], numbers: &[u32], out: &mut Writer) -> Option<()> {
    read_fields(message, |number, _, bytes| {
        if !numbers.contains(&number) {
            out.raw(bytes);
        }
        Some(())
    })
}

/// The messages of one number.
fn parts(message: &[u8], wanted: u32) -> Vec<&[u8]> {
    let mut found = Vec::new();
    let mut fields = Reader(message);
    while let Some((number, field)) = fields.field() {
        if let (true, Field::Bytes(part)) = (number == wanted, field) {
            found.push(part);
        }
    }
    found
}
