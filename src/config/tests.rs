//! What the configuration means, and what is refused.

use super::*;

fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 20).unwrap()
}

fn parse(text: &str) -> Result<Config, Diagnostics> {
    Config::parse(&SourceFile::new("aftermove.yaml", text), today())
}

fn problems(text: &str) -> Vec<String> {
    parse(text).err().map_or(Vec::new(), |Diagnostics(list)| list.iter().map(|d| format!("{d:?}")).collect())
}

#[test]
fn every_key_is_optional() {
    let config = parse("version: 1\n").unwrap();
    assert_eq!(config.regions, Regions::Current);
    assert_eq!(config.packs, [Pack::Essential, Pack::Recommended]);
}

#[test]
fn a_whole_configuration_is_understood() {
    let config = parse(
        r"
version: 1
regions: [eu-west-1, us-east-1]
packs: [essential]
params: { elbv2-load-balancer-idle: { min_age_days: 14 } }
severity: { logs-group-no-retention: low }
mutes:
  - { policy: logs-group-no-retention, resource: /audit/*, owner: ann, reason: kept by law, expires: 2027-05-01,
      while: resource.stored_bytes < 1000 }
drift: { automation_roles: [deployer], approved_people: [ann@example.com], ignore_events: ['ecs:UpdateService'],
  trail: 's3://logs/org/' }
migration: { cutover: 2026-11-01, rollback_until: 2026-12-01, expected_monthly_usd: 900 }
deliver:
  sns: { topic_arn: 'arn:aws:sns:eu-west-1:111122223333:findings' }
  s3: { bucket: b, prefix: nightly/ }
schedules: { nightly: { job: scan, cron: '0 3 * * ? *', timezone: UTC } }
",
    )
    .unwrap();
    assert_eq!(config.regions, Regions::Named(vec!["eu-west-1".into(), "us-east-1".into()]));
    assert_eq!(config.overrides.severity["logs-group-no-retention"], Severity::Low);
    assert_eq!(config.mutes[0].expires, NaiveDate::from_ymd_opt(2027, 5, 1).unwrap());
    assert_eq!(config.drift.trail.unwrap(), Bucket { bucket: "logs".into(), prefix: "org".into() });
    assert_eq!(config.deliver.s3.unwrap().key("state.json"), "nightly/state.json");
    assert_eq!(config.schedules[0].cron.to_string(), "0 3 * * ? *");
}

#[test]
fn what_is_wrong_is_named_with_its_place_and_its_remedy() {
    let seen: Vec<String> = [
        "version: 2\n",
        "regions: [eu-wst-1]\n",
        "regions: everywhere\n",
        "packs: [esential]\n",
        "severity: { logs-group-no-retention: grave }\n",
        "deliver: { sns: { topic_arn: findings } }\n",
        "deliver: { sns: { topic: findings } }\n",
        "drift: { ignore_events: [UpdateService] }\n",
        "costs: { every_days: 30 }\n",
        "drift: { trail: management-events }\n",
        "drift: { trail: 's3:///AWSLogs' }\n",
        "drift: { trail: s3://logs/AWSLogs/111122223333 }\n",
        "mutes:\n  - { policy: p, resource: '*', owner: ann, reason: r, expires: 2026-12-01 }\n",
        "mutes:\n  - { policy: p, resource: web, owner: ann, reason: r, expires: 2028-12-01 }\n",
        "mutes:\n  - { policy: p, resource: web, owner: ann, reason: r }\n",
        "mutes:\n  - { policy: p, resource: web, owner: ann, reason: r, expires: soon }\n",
        "schedules: { nightly: { job: scann, cron: '0 3 * * ? *' } }\n",
        "schedules: { nightly: { job: scan, cron: '0 3 * * *' } }\n",
        "schedules:\n  nightly:\n    job: scan\n    cron: 0 3 L * ? *\n",
        "schedules: { nightly: { job: scan, cron: '0 3 * * ? *', timezone: Europe/Berln } }\n",
        "schedules: { nightly: { job: digest, cron: '0 3 * * ? *', only: [cost] } }\n",
    ]
    .into_iter()
    .flat_map(problems)
    .collect();
    insta::assert_snapshot!(seen.join("\n"), @r"
    aftermove.yaml:1:10: this is not version 1 (write `version: 1`)
    aftermove.yaml:1:11: unknown region `eu-wst-1` (did you mean `eu-west-1`?)
    aftermove.yaml:1:10: `everywhere` is not a list of regions (write `regions: all`, or a list as in `regions: [eu-west-1]`)
    aftermove.yaml:1:9: `esential` is not a pack (the packs are essential, recommended and strict)
    aftermove.yaml:1:38: `grave` is not a severity (write critical, high, medium, low or info)
    aftermove.yaml:1:30: `findings` is not the ARN of a standard SNS topic (write it as `arn:aws:sns:eu-west-1:111122223333:name`; FIFO topics are not supported)
    aftermove.yaml:1:19: unknown key `topic` (did you mean `topic_arn`?)
    aftermove.yaml:1:26: `UpdateService` does not name an event (write `service:EventName`, as in `ecs:UpdateService`)
    aftermove.yaml:1:22: costs cannot move 30 days at once (write 1 (each day) to 7 (each week))
    aftermove.yaml:1:17: `management-events` is no place in S3 (write `s3://bucket`, or `s3://bucket/prefix` with what lies in front of `AWSLogs`)
    aftermove.yaml:1:17: `s3:///AWSLogs` is no place in S3 (write `s3://bucket`, or `s3://bucket/prefix` with what lies in front of `AWSLogs`)
    aftermove.yaml:1:17: `s3://logs/AWSLogs/111122223333` goes too far (write `s3://bucket`, or `s3://bucket/prefix` with what lies in front of `AWSLogs`)
    aftermove.yaml:2:28: this mute is for every resource (name the resource, or a part of the name as in `web-*`; leave a policy out with `packs` or `params`)
    aftermove.yaml:2:65: this mute lasts more than a year (choose a day within a year, and decide anew then)
    aftermove.yaml:2:45: the key `expires` is missing (add `expires: …`)
    aftermove.yaml:2:65: `soon` is not a date (write the last day of the mute as in `2026-12-31`)
    aftermove.yaml:1:30: `scann` is no job (did you mean `scan`?)
    aftermove.yaml:1:42: a cron expression has six fields, and this has 5 (write `0 3 * * ? *`: the days of the week count from 1, Sunday, and the year comes last)
    aftermove.yaml:4:11: `L` in the day of month (`L`) is not supported (write the days themselves, as in `28` or `1,15`)
    aftermove.yaml:1:67: unknown time zone `Europe/Berln` (did you mean `Europe/Berlin`?)
    aftermove.yaml:1:66: `only` is of a scan, not of a digest (leave `only` out, or let the job be `scan`)
    ");
}

#[test]
fn a_policy_that_does_not_exist_is_refused_once_the_policies_are_known() {
    let config = parse("params: { logs-group-no-retenton: { large_gb: 5 } }\n").unwrap();
    let error = config.check_policies(&["logs-group-no-retention"], &["logs"]).unwrap_err().to_string();
    assert!(
        error.contains("aftermove.yaml:1") && error.contains("did you mean `logs-group-no-retention`?"),
        "{error}"
    );
}

#[test]
fn a_schedule_selects_policies_by_id_and_by_tag() {
    let text = "schedules: { hourly: { job: scan, cron: '0 * * * ? *', only: [netwrk, logs-group-no-retention, logs] } }\n";
    let error =
        parse(text).unwrap().check_policies(&["logs-group-no-retention"], &["logs", "network"]).unwrap_err();
    let problems: Vec<String> = error.0.iter().map(|problem| format!("{problem:?}")).collect();
    assert_eq!(
        problems,
        ["aftermove.yaml:1:63: there is no policy or tag `netwrk` (did you mean `network`?)"]
    );
}

#[test]
fn an_editor_sees_of_the_configuration_what_parsing_would_refuse() {
    let refused = |text: &str| {
        let value: serde_json::Value = SourceFile::new("aftermove.yaml", text).parse().unwrap();
        conforms::refusal(&schema(), &value)
    };
    let good = "version: 1\nregions: [eu-west-1]\npacks: [strict]\nseverity: { a: low }\nparams: { a: { max_gb: 1 } }\n\
        mutes: [{ policy: a, resource: web, owner: o, reason: r, expires: 2026-12-31, while: 'true' }]\n\
        drift: { automation_roles: ['deploy-*'] }\nmigration: { cutover: 2026-11-01, expected_monthly_usd: 900 }\n\
        deliver: { sns: { topic_arn: 'arn:aws:sns:eu-west-1:111122223333:t' }, s3: { bucket: b } }\n\
        schedules: { nightly: { job: scan, cron: '0 3 * * ? *', timezone: UTC } }\n";
    assert_eq!(refused(good), None);
    assert_eq!(refused("regions: all\n"), None);
    for (old, new) in [
        ("version: 1", "versoin: 1"),
        ("[eu-west-1]", "everywhere"),
        ("[strict]", "[strikt]"),
        ("a: low", "a: lo"),
        ("owner: o, ", ""),
        ("automation_roles", "automation_role"),
        ("cutover: 2026-11-01", "cutover: 1"),
        ("topic_arn", "topic"),
        ("job: scan, ", ""),
        ("job: scan, ", "job: scann, "),
    ] {
        let changed = good.replacen(old, new, 1);
        assert!(changed != good && refused(&changed).is_some(), "{changed}");
    }
}
