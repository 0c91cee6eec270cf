//! An environment in the words of a shell, for it to evaluate.

use std::path::Path;

use crate::args::Shell;
use crate::env;

impl Shell {
    /// The person's own.
    pub(super) fn own() -> Self {
        let shell = env::text(env::SHELL);
        let name = shell.as_deref().map(Path::new).and_then(Path::file_stem);
        match name.and_then(|name| name.to_str()) {
            Some("bash") => Self::Bash,
            Some("zsh") => Self::Zsh,
            Some("fish") => Self::Fish,
            Some("pwsh" | "powershell") => Self::Pwsh,
            None if cfg!(windows) => Self::Pwsh,
            _ => Self::Sh,
        }
    }

    /// Sets a variable, for all that the shell starts.
    pub(super) fn set(self, name: &str, value: &str) -> String {
        match self {
            Self::Sh | Self::Bash | Self::Zsh => format!("export {name}={}", quoted(value)),
            Self::Fish => format!("set -gx {name} {}", fish_quoted(value)),
            Self::Pwsh => format!("$env:{name} = '{}'", value.replace('\'', "''")),
        }
    }

    /// Unsets a variable.
    pub(super) fn unset(self, name: &str) -> String {
        match self {
            Self::Sh | Self::Bash | Self::Zsh => format!("unset {name}"),
            Self::Fish => format!("set -e {name}"),
            Self::Pwsh => format!("Remove-Item Env:{name}"),
        }
    }
}

/// A text as one word of a POSIX shell.
pub(super) fn quoted(text: &str) -> String {
    match is_plain(text) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

fn fish_quoted(text: &str) -> String {
    match is_plain(text) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\\', r"\\").replace('\'', r"\'")),
    }
}

/// Whether a text means itself to every shell.
fn is_plain(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:,".contains(&byte);
    !text.is_empty() && text.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_more_to_a_shell_than_itself_is_quoted() {
        let set = |shell: Shell, value| shell.set("A", value);
        assert_eq!(
            set(Shell::Sh, "http://127.0.0.1:1/v1"),
            "export A=http://127.0.0.1:1/v1"
        );
        assert_eq!(set(Shell::Sh, ""), "export A=''");
        assert_eq!(set(Shell::Zsh, "it's $A"), r"export A='it'\''s $A'");
        assert_eq!(set(Shell::Fish, r"it's \n"), r"set -gx A 'it\'s \\n'");
        assert_eq!(set(Shell::Pwsh, "it's `a"), "$env:A = 'it''s `a'");
    }

    #[cfg(unix)]
    #[test]
    fn a_posix_shell_reads_what_was_meant() {
        for value in [
            "",
            "a b",
            "it's",
            "$(x) `y` \"z\" \\n",
            "é\nü",
            "~",
            "*",
            "#a",
        ] {
            let script = format!("{}; printf %s \"$A\"", Shell::Sh.set("A", value));
            let said = std::process::Command::new("/bin/sh")
                .args(["-c", &script])
                .output();
            assert_eq!(String::from_utf8(said.unwrap().stdout).unwrap(), value);
        }
    }
}
