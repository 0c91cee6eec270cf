//! Loads the configuration file.

use std::path::Path;

use crate::problem::{Problem, Problems, position};
use crate::{Config, Error, check, files};

/// A configuration, and whether there was a file to read it from.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The configuration; the default one when there was no file.
    pub config: Config,
    /// Whether the file exists.
    pub found: bool,
}

/// Reads the file at `path`. One that does not exist is the default configuration.
pub fn load(path: &Path) -> Result<Loaded, Error> {
    let Some(text) = read(path)? else {
        return Ok(Loaded {
            config: Config::default(),
            found: false,
        });
    };
    let config = check(&text, path).map_err(Error::Problems)?;
    Ok(Loaded {
        config,
        found: true,
    })
}

/// The text of the file at `path`, when it exists; refused when it holds secrets that others may
/// read.
pub fn read(path: &Path) -> Result<Option<String>, Error> {
    let holds_secrets = |bytes: &[u8]| check::holds_secrets(&String::from_utf8_lossy(bytes));
    let bytes = match files::read_private(path, holds_secrets) {
        Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
            return Ok(None);
        }
        other => other?,
    };
    let text = String::from_utf8(bytes).map_err(|error| {
        let end = error.utf8_error().valid_up_to();
        let lossy = String::from_utf8_lossy(error.as_bytes());
        let (line, column) = position(&lossy, end);
        let message = "this is not UTF-8".to_owned();
        let list = vec![Problem {
            line,
            column,
            key: String::new(),
            message,
            nearest: None,
        }];
        Error::Problems(Problems {
            file: path.to_owned(),
            list,
        })
    })?;
    Ok(Some(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_is_the_default_and_says_so() {
        let directory = tempfile::tempdir().unwrap();
        let loaded = load(&directory.path().join("none/config.toml")).unwrap();
        assert!(!loaded.found);
        assert_eq!(loaded.config.server.port, 4141);
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let error = load(directory.path()).unwrap_err().to_string();
        assert!(error.starts_with(&format!("cannot read {}: ", directory.path().display())));
    }

    #[test]
    fn bytes_that_are_not_utf_8_are_told_with_their_place() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("config.toml");
        files::replace(&path, b"# \xc3\xa4\n# \xc3\xa4 \xff\n").unwrap();
        let Err(Error::Problems(problems)) = load(&path) else {
            panic!("accepted");
        };
        insta::assert_snapshot!(problems.list[0], @"2:5: this is not UTF-8");
    }

    #[cfg(unix)]
    #[test]
    fn only_a_file_with_secrets_must_be_private() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("config.toml");
        let open = |text: &str| {
            files::replace(&path, text.as_bytes()).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
            load(&path)
        };
        assert!(open("[server]\nport = 1\n").unwrap().found);
        let error = open("[[accounts]]\nid = 'a'\nrefresh_token = 'gho_1'\n").unwrap_err();
        let shown = error
            .to_string()
            .replace(&directory.path().display().to_string(), "");
        insta::assert_snapshot!(shown, @"/config.toml holds secrets, and others may use it (mode 0644): run chmod 600 '/config.toml'");
    }
}
