//! The agents: what their programs are called, and where their files are.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use clap::ValueEnum as _;
use config::foreign::Form;

use crate::args::Agent;
use crate::env;
use crate::report::Failure;

/// The file that an agent reads.
pub(super) struct Place {
    pub(super) path: PathBuf,
    pub(super) form: Form,
}

impl Agent {
    /// The name that it is asked for by.
    pub(crate) fn name(self) -> String {
        let value = self.to_possible_value();
        value.map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// What its program is called.
    pub(super) const fn program(self) -> Option<&'static str> {
        match self {
            Self::ClaudeCode => Some("claude"),
            Self::Codex => Some("codex"),
            Self::Opencode => Some("opencode"),
            Self::Copilot => Some("copilot"),
            Self::Aider => Some("aider"),
            Self::QwenCode => Some("qwen"),
            Self::Env => None,
        }
    }

    /// Whose program this is, by its name alone; any other reads the usual variables.
    pub(crate) fn of_program(program: &OsStr) -> Self {
        let stem = Path::new(program).file_stem();
        let stem = stem.map(OsStr::to_ascii_lowercase).unwrap_or_default();
        let is_its = |agent: &&Self| agent.program().is_some_and(|program| stem == program);
        *Self::value_variants()
            .iter()
            .find(is_its)
            .unwrap_or(&Self::Env)
    }

    /// Where its file is, or would be; `None` where only the environment tells it.
    pub(super) fn place(self) -> Result<Option<Place>, Failure> {
        let (path, form) = match self {
            Self::ClaudeCode => {
                let directory = directory(env::CLAUDE_CONFIG_DIR, ".claude")?;
                (directory.join("settings.json"), Form::Json)
            }
            Self::Codex => {
                let directory = directory(env::CODEX_HOME, ".codex")?;
                (directory.join("config.toml"), Form::Toml)
            }
            Self::Opencode => {
                let directory = directory(env::XDG_CONFIG_HOME, ".config")?.join("opencode");
                let (plain, commented) = (
                    directory.join("opencode.json"),
                    directory.join("opencode.jsonc"),
                );
                let is_commented = !plain.exists() && commented.exists();
                (if is_commented { commented } else { plain }, Form::Json)
            }
            Self::Copilot | Self::Aider | Self::QwenCode | Self::Env => return Ok(None),
        };
        Ok(Some(Place { path, form }))
    }
}

/// The directory that a variable names, else the one in the person's home.
fn directory(variable: &str, below_home: &str) -> Result<PathBuf, Failure> {
    match env::read(variable) {
        Some(directory) => Ok(directory.into()),
        None => Ok(config::paths::home(&env::read)?.join(below_home)),
    }
}

/// Where a program is, in the way that shells look for it: a name with a slash is a path.
pub(crate) fn find_program(program: &OsStr) -> Option<PathBuf> {
    if Path::new(program).components().count() > 1 {
        let path = PathBuf::from(program);
        return path.exists().then_some(path);
    }
    let directories = env::read(env::PATH)?;
    let endings: &[&str] = if cfg!(windows) {
        &[".exe", ".cmd", ".bat", ""]
    } else {
        &[""]
    };
    let named = |ending: &&str| -> OsString {
        let mut name = program.to_owned();
        name.push(ending);
        name
    };
    let names: Vec<_> = endings.iter().map(named).collect();
    let paths = std::env::split_paths(&directories);
    let mut paths = paths.flat_map(|directory| names.iter().map(move |name| directory.join(name)));
    paths.find(|path| is_program(path))
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    let metadata = path.metadata();
    metadata.is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    path.is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_known_by_its_name_wherever_it_is() {
        let of = |program: &str| Agent::of_program(OsStr::new(program));
        assert_eq!(of("claude"), Agent::ClaudeCode);
        assert_eq!(of("/opt/an agent/codex"), Agent::Codex);
        assert_eq!(of("./qwen"), Agent::QwenCode);
        assert_eq!(of("Copilot.exe"), Agent::Copilot);
        assert_eq!(of("python3"), Agent::Env);
        assert_eq!(of(""), Agent::Env);
    }
}
