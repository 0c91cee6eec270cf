//! Proves over many thousand configurations that what is set comes back, and that nothing else
//! changes: no other value, no comment, no other line.

mod documents;

use std::ops::Range;

use super::*;
use crate::view::{Origin, Secrets, Setting, effective};
pub(super) use documents::documents;
use documents::settings;

/// A text and what it means.
struct Shown {
    text: String,
    settings: Vec<Setting>,
}

fn shown(text: &str) -> Shown {
    let settings = effective(text, Path::new("c"));
    Shown {
        text: text.to_owned(),
        settings: settings.unwrap_or_else(|problems| panic!("{problems}\n{text}")),
    }
}

/// Every value but that of one key.
fn others(shown: &Shown, key: &Key, account: Option<&str>) -> Vec<String> {
    shown
        .settings
        .iter()
        .filter(|setting| setting.key.path != key.path || setting.account.as_deref() != account)
        .map(|setting| {
            let origin = matches!(setting.origin, Origin::Default);
            format!(
                "{:?} {} {} {origin}",
                setting.account,
                setting.key.path,
                setting.toml(Secrets::Show)
            )
        })
        .collect()
}

/// The value of one key, when it is in the file.
fn value_of(shown: &Shown, key: &Key, account: Option<&str>) -> Option<String> {
    let setting = shown
        .settings
        .iter()
        .find(|setting| setting.key.path == key.path && setting.account.as_deref() == account)?;
    matches!(setting.origin, Origin::File { .. }).then(|| setting.toml(Secrets::Show))
}

/// Where a key stands: its value, and the braces or the lines that hold it.
fn place(text: &str, key: &Key, account: Option<&str>) -> Option<(Range<usize>, Range<usize>)> {
    let layout = Layout::parse(text)?;
    let scope = scope(text, &layout, account)?;
    let (home, item) = scope.find(&names(key))?;
    let around = match home.form {
        Form::Braces(node) => node.span.clone(),
        Form::Section(..) => {
            let start = text[..item.start].rfind('\n').map_or(0, |at| at + 1);
            match text[item.value.span.end..].find('\n') {
                Some(end) => start..item.value.span.end + end + 1,
                // The line break before the last line goes, when there is none after it.
                None => text[..start].trim_end_matches(['\r', '\n']).len()..text.len(),
            }
        }
    };
    Some((item.value.span.clone(), around))
}

/// Whether two texts are the same but for one range of the first.
fn same_around(old: &str, range: &Range<usize>, new: &str) -> bool {
    let (before, after) = (&old[..range.start], &old[range.end..]);
    new.len() >= before.len() + after.len() && new.starts_with(before) && new.ends_with(after)
}

/// What every edit keeps.
fn kept(before: &Shown, after: &Shown, key: &Key, account: Option<&str>) {
    let (old, new) = (before.text.as_str(), after.text.as_str());
    assert_eq!(comments(new), comments(old), "{old}\n=>\n{new}");
    let (was, is) = (others(before, key, account), others(after, key, account));
    assert_eq!(is, was, "{old}\n=>\n{new}");
    assert_eq!(new.starts_with('\u{feff}'), old.starts_with('\u{feff}'));
    if old.contains("\r\n") {
        assert!(!new.replace("\r\n", "").contains('\n'), "{new:?}");
    }
    let first = old.lines().next().unwrap_or_default();
    if first.trim_start_matches('\u{feff}').starts_with('#') {
        assert_eq!(new.lines().next(), Some(first), "{new}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(7_000))]

    #[test]
    fn what_is_set_comes_back_and_is_unset_without_a_trace(
        text in documents(), (key, values) in settings(), which in 0..2usize,
    ) {
        let ids: Vec<_> = read(&text).accounts.into_iter().map(|account| account.id).collect();
        let id = ids.get(which).map_or("nobody", String::as_str);
        let account = key.is_of_account().then_some(id);
        let value = key.parse(&values).unwrap();
        let mut document = Document { text: text.clone() };
        let set = document.set_value(key, account, &value, false);
        if account == Some("nobody") {
            prop_assert!(set.is_err() && document.text == text);
            return Ok(());
        }
        let set = set.unwrap();
        let new = document.text.clone();

        let (before, after) = (shown(&text), shown(&new));
        let old_value = value_of(&before, key, account);
        kept(&before, &after, key, account);
        prop_assert_eq!(value_of(&after, key, account), Some(value.to_toml()), "{}\n=>\n{}", text, new);
        prop_assert_eq!(document.set_value(key, account, &value, false).unwrap(), Set::Kept);
        prop_assert_eq!(&document.text, &new);
        match (set, &old_value) {
            (Set::Kept, Some(old)) => {
                prop_assert_eq!(old, &value.to_toml());
                prop_assert_eq!(&new, &text);
            }
            (Set::Changed, Some(_)) => {
                let (value, _) = place(&text, key, account).unwrap();
                prop_assert!(same_around(&text, &value, &new), "{}\n=>\n{}", text, new);
            }
            (Set::Added, None) => {}
            other => prop_assert!(false, "{:?}", other),
        }

        let (_, around) = place(&new, key, account).unwrap();
        prop_assert!(document.unset_value(key, account, None).unwrap());
        let unset = document.text.clone();
        let at_last = shown(&unset);
        kept(&after, &at_last, key, account);
        prop_assert_eq!(value_of(&at_last, key, account), None);
        prop_assert!(!document.unset_value(key, account, None).unwrap());
        match set {
            Set::Added if unset != text => {
                // All that stays is the header of a new section, with a blank line on each side.
                let header = format!("[{}]", key.section().replace("[]", ""));
                let gone = unset.len() - text.len();
                let at = (0..=text.len()).find(|&at| {
                    unset.is_char_boundary(at)
                        && unset.is_char_boundary(at + gone)
                        && text.starts_with(&unset[..at])
                        && text.ends_with(&unset[at + gone..])
                        && unset[at..at + gone].trim() == header
                });
                let Some(at) = at else {
                    return Err(TestCaseError::fail(format!("{text}\n=>\n{unset}")));
                };
                prop_assert!(unset[at..at + gone].matches('\n').count() <= 3);
                prop_assert!(Layout::parse(&text).unwrap().sections.len() < Layout::parse(&unset).unwrap().sections.len());
            }
            Set::Added => {}
            _ => prop_assert!(same_around(&new, &around, &unset), "{}\n=>\n{}", new, unset),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn what_is_added_to_a_list_is_taken_out_without_a_trace(
        text in documents(), element in prop::sample::select(vec!["a", "b", "z", ".internal"]),
    ) {
        let key = schema::find("proxy.no_proxy").unwrap();
        let value = key.parse(&[element.to_owned()]).unwrap();
        let mut document = Document { text: text.clone() };
        let old = document.value(key, None);
        let set = document.set_value(key, None, &value, true).unwrap();
        let new = document.text.clone();
        let (before, after) = (shown(&text), shown(&new));
        kept(&before, &after, key, None);

        let was_list = matches!(old, Some(Value::Strings(_)));
        let mut expected = match old {
            Some(Value::Strings(old)) => old,
            _ => Vec::new(),
        };
        let was_there = expected.iter().any(|old| old == element);
        if !was_there {
            expected.push(element.to_owned());
        }
        prop_assert_eq!(value_of(&after, key, None), Some(Value::Strings(expected.clone()).to_toml()));
        prop_assert_eq!(set == Set::Kept, was_there);
        prop_assert_eq!(document.set_value(key, None, &value, true).unwrap(), Set::Kept);

        prop_assert!(document.unset_value(key, None, Some(element)).unwrap());
        expected.retain(|old| old != element);
        let at_last = shown(&document.text);
        kept(&after, &at_last, key, None);
        prop_assert_eq!(value_of(&at_last, key, None), Some(Value::Strings(expected).to_toml()));
        if was_list && !was_there {
            let blank = |text: &str| text.replace("[ ]", "[]");
            prop_assert_eq!(blank(&document.text), blank(&text), "{}", new);
        }
        prop_assert!(!document.unset_value(key, None, Some(element)).unwrap());
    }
}
