//! Objects and errors across the border.

use std::future::Future;

use js_sys::Promise;
use serde::Serialize;
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use crate::front_end::PlayerError;

/// The error of what a script has thrown. A `DOMException` is an instance of `Error` (Web IDL).
pub(super) fn error_of(thrown: &JsValue) -> PlayerError {
    match thrown.dyn_ref::<js_sys::Error>() {
        Some(error) => PlayerError::from_name(&String::from(error.name()), error.message().into()),
        None => PlayerError::Other { name: String::new(), message: format!("{thrown:?}") },
    }
}

/// A plain object, as the package's options are.
pub(super) fn object_of(value: &impl Serialize) -> Result<JsValue, JsValue> {
    Ok(value.serialize(&Serializer::new().serialize_maps_as_objects(true))?)
}

/// Awaits a promise of the package, which is listened to from now on: a caller that drops the future leaves
/// no unhandled rejection.
pub(super) fn settled(
    promise: Result<Promise, JsValue>,
) -> impl Future<Output = Result<JsValue, PlayerError>> + use<> {
    let begun = promise.map(JsFuture::from);
    async move {
        match begun {
            Ok(future) => future.await.map_err(|thrown| error_of(&thrown)),
            Err(thrown) => Err(error_of(&thrown)),
        }
    }
}

/// The same of a promise without a value.
pub(super) fn done(
    promise: Result<Promise, JsValue>,
) -> impl Future<Output = Result<(), PlayerError>> + use<> {
    let value = settled(promise);
    async move { value.await.map(drop) }
}
