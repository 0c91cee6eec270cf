//! The models that the mock lists, in the words of each provider.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::drip;
use crate::script::Kind;

/// One model of the list.
#[derive(Clone, Debug)]
pub struct Model {
    /// The id to ask for.
    pub id: String,
    /// Who serves it.
    pub kinds: Vec<Kind>,
    /// What it does.
    pub task: Task,
    /// Its entry in `/models`, sent as it is.
    pub entry: Value,
}

/// What a model does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Chat.
    Chat,
    /// Embeddings.
    Embeddings,
}

/// A chat model of Copilot's, as its list tells it; prices in credits a million tokens.
struct Chat {
    id: &'static str,
    name: &'static str,
    vendor: &'static str,
    /// Context, prompt and output.
    limits: [u32; 3],
    endpoints: &'static [&'static str],
    /// Input, cached input and output.
    prices: [f64; 3],
    multiplier: f64,
    reasoning: bool,
}

/// The usual models of both providers.
pub(crate) fn usual() -> Vec<Model> {
    let copilot = COPILOT.iter().map(Chat::model);
    let zai = ZAI.iter().map(|id| Model::zai(*id));
    copilot
        .chain([Model::embeddings("text-embedding-3-small")])
        .chain(zai)
        .collect()
}

/// The benchmark ids, listed by every provider.
pub(crate) fn bench() -> Vec<Model> {
    let model = |id: &&str| Model {
        kinds: vec![Kind::Copilot, Kind::Zai],
        ..Model::copilot(*id)
    };
    drip::IDS.iter().map(model).collect()
}

/// The body of `GET /models`; odd entries go between the good ones.
pub(crate) fn list(models: &[&Model], odd: bool) -> Bytes {
    let mut entries: Vec<&Value> = models.iter().map(|model| &model.entry).collect();
    let bad = [
        json!({"id": 42, "capabilities": "none", "supported_endpoints": {}}),
        Value::Null,
        json!({"object": "model", "name": "an entry without an id"}),
    ];
    if odd {
        for (index, entry) in bad.iter().enumerate() {
            entries.insert(entries.len().min(index * 2), entry);
        }
    }
    json!({"object": "list", "data": entries})
        .to_string()
        .into()
}

impl Model {
    /// A chat model of Copilot's with middling limits.
    pub fn copilot(id: impl Into<String>) -> Self {
        Chat {
            id: "",
            name: "Mock model",
            vendor: "Mock",
            limits: [128_000, 64_000, 16_384],
            endpoints: &["/chat/completions"],
            prices: [100.0, 10.0, 400.0],
            multiplier: 1.0,
            reasoning: false,
        }
        .named(id.into())
    }

    /// A chat model of Z.ai's.
    pub fn zai(id: impl Into<String>) -> Self {
        let id = id.into();
        Self {
            kinds: vec![Kind::Zai],
            task: Task::Chat,
            entry: json!({
                "id": id, "object": "model", "created": 1_760_000_000, "owned_by": "z-ai",
            }),
            id,
        }
    }

    /// An embeddings model of Copilot's.
    pub fn embeddings(id: impl Into<String>) -> Self {
        let id = id.into();
        Self {
            kinds: vec![Kind::Copilot],
            task: Task::Embeddings,
            entry: json!({
                "id": id, "name": "Embedding V3 small", "vendor": "Azure OpenAI",
                "object": "model", "version": id, "preview": false,
                "model_picker_enabled": false,
                "billing": {"is_premium": false, "multiplier": 0, "token_prices": {
                    "batch_size": BATCH, "default": {"input_price": 2.0, "output_price": 0.0}}},
                "capabilities": {
                    "type": "embeddings", "object": "model_capabilities", "family": id,
                    "tokenizer": "cl100k_base", "limits": {"max_inputs": 512},
                    "supports": {"dimensions": true},
                },
            }),
            id,
        }
    }

    /// The price of input, cached input and output in nano credits a token.
    pub(crate) fn nano_prices(&self) -> [f64; 3] {
        let prices = &self.entry["billing"]["token_prices"];
        let batch = prices["batch_size"].as_f64().unwrap_or(1e6);
        ["input_price", "cache_price", "output_price"]
            .map(|name| prices["default"][name].as_f64().unwrap_or_default() * 1e9 / batch)
    }
}

impl Chat {
    fn model(&self) -> Model {
        self.named(self.id.to_owned())
    }

    fn named(&self, id: String) -> Model {
        let [context, prompt, output] = self.limits;
        let [input_price, cache_price, output_price] = self.prices;
        let mut supports = json!({
            "streaming": true, "tool_calls": true, "parallel_tool_calls": true,
            "vision": true, "structured_outputs": true,
        });
        if self.reasoning {
            supports["reasoning_effort"] = json!(["low", "medium", "high"]);
        }
        let entry = json!({
            "id": id, "name": self.name, "vendor": self.vendor, "object": "model",
            "version": id, "preview": false,
            "is_chat_default": id == "gpt-4.1", "is_chat_fallback": id == "gpt-4.1",
            "model_picker_enabled": true, "model_picker_category": "versatile",
            "policy": {"state": "enabled", "terms": "Enable access to this model from Mock."},
            "billing": {
                "is_premium": self.multiplier > 0.0, "multiplier": self.multiplier,
                "token_prices": {"batch_size": BATCH, "default": {
                    "input_price": input_price, "cache_price": cache_price,
                    "output_price": output_price, "context_max": prompt}},
            },
            "supported_endpoints": self.endpoints,
            "capabilities": {
                "type": "chat", "object": "model_capabilities", "family": id,
                "tokenizer": "o200k_base",
                "limits": {
                    "max_context_window_tokens": context, "max_prompt_tokens": prompt,
                    "max_output_tokens": output,
                    "vision": {"max_prompt_image_size": 3_145_728, "max_prompt_images": 5,
                        "supported_media_types": ["image/jpeg", "image/png", "image/webp"]},
                },
                "supports": supports,
            },
        });
        Model {
            id,
            kinds: vec![Kind::Copilot],
            task: Task::Chat,
            entry,
        }
    }
}

const BATCH: u32 = 1_000_000;

const CHAT: &[&str] = &["/chat/completions"];
const CHAT_AND_RESPONSES: &[&str] = &["/chat/completions", "/responses", "ws:/responses"];
const RESPONSES: &[&str] = &["/responses", "ws:/responses"];
const CHAT_AND_MESSAGES: &[&str] = &["/chat/completions", "/v1/messages"];

#[rustfmt::skip]
const COPILOT: [Chat; 9] = [
    Chat { id: "gpt-4o", name: "GPT-4o", vendor: "Azure OpenAI", limits: [128_000, 64_000, 4_096], endpoints: CHAT, prices: [250.0, 125.0, 1000.0], multiplier: 0.0, reasoning: false },
    Chat { id: "gpt-4.1", name: "GPT-4.1", vendor: "Azure OpenAI", limits: [128_000, 128_000, 16_384], endpoints: CHAT, prices: [200.0, 50.0, 800.0], multiplier: 0.0, reasoning: false },
    Chat { id: "gpt-5-mini", name: "GPT-5 mini", vendor: "Azure OpenAI", limits: [264_000, 128_000, 64_000], endpoints: CHAT_AND_RESPONSES, prices: [25.0, 2.5, 200.0], multiplier: 0.0, reasoning: true },
    Chat { id: "gpt-5.4", name: "GPT-5.4", vendor: "OpenAI", limits: [400_000, 272_000, 128_000], endpoints: CHAT_AND_RESPONSES, prices: [250.0, 25.0, 1500.0], multiplier: 1.0, reasoning: true },
    Chat { id: "gpt-5.3-codex", name: "GPT-5.3-Codex", vendor: "OpenAI", limits: [400_000, 272_000, 128_000], endpoints: RESPONSES, prices: [175.0, 17.5, 1400.0], multiplier: 1.0, reasoning: true },
    Chat { id: "claude-sonnet-5", name: "Claude Sonnet 5", vendor: "Anthropic", limits: [264_000, 200_000, 64_000], endpoints: CHAT_AND_MESSAGES, prices: [300.0, 30.0, 1500.0], multiplier: 1.0, reasoning: true },
    Chat { id: "claude-haiku-4.5", name: "Claude Haiku 4.5", vendor: "Anthropic", limits: [200_000, 128_000, 32_000], endpoints: CHAT_AND_MESSAGES, prices: [100.0, 10.0, 500.0], multiplier: 0.33, reasoning: true },
    Chat { id: "claude-opus-4.7", name: "Claude Opus 4.7", vendor: "Anthropic", limits: [264_000, 200_000, 64_000], endpoints: CHAT_AND_MESSAGES, prices: [500.0, 50.0, 2500.0], multiplier: 3.0, reasoning: true },
    Chat { id: "gemini-3.1-pro", name: "Gemini 3.1 Pro", vendor: "Google", limits: [264_000, 200_000, 64_000], endpoints: CHAT, prices: [200.0, 20.0, 1200.0], multiplier: 1.0, reasoning: true },
];

const ZAI: [&str; 6] = [
    "glm-4.5-air",
    "glm-4.7",
    "glm-5-turbo",
    "glm-5.1",
    "glm-5.2",
    "glm-5.3",
];
