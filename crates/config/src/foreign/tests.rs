//! Proves that a key is set and taken out, and nothing else changed.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn path(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn set(form: Form, text: &str, names: &[&str], value: Value) -> String {
    let written = form.written(&value);
    let new = form.set(text, &path(names), &written);
    new.unwrap_or_else(|| panic!("{names:?} is not set in {text:?}"))
}

#[test]
fn a_key_of_json_is_laid_out_as_its_neighbours_are() {
    let set = |text: &str| set(Form::Json, text, &["env", "A"], "b".into());
    insta::assert_snapshot!(set(""), @r#"
    {
      "env": {
        "A": "b"
      }
    }
    "#);
    insta::assert_snapshot!(set("{\n    \"x\": [1,\n 2], \"y\": 2\n}\n"), @r#"
    {
        "x": [1,
     2], "y": 2, "env": {"A": "b"}
    }
    "#);
    insta::assert_snapshot!(set("{\n    \"env\": {\n        \"B\": \"}\\\"\"\n    }\n}\n"), @r#"
    {
        "env": {
            "B": "}\"",
            "A": "b"
        }
    }
    "#);
    insta::assert_snapshot!(set("{\"env\":{}}"), @r#"{"env":{"A": "b"}}"#);
    insta::assert_snapshot!(set("{\"env\":{\"A\":1}}"), @r#"{"env":{"A":"b"}}"#);
    assert_eq!(
        set("{\r\n\t\"x\": 1\r\n}"),
        "{\r\n\t\"x\": 1,\r\n\t\"env\": {\r\n\t\t\"A\": \"b\"\r\n\t}\r\n}"
    );
}

#[test]
fn a_key_of_toml_goes_where_toml_lets_it() {
    let provider = |text: &str| {
        let text = set(Form::Toml, text, &["model"], "m".into());
        set(
            Form::Toml,
            &text,
            &["providers", "our-own", "url"],
            "u".into(),
        )
    };
    insta::assert_snapshot!(provider(""), @r#"
    model = "m"

    [providers.our-own]
    url = "u"
    "#);
    insta::assert_snapshot!(provider("# mine\n\n# of a\n[a]\nb = 1"), @r#"
    # mine

    model = "m"

    # of a
    [a]
    b = 1

    [providers.our-own]
    url = "u"
    "#);
    insta::assert_snapshot!(provider("providers = { x.y = 1 } # why\n"), @r#"
    providers = { x.y = 1, our-own.url = "u" } # why
    model = "m"
    "#);
    insta::assert_snapshot!(provider("providers.our-own.name = 'n'\nz = 1\n"), @r#"
    providers.our-own.name = 'n'
    providers.our-own.url = "u"
    z = 1
    model = "m"
    "#);
    insta::assert_snapshot!(provider("model = 'x' # old\n[providers.our-own]\n[last]\n"), @r#"
    model = "m" # old
    [providers.our-own]
    url = "u"
    [last]
    "#);
}

#[test]
fn what_cannot_be_set_without_harm_is_not() {
    let cannot = |form: Form, text: &str, names: &[&str]| {
        assert_eq!(form.set(text, &path(names), "1"), None, "{text}");
    };
    cannot(Form::Json, "{\"env\": []}", &["env", "A"]);
    cannot(Form::Json, "{\"env\": \"x\"}", &["env", "A"]);
    cannot(Form::Json, "[]", &["env"]);
    cannot(Form::Json, "{} // mine", &["env"]);
    cannot(Form::Toml, "a = 1\n", &["a", "b"]);
    cannot(Form::Toml, "[[a]]\nx = 1\n", &["a", "b"]);
    cannot(Form::Toml, "[a]\nx = 1\n", &["a", "x", "y"]);
    cannot(Form::Toml, "a = ", &["b"]);
    assert!(Form::Json.check("[]").is_err() && Form::Json.check("").is_ok());
}

#[test]
fn a_table_is_taken_out_only_when_nothing_is_in_it() {
    let table = path(&["a", "b"]);
    let out = |text: &str| Form::Toml.unset_empty(text, &table);
    assert_eq!(out("x = 1\n\n[a.b]\n").as_deref(), Some("x = 1\n"));
    assert_eq!(
        out("x = 1\n\n[a.b]\n\n[c]\n").as_deref(),
        Some("x = 1\n\n[c]\n")
    );
    assert_eq!(out("[a.b]\n# mine\n"), None);
    assert_eq!(out("[a.b]\nx = 1\n"), None);
    assert_eq!(out("[a.b.c]\nx = 1\n"), None);
    let out = |text: &str| Form::Json.unset_empty(text, &table);
    assert_eq!(out(r#"{"a":{"b":{ }}}"#).as_deref(), Some(r#"{"a":{}}"#));
    assert_eq!(out(r#"{"a":{"b":{"c":1}}}"#), None);
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-z\"\\\\{}\\[\\],:é \n]{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name(), inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof!["[abc]", "[a-c.\"\\\\ é]{0,4}"]
}

fn document() -> impl Strategy<Value = Value> {
    prop::collection::vec((name(), json()), 0..5)
        .prop_map(|members| Value::Object(members.into_iter().collect()))
}

proptest! {
    #[test]
    fn what_is_set_in_json_and_taken_out_leaves_the_same_bytes(
        document in document(),
        pretty in any::<bool>(),
        path in prop::collection::vec(name(), 1..4),
    ) {
        let text = if pretty { format!("{document:#}\n") } else { document.to_string() };
        let Some(new) = Form::Json.set(&text, &path, "\"ours\"") else {
            // Something on the way is no object.
            let blocked = (1..path.len()).any(|length| {
                at(&document, &path[..length]).is_some_and(|value| !value.is_object())
            });
            prop_assert!(blocked, "{text} {path:?}");
            return Ok(());
        };
        prop_assert_eq!(Form::Json.value(&new, &path), Some("\"ours\"".to_owned()));
        let back = match Form::Json.value(&text, &path) {
            Some(was) => Form::Json.set(&new, &path, &was).unwrap(),
            None => {
                let mut back = Form::Json.unset(&new, &path).unwrap();
                for length in (1..path.len()).rev() {
                    if !Form::Json.has(&text, &path[..length]) {
                        back = Form::Json.unset_empty(&back, &path[..length]).unwrap();
                    }
                }
                back
            }
        };
        prop_assert_eq!(back, text);
    }

    #[test]
    fn what_is_set_in_toml_and_taken_out_leaves_the_same_meaning(
        lines in prop::collection::vec(prop_oneof![
            Just("a = 1"), Just("b.c = 'x' # note"), Just("c = {}"), Just("c = { d = 1 }"),
            Just("# alone"), Just(""), Just("[a]"), Just("[c]"), Just("[c.d]"), Just("[[b]]"),
            Just("x = [\n  1, # one\n]"), Just("d = 1"),
        ], 0..8),
        path in prop::collection::vec("[abcdx]", 1..4),
    ) {
        let text = lines.iter().map(|line| format!("{line}\n")).collect::<String>();
        prop_assume!(Form::Toml.check(&text).is_ok());
        let Some(new) = Form::Toml.set(&text, &path, "\"ours\"") else {
            return Ok(());
        };
        for comment in ["# note", "# alone"] {
            prop_assert!(new.contains(comment) || !text.contains(comment), "{new}");
        }
        let was = Form::Toml.value(&text, &path);
        let back = match &was {
            Some(was) => Form::Toml.set(&new, &path, was),
            None => Form::Toml.unset(&new, &path),
        };
        let back = back.unwrap();
        let meaning = |text: &str| pruned(Form::Toml.meaning(text).unwrap());
        prop_assert_eq!(meaning(&back), meaning(&text));
    }
}

#[test]
fn values_mean_the_same_however_they_are_written() {
    assert!(Form::Toml.same("'a'", "\"a\"") && !Form::Toml.same("1", "\"1\""));
    assert!(Form::Json.same("{\"a\": 1}", "{ \"a\":1 }"));
    let value = json!({"a": [1, {"b\"": null}], "c": {}});
    assert_eq!(
        Form::Json.written(&value),
        r#"{"a": [1, {"b\"": null}], "c": {}}"#
    );
    let written = Form::Toml.written(&json!({"a b": ["x\ny", true]}));
    assert!(
        Form::Toml.same(&written, "{ 'a b' = [\"x\\ny\", true] }"),
        "{written}"
    );
}
