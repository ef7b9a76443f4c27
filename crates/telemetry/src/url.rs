//! What is recorded of a URL, and where a trace header may go. Knows no request: a browser's parser gives it
//! the URL as the URL standard serialises it.
//!
//! Scripts decide the same before the core is there (`pkg/src/before/url.ts`), held to this by shared
//! vectors.

/// Characters of a query's key that is recorded; one that is longer is taken for a token.
const MAX_KEY: usize = 40;

/// Returns a serialised URL without its credentials, its fragment and the values of its query, but for those
/// of `allow_query`'s keys. A key that stands alone may be a token, and is redacted too.
pub fn redact(href: &str, allow_query: &[&str]) -> String {
    let (href, _) = href.split_once('#').unwrap_or((href, ""));
    let (front, query) = match href.split_once('?') {
        Some((front, query)) => (front, Some(query)),
        None => (href, None),
    };
    let mut url = without_credentials(front);
    if let Some(query) = query {
        url.push('?');
        for (at, pair) in query.split('&').enumerate() {
            if at > 0 {
                url.push('&');
            }
            let (key, rest) = pair.split_at(pair.find('=').unwrap_or(pair.len()));
            if pair.is_empty() || allow_query.contains(&key) {
                url.push_str(pair);
                continue;
            }
            // A token may stand alone, or before the padding of its own.
            let alone = !key.is_empty() && rest.bytes().all(|byte| byte == b'=');
            if !alone && key.len() <= MAX_KEY {
                url.push_str(key);
                url.push('=');
            }
            url.push_str("REDACTED");
        }
    }
    url
}

/// A URL up to its query, without what stands before the last `@` of its authority.
fn without_credentials(front: &str) -> String {
    if let Some((scheme, rest)) = front.split_once("://") {
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        if let Some((_, server)) = authority.rsplit_once('@') {
            return [scheme, "://", server, path].concat();
        }
    }
    front.into()
}

/// An origin whose requests get a trace header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AllowedOrigin<'a> {
    /// As `https://api.example.com`.
    pub origin: &'a str,
    /// Whether the app vouches that it takes the header with every method.
    pub all_methods: bool,
}

/// Whether a request may carry a trace header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeaderPolicy {
    /// The origin is not on the list, or it is no HTTP.
    Never,
    /// Methods that may be sent twice carry it, others once the origin has accepted it.
    Allowed,
    /// Every method carries it.
    Vouched,
}

/// Decides for the origin of a request: the page's own, and those of the list. Origins are compared whole.
pub fn header_policy(origin: &str, page: &str, allowed: &[AllowedOrigin<'_>]) -> HeaderPolicy {
    let entry = allowed.iter().find(|entry| entry.origin == origin);
    match entry {
        _ if !origin.starts_with("http") => HeaderPolicy::Never,
        Some(AllowedOrigin { all_methods: true, .. }) => HeaderPolicy::Vouched,
        Some(_) => HeaderPolicy::Allowed,
        None if origin == page => HeaderPolicy::Allowed,
        None => HeaderPolicy::Never,
    }
}
