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
pub(crate) fn word(value: &Value) -> &str {
    const MOST: usize = 40;
    let fits = |word: &&str| {
        let mut bytes = word.bytes();
        word.len() <= MOST
            && bytes.all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
    };
    text(value).filter(fits).unwrap_or("unknown")
}
