//! `Server-Timing` (W3C, section 2): what a response says of the server that sent it.

/// The parts that we keep.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServerTiming {
    /// The trace of the server's span, from a `traceparent` metric's description.
    pub trace_id: Option<String>,
    /// The CDN node's name, from a `node` or `cdn-node` metric's description.
    pub node: Option<String>,
    /// The cache's answer, from a `cache` or `cdn-cache` metric's description.
    pub cache: Option<String>,
}

/// Longest value that is kept, in bytes.
const MAX_VALUE: usize = 128;

/// Reads a header's value; what is malformed is left out.
pub fn parse_server_timing(header: &str) -> ServerTiming {
    let mut timing = ServerTiming::default();
    for metric in split(header, ',') {
        let mut parts = split(metric, ';');
        let name = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
        let description = parts.find_map(|part| {
            let (key, value) = part.split_once('=')?;
            let value = value.trim();
            let unquoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
            key.trim().eq_ignore_ascii_case("desc").then(|| unquoted.to_owned())
        });
        let Some(description) = description.filter(|text| !text.is_empty() && text.len() <= MAX_VALUE) else {
            continue;
        };
        match name.as_str() {
            "traceparent" => {
                timing.trace_id = description.split('-').nth(1).filter(|id| id.len() == 32).map(Into::into);
            }
            "node" | "cdn-node" => timing.node = Some(description),
            "cache" | "cdn-cache" => timing.cache = Some(description),
            _ => {}
        }
    }
    timing
}

/// Splits at `separator` outside of quotes.
fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |c| {
        quoted ^= c == '"';
        c == separator && !quoted
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_a_node_says() {
        let timing = parse_server_timing(
            "total;dur=3.2, cdn-node;desc=\"fra-1, rack 2\", cdn-cache;desc=hit;dur=1, \
             traceparent;desc=\"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\"",
        );
        assert_eq!(timing.node.as_deref(), Some("fra-1, rack 2"));
        assert_eq!(timing.cache.as_deref(), Some("hit"));
        assert_eq!(timing.trace_id.as_deref(), Some("0af7651916cd43dd8448eb211c80319c"));
    }

    #[test]
    fn nonsense_is_left_out() {
        for header in ["", ",,;;", "traceparent", "traceparent;desc=1-2", "node;desc=", "node;desc=\"\"", ";=;="] {
            assert_eq!(parse_server_timing(header), ServerTiming::default(), "{header}");
        }
    }
}
