//! A track, and the object that `load()` of the package takes.

use std::collections::BTreeMap;
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, TraceContextExt};
use serde::Serialize;
use tonearm_telemetry::format_traceparent;

use crate::opentelemetry::context_of;

/// A track.
#[derive(Debug, Clone, Default)]
pub struct Source {
    /// The URL of the media; none where the app resolves it when the play begins.
    pub src: Option<String>,
    /// Headers of the media requests.
    pub headers: Vec<(String, String)>,
    /// Whether cookies are sent to other origins too.
    pub include_credentials: bool,
    /// How long the server may take until the first byte of a media request: 20 s by default.
    pub first_byte_timeout: Option<Duration>,
    /// `music.track_id` of the play.
    pub track_id: Option<String>,
    /// `music.playlist_id` of the play.
    pub playlist_id: Option<String>,
    /// The parent of the play's span: by default the current span (`Context::current()`) at the time of the
    /// load. With a context that is not valid (`SpanContext::empty_context()`) the play begins a trace.
    pub parent: Option<SpanContext>,
}

#[derive(Serialize)]
struct RemoteContext {
    traceparent: String,
    tracestate: String,
}

/// The members of the package's `Source`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SourceObject<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    src: Option<&'a str>,
    // Any headers at all keep the media element from playing the source.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    headers: BTreeMap<&'a str, &'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credentials: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_byte_timeout: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    track_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    playlist_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<RemoteContext>,
}

fn remote(context: &SpanContext) -> Option<RemoteContext> {
    let traceparent = format_traceparent(&context_of(context)?);
    Some(RemoteContext { traceparent, tracestate: context.trace_state().header() })
}

impl Source {
    /// A track at a URL.
    pub fn new(src: impl Into<String>) -> Self {
        Self { src: Some(src.into()), ..Self::default() }
    }

    /// What `load()` of the package takes. The current span is read here.
    pub fn to_object(&self) -> impl Serialize + '_ {
        let parent = match &self.parent {
            Some(parent) => remote(parent),
            None => remote(Context::current().span().span_context()),
        };
        SourceObject {
            src: self.src.as_deref(),
            headers: self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect(),
            credentials: self.include_credentials.then_some("include"),
            first_byte_timeout: self.first_byte_timeout.map(|timeout| timeout.as_secs_f64()),
            track_id: self.track_id.as_deref(),
            playlist_id: self.playlist_id.as_deref(),
            parent,
        }
    }
}
