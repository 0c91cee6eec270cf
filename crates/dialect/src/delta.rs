//! A reply, in no dialect and in increments; a whole reply is their fold.
//!
//! A reply is a row of blocks: reasoning, text, refusals and calls. A delta of another
//! kind than the last one begins a new block, but for calls, which are told apart by
//! their numbers, since their arguments may come in turns.

use serde_json::Value;

use crate::Usage;
use crate::prompt::{Input, Seal};

/// One increment of a reply.
#[derive(Clone, Debug, PartialEq)]
pub enum Delta {
    /// The reply begins. Comes first, once.
    Begin {
        /// Its id, as the upstream told it.
        id: Option<String>,
        /// The model that the upstream says it is of.
        model: Option<String>,
        /// When, in seconds since 1970, where the upstream tells it.
        created: Option<u64>,
    },
    /// More of what can be read of the reasoning.
    Thought {
        /// More of it.
        text: String,
        /// Whether it is a summary.
        is_summary: bool,
    },
    /// What only its maker can read of the reasoning before, or of none. Ends the
    /// reasoning.
    Sealed(Seal),
    /// More text.
    Text(String),
    /// More of a refusal.
    Refusal(String),
    /// A note on the text before, as Chat has them: `url_citation` in a member of its own.
    Annotation(Value),
    /// Probabilities of the tokens of the text, as Chat's `logprobs.content` entries.
    Logprobs(Vec<Value>),
    /// A call begins.
    Call {
        /// Which of the reply's calls it is, counted from 0.
        number: usize,
        /// By which its result is found.
        id: String,
        /// The tool as the upstream knows it.
        name: String,
        /// Whether it is a custom tool's, of which the input is text.
        is_custom: bool,
    },
    /// More of what a call is called with.
    Arguments {
        /// Which call.
        number: usize,
        /// More of it.
        text: String,
    },
    /// What was used until now. The last one counts, field by field the largest.
    Usage(Usage),
    /// Why the reply ends.
    Finish(Finish),
    /// The upstream says that it failed: code and message, as it words them.
    Failed {
        /// A stable word, where one is told.
        code: Option<String>,
        /// For a person.
        message: String,
    },
}

/// Why a reply ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finish {
    /// All is said.
    Stop,
    /// It met one of the request's stop sequences; which, where that is told.
    StopSequence(Option<String>),
    /// It got as long as it may.
    Length,
    /// It waits for what the tools return.
    Calls,
    /// A filter held it back.
    Filtered,
    /// The model refused to go on.
    Refused,
    /// It pauses, and goes on when it is sent back (Messages' `pause_turn`).
    Paused,
}

/// A whole reply.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reply {
    /// Its id, as the upstream told it.
    pub id: Option<String>,
    /// The model that the upstream says it is of.
    pub model: Option<String>,
    /// When, in seconds since 1970.
    pub created: Option<u64>,
    /// What it says, in its order.
    pub blocks: Vec<Block>,
    /// Why it ended. `None` where it broke off.
    pub finish: Option<Finish>,
    /// What was used.
    pub usage: Option<Usage>,
    /// What the upstream said that failed: code and message.
    pub failure: Option<(Option<String>, String)>,
}

/// A part of a reply.
#[derive(Clone, Debug, PartialEq)]
pub enum Block {
    /// Reasoning.
    Reasoning {
        /// What can be read of it.
        text: String,
        /// Whether that is a summary.
        is_summary: bool,
        /// What only its maker can read.
        seal: Option<Seal>,
    },
    /// Text.
    Text {
        /// The text.
        text: String,
        /// Notes on it.
        annotations: Vec<Value>,
        /// Probabilities of its tokens.
        logprobs: Vec<Value>,
    },
    /// A refusal.
    Refusal(String),
    /// A call.
    Call {
        /// By which its result is found.
        id: String,
        /// The tool as the upstream knows it.
        name: String,
        /// What it is called with.
        input: Input,
    },
}

impl Reply {
    /// The reply that all these make.
    pub fn of(deltas: impl IntoIterator<Item = Delta>) -> Self {
        let mut fold = Fold::default();
        for delta in deltas {
            fold.add(delta);
        }
        fold.reply
    }

    /// The increments that make this reply, each block in one.
    pub fn into_deltas(self) -> Vec<Delta> {
        let mut deltas = vec![Delta::Begin {
            id: self.id,
            model: self.model,
            created: self.created,
        }];
        let mut calls = 0;
        for block in self.blocks {
            match block {
                Block::Reasoning {
                    text,
                    is_summary,
                    seal,
                } => {
                    if !text.is_empty() {
                        deltas.push(Delta::Thought { text, is_summary });
                    }
                    deltas.extend(seal.map(Delta::Sealed));
                }
                Block::Text {
                    text,
                    annotations,
                    logprobs,
                } => {
                    deltas.push(Delta::Text(text));
                    deltas.extend(annotations.into_iter().map(Delta::Annotation));
                    if !logprobs.is_empty() {
                        deltas.push(Delta::Logprobs(logprobs));
                    }
                }
                Block::Refusal(text) => deltas.push(Delta::Refusal(text)),
                Block::Call { id, name, input } => {
                    let (is_custom, text) = match input {
                        Input::Json(text) => (false, text),
                        Input::Text(text) => (true, text),
                    };
                    let number = calls;
                    calls += 1;
                    deltas.push(Delta::Call {
                        number,
                        id,
                        name,
                        is_custom,
                    });
                    deltas.push(Delta::Arguments { number, text });
                }
            }
        }
        deltas.extend(self.usage.map(Delta::Usage));
        deltas.extend(self.finish.map(Delta::Finish));
        let failed = |(code, message)| Delta::Failed { code, message };
        deltas.extend(self.failure.map(failed));
        deltas
    }
}

/// A reply while its increments come.
#[derive(Debug, Default)]
pub struct Fold {
    reply: Reply,
    /// The blocks of the calls, by their numbers.
    calls: Vec<(usize, usize)>,
    /// Whether the last block of reasoning has its seal.
    is_sealed: bool,
}

impl Fold {
    /// Takes in one more.
    pub fn add(&mut self, delta: Delta) {
        let reply = &mut self.reply;
        match delta {
            Delta::Begin { id, model, created } => {
                reply.id = reply.id.take().or(id);
                reply.model = reply.model.take().or(model);
                reply.created = reply.created.or(created);
            }
            Delta::Thought { text, is_summary } => match reply.blocks.last_mut() {
                Some(Block::Reasoning {
                    text: before,
                    is_summary: was,
                    ..
                }) if !self.is_sealed && *was == is_summary => before.push_str(&text),
                _ => {
                    self.is_sealed = false;
                    reply.blocks.push(Block::Reasoning {
                        text,
                        is_summary,
                        seal: None,
                    });
                }
            },
            Delta::Sealed(seal) => {
                match reply.blocks.last_mut() {
                    Some(Block::Reasoning { seal: place, .. }) if !self.is_sealed => {
                        *place = Some(seal);
                    }
                    _ => reply.blocks.push(Block::Reasoning {
                        text: String::new(),
                        is_summary: false,
                        seal: Some(seal),
                    }),
                }
                self.is_sealed = true;
            }
            Delta::Text(text) => match reply.blocks.last_mut() {
                Some(Block::Text { text: before, .. }) => before.push_str(&text),
                _ => reply.blocks.push(Block::Text {
                    text,
                    annotations: Vec::new(),
                    logprobs: Vec::new(),
                }),
            },
            Delta::Refusal(text) => match reply.blocks.last_mut() {
                Some(Block::Refusal(before)) => before.push_str(&text),
                _ => reply.blocks.push(Block::Refusal(text)),
            },
            Delta::Annotation(note) => {
                if let Some(Block::Text { annotations, .. }) = self.last_text() {
                    annotations.push(note);
                }
            }
            Delta::Logprobs(more) => {
                if let Some(Block::Text { logprobs, .. }) = self.last_text() {
                    logprobs.extend(more);
                }
            }
            Delta::Call {
                number,
                id,
                name,
                is_custom,
            } => {
                self.calls.push((number, reply.blocks.len()));
                let input = match is_custom {
                    true => Input::Text(String::new()),
                    false => Input::Json(String::new()),
                };
                reply.blocks.push(Block::Call { id, name, input });
            }
            Delta::Arguments { number, text } => {
                let known = self.calls.iter().rev().find(|(known, _)| *known == number);
                let block = known.and_then(|(_, place)| reply.blocks.get_mut(*place));
                if let Some(Block::Call { input, .. }) = block {
                    let (Input::Json(before) | Input::Text(before)) = input;
                    before.push_str(&text);
                }
            }
            Delta::Usage(usage) => match &mut reply.usage {
                Some(known) => known.merge(usage),
                None => reply.usage = Some(usage),
            },
            Delta::Finish(finish) => {
                reply.finish.get_or_insert(finish);
            }
            Delta::Failed { code, message } => {
                reply.failure.get_or_insert((code, message));
            }
        }
    }

    /// What they make until now.
    pub fn into_reply(self) -> Reply {
        self.reply
    }

    fn last_text(&mut self) -> Option<&mut Block> {
        let blocks = self.reply.blocks.iter_mut().rev();
        let mut texts = blocks.filter(|block| matches!(block, Block::Text { .. }));
        texts.next()
    }
}
