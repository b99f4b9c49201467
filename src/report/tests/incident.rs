//! An incident's text, page, message and JSON.

use serde_json::Value;

use super::super::json_incident::within;
use super::super::{html, json_v1, sns, text};
use super::{PLAIN, Report, Severity, Status, finding, report};
use crate::incident::testing::incident;

/// A finding on what happened, and one that has nothing to do with it.
fn told() -> Report {
    let mut told = report();
    told.run.trigger = "incident";
    told.findings =
        vec![finding("near", Severity::High, Status::New), finding("far", Severity::Critical, Status::New)];
    let mut incident = incident();
    incident.findings.insert(told.findings[0].id.clone());
    incident.asked_by = Some("arn:aws:iam::111122223333:user/ann".into());
    told.incident = Some(incident);
    told
}

#[test]
fn the_text_tells_the_story_then_the_causes_then_what_is_linked() {
    insta::assert_snapshot!(text::render(&told(), PLAIN), @r"
    INC-42: what happened from 2026-11-22 00:00 to 2026-11-22 03:00 UTC

    TIMELINE (UTC)
      2026-11-22
      01:25  change      bob@example.com (in the console) added ingress tcp 5432
                         from 0.0.0.0/0 and ingress tcp 5432 from 203.0.113.0/24 to
                         security group databases (sg-0a1b2c3d), 2 times until 01:26
                         still in force: ingress tcp 5432 from 0.0.0.0/0; no longer
                         in force: ingress tcp 5432 from 203.0.113.0/24 (carol put
                         it back with RevokeSecurityGroupIngress at 2026-11-22 02:36
                         UTC)
      02:02  deploy      github-deploy/GitHubActions (code) deployed service web
                         (UpdateService): task_definition web:43
      02:06  deploy      (service web) (deployment ecs-svc/1) deployment completed
      02:20  alarm       alarm web-5xx went from OK to ALARM; it watches
                         HTTPCode_Target_5XX_Count of load balancer web
      02:25  database    DB instance orders: Multi-AZ instance failover started.
      02:36  change      carol (on the command line) removed ingress tcp 5432 from
                         203.0.113.0/24 from security group databases (sg-0a1b2c3d)
                         puts back what was there before
      02:48  alarm       alarm web-5xx went from ALARM to OK; it watches
                         HTTPCode_Target_5XX_Count of load balancer web

    LIKELY CAUSES
      02:20 alarm web-5xx went from OK to ALARM; it watches
        HTTPCode_Target_5XX_Count of load balancer web
        1. 17 minutes before, deploys service web, joined to load balancer web by
           target group web (02:02, github-deploy/GitHubActions)

      02:25 DB instance orders: Multi-AZ instance failover started.
        1. 59 minutes before, changes security group databases of DB instance orders
           (01:25, bob@example.com)

    NOT IN THE TIMELINE
      CloudTrail tells of events up to 15 minutes late: changes after 2026-11-22
        02:45 UTC may be missing.

    FINDINGS ON WHAT THE TIMELINE IS ABOUT

    HIGH
      high     new      /ecs/near  eu-west-1
        /ecs/near has no retention and holds 1.2 GB
        fix: Set a retention that fits what you look back at.
        $ aws logs put-retention-policy --log-group-name /ecs/near --retention-in-days 30

      findings on other things are listed by --format json and html

    COULD NOT BE SEEN
      eu-west-1 AWS::CloudWatch::Alarm: denied, cloudwatch:DescribeAlarms

    NOTES
      The mute of p on a (ada) expired on 2026-10-31 and mutes nothing.

    1 policy: 12 pass, 0 fail, 3 skip, 0 unknown
    4 API calls, about $0.3000
    2 new; 1 thing could not be seen
    ");
}

#[test]
fn where_nothing_happened_the_text_says_so() {
    let mut quiet = told();
    quiet.findings.clear();
    let incident = quiet.incident.as_mut().unwrap();
    incident.timeline.clear();
    incident.explanations.clear();
    insta::assert_snapshot!(text::render(&quiet, PLAIN), @r"
    INC-42: what happened from 2026-11-22 00:00 to 2026-11-22 03:00 UTC

    TIMELINE (UTC)
      nothing is known to have happened

    NOT IN THE TIMELINE
      CloudTrail tells of events up to 15 minutes late: changes after 2026-11-22
        02:45 UTC may be missing.

    FINDINGS ON WHAT THE TIMELINE IS ABOUT

      none

    COULD NOT BE SEEN
      eu-west-1 AWS::CloudWatch::Alarm: denied, cloudwatch:DescribeAlarms

    NOTES
      The mute of p on a (ada) expired on 2026-10-31 and mutes nothing.

    Nothing found in what could be seen, but not everything could be seen.
    1 policy: 12 pass, 0 fail, 3 skip, 0 unknown
    4 API calls, about $0.3000
    nothing found; 1 thing could not be seen
    ");
}

#[test]
fn the_json_of_an_incident_is_the_contract() {
    let json: Value = serde_json::from_str(&json_v1::render(&told()).unwrap()).unwrap();
    let incident = &json["incident"];
    insta::assert_json_snapshot!(incident["timeline"][1], @r#"
    {
      "time": "2026-11-22T01:25:00Z",
      "until": "2026-11-22T01:26:00Z",
      "kind": "change",
      "by": "person",
      "actor": "bob@example.com",
      "origin": "console",
      "resource": {
        "type": "AWS::EC2::SecurityGroup",
        "id": "sg-0a1b2c3d",
        "name": "databases",
        "arn": "",
        "account": "111122223333",
        "region": "eu-west-1"
      },
      "text": "bob@example.com (in the console) added ingress tcp 5432 from 0.0.0.0/0 and ingress tcp 5432 from 203.0.113.0/24 to security group databases (sg-0a1b2c3d), 2 times until 01:26",
      "event_ids": [
        "open-1",
        "open-2"
      ],
      "count": 2,
      "stands": "partly",
      "stands_because": "still in force: ingress tcp 5432 from 0.0.0.0/0; no longer in force: ingress tcp 5432 from 203.0.113.0/24 (carol put it back with RevokeSecurityGroupIngress at 2026-11-22 02:36 UTC)",
      "metric": null,
      "symptom": false,
      "quiet": false
    }
    "#);
    insta::assert_json_snapshot!(incident["causes"], @r#"
    [
      {
        "symptoms": [
          5
        ],
        "causes": [
          {
            "entry": 3,
            "weight": 0.203,
            "hops": 2,
            "minutes_before": 17,
            "reason": "17 minutes before, deploys service web, joined to load balancer web by target group web"
          }
        ]
      },
      {
        "symptoms": [
          6
        ],
        "causes": [
          {
            "entry": 1,
            "weight": 0.154,
            "hops": 1,
            "minutes_before": 59,
            "reason": "59 minutes before, changes security group databases of DB instance orders"
          }
        ]
      }
    ]
    "#);
    let keys: Vec<&String> = incident.as_object().unwrap().keys().collect();
    let expected =
        ["since", "until", "reason", "asked_by", "timeline", "causes", "findings", "missing", "page"];
    assert_eq!(keys, expected);
    assert_eq!(incident["timeline"][2]["quiet"], true, "what services do stays in the JSON");
}

#[test]
fn the_message_is_short_and_says_where_the_rest_lies() {
    let mut told = told();
    told.incident.as_mut().unwrap().page = Some("s3://audit/reports/run.html".into());
    let message = sns::summary(&told);
    assert_eq!(message.attributes["kind"], "incident");
    insta::assert_snapshot!(message.subject, @"incident INC-42: likely deployment of service web, 7 events");
    insta::assert_snapshot!(message.body, @r"
    INC-42: what happened from 2026-11-22 00:00 to 2026-11-22 03:00 UTC.
    Asked by arn:aws:iam::111122223333:user/ann

    Likely causes:
    - 02:20 alarm web-5xx went from OK to ALARM; it watches HTTPCode_Target_5XX_Count of load balancer web
      17 minutes before, deploys service web, joined to load balancer web by target group web (02:02, github-deploy/GitHubActions)
    - 02:25 DB instance orders: Multi-AZ instance failover started.
      59 minutes before, changes security group databases of DB instance orders (01:25, bob@example.com)

    Timeline (UTC):
    - 2026-11-22 01:25 change: bob@example.com (in the console) added ingress tcp 5432 from 0.0.0.0/0 and ingress tcp 5432 from 203.0.113.0/24 to security group databases (sg-0a1b2c3d), 2 times until 01:26
      still in force: ingress tcp 5432 from 0.0.0.0/0; no longer in force: ingress tcp 5432 from 203.0.113.0/24 (carol put it back with RevokeSecurityGroupIngress at 2026-11-22 02:36 UTC)
    - 2026-11-22 02:02 deploy: github-deploy/GitHubActions (code) deployed service web (UpdateService): task_definition web:43
    - 2026-11-22 02:06 deploy: (service web) (deployment ecs-svc/1) deployment completed
    - 2026-11-22 02:20 alarm: alarm web-5xx went from OK to ALARM; it watches HTTPCode_Target_5XX_Count of load balancer web
    - 2026-11-22 02:25 database: DB instance orders: Multi-AZ instance failover started.
    - 2026-11-22 02:36 change: carol (on the command line) removed ingress tcp 5432 from 203.0.113.0/24 from security group databases (sg-0a1b2c3d)
      puts back what was there before
    - 2026-11-22 02:48 alarm: alarm web-5xx went from ALARM to OK; it watches HTTPCode_Target_5XX_Count of load balancer web

    Not in it: CloudTrail tells of events up to 15 minutes late: changes after 2026-11-22 02:45 UTC may be missing.
    Could not be seen: eu-west-1 AWS::CloudWatch::Alarm: denied, cloudwatch:DescribeAlarms
    Note: The mute of p on a (ada) expired on 2026-10-31 and mutes nothing.
    The whole report: s3://audit/reports/run.html
    The scan beside it: 2 new; 1 thing could not be seen.
    Run 01932d1e-0000-7000-8000-000000000000 (incident)
    ");
}

#[test]
fn a_long_story_is_told_from_its_end_in_a_message() {
    let mut told = told();
    let incident = told.incident.as_mut().unwrap();
    incident.reason = Some("ü".repeat(300));
    let last = incident.timeline.last().unwrap().clone();
    incident.timeline.extend(vec![last; 40]);
    let message = sns::summary(&told);
    assert!(message.subject.len() < 100 && message.subject.is_ascii(), "{}", message.subject);
    assert!(message.body.contains("35 earlier events are in the report"), "{}", message.body);
    assert_eq!(message.body.matches("alarm web-5xx went from ALARM to OK").count(), 12);
}

#[test]
fn what_does_not_fit_into_an_answer_is_left_out_and_said() {
    let told = told();
    let incident = told.incident.as_ref().unwrap();
    let cut = |budget: usize| within(&told, incident, budget).unwrap();
    let whole = cut(usize::MAX);
    assert_eq!((&whole["cut"], whole["findings"].as_array().unwrap().len()), (&Value::Null, 1));
    let size = whole.to_string().len();
    let some = cut(size - 1);
    assert!(some["cut"].as_str().unwrap().starts_with("the findings are left out"), "{}", some["cut"]);
    assert_eq!(some["incident"], whole["incident"]);
    let least = cut(1);
    assert_eq!(least["incident"]["timeline"], serde_json::json!([]));
    assert!(least["cut"].as_str().unwrap().contains("deliver.s3"), "{}", least["cut"]);
}

#[test]
fn the_page_has_landmarks_headers_and_nothing_from_elsewhere() {
    let page = html::render(&told());
    for part in [
        "<!DOCTYPE html><html lang=\"en\">",
        "<title>INC-42: what happened from 2026-11-22 00:00 to 2026-11-22 03:00 UTC</title>",
        "<header>",
        "<main>",
        "<aside aria-labelledby=\"coverage\">",
        "<footer>",
        "<th scope=\"col\">Kind</th>",
        "<th scope=\"row\">2026-11-22 02:02</th>",
        "prefers-color-scheme: dark",
        "@media print",
        "Findings on what the timeline is about",
        "Other findings",
        "<pre>aws logs put-retention-policy --log-group-name /ecs/near --retention-in-days 30</pre>",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    for foreign in ["<script src", "http:", "https:", "url(", " src=", "href="] {
        assert!(!page.contains(foreign), "{foreign}");
    }
    assert!(!page.contains("RegisterTargets"), "what services do all day long");
}

#[test]
fn whatever_the_account_is_called_the_page_escapes_it() {
    let mut told = told();
    let hostile = "<img src=x onerror=alert(1)>\u{202e}&\"'";
    for finding in &mut told.findings {
        finding.message = hostile.into();
        finding.resource.name = hostile.into();
        finding.fix_cli = Some(format!("echo {hostile}\necho 2"));
        finding.evidence.insert(hostile.into(), hostile.into());
        finding.status = Status::New;
    }
    told.notes = vec![hostile.into()];
    told.coverage[1].detail = hostile.into();
    let incident = told.incident.as_mut().unwrap();
    incident.reason = Some(hostile.into());
    incident.missing.push(hostile.into());
    incident.asked_by = Some(hostile.into());
    for entry in &mut incident.timeline {
        entry.text = hostile.into();
        entry.stands_because = Some(hostile.into());
    }
    for cause in incident.explanations.iter_mut().flat_map(|explanation| &mut explanation.causes) {
        cause.reason = hostile.into();
    }
    let page = html::render(&told);
    assert!(!page.contains("<img") && !page.contains('\u{202e}'), "{page}");
    assert!(page.contains("&lt;img src=x onerror=alert(1)&gt;\\u{202e}&amp;&quot;"), "{page}");
    assert!(page.contains("\necho 2</pre>"), "commands keep their lines");
}

#[test]
fn a_scan_has_a_page_too() {
    let page = html::render(&report());
    assert!(page.contains("<title>aftermove: 1 new, 1 open"), "{page}");
    assert!(!page.contains("Timeline"), "{page}");
    for part in
        ["Could not be checked again", "Resolved", "Muted", "audit trail", "cloudwatch:DescribeAlarms"]
    {
        assert!(page.contains(part), "{part}\n{page}");
    }
}
