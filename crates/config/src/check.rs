//! Checks the text of a configuration file against the schema, and finds every problem at once.

use std::collections::BTreeMap;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::Config;
use crate::assemble::{self, Values};
use crate::kind::{Kind, Refusal, Value};
use crate::problem::{Problem, Problems, position};
use crate::schema::{self, Entry};

/// Reads a configuration, or says everything that is wrong with it. `file` only names it.
pub fn check(text: &str, file: &Path) -> Result<Config, Problems> {
    let (values, accounts) = values(text, file)?;
    Ok(assemble::config(&values, &accounts))
}

/// Reads the values outside the accounts and those of each account, or says everything that is
/// wrong. A place is a byte of the text without its byte order mark.
pub(crate) fn values(text: &str, file: &Path) -> Result<(Values, Vec<Values>), Problems> {
    let text = without_mark(text);
    let (tree, errors) = DeTable::parse_recoverable(text);

    let mut walk = Walk::default();
    let mut values = Values::default();
    walk.table(tree.get_ref(), &Section::ROOT, &mut values);
    walk.duplicate_ids();
    // An error of syntax hides what follows it, so only what stands before it is sure to be
    // wrong, and what seems to be missing may be there.
    if errors.is_empty() {
        walk.incomplete_accounts();
    } else {
        let first = errors
            .iter()
            .filter_map(|error| error.span())
            .map(|span| span.start)
            .min();
        let sure = position(text, first.unwrap_or(0)).0;
        walk.findings
            .retain(|finding| position(text, finding.offset).0 < sure);
    }
    walk.findings.extend(errors.iter().map(|error| Finding {
        offset: error.span().map_or(0, |span| span.start),
        key: String::new(),
        message: error.message().to_owned(),
        nearest: None,
    }));

    if walk.findings.is_empty() {
        let accounts: Vec<Values> = walk
            .accounts
            .into_iter()
            .map(|account| account.values)
            .collect();
        return Ok((values, accounts));
    }
    walk.findings.sort_by_key(|finding| finding.offset);
    let list = walk
        .findings
        .into_iter()
        .map(|finding| finding.locate(text))
        .collect();
    Err(Problems {
        file: file.to_owned(),
        list,
    })
}

/// A text without its byte order mark.
pub(crate) fn without_mark(text: &str) -> &str {
    text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text)
}

/// Whether the text sets any secret, as far as it can be read.
pub(crate) fn holds_secrets(text: &str) -> bool {
    let (tree, errors) = DeTable::parse_recoverable(text);
    // What an error of syntax hides is taken for a secret when it is named like one, or looks like
    // a URL with a password.
    let suspect = |key: &schema::Key| match key.kind.is_proxy() {
        true => text.contains('@'),
        false => text.contains(key.name()),
    };
    let hidden = !errors.is_empty() && secret_keys().any(suspect);
    hidden || table_holds_secrets(tree.get_ref())
}

/// Looks for secrets by name alone, as one under a misspelt section is a secret all the same.
fn table_holds_secrets(table: &DeTable<'_>) -> bool {
    table.iter().any(|(name, value)| match value.get_ref() {
        DeValue::Table(table) => table_holds_secrets(table),
        DeValue::Array(items) => items
            .iter()
            .filter_map(|item| item.get_ref().as_table())
            .any(table_holds_secrets),
        DeValue::String(text) => secret_keys()
            .filter(|key| key.name() == name.get_ref().as_ref())
            .any(|key| match key.kind.is_proxy() {
                true => text.contains('@'),
                false => !text.is_empty(),
            }),
        _ => false,
    })
}

fn secret_keys() -> impl Iterator<Item = &'static schema::Key> {
    schema::KEYS.iter().filter(|key| key.secret)
}

/// What one pass over the tree found.
#[derive(Default)]
struct Walk {
    findings: Vec<Finding>,
    accounts: Vec<AccountEntry>,
}

struct AccountEntry {
    offset: usize,
    path: String,
    values: Values,
}

/// A problem whose place is not yet a line and a column.
struct Finding {
    offset: usize,
    key: String,
    message: String,
    nearest: Option<String>,
}

/// A table of the schema: its pattern, its place in this file, and its name in a message.
struct Section {
    pattern: String,
    path: String,
}

impl Walk {
    fn table(&mut self, table: &DeTable<'_>, section: &Section, values: &mut Values) {
        for (name, value) in table.iter() {
            let (offset, name) = (name.span().start, name.get_ref().as_ref());
            match schema::entry(&section.pattern, name) {
                Some(Entry::Key(key)) => self.value(key, section, value, values),
                Some(Entry::Table) => {
                    let inside = section.child(name, "");
                    match value.get_ref() {
                        DeValue::Table(table) => self.table(table, &inside, values),
                        other => {
                            let message = format!("`{name}` must be a table, not {}", shape(other));
                            let nearest = Some(format!("[{}]", inside.pattern.replace("[]", "")));
                            self.find(offset, section, name, Refusal { message, nearest });
                        }
                    }
                }
                Some(Entry::List) => self.list(name, offset, value, section),
                None if is_schema_key(section, name, value.get_ref()) => {}
                None => self.find(
                    offset,
                    section,
                    name,
                    Refusal {
                        message: format!(
                            "unknown key `{}`{}",
                            name.escape_debug(),
                            section.within()
                        ),
                        nearest: schema::nearest_key(&section.pattern, name),
                    },
                ),
            }
        }
    }

    fn value(
        &mut self,
        key: &'static schema::Key,
        section: &Section,
        value: &Spanned<DeValue<'_>>,
        values: &mut Values,
    ) {
        let offset = value.span().start;
        let accepted = read(value.get_ref(), key.kind)
            .map_err(|shape| key.kind.refuse(&shape))
            .and_then(|value| key.kind.accept(value));
        match accepted {
            Ok(value) => values.insert(key.path, offset, Some(value)),
            Err(refusal) => {
                values.insert(key.path, offset, None);
                let message = format!("`{}` {}", key.path.replace("[]", ""), refusal.message);
                self.find(offset, section, key.name(), Refusal { message, ..refusal });
            }
        }
    }

    fn list(&mut self, name: &str, offset: usize, value: &Spanned<DeValue<'_>>, section: &Section) {
        let DeValue::Array(items) = value.get_ref() else {
            let message = match value.get_ref() {
                DeValue::Table(_) => {
                    format!("`{name}` is a list: each entry begins with [[{name}]], not [{name}]")
                }
                other => format!("`{name}` must be a list of tables, not {}", shape(other)),
            };
            let nearest = Some(format!("[[{name}]]"));
            return self.find(offset, section, name, Refusal { message, nearest });
        };
        for (at, item) in items.iter().enumerate() {
            let section = section.child(name, &format!("[{at}]"));
            let offset = item.span().start;
            let DeValue::Table(table) = item.get_ref() else {
                let message = format!(
                    "`{name}` must be a list of tables, not of {}",
                    item.get_ref().type_str()
                );
                self.findings.push(Finding {
                    offset,
                    key: section.path,
                    message,
                    nearest: None,
                });
                continue;
            };
            let mut values = Values::default();
            self.table(table, &section, &mut values);
            self.accounts.push(AccountEntry {
                offset,
                path: section.path,
                values,
            });
        }
    }

    fn duplicate_ids(&mut self) {
        let mut first = BTreeMap::new();
        for account in &self.accounts {
            let Some((offset, Value::String(id))) = account.values.place("accounts[].id") else {
                continue;
            };
            if first.insert(id, offset).is_some() {
                self.findings.push(Finding {
                    offset,
                    key: format!("{}.id", account.path),
                    message: format!("account id `{id}` is already taken by another account"),
                    nearest: None,
                });
            }
        }
    }

    fn incomplete_accounts(&mut self) {
        for account in &self.accounts {
            let values = &account.values;
            let mut missing = |key: &str, message: String| {
                let key = format!("{}.{key}", account.path);
                self.findings.push(Finding {
                    offset: account.offset,
                    key,
                    message,
                    nearest: None,
                });
            };
            let name = match values.place("accounts[].id") {
                Some((_, Value::String(id))) => format!("account `{id}`"),
                _ => "this account".to_owned(),
            };
            if !values.is_set("accounts[].id") {
                missing("id", "this account has no `id`".to_owned());
            }
            let refused = values.is_set("accounts[].provider")
                && values.place("accounts[].provider").is_none();
            if refused {
                continue;
            }
            let provider = values.provider();
            let signed_in = match provider.is_copilot() {
                true => {
                    values.is_set("accounts[].refresh_token")
                        || values.is_set("accounts[].access_token")
                }
                false => values.is_set("accounts[].api_key"),
            };
            match provider.is_copilot() {
                _ if signed_in => {}
                true => missing(
                    "refresh_token",
                    format!("{name} has no `refresh_token` and no `access_token`"),
                ),
                false => missing(
                    "api_key",
                    format!("{name} has no `api_key`, which provider `{provider}` needs"),
                ),
            }
        }
    }

    fn find(&mut self, offset: usize, section: &Section, name: &str, refusal: Refusal) {
        self.findings.push(Finding {
            offset,
            key: schema::join(&section.path, name),
            message: refusal.message,
            nearest: refusal.nearest,
        });
    }
}

impl Finding {
    fn locate(self, text: &str) -> Problem {
        let (line, column) = position(text, self.offset);
        Problem {
            line,
            column,
            key: self.key,
            message: self.message,
            nearest: self.nearest,
        }
    }
}

impl Section {
    const ROOT: Self = Self {
        pattern: String::new(),
        path: String::new(),
    };

    fn child(&self, name: &str, index: &str) -> Self {
        let brackets = if index.is_empty() { "" } else { "[]" };
        Self {
            pattern: schema::join(&self.pattern, name) + brackets,
            path: schema::join(&self.path, name) + index,
        }
    }

    /// Where a key stands, in the words of the file.
    fn within(&self) -> String {
        match self.pattern.strip_suffix("[]") {
            _ if self.pattern.is_empty() => String::new(),
            Some(list) => format!(" in [[{list}]]"),
            None => format!(" in [{}]", self.pattern.replace("[]", "")),
        }
    }
}

/// Whether a key only tells editors where the JSON Schema is.
fn is_schema_key(section: &Section, name: &str, value: &DeValue<'_>) -> bool {
    section.pattern.is_empty() && name == schema::SCHEMA_KEY && value.is_str()
}

/// Reads a value of one of the shapes that the schema knows, or names its shape.
pub(crate) fn read(value: &DeValue<'_>, kind: Kind) -> Result<Value, String> {
    match value {
        DeValue::String(text) => Ok(Value::String(text.to_string())),
        DeValue::Boolean(value) => Ok(Value::Bool(*value)),
        DeValue::Integer(digits) => i64::from_str_radix(digits.as_str(), digits.radix())
            .map(Value::Integer)
            .map_err(|_| "an integer of more than 64 bits".to_owned()),
        DeValue::Array(items) if kind.is_list() => {
            let strings = items.iter().map(|item| match item.get_ref() {
                DeValue::String(text) => Ok(text.to_string()),
                other => Err(format!("a list that holds {}", shape(other))),
            });
            strings.collect::<Result<_, _>>().map(Value::Strings)
        }
        other => Err(shape(other)),
    }
}

/// The type of a value, with its article.
fn shape(value: &DeValue<'_>) -> String {
    match value {
        DeValue::Integer(_) => "an integer".to_owned(),
        DeValue::Array(_) => "a list".to_owned(),
        other => format!("a {}", other.type_str()),
    }
}

const BYTE_ORDER_MARK: char = '\u{feff}';

#[cfg(test)]
mod tests;
