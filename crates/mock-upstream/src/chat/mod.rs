//! Chat completions: read the request, decide what to say, say it whole or in a stream.

mod answer;
mod quirk;
mod request;
mod seal;
mod stream;
mod whole;

use http::StatusCode;

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
