//! Sign-in by device flow, as the script says it goes.

use std::collections::{HashMap, VecDeque};

use bytes::Bytes;
use http::header::ACCEPT;
use http::{HeaderMap, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode, utf8_percent_encode};
use serde_json::{Value, json};

use crate::reply::{Refused, Reply};
use crate::script::{Login, Poll};
use crate::state::{State, lock};

/// The sign-ins under way and how the next one goes.
pub(crate) struct Logins {
    next: Login,
    count: u64,
    flows: HashMap<String, Flow>,
}

/// One device code's life.
struct Flow {
    account: String,
    interval: u64,
    polls: VecDeque<Poll>,
}

impl Logins {
    pub(crate) fn new(next: Login) -> Self {
        Self {
            next,
            count: 0,
            flows: HashMap::new(),
        }
    }

    /// Changes how sign-ins go that have not begun.
    pub(crate) fn script(&mut self, next: Login) {
        self.next = next;
    }

    fn begin(&mut self, url: &str) -> Value {
        self.count += 1;
        let device_code = format!("device-{:08}", self.count);
        let flow = Flow {
            account: self.next.account.clone(),
            interval: self.next.interval,
            polls: self.next.polls.clone().into(),
        };
        self.flows.insert(device_code.clone(), flow);
        json!({
            "device_code": device_code,
            "user_code": format!("MOCK-{:04}", self.count),
            "verification_uri": format!("{url}/login/device"),
            "expires_in": self.next.expires_in,
            "interval": self.next.interval,
        })
    }
}

/// `POST /login/device/code`.
pub(crate) fn device_code(state: &State, headers: &HeaderMap, body: &Bytes) -> Reply {
    let form = Form::read(body);
    if form.field("client_id").is_none() {
        return reply(headers, &error("incorrect_client_credentials"));
    }
    reply(headers, &lock(&state.logins).begin(&state.url))
}

/// `POST /login/oauth/access_token`, one poll.
pub(crate) fn access_token(
    state: &State,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<Reply, Refused> {
    let answer = poll(state, &Form::read(body))?;
    Ok(reply(headers, &answer))
}

fn poll(state: &State, form: &Form) -> Result<Value, Refused> {
    if form.field("client_id").is_none() {
        return Ok(error("incorrect_client_credentials"));
    }
    if form.field("grant_type") != Some("urn:ietf:params:oauth:grant-type:device_code") {
        return Ok(error("unsupported_grant_type"));
    }
    let mut logins = lock(&state.logins);
    let Some(flow) = form
        .field("device_code")
        .and_then(|code| logins.flows.get_mut(code))
    else {
        return Ok(error("incorrect_device_code"));
    };
    match flow.polls.front() {
        // These two end the flow, so they stay in front.
        Some(Poll::Expired) => return Ok(error("expired_token")),
        Some(Poll::Denied) => return Ok(error("access_denied")),
        _ => {}
    }
    match flow.polls.pop_front() {
        Some(Poll::Drop) => Err(Refused),
        Some(Poll::SlowDown { interval }) => {
            let mut answer = error("slow_down");
            if let Some(interval) = interval {
                flow.interval = interval;
                answer["interval"] = json!(interval);
            }
            Ok(answer)
        }
        Some(_) => {
            let mut answer = error("authorization_pending");
            answer["interval"] = json!(flow.interval);
            Ok(answer)
        }
        None => Ok(match state.seat(&flow.account) {
            Some(seat) => json!({
                "access_token": seat.account.secret, "token_type": "bearer", "scope": "read:user",
            }),
            None => error("access_denied"),
        }),
    }
}

/// GitHub answers in JSON only when asked, else as a form; the status is 200 either way.
fn reply(headers: &HeaderMap, answer: &Value) -> Reply {
    let asks_json = headers
        .get(ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("json"));
    if asks_json {
        return Reply::json(StatusCode::OK, answer);
    }
    let fields: Vec<String> = answer
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| {
            let value = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            format!("{name}={}", utf8_percent_encode(&value, NON_ALPHANUMERIC))
        })
        .collect();
    Reply::page(
        StatusCode::OK,
        "application/x-www-form-urlencoded; charset=utf-8",
        fields.join("&"),
    )
}

fn error(code: &str) -> Value {
    json!({
        "error": code,
        "error_description": format!("The mock's script says {code}."),
        "error_uri": "https://docs.github.com/developers/apps/authorizing-oauth-apps#error-codes-for-the-device-flow",
    })
}

/// A body of `application/x-www-form-urlencoded`.
struct Form(HashMap<String, String>);

impl Form {
    fn read(body: &[u8]) -> Self {
        let decode = |text: &[u8]| {
            let spaced: Vec<u8> = text
                .iter()
                .map(|byte| if *byte == b'+' { b' ' } else { *byte })
                .collect();
            percent_decode(&spaced).decode_utf8_lossy().into_owned()
        };
        let fields = body
            .split(|byte| *byte == b'&')
            .filter_map(|field| {
                let at = memchr::memchr(b'=', field)?;
                Some((decode(&field[..at]), decode(&field[at + 1..])))
            })
            .collect();
        Self(fields)
    }

    fn field(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}
