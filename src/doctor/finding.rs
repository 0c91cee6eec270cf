//! What was looked at, how it is, and what to do about it.

use serde_json::{Value, json};

/// How it is with something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    /// As it should be.
    Well,
    /// Worth knowing, but it works.
    Note,
    /// Something cannot work like this.
    Problem,
}

/// What was found out about one thing.
#[derive(Debug)]
pub(super) struct Finding {
    pub(super) level: Level,
    /// What was looked at; an account by its id.
    about: String,
    found: String,
    remedy: Option<String>,
}

impl Finding {
    pub(super) fn well(about: impl Into<String>, found: impl Into<String>) -> Self {
        Self::of(Level::Well, about, found)
    }

    pub(super) fn note(about: impl Into<String>, found: impl Into<String>) -> Self {
        Self::of(Level::Note, about, found)
    }

    pub(super) fn problem(about: impl Into<String>, found: impl Into<String>) -> Self {
        Self::of(Level::Problem, about, found)
    }

    fn of(level: Level, about: impl Into<String>, found: impl Into<String>) -> Self {
        Self {
            level,
            about: about.into(),
            found: found.into(),
            remedy: None,
        }
    }

    /// The same with what to do about it.
    pub(super) fn remedy(self, remedy: impl Into<String>) -> Self {
        Self {
            remedy: Some(remedy.into()),
            ..self
        }
    }

    pub(super) fn as_json(&self) -> Value {
        json!({
            "about": self.about,
            "level": self.level.as_str(),
            "found": self.found,
            "remedy": self.remedy,
        })
    }
}

impl Level {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Well => "ok",
            Self::Note => "note",
            Self::Problem => "problem",
        }
    }
}

impl Finding {
    /// Line by line, none wider than `width` but for a word that is: the level first,
    /// as a word that needs no colour.
    pub(super) fn page(&self, width: usize) -> String {
        let found = format!("{}: {}", self.about, self.found);
        let mut page = format!("{:<INDENT$}", self.level.as_str());
        page += &wrapped(&found, width);
        if let Some(remedy) = &self.remedy {
            page += &format!("\n{:INDENT$}", "");
            page += &wrapped(&format!("hint: {remedy}"), width);
        }
        page
    }
}

/// Words in lines that begin at the indent, the first one's not written.
fn wrapped(text: &str, width: usize) -> String {
    let mut lines = String::new();
    let mut column = INDENT;
    for word in text.split_whitespace() {
        let wide = console::measure_text_width(word);
        match column {
            INDENT => {}
            _ if column + 1 + wide > width => {
                lines += &format!("\n{:INDENT$}", "");
                column = INDENT;
            }
            _ => {
                lines.push(' ');
                column += 1;
            }
        }
        lines += word;
        column += wide;
    }
    lines
}

/// Where text begins, behind the level.
const INDENT: usize = 9;
