//! `usage --json` and `--csv`: the same for programs.

use super::{home, window};

#[tokio::test]
async fn json_tells_everything() {
    let args = window(&["--json", "--account", "octocat"]);
    let output = home().run(&args).await.succeeded();
    insta::assert_snapshot!(output.printed());
}

#[tokio::test]
async fn csv_has_a_row_for_each_group() {
    let output = home().run(&window(&["--csv"])).await.succeeded();
    insta::assert_snapshot!(output.printed(), @"
    account,model,requests,failed,cancelled,input,cache_read,cache_write,output,reasoning,cost_usd,told_usd,estimated_usd,estimated_requests,unpriced_requests,first_byte_p50_ms,first_byte_p95_ms
    ,gpt-99,1,1,0,0,0,0,0,0,0.0,0.0,0.0,0,0,,
    hubot,claude-sonnet-4.5,1,0,0,72000,60000,0,2040,240,0.0846,0.0,0.0846,1,0,2392,2392
    hubot,gpt-5-mini,2,1,0,48000,40000,0,1360,160,0.00572,0.0,0.00572,1,0,1589,1589
    octocat,claude-sonnet-4.5,3,0,1,36000,30000,0,1020,120,0.0370370367,0.0370370367,0.0,0,0,397,794
    octocat,gpt-5-mini,1,0,0,36000,30000,0,1020,120,0.0370370367,0.0370370367,0.0,0,0,1196,1196
    work,glm-4.7,1,0,0,60000,50000,0,1700,200,0.0,0.0,0.0,0,1,2015,2015
    ");
    let output = home()
        .run(&window(&["--csv", "--by", "hour,hour"]))
        .await
        .succeeded();
    insta::assert_snapshot!(output.printed(), @"
    hour,requests,failed,cancelled,input,cache_read,cache_write,output,reasoning,cost_usd,told_usd,estimated_usd,estimated_requests,unpriced_requests,first_byte_p50_ms,first_byte_p95_ms
    2026-11-24T12:00:00Z,1,0,0,12000,10000,0,340,40,0.0123456789,0.0123456789,0.0,0,0,397,397
    2026-11-24T13:00:00Z,2,0,0,60000,50000,0,1700,200,0.0617283945,0.0617283945,0.0,0,0,794,1196
    2026-11-24T15:00:00Z,1,0,0,48000,40000,0,1360,160,0.00572,0.0,0.00572,1,0,1589,1589
    2026-11-24T16:00:00Z,1,0,0,60000,50000,0,1700,200,0.0,0.0,0.0,0,1,2015,2015
    2026-11-24T17:00:00Z,2,1,0,72000,60000,0,2040,240,0.0846,0.0,0.0846,1,0,2392,2392
    2026-11-24T18:00:00Z,2,1,1,0,0,0,0,0,0.0,0.0,0.0,0,0,,
    ");
}

#[tokio::test]
async fn hours_and_days_are_those_of_the_persons_clock() {
    let home = home().with_variable("TZ", "America/New_York");
    let args = [
        "usage",
        "--since",
        "2026-11-24",
        "--until",
        "2026-11-25",
        "--by",
        "hour",
        "--csv",
    ];
    let output = home.run(&args).await.succeeded();
    assert!(
        output.stdout.contains("\n2026-11-24T12:00:00Z,1,"),
        "{output:#?}"
    );
    let page = home.run(&args[..7]).await.succeeded();
    assert!(page.stdout.contains("\n2026-11-24 07:00 "), "{page:#?}");
    assert!(page.stdout.contains("(America/New_York)"), "{page:#?}");
}
