//! Writes configurations down in every way that TOML has, with comments everywhere.

use super::*;
use crate::schema::KEYS;

/// What is between two lines.
fn noise() -> impl Strategy<Value = &'static str> {
    let choices = [
        "",
        "",
        "",
        "\n",
        "# a note\n",
        "\n  # port = 1 [server]\n\n",
    ];
    prop::sample::select(choices.to_vec())
}

/// A key of some section, as a person may have written its value.
fn written(section: &str) -> Vec<(&'static str, &'static str)> {
    match section {
        "server" => vec![
            ("port", "0x1F"),
            ("host", "'h' "),
            ("\"drain_secs\"", "1_000"),
        ],
        "pool" => vec![
            ("strategy", "\"\"\"sticky\"\"\""),
            ("max_wait_secs", "  +0"),
        ],
        "usage" => vec![("enabled", "false"), ("path", "'/tmp/#'")],
        "proxy" => vec![
            ("system", "true"),
            ("no_proxy", "['a','b']"),
            ("no_proxy", "[ # the list\n  'a', # one\n\n  'b' # two\n]"),
            ("no_proxy", "[\n  \"a\",\n  # above\n  'c', 'd',\n]"),
            ("no_proxy", "[ 'a' # one\n  , 'b', ]"),
            ("no_proxy", "[\n]"),
            ("no_proxy", "[# none\n]"),
            ("no_proxy", "[]"),
        ],
        _ => vec![
            ("user_agent", "'x'"),
            ("initiator_mode", "\"user\""),
            ("'openai_intent'", "\"# \\\" {\""),
        ],
    }
}

/// Some keys of a section with their values, no key twice.
fn keys(section: &'static str) -> impl Strategy<Value = Vec<(&'static str, &'static str)>> {
    let all = written(section);
    let most = all.len().min(3);
    prop::sample::subsequence(all, 0..=most)
        .prop_shuffle()
        .prop_map(|mut keys| {
            let mut seen = Vec::new();
            keys.retain(|(name, _)| {
                !seen.contains(name) && {
                    seen.push(*name);
                    true
                }
            });
            keys
        })
}

/// Keys as lines, each with a comment or not.
fn lines(prefix: &str, keys: &[(&str, &str)], end: &str, between: &str) -> String {
    keys.iter()
        .map(|(name, value)| format!("{prefix}{name} = {value}{end}\n{between}"))
        .collect()
}

fn inline(keys: &[(&str, &str)], shape: u8) -> String {
    let items: Vec<_> = keys
        .iter()
        .map(|(name, value)| format!("{name} = {value}"))
        .collect();
    match shape {
        _ if items.is_empty() => "{}".to_owned(),
        0 => format!("{{{}}}", items.join(",")),
        1 => format!("{{ {} }}", items.join(", ")),
        2 => format!("{{\n  {}\n}}", items.join(", # why\n  ")),
        _ => format!("{{ # braces\n\t{}, # last\n}}", items.join(",\n\t")),
    }
}

/// A section in one of the ways to write it: what goes above all headers, and what goes below.
fn section(name: &'static str) -> impl Strategy<Value = (String, String)> {
    let end = prop::sample::select(vec!["", " # why", "\t#\t"]);
    (keys(name), 0..8u8, 0..4u8, noise(), noise(), end).prop_map(
        move |(keys, form, shape, above, between, end)| match form {
            0 | 1 => (String::new(), String::new()),
            2 => (
                lines(&format!("{name}."), &keys, end, between),
                String::new(),
            ),
            3 => (
                format!("{above}{name}={}{end}\n", inline(&keys, shape)),
                String::new(),
            ),
            4 => {
                let keys = lines("\t", &keys, end, between);
                (
                    String::new(),
                    format!("{above}[ \"{name}\" ]{end}\n{between}{keys}"),
                )
            }
            _ => {
                let keys = lines("", &keys, end, between);
                (
                    String::new(),
                    format!("{above}[{name}]{end}\n{between}{keys}"),
                )
            }
        },
    )
}

fn account(id: &'static str, in_braces: bool) -> impl Strategy<Value = String> {
    let end = prop::sample::select(vec!["", " # why", "\t#\t"]);
    (keys("settings"), 0..4u8, 0..4u8, noise(), noise(), end).prop_map(
        move |(keys, form, shape, above, between, end)| {
            let mut own = vec![("id", id), ("api_key", "'sk-1'"), ("provider", "'zai'")];
            let settings = inline(&keys, shape);
            let dotted: Vec<_> = keys.iter().map(|(name, value)| (format!("settings.{name}"), *value)).collect();
            match form {
                0 => {}
                1 => own.push(("settings", &settings)),
                2 => own.splice(1..1, dotted.iter().map(|(name, value)| (name.as_str(), *value))).for_each(drop),
                _ if in_braces => own.push(("enabled", "true")),
                _ => {
                    let own = lines("", &own, end, between);
                    let settings = lines("  ", &keys, end, between);
                    return format!("{above}[[accounts]]{end}\n{own}{above}[accounts.settings]{end}\n{between}{settings}");
                }
            }
            match in_braces {
                true => inline(&own, shape),
                false => format!("{above}[[accounts]]{end}\n{}", lines("", &own, end, between)),
            }
        },
    )
}

/// Configurations in every way that TOML has to write them, without any problem.
pub(in crate::edit::tests) fn documents() -> impl Strategy<Value = String> {
    let sections = [
        section("server"),
        section("pool"),
        section("usage"),
        section("proxy"),
    ];
    let list = any::<bool>().prop_flat_map(|in_braces| {
        let accounts = prop::collection::vec(any::<bool>(), 0..3).prop_flat_map(move |some| {
            let ids = ["'a'", "\"\u{df}.\\\"\""];
            some.iter()
                .zip(ids)
                .map(|(_, id)| account(id, in_braces))
                .collect::<Vec<_>>()
        });
        accounts.prop_map(move |accounts| (in_braces, accounts))
    });
    let head = prop::sample::select(vec![
        "",
        "",
        "#:schema ./schema.json\n",
        "# mine\n\n",
        "\n",
        "\"$schema\" = 'x' # s\n",
    ]);
    (
        head,
        Vec::from(sections).prop_shuffle(),
        list,
        noise(),
        any::<[bool; 4]>(),
    )
        .prop_map(
            |(head, sections, (in_braces, accounts), tail, [returns, cut, mark, first])| {
                let (dotted, headed): (Vec<_>, Vec<_>) = sections.into_iter().unzip();
                let (mut root, mut below) = (dotted.concat(), headed.concat());
                match in_braces {
                    true if accounts.is_empty() => root += "accounts = [ ]\n",
                    true => root += &format!("accounts = [\n{}]\n", accounts.join(",\n")),
                    false if first => below = accounts.concat() + &below,
                    false => below += &accounts.concat(),
                }
                let mut text = format!("{head}{root}{below}{tail}");
                if cut {
                    text.truncate(text.trim_end().len());
                }
                if returns {
                    text = text.replace('\n', "\r\n");
                }
                if mark {
                    text.insert(0, '\u{feff}');
                }
                text
            },
        )
}

/// A key with some values for it, but for what an account cannot do without.
pub(super) fn settings() -> impl Strategy<Value = (&'static Key, Vec<String>)> {
    let changeable = |key: &&'static Key| {
        !["accounts[].id", "accounts[].provider", "accounts[].api_key"].contains(&key.path)
    };
    let mut keys: Vec<_> = KEYS.iter().filter(changeable).collect();
    // What is hardest to edit is edited most.
    keys.extend([schema::find("proxy.no_proxy").unwrap(); 12]);
    prop::sample::select(keys).prop_flat_map(|key| {
        let values = match key.kind {
            Kind::Bool => vec!["true", "false"],
            Kind::OneOf(words) => words.to_vec(),
            Kind::Port | Kind::Seconds { .. } | Kind::Count { .. } => vec!["31", "7", "100"],
            Kind::Bytes { .. } | Kind::UnixSeconds => vec!["4096"],
            Kind::Secret | Kind::Header => vec!["x", "a\"#'\\b"],
            Kind::Url => vec!["https://h"],
            Kind::ProxyUrl | Kind::OwnProxy => vec!["http://u:p@h:1"],
            Kind::GithubHost => vec!["github.com", "acme.ghe.com"],
            Kind::Id | Kind::Host | Kind::Hosts => vec!["a", "b", "c", "d", "e"],
            Kind::Path => vec!["~/x", "/tmp/#"],
        };
        let most = if key.kind.is_list() { 3 } else { 1 };
        let values = prop::sample::subsequence(values.clone(), 1..=most.min(values.len()));
        let values = values.prop_shuffle();
        (
            Just(key),
            values.prop_map(|values| values.into_iter().map(str::to_owned).collect()),
        )
    })
}
