//! Where the configuration and the data live, told from the environment alone.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::Error;

/// Looks a variable up in the environment.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// The configuration file: `flag`, else `TOKN_ROUTER_CONFIG`, else `tokn-router/config.toml` in
/// the person's configuration directory.
pub fn config_file(flag: Option<&Path>, env: Environment<'_>) -> Result<PathBuf, Error> {
    if let Some(path) = flag {
        return Ok(path.to_owned());
    }
    if let Some(path) = set(env, "TOKN_ROUTER_CONFIG") {
        return Ok(path);
    }
    directory(env, "XDG_CONFIG_HOME", "APPDATA", ".config").map(|base| base.join("config.toml"))
}

/// The directory of what the program keeps for itself: the ledger, and the tokens it refreshed.
pub fn data_dir(env: Environment<'_>) -> Result<PathBuf, Error> {
    directory(env, "XDG_DATA_HOME", "LOCALAPPDATA", ".local/share")
}

/// The usage ledger: `[usage] path`, with its `~/` resolved, else `usage.db` in the data directory.
pub fn usage_database(configured: Option<&Path>, env: Environment<'_>) -> Result<PathBuf, Error> {
    match configured {
        Some(path) => match path.strip_prefix("~") {
            Ok(rest) => Ok(home(env)?.join(rest)),
            Err(_) => Ok(path.to_owned()),
        },
        None => data_dir(env).map(|directory| directory.join("usage.db")),
    }
}

/// The `tokn-router` directory in `xdg`, else in `windows` (on Windows), else below the home.
fn directory(
    env: Environment<'_>,
    xdg: &str,
    windows: &str,
    below_home: &str,
) -> Result<PathBuf, Error> {
    // "All paths set in these environment variables must be absolute. If an implementation
    // encounters a relative path [..] it should consider the path invalid and ignore it."
    // — XDG Base Directory Specification 0.8
    let absolute = |name| set(env, name).filter(|path| path.is_absolute());
    let base = match absolute(xdg) {
        Some(base) => base,
        None if cfg!(windows) => absolute(windows).ok_or(Error::NoHome)?,
        None => home(env)?.join(below_home),
    };
    Ok(base.join("tokn-router"))
}

/// The person's home.
pub fn home(env: Environment<'_>) -> Result<PathBuf, Error> {
    let name = if cfg!(windows) { "USERPROFILE" } else { "HOME" };
    set(env, name)
        .filter(|home| home.is_absolute())
        .ok_or(Error::NoHome)
}

/// A variable that is set to something: an empty one counts as unset.
fn set(env: Environment<'_>, name: &str) -> Option<PathBuf> {
    env(name)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    fn environment(set: &[(&str, &str)]) -> impl Fn(&str) -> Option<OsString> {
        |name| {
            let found = set.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| OsString::from(value))
        }
    }

    fn config(flag: Option<&str>, set: &[(&str, &str)]) -> String {
        let path = config_file(flag.map(Path::new), &environment(set));
        path.unwrap().display().to_string()
    }

    #[test]
    fn the_flag_comes_before_the_variable_before_xdg_before_home() {
        let set = [
            ("HOME", "/home/u"),
            ("XDG_CONFIG_HOME", "/xdg"),
            ("TOKN_ROUTER_CONFIG", "env.toml"),
        ];
        assert_eq!(config(Some("flag.toml"), &set), "flag.toml");
        assert_eq!(config(None, &set), "env.toml");
        assert_eq!(config(None, &set[..2]), "/xdg/tokn-router/config.toml");
        assert_eq!(
            config(None, &set[..1]),
            "/home/u/.config/tokn-router/config.toml"
        );
    }

    #[test]
    fn an_xdg_directory_that_is_not_absolute_is_ignored() {
        for xdg in ["", "relative", "./x"] {
            let set = [
                ("HOME", "/home/u"),
                ("XDG_CONFIG_HOME", xdg),
                ("XDG_DATA_HOME", xdg),
            ];
            assert_eq!(
                config(None, &set),
                "/home/u/.config/tokn-router/config.toml"
            );
            let data = data_dir(&environment(&set)).unwrap();
            assert_eq!(data, Path::new("/home/u/.local/share/tokn-router"));
        }
    }

    #[test]
    fn without_a_home_there_is_an_error_with_a_hint() {
        let error = config_file(None, &environment(&[("HOME", "")])).unwrap_err();
        insta::assert_snapshot!(error, @"no home directory is known");
        insta::assert_snapshot!(error.hint().unwrap(), @"set HOME, or name the file with --config PATH");
        assert!(data_dir(&environment(&[])).is_err());
        assert!(usage_database(Some(Path::new("~/u.db")), &environment(&[])).is_err());
    }

    #[test]
    fn the_ledger_is_in_the_data_directory_unless_the_configuration_says_otherwise() {
        let set = [("HOME", "/home/u"), ("XDG_DATA_HOME", "/data")];
        let at = |path: Option<&str>| {
            usage_database(path.map(Path::new), &environment(&set))
                .unwrap()
                .display()
                .to_string()
        };
        assert_eq!(at(None), "/data/tokn-router/usage.db");
        assert_eq!(at(Some("~/u.db")), "/home/u/u.db");
        assert_eq!(at(Some("/u.db")), "/u.db");
    }
}
