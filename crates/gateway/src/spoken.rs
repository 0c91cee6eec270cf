//! Which dialects a model can be spoken to in: as its upstream lists it, else by its
//! name; and which of them is best for a client.

use dialect::Dialect;
use serde::Deserialize;

/// The dialects of one model on one upstream; never none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spoken {
    chat: bool,
    responses: bool,
    messages: bool,
}

impl Spoken {
    /// Chat Completions only.
    pub const CHAT: Self = Self {
        chat: true,
        responses: false,
        messages: false,
    };
    /// Chat Completions and Messages.
    pub const CHAT_AND_MESSAGES: Self = Self {
        chat: true,
        responses: false,
        messages: true,
    };
    const RESPONSES: Self = Self {
        chat: false,
        responses: true,
        messages: false,
    };

    /// What a model's entry in a live list says. `None` where it says nothing that is
    /// known here: old entries have no such field.
    pub fn listed(entry: &str) -> Option<Self> {
        #[derive(Deserialize)]
        struct Entry {
            #[serde(default)]
            supported_endpoints: Vec<String>,
        }
        let entry: Entry = serde_json::from_str(entry).ok()?;
        let has = |path: &str| entry.supported_endpoints.iter().any(|known| known == path);
        let spoken = Self {
            chat: has("/chat/completions"),
            responses: has("/responses"),
            messages: has("/v1/messages"),
        };
        let says_any = spoken.chat || spoken.responses || spoken.messages;
        says_any.then_some(spoken)
    }

    /// What is known of Copilot's models by their names (facts: Copilot, 4).
    pub fn by_name(model: &str) -> Self {
        let is = |prefix: &str| model.starts_with(prefix);
        let both = |responses, messages| Self {
            chat: true,
            responses,
            messages,
        };
        match () {
            () if is("claude-") => both(false, true),
            () if is("gpt-3") || is("gpt-4") => Self::CHAT,
            () if model == "gpt-5.4" || model == "gpt-5-mini" => both(true, false),
            () if is("gpt-") || is("grok-") || is("mai-") => Self::RESPONSES,
            () => Self::CHAT,
        }
    }

    /// Without one that the upstream has just refused; what is left is never none, as
    /// the others are tried then.
    #[must_use]
    pub const fn without(self, dialect: Dialect) -> Self {
        let left = match dialect {
            Dialect::Chat => Self {
                chat: false,
                ..self
            },
            Dialect::Responses => Self {
                responses: false,
                ..self
            },
            Dialect::Messages => Self {
                messages: false,
                ..self
            },
        };
        if left.chat || left.responses || left.messages {
            return left;
        }
        Self {
            chat: !matches!(dialect, Dialect::Chat),
            responses: !matches!(dialect, Dialect::Responses),
            messages: false,
        }
    }

    /// Whether this one is spoken.
    pub const fn has(self, dialect: Dialect) -> bool {
        match dialect {
            Dialect::Chat => self.chat,
            Dialect::Responses => self.responses,
            Dialect::Messages => self.messages,
        }
    }

    /// The one for a client of `dialect`: its own where that is spoken, since bytes pass
    /// untouched then; else the one that loses least.
    pub fn best_for(self, dialect: Dialect) -> Dialect {
        use Dialect::{Chat, Messages, Responses};
        let order = match dialect {
            Chat => [Chat, Messages, Responses],
            Responses => [Responses, Messages, Chat],
            Messages => [Messages, Responses, Chat],
        };
        let best = order.into_iter().find(|dialect| self.has(*dialect));
        best.unwrap_or(Chat)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_live_list_is_believed_and_one_that_says_nothing_is_not() {
        let entry = r#"{"id":"a","supported_endpoints":["/responses","ws:/responses"]}"#;
        assert_eq!(Spoken::listed(entry), Some(Spoken::RESPONSES));
        assert_eq!(Spoken::listed(r#"{"id":"a"}"#), None);
        assert_eq!(Spoken::listed(r#"{"supported_endpoints":["/new"]}"#), None);
        assert_eq!(Spoken::listed(r#"{"supported_endpoints":7}"#), None);
    }

    #[test]
    fn each_family_is_known_by_its_name() {
        let spoken = |model| {
            let spoken = Spoken::by_name(model);
            let all = [Dialect::Chat, Dialect::Responses, Dialect::Messages];
            let names = all.into_iter().filter(|dialect| spoken.has(*dialect));
            names.map(Dialect::as_str).collect::<Vec<_>>().join(" ")
        };
        let told = [
            "claude-sonnet-5",
            "gemini-3.1-pro",
            "gpt-4o",
            "gpt-5.4",
            "gpt-5-mini",
            "gpt-5.4-mini",
            "gpt-5.3-codex",
            "grok-5",
            "mai-code-1-flash",
            "raptor-mini",
        ]
        .map(|model| format!("{model}: {}", spoken(model)));
        insta::assert_snapshot!(told.join("\n"), @"
        claude-sonnet-5: chat messages
        gemini-3.1-pro: chat
        gpt-4o: chat
        gpt-5.4: chat responses
        gpt-5-mini: chat responses
        gpt-5.4-mini: responses
        gpt-5.3-codex: responses
        grok-5: responses
        mai-code-1-flash: responses
        raptor-mini: chat
        ");
    }

    #[test]
    fn a_client_gets_its_own_dialect_or_the_nearest() {
        let claude = Spoken::by_name("claude-sonnet-5");
        assert_eq!(claude.best_for(Dialect::Chat), Dialect::Chat);
        assert_eq!(claude.best_for(Dialect::Responses), Dialect::Messages);
        let codex = Spoken::by_name("gpt-5.3-codex");
        assert_eq!(codex.best_for(Dialect::Messages), Dialect::Responses);
        assert_eq!(
            codex
                .without(Dialect::Responses)
                .best_for(Dialect::Messages),
            Dialect::Chat
        );
    }
}
