//! `config set` and `config unset`: what is written, and what is refused.

use super::{CONFIG, printed, told};
use crate::support::Home;

#[tokio::test]
async fn what_is_set_is_told_and_every_other_byte_stays() {
    let home = Home::with_config(CONFIG);
    let lines = [
        "config set server.port 1",
        "config set server.port 1",
        "config set pool.strategy sticky",
        "config set proxy.no_proxy 10.0.0.0/8 localhost --add",
        "config set enabled false --account work",
        "config set weight 7 --account work",
        "config set proxy.url socks5h://127.0.0.1:1080",
    ];
    insta::assert_snapshot!(told(&home, &lines, 0).await, @"
    $ config set server.port 1
    server.port is changed; a running server follows at its next start
    $ config set server.port 1
    server.port has that value already
    $ config set pool.strategy sticky
    pool.strategy is set; a running server follows at its next start
    $ config set proxy.no_proxy 10.0.0.0/8 localhost --add
    proxy.no_proxy is changed; a running server follows at its next start
    $ config set enabled false --account work
    enabled of work is set; a running server follows within a second
    $ config set weight 7 --account work
    weight of work is set; a running server follows at its next start
    $ config set proxy.url socks5h://127.0.0.1:1080
    proxy.url is changed; a running server follows at its next start
    ");
    insta::assert_snapshot!(home.config(), @r#"
    # mine
    [server]
    port = 1 # free here

    [pool]
    strategy = "sticky"

    [proxy]
    url = "socks5h://127.0.0.1:1080"
    no_proxy = [
      "localhost", # always
      ".internal",
      "10.0.0.0/8",
    ]

    [[accounts]]
    id = "work"
    provider = "zai"
    api_key = "sk-abcdefghijklmnopqrstuvwxyz"
    enabled = false
    weight = 7

    [accounts.settings]
    user_agent = "Mine/1.0"
    "#);
    let lines = [
        "config unset proxy.no_proxy localhost",
        "config unset proxy.no_proxy localhost",
        "config unset server.port",
        "config unset server.port",
        "config unset settings.user_agent --account work",
    ];
    insta::assert_snapshot!(told(&home, &lines, 0).await, @"
    $ config unset proxy.no_proxy localhost
    proxy.no_proxy holds localhost no more; a running server follows at its next start
    $ config unset proxy.no_proxy localhost
    proxy.no_proxy does not hold localhost
    $ config unset server.port
    server.port is 4141 again, as by default; a running server follows at its next start
    $ config unset server.port
    server.port is not set
    $ config unset settings.user_agent --account work
    settings.user_agent of work is unset; a running server follows at its next start
    ");
    insta::assert_snapshot!(home.config(), @r#"
    # mine
    [server]
    # free here

    [pool]
    strategy = "sticky"

    [proxy]
    url = "socks5h://127.0.0.1:1080"
    no_proxy = [
      # always
      ".internal",
      "10.0.0.0/8",
    ]

    [[accounts]]
    id = "work"
    provider = "zai"
    api_key = "sk-abcdefghijklmnopqrstuvwxyz"
    enabled = false
    weight = 7

    [accounts.settings]
    "#);
}

#[tokio::test]
async fn a_wrong_value_is_refused_and_nothing_is_written() {
    let home = Home::with_config(CONFIG);
    let lines = [
        "config set server.port",
        "config set server.port 70000",
        "config set server.port -1",
        "config set server.port 1 2",
        "config set server.port 1 --add",
        "config set pool.strategy stiky",
        "config set weight 5 --account werk",
        "config unset server.port 4242",
        "config unset id --account work",
        "config unset api_key --account work",
    ];
    insta::assert_snapshot!(told(&home, &lines, 2).await, @"
    $ config set server.port
    error: `server.port` needs a value
    $ config set server.port 70000
    error: `server.port` must be a port from 0 to 65535, not 70000
    $ config set server.port -1
    error: `server.port` must be a port from 0 to 65535, not -1
    $ config set server.port 1 2
    error: `server.port` takes one value
    $ config set server.port 1 --add
    error: `server.port` is no list that a value could be added to
    hint: leave --add out
    $ config set pool.strategy stiky
    error: `pool.strategy` must be one of `round_robin`, `sticky`, `fill_first`, `most_remaining`, not `stiky`
    hint: did you mean `sticky`?
    $ config set weight 5 --account werk
    error: there is no account `werk`
    hint: did you mean `work`?
    $ config unset server.port 4242
    error: `server.port` is no list that a value could be taken out of
    hint: leave the value out
    $ config unset id --account work
    error: this would make the configuration wrong: this account has no `id`
    $ config unset api_key --account work
    error: this would make the configuration wrong: account `work` has no `api_key`, which provider `zai` needs
    ");
    assert_eq!(home.config(), CONFIG);
}

#[tokio::test]
async fn a_secret_is_never_on_the_command_line() {
    let home = Home::with_config(CONFIG);
    let lines = [
        "config set api_key sk-on-argv --account work",
        "config set proxy.url http://me:argv@proxy.example",
        "config set proxy me:argv@proxy.example --account work",
        "config set api_key --account work",
        "config set refresh_token --account work",
    ];
    let told = told(&home, &lines, 2).await;
    insta::assert_snapshot!(told, @"
    $ config set api_key sk-on-argv --account work
    error: `api_key` is a secret, and the command line is not
    hint: leave it out to be asked for it, or pipe it in with --stdin
    $ config set proxy.url http://me:argv@proxy.example
    error: `proxy.url` is a secret, and the command line is not
    hint: leave it out to be asked for it, or pipe it in with --stdin
    $ config set proxy me:argv@proxy.example --account work
    error: `proxy` is a secret, and the command line is not
    hint: leave it out to be asked for it, or pipe it in with --stdin
    $ config set api_key --account work
    error: there is no terminal to ask for the value of `api_key`
    hint: pipe it in with --stdin
    $ config set refresh_token --account work
    error: there is no terminal to ask for the value of `refresh_token`
    hint: pipe it in with --stdin
    ");
    assert_eq!(home.config(), CONFIG);

    let set = ["config", "set", "api_key", "--account", "work", "--stdin"];
    let output = home.run_with_stdin(&set, "sk-of-stdin\n").await.succeeded();
    insta::assert_snapshot!(output.told(), @"api_key of work is changed; a running server follows at its next start");
    assert_eq!(
        home.config(),
        CONFIG.replace("sk-abcdefghijklmnopqrstuvwxyz", "sk-of-stdin")
    );
    for wrong in ["", "\n \n", "sk-one\nsk-two\n", "sk-\u{e4}\n"] {
        let output = home.run_with_stdin(&set, wrong).await.failed_with(2);
        assert!(!output.stderr.contains("sk-"), "{output:#?}");
    }
    let hosts = ["config", "set", "proxy.no_proxy", "--stdin"];
    home.run_with_stdin(&hosts, "a\r\nb\n").await.succeeded();
    let listed = printed(&home, &["config get proxy.no_proxy"]).await;
    assert_eq!(listed, "$ config get proxy.no_proxy\na\nb\n");
}
