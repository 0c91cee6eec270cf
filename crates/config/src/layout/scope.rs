//! Finds the keys of the configuration, or of one of its accounts, in whichever of TOML's ways
//! they are written.

use super::{Item, Layout, Node, Section, Shape};

/// The places that hold the keys of the configuration, or of one account.
#[derive(Default)]
pub(crate) struct Scope<'a> {
    /// In the order of the text; never empty.
    pub(crate) homes: Vec<Home<'a>>,
}

/// A place that holds keys.
pub(crate) struct Home<'a> {
    /// What all its keys begin with, as seen from the scope.
    pub(crate) path: Vec<&'a str>,
    /// How it is written.
    pub(crate) form: Form<'a>,
}

/// How a table is written.
#[derive(Clone, Copy)]
pub(crate) enum Form<'a> {
    /// Below a header, the one with this index; or before the first.
    Section(usize, &'a Section),
    /// In braces.
    Braces(&'a Node),
}

impl Layout {
    /// What does not belong to any account.
    pub(crate) fn root(&self) -> Scope<'_> {
        let mut scope = Scope::default();
        for (at, section) in self.sections.iter().enumerate() {
            if section.path.first().is_none_or(|name| name != ACCOUNTS) {
                scope.add(names(&section.path).collect(), Form::Section(at, section));
            }
        }
        scope
    }

    /// All of the text but for what stands in lists of tables, as one scope: of a text that is not
    /// this program's configuration.
    pub(crate) fn whole(&self) -> Scope<'_> {
        let lists = || self.sections.iter().filter(|section| section.is_list);
        let mut scope = Scope::default();
        for (at, section) in self.sections.iter().enumerate() {
            if !lists().any(|list| section.path.starts_with(&list.path)) {
                scope.add(names(&section.path).collect(), Form::Section(at, section));
            }
        }
        scope
    }

    /// Every account.
    pub(crate) fn accounts(&self) -> Vec<Scope<'_>> {
        let mut accounts: Vec<Scope<'_>> = Vec::new();
        for item in self.account_list().into_iter().flat_map(|list| &list.items) {
            if item.value.shape == Shape::Table {
                let mut scope = Scope::default();
                scope.add(Vec::new(), Form::Braces(&item.value));
                accounts.push(scope);
            }
        }
        for (at, section) in self.sections.iter().enumerate() {
            let below = match section.path.split_first() {
                Some((name, below)) if name == ACCOUNTS => below,
                _ => continue,
            };
            if below.is_empty() && section.is_list {
                accounts.push(Scope::default());
            }
            if let Some(account) = accounts.last_mut() {
                account.add(names(below).collect(), Form::Section(at, section));
            }
        }
        accounts
    }

    /// The accounts, when they are written as `accounts = [{ .. }]`.
    pub(crate) fn account_list(&self) -> Option<&Node> {
        let root = self.root();
        let (_, list) = root.find(&[ACCOUNTS])?;
        (list.value.shape == Shape::Array).then_some(&list.value)
    }
}

impl<'a> Scope<'a> {
    /// The key with these names, and the place that holds it.
    pub(crate) fn find(&self, path: &[&str]) -> Option<(&Home<'a>, &'a Item)> {
        self.items()
            .find(|(home, item)| home.names_of(item).eq(path.iter().copied()))
    }

    /// The table with these names, when it has a header or stands in braces.
    pub(crate) fn home(&self, path: &[&str]) -> Option<&Home<'a>> {
        self.homes.iter().find(|home| home.path == path)
    }

    /// The place with dotted keys that make up the table with these names, and the last of them.
    pub(crate) fn dotted(&self, path: &[&str]) -> Option<(&Home<'a>, &'a Item)> {
        let inside = |(home, item): &(&Home<'a>, &'a Item)| {
            let mut names = home.names_of(item);
            home.path.len() < path.len() && path.iter().all(|name| names.next() == Some(*name))
        };
        self.items().filter(inside).last()
    }

    fn items(&self) -> impl Iterator<Item = (&Home<'a>, &'a Item)> {
        self.homes
            .iter()
            .flat_map(|home| home.items().iter().map(move |item| (home, item)))
    }

    fn add(&mut self, path: Vec<&'a str>, form: Form<'a>) {
        let home = Home { path, form };
        let inner: Vec<_> = home
            .items()
            .iter()
            .filter(|item| item.value.shape == Shape::Table)
            .map(|item| (home.names_of(item).collect(), Form::Braces(&item.value)))
            .collect();
        self.homes.push(home);
        for (path, form) in inner {
            self.add(path, form);
        }
    }
}

impl<'a> Home<'a> {
    /// Its own keys.
    pub(crate) fn items(&self) -> &'a [Item] {
        match self.form {
            Form::Section(_, section) => &section.items,
            Form::Braces(node) => &node.items,
        }
    }

    /// The names of a key that it holds, as seen from the scope.
    fn names_of(&self, item: &'a Item) -> impl Iterator<Item = &'a str> {
        self.path.clone().into_iter().chain(names(&item.keys))
    }
}

fn names(names: &[String]) -> impl Iterator<Item = &str> {
    names.iter().map(String::as_str)
}

const ACCOUNTS: &str = "accounts";
