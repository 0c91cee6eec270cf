//! What all dialects read out of JSON, and put into it: a text, a list, a field.

use serde_json::{Map, Number, Value};

/// The text, unless it is empty.
pub(crate) fn text(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| !text.is_empty())
}

/// The same as a text of its own.
pub(crate) fn string(value: &Value) -> Option<String> {
    text(value).map(str::to_owned)
}

/// The number as it was written.
pub(crate) fn number(value: &Value) -> Option<Number> {
    match value {
        Value::Number(number) => Some(number.clone()),
        _ => None,
    }
}

/// A count, which some write as `12.0`.
pub(crate) fn count(value: &Value) -> Option<u64> {
    let rounded = || {
        let number = value
            .as_f64()
            .filter(|number| (0.0..1e18).contains(number))?;
        format!("{number:.0}").parse().ok()
    };
    value.as_u64().or_else(rounded)
}

/// The elements; none of what is no list.
pub(crate) fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Puts a field in, if there is one.
pub(crate) fn put(map: &mut Map<String, Value>, key: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        map.insert(key.to_owned(), value.into());
    }
}

/// A word that its writer chose, fit to be a part of a name: short, and of the
/// characters that such words have.
pub(crate) fn word(value: &str) -> &str {
    const MOST: usize = 40;
    let mut bytes = value.bytes();
    let fits = (1..=MOST).contains(&value.len())
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
    if fits { value } else { "unknown" }
}
