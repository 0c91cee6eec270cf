//! A call in the words of one upstream: passed as it came, or translated; and the way
//! back of what that answers.

use bytes::{Bytes, BytesMut};
use dialect::envelope::{Envelope, Splice, splice};
use dialect::prompt::Dropped;
use dialect::sealed::{Sealed, pieces};
use dialect::sse::event_end;
use dialect::translate::{self, Asked, Encoder, Target, Translator};
use dialect::way_back::WayBack;
use dialect::{Dialect, Failure, Operation, embeddings};

use crate::account::Account;
use crate::call::Call;
use crate::provider::Mended;

/// A call as one upstream is asked.
pub struct Speech {
    /// In which dialect.
    pub dialect: Dialect,
    /// What others may have sealed of it.
    pub sealed: Sealed,
    translated: Option<Translated>,
}

struct Translated {
    body: Bytes,
    dropped: Dropped,
    way_back: WayBack,
}

/// What it takes to bring a reply back into the client's dialect.
#[derive(Clone, Debug)]
pub struct Back {
    from: Dialect,
    to: Dialect,
    asked: Asked,
}

impl Speech {
    /// The call as an account's upstream is best asked for a model.
    ///
    /// # Errors
    /// If a body that has to be translated is not what its dialect says.
    pub fn of(call: &Call, account: &Account, model: &str) -> Result<Self, Failure> {
        let dialect = match call.operation {
            Operation::Generate => account.spoken(model).best_for(call.dialect),
            Operation::Embed | Operation::CountTokens => call.dialect,
        };
        if call.operation == Operation::Embed
            && !account.backend.embeds_tokens()
            && embeddings::Request::read(&call.body).is_ok_and(|request| request.has_tokens)
        {
            let text = "this model's upstream embeds texts, not tokens (hint: send the text; \
                        in LangChain set check_embedding_ctx_length=False)";
            return Err(Failure::new(400, "tokens_not_supported", text));
        }
        if dialect == call.dialect {
            // Looked up only where it matters: this is on every request's way.
            let is_adaptive = dialect == Dialect::Messages && account.is_adaptive(model);
            let mended = account.backend.mended(dialect, &call.body, is_adaptive);
            return Ok(match mended {
                None => Self {
                    dialect,
                    sealed: pieces(dialect, &call.body),
                    translated: None,
                },
                Some(mended) => Self::mended(dialect, model, mended),
            });
        }
        let list = account.models.list();
        let target = Target {
            dialect,
            efforts: list.as_ref().and_then(|list| list.efforts(model)),
            model,
            max_output: account.max_output(model),
            is_adaptive: account.is_adaptive(model),
            has_developer: account.provider.is_copilot(),
        };
        let translated = translate::request(call.dialect, &call.body, &target)?;
        let body = Bytes::from(translated.body);
        Ok(Self {
            dialect,
            sealed: pieces(dialect, &body),
            translated: Some(Translated {
                body,
                dropped: translated.dropped,
                way_back: translated.way_back,
            }),
        })
    }

    /// In the client's own dialect, without what the upstream refuses of it.
    fn mended(dialect: Dialect, model: &str, mended: Mended) -> Self {
        let body = named(mended.body, dialect, model);
        Self {
            dialect,
            sealed: pieces(dialect, &body),
            translated: Some(Translated {
                body,
                dropped: mended.dropped,
                way_back: WayBack::default(),
            }),
        }
    }

    /// The body, without what `cuts` take out.
    pub fn body(&self, call: &Call, account: &Account, model: &str, cuts: &[Splice]) -> Bytes {
        match &self.translated {
            Some(translated) if cuts.is_empty() => translated.body.clone(),
            Some(translated) => splice(&translated.body, &mut cuts.to_vec()).into(),
            None => {
                let field = account.backend.field(call, model, self.dialect);
                let field = field.as_ref().map(|(name, json)| (*name, &**json));
                call.body_for(model, field, cuts)
            }
        }
    }

    /// What could not cross; `None` where nothing had to.
    pub fn dropped(&self) -> Option<&Dropped> {
        self.translated
            .as_ref()
            .map(|translated| &translated.dropped)
    }

    /// Whether the extra usage chunk of a stream is only for the router.
    pub fn strips_usage(&self, call: &Call) -> bool {
        self.translated.is_none() && call.envelope.stream && !call.envelope.include_usage
    }

    /// The way back of the reply, where it has to be translated.
    pub fn back(&self, call: &Call, time: u64) -> Option<Back> {
        if self.dialect == call.dialect {
            // Written anew, but in the client's own words.
            return None;
        }
        let translated = self.translated.as_ref()?;
        Some(Back {
            from: self.dialect,
            to: call.dialect,
            asked: Asked {
                model: call.envelope.model.clone(),
                id: call.id.clone(),
                time,
                include_usage: call.envelope.include_usage,
                way_back: translated.way_back.clone(),
            },
        })
    }
}

/// A body that names the model as the upstream knows it.
fn named(body: Bytes, dialect: Dialect, model: &str) -> Bytes {
    match Envelope::read(dialect, &body) {
        Ok(envelope) if envelope.model != model => {
            splice(&body, &mut [envelope.with_model(model)]).into()
        }
        _ => body,
    }
}

impl Back {
    /// What the upstream speaks.
    pub const fn from(&self) -> Dialect {
        self.from
    }

    /// A reply in one piece. `None` where it is none of the upstream's dialect.
    pub fn whole(&self, body: &[u8]) -> Option<Bytes> {
        let mut encoder = Encoder::new(self.to, self.asked.clone());
        translate::reply(self.from, body, &mut encoder).map(Bytes::from)
    }

    /// What a stream is brought back by.
    pub fn stream(self) -> Stream {
        Stream {
            translator: Translator::new(self.from, self.to, self.asked),
            ended: false,
        }
    }
}

/// A streamed reply on its way back.
#[derive(Debug)]
pub struct Stream {
    translator: Translator,
    ended: bool,
}

impl Stream {
    /// Translates whole events.
    pub fn events(&mut self, events: &Bytes) -> Bytes {
        let mut out = Vec::with_capacity(events.len());
        let mut rest = &events[..];
        while !rest.is_empty() {
            let end = event_end(rest, 0).unwrap_or(rest.len());
            self.translator.event(&rest[..end], &mut out);
            rest = &rest[end..];
        }
        out.into()
    }

    /// What ends a reply that is whole; nothing the second time.
    pub fn end(&mut self) -> Bytes {
        let mut out = Vec::new();
        if !std::mem::replace(&mut self.ended, true) {
            self.translator.end(&mut out);
        }
        out.into()
    }
}

/// A reply in one piece as the events of a stream, for a client of `dialect` that reads
/// one already. `None` where it is no reply.
pub fn as_events(dialect: Dialect, reply: &[u8]) -> Option<Bytes> {
    if dialect == Dialect::Chat {
        let data = dialect::chat::reply_as_chunk(reply)?;
        let mut events = BytesMut::from(&b"data: "[..]);
        events.extend_from_slice(&data);
        events.extend_from_slice(b"\n\ndata: [DONE]\n\n");
        return Some(events.freeze());
    }
    let deltas = translate::Decoder::whole(dialect, reply)?;
    let mut encoder = Encoder::new(dialect, Asked::default());
    let mut events = Vec::new();
    for delta in deltas {
        encoder.delta(delta, &mut events);
    }
    encoder.end(&mut events);
    Some(events.into())
}
