//! From one dialect to another, through the hub: a request on its way to an upstream,
//! and its reply on the way back, streamed or whole.
//!
//! The same dialect on both sides never comes here: its bytes pass as they are.

use crate::delta::{Delta, Fold, Reply};
use crate::prompt::{Dropped, Prompt};
use crate::sse::Event;
use crate::way_back::WayBack;
use crate::{Dialect, Failure, Usage, chat, messages, responses};

/// What is asked of an upstream, and how it likes to be asked.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// What it speaks.
    pub dialect: Dialect,
    /// The model as it knows it.
    pub model: &'a str,
    /// The most tokens that the model generates, where that is known.
    pub max_output: Option<u64>,
    /// Whether the model takes `thinking: {"type": "adaptive"}` (Messages).
    pub is_adaptive: bool,
    /// How hard the model can be told to think; none where it cannot be told. `None` where
    /// that is not known, and any is taken.
    pub efforts: Option<&'a [String]>,
    /// Whether the upstream knows the role `developer` (Chat; Z.ai does not).
    pub has_developer: bool,
}

impl<'a> Target<'a> {
    /// The effort that the model takes which is nearest to the one that is asked for, the
    /// lower of two. `None` where it takes none.
    pub fn effort(&self, asked: &'a str) -> Option<&'a str> {
        const ORDER: [&str; 7] = ["none", "minimal", "low", "medium", "high", "xhigh", "max"];
        let Some(efforts) = self.efforts else {
            return Some(asked);
        };
        if let Some(known) = efforts.iter().find(|effort| *effort == asked) {
            return Some(known);
        }
        let rank = |effort: &str| ORDER.iter().position(|known| *known == effort);
        let wanted = rank(asked)?;
        let known = efforts
            .iter()
            .filter_map(|effort| Some((rank(effort)?, effort)));
        // Not to think at all is no degree of it.
        let known = known.filter(|(rank, _)| *rank > 0);
        let nearest = known.min_by_key(|(rank, _)| (rank.abs_diff(wanted), *rank));
        nearest.map(|(_, effort)| effort.as_str())
    }
}

/// A request in the upstream's dialect.
#[derive(Clone, Debug)]
pub struct Translated {
    /// Its body.
    pub body: Vec<u8>,
    /// What could not cross.
    pub dropped: Dropped,
    /// What the reply's way back needs.
    pub way_back: WayBack,
}

/// Translates the body of a request.
///
/// # Errors
/// If it is not what its dialect says, in words for its client.
pub fn request(from: Dialect, body: &[u8], target: &Target<'_>) -> Result<Translated, Failure> {
    let mut dropped = Dropped::default();
    let prompt = parse_request(from, body, &mut dropped)?;
    let way_back = WayBack::of(&prompt.tools);
    let body = match target.dialect {
        Dialect::Chat => chat::request::write(&prompt, target, &mut dropped),
        Dialect::Responses => responses::request::write(&prompt, target, &mut dropped),
        Dialect::Messages => {
            let mut body = messages::request::write(&prompt, target, &mut dropped);
            if from != Dialect::Messages {
                messages::request::mark_conversation(&mut body);
            }
            body
        }
    };
    Ok(Translated {
        body: body.to_string().into_bytes(),
        dropped,
        way_back,
    })
}

/// Reads a request into the hub.
///
/// # Errors
/// If it is not what its dialect says.
pub fn parse_request(from: Dialect, body: &[u8], dropped: &mut Dropped) -> Result<Prompt, Failure> {
    match from {
        Dialect::Chat => chat::request::read(body, dropped),
        Dialect::Responses => responses::request::read(body, dropped),
        Dialect::Messages => messages::request::read(body, dropped),
    }
}

/// Translates a whole reply. `None` where it is none of its dialect.
pub fn reply(from: Dialect, body: &[u8], to: &mut Encoder) -> Option<Vec<u8>> {
    let deltas = Decoder::whole(from, body)?;
    Some(to.whole(&Reply::of(deltas)))
}

/// Reads the events of a streamed reply.
#[derive(Debug)]
pub enum Decoder {
    /// Of Chat Completions.
    Chat(chat::reply::Decoder),
    /// Of Responses.
    Responses(responses::reply::Decoder),
    /// Of Messages.
    Messages(messages::reply::Decoder),
}

impl Decoder {
    /// Of a reply that has not begun.
    pub fn new(dialect: Dialect) -> Self {
        match dialect {
            Dialect::Chat => Self::Chat(chat::reply::Decoder::default()),
            Dialect::Responses => Self::Responses(responses::reply::Decoder::default()),
            Dialect::Messages => Self::Messages(messages::reply::Decoder::default()),
        }
    }

    /// Takes in one event.
    pub fn event(&mut self, event: &Event<'_>, out: &mut Vec<Delta>) {
        let Some(data) = &event.data else { return };
        match self {
            Self::Chat(decoder) => decoder.event(data, out),
            Self::Responses(decoder) => decoder.event(data, out),
            Self::Messages(decoder) => decoder.event(data, out),
        }
    }

    /// The increments of a whole reply. `None` where it is none of this dialect.
    pub fn whole(dialect: Dialect, body: &[u8]) -> Option<Vec<Delta>> {
        match dialect {
            Dialect::Chat => chat::reply::whole(body),
            Dialect::Responses => responses::reply::whole(body),
            Dialect::Messages => messages::reply::whole(body),
        }
    }
}

/// What the client of a reply knows and the reply itself does not tell.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The model as the client named it.
    pub model: String,
    /// The router's id of the request, from which ids are made where the upstream
    /// told none.
    pub id: String,
    /// When it was asked, in seconds since 1970.
    pub time: u64,
    /// Whether the client wants the usage of a Chat stream in a chunk of its own.
    pub include_usage: bool,
    /// The request's tools.
    pub way_back: WayBack,
}

/// Writes a reply for its client.
#[derive(Debug)]
pub enum Encoder {
    /// In Chat Completions.
    Chat(chat::reply::Encoder),
    /// In Responses.
    Responses(responses::reply::Encoder),
    /// In Messages.
    Messages(messages::reply::Encoder),
}

impl Encoder {
    /// Of a reply that has not begun.
    pub fn new(dialect: Dialect, asked: Asked) -> Self {
        match dialect {
            Dialect::Chat => Self::Chat(chat::reply::Encoder::new(asked)),
            Dialect::Responses => Self::Responses(responses::reply::Encoder::new(asked)),
            Dialect::Messages => Self::Messages(messages::reply::Encoder::new(asked)),
        }
    }

    /// Writes the events of one increment.
    pub fn delta(&mut self, delta: Delta, out: &mut Vec<u8>) {
        match self {
            Self::Chat(encoder) => encoder.delta(delta, out),
            Self::Responses(encoder) => encoder.delta(delta, out),
            Self::Messages(encoder) => encoder.delta(delta, out),
        }
    }

    /// Writes the events that end a stream whose upstream has ended it well. What a
    /// client waits for and the upstream did not say is made up for here.
    pub fn end(&mut self, out: &mut Vec<u8>) {
        match self {
            Self::Chat(encoder) => encoder.end(out),
            Self::Responses(encoder) => encoder.end(out),
            Self::Messages(encoder) => encoder.end(out),
        }
    }

    /// A whole reply as a JSON body.
    pub fn whole(&mut self, reply: &Reply) -> Vec<u8> {
        let json = match self {
            Self::Chat(encoder) => encoder.whole(reply),
            Self::Responses(encoder) => encoder.whole(reply),
            Self::Messages(encoder) => encoder.whole(reply),
        };
        json.to_string().into_bytes()
    }
}

/// Translates a stream, event by event.
#[derive(Debug)]
pub struct Translator {
    decoder: Decoder,
    encoder: Encoder,
    deltas: Vec<Delta>,
    usage: Usage,
}

impl Translator {
    /// From an upstream of `from` to a client of `to`.
    pub fn new(from: Dialect, to: Dialect, asked: Asked) -> Self {
        Self {
            decoder: Decoder::new(from),
            encoder: Encoder::new(to, asked),
            deltas: Vec::new(),
            usage: Usage::default(),
        }
    }

    /// Takes in one whole event of the upstream's and writes those that the client
    /// gets for it: none, one or several.
    pub fn event(&mut self, event: &[u8], out: &mut Vec<u8>) {
        self.decoder.event(&Event::parse(event), &mut self.deltas);
        for delta in self.deltas.drain(..) {
            if let Delta::Usage(usage) = &delta {
                self.usage.merge(*usage);
            }
            self.encoder.delta(delta, out);
        }
    }

    /// Writes the end of a stream that the upstream has ended well.
    pub fn end(&mut self, out: &mut Vec<u8>) {
        self.encoder.end(out);
    }

    /// What was used until now.
    pub const fn usage(&self) -> Usage {
        self.usage
    }
}

/// The reply that a stream of whole events makes, as one increment's fold. For a client
/// that did not ask for a stream of an upstream that only streams.
pub fn fold(from: Dialect, events: &[u8]) -> Reply {
    let (mut decoder, mut fold, mut deltas) = (Decoder::new(from), Fold::default(), Vec::new());
    let mut rest = events;
    while !rest.is_empty() {
        let end = crate::sse::event_end(rest, 0).unwrap_or(rest.len());
        decoder.event(&Event::parse(&rest[..end]), &mut deltas);
        for delta in deltas.drain(..) {
            fold.add(delta);
        }
        rest = &rest[end..];
    }
    fold.into_reply()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_schema_that_is_none_is_refused_in_every_dialect() {
        let odd = json!([{"type": "object"}]);
        for (dialect, body) in [
            (
                Dialect::Chat,
                json!({"model": "m", "messages": [{"role": "user", "content": "a"}],
                "response_format": {"type": "json_schema", "json_schema": {"schema": odd}}}),
            ),
            (
                Dialect::Responses,
                json!({"model": "m", "input": "a",
                "text": {"format": {"type": "json_schema", "name": "n", "schema": odd}}}),
            ),
            (
                Dialect::Messages,
                json!({"model": "m", "messages": [{"role": "user", "content": "a"}],
                "output_config": {"format": {"type": "json_schema", "schema": odd}}}),
            ),
        ] {
            let read = parse_request(
                dialect,
                body.to_string().as_bytes(),
                &mut Dropped::default(),
            );
            let failure = read.unwrap_err();
            assert!(
                failure.message.contains("schema"),
                "{dialect:?}: {}",
                failure.message
            );
        }
    }

    #[test]
    fn an_effort_that_the_model_does_not_take_becomes_the_nearest() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let taken = |efforts: Option<Vec<String>>, asked: &'static str| {
            let target = Target {
                dialect: Dialect::Chat,
                model: "m",
                max_output: None,
                is_adaptive: false,
                efforts: efforts.as_deref(),
                has_developer: true,
            };
            target.effort(asked).map(str::to_owned)
        };
        let three = || Some(names(&["low", "medium", "high"]));
        assert_eq!(taken(three(), "medium").unwrap(), "medium");
        assert_eq!(taken(three(), "max").unwrap(), "high");
        assert_eq!(taken(three(), "minimal").unwrap(), "low");
        assert_eq!(
            taken(Some(names(&["none", "low", "high"])), "medium").unwrap(),
            "low"
        );
        assert_eq!(taken(Some(names(&["none"])), "low"), None);
        assert_eq!(taken(Some(Vec::new()), "low"), None);
        assert_eq!(taken(three(), "unheard_of"), None);
        assert_eq!(taken(None, "unheard_of").unwrap(), "unheard_of");
    }
}
