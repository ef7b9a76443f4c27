//! Options from JavaScript, one by one, with errors that name the option, what was expected and what came.

use std::time::Duration;

use js_sys::{Object, Reflect, TypeError};
use opentelemetry::{Array, KeyValue, StringValue, Value};
use serde::de::DeserializeOwned;
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
            return Err(TypeError::new(&format!("{path}: expected an object, got {}", kind_of(&value))).into());
        }
        let object: Object = value.unchecked_into();
        let left = Object::keys(&object).iter().filter_map(|key| key.as_string()).collect();
        Ok(Self { object, path, left })
    }

    fn error(&self, name: &str, what: &str) -> JsValue {
        TypeError::new(&format!("{}: option \"{name}\": {what}", self.path)).into()
    }

    /// One option as it is; `null` counts as absent.
    fn value(&mut self, name: &str) -> Result<JsValue, JsValue> {
        self.left.retain(|left| left != name);
        let value = Reflect::get(&self.object, &name.into())?;
        Ok(if value.is_null() { JsValue::UNDEFINED } else { value })
    }

    /// An object as a list of its keys and values.
    fn entries(&mut self, name: &str) -> Result<Vec<(String, String)>, JsValue> {
        let value = self.value(name)?;
        if value.is_undefined() {
            return Ok(Vec::new());
        }
        let came = kind_of(&value);
        let object = value.dyn_into::<Object>().map(|object| Object::entries(&object).into());
        let entries = object.ok().and_then(|entries: JsValue| serde_wasm_bindgen::from_value(entries).ok());
        entries.ok_or_else(|| self.error(name, &format!("expected an object of strings, got {came}")))
    }

    /// One option; `None` where it is absent.
    pub(super) fn take<T: DeserializeOwned>(&mut self, name: &str, expected: &str) -> Result<Option<T>, JsValue> {
        let value = self.value(name)?;
        if value.is_undefined() {
            return Ok(None);
        }
        let came = kind_of(&value);
        let result = serde_wasm_bindgen::from_value(value);
        result.map(Some).map_err(|_| self.error(name, &format!("expected {expected}, got {came}")))
    }

    /// A number of milliseconds.
    fn millis(&mut self, name: &str) -> Result<Option<Duration>, JsValue> {
        let expected = "a number of milliseconds from 1 to 86400000";
        let Some(millis) = self.take::<f64>(name, expected)? else { return Ok(None) };
        if !(1.0..=86_400_000.0).contains(&millis) {
            return Err(self.error(name, &format!("expected {expected}, got {}", kind_of(&millis.into()))));
        }
        Ok(Some(Duration::from_millis(millis as u64)))
    }

    /// A whole number of at least one.
    fn count(&mut self, name: &str, most: u32) -> Result<Option<usize>, JsValue> {
        let expected = format!("a whole number from 1 to {most}");
        let Some(count) = self.take::<f64>(name, &expected)? else { return Ok(None) };
        if count.fract() != 0.0 || !(1.0..=f64::from(most)).contains(&count) {
            return Err(self.error(name, &format!("expected {expected}, got {}", kind_of(&count.into()))));
        }
        Ok(Some(count as usize))
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
        return format!("the string \"{short}\"");
    }
    if let Some(number) = value.dyn_ref::<js_sys::Number>() {
        // JavaScript writes its numbers itself: Rust's way of doing it weighs several kilobytes.
        return number
            .to_string_with_radix(10)
            .map_or_else(|_| "a number".into(), |text| format!("the number {}", String::from(text)));
    }
    value.js_typeof().as_string().unwrap_or_default()
}

/// `createTelemetry(config)`.
pub(super) fn telemetry_config(value: JsValue, page_origin: &str) -> Result<Config, JsValue> {
    let mut options = Options::new("createTelemetry", value)?;
    let mut config = Config { origin: page_origin.into(), ..Config::default() };
    let text = "a string";
    let service: Option<String> = options.take("serviceName", text)?;
    let service = service.filter(|name| !name.is_empty());
    let service = service.ok_or_else(|| options.error("serviceName", "expected a string that is not empty"))?;
    config.resource.push(KeyValue::new("service.name", service));
    for (option, key) in [("serviceVersion", "service.version"), ("environment", "deployment.environment.name")] {
        let value: Option<String> = options.take(option, text)?;
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
    let endpoint: Option<String> = options.take("endpoint", "a URL as a string")?;
    config.endpoint = endpoint.unwrap_or_default();
    config.headers = options.entries("headers")?;
    let origins: Option<Vec<String>> = options.take("propagateTo", "an array of origins")?;
    config.propagate_to = origins.unwrap_or_default();
    config.export_timeout = options.millis("exportTimeoutMillis")?.unwrap_or(config.export_timeout);
    let batch = Batch::default();
    config.batch = Batch {
        delay: options.millis("scheduledDelayMillis")?.unwrap_or(batch.delay),
        size: options.count("maxExportBatchSize", 10_000)?.unwrap_or(batch.size),
        queue_size: options.count("maxQueueSize", 1_000_000)?.unwrap_or(batch.queue_size),
        ..batch
    };
    options.finish()?;
    Ok(config)
}
