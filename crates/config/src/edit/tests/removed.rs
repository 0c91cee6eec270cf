//! Proves that an account is removed with what belongs to it, and nothing else.

use super::laws::documents;
use super::*;
use crate::view::{Secrets, effective};

fn without(text: &str, id: &str) -> String {
    let mut document = Document {
        text: text.to_owned(),
    };
    document.remove_account(id).unwrap();
    document.text
}

const THREE: &str = "\
# All that I have.
[[accounts]] # one
id = 'a'
refresh_token = 'gho_1' # of a

# settings of a
[accounts.settings]
user_agent = 'x'

# --- the others ---

# b is b
[[accounts]]
id = 'b'
refresh_token = 'gho_2'
# end of b

[server]
port = 1

[[accounts]]
id = 'c'
refresh_token = 'gho_3'
";

#[test]
fn an_account_goes_with_its_comments_and_those_of_others_stay() {
    insta::assert_snapshot!(without(THREE, "a"), @r"
    # All that I have.
    # --- the others ---

    # b is b
    [[accounts]]
    id = 'b'
    refresh_token = 'gho_2'
    # end of b

    [server]
    port = 1

    [[accounts]]
    id = 'c'
    refresh_token = 'gho_3'
    ");
    let (before, after) = (
        THREE.split_once("# b is b").unwrap().0,
        "[server]\nport = 1\n",
    );
    assert_eq!(
        without(&without(THREE, "b"), "c"),
        format!("{before}{after}")
    );
    let crlf = |text: &str| text.replace('\n', "\r\n");
    for id in ["a", "b", "c"] {
        assert_eq!(without(&crlf(THREE), id), crlf(&without(THREE, id)));
    }
}

#[test]
fn an_account_in_braces_leaves_the_list() {
    let text =
        "accounts = [{ id = 'a', refresh_token = 'x' }, { id = 'b', refresh_token = 'y' }]\n";
    let text = without(text, "a");
    assert_eq!(text, "accounts = [{ id = 'b', refresh_token = 'y' }]\n");
    assert_eq!(without(&text, "b"), "accounts = []\n");
}

#[test]
fn an_account_whose_tables_stand_apart_goes_whole() {
    let text = "[[accounts]]\nid = 'a'\nrefresh_token = 'x'\n[server]\n[accounts.settings]\nuser_agent = 'x'\n[pool]";
    assert_eq!(without(text, "a"), "[server]\n[pool]");
}

#[test]
fn an_account_that_does_not_exist_is_refused_and_the_nearest_named() {
    let mut document = Document {
        text: "[[accounts]]\nid = 'personal'\nrefresh_token = 'x'\n".to_owned(),
    };
    let error = document.remove_account("persona").unwrap_err();
    insta::assert_snapshot!(error, @"there is no account `persona`");
    insta::assert_snapshot!(error.hint().unwrap(), @"did you mean `personal`?");
}

fn values(text: &str, but: &str) -> Vec<String> {
    let settings =
        effective(text, Path::new("c")).unwrap_or_else(|problems| panic!("{problems}\n{text}"));
    let others = settings
        .iter()
        .filter(|setting| setting.account.as_deref() != Some(but));
    others
        .map(|setting| {
            format!(
                "{:?} {} {}",
                setting.account,
                setting.key.path,
                setting.toml(Secrets::Show)
            )
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn all_other_values_stay(text in documents()) {
        for account in read(&text).accounts {
            let new = without(&text, &account.id);
            prop_assert_eq!(values(&new, &account.id), values(&text, &account.id), "{}\n=>\n{}", text, new);
            prop_assert!(!read(&new).accounts.iter().any(|other| other.id == account.id));
            // Lines only go.
            let unmarked = |text: &str| text.trim_start_matches('\u{feff}').to_owned();
            let (text, new) = (unmarked(&text), unmarked(&new));
            let mut lines = text.lines();
            let is_list = text.contains("accounts = [");
            prop_assert!(is_list || new.lines().all(|line| lines.any(|old| old == line)), "{}\n=>\n{}", text, new);
        }
    }

    #[test]
    fn one_that_was_added_is_removed_without_a_trace(text in documents()) {
        let (new, what) = put(&text, &copilot("another", "gho_9"));
        prop_assert_eq!(what, Put::Added);
        let end = |text: &str| text.trim_end().replace("[ ]", "[]");
        prop_assert_eq!(end(&without(&new, "another")), end(&text), "{}", new);
    }
}
