use chrono::{Days, NaiveDate};

use super::super::tests::{clean_report, finding, report};
use super::*;
use crate::cost::summary::{Day, Share};
use crate::inventory::Meta;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn line(daily: impl Iterator<Item = i64>, last_week: Option<i64>, usual: Option<i64>) -> Line {
    let first: NaiveDate = "2026-10-18".parse().unwrap();
    let days: Vec<Day> = (0..)
        .zip(daily)
        .map(|(day, usd)| Day { date: first + Days::new(day), usd: usd.into(), usual: None, marked: false })
        .collect();
    Line {
        week_usd: days.iter().rev().take(7).map(|day| day.usd).sum(),
        days,
        last_week_usd: last_week.map(Decimal::from),
        usual_week_usd: usual.map(Decimal::from),
    }
}

fn costs() -> Costs {
    let steps = |from: i64, to: i64| (0..14).map(move |day| if day < 7 { from } else { to });
    let share = |id: &str, usd: i64, behind: &[&str]| Share {
        resource_type: "AWS::EC2::NatGateway".to_owned(),
        resource: Meta { id: id.to_owned(), ..Meta::default() },
        week_usd: usd.into(),
        told_by: String::new(),
        behind: behind.iter().map(|name| (*name).to_owned()).collect(),
    };
    let driver = |title: &str, line, shares: Vec<Share>, unattributed: i64| Driver {
        service: "EC2 - Other".to_owned(),
        usage_type: "EU-NatGateway-Bytes".to_owned(),
        title: title.to_owned(),
        line,
        shares,
        unattributed_usd: unattributed.into(),
    };
    Costs {
        settled: "2026-10-31".parse().unwrap(),
        total: line(steps(30, 44), Some(210), Some(224)),
        drivers: vec![
            driver(
                "NAT gateway data processed",
                line(steps(2, 12), Some(14), Some(14)),
                vec![share("nat-0a", 70, &["private-a", "private-b"]), share("nat-0b", 9, &[])],
                5,
            ),
            driver("RDS db.t4g.medium hours", line(steps(5, 4), Some(35), None), vec![], 28),
            driver("Public IPv4 addresses", line(steps(1, 1), Some(7), Some(7)), vec![], 7),
        ],
    }
}

fn change(name: &str, by: &str, stands: &str, last: &str) -> Change {
    Change {
        meta: Meta { name: name.to_owned(), ..Meta::default() },
        by: by.to_owned(),
        stands: stands.to_owned(),
        actors: vec!["bob@example.com".to_owned()],
        last: Some(at(last)),
        ..Change::default()
    }
}

#[test]
fn the_week_is_told_in_what_a_busy_person_reads() {
    let mut report = report();
    report.costs = Some(costs());
    report.findings[1].monthly_cost_usd = Some(120.0);
    report.findings[0].first_seen = at("2026-11-01T03:00:00Z");
    report.findings[1].first_seen = at("2026-10-01T03:00:00Z");
    let state = State {
        changes: vec![
            change("databases", "person", "in_force", "2026-10-30T12:00:00Z"),
            change("web", "person", "reverted", "2026-11-01T12:00:00Z"),
            change("<!channel>", "person", "in_force", "2026-11-02T01:00:00Z"),
            change("jobs", "unknown", "in_force", "2026-11-02T01:00:00Z"),
        ],
        ..State::default()
    };
    let digest =
        digest(&report, &state, &report.whose(), at("2026-10-26T09:00:00Z"), at("2026-11-02T09:00:00Z"));
    assert_eq!(digest.week, "2026-W45");
    insta::assert_snapshot!(digest.text(), @r"
    AWS this week in 123456789012: $308, up 38% on the usual, 1 urgent

    Cost
    - ▆▆▆▆▆▆▆███████ $308 in the seven days to 31 October; $210 the week before, $224 usually

    What moved
    - ▂▂▂▂▂▂▂███████ +$70.00 NAT gateway data processed ($84.00 a week): $70.00 of nat-0a, behind it private-a, private-b; $9.00 of nat-0b; $5.00 of no resource that is known
    - ███████▇▇▇▇▇▇▇ -$7.00 RDS db.t4g.medium hours ($28.00 a week)

    Do first
    - /ecs/web: Set a retention that fits what you look back at. It costs $0.04 a month.
    - /ecs/jobs: Set a retention that fits what you look back at. It costs $120 a month.

    Findings
    - 1 new (1 high), 0 resolved, 1 still open (1 medium), 1 muted
    - Together they cost about $120 a month
    - new, high: /ecs/web: Log group keeps its logs for ever

    Changed by hand, and in no code
    - databases by bob@example.com, 2 days ago
    - <!channel> by bob@example.com, today

    Could not be seen
    - eu-west-1 AWS::CloudWatch::Alarm: denied, cloudwatch:DescribeAlarms
    ");
}

#[test]
fn a_quiet_week_says_so_and_an_unread_bill_is_not_a_free_one() {
    let digest = digest(
        &clean_report(),
        &State::default(),
        &clean_report().whose(),
        at("2026-10-26T09:00:00Z"),
        at("2026-11-02T09:00:00Z"),
    );
    insta::assert_snapshot!(digest.text(), @r"
    AWS this week in 123456789012: nothing urgent

    Cost
    - The bill was not read, so nothing is known of it.

    Findings
    - 0 new, 0 resolved, 0 still open
    ");
}

#[test]
fn a_young_account_is_held_against_nothing() {
    let mut report = clean_report();
    report.costs = Some(Costs { total: line([3, 3, 3, 3, 3, 3, 3].into_iter(), None, None), ..costs() });
    report.costs.as_mut().unwrap().drivers.clear();
    let digest = digest(
        &report,
        &State::default(),
        &report.whose(),
        at("2026-10-26T09:00:00Z"),
        at("2026-11-02T09:00:00Z"),
    );
    insta::assert_snapshot!(digest.text(), @r"
    AWS this week in 123456789012: $21.00, nothing urgent

    Cost
    - ███████ $21.00 in the seven days to 31 October; the account is too young to say what is usual

    Findings
    - 0 new, 0 resolved, 0 still open
    ");
}

#[test]
fn lists_are_short_and_say_how_much_they_leave_out() {
    let mut report = clean_report();
    report.findings = (0..9).map(|n| finding(&format!("g{n}"), Severity::Low, Status::New)).collect();
    let digest = digest(
        &report,
        &State::default(),
        &report.whose(),
        at("2026-10-26T09:00:00Z"),
        at("2026-11-02T09:00:00Z"),
    );
    let findings = digest.parts.iter().find(|part| part.heading == "Findings").unwrap();
    assert_eq!(findings.lines.len(), 1 + LISTED + 1);
    assert_eq!(findings.lines[0], "9 new (9 low), 0 resolved, 0 still open");
    assert_eq!(findings.lines.last().unwrap(), "… and 4 more in the report");
}

#[test]
fn movements_are_said_in_words() {
    let of = |now: i64, base: i64| moved(now.into(), base.into(), "the usual");
    assert_eq!(of(137, 100), "up 37% on the usual");
    assert_eq!(of(90, 100), "down 10% on the usual");
    assert_eq!(of(100, 100), "as usual");
    assert_eq!(of(12, 0), "up $12.00 on the usual");
    assert_eq!(moved(5.into(), 5.into(), "the week before"), "as the week before");
}
