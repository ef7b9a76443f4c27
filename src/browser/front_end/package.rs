//! The npm package's scripts, imported from where the app serves them.

use js_sys::Reflect;
use wasm_bindgen::prelude::*;

use super::imports::{PackageModule, import_module};
use super::values::{done, settled};
use crate::front_end::PlayerError;

/// The npm package's scripts and core, loaded. The app serves the package's folder `dist`; the rules of
/// playing live there once, for JavaScript and for Rust.
#[derive(Debug, Clone, PartialEq)]
pub struct Package {
    pub(super) module: PackageModule,
}

impl Package {
    /// Imports the package's `index.js` from a URL (relative to the document's), and loads the core beside
    /// it. Fails with [`PlayerError::Package`] where there is no such script, and as `init()` of the package
    /// does: [`PlayerError::Network`] where a file of it is missing, [`PlayerError::NotSupported`] where the
    /// browser runs no WebAssembly.
    pub async fn load(url: &str) -> Result<Self, PlayerError> {
        let imported = settled(import_module(url)).await;
        let module = imported.map_err(|error| PlayerError::Package(format!("{url}: {error}")))?;
        for name in ["init", "createPlayer", "createTelemetry"] {
            if !Reflect::get(&module, &name.into()).is_ok_and(|export| export.is_function()) {
                return Err(PlayerError::Package(format!("{url}: the script exports no {name}()")));
            }
        }
        let module: PackageModule = module.unchecked_into();
        // A pipeline's consent may change, which only the extended core knows.
        let options = js_sys::Object::new();
        let set = Reflect::set(&options, &"full".into(), &JsValue::TRUE);
        done(set.and_then(|_| module.init(&options))).await?;
        Ok(Self { module })
    }
}
