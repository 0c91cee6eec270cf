//! A person at a terminal: what they see of a command, and what they answer.

use std::process::ExitStatus;
use std::time::Duration;

use pty_process::{Pty, Size};
use rustix::termios::{LocalModes, tcgetattr};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Child;
use tokio::time::{Instant, timeout};

use super::output::{Names, assert_tells_no_secret, named};
use super::{Home, PATIENCE, eventually};

/// A command at a terminal of its own.
pub(crate) struct Terminal {
    pty: Pty,
    child: Child,
    seen: Vec<u8>,
    names: Names,
}

/// What was seen at the terminal, and how the command ended.
#[derive(Debug)]
pub(crate) struct Seen {
    /// All that was written, colours included, with `\n` for line breaks.
    pub(crate) text: String,
    pub(crate) status: ExitStatus,
}

impl Home {
    /// Runs a command at a terminal that is so many columns wide, to its end.
    pub(crate) async fn run_at_terminal(&self, columns: u16, args: &[&str]) -> Seen {
        self.sit_at_terminal(columns, args).await.end().await
    }

    /// Starts a command at a terminal that is so many columns wide.
    pub(crate) async fn sit_at_terminal(&self, columns: u16, args: &[&str]) -> Terminal {
        let program = env!("CARGO_BIN_EXE_tokn-router");
        self.sit_at_terminal_of(program, columns, args).await
    }

    /// Starts another program at such a terminal.
    pub(crate) async fn sit_at_terminal_of(
        &self,
        program: &str,
        columns: u16,
        args: &[&str],
    ) -> Terminal {
        let (pty, pts) = pty_process::open().expect("there are terminals");
        pty.resize(Size::new(24, columns)).unwrap();
        let mut command = listening(program)
            .args(args)
            .env_clear()
            .env("TERM", "xterm-256color")
            .kill_on_drop(true)
            .current_dir(self.path());
        for (name, value) in self.environment() {
            command = command.env(name, value);
        }
        let child = command.spawn(pts).unwrap();
        Terminal {
            pty,
            child,
            seen: Vec::new(),
            names: self.names().clone(),
        }
    }
}

/// A program that Ctrl-C ends, also where the tests themselves do not hear it: a shell lets
/// what it runs in the background ignore it, and who is started inherits that.
#[cfg(target_os = "linux")]
fn listening(program: &str) -> pty_process::Command {
    pty_process::Command::new("/usr/bin/env").args(["--default-signal=INT,QUIT", program])
}

/// Other systems' `env` cannot do that.
#[cfg(not(target_os = "linux"))]
fn listening(program: &str) -> pty_process::Command {
    pty_process::Command::new(program)
}

impl Terminal {
    /// Waits until this is on the screen, behind all that was waited for before.
    pub(crate) async fn shows(&mut self, what: &str) {
        loop {
            let text = String::from_utf8_lossy(&self.seen).into_owned();
            if text.contains(what) {
                return;
            }
            assert!(self.read().await, "no {what:?}: {text}");
        }
    }

    /// Types this in, once it would not be shown: between a question and that moment
    /// nobody types as fast.
    pub(crate) async fn types(&mut self, keys: &str) {
        let is_unseen = || {
            let modes = tcgetattr(&self.pty).unwrap().local_modes;
            (!modes.contains(LocalModes::ECHO)).then_some(())
        };
        eventually("a question", is_unseen).await;
        self.pty.write_all(keys.as_bytes()).await.unwrap();
    }

    /// Gives each of these questions its answer, as often as one is asked, until the
    /// command ends.
    pub(crate) async fn answers(mut self, answers: &[(&str, String)]) -> Seen {
        while self.read().await {
            let text = String::from_utf8_lossy(&self.seen).into_owned();
            let text = console::strip_ansi_codes(&text);
            // Who has an answer shows the question once more, and goes on.
            let is_asked = |(asked, _): &&(&str, String)| text.ends_with(asked);
            if let Some((_, answer)) = answers.iter().find(is_asked) {
                self.types(answer).await;
            }
        }
        self.end().await
    }

    /// Presses Ctrl-C until the command ends. One that has asked and not yet begun to
    /// listen to single keys goes on after the first.
    pub(crate) async fn interrupt(mut self) -> Seen {
        const PAUSE: Duration = Duration::from_millis(50);
        let deadline = Instant::now() + PATIENCE;
        while self.child.try_wait().unwrap().is_none() {
            assert!(Instant::now() < deadline, "it does not end");
            // It may have ended just now.
            let _ = self.pty.write_all(b"\x03").await;
            let _ = timeout(PAUSE, self.child.wait()).await;
        }
        self.end().await
    }

    /// Waits until the command ends.
    pub(crate) async fn end(mut self) -> Seen {
        while self.read().await {}
        let status = timeout(PATIENCE, self.child.wait()).await;
        let status = status.expect("it ends").unwrap();
        let text = String::from_utf8(self.seen).expect("only text is said");
        assert_tells_no_secret(&text);
        let text = named(&self.names, &text.replace("\r\n", "\n"));
        Seen { text, status }
    }

    /// Reads on; `false` at the end.
    async fn read(&mut self) -> bool {
        let mut bytes = [0; 4096];
        // Linux says EIO once nobody has the terminal open.
        let read = timeout(PATIENCE, self.pty.read(&mut bytes)).await;
        let Ok(read) = read else {
            let text = String::from_utf8_lossy(&self.seen);
            panic!("nothing comes any more: {text}");
        };
        let count = read.unwrap_or(0);
        self.seen.extend_from_slice(&bytes[..count]);
        count > 0
    }
}

impl Seen {
    /// It went well.
    #[track_caller]
    pub(crate) fn succeeded(self) -> Self {
        assert!(self.status.success(), "{self:#?}");
        self
    }

    /// It ended with this exit code.
    #[track_caller]
    pub(crate) fn failed_with(self, code: i32) -> Self {
        assert_eq!(self.status.code(), Some(code), "{self:#?}");
        self
    }

    /// What stays on the screen: without colours, and of each line what was
    /// written over it last.
    pub(crate) fn screen(&self) -> String {
        let lines = self.text.lines().map(|line| {
            let line = console::strip_ansi_codes(line);
            let last = line.rsplit('\r').find(|part| !part.is_empty());
            last.unwrap_or("").trim_end().to_owned()
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}
