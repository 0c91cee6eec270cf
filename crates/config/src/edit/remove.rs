//! Removes an account.

use std::path::Path;

use super::{Document, edit, scope};
use crate::layout::{Form, Item};
use crate::{Error, splice};

/// Removes an account from the file at `path`: its tables, with the comments inside them and those
/// right above their headers. Comments that the file begins with stay, and so does what a blank
/// line sets off below the account; inside `accounts = [..]`, every comment stays. An account that
/// does not exist is refused.
pub fn remove_account(path: &Path, id: &str) -> Result<(), Error> {
    edit(path, |document| document.remove_account(id))?
}

impl Document {
    /// Removes an account. One that does not exist is refused.
    pub fn remove_account(&mut self, id: &str) -> Result<(), Error> {
        self.require_account(Some(id))?;
        self.change(|text, layout| {
            let scope = scope(text, layout, Some(id))?;
            let sections = scope.homes.iter().filter_map(|home| match home.form {
                Form::Section(at, _) => Some(at),
                Form::Braces(_) => None,
            });
            let sections: Vec<usize> = sections.collect();
            if !sections.is_empty() {
                let runs = sections.chunk_by(|at, next| at + 1 == *next);
                let cut = |run: &[usize]| {
                    splice::remove_sections(text, layout, run[0], run[run.len() - 1])
                };
                return Some(runs.map(cut).collect());
            }
            let Form::Braces(account) = scope.homes.first()?.form else {
                return None;
            };
            let list = layout.account_list()?;
            let is_it = |item: &&Item| item.value.span == account.span;
            let item = list.items.iter().find(is_it)?;
            Some(splice::remove_item(text, layout, list, item))
        });
        Ok(())
    }
}
