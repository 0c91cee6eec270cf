//! Embeddings: vectors that depend on nothing but the text. Like Copilot, it takes a list
//! of texts and nothing else, and gives numbers whatever form it is asked for.

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::data::Call;
use crate::models::Task;
use crate::reply::{Refusal, Reply};
use crate::state::{Seat, State};

#[derive(Deserialize)]
struct Request {
    model: String,
    input: Vec<String>,
    dimensions: Option<usize>,
}

/// `POST /embeddings`. The error is a refusal.
pub(crate) fn answer(state: &State, seat: &Seat, call: &Call<'_>) -> Result<Reply, Refusal> {
    let request: Request =
        serde_json::from_slice(call.body).map_err(|error| call.bad_request(&error.to_string()))?;
    call.admit_model(state, seat, &request.model, Task::Embeddings)?;
    let inputs = &request.input;
    if inputs.is_empty() {
        return Err(call.bad_request("input cannot be empty").into());
    }
    let dimensions = request.dimensions.unwrap_or(1536).min(4096);
    let data: Vec<Value> = inputs
        .iter()
        .enumerate()
        .map(|(index, input)| {
            let vector = vector(input, dimensions);
            json!({"object": "embedding", "index": index, "embedding": vector})
        })
        .collect();
    let tokens: usize = inputs.iter().map(|input| input.len().div_ceil(4)).sum();
    Ok(Reply::json(
        StatusCode::OK,
        &json!({
            "object": "list", "data": data, "model": request.model,
            "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
        }),
    ))
}

/// A unit vector from an xorshift generator that the text's FNV-1a hash seeds.
fn vector(text: &str, dimensions: usize) -> Vec<f32> {
    let mut state = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let raw: Vec<f32> = (0..dimensions)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
        })
        .collect();
    let norm = raw.iter().map(|part| part * part).sum::<f32>().sqrt();
    raw.into_iter().map(|part| part / norm).collect()
}
