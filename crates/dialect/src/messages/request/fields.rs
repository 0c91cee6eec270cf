//! The fields of a JSON object, each asked for as what it is to be; where one is
//! something else, the failure names its place. Null is as good as absent.

use serde_json::{Map, Number, Value};

use crate::Failure;

/// An object and where it stands in the request, as in `messages[3]`.
pub(super) struct Fields<'a> {
    object: &'a Map<String, Value>,
    place: String,
}

impl<'a> Fields<'a> {
    /// The fields of a value that must be an object.
    pub(super) fn of(value: &'a Value, place: String) -> Result<Self, Failure> {
        match value {
            Value::Object(object) => Ok(Self { object, place }),
            _ => Err(refused(format!("{} is not an object", named(&place)))),
        }
    }

    /// All fields with a value.
    pub(super) fn all(&self) -> impl Iterator<Item = (&'a str, &'a Value)> {
        let told = |(name, value): (&'a String, &'a Value)| (&**name, value);
        self.object
            .iter()
            .map(told)
            .filter(|(_, value)| !value.is_null())
    }

    /// Where a field stands.
    pub(super) fn place(&self, field: &str) -> String {
        match &*self.place {
            "" => field.to_owned(),
            place => format!("{place}.{field}"),
        }
    }

    pub(super) fn any(&self, field: &str) -> Option<&'a Value> {
        self.object.get(field).filter(|value| !value.is_null())
    }

    pub(super) fn has(&self, field: &str) -> bool {
        self.any(field).is_some()
    }

    pub(super) fn text(&self, field: &str) -> Result<Option<&'a str>, Failure> {
        self.read(field, "a string", Value::as_str)
    }

    /// A text that nothing can stand in for.
    pub(super) fn needed_text(&self, field: &str) -> Result<&'a str, Failure> {
        let missing = || refused(format!("`{}` is missing", self.place(field)));
        self.text(field)?.ok_or_else(missing)
    }

    /// A name, which is no name without a character.
    pub(super) fn name(&self) -> Result<&'a str, Failure> {
        let name = self.needed_text("name")?;
        let empty = || refused(format!("`{}` is empty", self.place("name")));
        Some(name).filter(|name| !name.is_empty()).ok_or_else(empty)
    }

    pub(super) fn flag(&self, field: &str) -> Result<Option<bool>, Failure> {
        self.read(field, "true or false", Value::as_bool)
    }

    pub(super) fn number(&self, field: &str) -> Result<Option<&'a Number>, Failure> {
        self.read(field, "a number", Value::as_number)
    }

    /// A whole number that is not negative, be it written with a point.
    pub(super) fn count(&self, field: &str) -> Result<Option<u64>, Failure> {
        self.read(field, "a whole number", |value| {
            let pointed = || {
                let number = value.as_f64()?;
                let is_whole = number.fract() == 0.0 && (0.0..1e15).contains(&number);
                is_whole.then(|| format!("{number:.0}").parse().ok())?
            };
            value.as_u64().or_else(pointed)
        })
    }

    pub(super) fn list(&self, field: &str) -> Result<&'a [Value], Failure> {
        let list = self.read(field, "a list", |value| {
            value.as_array().map(|list| &**list)
        })?;
        Ok(list.unwrap_or_default())
    }

    pub(super) fn object(&self, field: &str) -> Result<Option<Self>, Failure> {
        self.any(field)
            .map(|value| Self::of(value, self.place(field)))
            .transpose()
    }

    fn read<T>(
        &self,
        field: &str,
        what: &str,
        read: impl Fn(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, Failure> {
        let Some(value) = self.any(field) else {
            return Ok(None);
        };
        match read(value) {
            Some(read) => Ok(Some(read)),
            None => Err(refused(format!("`{}` is not {what}", self.place(field)))),
        }
    }
}

/// The failure of a request that is not what the dialect says.
pub(super) fn refused(message: impl Into<String>) -> Failure {
    Failure::new(400, "invalid_request", message)
}

/// A word of the client's, short and plain enough for the name of what was dropped.
pub(super) fn word(text: &str) -> String {
    const MOST: usize = 40;
    let is_plain = |char: &char| char.is_ascii_alphanumeric() || "_-.".contains(*char);
    text.chars().filter(is_plain).take(MOST).collect()
}

fn named(place: &str) -> String {
    match place {
        "" => "the body".to_owned(),
        place => format!("`{place}`"),
    }
}
