//! Chat completions: read the request, decide what to say, say it whole or in a stream.

mod answer;
mod asked;
mod messages;
mod quirk;
mod request;
mod responses;
mod sample;
mod seal;
mod stream;
mod whole;

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

use crate::data::Call;
use crate::fault::Quirk;
use crate::models::Task;
use crate::plan::Plan;
use crate::reply::{Refusal, Reply};
use crate::script::Kind;
use crate::state::{Seat, State};
use crate::{copilot, drip, zai};

use answer::Answer;
use request::Request;

/// `POST /chat/completions`. The error is a refusal.
pub(crate) fn answer(
    state: &State,
    seat: &Seat,
    call: &Call<'_>,
    plan: &Plan,
) -> Result<Reply, Refusal> {
    if let Some(reply) = drip::answer(call.body) {
        return Ok(reply);
    }
    let request: Request =
        serde_json::from_slice(call.body).map_err(|error| call.bad_request(&error.to_string()))?;
    call.admit_model(state, seat, &request.model, Task::Chat)?;
    admit_format(state, call, &request.model, call.path)?;
    match call.kind {
        Kind::Copilot if request.has_image() => copilot::admit_images(call.headers)?,
        Kind::Zai if request.has_role("developer") => return Err(zai::bad_role().into()),
        _ => {}
    }
    if plan.refuse_foreign_seals {
        seal::verify(&request, seat)?;
    }
    let mut answer = Answer::to(&request, state, seat);
    if plan.has(Quirk::SealedReasoning) {
        answer.seal = Some(seal::new(state, seat));
    }
    quirk::bend_answer(&mut answer, plan);
    if request.stream && !plan.json_despite_stream {
        let chunks = stream::chunks(&answer, request.wants_usage());
        let events = quirk::bend_chunks(chunks, &answer, plan);
        return Ok(Reply::events(stream::events(&events)));
    }
    let whole = quirk::bend_whole(whole::completion(&answer), plan);
    Ok(Reply::json(StatusCode::OK, &whole))
}

/// Another format of the same answers.
#[derive(Clone, Copy)]
pub(crate) enum Format {
    Responses,
    Messages,
}

/// `POST /responses` and `POST /v1/messages`. The error is a refusal.
pub(crate) fn answer_in(
    format: Format,
    state: &State,
    seat: &Seat,
    call: &Call<'_>,
    plan: &Plan,
) -> Result<Reply, Refusal> {
    let refuse = |why: String| match format {
        Format::Responses => call.bad_request(&why),
        Format::Messages => messages_error(&why),
    };
    let body: Value =
        serde_json::from_slice(call.body).map_err(|error| refuse(error.to_string()))?;
    let chat = match format {
        Format::Responses => responses::as_chat(&body),
        Format::Messages => messages::as_chat(&body),
    };
    let chat = chat.map_err(refuse)?;
    let request: Request =
        serde_json::from_value(chat).map_err(|error| refuse(error.to_string()))?;
    call.admit_model(state, seat, &request.model, Task::Chat)?;
    admit_format(state, call, &request.model, call.path)?;
    let mut answer = Answer::to(&request, state, seat);
    if plan.has(Quirk::SealedReasoning) {
        answer.seal = Some(seal::new(state, seat));
    }
    if request.stream && !plan.json_despite_stream {
        let events = match format {
            Format::Responses => quirk::bend_events(responses::events(&answer), &answer, plan),
            Format::Messages => messages::events(&answer),
        };
        let data = events.iter().map(|event| Bytes::from(event.to_string()));
        return Ok(Reply::events(data.collect()));
    }
    Ok(Reply::json(
        StatusCode::OK,
        &match format {
            Format::Responses => responses::whole(&answer),
            Format::Messages => messages::whole(&answer),
        },
    ))
}

/// `POST /v1/messages/count_tokens`. The error is a refusal.
pub(crate) fn count_tokens(state: &State, seat: &Seat, call: &Call<'_>) -> Result<Reply, Refusal> {
    let mut body: Value =
        serde_json::from_slice(call.body).map_err(|error| messages_error(&error.to_string()))?;
    if let Some(extra) = messages::beyond_counting(&body) {
        let why = format!("{extra}: Extra inputs are not permitted");
        return Err(messages_error(&why).into());
    }
    // What counts does not generate, and so needs no limit.
    body["max_tokens"] = json!(1);
    let chat = messages::as_chat(&body).map_err(|why| messages_error(&why))?;
    let request: Request =
        serde_json::from_value(chat).map_err(|error| messages_error(&error.to_string()))?;
    call.admit_model(state, seat, &request.model, Task::Chat)?;
    admit_format(state, call, &request.model, "/v1/messages")?;
    let answer = Answer::to(&request, state, seat);
    let told = json!({"input_tokens": answer.usage["prompt_tokens"]});
    Ok(Reply::json(StatusCode::OK, &told))
}

/// Refuses a model of Copilot's that its entry does not say to be served at `endpoint`.
fn admit_format(
    state: &State,
    call: &Call<'_>,
    model: &str,
    endpoint: &str,
) -> Result<(), Refusal> {
    let is_spoken = match call.kind {
        Kind::Zai => true,
        Kind::Copilot => state.models.get(model).is_some_and(|model| {
            let endpoints = model.entry["supported_endpoints"].as_array();
            endpoints.is_some_and(|known| known.iter().any(|known| known == endpoint))
        }),
    };
    if is_spoken {
        Ok(())
    } else {
        Err(copilot::wrong_endpoint(model, endpoint).into())
    }
}

fn messages_error(why: &str) -> Reply {
    Reply::json(
        StatusCode::BAD_REQUEST,
        &json!({"type": "error", "error": {"type": "invalid_request_error", "message": why}}),
    )
}
