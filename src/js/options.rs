//! Options from JavaScript, one by one, with faults that name the option and what was expected; `telemetry.js` adds what
//! came.

use std::time::Duration;

use js_sys::{Object, Reflect};
use opentelemetry::{Array, KeyValue, StringValue, Value};
use wasm_bindgen::prelude::*;

use crate::telemetry::{Batch, Config};

/// An attribute's value as JavaScript writes it. JavaScript has one kind of number: a whole one is sent as an integer,
/// as OpenTelemetry's own JavaScript does.
fn attribute(value: &JsValue) -> Option<Value> {
    if let Some(value) = value.as_bool() {
        return Some(Value::Bool(value));
    }
    if let Some(value) = value.as_f64() {
        let whole = value.fract() == 0.0 && value.abs() < 9e15;
        return Some(if whole { Value::I64(value as i64) } else { Value::F64(value) });
    }
    if let Some(text) = value.as_string() {
        return Some(Value::String(text.into()));
    }
    let list = value.dyn_ref::<js_sys::Array>()?;
    let texts: Option<Vec<StringValue>> = list.iter().map(|item| item.as_string().map(Into::into)).collect();
    texts.map(|texts| Value::Array(Array::String(texts))).or_else(|| {
        let numbers: Option<Vec<f64>> = list.iter().map(|item| item.as_f64()).collect();
        numbers.map(|numbers| Value::Array(Array::F64(numbers)))
    })
}

/// Attributes as an object of JavaScript; values of other kinds are left out.
pub(super) fn attributes(object: &JsValue) -> Vec<KeyValue> {
    let Some(object) = object.dyn_ref::<Object>() else { return Vec::new() };
    let pairs = Object::entries(object);
    let pair = |pair: JsValue| {
        let pair: js_sys::Array = pair.unchecked_into();
        Some(KeyValue::new(pair.get(0).as_string()?, attribute(&pair.get(1))?))
    };
    pairs.iter().filter_map(pair).collect()
}

/// An option that is not what was expected; the empty expectation says that nobody knows it.
pub(super) struct Fault {
    pub(super) option: String,
    pub(super) expected: &'static str,
}

/// An object whose options are taken one by one; what is left over is an error.
struct Options<'a> {
    object: &'a Object,
    left: Vec<String>,
}

impl<'a> Options<'a> {
    fn new(object: &'a Object) -> Self {
        let left = Object::keys(object).iter().filter_map(|key| key.as_string()).collect();
        Self { object, left }
    }

    /// One option as it is; `null` counts as absent.
    fn value(&mut self, name: &str) -> JsValue {
        self.left.retain(|left| left != name);
        // Only a getter of the app's own can throw: then the option is absent.
        let value = Reflect::get(self.object, &name.into()).unwrap_or_default();
        if value.is_null() { JsValue::UNDEFINED } else { value }
    }

    /// One option, read by `read`; a fault where it is of another kind.
    fn take<T>(
        &mut self,
        name: &str,
        expected: &'static str,
        read: impl FnOnce(&JsValue) -> Option<T>,
    ) -> Result<Option<T>, Fault> {
        let value = self.value(name);
        if value.is_undefined() {
            return Ok(None);
        }
        read(&value).map(Some).ok_or(Fault { option: name.into(), expected })
    }

    fn text(&mut self, name: &str, expected: &'static str) -> Result<Option<String>, Fault> {
        self.take(name, expected, JsValue::as_string)
    }

    /// A whole number from one to `most`.
    fn count(&mut self, name: &str, expected: &'static str, most: f64) -> Result<Option<u32>, Fault> {
        self.take(name, expected, |value| {
            let count = value.as_f64().filter(|count| count.fract() == 0.0 && *count >= 1.0 && *count <= most)?;
            Some(count as u32)
        })
    }

    fn millis(&mut self, name: &str) -> Result<Option<Duration>, Fault> {
        let expected = "a whole number of milliseconds from 1 to 86400000";
        Ok(self.count(name, expected, 86_400_000.0)?.map(|millis| Duration::from_millis(millis.into())))
    }
}

/// The items of an array of strings.
fn texts(value: &JsValue) -> Option<Vec<String>> {
    value.dyn_ref::<js_sys::Array>()?.iter().map(|item| item.as_string()).collect()
}

/// The keys and values of an object of strings.
fn pairs(value: &JsValue) -> Option<Vec<(String, String)>> {
    let entries = Object::entries(value.dyn_ref::<Object>()?);
    let pair = |entry: JsValue| {
        let entry: js_sys::Array = entry.unchecked_into();
        Some((entry.get(0).as_string()?, entry.get(1).as_string()?))
    };
    entries.iter().map(pair).collect()
}

/// `createTelemetry(config)`.
pub(super) fn telemetry_config(object: &Object, page_origin: &str) -> Result<Config, Fault> {
    let mut options = Options::new(object);
    let mut config = Config { origin: page_origin.into(), ..Config::default() };
    let name = "a string that is not empty";
    let service = options.text("serviceName", name)?.filter(|name| !name.is_empty());
    let service = service.ok_or(Fault { option: "serviceName".into(), expected: name })?;
    config.resource.push(KeyValue::new("service.name", service));
    for (option, key) in [("serviceVersion", "service.version"), ("environment", "deployment.environment.name")] {
        let value = options.text(option, "a string")?;
        config.resource.extend(value.map(|value| KeyValue::new(key, value)));
    }
    let resource = options.value("resource");
    config.resource.extend(attributes(&resource));
    for (key, value) in [
        ("telemetry.sdk.name", "tonearm"),
        ("telemetry.sdk.language", "webjs"),
        ("telemetry.sdk.version", env!("CARGO_PKG_VERSION")),
    ] {
        config.resource.push(KeyValue::new(key, value));
    }
    config.endpoint = options.text("endpoint", "a URL as a string")?.unwrap_or_default();
    config.headers = options.take("headers", "an object of strings", pairs)?.unwrap_or_default();
    config.propagate_to = options.take("propagateTo", "an array of origins", texts)?.unwrap_or_default();
    config.export_timeout = options.millis("exportTimeoutMillis")?.unwrap_or(config.export_timeout);
    let batch = Batch::default();
    let size = options.count("maxExportBatchSize", "a whole number from 1 to 10000", 1e4)?;
    let queue = options.count("maxQueueSize", "a whole number from 1 to 1000000", 1e6)?;
    config.batch = Batch {
        delay: options.millis("scheduledDelayMillis")?.unwrap_or(batch.delay),
        size: size.map_or(batch.size, |size| size as usize),
        queue_size: queue.map_or(batch.queue_size, |size| size as usize),
        ..batch
    };
    match options.left.pop() {
        Some(option) => Err(Fault { option, expected: "" }),
        None => Ok(config),
    }
}
