//! Common Media Client Data (CTA-5004): the query value that tells a request's trace where no header may go
//! without a preflight. Keys of one's own carry a domain in reverse; keys go in the order of the alphabet.

use super::super::context::SpanContext;
use super::traceparent::format_traceparent;

/// The value of the query key `CMCD`, not yet escaped; `session` is `sid`, empty where there is none.
pub fn cmcd(context: &SpanContext, session: &str) -> String {
    let traceparent = format_traceparent(context);
    let mut value = ["com.tonearm-traceparent=\"", &traceparent, "\""].concat();
    if !session.is_empty() {
        for part in [",sid=\"", session, "\""] {
            value.push_str(part);
        }
    }
    value
}
