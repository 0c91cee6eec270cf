//! Which conversation a request belongs to, as its client names it.

use http::HeaderMap;

/// The headers by which clients name a conversation (facts: clients, 2). What
/// names a single request, or a person, is none of them.
pub const HEADERS: [&str; 6] = [
    "x-claude-code-session-id",
    "session-id",
    "session_id",
    "x-session-id",
    "x-session-affinity",
    "thread-id",
];

/// The conversation that the headers name.
pub fn named(headers: &HeaderMap) -> Option<&[u8]> {
    HEADERS
        .iter()
        .filter_map(|name| headers.get(*name))
        .map(|value| value.as_bytes().trim_ascii())
        .find(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn the_first_header_that_says_something_names_the_conversation() {
        let mut headers = HeaderMap::new();
        assert_eq!(named(&headers), None);
        headers.insert("x-session-id", HeaderValue::from_static("b"));
        headers.insert("session-id", HeaderValue::from_static(" "));
        assert_eq!(named(&headers), Some(&b"b"[..]));
        headers.insert("x-claude-code-session-id", HeaderValue::from_static("a"));
        assert_eq!(named(&headers), Some(&b"a"[..]));
    }
}
