//! What is wrong with a configuration file, and where.

use std::fmt;
use std::path::PathBuf;

/// One thing that is wrong in a configuration file. It never holds the value of a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The key in question, as in `accounts[0].base_url`; empty for an error of syntax.
    pub key: String,
    /// What is wrong.
    pub message: String,
    /// What was most likely meant.
    pub nearest: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)?;
        match &self.nearest {
            Some(nearest) => write!(f, "\nhint: did you mean `{nearest}`?"),
            None => Ok(()),
        }
    }
}

/// Everything that is wrong in a configuration file, in its order; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems {
    /// The file.
    pub file: PathBuf,
    /// The problems, by line and column.
    pub list: Vec<Problem>,
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.list.iter().enumerate() {
            if at > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{}:{problem}", self.file.display())?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// The line and column of a byte in a text, both from 1.
pub(crate) fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = &text[..text.floor_char_boundary(offset)];
    let line = before.bytes().filter(|&byte| byte == b'\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    (line, before[start..].chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_position_leads_back_to_its_character(text in "([a-zäß仕\r]|\n){0,60}", at in 0..200usize) {
            let at = text.floor_char_boundary(at);
            let (line, column) = position(&text, at);
            let start: usize = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
            let back: usize = text[start..].chars().take(column - 1).map(char::len_utf8).sum();
            prop_assert_eq!(start + back, at);
        }
    }
}
