//! What stands against the delivery of records, and when the app is warned of it. Knows the meaning of a
//! reply and no URL: the host adds where the request went, and what to check (`diagnostics.ts`).

use super::export::{Reply, Signal};
use super::response::server_message;

/// Why a request, or some of its records, did not arrive; `diagnostics.ts` says what to check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// There was no response: a dead network, a wrong host, a refusal by CORS.
    Unreachable,
    /// The endpoint may accept the same request later.
    Unavailable,
    /// The endpoint refuses the request for good.
    Rejected,
    /// The endpoint redirects, which is not followed.
    Redirected,
    /// A single record is larger than the endpoint accepts.
    TooLarge,
    /// The endpoint rejected some records of a request, or has a message about them.
    PartialSuccess,
}

/// One failed delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// What was to be delivered.
    pub signal: Signal,
    /// Why it was not.
    pub problem: Problem,
    /// The status of the response; 0 where there was none.
    pub status: u16,
    /// Records that are dropped for it; 0 while they are retried.
    pub records: u64,
    /// What the endpoint says of it, in UTF-8 as it came, bounded; empty where it says nothing.
    pub message: Vec<u8>,
    /// Whether the app is to be warned: once for each problem of a pipeline, and of an endpoint that has
    /// accepted records before only when it is given up.
    pub warns: bool,
}

/// The status of a reply, and the endpoint's message.
fn parts_of(reply: &Reply) -> (u16, &[u8]) {
    match reply {
        Reply::Response { status, body, .. } => (*status, server_message(*status, body)),
        _ => (0, &[]),
    }
}

/// Whether the endpoint has a message.
pub(super) fn has_message(reply: &Reply) -> bool {
    !parts_of(reply).1.is_empty()
}

impl Diagnostic {
    pub(super) fn new(signal: Signal, problem: Problem, reply: &Reply, records: u64, warns: bool) -> Self {
        let (status, message) = parts_of(reply);
        Self { signal, problem, status, records, message: message.to_vec(), warns }
    }
}

/// Problems of which the app has been warned, by their numbers.
#[derive(Debug, Default)]
pub(super) struct Warnings(u8);

impl Warnings {
    /// Leaves the warning to the first diagnostic of each problem.
    pub(super) fn limit(&mut self, mut diagnostic: Diagnostic) -> Diagnostic {
        let bit = 1 << diagnostic.problem as u8;
        if diagnostic.warns {
            diagnostic.warns = self.0 & bit == 0;
            self.0 |= bit;
        }
        diagnostic
    }
}
