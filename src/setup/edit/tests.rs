//! Proves that what is written can be taken back, and that nothing else is touched.

use proptest::prelude::*;
use serde_json::json;

use super::*;

/// As agents have them: keys outside, and some in tables of ours and of others.
fn settings(value: &str) -> Vec<Setting> {
    let setting = |path: &str| {
        let path = path.split('.').map(str::to_owned).collect();
        (path, Value::from(value))
    };
    [
        "model",
        "env.A",
        "env.B",
        "providers.ours.url",
        "providers.ours.name",
    ]
    .into_iter()
    .map(setting)
    .collect()
}

fn written(form: Form, text: &str, value: &str) -> Option<(String, Trace)> {
    write(form, text, &settings(value), &Trace::default(), true).ok()
}

fn rewritten(form: Form, text: &str, value: &str, earlier: &Trace) -> (String, Trace) {
    write(form, text, &settings(value), earlier, true).unwrap()
}

#[test]
fn only_what_is_still_ours_is_taken_back() {
    let before = "{\n  \"model\": \"theirs\",\n  \"other\": 1\n}\n";
    let (text, trace) = written(Form::Json, before, "v").unwrap();
    // The person changes one key, adds another beside ours, and takes out a third.
    let text = text.replace("\"A\": \"v\"", "\"A\": \"mine\", \"C\": 1");
    let text = Form::Json.unset(&text, &["env".to_owned(), "B".to_owned()]);
    let undone = undo(Form::Json, &text.unwrap(), &trace);
    assert_eq!(undone.left, [["env", "A"].map(str::to_owned).to_vec()]);
    insta::assert_snapshot!(undone.text, @r#"
    {
      "model": "theirs",
      "other": 1,
      "env": {
        "A": "mine", "C": 1
      }
    }
    "#);
}

#[test]
fn what_an_earlier_write_has_left_goes_unless_all_is_not_known() {
    let (text, trace) = written(Form::Json, "{}", "v").unwrap();
    let fewer = &settings("v")[1..3];
    let (new, _) = write(Form::Json, &text, fewer, &trace, true).unwrap();
    assert_eq!(new.parse::<Value>().unwrap()["model"], Value::Null);
    let (kept, same) = write(Form::Json, &text, fewer, &trace, false).unwrap();
    assert_eq!((kept, same), (text, trace));
}

#[test]
fn what_stands_there_already_is_not_ours() {
    let text = "model = 'v'\n";
    let (_, trace) = written(Form::Toml, text, "v").unwrap();
    assert!(trace.keys.iter().all(|key| key.path != ["model"]));
}

#[test]
fn what_a_key_needs_may_be_taken() {
    let stuck = write(
        Form::Json,
        "{\"env\": 1}",
        &settings("v"),
        &Trace::default(),
        true,
    );
    assert_eq!(stuck.unwrap_err(), Stuck(vec!["env".into(), "A".into()]));
}

fn json() -> impl Strategy<Value = String> {
    let theirs = prop_oneof![
        Just(json!(1)),
        Just(json!("x")),
        Just(json!({})),
        Just(json!({"A": "old", "Z": [1, {"a": null}]})),
        Just(json!({"ours": {"url": 1}, "other": {}})),
    ];
    let names = prop_oneof!["model", "env", "providers", "[a-z]{1,3}"];
    let pretty = any::<bool>();
    (prop::collection::vec((names, theirs), 0..5), pretty).prop_map(|(members, pretty)| {
        let document = Value::Object(members.into_iter().collect());
        if pretty {
            format!("{document:#}\n")
        } else {
            document.to_string()
        }
    })
}

fn toml() -> impl Strategy<Value = String> {
    let lines = prop_oneof![
        Just("# note"),
        Just(""),
        Just("model = 'theirs' # why"),
        Just("x = 1"),
        Just("[env]"),
        Just("A = 'old'"),
        Just("Z = [\n  1,\n]"),
        Just("[providers.other]"),
        Just("providers = { other = { url = 'u' } }"),
        Just("env.A = 1"),
        Just("[[list]]"),
        Just("[providers.ours]"),
        Just("url = 'u'"),
    ];
    prop::collection::vec(lines, 0..8).prop_filter_map("no TOML", |lines| {
        let text = lines
            .iter()
            .map(|line| format!("{line}\n"))
            .collect::<String>();
        Form::Toml.check(&text).is_ok().then_some(text)
    })
}

fn document() -> impl Strategy<Value = (Form, String)> {
    prop_oneof![
        json().prop_map(|text| (Form::Json, text)),
        toml().prop_map(|text| (Form::Toml, text)),
    ]
}

proptest! {
    #[test]
    fn writing_twice_changes_nothing((form, text) in document()) {
        let Some((new, trace)) = written(form, &text, "v") else { return Ok(()) };
        prop_assert_eq!(rewritten(form, &new, "v", &trace), (new, trace));
    }

    #[test]
    fn what_is_written_and_taken_back_leaves_what_was_there((form, text) in document()) {
        let Some((new, trace)) = written(form, &text, "v") else { return Ok(()) };
        prop_assert_eq!(redo(form, &text, &trace), Some(new.clone()));
        let undone = undo(form, &new, &trace);
        prop_assert!(undone.left.is_empty(), "{:?}", undone.left);
        if form == Form::Json {
            prop_assert_eq!(undone.text, text);
        } else {
            let lines = |text: &str| text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect::<Vec<_>>();
            prop_assert_eq!(lines(&undone.text), lines(&text));
        }
    }

    #[test]
    fn of_two_writes_the_second_is_taken_back_to_before_the_first((form, text) in document()) {
        let Some((new, trace)) = written(form, &text, "v") else { return Ok(()) };
        let (newer, trace) = rewritten(form, &new, "w", &trace);
        let (once, first) = written(form, &text, "w").unwrap();
        // A key that said so already is theirs until we change it.
        let undone = undo(form, &newer, &trace);
        prop_assert_eq!(undone.text, undo(form, &once, &first).text);
    }

    #[test]
    fn what_the_person_adds_meanwhile_stays((form, text) in document(), name in "[n-z]{2,4}") {
        let Some((new, trace)) = written(form, &text, "v") else { return Ok(()) };
        let theirs = vec!["env".to_owned(), name.clone()];
        let Some(edited) = form.set(&new, &theirs, "7") else { return Ok(()) };
        let undone = undo(form, &edited, &trace);
        prop_assert_eq!(form.value(&undone.text, &theirs), Some("7".to_owned()));
        let without = match form.value(&text, &theirs) {
            Some(was) => form.set(&undone.text, &theirs, &was).unwrap(),
            None => form.unset(&undone.text, &theirs).unwrap(),
        };
        // All else is as it was before.
        for path in settings("v").iter().map(|(path, _)| path).chain([&theirs]) {
            prop_assert_eq!(form.value(&without, path), form.value(&text, path));
        }
    }
}
