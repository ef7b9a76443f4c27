//! What the three services share: a tracer with a `service.name` of its own, server spans that continue the
//! caller's trace, client calls that hand it on, and the `Server-Timing` that tells a page of it.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{Span as _, SpanKind, Status, TraceContextExt, Tracer, TracerProvider as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_http::{HeaderExtractor, HeaderInjector};
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::runtime::Tokio;
use opentelemetry_sdk::trace::span_processor_with_async_runtime::BatchSpanProcessor;
use opentelemetry_sdk::trace::{BatchConfigBuilder, SdkTracer, SdkTracerProvider};

use crate::Failure;

/// One service's telemetry.
pub(crate) struct Service {
    tracer: SdkTracer,
    /// Held so that spans are exported for as long as the service lives.
    _provider: SdkTracerProvider,
}

/// Starts a service's telemetry.
pub(crate) fn start(name: &'static str, endpoint: &str) -> Result<Arc<Service>, Failure> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
        .build()?;
    // Half a second: the demo's waterfall should be whole while one looks at it.
    let batch = BatchConfigBuilder::default().with_scheduled_delay(Duration::from_millis(500)).build();
    let processor = BatchSpanProcessor::builder(exporter, Tokio).with_batch_config(batch).build();
    let resource = Resource::builder()
        .with_service_name(name)
        .with_attribute(KeyValue::new("deployment.environment.name", "demo"))
        .build();
    let provider =
        SdkTracerProvider::builder().with_span_processor(processor).with_resource(resource).build();
    Ok(Arc::new(Service { tracer: provider.tracer("tonearm-backend"), _provider: provider }))
}

/// A server span that is open. It ends when dropped: with the body that holds it.
pub(crate) struct ServerSpan {
    pub(crate) context: Context,
}

impl ServerSpan {
    /// Sets an attribute.
    pub(crate) fn set(&self, key: &'static str, value: impl Into<opentelemetry::Value>) {
        self.context.span().set_attribute(KeyValue::new(key, value));
    }

    /// Notes the response's status; a server's own failure is an error of its span.
    pub(crate) fn status(&self, status: http::StatusCode) {
        self.set("http.response.status_code", i64::from(status.as_u16()));
        if status.is_server_error() {
            self.set("error.type", status.as_u16().to_string());
            self.context.span().set_status(Status::error(""));
        }
    }

    /// The span as a `Server-Timing` metric, so that a page may name it.
    pub(crate) fn server_timing(&self) -> String {
        let context = self.context.span().span_context().clone();
        let flags = context.trace_flags().to_u8();
        format!("traceparent;desc=\"00-{}-{}-{flags:02x}\"", context.trace_id(), context.span_id())
    }
}

impl Drop for ServerSpan {
    fn drop(&mut self) {
        self.context.span().end();
    }
}

impl Service {
    /// Starts the span of a request, as a child of its caller's.
    pub(crate) fn server_span(&self, request: &Request<Body>, route: &'static str) -> ServerSpan {
        let parent = TraceContextPropagator::new().extract(&HeaderExtractor(request.headers()));
        let span = self
            .tracer
            .span_builder(format!("{} {route}", request.method()))
            .with_kind(SpanKind::Server)
            .with_attributes([
                KeyValue::new("http.request.method", request.method().to_string()),
                KeyValue::new("http.route", route),
                KeyValue::new("url.path", request.uri().path().to_owned()),
                KeyValue::new("url.scheme", "http"),
            ])
            .start_with_context(&self.tracer, &parent);
        ServerSpan { context: parent.with_span(span) }
    }

    /// Calls another service as a client span of `caller`; the status, and the body where there is one.
    pub(crate) async fn call(
        &self,
        caller: &ServerSpan,
        url: &str,
    ) -> Result<(http::StatusCode, serde_json::Value), Failure> {
        let mut span = self
            .tracer
            .span_builder("GET")
            .with_kind(SpanKind::Client)
            .with_attributes([
                KeyValue::new("http.request.method", "GET"),
                KeyValue::new("url.full", url.to_owned()),
            ])
            .start_with_context(&self.tracer, &caller.context);
        let context = Context::new().with_remote_span_context(span.span_context().clone());
        let mut headers = HeaderMap::new();
        TraceContextPropagator::new().inject_context(&context, &mut HeaderInjector(&mut headers));
        let response = reqwest::Client::new().get(url).headers(headers).send().await?;
        let status = response.status();
        span.set_attribute(KeyValue::new("http.response.status_code", i64::from(status.as_u16())));
        let body = response.json().await.unwrap_or_default();
        span.end();
        Ok((status, body))
    }
}

/// Lets any page read a response, its timing included. A real CDN would name its origins.
pub(crate) fn allow_any_origin(mut response: Response) -> Response {
    let headers = response.headers_mut();
    let fixed = [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "*, authorization"),
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, POST, OPTIONS"),
        (
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            "accept-ranges, content-range, etag, retry-after, server-timing, x-cache",
        ),
        (header::ACCESS_CONTROL_MAX_AGE, "7200"),
        (HeaderName::from_static("timing-allow-origin"), "*"),
        (HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
