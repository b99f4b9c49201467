//! A first `aftermove.yaml`, written from what is in an account.
//!
//! Prose begins with `# `. A setting that somebody has to decide on is commented out with a bare `#`.

use std::fmt::Write as _;

use chrono::NaiveDate;

/// What can be told from an account. Nothing of it is there where nobody looked.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Seen {
    pub account: Option<String>,
    /// In which there is something, and how much.
    pub regions: Vec<(String, usize)>,
    /// Standard topics by ARN, and how many subscriptions of each are confirmed, where that could be read.
    pub topics: Vec<(String, Option<usize>)>,
    pub buckets: Vec<String>,
    /// Roles and users that code and machines work as, and what told so.
    pub automation: Vec<(String, String)>,
    /// Buckets of trails, and the trail of each.
    pub trails: Vec<(String, String)>,
    /// Names that still lead to Heroku; nothing where that could not be read.
    pub heroku: Option<Vec<String>>,
    /// What could not be seen, and why.
    pub unseen: Vec<String>,
}

/// So many suggestions of a kind; who has more can look them up.
const SHOWN: usize = 8;
/// Words in the names of buckets that keep such things.
const KEEPS: [&str; 6] = ["aftermove", "audit", "state", "ops", "infra", "log"];

/// The file's text, which is a valid configuration.
pub fn text(seen: &Seen, today: NaiveDate) -> String {
    let account = seen.account.as_ref().map_or(String::new(), |account| format!(" in account {account}"));
    let parts = [
        format!(
            "# Settings of aftermove, suggested on {today} from what was seen{account}. Every key may be left out.\n\
             # Lines that begin with a bare `#` are settings to decide on: take the `#` away.\n\
             # `aftermove policy check --config FILE` checks this file; `aftermove policy schema --for config` describes it.\n\
             {}version: 1\n",
            list("Not seen:", &seen.unseen)
        ),
        regions(seen),
        "# Which policies run. `strict` adds what a healthy small account would still fail.\n\
         packs: [essential, recommended]\n"
            .to_owned(),
        drift(seen),
        migration(seen, today),
        deliver(seen),
        "# When what runs, in EventBridge's six fields: for an hourly tick of the Lambda, and for `aftermove watch`.\n\
         #schedules:\n\
         #  nightly: { job: scan, cron: \"0 3 * * ? *\", timezone: UTC }\n"
            .to_owned(),
        format!(
            "# Findings to live with, each until a day. `aftermove policy list` has the ids.\n\
             #mutes:\n\
             #  - {{ policy: logs-group-no-retention, resource: /audit/*, owner: your name, reason: kept by law, expires: {} }}\n",
            today + chrono::Days::new(90)
        ),
    ];
    parts.join("\n")
}

fn regions(seen: &Seen) -> String {
    if seen.regions.is_empty() {
        return "# Where to look: a list, or `all`. Without it, the region of the environment or the profile.\n\
                #regions: [eu-west-1]\n"
            .to_owned();
    }
    let used: Vec<String> = seen.regions.iter().map(|(name, things)| format!("{name} ({things})")).collect();
    let names: Vec<&str> = seen.regions.iter().map(|(name, _)| name.as_str()).collect();
    format!(
        "# Where to look. These regions have network interfaces or log groups: {}.\n\
         # `all` also looks where nothing is yet, for some requests more.\n\
         regions: [{}]\n",
        line(&used.join(", ")),
        names.join(", ")
    )
}

fn drift(seen: &Seen) -> String {
    let mut text = "# Whose changes are no drift, as globs over the names of roles and users.\n".to_owned();
    if seen.automation.is_empty() {
        text.push_str(
            "# None was seen at work; name the roles that deploy.\n#drift:\n#  automation_roles: [\"deploy-*\"]\n",
        );
    } else {
        text.push_str("# These worked as code and machines do; take out who is a person.\ndrift:\n  automation_roles:\n");
        for (name, reason) in &seen.automation {
            let _ = writeln!(text, "    - {} # {}", quoted(name), line(reason));
        }
    }
    text.push_str("#  approved_people: [oncall@example.com] # who may change things by hand at any time\n");
    if let Some((bucket, trail)) = seen.trails.first() {
        let _ = write!(
            text,
            "# The trail {} keeps events for longer than the 90 days of the event history, and is read faster. Add as a\n\
             # prefix what lies in front of AWSLogs, if anything does; reading it takes s3:ListBucket and s3:GetObject.\n\
             #  trail: {}\n",
            line(trail),
            quoted(&format!("s3://{bucket}"))
        );
    }
    text
}

fn migration(seen: &Seen, today: NaiveDate) -> String {
    let hint = match &seen.heroku {
        None => "# How the move from Heroku was planned.\n".to_owned(),
        Some(names) if names.is_empty() => {
            "# How the move from Heroku was planned. No DNS record leads to Heroku any more, so the cutover seems to be over.\n"
                .to_owned()
        }
        Some(names) => list(
            "How the move from Heroku was planned. These DNS records still lead there, so the cutover is yet to come or has\n\
             # left them behind, which is a finding once `rollback_until` has passed:",
            names,
        ),
    };
    format!(
        "{hint}#migration:\n#  cutover: {today} # the day on which AWS took over\n#  rollback_until: {} # the last day on which a return is \
         possible\n#  expected_monthly_usd: 900 # what AWS was to cost\n",
        today + chrono::Days::new(30)
    )
}

fn deliver(seen: &Seen) -> String {
    let mut text = "# Where findings (to a standard SNS topic) and reports and the state between runs (to a bucket) go. The\n\
                    # command line sends and writes nothing there without `--notify`.\n"
        .to_owned();
    let mut topics: Vec<&(String, Option<usize>)> = seen.topics.iter().collect();
    topics.sort_by_key(|(arn, confirmed)| (!arn.contains("aftermove"), std::cmp::Reverse(*confirmed)));
    let topic = topics.first().map_or("arn:aws:sns:eu-west-1:111122223333:aftermove", |(arn, _)| arn);
    let told: Vec<String> = topics
        .iter()
        .map(|(arn, confirmed)| match confirmed {
            None => arn.clone(),
            Some(0) => format!("{arn}: nobody has confirmed a subscription"),
            Some(1) => format!("{arn}: one confirmed subscription"),
            Some(number) => format!("{arn}: {number} confirmed subscriptions"),
        })
        .collect();
    text.push_str(&list("Topics that are there:", &told));
    // what a trail writes is better left alone with it
    let of_trail = |name: &&String| seen.trails.iter().any(|(bucket, _)| bucket == *name);
    let mut buckets: Vec<&String> = seen.buckets.iter().filter(|name| !of_trail(name)).collect();
    buckets.sort_by_key(|name| KEEPS.iter().position(|word| name.contains(word)).unwrap_or(KEEPS.len()));
    let bucket = buckets.first().map_or("my-audit", |name| name.as_str());
    let names: Vec<String> = buckets.into_iter().cloned().collect();
    text.push_str(&list("Buckets that are there, those first whose names sound like it:", &names));
    let _ = write!(
        text,
        "#deliver:\n#  sns: {{ topic_arn: {} }}\n#  s3: {{ bucket: {}, prefix: aftermove }}\n",
        quoted(topic),
        quoted(bucket)
    );
    text
}

/// Lines of prose under a heading; none where there is nothing to list.
fn list(heading: &str, items: &[String]) -> String {
    if items.is_empty() {
        return String::new();
    }
    let mut text = format!("# {heading}\n");
    for item in items.iter().take(SHOWN) {
        let _ = writeln!(text, "#   {}", line(item));
    }
    if items.len() > SHOWN {
        let _ = writeln!(text, "#   and {} more", items.len() - SHOWN);
    }
    text
}

/// What stays in its comment, whatever an account's names hold.
fn line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() || "\u{85}\u{2028}\u{2029}".contains(c) { ' ' } else { c })
        .collect()
}

/// As YAML takes it whatever it holds: a JSON string.
fn quoted(text: &str) -> String {
    serde_json::Value::from(line(text)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::diagnostic::SourceFile;
    use crate::config::{Config, Regions};

    fn today() -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, 26).unwrap()
    }

    fn parse(text: &str) -> Config {
        Config::parse(&SourceFile::new("aftermove.yaml", text), today())
            .unwrap_or_else(|error| panic!("{error}\n{text}"))
    }

    /// With everything taken that is suggested: prose has one space in front, or three in its lists; a setting has
    /// none, or two where it is nested.
    fn taken(text: &str) -> String {
        let setting = |line: &str| {
            let spaces = line.strip_prefix('#')?.chars().take_while(|c| *c == ' ').count();
            (line.len() > 1 && [0, 2].contains(&spaces)).then(|| line[1..].to_owned())
        };
        text.lines().map(|line| setting(line).unwrap_or_else(|| line.to_owned()) + "\n").collect()
    }

    fn seen() -> Seen {
        let topic = |name: &str| format!("arn:aws:sns:eu-west-1:111122223333:{name}");
        Seen {
            account: Some("111122223333".into()),
            regions: vec![("eu-west-1".into(), 41), ("us-east-1".into(), 2)],
            topics: vec![(topic("alarms"), Some(2)), (topic("mail"), Some(0)), (topic("aftermove"), None)],
            buckets: vec!["assets".into(), "example-audit".into(), "example-trail".into()],
            automation: vec![
                ("github-deploy".into(), "signed in through token.actions.githubusercontent.com".into()),
                ("=,.@-".into(), "user agent of \"Terraform\"\n#schedules: {}\nversion: 3".into()),
            ],
            trails: vec![("example-trail".into(), "management-events".into())],
            heroku: Some(vec!["www.example.com CNAME to shallow-lake-1234.herokudns.com".into()]),
            unseen: vec!["denied: route53:ListHostedZones".into()],
        }
    }

    #[test]
    fn what_was_seen_becomes_a_configuration_that_parses() {
        let text = text(&seen(), today());
        let config = parse(&text);
        assert_eq!(config.regions, Regions::Named(vec!["eu-west-1".into(), "us-east-1".into()]));
        assert_eq!(config.drift.automation_roles, ["github-deploy", "=,.@-"]);
        assert_eq!(
            (config.deliver.sns_topic_arn, config.deliver.s3),
            (None, None),
            "that is for a person to decide"
        );
        for told in ["denied: route53:ListHostedZones", "mail: nobody has confirmed", "www.example.com CNAME"]
        {
            assert!(text.contains(told), "{text}");
        }
    }

    #[test]
    fn each_suggestion_can_be_taken_as_it_stands() {
        for seen in [seen(), Seen::default()] {
            let text = text(&seen, today());
            let config = parse(&taken(&text));
            assert_eq!(config.schedules.len(), 1);
            assert_eq!(config.migration.cutover, Some(today()));
            assert_eq!((config.mutes.len(), config.drift.approved_people.len()), (1, 1));
            let bucket = config.deliver.s3.unwrap().bucket;
            assert_eq!(bucket, if seen.buckets.is_empty() { "my-audit" } else { "example-audit" });
            assert!(config.deliver.sns_topic_arn.unwrap().ends_with(":aftermove"));
            assert_eq!(config.drift.trail.is_some(), !seen.trails.is_empty());
        }
    }

    #[test]
    fn without_a_look_all_is_commented_out() {
        let text = text(&Seen::default(), today());
        let settings: Vec<&str> =
            text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect();
        assert_eq!(settings, ["version: 1", "packs: [essential, recommended]"]);
        assert_eq!(parse(&text).regions, Regions::Current);
    }

    #[test]
    fn long_lists_are_cut() {
        let seen = Seen { buckets: (0..300).map(|n| format!("bucket-{n}")).collect(), ..Seen::default() };
        let text = text(&seen, today());
        assert!(text.contains("and 292 more") && text.lines().count() < 60, "{text}");
    }
}
