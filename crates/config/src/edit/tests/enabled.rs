//! Proves that switching an account on or off changes one value and nothing else.

use super::*;

fn switch(text: &str, id: &str, enabled: bool) -> (String, Option<bool>) {
    let mut document = Document {
        text: text.to_owned(),
    };
    let changed = document.set_enabled(id, enabled);
    (document.text, changed)
}

#[test]
fn an_account_that_is_switched_off_keeps_its_comments_and_its_order() {
    let text = "# mine\n[[accounts]] # one\nid = 'a'\nenabled  =  true # for now\nrefresh_token = 'gho_1'\n\n# two\n[[accounts]]\n  id = 'b'\n  api_key = 'sk-1' # k\n  provider = 'zai'\n  # the end\n\n[server]\nport = 1\n";
    let (text, changed) = switch(text, "a", false);
    assert_eq!(changed, Some(true));
    let (text, changed) = switch(&text, "b", false);
    assert_eq!(changed, Some(true));
    insta::assert_snapshot!(text, @r"
    # mine
    [[accounts]] # one
    id = 'a'
    enabled  =  false # for now
    refresh_token = 'gho_1'

    # two
    [[accounts]]
      id = 'b'
      api_key = 'sk-1' # k
      provider = 'zai'
      enabled = false
      # the end

    [server]
    port = 1
    ");
}

#[test]
fn an_account_without_the_key_is_on_and_switching_it_on_writes_nothing() {
    let text = "[[accounts]]\nid = 'a'\nrefresh_token = 'gho_1'\n";
    assert_eq!(switch(text, "a", true), (text.to_owned(), Some(false)));
}

#[test]
fn an_unknown_account_is_told_and_nothing_is_written() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("config.toml");
    assert_eq!(set_enabled(&path, "personal", false).unwrap(), None);
    assert!(!path.exists());

    files::replace(&path, SPECIFICATION.as_bytes()).unwrap();
    assert_eq!(set_enabled(&path, "persona", false).unwrap(), None);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), SPECIFICATION);
}

#[test]
fn a_file_is_changed_once_and_back() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("config.toml");
    files::replace(&path, SPECIFICATION.as_bytes()).unwrap();
    for (enabled, changed) in [(true, false), (false, true), (false, false), (true, true)] {
        assert_eq!(
            set_enabled(&path, "personal", enabled).unwrap(),
            Some(changed)
        );
        assert_eq!(load(&path).unwrap().config.accounts[0].enabled, enabled);
    }
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(
        text.replace("enabled = true\n", ""),
        SPECIFICATION.replace("enabled = true\n", "")
    );
}

#[test]
fn an_account_in_braces_is_switched_in_braces() {
    let text = "accounts = [{ id='a', refresh_token='gho_1' }, {id='b',enabled=false,refresh_token='gho_1'}] # all\n";
    insta::assert_snapshot!(switch(text, "a", false).0, @"accounts = [{ id='a', refresh_token='gho_1', enabled = false }, {id='b',enabled=false,refresh_token='gho_1'}] # all");
    insta::assert_snapshot!(switch(text, "b", true).0, @"accounts = [{ id='a', refresh_token='gho_1' }, {id='b',enabled=true,refresh_token='gho_1'}] # all");
}

/// The text without the lines that say whether an account is on.
fn other_lines(text: &str) -> String {
    let lines: String = text
        .split_inclusive('\n')
        .filter(|line| !line.trim_start().starts_with("enabled"))
        .collect();
    lines.trim_end().to_owned()
}

proptest! {
    #[test]
    fn a_switch_sets_one_account_and_leaves_every_other_line_as_it_is(
        text in configurations(), which in any::<prop::sample::Index>(), enabled in any::<bool>(),
    ) {
        let before = read(&text);
        if before.accounts.is_empty() { return Ok(()) }
        let old = which.get(&before.accounts);
        let (new, changed) = switch(&text, &old.id, enabled);
        prop_assert_eq!(changed, Some(old.enabled != enabled));
        prop_assert_eq!(changed == Some(false), new == text);
        prop_assert_eq!(other_lines(&new), other_lines(&text));

        let mut expected = before.clone();
        let account = expected.accounts.iter_mut().find(|account| account.id == old.id);
        account.unwrap().enabled = enabled;
        prop_assert_eq!(format!("{:?}", read(&new)), format!("{expected:?}"));

        prop_assert_eq!(switch(&new, &old.id, enabled), (new.clone(), Some(false)));
        let (back, _) = switch(&new, &old.id, old.enabled);
        prop_assert_eq!(format!("{:?}", read(&back)), format!("{before:?}"));
        prop_assert_eq!(other_lines(&back), other_lines(&text));
    }
}
