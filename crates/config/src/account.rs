//! An account as the person wrote it: who it is, whose it is, and what it signs in with.

use std::fmt;

use secrecy::SecretString;

/// One `[[accounts]]` entry.
#[derive(Clone, Debug)]
pub struct Account {
    /// The name the person gave it, unique in the file.
    pub id: String,
    /// Whose account it is.
    pub provider: ProviderId,
    /// Whether it may serve.
    pub enabled: bool,
    /// GitHub's long-lived token.
    pub refresh_token: Option<SecretString>,
    /// Copilot's short-lived token, as a start; later ones are kept in the data directory.
    pub access_token: Option<SecretString>,
    /// When `access_token` ends, in Unix seconds.
    pub access_token_expires_at: Option<i64>,
    /// Where `refresh_token` is exchanged for an access token, when not at the usual place.
    pub refresh_url: Option<String>,
    /// The upstream, when not the provider's own; without a slash at its end.
    pub base_url: Option<String>,
    /// The static key of a Z.ai or Zhipu account.
    pub api_key: Option<SecretString>,
    /// The GitHub that a Copilot account lives on: `github.com` or `SUB.ghe.com`, in lower case.
    pub host: String,
    /// Whether it serves always, or only when no active one can.
    pub tier: Tier,
    /// How large a share of the requests it gets beside the others, from 1 to 100.
    pub weight: u32,
    /// How many requests it serves at once; `None` is no limit.
    pub max_concurrent: Option<u32>,
    /// Its own way out, in place of the `[proxy]` section.
    pub proxy: Option<OwnProxy>,
    /// How the account presents itself upstream.
    pub settings: Settings,
}

/// The providers, each by the id that the configuration file gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ProviderId {
    /// GitHub Copilot.
    GithubCopilot,
    /// Z.ai's coding plan.
    ZaiCodingPlan,
    /// Z.ai, paid by use.
    Zai,
    /// Zhipu's coding plan, for mainland China.
    ZhipuaiCodingPlan,
    /// Zhipu, paid by use, for mainland China.
    Zhipuai,
}

impl ProviderId {
    /// Every provider.
    pub const ALL: [Self; 5] = [
        Self::GithubCopilot,
        Self::ZaiCodingPlan,
        Self::Zai,
        Self::ZhipuaiCodingPlan,
        Self::Zhipuai,
    ];

    /// The ids of [`ALL`](Self::ALL), in its order.
    pub const IDS: [&'static str; 5] = {
        let mut ids = [""; 5];
        let mut at = 0;
        while at < ids.len() {
            ids[at] = Self::ALL[at].as_str();
            at += 1;
        }
        ids
    };

    /// The provider with this id.
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|provider| provider.as_str() == id)
    }

    /// The id, as written in the configuration file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GithubCopilot => "github-copilot",
            Self::ZaiCodingPlan => "zai-coding-plan",
            Self::Zai => "zai",
            Self::ZhipuaiCodingPlan => "zhipuai-coding-plan",
            Self::Zhipuai => "zhipuai",
        }
    }

    /// The name that people know the provider by.
    pub const fn display_name(self) -> &'static str {
        match self {
            Self::GithubCopilot => "GitHub Copilot",
            Self::ZaiCodingPlan => "Z.ai Coding Plan",
            Self::Zai => "Z.ai",
            Self::ZhipuaiCodingPlan => "Zhipu AI Coding Plan",
            Self::Zhipuai => "Zhipu AI",
        }
    }

    /// Whether accounts sign in with GitHub's tokens; the others have a static key.
    pub const fn is_copilot(self) -> bool {
        matches!(self, Self::GithubCopilot)
    }
}

impl fmt::Display for ProviderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// When an account's turn comes; the lesser goes before the greater.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// Always.
    #[default]
    Active,
    /// When no active account can serve.
    Fallback,
}

impl Tier {
    /// Every tier, by the name that the configuration file gives it.
    pub const NAMES: &[&str] = &[Self::Active.as_str(), Self::Fallback.as_str()];

    /// The tier's name in the configuration file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Fallback => "fallback",
        }
    }
}

/// An account's own way out.
#[derive(Clone, Debug)]
pub enum OwnProxy {
    /// None: the account's connections are direct, whatever `[proxy]` says.
    Direct,
    /// This `http`, `https`, `socks5` or `socks5h` URL, which may hold a password.
    Url(SecretString),
}

impl OwnProxy {
    /// The word for [`Direct`](Self::Direct) in the configuration file.
    pub const DIRECT: &str = "direct";
}

/// The `[accounts.settings]` of an account: overrides of the default identity profile.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The `Editor-Version` header.
    pub editor_version: Option<String>,
    /// The `Editor-Plugin-Version` header.
    pub editor_plugin_version: Option<String>,
    /// The `User-Agent` header.
    pub user_agent: Option<String>,
    /// The `Copilot-Integration-Id` header.
    pub copilot_integration_id: Option<String>,
    /// The `OpenAI-Intent` header.
    pub openai_intent: Option<String>,
    /// The `X-GitHub-Api-Version` header.
    pub x_github_api_version: Option<String>,
    /// The `X-Interaction-Type` header.
    pub interaction_type: Option<String>,
    /// What `X-Initiator` says.
    pub initiator_mode: InitiatorMode,
}

/// What the `X-Initiator` header says of a request whose client does not say it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InitiatorMode {
    /// Always `user`.
    User,
    /// Always `agent`.
    Agent,
    /// What the request's own messages tell.
    #[default]
    Auto,
}

impl InitiatorMode {
    /// Every mode, by the name that the configuration file gives it.
    pub const NAMES: &[&str] = &[
        Self::User.as_str(),
        Self::Agent.as_str(),
        Self::Auto.as_str(),
    ];

    /// The mode's name in the configuration file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Agent => "agent",
            Self::Auto => "auto",
        }
    }
}
