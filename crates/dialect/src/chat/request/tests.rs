//! What single requests become, on the way in and on the way out.

mod reading;
mod writing;

use serde_json::{Value, json};

use super::{read, write};
use crate::Dialect;
use crate::prompt::{
    Call, Dropped, Format, Input, Part, Prompt, Reasoning, Role, Seal, Source, Takes, Thinking,
    Tool, ToolChoice, Turn,
};
use crate::tag::tagged;
use crate::translate::Target;

pub(super) const COPILOT: Target<'_> = Target {
    dialect: Dialect::Chat,
    model: "upstream-model",
    max_output: None,
    is_adaptive: false,
    efforts: None,
    has_developer: true,
};

pub(super) const ZAI: Target<'_> = Target {
    efforts: None,
    has_developer: false,
    ..COPILOT
};

fn read_ok(body: Value) -> (Prompt, Vec<String>) {
    let mut dropped = Dropped::default();
    let prompt = read(body.to_string().as_bytes(), &mut dropped).unwrap();
    (prompt, dropped.names().map(str::to_owned).collect())
}

fn read_messages(messages: Value) -> Vec<Turn> {
    read_ok(json!({"model": "m", "messages": messages})).0.turns
}

fn refused(body: &str) -> String {
    let failure = read(body.as_bytes(), &mut Dropped::default()).unwrap_err();
    assert_eq!(failure.status, 400);
    failure.message
}

fn written(prompt: &Prompt, target: &Target<'_>) -> (Value, Vec<String>) {
    let mut dropped = Dropped::default();
    let body = write(prompt, target, &mut dropped);
    (body, dropped.names().map(str::to_owned).collect())
}

fn of_turns(turns: Vec<Turn>) -> Prompt {
    Prompt {
        turns,
        ..Prompt::default()
    }
}

fn turn(role: Role, parts: Vec<Part>) -> Turn {
    Turn { role, parts }
}

fn call(id: &str, name: &str) -> Part {
    Part::Call(Call {
        id: id.to_owned(),
        name: name.to_owned(),
        namespace: None,
        input: Input::Json("{}".to_owned()),
    })
}

fn result(call: &str, parts: Vec<Part>, is_error: bool) -> Part {
    Part::Result {
        call: call.to_owned(),
        parts,
        is_error,
        is_custom: false,
        cache: false,
    }
}

fn seal(dialect: Dialect, value: &str) -> Seal {
    Seal {
        dialect,
        id: None,
        value: value.to_owned(),
        is_redacted: false,
    }
}

fn reasoning(text: &str, seal: Option<Seal>) -> Part {
    Part::Reasoning(Reasoning {
        text: text.to_owned(),
        is_summary: false,
        seal,
    })
}
