//! A request's envelope: what it says is what its JSON says, and its splices change what they
//! are to change and no other byte.

#![no_main]

use dialect::Envelope;
use dialect::envelope::{Splice, splice};
use dialect::sealed::pieces;
use fuzz::Input;
use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

fuzz_target!(|data: &[u8]| {
    let Some(input) = Input::of(data) else { return };
    let body = input.bytes;
    // What is cut out of something that is no JSON is nothing.
    let sealed = pieces(input.dialect, body);
    let unsealed = splice(body, &mut sealed.cuts(|_| true));
    let envelope = Envelope::read(input.dialect, body);
    let Ok(json) = serde_json::from_slice::<Value>(body) else {
        return;
    };
    let before: Value = serde_json::from_slice(&unsealed).expect("what is left is JSON");
    assert!(sealed.cuts(|_| false).is_empty());
    if sealed.is_empty() {
        assert_eq!(unsealed, body);
    }
    match envelope {
        Ok(envelope) => {
            says_what_the_json_says(&envelope, &json);
            assert_eq!(before["model"], json["model"], "a cut takes no field");
            envelope.conversation(None, body);
            envelope.conversation(Some(b"session"), &unsealed);
            splices(&input, &envelope, &json);
        }
        Err(_) => assert!(!is_routable(body), "it could be read"),
    }
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    fuzz::mutate::mutate(data, size, max_size, seed)
});

fn says_what_the_json_says(envelope: &Envelope, json: &Value) {
    assert_eq!(json["model"], envelope.model);
    assert_eq!(json["stream"].as_bool().unwrap_or(false), envelope.stream);
    assert_eq!(
        json["stream_options"]["include_usage"] == true,
        envelope.include_usage
    );
    let thinks = json
        .get("thinking")
        .or_else(|| json.get("reasoning_effort"));
    assert_eq!(thinks.is_some(), envelope.thinking);
}

/// The fields that must be right, where they stand.
#[derive(Deserialize)]
#[expect(dead_code, reason = "read for their form only")]
struct Routed<'a> {
    #[serde(borrow)]
    model: &'a RawValue,
    #[serde(default)]
    stream: Option<bool>,
    #[serde(default, borrow)]
    stream_options: Option<&'a RawValue>,
    #[serde(default, borrow)]
    thinking: Option<&'a RawValue>,
    #[serde(default, borrow)]
    reasoning_effort: Option<&'a RawValue>,
    #[serde(default, borrow)]
    messages: Option<&'a RawValue>,
    #[serde(default, borrow)]
    input: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "read for their form only")]
struct Options<'a> {
    #[serde(default, borrow)]
    include_usage: Option<&'a RawValue>,
}

/// Whether nothing is wrong with a body as far as a router has to know: serde refuses fields
/// that stand there twice, too.
fn is_routable(body: &[u8]) -> bool {
    let Ok(routed) = serde_json::from_slice::<Routed<'_>>(body) else {
        return false;
    };
    let is_object = body.trim_ascii_start().starts_with(b"{");
    let model: Value = serde_json::from_str(routed.model.get()).unwrap_or_default();
    let options = routed.stream_options.is_none_or(|options| {
        !options.get().starts_with('{')
            || serde_json::from_str::<Options<'_>>(options.get()).is_ok()
    });
    is_object && options && model.as_str().is_some_and(|model| !model.is_empty())
}

fn splices(input: &Input<'_>, envelope: &Envelope, json: &Value) {
    let body = input.bytes;
    let with = |splices: &mut [Splice]| -> (Vec<u8>, Value) {
        let bytes = splice(body, splices);
        let json = serde_json::from_slice(&bytes).expect("what is spliced is JSON");
        (bytes, json)
    };

    let routed: Routed<'_> = serde_json::from_slice(body).expect("it was read before");
    let at = routed.model.get().as_ptr() as usize - body.as_ptr() as usize;
    let model = "another \"model\"\n";
    let written = json!(model).to_string();
    let (bytes, spliced) = with(&mut [envelope.with_model(model)]);
    let behind = &body[at + routed.model.get().len()..];
    assert_eq!(bytes, [&body[..at], written.as_bytes(), behind].concat());
    let mut expected = json.clone();
    expected["model"] = json!(model);
    assert_eq!(spliced, expected);

    let added = envelope.with_field("a field of no dialect", "[1]");
    let (bytes, mut spliced) = with(&mut [added]);
    let added = bytes.len() - body.len();
    let open = body
        .iter()
        .position(|byte| *byte == b'{')
        .expect("an object")
        + 1;
    assert_eq!(
        (&bytes[..open], &bytes[open + added..]),
        body.split_at(open)
    );
    if let Value::Object(fields) = &mut spliced {
        fields.shift_remove("a field of no dialect");
    }
    assert_eq!(spliced, *json);

    let Some(usage) = envelope.with_usage() else {
        return assert!(envelope.include_usage);
    };
    let (bytes, spliced) = with(&mut [usage.clone(), envelope.with_model(model)]);
    let read = Envelope::read(input.dialect, &bytes).expect("it can still be read");
    assert_eq!((read.include_usage, read.model.as_str()), (true, model));
    let mut expected = json.clone();
    expected["model"] = json!(model);
    if !expected["stream_options"].is_object() {
        expected["stream_options"] = json!({});
    }
    expected["stream_options"]["include_usage"] = json!(true);
    assert_eq!(spliced, expected);
    assert_eq!(
        read.conversation(None, &bytes),
        envelope.conversation(None, body)
    );
}
