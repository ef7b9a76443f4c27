//! The package's pipelines that record the plays of a front-end: one for each handle and copy of the package,
//! with the options that the handle was installed with.

use std::cell::RefCell;

use wasm_bindgen::prelude::*;

use super::imports::{PackageModule, PackageTelemetry};
use super::values::object_of;
use crate::front_end::Options;
use crate::opentelemetry::{Consent, Handle};

struct FrontEnd {
    handle: Handle,
    /// Their consent is the one of the moment.
    options: Options,
    pipelines: Vec<(PackageModule, PackageTelemetry)>,
}

thread_local! {
    static FRONT_ENDS: RefCell<Vec<FrontEnd>> = const { RefCell::new(Vec::new()) };
}

/// Keeps the options of a handle for the plays that it will record.
pub(crate) fn keep_options(handle: Handle, options: Options) {
    FRONT_ENDS.with_borrow_mut(|all| all.push(FrontEnd { handle, options, pipelines: Vec::new() }));
}

/// The pipeline of a handle in a copy of the package; created when it is first wanted. None for a handle that
/// was not installed.
pub(super) fn pipeline_of(
    handle: Handle,
    module: &PackageModule,
) -> Result<Option<PackageTelemetry>, JsValue> {
    FRONT_ENDS.with_borrow_mut(|all| {
        let Some(front_end) = all.iter_mut().find(|front_end| front_end.handle == handle) else {
            return Ok(None);
        };
        if let Some((_, telemetry)) = front_end.pipelines.iter().find(|(other, _)| other == module) {
            return Ok(Some(telemetry.clone()));
        }
        let telemetry = module.create_telemetry(&object_of(&front_end.options.to_telemetry_config())?)?;
        front_end.pipelines.push((module.clone(), telemetry.clone()));
        // The package's outlives the page: it is the tab's.
        if let Some(session) = telemetry.session_id() {
            handle.continue_session(session);
        }
        Ok(Some(telemetry))
    })
}

/// The pipelines of a handle, which are called once the list is free again: they call the app's listeners.
fn pipelines_of(handle: Handle) -> Vec<PackageTelemetry> {
    FRONT_ENDS.with_borrow(|all| {
        let own = all.iter().filter(|front_end| front_end.handle == handle);
        own.flat_map(|front_end| front_end.pipelines.iter().map(|(_, telemetry)| telemetry.clone())).collect()
    })
}

/// Hands a decision of the user's on. The package's pipelines can't go back to pending: they keep the
/// decision before.
pub(crate) fn set_consent(handle: Handle, consent: Consent) {
    FRONT_ENDS.with_borrow_mut(|all| {
        for front_end in all.iter_mut().filter(|front_end| front_end.handle == handle) {
            front_end.options.config.consent = consent;
        }
    });
    if consent == Consent::Pending {
        return;
    }
    for telemetry in pipelines_of(handle) {
        // It throws where no consent was asked for at first, which is never so here.
        let _ = telemetry.set_consent(consent == Consent::Granted);
    }
}

/// Has them send what is recorded.
pub(crate) fn flush(handle: Handle) {
    for telemetry in pipelines_of(handle) {
        // What came of it is in the package's own account.
        let _ = telemetry.force_flush();
    }
}
