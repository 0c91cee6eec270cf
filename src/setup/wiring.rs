//! What each agent is told, to use the local API: in its environment, its file, its arguments.

use config::foreign::Form;
use serde_json::{Map, Value, json};

use super::edit::Setting;
use super::models::Known;
use super::{Address, edit};
use crate::args::Agent;
use crate::report::Failure;

/// What an agent is told.
pub(crate) struct Wiring {
    /// Variables that are set.
    pub(crate) environment: Vec<(&'static str, String)>,
    /// Variables that would speak against those, and so are not.
    pub(crate) unset: &'static [&'static str],
    /// Arguments that come before its own.
    pub(crate) arguments: Vec<String>,
    /// Keys of its file.
    pub(super) settings: Vec<Setting>,
}

/// The models that an agent is told of.
struct Chosen {
    main: Option<String>,
    /// For small tasks, such as a title.
    small: Option<String>,
}

impl Wiring {
    /// What this agent is told, with the model that a person asks for, if they do.
    pub(crate) fn of(
        agent: Agent,
        address: &Address,
        known: &Known,
        model: Option<&str>,
    ) -> Result<Self, Failure> {
        let chosen = Chosen::of(agent, known, model)?;
        Ok(match agent {
            Agent::ClaudeCode => claude_code(address, known, &chosen),
            Agent::Codex => codex(address, &chosen),
            Agent::Opencode => opencode(address, known, &chosen),
            Agent::Copilot => copilot(address, &chosen),
            Agent::Aider => aider(address, &chosen),
            Agent::QwenCode => qwen_code(address, &chosen),
            Agent::Env => usual(address),
        })
    }

    fn of_environment(environment: Vec<(&'static str, Option<String>)>) -> Self {
        let is_told = |(name, value): (_, Option<String>)| Some((name, value?));
        Self {
            environment: environment.into_iter().filter_map(is_told).collect(),
            unset: &[],
            arguments: Vec::new(),
            settings: Vec::new(),
        }
    }
}

impl Chosen {
    fn of(agent: Agent, known: &Known, model: Option<&str>) -> Result<Self, Failure> {
        let main = match (model, agent) {
            (Some(model), _) => Some(known.named(model)?),
            (None, Agent::Codex) => known.newest(&[
                (&["gpt", "codex"], SMALL),
                (&["gpt"], SMALL),
                (&["claude"], SMALL),
                (&[], SMALL),
                (&[], &[]),
            ]),
            (None, _) => known.newest(&[
                (&["claude", "sonnet"], SMALL),
                (&["claude"], SMALL),
                (&["gpt"], SMALL),
                (&[], SMALL),
                (&[], &[]),
            ]),
        };
        let small = known.newest(&[
            (&["claude", "haiku"], &[]),
            (&["gpt", "mini"], &[]),
            (&["air"], &[]),
            (&["flash"], &[]),
        ]);
        let small = small.or_else(|| main.clone());
        Ok(Self { main, small })
    }
}

fn claude_code(address: &Address, known: &Known, chosen: &Chosen) -> Wiring {
    let (main, small) = (&chosen.main, &chosen.small);
    // What the names `opus` and `sonnet` mean to a person who picks a model by them.
    let alias = |word| {
        let newest = known.newest(&[(&["claude", word], &[])]);
        newest.or_else(|| main.clone())
    };
    let wiring = Wiring::of_environment(vec![
        ("ANTHROPIC_BASE_URL", Some(address.root().to_owned())),
        ("ANTHROPIC_AUTH_TOKEN", Some(NO_KEY.to_owned())),
        ("ANTHROPIC_MODEL", main.clone()),
        ("ANTHROPIC_DEFAULT_OPUS_MODEL", alias("opus")),
        ("ANTHROPIC_DEFAULT_SONNET_MODEL", alias("sonnet")),
        ("ANTHROPIC_DEFAULT_HAIKU_MODEL", small.clone()),
        // The name that older releases know.
        ("ANTHROPIC_SMALL_FAST_MODEL", small.clone()),
    ]);
    let setting = |(name, value): &(&str, String)| setting(&["env", name], value.clone());
    Wiring {
        settings: wiring.environment.iter().map(setting).collect(),
        // With a key beside the token, it asks which of both to use.
        unset: &[
            "ANTHROPIC_API_KEY",
            "CLAUDE_CODE_USE_BEDROCK",
            "CLAUDE_CODE_USE_VERTEX",
            "CLAUDE_CODE_USE_FOUNDRY",
        ],
        ..wiring
    }
}

/// Its built-in provider speaks over a WebSocket first, and one of its own has a name in its
/// file only (facts: clients, 3): so it is given one, also for a single run.
fn codex(address: &Address, chosen: &Chosen) -> Wiring {
    const PROVIDER: &str = "model_providers";
    let model = chosen.main.clone();
    let model = model.map(|model| setting(&["model"], model));
    let settings: Vec<Setting> = model
        .into_iter()
        .chain([
            setting(&["model_provider"], OWN_NAME),
            setting(&[PROVIDER, OWN_NAME, "name"], OWN_NAME),
            setting(&[PROVIDER, OWN_NAME, "base_url"], address.v1()),
            setting(&[PROVIDER, OWN_NAME, "wire_api"], "responses"),
        ])
        .collect();
    let argument = |(path, value): &Setting| {
        let value = Form::Toml.written(value);
        ["-c".to_owned(), format!("{}={value}", path.join("."))]
    };
    Wiring {
        arguments: settings.iter().flat_map(argument).collect(),
        settings,
        ..Wiring::of_environment(Vec::new())
    }
}

fn opencode(address: &Address, known: &Known, chosen: &Chosen) -> Wiring {
    let of_provider =
        |names: &[&str], value: Value| setting(&[&["provider", OWN_NAME], names].concat(), value);
    let mut settings = vec![
        of_provider(&["npm"], "@ai-sdk/openai-compatible".into()),
        of_provider(&["name"], OWN_NAME.into()),
        of_provider(&["options", "baseURL"], address.v1().into()),
        of_provider(&["options", "apiKey"], NO_KEY.into()),
    ];
    for model in known.models() {
        let limits = model
            .limits
            .map(|(context, output)| json!({"limit": {"context": context, "output": output}}));
        let told = limits.unwrap_or_else(|| Map::new().into());
        settings.push(of_provider(&["models", &model.id], told));
    }
    let is_listed = |id: &str| known.models().iter().any(|model| model.id == id);
    if let Some(main) = chosen.main.as_deref().filter(|id| !is_listed(id)) {
        settings.push(of_provider(&["models", main], Map::new().into()));
    }
    for (key, model) in [("model", &chosen.main), ("small_model", &chosen.small)] {
        if let Some(model) = model {
            settings.push(setting(&[key], format!("{OWN_NAME}/{model}")));
        }
    }
    let content = edit::nested(&settings).to_string();
    Wiring {
        environment: vec![("OPENCODE_CONFIG_CONTENT", content)],
        settings,
        ..Wiring::of_environment(Vec::new())
    }
}

fn copilot(address: &Address, chosen: &Chosen) -> Wiring {
    Wiring {
        unset: &["COPILOT_PROVIDER_BEARER_TOKEN"],
        ..Wiring::of_environment(vec![
            ("COPILOT_PROVIDER_BASE_URL", Some(address.v1())),
            ("COPILOT_PROVIDER_TYPE", Some("openai".to_owned())),
            ("COPILOT_PROVIDER_WIRE_API", Some("completions".to_owned())),
            ("COPILOT_PROVIDER_API_KEY", Some(NO_KEY.to_owned())),
            ("COPILOT_MODEL", chosen.main.clone()),
            ("COPILOT_OFFLINE", Some("true".to_owned())),
        ])
    }
}

fn aider(address: &Address, chosen: &Chosen) -> Wiring {
    // Its models are named with who serves them.
    let named = |model: &Option<String>| Some(format!("openai/{}", model.as_ref()?));
    Wiring::of_environment(vec![
        ("OPENAI_API_BASE", Some(address.v1())),
        ("OPENAI_API_KEY", Some(NO_KEY.to_owned())),
        ("AIDER_MODEL", named(&chosen.main)),
        ("AIDER_WEAK_MODEL", named(&chosen.small)),
    ])
}

fn qwen_code(address: &Address, chosen: &Chosen) -> Wiring {
    Wiring::of_environment(vec![
        ("OPENAI_BASE_URL", Some(address.v1())),
        ("OPENAI_API_KEY", Some(NO_KEY.to_owned())),
        ("OPENAI_MODEL", chosen.main.clone()),
    ])
}

/// What the libraries of OpenAI and Anthropic read, which name no model.
fn usual(address: &Address) -> Wiring {
    Wiring {
        unset: &["ANTHROPIC_API_KEY"],
        ..Wiring::of_environment(vec![
            ("OPENAI_BASE_URL", Some(address.v1())),
            ("OPENAI_API_KEY", Some(NO_KEY.to_owned())),
            ("ANTHROPIC_BASE_URL", Some(address.root().to_owned())),
            ("ANTHROPIC_AUTH_TOKEN", Some(NO_KEY.to_owned())),
        ])
    }
}

fn setting(path: &[&str], value: impl Into<Value>) -> Setting {
    let path = path.iter().map(|name| (*name).to_owned());
    (path.collect(), value.into())
}

/// Clients insist on a key, and the local API asks for none.
const NO_KEY: &str = "unused";

/// What the local API is called in other programs' files.
const OWN_NAME: &str = "tokn-router";

/// What small models have in their names.
const SMALL: &[&str] = &["mini", "nano", "haiku", "flash", "air", "lite"];
