//! Reads a key as people type it, and finds it in the schema.

use toml::de::{DeTable, DeValue};

use super::{Entry, KEYS, Key, entry, find, join, nearest_key};
use crate::Error;

/// The key of the schema that a person means by `text`, in dots and with quotes where TOML has
/// them. A key of an account needs an account; it may begin with `accounts.`.
pub fn resolve(text: &str, account: Option<&str>) -> Result<&'static Key, Error> {
    let names = parse(text)?;
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let below = match names.as_slice() {
        [ACCOUNTS, below @ ..] => Some(below),
        _ => None,
    };
    let of_account = |names: &[&str]| find(&join(ACCOUNT, &names.join(".")));
    let of_root = || find(&names.join("."));
    match (account, of_account(below.unwrap_or(&names)), of_root()) {
        (Some(_), Some(key), _) | (None, _, Some(key)) => Ok(key),
        (Some(_), None, Some(key)) => Err(Error::refused(
            format!("`{}` is no key of an account", key.path),
            Some("leave --account out".to_owned()),
        )),
        (None, Some(key), None) if section(&names, false).is_none() => {
            let typed = key.typed();
            match suggestion(&names, "").filter(|other| !other.is_of_account()) {
                Some(other) if below.is_none() => Err(Error::refused(
                    format!("unknown key `{text}`"),
                    Some(format!(
                        "did you mean `{}`, or `{typed} --account ID`?",
                        other.path
                    )),
                )),
                _ => Err(Error::refused(
                    format!("`{text}` is a key of an account"),
                    Some(format!("name the account, as in `{typed} --account ID`")),
                )),
            }
        }
        _ => Err(unknown(text, &names, account.is_some())),
    }
}

/// The names of a dotted key.
fn parse(text: &str) -> Result<Vec<String>, Error> {
    let no_key = || {
        Error::refused(
            format!("`{}` is no key", text.escape_debug()),
            Some("keys are names in dots, as in `server.port`".to_owned()),
        )
    };
    // No key of one line can end the line that it stands on.
    if text.contains(['\n', '\r']) {
        return Err(no_key());
    }
    let line = format!("{text} = 0");
    let tree = DeTable::parse(&line).map_err(|_| no_key())?;
    let mut names = Vec::new();
    let mut table = tree.get_ref();
    loop {
        let (name, value) = table.iter().next().ok_or_else(no_key)?;
        names.push(name.get_ref().to_string());
        match value.get_ref() {
            DeValue::Table(inner) => table = inner,
            DeValue::Integer(_) if value.span() == (line.len() - 1..line.len()) => {
                return Ok(names);
            }
            _ => return Err(no_key()),
        }
    }
}

fn unknown(text: &str, names: &[&str], of_account: bool) -> Error {
    let message = format!("unknown key `{}`", text.escape_debug());
    if let Some(section) = section(names, of_account) {
        let message = format!("`{text}` is a section, not a key");
        let first = KEYS.iter().find(|key| key.section() == section);
        let hint = first.map(|key| match key.is_of_account() && !of_account {
            true => format!("name a key of it, as in `{} --account ID`", key.typed()),
            false => format!("name a key of it, as in `{}`", key.typed()),
        });
        return Error::refused(message, hint);
    }
    // `accounts.personal.enabled` is how people write it who know other tools.
    if let [ACCOUNTS, id, below @ ..] = names
        && let Some(key) = find(&join(ACCOUNT, &below.join(".")))
    {
        return Error::refused(
            message,
            Some(format!("did you mean `{} --account {id}`?", key.typed())),
        );
    }
    let start = if of_account { ACCOUNT } else { "" };
    let names = match names {
        [ACCOUNTS, below @ ..] if of_account => below,
        _ => names,
    };
    let hint = suggestion(names, start).map(|key| match key.section().strip_prefix(ACCOUNT) {
        Some(_) if !of_account => format!("did you mean `{} --account ID`?", key.typed()),
        _ => format!("did you mean `{}`?", key.typed()),
    });
    Error::refused(message, hint)
}

/// The section of the schema with these names.
fn section(names: &[&str], of_account: bool) -> Option<String> {
    let path = match names {
        [ACCOUNTS, below @ ..] => [&[ACCOUNT], below].concat().join("."),
        _ if of_account => join(ACCOUNT, &names.join(".")),
        _ => names.join("."),
    };
    KEYS.iter().any(|key| key.section() == path).then_some(path)
}

/// The key that these names most likely meant, each name read as the one nearest to it.
fn suggestion(names: &[&str], start: &str) -> Option<&'static Key> {
    let mut section = start.to_owned();
    for (at, name) in names.iter().enumerate() {
        let mut name = (*name).to_owned();
        if entry(&section, &name).is_none() {
            let nearest = nearest_key(&section, &name)?;
            // In another section, it is the key itself.
            if nearest.contains('.') {
                return KEYS
                    .iter()
                    .find(|key| key.path.replace("[]", "") == nearest);
            }
            name = nearest;
        }
        section = join(&section, &name);
        match entry(start_of(&section), &name)? {
            Entry::Key(key) => return (at + 1 == names.len()).then_some(key),
            Entry::Table => {}
            Entry::List => section += "[]",
        }
    }
    None
}

/// The section that a path stands in.
fn start_of(path: &str) -> &str {
    path.rsplit_once('.').map_or("", |(section, _)| section)
}

const ACCOUNTS: &str = "accounts";
const ACCOUNT: &str = "accounts[]";

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str, account: Option<&str>) -> String {
        match resolve(text, account) {
            Ok(key) => key.path.to_owned(),
            Err(error) => format!("{error}\nhint: {}", error.hint().unwrap_or("none")),
        }
    }

    #[test]
    fn every_key_is_found_as_it_is_typed() {
        for key in KEYS {
            let account = key.path.starts_with(ACCOUNT).then_some("a");
            assert_eq!(told(key.typed(), account), key.path);
            assert_eq!(told(&key.path.replace("[]", ""), account), key.path);
            let quoted: Vec<_> = key
                .typed()
                .split('.')
                .map(|name| format!(" \"{name}\" "))
                .collect();
            assert_eq!(told(&quoted.join("."), account), key.path);
        }
    }

    #[test]
    fn a_key_that_nobody_knows_is_told_with_the_nearest() {
        let told = [
            ("server.prot", None),
            ("sever.port", None),
            ("port", None),
            ("server", None),
            ("accounts", None),
            ("enabled", None),
            ("weight", None),
            ("accounts.weight", None),
            ("accounts.personal.enabled", None),
            ("acounts.wieght", None),
            ("whatever", None),
            ("enabledd", Some("a")),
            ("settings.user_agnet", Some("a")),
            ("accounts.setings.user_agent", Some("a")),
            ("user_agent", Some("a")),
            ("settings", Some("a")),
            ("server.port", Some("a")),
        ]
        .map(|(text, account)| format!("{text} {account:?}\n{}\n", told(text, account)));
        insta::assert_snapshot!(told.join("\n"), @r#"
        server.prot None
        unknown key `server.prot`
        hint: did you mean `server.port`?

        sever.port None
        unknown key `sever.port`
        hint: did you mean `server.port`?

        port None
        unknown key `port`
        hint: did you mean `server.port`?

        server None
        `server` is a section, not a key
        hint: name a key of it, as in `server.host`

        accounts None
        `accounts` is a section, not a key
        hint: name a key of it, as in `id --account ID`

        enabled None
        unknown key `enabled`
        hint: did you mean `usage.enabled`, or `enabled --account ID`?

        weight None
        `weight` is a key of an account
        hint: name the account, as in `weight --account ID`

        accounts.weight None
        `accounts.weight` is a key of an account
        hint: name the account, as in `weight --account ID`

        accounts.personal.enabled None
        unknown key `accounts.personal.enabled`
        hint: did you mean `enabled --account personal`?

        acounts.wieght None
        unknown key `acounts.wieght`
        hint: did you mean `weight --account ID`?

        whatever None
        unknown key `whatever`
        hint: none

        enabledd Some("a")
        unknown key `enabledd`
        hint: did you mean `enabled`?

        settings.user_agnet Some("a")
        unknown key `settings.user_agnet`
        hint: did you mean `settings.user_agent`?

        accounts.setings.user_agent Some("a")
        unknown key `accounts.setings.user_agent`
        hint: did you mean `settings.user_agent`?

        user_agent Some("a")
        unknown key `user_agent`
        hint: did you mean `settings.user_agent`?

        settings Some("a")
        `settings` is a section, not a key
        hint: name a key of it, as in `settings.editor_version`

        server.port Some("a")
        `server.port` is no key of an account
        hint: leave --account out
        "#);
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for text in [
            "",
            ".",
            "a..b",
            "a b",
            "a = 1 #",
            "a\nb",
            "[a]\nb",
            "'a",
            "{a}",
            "a = 1\nb",
            "\"\"\"a\"\"\"",
            "a\r",
            "a = {b",
            "a,b",
        ] {
            let error = resolve(text, None).unwrap_err().to_string();
            assert!(error.ends_with("is no key"), "{text}: {error}");
        }
    }
}
