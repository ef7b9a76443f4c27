//! A source whose URL the app resolves when the play begins.

use std::fmt::Display;
use std::future::Future;

use js_sys::{Error, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::future_to_promise;
use web_sys::{AbortSignal, Response};

use super::imports::PackageResolveContext;
use super::values::settled;
use crate::front_end::PlayerError;

/// What a resolver is called with.
#[derive(Debug)]
pub struct ResolveContext(PackageResolveContext);

impl ResolveContext {
    /// Requests a URL as part of the play: a client span of its trace, with a `traceparent` header where the
    /// destination may have one.
    pub fn fetch(&self, url: &str) -> impl Future<Output = Result<Response, PlayerError>> + use<> {
        let response = settled(self.0.fetch(url));
        async move { Ok(response.await?.unchecked_into()) }
    }

    /// Aborted when the play is not wanted any more.
    pub fn signal(&self) -> AbortSignal {
        self.0.signal()
    }
}

/// A resolver of the app's as the package calls it, which lives as long as the source that has it. Its error
/// is the `cause` of the play's.
pub(super) fn resolver<R, E>(resolve: impl Fn(ResolveContext) -> R + 'static) -> JsValue
where
    R: Future<Output = Result<String, E>> + 'static,
    E: Display,
{
    let resolver = Closure::<dyn Fn(PackageResolveContext) -> Promise>::new(move |context| {
        let url = resolve(ResolveContext(context));
        future_to_promise(async move {
            match url.await {
                Ok(url) => Ok(url.into()),
                Err(error) => Err(Error::new(&error.to_string()).into()),
            }
        })
    });
    resolver.into_js_value()
}
