//! The little JSON that the page reads.

use js_sys::Reflect;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::Response;

/// A member of the object that a response has as its body.
pub async fn member_of(response: &Response, name: &str) -> Option<String> {
    let object = JsFuture::from(response.json().ok()?).await.ok()?;
    Reflect::get(&object, &name.into()).ok()?.as_string()
}

/// The same of a URL.
pub async fn member(url: &str, name: &str) -> Option<String> {
    let response = JsFuture::from(web_sys::window()?.fetch_with_str(url)).await.ok()?;
    member_of(response.dyn_ref()?, name).await
}
