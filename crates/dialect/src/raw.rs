//! JSON taken apart by one level, into raw parts that know where they stand.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// One member of an object.
pub(crate) struct Member<'a> {
    pub(crate) key: &'a RawValue,
    pub(crate) value: &'a RawValue,
}

impl<'a> Member<'a> {
    /// The key's text; empty where an escape in it stands for no character.
    pub(crate) fn name(&self) -> Cow<'a, str> {
        text(self.key).unwrap_or_default()
    }

    /// Where the member stands in `body`, from its key to its value's end.
    pub(crate) fn span(&self, body: &[u8]) -> Range<usize> {
        span(body, self.key.get()).start..span(body, self.value.get()).end
    }
}

/// Hands on each member of an object, those with the same key too. An error
/// means that `json` is no object; some members may have been handed on.
pub(crate) fn members<'a>(json: &'a str, each: impl FnMut(Member<'a>)) -> serde_json::Result<()> {
    let mut json = serde_json::Deserializer::from_str(json);
    json.deserialize_map(Members(each))?;
    json.end()
}

/// Hands on each element of an array. An error means that `json` is no array.
pub(crate) fn elements<'a>(
    json: &'a str,
    each: impl FnMut(&'a RawValue),
) -> serde_json::Result<()> {
    let mut json = serde_json::Deserializer::from_str(json);
    json.deserialize_seq(Elements(each))?;
    json.end()
}

/// A JSON string's text, borrowed where nothing is escaped.
pub(crate) fn text(raw: &RawValue) -> Option<Cow<'_, str>> {
    let inner = raw.get().strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        return serde_json::from_str(raw.get()).ok().map(Cow::Owned);
    }
    Some(Cow::Borrowed(inner))
}

/// Where `part`, which borrows from `body`, stands in it.
pub(crate) fn span(body: &[u8], part: &str) -> Range<usize> {
    let start = (part.as_ptr() as usize).saturating_sub(body.as_ptr() as usize);
    start..start + part.len()
}

struct Members<F>(F);

impl<'de, F: FnMut(Member<'de>)> Visitor<'de> for Members<F> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some((key, value)) = map.next_entry()? {
            (self.0)(Member { key, value });
        }
        Ok(())
    }
}

struct Elements<F>(F);

impl<'de, F: FnMut(&'de RawValue)> Visitor<'de> for Elements<F> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        while let Some(element) = seq.next_element()? {
            (self.0)(element);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_knows_its_name_and_where_it_stands() {
        let body = r#" { "a" : 1 , "\u0062":[ 2 ], "a":"" } "#;
        let mut seen = Vec::new();
        members(body, |member| {
            seen.push((
                member.name().into_owned(),
                &body[member.span(body.as_bytes())],
            ));
        })
        .unwrap();
        let expected = [
            ("a", r#""a" : 1"#),
            ("b", r#""\u0062":[ 2 ]"#),
            ("a", r#""a":"""#),
        ];
        assert_eq!(seen, expected.map(|(name, at)| (name.to_owned(), at)));
    }

    #[test]
    fn what_is_no_object_or_array_is_an_error() {
        for json in ["", "7", "[1]", r#"{"a":1"#, "{} {}"] {
            assert!(members(json, |_| ()).is_err(), "{json}");
        }
        for json in ["", "null", "{}", "[1,", "[] 1"] {
            assert!(elements(json, |_| ()).is_err(), "{json}");
        }
    }
}
