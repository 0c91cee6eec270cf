//! Embeddings: a request in the words that every upstream takes, and its vectors as the
//! client wants them.
//!
//! OpenAI's own API takes one text or several, as text or as tokens, and gives vectors as
//! numbers or as base64 of little-endian `f32`, for which its SDKs ask unless told
//! otherwise. Copilot takes a list of texts and gives numbers (facts: Copilot, 9).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::envelope::{Splice, splice};
use crate::raw::{elements, members, span};

/// A request for vectors.
#[derive(Debug)]
pub struct Request {
    /// The body, with its `input` as a list and without `encoding_format`. All other
    /// members are the client's own.
    pub body: Vec<u8>,
    /// Whether the client wants base64.
    pub base64: bool,
    /// Whether `input` is tokens, of which only their own maker knows the texts.
    pub has_tokens: bool,
}

/// Why a body is no request for vectors. The message is for the client.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The body is no JSON object.
    #[error("the request body is not valid: {0}")]
    Invalid(#[from] serde_json::Error),
    /// The text to be embedded is missing, or nothing that can be embedded.
    #[error("\"input\" must be a text, a list of texts, or tokens")]
    Input,
    /// Vectors are asked for in a form that is none.
    #[error("\"encoding_format\" must be \"float\" or \"base64\"")]
    Format,
}

impl Request {
    /// Reads a body.
    ///
    /// # Errors
    /// If it is no such request.
    pub fn read(body: &[u8]) -> Result<Self, Error> {
        let mut members: Map<String, Value> = serde_json::from_slice(body)?;
        let base64 = match members.shift_remove("encoding_format") {
            None | Some(Value::Null) => false,
            Some(Value::String(format)) if format == "float" => false,
            Some(Value::String(format)) if format == "base64" => true,
            Some(_) => return Err(Error::Format),
        };
        let input = members.get_mut("input").ok_or(Error::Input)?;
        let has_tokens = match input {
            Value::String(_) => {
                *input = Value::Array(vec![input.take()]);
                false
            }
            Value::Array(inputs) if inputs.is_empty() => return Err(Error::Input),
            Value::Array(inputs) if inputs.iter().all(Value::is_string) => false,
            Value::Array(inputs) if is_tokens(inputs) => {
                let one = Value::Array(std::mem::take(inputs));
                inputs.push(one);
                true
            }
            Value::Array(inputs)
                if inputs
                    .iter()
                    .all(|input| input.as_array().is_some_and(|input| is_tokens(input))) =>
            {
                true
            }
            _ => return Err(Error::Input),
        };
        Ok(Self {
            body: serde_json::to_vec(&members)?,
            base64,
            has_tokens,
        })
    }
}

fn is_tokens(input: &[Value]) -> bool {
    !input.is_empty() && input.iter().all(Value::is_u64)
}

/// A reply with its vectors in base64, every other byte as it was. `None` where there are
/// no numbers to pack: then it is the client's as it is.
pub fn in_base64(reply: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(reply).ok()?;
    let mut lists = Vec::new();
    each_named("data", text, |data| lists.push(data)).ok()?;
    let mut vectors = Vec::new();
    for list in lists {
        elements(list.get(), |item| {
            // What is no object holds no vector.
            let _ = each_named("embedding", item.get(), |vector| vectors.push(vector));
        })
        .ok()?;
    }
    let mut splices = Vec::with_capacity(vectors.len());
    for vector in vectors {
        if let Some(packed) = packed(vector) {
            let range = span(reply, vector.get());
            splices.push(Splice::replace(range, format!("\"{packed}\"")));
        }
    }
    (!splices.is_empty()).then(|| splice(reply, &mut splices))
}

fn each_named<'a>(
    name: &str,
    json: &'a str,
    mut each: impl FnMut(&'a RawValue),
) -> serde_json::Result<()> {
    members(json, |member| {
        if member.name() == name {
            each(member.value);
        }
    })
}

/// The numbers of a list in base64; `None` where it is none.
fn packed(vector: &RawValue) -> Option<String> {
    let mut bytes = Vec::new();
    let mut is_whole = true;
    elements(vector.get(), |number| match number.get().parse::<f32>() {
        Ok(number) => bytes.extend_from_slice(&number.to_le_bytes()),
        Err(_) => is_whole = false,
    })
    .ok()?;
    is_whole.then(|| STANDARD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn read(body: &Value) -> Result<(Value, bool, bool), String> {
        let request = Request::read(body.to_string().as_bytes());
        let request = request.map_err(|error| error.to_string())?;
        let body = serde_json::from_slice(&request.body).unwrap();
        Ok((body, request.base64, request.has_tokens))
    }

    #[test]
    fn every_form_of_input_becomes_a_list_and_the_rest_stays() {
        let input = |input: Value| {
            let body = json!({"model": "m", "input": input, "dimensions": 3, "x": null});
            read(&body).map(|(mut body, _, tokens)| {
                assert_eq!(
                    (&body["dimensions"], body.get("x")),
                    (&json!(3), Some(&Value::Null))
                );
                (body["input"].take(), tokens)
            })
        };
        assert_eq!(input(json!("ä")).unwrap(), (json!(["ä"]), false));
        assert_eq!(input(json!(["a", ""])).unwrap(), (json!(["a", ""]), false));
        assert_eq!(input(json!([1, 2])).unwrap(), (json!([[1, 2]]), true));
        assert_eq!(input(json!([[1], [2]])).unwrap(), (json!([[1], [2]]), true));
        for odd in [
            json!(null),
            json!(7),
            json!([]),
            json!(["a", 1]),
            json!([[]]),
            json!({}),
        ] {
            assert!(input(odd.clone()).is_err(), "{odd}");
        }
        assert!(read(&json!({"model": "m"})).is_err());
    }

    #[test]
    fn the_form_of_the_vectors_is_ours_and_does_not_go_upstream() {
        let asked = |format: Value| {
            read(&json!({"model": "m", "input": "a", "encoding_format": format}))
                .map(|(body, base64, _)| (body.get("encoding_format").cloned(), base64))
        };
        assert_eq!(asked(json!("base64")).unwrap(), (None, true));
        assert_eq!(asked(json!("float")).unwrap(), (None, false));
        assert_eq!(asked(json!(null)).unwrap(), (None, false));
        assert!(asked(json!("int8")).is_err());
    }

    #[test]
    fn what_holds_no_numbers_is_left_as_it_is() {
        for reply in [
            "",
            "7",
            "{}",
            r#"{"data":7}"#,
            r#"{"data":[7,{"embedding":"AAA="}]}"#,
            r#"{"data":[{"embedding":[1,"x"]}]}"#,
            r#"{"error":{"message":"no"}}"#,
        ] {
            assert_eq!(in_base64(reply.as_bytes()), None, "{reply}");
        }
    }

    proptest! {
        #[test]
        fn base64_holds_the_very_numbers(
            vectors in proptest::collection::vec(
                proptest::collection::vec(proptest::num::f32::NORMAL, 0..9), 1..4,
            ),
        ) {
            let data: Vec<Value> = vectors.iter().enumerate()
                .map(|(index, vector)| json!({"index": index, "embedding": vector}))
                .collect();
            let reply = json!({"object": "list", "data": data, "usage": {"prompt_tokens": 7}});
            let packed = in_base64(reply.to_string().as_bytes()).unwrap();
            let mut packed: Value = serde_json::from_slice(&packed).unwrap();
            for (at, vector) in vectors.iter().enumerate() {
                let text = packed["data"][at]["embedding"].as_str().unwrap().to_owned();
                let bytes = STANDARD.decode(text).unwrap();
                let numbers: Vec<f32> = bytes
                    .chunks_exact(4)
                    .map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap()))
                    .collect();
                prop_assert_eq!(&numbers, vector);
                packed["data"][at]["embedding"] = json!(vector);
            }
            prop_assert_eq!(packed, reply);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = Request::read(&bytes);
            let _ = in_base64(&bytes);
        }
    }
}
