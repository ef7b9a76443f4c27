//! Options from JavaScript, one by one, with errors that name the option, what was expected and what came.

use std::time::Duration;

use js_sys::{Object, Reflect, TypeError};
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

/// An object whose options are taken one by one; what is left over is an error.
pub(super) struct Options {
    object: Object,
    path: &'static str,
    left: Vec<String>,
}

impl Options {
    pub(super) fn new(path: &'static str, value: JsValue) -> Result<Self, JsValue> {
        if !value.is_object() {
            return Err(TypeError::new(&[path, ": expected an object, got ", &kind_of(&value)].concat()).into());
        }
        let object: Object = value.unchecked_into();
        let left = Object::keys(&object).iter().filter_map(|key| key.as_string()).collect();
        Ok(Self { object, path, left })
    }

    fn error(&self, name: &str, what: &str) -> JsValue {
        TypeError::new(&[self.path, ": option \"", name, "\": ", what].concat()).into()
    }

    /// One option as it is; `null` counts as absent.
    fn value(&mut self, name: &str) -> Result<JsValue, JsValue> {
        self.left.retain(|left| left != name);
        let value = Reflect::get(&self.object, &name.into())?;
        Ok(if value.is_null() { JsValue::UNDEFINED } else { value })
    }

    /// One option, read by `read`; an error that names it where it is of another kind.
    fn take<T>(
        &mut self,
        name: &str,
        expected: &str,
        read: impl FnOnce(&JsValue) -> Option<T>,
    ) -> Result<Option<T>, JsValue> {
        let value = self.value(name)?;
        if value.is_undefined() {
            return Ok(None);
        }
        match read(&value) {
            Some(read) => Ok(Some(read)),
            None => Err(self.error(name, &["expected ", expected, ", got ", &kind_of(&value)].concat())),
        }
    }

    fn text(&mut self, name: &str, expected: &str) -> Result<Option<String>, JsValue> {
        self.take(name, expected, JsValue::as_string)
    }

    /// A whole number from one to `most`.
    fn count(&mut self, name: &str, expected: &str, most: f64) -> Result<Option<u32>, JsValue> {
        self.take(name, expected, |value| {
            let count = value.as_f64().filter(|count| count.fract() == 0.0 && *count >= 1.0 && *count <= most)?;
            Some(count as u32)
        })
    }

    fn millis(&mut self, name: &str) -> Result<Option<Duration>, JsValue> {
        let expected = "a whole number of milliseconds from 1 to 86400000";
        Ok(self.count(name, expected, 86_400_000.0)?.map(|millis| Duration::from_millis(millis.into())))
    }

    /// Options that nobody knows are a mistake that must not pass in silence.
    fn finish(self) -> Result<(), JsValue> {
        match self.left.first() {
            Some(name) => Err(self.error(name, "is not known")),
            None => Ok(()),
        }
    }
}

fn kind_of(value: &JsValue) -> String {
    if value.is_null() {
        return "null".into();
    }
    if js_sys::Array::is_array(value) {
        return "an array".into();
    }
    if let Some(text) = value.as_string() {
        let short: String = text.chars().take(60).collect();
        return ["the string \"", &short, "\""].concat();
    }
    if let Some(number) = value.dyn_ref::<js_sys::Number>() {
        // JavaScript writes its numbers itself: Rust's way of doing it weighs several kilobytes.
        return ["the number ", &String::from(number.unchecked_ref::<Object>().to_string())].concat();
    }
    value.js_typeof().as_string().unwrap_or_default()
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
pub(super) fn telemetry_config(value: JsValue, page_origin: &str) -> Result<Config, JsValue> {
    let mut options = Options::new("createTelemetry", value)?;
    let mut config = Config { origin: page_origin.into(), ..Config::default() };
    let service = options.text("serviceName", "a string")?.filter(|name| !name.is_empty());
    let service = service.ok_or_else(|| options.error("serviceName", "expected a string that is not empty"))?;
    config.resource.push(KeyValue::new("service.name", service));
    for (option, key) in [("serviceVersion", "service.version"), ("environment", "deployment.environment.name")] {
        let value = options.text(option, "a string")?;
        config.resource.extend(value.map(|value| KeyValue::new(key, value)));
    }
    let resource = options.value("resource")?;
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
    options.finish()?;
    Ok(config)
}
