//! A review's text, page, message and JSON.

use serde_json::json;

use super::super::json_review::within;
use super::super::{html, json_v1, sns, text};
use super::{PLAIN, Report, clean_report};
use crate::report::Page;
use crate::review::testing::review;

fn told() -> Report {
    let mut told = clean_report();
    told.run.trigger = "review";
    let mut review = review();
    review.missing.push("Something could not be seen.".to_owned());
    told.review = Some(review);
    told
}

#[test]
fn the_text_tells_the_week_first() {
    insta::assert_snapshot!(text::render(&told(), PLAIN), @r"
    First week: 1 incident (worst: service web and 2 more, 33 minutes), 1 failed
    deployment, $304 against $210 expected.
    From 2026-11-15 03:00 to 2026-11-22 03:00 UTC.

    INCIDENTS
      2026-11-21 03:10 service web, alarm web-5xx, DB instance orders for 33 minutes
        03:10 a deployment of service web failed and was taken back: (service web)
          (deployment ecs-svc/3) deployment failed: tasks failed to start
        03:15 alarm web-5xx was in ALARM for 28 minutes
        03:20 DB instance orders: Multi-AZ instance failover started
        03:22 DB instance orders: Multi-AZ instance failover completed
      Beside these, 35 times an alarm went off and back within ten minutes, and
        nothing went along with it.

    SLOW STATEMENTS
      orders (postgres) by Performance Insights since 2026-11-15 03:00
        1.25 sessions, 50%: SELECT * FROM orders WHERE id = ?
      reports (postgres) records no statements; switch on:
        Performance Insights, whose free tier keeps seven days; it takes no restart,
          and not every small class has it
        $ aws rds modify-db-instance --region eu-west-1 --db-instance-identifier reports --enable-performance-insights --performance-insights-retention-period 7 --apply-immediately
        the log of slow statements, with log_min_duration_statement = 1000
        $ aws rds modify-db-parameter-group --region eu-west-1 --db-parameter-group-name reports --parameters ParameterName=log_min_duration_statement,ParameterValue=1000,ApplyMethod=immediate
        and its export to CloudWatch Logs
        $ aws rds modify-db-instance --region eu-west-1 --db-instance-identifier reports --cloudwatch-logs-export-configuration EnableLogTypes=postgresql --apply-immediately

    DEPLOYMENTS
      service web: 4 deployed, 1 failed (1 taken back), median 6 minutes, slowest 12
        minutes

    ALARMS, THE LOUDEST FIRST
      web-latency: too loud: 70 changes of state, 5.0 messages a day, in ALARM for 3
        hours 30 minutes, 35 of 35 times back by itself, never acted on
        Most times it ended by itself within minutes: ask for more datapoints (3 of
          5 instead of 1 of 1).
      web-5xx: 2 changes of state, 0.1 messages a day, in ALARM for 28 minutes,
        never acted on
        Keep it as it is.

    COSTS
      $304 a month at the pace of the week that ended on 2026-11-20 ($70.00); $94
        more than the $210 expected

    NOT IN THE REVIEW
      Something could not be seen.

    All clear: nothing found, and everything asked for was seen (2 resource types in
    1 region).
    1 policy: 12 pass, 0 fail, 3 skip, 0 unknown
    4 API calls, about $0.3000
    nothing found
    ");
}

#[test]
#[allow(clippy::too_many_lines, reason = "one snapshot")]
fn the_json_of_a_review_is_the_contract() {
    let json: serde_json::Value = serde_json::from_str(&json_v1::render(&told()).unwrap()).unwrap();
    let review = &json["review"];
    let keys: Vec<&String> = review.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "headline",
            "since",
            "until",
            "incidents",
            "flickers",
            "databases",
            "deployments",
            "noise",
            "costs",
            "missing"
        ]
    );
    insta::assert_json_snapshot!(review["incidents"][0]["symptoms"][1], @r#"
    {
      "kind": "alarm",
      "at": "2026-11-21T03:15:00Z",
      "until": "2026-11-21T03:43:00Z",
      "text": "alarm web-5xx was in ALARM for 28 minutes"
    }
    "#);
    insta::assert_json_snapshot!(review["databases"][0], @r#"
    {
      "resource": {
        "type": "AWS::RDS::DBInstance",
        "id": "orders",
        "arn": "",
        "name": "orders",
        "account": "111122223333",
        "region": "eu-west-1"
      },
      "engine": "postgres",
      "source": "performance_insights",
      "from": "2026-11-15T03:00:00Z",
      "until": "2026-11-22T03:00:00Z",
      "queries": [
        {
          "statement": "SELECT * FROM orders WHERE id = ?",
          "load": 1.25,
          "share": 0.5,
          "calls": null,
          "total_seconds": null,
          "max_seconds": null
        }
      ],
      "note": "",
      "enable": []
    }
    "#);
    insta::assert_json_snapshot!(review["deployments"], @r#"
    {
      "count": 4,
      "failed": 1,
      "rolled_back": 1,
      "median_seconds": 360,
      "slowest_seconds": 720,
      "services": [
        {
          "resource": {
            "type": "AWS::ECS::Service",
            "id": "web",
            "arn": "arn:aws:ecs:eu-west-1:111122223333:service/production/web",
            "name": "web",
            "account": "111122223333",
            "region": "eu-west-1"
          },
          "count": 4,
          "failed": 1,
          "rolled_back": 1,
          "timed": 3,
          "median_seconds": 360,
          "slowest_seconds": 720
        }
      ],
      "untold": []
    }
    "#);
    insta::assert_json_snapshot!(review["noise"][0], @r#"
    {
      "account": "111122223333",
      "region": "eu-west-1",
      "name": "web-latency",
      "transitions": 70,
      "fired": 35,
      "in_alarm_seconds": 12600,
      "self_resolved": 35,
      "acted_on": 0,
      "messages": 35,
      "messages_per_day": 5.0,
      "verdict": "loud",
      "advice": "Most times it ended by itself within minutes: ask for more datapoints (3 of 5 instead of 1 of 1)."
    }
    "#);
    insta::assert_json_snapshot!(review["costs"], @r#"
    {
      "settled": "2026-11-20",
      "week_usd": 70.0,
      "monthly_usd": 304.0,
      "expected_monthly_usd": 210.0,
      "over_usd": 94.0,
      "unknown": null
    }
    "#);
    let scan: serde_json::Value = serde_json::from_str(&json_v1::render(&clean_report()).unwrap()).unwrap();
    assert_eq!(scan.get("review"), None, "a scan has none");
}

#[test]
fn the_message_is_short() {
    let message = sns::summary(&told());
    assert_eq!(message.attributes["kind"], "review");
    insta::assert_snapshot!(message.subject, @"First week: 1 incident, 1 failed deployment, $304 against $210 expected");
    insta::assert_snapshot!(message.body, @r"
    First week: 1 incident (worst: service web and 2 more, 33 minutes), 1 failed deployment, $304 against $210 expected.

    - 1 incident; 35 times an alarm went off and back by itself
    - Worst, from 2026-11-21 03:10 UTC: a deployment of service web failed and was taken back: (service web) (deployment ecs-svc/3) deployment failed: tasks failed to start
    - 4 deployments, median 6 minutes, slowest 12 minutes; 1 failed, 1 of them taken back
    - Slowest on orders: SELECT * FROM orders WHERE id = ?
    - 1 alarm is too loud, web-latency first: Most times it ended by itself within minutes: ask for more datapoints (3 of 5 instead of 1 of 1).
    - Costs, a month at the pace of the last settled week: $304 against $210 expected
    - Not seen: 1 thing

    Not in it: Something could not be seen.
    The scan beside it: nothing found.
    Run 01932d1e-0000-7000-8000-000000000000 (review)
    ");
}

#[test]
fn the_message_says_where_the_page_lies() {
    let mut report = told();
    report.page = Some(Page { place: "s3://audit/reports/run.html".to_owned(), link: None });
    let body = sns::summary(&report).body;
    assert!(body.contains("\nThe whole report: s3://audit/reports/run.html\n"), "{body}");
}

#[test]
fn the_page_has_a_section_for_each_part() {
    let page = html::render(&told());
    for part in
        ["review-incidents", "review-statements", "review-deployments", "review-alarms", "review-costs"]
    {
        assert!(page.contains(&format!("id=\"{part}\"")), "{part}");
    }
    assert!(page.contains("<code>aws rds modify-db-instance"), "{page}");
}

#[test]
fn what_does_not_fit_is_left_out_and_said() {
    let review = told().review.unwrap();
    let whole = within(&review, 1_000_000);
    assert_eq!(whole["cut"], json!(null));
    let some = within(&review, whole.to_string().len() - 1);
    assert_eq!(some["review"]["noise"], json!([]));
    assert_eq!(some["review"]["incidents"], whole["review"]["incidents"]);
    assert!(some["cut"].as_str().unwrap().starts_with("noise left out"));
    let least = within(&review, 0);
    assert_eq!(least["review"]["headline"], whole["review"]["headline"]);
    assert_eq!(least["review"]["deployments"], json!(null));
}

#[test]
fn hostile_names_steer_nothing() {
    let hostile = "\u{1b}[31m<script>\u{202e}\n";
    let mut told = told();
    let review = told.review.as_mut().unwrap();
    review.incidents[0].resources[0] = hostile.into();
    review.incidents[0].symptoms[0].text = hostile.into();
    review.databases[0].queries[0].statement = hostile.into();
    review.databases[0].resource.id = hostile.into();
    review.deployments.services[0].resource.name = hostile.into();
    review.noise[0].name = hostile.into();
    review.missing.push(hostile.into());
    let told = told;
    for rendered in [
        text::render(&told, PLAIN),
        html::render(&told),
        sns::summary(&told).body,
        json_v1::render(&told).unwrap(),
    ] {
        assert!(!rendered.contains('\u{1b}') && !rendered.contains('\u{202e}'), "{rendered}");
    }
    assert_eq!(html::render(&told).matches("<script>").count(), 1, "its own");
}
