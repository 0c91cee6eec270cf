//! Conversations: they keep to their accounts, and what only its maker can read
//! is brought to nobody else.

use std::collections::BTreeSet;

use mock_upstream::{Account, Fault, Faults, Mock, Quirk};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::support::client::Reply;
use crate::support::home::seat;
use crate::support::{Home, PATIENCE, Server, hi, mock, mock_with};

const STICKY: &str = "[pool]\nstrategy = \"sticky\"\n\n";

fn user(text: &str) -> Value {
    json!({"role": "user", "content": text})
}

/// A conversation so far.
fn said(messages: &[Value]) -> Value {
    json!({"model": "gpt-4o", "messages": messages})
}

/// What the assistant answered, to be brought back as it is.
fn answer(reply: &Reply) -> Value {
    reply.json()["choices"][0]["message"].clone()
}

fn account(reply: &Reply) -> &str {
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.header("x-tokn-router-account")
}

/// The bodies of the chats that the mock was asked for in this account's name.
fn heard(mock: &Mock, account: &str) -> Vec<Value> {
    let seen = mock.seen().into_iter();
    let chats = seen.filter(|seen| {
        seen.path == "/chat/completions" && seen.account.as_deref() == Some(account)
    });
    chats.map(|seen| seen.json()).collect()
}

#[tokio::test]
async fn two_conversations_keep_their_accounts_turn_after_turn() {
    const TURNS: usize = 10;
    let mock = mock().await;
    let seats = seat(&mock, "octocat") + &seat(&mock, "hubot");
    let server = Home::with_config(&format!("{STICKY}{seats}")).serve().await;
    server.knows_models().await;
    // Both open with the same words, and only the header tells them apart.
    let mut turns = ["one", "two"].map(|session| (session, vec![user("hi")], Vec::new()));
    for _ in 0..TURNS {
        for (session, messages, accounts) in &mut turns {
            let reply = server.chat_in(session, said(messages)).await;
            accounts.push(account(&reply).to_owned());
            messages.extend([answer(&reply), user("go on")]);
        }
    }
    let [one, two] = turns.map(|(_, _, accounts)| BTreeSet::from_iter(accounts));
    assert_eq!((one.len(), two.len()), (1, 1), "{one:?} {two:?}");
    assert_ne!(one, two, "they take turns when they begin");
    server.stop().await;
}

#[tokio::test]
async fn a_conversation_that_names_no_session_is_known_by_how_it_opened() {
    let mock = mock().await;
    let seats = seat(&mock, "octocat") + &seat(&mock, "hubot");
    let server = Home::with_config(&format!("{STICKY}{seats}")).serve().await;
    server.knows_models().await;
    let mut accounts = BTreeSet::new();
    let mut messages = vec![user("what is a quota?")];
    for _ in 0..5 {
        // Others begin in between, and take their turns.
        server.chat(said(&[user("another"), user("opening")])).await;
        let reply = server.chat(said(&messages)).await;
        accounts.insert(account(&reply).to_owned());
        messages.extend([answer(&reply), user("go on")]);
    }
    assert_eq!(accounts.len(), 1, "{accounts:?}");
    server.stop().await;
}

#[tokio::test]
async fn the_subagents_of_one_session_spread_over_the_accounts_and_each_stays() {
    const AGENTS: usize = 12;
    let ids = ["octocat", "hubot", "monalisa"];
    let mock = mock_with(ids.map(Account::copilot).into()).await;
    let seats = ids.map(|id| seat(&mock, id)).concat();
    let server = Home::with_config(&format!("{STICKY}{seats}")).serve().await;
    server.knows_models().await;
    let agents: Vec<Value> = (0..AGENTS)
        .map(|number| said(&[user(&format!("look at file {number}"))]))
        .collect();
    let mut rounds = Vec::new();
    for _ in 0..2 {
        let mut accounts = Vec::new();
        for agent in &agents {
            let reply = server.chat_in("one session", agent.clone()).await;
            accounts.push(account(&reply).to_owned());
        }
        rounds.push(accounts);
    }
    assert_eq!(rounds[0], rounds[1], "they moved");
    for id in ids {
        let count = rounds[0].iter().filter(|account| *account == id).count();
        assert_eq!(count, AGENTS / ids.len(), "{id}: {rounds:?}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_conversation_whose_account_is_limited_moves_and_stays_where_it_went() {
    let mock = mock().await;
    let seats = seat(&mock, "octocat") + &seat(&mock, "hubot");
    let server = Home::with_config(&format!("{STICKY}{seats}")).serve().await;
    server.knows_models().await;
    let first = server.chat_in("one", hi("gpt-4o")).await;
    let first = account(&first).to_owned();
    mock.set_fault(&first, Fault::rate_limited(600));
    let moved = server.chat_in("one", hi("gpt-4o")).await;
    let moved = account(&moved).to_owned();
    assert_ne!(first, moved);
    for _ in 0..5 {
        let reply = server.chat_in("one", hi("gpt-4o")).await;
        assert_eq!(account(&reply), moved);
    }
    server.stop().await;
}

/// `octocat` and `hubot`, each of which seals its reasoning and refuses the
/// other's. `octocat` is asked first.
async fn sealing() -> (Mock, Home) {
    let mock = mock().await;
    let seals = Fault::Together(vec![
        Fault::Quirk(Quirk::SealedReasoning),
        Fault::RefuseForeignSeals,
    ]);
    for id in ["octocat", "hubot"] {
        mock.set_faults(id, Faults::always(seals.clone()));
    }
    let seats = seat(&mock, "octocat") + &seat(&mock, "hubot");
    let home = Home::with_config(&format!("[pool]\nstrategy = \"fill_first\"\n\n{seats}"));
    (mock, home)
}

/// A conversation whose first answer `octocat` has sealed, and its next turn.
async fn sealed_by_octocat(server: &Server) -> Vec<Value> {
    server.knows_models().await;
    let reply = server.chat(said(&[user("think")])).await;
    assert_eq!(account(&reply), "octocat");
    let answer = answer(&reply);
    let seal = answer["reasoning_opaque"].as_str().unwrap();
    assert!(seal.starts_with("sealed-by-octocat-"), "{answer}");
    vec![user("think"), answer, user("go on")]
}

/// `octocat` serves no more, not even in a server that runs.
async fn without_octocat(home: &Home, server: &Server) {
    home.run(&["account", "disable", "octocat"])
        .await
        .succeeded();
    let moved = async { while account(&server.chat(hi("gpt-4.1")).await) != "hubot" {} };
    let moved = timeout(PATIENCE, moved).await;
    moved.expect("the server follows in time");
}

/// The seals in what an account was asked.
fn seals(body: &Value) -> Vec<&str> {
    let messages = body["messages"].as_array().unwrap().iter();
    messages
        .filter_map(|message| message["reasoning_opaque"].as_str())
        .collect()
}

#[tokio::test]
async fn what_an_account_has_sealed_comes_back_to_it_untouched() {
    let (mock, home) = sealing().await;
    let server = home.serve().await;
    let conversation = sealed_by_octocat(&server).await;
    let reply = server.chat(said(&conversation)).await;
    reply.is_served_by("octocat");
    assert_eq!(reply.header("x-tokn-router-attempts"), "1");
    let asked = heard(&mock, "octocat");
    assert_eq!(asked[1]["messages"], json!(conversation));
    server.stop().await;
}

#[tokio::test]
async fn a_conversation_that_moves_leaves_behind_what_only_its_last_account_could_read() {
    let (mock, home) = sealing().await;
    let server = home.serve().await;
    let conversation = sealed_by_octocat(&server).await;
    without_octocat(&home, &server).await;
    for stream in [false, true] {
        let mut body = said(&conversation);
        body["stream"] = json!(stream);
        let reply = server.chat(body).await;
        reply.is_served_by("hubot");
        assert_eq!(reply.header("x-tokn-router-attempts"), "1");
    }
    let heard = heard(&mock, "hubot");
    for body in &heard {
        assert!(seals(body).is_empty(), "{body}");
    }
    // All else of the answer is still there.
    let brought = &heard.last().unwrap()["messages"][1];
    assert_eq!(brought["content"], conversation[1]["content"]);
    server.stop().await;
}

#[tokio::test]
async fn a_streamed_answers_seal_is_known_for_its_makers_too() {
    let (mock, home) = sealing().await;
    let server = home.serve().await;
    server.knows_models().await;
    let mut body = said(&[user("think")]);
    body["stream"] = json!(true);
    let reply = server.chat(body).await;
    reply.is_served_by("octocat");
    reply.is_a_finished_stream();
    let seal = reply
        .body
        .split('"')
        .find(|text| text.starts_with("sealed-by-"));
    let brought = json!({"role": "assistant", "content": "Hi.", "reasoning_opaque": seal.unwrap()});
    without_octocat(&home, &server).await;
    let reply = server
        .chat(said(&[user("think"), brought, user("go on")]))
        .await;
    reply.is_served_by("hubot");
    assert_eq!(reply.header("x-tokn-router-attempts"), "1");
    assert!(
        heard(&mock, "hubot")
            .iter()
            .all(|body| seals(body).is_empty())
    );
    server.stop().await;
}

#[tokio::test]
async fn a_seal_whose_maker_is_forgotten_is_refused_once_and_replayed_without_it() {
    let (mock, home) = sealing().await;
    let server = home.serve().await;
    let conversation = sealed_by_octocat(&server).await;
    without_octocat(&home, &server).await;
    server.stop().await;
    mock.clear_seen();

    let server = home.serve().await;
    server.knows_models().await;
    let reply = server.chat(said(&conversation)).await;
    reply.is_served_by("hubot");
    assert_eq!(reply.header("x-tokn-router-attempts"), "2");
    let heard = heard(&mock, "hubot");
    let counts: Vec<usize> = heard.iter().map(|body| seals(body).len()).collect();
    assert_eq!(counts, [1, 0]);
    server.stop().await;
}
