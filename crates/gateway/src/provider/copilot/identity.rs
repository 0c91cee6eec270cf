//! The headers by which Copilot knows an editor: a versioned default profile,
//! kept as data since it rots, with the account's settings over it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use config::Settings;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;

/// The default profile (facts: Copilot, 3). Plugin, editor and API version
/// are one coordinated set: bump them together.
pub static PROFILE: LazyLock<Profile> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../../data/copilot-identity.json"))
        .expect("the profile in the tree is valid, as a test proves")
});

/// A coordinated set of identity values.
#[derive(Deserialize)]
pub struct Profile {
    /// When the values were gathered.
    pub version: String,
    /// The OAuth application that signs in.
    pub client_id: String,
    /// The API version of the token exchange.
    pub exchange_api_version: String,
    /// The data plane's headers.
    pub headers: BTreeMap<String, String>,
}

/// The identity headers of an account. `device` is this installation's
/// stable `editor-device-id`.
pub fn headers(settings: &Settings, device: &str) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(24);
    for (name, value) in &PROFILE.headers {
        set(&mut headers, name, value);
    }
    set(&mut headers, "editor-device-id", device);
    for (name, value) in overrides(settings) {
        if let Some(value) = value {
            set(&mut headers, name, value);
        }
    }
    headers
}

/// Which header each setting overrides.
pub fn overrides(settings: &Settings) -> [(&'static str, Option<&str>); 7] {
    [
        ("editor-version", settings.editor_version.as_deref()),
        (
            "editor-plugin-version",
            settings.editor_plugin_version.as_deref(),
        ),
        ("user-agent", settings.user_agent.as_deref()),
        (
            "copilot-integration-id",
            settings.copilot_integration_id.as_deref(),
        ),
        ("openai-intent", settings.openai_intent.as_deref()),
        (
            "x-github-api-version",
            settings.x_github_api_version.as_deref(),
        ),
        ("x-interaction-type", settings.interaction_type.as_deref()),
    ]
}

/// Values come from the tree or from a checked configuration; one that still
/// cannot stand in a header is left out rather than sent broken.
fn set(headers: &mut HeaderMap, name: &str, value: &str) {
    if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_str(value)) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_win_over_the_profile_and_every_header_is_there() {
        let settings = Settings {
            editor_version: Some("vscode/9.9.9".into()),
            ..Settings::default()
        };
        let headers = headers(&settings, "device");
        assert_eq!(headers["editor-version"], "vscode/9.9.9");
        assert_eq!(headers["editor-device-id"], "device");
        for name in PROFILE.headers.keys() {
            assert!(headers.contains_key(name), "{name}");
        }
    }
}
