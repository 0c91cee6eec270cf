//! Every environment variable that the program reads, and the only reading.

use std::ffi::OsString;

use config::ProviderId;

/// `TOKN_ROUTER_CONFIG`: the configuration file; read by `config::paths`, as
/// are `XDG_CONFIG_HOME`, `XDG_DATA_HOME`, `HOME` and Windows' `APPDATA`,
/// `LOCALAPPDATA`.
///
/// `TOKN_ROUTER_GITHUB_URL`: where sign-in happens instead of github.com.
pub(crate) const GITHUB_URL: &str = "TOKN_ROUTER_GITHUB_URL";
/// Where GitHub's REST API is instead of api.github.com.
pub(crate) const GITHUB_API_URL: &str = "TOKN_ROUTER_GITHUB_API_URL";
/// Where `update-catalogue` fetches from instead of models.dev.
pub(crate) const CATALOGUE_URL: &str = "TOKN_ROUTER_CATALOGUE_URL";
/// What is logged, as a `tracing` filter such as `debug` or `gateway=trace`.
pub(crate) const LOG: &str = "TOKN_ROUTER_LOG";
/// The editor that `config edit` opens, a command with or without arguments.
pub(crate) const VISUAL: &str = "VISUAL";
/// The same where `VISUAL` is not set.
pub(crate) const EDITOR: &str = "EDITOR";
/// Where Claude Code keeps its files instead of `~/.claude`.
pub(crate) const CLAUDE_CONFIG_DIR: &str = "CLAUDE_CONFIG_DIR";
/// Where Codex keeps its files instead of `~/.codex`.
pub(crate) const CODEX_HOME: &str = "CODEX_HOME";
/// Where other programs keep their configuration instead of `~/.config`.
pub(crate) const XDG_CONFIG_HOME: &str = "XDG_CONFIG_HOME";
/// The directories that programs are looked for in.
pub(crate) const PATH: &str = "PATH";
/// The person's shell.
pub(crate) const SHELL: &str = "SHELL";
/// Where a program that is started sends what it says to the network.
pub(crate) const PROXIES: [&str; 6] = [
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "ALL_PROXY",
    "all_proxy",
];
/// What it does not send there.
pub(crate) const NO_PROXY: [&str; 2] = ["NO_PROXY", "no_proxy"];
/// Set to anything: no colour (no-color.org).
pub(crate) const NO_COLOR: &str = "NO_COLOR";

/// Where `import --from env` looks for a provider's credential, in order.
pub(crate) const fn credentials(provider: ProviderId) -> &'static [&'static str] {
    match provider {
        ProviderId::GithubCopilot => &[
            "COPILOT_GITHUB_TOKEN",
            "GH_COPILOT_TOKEN",
            "GH_TOKEN",
            "GITHUB_TOKEN",
        ],
        ProviderId::ZaiCodingPlan | ProviderId::Zai => {
            &["ZAI_API_KEY", "Z_AI_API_KEY", "GLM_API_KEY"]
        }
        ProviderId::ZhipuaiCodingPlan | ProviderId::Zhipuai => &[
            "ZHIPU_API_KEY",
            "ZHIPUAI_API_KEY",
            "BIGMODEL_API_KEY",
            "GLM_API_KEY",
        ],
    }
}

/// The value of a variable, unless it is empty.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub(crate) fn read(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// The value of a variable as text.
pub(crate) fn text(name: &str) -> Option<String> {
    read(name)?.into_string().ok()
}

/// By whose clocks a person's hours and days begin; universal time where the system
/// does not say (`TZ`, or its own setting).
pub(crate) fn zone() -> jiff::tz::TimeZone {
    jiff::tz::TimeZone::try_system().unwrap_or(jiff::tz::TimeZone::UTC)
}

/// Whether the person's terminal shows more than ASCII, as the locale says (POSIX: the
/// first of these that is set counts). Windows' consoles do.
pub(crate) fn speaks_utf8() -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(text);
    let named = locale.is_some_and(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    });
    named || cfg!(windows)
}
