//! `config`: what is read, listed and checked.

mod account;
mod edit;
mod set;
mod writers;

use serde_json::{Value, json};

use crate::support::{Home, Output};

const CONFIG: &str = "\
# mine
[server]
port = 4242 # free here

[proxy]
url = \"http://me:hush@proxy.example:8080\"
no_proxy = [
  \"localhost\", # always
  \".internal\",
]

[[accounts]]
id = \"work\"
provider = \"zai\"
api_key = \"sk-abcdefghijklmnopqrstuvwxyz\"

[accounts.settings]
user_agent = \"Mine/1.0\"
";

async fn run(home: &Home, line: &str) -> Output {
    home.run(&line.split(' ').collect::<Vec<_>>()).await
}

/// What some commands print, each below its own line.
async fn printed(home: &Home, lines: &[&str]) -> String {
    let mut all = String::new();
    for line in lines {
        let output = run(home, line).await.succeeded();
        assert_eq!(output.stderr, "", "{line}");
        all += &format!("$ {line}\n{}", output.printed());
    }
    all
}

/// What some commands say, each below its own line.
async fn told(home: &Home, lines: &[&str], code: i32) -> String {
    let mut all = String::new();
    for line in lines {
        let output = run(home, line).await;
        assert_eq!(output.code, Some(code), "{line}: {output:#?}");
        assert_eq!(output.stdout, "", "{line}");
        all += &format!("$ {line}\n{}", output.told());
    }
    all
}

#[tokio::test]
async fn a_value_is_printed_as_it_takes_effect_and_a_secret_masked() {
    let home = Home::with_config(CONFIG);
    let told = printed(
        &home,
        &[
            "config get server.port",
            "config get server.host",
            "config get proxy.no_proxy",
            "config get proxy.url",
            "config get proxy.url --show-secrets",
            "config get api_key --account work",
            "config get api_key --account work --show-secrets",
            "config get settings.user_agent --account work",
            "config get accounts.\"settings\".user_agent --account work",
            "config get tier --account work",
        ],
    );
    insta::assert_snapshot!(told.await, @r#"
    $ config get server.port
    4242
    $ config get server.host
    127.0.0.1
    $ config get proxy.no_proxy
    localhost
    .internal
    $ config get proxy.url
    http://me:***@proxy.example:8080
    $ config get proxy.url --show-secrets
    http://me:hush@proxy.example:8080
    $ config get api_key --account work
    sk-a*** (29 characters)
    $ config get api_key --account work --show-secrets
    sk-abcdefghijklmnopqrstuvwxyz
    $ config get settings.user_agent --account work
    Mine/1.0
    $ config get accounts."settings".user_agent --account work
    Mine/1.0
    $ config get tier --account work
    active
    "#);
}

#[tokio::test]
async fn a_key_without_a_value_and_a_key_that_nobody_knows_differ_in_their_exit_code() {
    let home = Home::with_config(CONFIG);
    insta::assert_snapshot!(told(&home, &["config get usage.path"], 1).await, @"
    $ config get usage.path
    error: `usage.path` has no value, and no default
    ");
    let unknown = [
        "config get server.prot",
        "config get weight",
        "config get weight --account werk",
        "config get server.port --account work",
        "config set sever.port 1",
        "config unset settings.user_agnet --account work",
        "config get a=b",
    ];
    insta::assert_snapshot!(told(&home, &unknown, 2).await, @"
    $ config get server.prot
    error: unknown key `server.prot`
    hint: did you mean `server.port`?
    $ config get weight
    error: `weight` is a key of an account
    hint: name the account, as in `weight --account ID`
    $ config get weight --account werk
    error: there is no account `werk`
    hint: did you mean `work`?
    $ config get server.port --account work
    error: `server.port` is no key of an account
    hint: leave --account out
    $ config set sever.port 1
    error: unknown key `sever.port`
    hint: did you mean `server.port`?
    $ config unset settings.user_agnet --account work
    error: unknown key `settings.user_agnet`
    hint: did you mean `settings.user_agent`?
    $ config get a=b
    error: `a=b` is no key
    hint: keys are names in dots, as in `server.port`
    ");
    assert_eq!(home.config(), CONFIG);
}

#[tokio::test]
async fn every_value_is_listed_with_where_it_comes_from_account_by_account() {
    let home = Home::with_config(CONFIG);
    let list = printed(&home, &["config list"]).await;
    insta::assert_snapshot!(list, @r#"
    $ config list
    KEY                             VALUE                               FROM
    server.host                     "127.0.0.1"                         default
    server.port                     4242                                line 3
    server.max_body_bytes           67108864                            default
    server.drain_secs               300                                 default
    server.connect_timeout_secs     10                                  default
    server.first_byte_timeout_secs  300                                 default
    server.idle_timeout_secs        300                                 default
    server.keep_alive_secs          15                                  default
    server.reveal_account           true                                default
    server.websocket                true                                default
    pool.strategy                   "round_robin"                       default
    pool.failure_cooldown_secs      60                                  default
    pool.session_ttl_secs           3600                                default
    pool.max_wait_secs              20                                  default
    usage.enabled                   true                                default
    proxy.url                       "http://me:***@proxy.example:8080"  line 6
    proxy.system                    false                               default
    proxy.no_proxy                  ["localhost", ".internal"]          line 7

    account work
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
    let shown = printed(&home, &["config list --show-secrets"]).await;
    assert!(shown.contains("sk-abcdefghijklmnopqrstuvwxyz") && shown.contains("me:hush@"));

    let values = run(&home, "config list --json").await.succeeded().json();
    let of = |key: &str| {
        let mut values = values.as_array().unwrap().iter();
        values.find(|told| told["key"] == key).cloned().unwrap()
    };
    assert_eq!(
        of("server.port"),
        json!({"key": "server.port", "account": null, "value": 4242, "origin": "file", "line": 3})
    );
    assert_eq!(of("server.host")["line"], Value::Null);
    assert_eq!(
        of("proxy.no_proxy")["value"],
        json!(["localhost", ".internal"])
    );
    assert_eq!(of("api_key")["account"], "work");
    assert_eq!(of("api_key")["value"], "sk-a*** (29 characters)");
}

#[tokio::test]
async fn a_list_stays_within_eighty_columns_and_has_no_colour() {
    let long = "x".repeat(300);
    let config = CONFIG.replace("Mine/1.0", &long);
    let home = Home::with_config(&config);
    let listed = printed(&home, &["config list"]).await;
    let widest = listed.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(80), "{widest:?}: {listed}");
    assert!(!listed.contains('\u{1b}'));
    let home = Home::with_config(&config).with_variable("NO_COLOR", "1");
    assert_eq!(printed(&home, &["config list"]).await, listed);
}

#[tokio::test]
async fn without_a_file_every_key_has_its_default() {
    let home = Home::new();
    let lines = ["config path", "config get server.port"];
    insta::assert_snapshot!(printed(&home, &lines).await, @"
    $ config path
    [home]/config/tokn-router/config.toml
    $ config get server.port
    4141
    ");
    insta::assert_snapshot!(told(&home, &["config check", "config unset server.port"], 0).await, @"
    $ config check
    there is no [home]/config/tokn-router/config.toml: every key has its default
    $ config unset server.port
    server.port is not set
    ");
    assert!(!home.config_path().exists());
    let path = run(&home, "--config other.toml config path").await;
    assert_eq!(path.succeeded().stdout, "other.toml\n");
}

#[tokio::test]
async fn a_check_tells_every_problem_at_once_with_its_line_and_column() {
    let home = Home::with_config(CONFIG);
    insta::assert_snapshot!(told(&home, &["config check"], 0).await, @"
    $ config check
    the configuration is right
    ");
    home.write(
        "wrong.toml",
        "[server]\n  prot = 1\nhost = 7\n\n[[accounts]]\nprovider = \"zia\"\n",
    );
    home.write("broken.toml", "[server\nport = 1\n");
    let lines = [
        "config check wrong.toml",
        "config check broken.toml",
        "config check missing.toml",
        "--config wrong.toml config check",
        "--config wrong.toml config list",
        "--config wrong.toml config get server.port",
        "--config wrong.toml config set server.port 1",
        "--config wrong.toml account remove work --yes",
    ];
    insta::assert_snapshot!(told(&home, &lines, 3).await, @"
    $ config check wrong.toml
    error: wrong.toml:2:3: unknown key `prot` in [server]
    hint: did you mean `port`?
    wrong.toml:3:8: `server.host` must be an address or a host name, not an integer
    wrong.toml:5:1: this account has no `id`
    wrong.toml:6:12: `accounts.provider` must be one of `github-copilot`, `zai-coding-plan`, `zai`, `zhipuai-coding-plan`, `zhipuai`, not `zia`
    hint: did you mean `zai`?
    $ config check broken.toml
    error: broken.toml:1:8: unclosed table, expected `]`
    $ config check missing.toml
    error: there is no missing.toml
    $ --config wrong.toml config check
    error: wrong.toml:2:3: unknown key `prot` in [server]
    hint: did you mean `port`?
    wrong.toml:3:8: `server.host` must be an address or a host name, not an integer
    wrong.toml:5:1: this account has no `id`
    wrong.toml:6:12: `accounts.provider` must be one of `github-copilot`, `zai-coding-plan`, `zai`, `zhipuai-coding-plan`, `zhipuai`, not `zia`
    hint: did you mean `zai`?
    $ --config wrong.toml config list
    error: wrong.toml:2:3: unknown key `prot` in [server]
    hint: did you mean `port`?
    wrong.toml:3:8: `server.host` must be an address or a host name, not an integer
    wrong.toml:5:1: this account has no `id`
    wrong.toml:6:12: `accounts.provider` must be one of `github-copilot`, `zai-coding-plan`, `zai`, `zhipuai-coding-plan`, `zhipuai`, not `zia`
    hint: did you mean `zai`?
    $ --config wrong.toml config get server.port
    error: wrong.toml:2:3: unknown key `prot` in [server]
    hint: did you mean `port`?
    wrong.toml:3:8: `server.host` must be an address or a host name, not an integer
    wrong.toml:5:1: this account has no `id`
    wrong.toml:6:12: `accounts.provider` must be one of `github-copilot`, `zai-coding-plan`, `zai`, `zhipuai-coding-plan`, `zhipuai`, not `zia`
    hint: did you mean `zai`?
    $ --config wrong.toml config set server.port 1
    error: wrong.toml:2:3: unknown key `prot` in [server]
    hint: did you mean `port`?
    wrong.toml:3:8: `server.host` must be an address or a host name, not an integer
    wrong.toml:5:1: this account has no `id`
    wrong.toml:6:12: `accounts.provider` must be one of `github-copilot`, `zai-coding-plan`, `zai`, `zhipuai-coding-plan`, `zhipuai`, not `zia`
    hint: did you mean `zai`?
    $ --config wrong.toml account remove work --yes
    error: wrong.toml:2:3: unknown key `prot` in [server]
    hint: did you mean `port`?
    wrong.toml:3:8: `server.host` must be an address or a host name, not an integer
    wrong.toml:5:1: this account has no `id`
    wrong.toml:6:12: `accounts.provider` must be one of `github-copilot`, `zai-coding-plan`, `zai`, `zhipuai-coding-plan`, `zhipuai`, not `zia`
    hint: did you mean `zai`?
    ");
}

#[tokio::test]
async fn the_schema_is_json_and_knows_every_section() {
    let schema = run(&Home::new(), "config schema").await.succeeded().json();
    for section in ["server", "pool", "usage", "proxy", "accounts"] {
        assert!(schema["properties"][section].is_object(), "{section}");
    }
}
