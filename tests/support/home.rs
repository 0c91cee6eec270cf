//! A person's home: an environment with nothing of this machine in it.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use mock_upstream::Mock;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::output::{Names, named};
use super::{Output, PATIENCE, Server, ZAI_KEY};

/// A person's home, removed when it is dropped.
pub(crate) struct Home {
    _directory: TempDir,
    path: PathBuf,
    variables: Vec<(String, String)>,
    names: Names,
}

impl Home {
    /// A home with nothing in it.
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().canonicalize().unwrap();
        for name in ["bin", "tmp"] {
            fs::create_dir(path.join(name)).unwrap();
        }
        let names = vec![(path.display().to_string(), "[home]")];
        Self {
            _directory: directory,
            path,
            variables: Vec::new(),
            names,
        }
    }

    /// The home of one who wrote this configuration.
    pub(crate) fn with_config(text: &str) -> Self {
        let home = Self::new();
        home.write_config(text);
        home
    }

    /// The home of one who has signed in to these Copilot accounts.
    pub(crate) fn with_seats(mock: &Mock, ids: &[&str]) -> Self {
        let seats: Vec<String> = ids.iter().map(|id| seat(mock, id)).collect();
        Self::with_config(&seats.concat())
    }

    /// One more environment variable.
    pub(crate) fn with_variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// GitHub is the mock.
    pub(crate) fn reaching(mut self, mock: &Mock) -> Self {
        self.names.push((mock.url().to_owned(), "[github]"));
        self.with_variable("TOKN_ROUTER_GITHUB_URL", mock.url())
            .with_variable("TOKN_ROUTER_GITHUB_API_URL", mock.url())
    }

    /// Snapshots say `name` for `real`.
    pub(crate) fn calling(mut self, real: impl ToString, name: &'static str) -> Self {
        self.names.push((real.to_string(), name));
        self
    }

    /// A text with a name for what differs from run to run.
    pub(crate) fn named(&self, text: &str) -> String {
        named(&self.names, text)
    }

    /// A file below the home, for its owner only.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path.join(name);
        config::files::replace(&path, text.as_bytes()).unwrap();
        path
    }

    /// A program on the `PATH`, which holds no other.
    pub(crate) fn write_program(&self, name: &str, script: &str) {
        let path = self.write(&format!("bin/{name}"), script);
        fs::set_permissions(path, Permissions::from_mode(0o700)).unwrap();
    }

    pub(crate) fn write_config(&self, text: &str) {
        self.write(CONFIG, text);
    }

    /// The machine's own id, which is made by chance where there is none.
    pub(crate) fn write_device_id(&self) {
        let id = "00000000-0000-4000-8000-000000000000";
        self.write("data/tokn-router/device-id", id);
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn config_path(&self) -> PathBuf {
        self.path.join(CONFIG)
    }

    /// The text of the configuration.
    #[track_caller]
    pub(crate) fn config(&self) -> String {
        fs::read_to_string(self.config_path()).expect("there is a configuration")
    }

    /// The directory that the program keeps its own things in.
    pub(crate) fn data(&self) -> PathBuf {
        self.path.join("data/tokn-router")
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.data().join("usage.db")
    }

    /// Every file and directory that the program has made.
    pub(crate) fn left_behind(&self) -> Vec<String> {
        let mut names = Vec::new();
        let mut directories = vec![self.path.clone()];
        while let Some(directory) = directories.pop() {
            for entry in fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                names.push(path.strip_prefix(&self.path).unwrap().display().to_string());
                if path.is_dir() {
                    directories.push(path);
                }
            }
        }
        names.retain(|name| !["bin", "tmp"].contains(&name.as_str()));
        names.sort();
        names
    }

    /// Runs a command to its end. Nobody is at its terminal.
    pub(crate) async fn run(&self, args: &[&str]) -> Output {
        self.end(args, self.start(args)).await
    }

    /// Runs a command to its end, with this piped in.
    pub(crate) async fn run_with_stdin(&self, args: &[&str], text: &str) -> Output {
        let mut command = self.command(args);
        let mut running = command.stdin(Stdio::piped()).spawn().unwrap();
        let mut stdin = running.stdin.take().unwrap();
        // One that does not read it has ended.
        let _ = stdin.write_all(text.as_bytes()).await;
        drop(stdin);
        self.end(args, running).await
    }

    /// Starts a command.
    pub(crate) fn start(&self, args: &[&str]) -> Child {
        self.command(args).spawn().unwrap()
    }

    async fn end(&self, args: &[&str], running: Child) -> Output {
        let ended = timeout(PATIENCE, running.wait_with_output()).await;
        let output = ended.unwrap_or_else(|_| panic!("{args:?} hangs")).unwrap();
        Output::new(
            output.stdout,
            output.stderr,
            output.status,
            self.names.clone(),
        )
    }

    /// Starts the local API on a free port and waits until it listens.
    pub(crate) async fn serve(&self) -> Server {
        self.serve_with(&[]).await
    }

    /// The same with more arguments, which may name another port.
    pub(crate) async fn serve_with(&self, args: &[&str]) -> Server {
        let args = [&["serve", "--port", "0"], args].concat();
        Server::start(self.command(&args), self.names.clone()).await
    }

    /// The whole environment of a command.
    pub(crate) fn environment(&self) -> Vec<(String, String)> {
        let usual = [
            ("HOME", ""),
            ("XDG_CONFIG_HOME", "config"),
            ("XDG_DATA_HOME", "data"),
            ("TMPDIR", "tmp"),
            ("PATH", "bin"),
        ];
        let usual = usual.map(|(name, below)| {
            let path = self.path.join(below).display().to_string();
            (name.to_owned(), path)
        });
        let zone = ("TZ".to_owned(), "UTC".to_owned());
        let named = self.variables.iter().cloned();
        usual.into_iter().chain([zone]).chain(named).collect()
    }

    /// What differs from run to run, and what to say instead.
    pub(crate) fn names(&self) -> &Names {
        &self.names
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tokn-router"));
        command
            .args(args)
            .env_clear()
            .envs(self.environment())
            .current_dir(&self.path)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }
}

/// The configuration of a Copilot account of the mock.
pub(crate) fn seat(mock: &Mock, id: &str) -> String {
    format!(
        "[[accounts]]\n\
         id = \"{id}\"\n\
         refresh_token = \"gho_demo_{id}\"\n\
         refresh_url = \"{}/copilot_internal/v2/token\"\n\n",
        mock.url()
    )
}

/// The key of the mock's account that [`zai_seat`] configures.
pub(crate) fn zai_key(id: &str) -> String {
    format!("{ZAI_KEY}-{id}")
}

/// The configuration of a Z.ai account of the mock.
pub(crate) fn zai_seat(mock: &Mock, id: &str) -> String {
    format!(
        "[[accounts]]\n\
         id = \"{id}\"\n\
         provider = \"zai\"\n\
         api_key = \"{}\"\n\
         base_url = \"{}/api/paas/v4\"\n\n",
        zai_key(id),
        mock.url()
    )
}

/// The mode of a file.
pub(crate) fn mode(path: &Path) -> u32 {
    let metadata = fs::metadata(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    metadata.permissions().mode() & 0o777
}

const CONFIG: &str = "config/tokn-router/config.toml";
