//! `account show`, `account remove`, and the aliases of `login` and `import`.

use super::{CONFIG, printed, told};
use crate::support::home::seat;
use crate::support::{Home, hi, mock};

#[tokio::test]
async fn an_account_is_shown_as_the_configuration_has_it_and_its_credentials_masked() {
    let home = Home::with_config(CONFIG);
    let shown = printed(&home, &["account show work"]).await;
    insta::assert_snapshot!(shown, @r#"
    $ account show work
    KEY                      VALUE                      FROM
    id                       "work"                     line 13
    provider                 "zai"                      line 14
    auth_type                "bearer"                   default
    enabled                  true                       default
    api_key                  "sk-a*** (29 characters)"  line 15
    host                     "github.com"               default
    tier                     "active"                   default
    weight                   1                          default
    settings.user_agent      "Mine/1.0"                 line 18
    settings.initiator_mode  "auto"                     default
    "#);
    let shown = printed(&home, &["account show work --show-secrets"]).await;
    assert!(
        shown.contains("\"sk-abcdefghijklmnopqrstuvwxyz\""),
        "{shown}"
    );
    let json = home.run(&["account", "show", "work", "--json"]).await;
    let json = json.succeeded().json();
    assert_eq!(
        (&json[0]["key"], &json[0]["value"]),
        (&"id".into(), &"work".into())
    );
    insta::assert_snapshot!(told(&home, &["account show werk"], 2).await, @"
    $ account show werk
    error: there is no account werk
    hint: there are work
    ");
}

#[tokio::test]
async fn an_account_is_removed_with_its_tables_once_the_person_agrees() {
    let home = Home::with_config(CONFIG);
    let lines = ["account remove work", "account remove werk --yes"];
    insta::assert_snapshot!(told(&home, &lines, 2).await, @"
    $ account remove work
    error: there is no terminal to ask whether you are sure
    hint: answer with --yes
    $ account remove werk --yes
    error: there is no account werk
    hint: there are work
    ");
    assert_eq!(home.config(), CONFIG);
    insta::assert_snapshot!(told(&home, &["account remove work --yes"], 0).await, @"
    $ account remove work --yes
    work is removed from [home]/config/tokn-router/config.toml
    ");
    let (rest, _) = CONFIG.split_once("\n[[accounts]]").unwrap();
    assert_eq!(home.config(), rest);
}

#[tokio::test]
async fn what_was_kept_of_an_account_goes_with_it_and_that_of_others_stays() {
    let mock = mock().await;
    let home = Home::with_config(&(seat(&mock, "octocat") + &seat(&mock, "hubot")));
    let server = home.serve().await;
    server.knows_models().await;
    for _ in 0..4 {
        assert_eq!(server.chat(hi("gpt-4o")).await.status, 200);
    }
    server.stop().await;
    let kept = |id: &str| {
        let token = home.data().join(format!("tokens/{id}.json")).exists();
        let memory = std::fs::read_to_string(home.data().join("accounts.json")).unwrap();
        (token, memory.contains(&format!("\"{id}\"")))
    };
    assert_eq!(
        (kept("octocat"), kept("hubot")),
        ((true, true), (true, true))
    );
    told(&home, &["account remove octocat --yes"], 0).await;
    assert_eq!(
        (kept("octocat"), kept("hubot")),
        ((false, false), (true, true))
    );
    assert_eq!(home.config(), seat(&mock, "hubot"));
}

#[tokio::test]
async fn a_running_server_lets_a_removed_account_go() {
    let mock = mock().await;
    let home = Home::with_config(&(seat(&mock, "octocat") + &seat(&mock, "hubot")));
    let server = home.serve().await;
    let told = told(&home, &["account remove octocat --yes"], 0).await;
    insta::assert_snapshot!(told, @"
    $ account remove octocat --yes
    octocat is removed from [home]/config/tokn-router/config.toml; the running server lets it go within a second
    ");
    server.stop().await;
}

#[tokio::test]
async fn accounts_are_added_by_the_same_commands_below_account() {
    let mock = mock().await;
    for verb in [&["account", "add"][..], &["account", "login"]] {
        let home = Home::new().reaching(&mock);
        home.run(verb)
            .await
            .succeeded()
            .says("added account octocat");
    }
    let home = Home::new()
        .reaching(&mock)
        .with_variable("GH_TOKEN", "gho_demo_hubot");
    let import = ["account", "import", "--from", "env", "--id", "mine"];
    home.run(&import)
        .await
        .succeeded()
        .says("added account mine");
    for (alias, whole) in [("add", "login"), ("import", "import")] {
        let flags = |text: String| {
            let flags = text
                .lines()
                .filter(|line| line.trim_start().starts_with("--"));
            flags.map(str::to_owned).collect::<Vec<_>>()
        };
        let alias = home.run(&["account", alias, "--help"]).await.succeeded();
        let whole = home.run(&[whole, "--help"]).await.succeeded();
        assert_eq!(flags(alias.stdout), flags(whole.stdout));
    }
}
