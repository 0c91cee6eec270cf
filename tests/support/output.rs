//! What a command said, and how it ended.

use std::process::ExitStatus;

use serde_json::Value;

/// What differs from run to run, and what to say instead.
pub(crate) type Names = Vec<(String, &'static str)>;

/// What a command said, and how it ended.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// `None` where a signal ended it.
    pub(crate) code: Option<i32>,
    names: Names,
}

impl Output {
    /// No command ever says a secret: each output is looked through.
    pub(crate) fn new(stdout: Vec<u8>, stderr: Vec<u8>, status: ExitStatus, names: Names) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("only text is said");
        let output = Self {
            stdout: text(stdout),
            stderr: text(stderr),
            code: status.code(),
            names,
        };
        assert_tells_no_secret(&output.stdout);
        assert_tells_no_secret(&output.stderr);
        output
    }

    /// It went well.
    #[track_caller]
    pub(crate) fn succeeded(self) -> Self {
        assert_eq!(self.code, Some(0), "{self:#?}");
        self
    }

    /// It ended with this exit code and said why: `error:` on stderr, and
    /// nothing on stdout, which is for data.
    #[track_caller]
    pub(crate) fn failed_with(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        assert!(self.stderr.contains("error: "), "{self:#?}");
        assert_eq!(self.stdout, "", "{self:#?}");
        self
    }

    /// It says what to do, on a line of its own.
    #[track_caller]
    pub(crate) fn hints_at(self, what: &str) -> Self {
        let mut hints = self
            .stderr
            .lines()
            .filter(|line| line.starts_with("hint: "));
        assert!(
            hints.any(|hint| hint.contains(what)),
            "no hint at {what:?}: {self:#?}"
        );
        self
    }

    /// It says this on stderr.
    #[track_caller]
    pub(crate) fn says(self, what: &str) -> Self {
        assert!(self.stderr.contains(what), "no {what:?}: {self:#?}");
        self
    }

    /// What was said on stdout as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }

    /// What was said on stdout, with a name for what differs from run to run.
    pub(crate) fn printed(&self) -> String {
        named(&self.names, &self.stdout)
    }

    /// What was said on stderr, with a name for what differs from run to run.
    pub(crate) fn told(&self) -> String {
        named(&self.names, &self.stderr)
    }
}

/// A text with a name for what differs from run to run.
pub(crate) fn named(names: &Names, text: &str) -> String {
    names.iter().fold(text.to_owned(), |text, (real, name)| {
        text.replace(real, name)
    })
}

/// Takes snapshots with a name for each moment, short length of time and id of
/// a request, which differ from run to run.
pub(crate) fn with_times_named(take: impl FnOnce()) {
    let mut settings = insta::Settings::clone_current();
    for (differs, name) in [
        (r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?Z", "[moment]"),
        (r"\b\d+ ms\b|\b\d+\.\d s\b", "[time]"),
        (r#"(_ms|"ms)": \d+"#, r#"$1": [time]"#),
        (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "[id]"),
    ] {
        settings.add_filter(differs, name);
    }
    settings.bind(take);
}

/// Neither GitHub's tokens, nor Copilot's, nor a key.
#[track_caller]
pub(crate) fn assert_tells_no_secret(text: &str) {
    for secret in ["gho_", "ghu_", "tid=", super::ZAI_KEY, WRONG_KEY] {
        let line = text.lines().find(|line| line.contains(secret));
        assert!(line.is_none(), "a secret is told: {line:?}");
    }
}

/// A key that no upstream takes.
pub(crate) const WRONG_KEY: &str = "zai-wrong-key";
