//! Requests of the three signals (opentelemetry/proto/collector/…/v1/…_service.proto).

use crate::common::{Resource, Scope};
use crate::logs::LogRecord;
use crate::metrics::Metric;
use crate::read::messages;
use crate::scalar::Text;
use crate::trace::Span;

messages! {
    /// `ExportTraceServiceRequest`.
    TraceRequest<'a> {
        1 => resource_spans: Vec<ResourceSpans<'a>>,
    }

    /// `ResourceSpans`.
    ResourceSpans<'a> {
        1 => resource: Option<Resource<'a>>,
        2 => scope_spans: Vec<ScopeSpans<'a>>,
        3 => schema_url: Option<Text<'a>>,
    }

    /// `ScopeSpans`.
    ScopeSpans<'a> {
        1 => scope: Option<Scope<'a>>,
        2 => spans: Vec<Span<'a>>,
        3 => schema_url: Option<Text<'a>>,
    }

    /// `ExportMetricsServiceRequest`.
    MetricsRequest<'a> {
        1 => resource_metrics: Vec<ResourceMetrics<'a>>,
    }

    /// `ResourceMetrics`.
    ResourceMetrics<'a> {
        1 => resource: Option<Resource<'a>>,
        2 => scope_metrics: Vec<ScopeMetrics<'a>>,
        3 => schema_url: Option<Text<'a>>,
    }

    /// `ScopeMetrics`.
    ScopeMetrics<'a> {
        1 => scope: Option<Scope<'a>>,
        2 => metrics: Vec<Metric<'a>>,
        3 => schema_url: Option<Text<'a>>,
    }

    /// `ExportLogsServiceRequest`.
    LogsRequest<'a> {
        1 => resource_logs: Vec<ResourceLogs<'a>>,
    }

    /// `ResourceLogs`.
    ResourceLogs<'a> {
        1 => resource: Option<Resource<'a>>,
        2 => scope_logs: Vec<ScopeLogs<'a>>,
        3 => schema_url: Option<Text<'a>>,
    }

    /// `ScopeLogs`.
    ScopeLogs<'a> {
        1 => scope: Option<Scope<'a>>,
        2 => log_records: Vec<LogRecord<'a>>,
        3 => schema_url: Option<Text<'a>>,
    }
}
