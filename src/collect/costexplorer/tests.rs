use aws_sdk_costexplorer::Client;
use aws_sdk_costexplorer::operation::get_anomalies::GetAnomaliesOutput;
use aws_sdk_costexplorer::operation::get_cost_and_usage::{GetCostAndUsageError, GetCostAndUsageOutput};
use aws_sdk_costexplorer::types::{self, Group, MetricValue};
use aws_smithy_mocks::{Rule, RuleMode, mock};

use super::*;
use crate::collect::{Meter, mock};

fn day(date: &str, usage_type: &str, usd: &str) -> ResultByTime {
    let value = |amount: &str, unit: &str| MetricValue::builder().amount(amount).unit(unit).build();
    let group = Group::builder()
        .keys("EC2 - Other")
        .keys(usage_type)
        .metrics(COST, value(usd, "USD"))
        .metrics(QUANTITY, value("20.5", "GB"))
        .build();
    let period = DateInterval::builder().start(date).end(date).build().unwrap();
    ResultByTime::builder().time_period(period).groups(group).build()
}

fn page(token: Option<&'static str>, next: Option<&'static str>, days: &[(&str, &str)]) -> Rule {
    let days: Vec<ResultByTime> =
        days.iter().map(|(date, usd)| super::tests::day(date, "NatGateway-Bytes", usd)).collect();
    mock!(Client::get_cost_and_usage)
        .match_requests(move |request| request.next_page_token() == token)
        .then_output(move || {
            GetCostAndUsageOutput::builder()
                .set_results_by_time(Some(days.clone()))
                .set_next_page_token(next.map(str::to_owned))
                .build()
        })
}

fn refused(token: Option<&'static str>, code: &'static str) -> Rule {
    mock!(Client::get_cost_and_usage)
        .match_requests(move |request| request.next_page_token() == token)
        .then_error(move || GetCostAndUsageError::generic(mock::service_error(code, "No.")))
}

macro_rules! answering {
    ([$($rule:expr),+ $(,)?]) => {{
        let (mut context, meter) = mock::metered();
        mock::answer!(context, costexplorer, aws_sdk_costexplorer, RuleMode::MatchAny, [$($rule),+]);
        (context, meter)
    }};
}

async fn read(context: &Context) -> Result<Vec<(NaiveDate, String)>, CollectError> {
    let read = mock::read(context, CostAndUsage::TYPE).await?;
    let series = read.resources.iter().filter_map(CostAndUsage::of);
    Ok(series.flat_map(|one| one.days.iter().map(|day| (day.date, day.usd.clone()))).collect())
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn spent(meter: &Meter) -> String {
    format!("{:.2}", meter.usd())
}

#[tokio::test]
async fn settled_days_of_the_account_are_asked_for_and_pages_are_joined() {
    let first = mock!(Client::get_cost_and_usage)
        .match_requests(|request| {
            let period = request.time_period().unwrap();
            let [no_use, of_account] = request.filter().unwrap().and() else { return false };
            let left_out = no_use.not().unwrap().dimensions().unwrap();
            (period.start(), period.end()) == ("2026-08-29", "2026-11-21")
                && request.granularity() == Some(&Granularity::Daily)
                && left_out.key() == Some(&Dimension::RecordType)
                && left_out.values().contains(&"Tax".to_owned())
                && of_account.dimensions().unwrap().values() == ["111122223333"]
                && request.next_page_token().is_none()
        })
        .then_output(|| {
            GetCostAndUsageOutput::builder()
                .results_by_time(day("2026-11-20", "NatGateway-Bytes", "0.9"))
                .results_by_time(day("2026-11-20", "NatGateway-Hours", "3.24"))
                .next_page_token("two")
                .build()
        });
    let (context, meter) = answering!([first, page(Some("two"), None, &[("2026-11-19", "0.8")])]);

    let read = mock::read(&context, CostAndUsage::TYPE).await.unwrap();

    assert_eq!((read.partial, read.window), (None, "saw 2026-08-29 to 2026-11-20".to_owned()));
    let series: Vec<&CostAndUsage> = read.resources.iter().filter_map(CostAndUsage::of).collect();
    assert_eq!(series.len(), 2);
    assert_eq!(series[0].meta.id, "EC2 - Other/NatGateway-Bytes");
    assert_eq!(series[0].unit.as_deref(), Some("GB"));
    let days: Vec<(NaiveDate, &str)> = series[0].days.iter().map(|day| (day.date, &*day.usd)).collect();
    assert_eq!(days, [(date("2026-11-19"), "0.8"), (date("2026-11-20"), "0.9")]);
    assert_eq!(spent(&meter), "0.02");
}

#[tokio::test]
async fn what_was_paid_for_is_not_asked_again_on_the_same_settled_day() {
    let (context, _) = answering!([page(None, None, &[("2026-11-19", "0.8")])]);
    let paid = read(&context).await.unwrap();
    let kept = Paid::parse(&context.paid.changed().unwrap());

    let (mut again, meter) = answering!([refused(None, "AccessDeniedException")]);
    again.paid = kept.clone();
    assert_eq!(read(&again).await.unwrap(), paid);
    assert_eq!((meter.calls().len(), kept.changed()), (0, None));

    let (mut next_day, _) = answering!([page(None, None, &[("2026-11-20", "7")])]);
    next_day.now += chrono::TimeDelta::days(1);
    next_day.paid = kept;
    assert_eq!(read(&next_day).await.unwrap(), [(date("2026-11-20"), "7".to_owned())]);
}

#[tokio::test]
async fn a_cut_read_keeps_its_pages_and_the_next_goes_on_from_there() {
    let first = page(None, Some("two"), &[("2026-11-18", "1")]);
    let (context, meter) = answering!([first, refused(Some("two"), "InternalServerException")]);
    let cut = mock::read(&context, CostAndUsage::TYPE).await.unwrap();
    assert!(cut.partial.unwrap().contains(GET_COST_AND_USAGE));
    assert_eq!((cut.resources.len(), spent(&meter)), (1, "0.01".to_owned()));

    let (mut again, meter) = answering!([page(Some("two"), None, &[("2026-11-19", "2")])]);
    again.paid = Paid::parse(&context.paid.changed().unwrap());
    let days = read(&again).await.unwrap();
    assert_eq!(days, [(date("2026-11-18"), "1".to_owned()), (date("2026-11-19"), "2".to_owned())]);
    assert_eq!(spent(&meter), "0.01");
}

#[tokio::test]
async fn a_token_that_does_not_hold_any_more_begins_anew() {
    let first = page(None, Some("old"), &[("2026-11-18", "1")]);
    let (context, _) = answering!([first, refused(Some("old"), "InternalServerException")]);
    mock::read(&context, CostAndUsage::TYPE).await.unwrap();

    let anew = page(None, None, &[("2026-11-18", "3")]);
    let (mut again, _) = answering!([refused(Some("old"), "InvalidNextTokenException"), anew]);
    again.paid = Paid::parse(&context.paid.changed().unwrap());
    assert_eq!(read(&again).await.unwrap(), [(date("2026-11-18"), "3".to_owned())]);
}

#[tokio::test]
async fn a_page_that_is_offered_twice_is_not_paid_for_without_end() {
    let (context, _) = answering!([page(None, Some("two"), &[]), page(Some("two"), Some("two"), &[])]);
    assert!(matches!(read(&context).await, Err(CollectError::Malformed { .. })));
}

#[tokio::test]
async fn a_denial_is_denied_and_costs_nothing() {
    let (context, meter) = answering!([refused(None, "AccessDeniedException")]);
    assert!(read(&context).await.unwrap_err().is_denied());
    assert_eq!((spent(&meter), context.paid.changed()), ("0.00".to_owned(), None));
}

#[tokio::test]
async fn anomalies_are_those_of_the_account() {
    let anomaly = |id: &str, account: &str| {
        let cause = types::RootCause::builder()
            .service("EC2 - Other")
            .usage_type("EU-NatGateway-Bytes")
            .linked_account(account)
            .build();
        types::Anomaly::builder()
            .anomaly_id(id)
            .anomaly_start_date("2026-11-17T00:00:00Z")
            .anomaly_score(types::AnomalyScore::builder().max_score(1.0).current_score(1.0).build())
            .impact(types::Impact::builder().max_impact(20.0).total_impact(26.5).build())
            .monitor_arn("arn:aws:ce::111122223333:anomalymonitor/1")
            .root_causes(cause)
            .build()
            .unwrap()
    };
    let rule = mock!(Client::get_anomalies).then_output(move || {
        let ours = anomaly("ours", "111122223333");
        GetAnomaliesOutput::builder()
            .anomalies(ours)
            .anomalies(anomaly("theirs", "222233334444"))
            .build()
            .unwrap()
    });
    let (context, meter) = answering!([rule]);

    let read = mock::read(&context, Anomaly::TYPE).await.unwrap();

    let found: Vec<&Anomaly> = read.resources.iter().filter_map(Anomaly::of).collect();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].meta.id.as_str(), found[0].anomaly_start_date), ("ours", Some(date("2026-11-17"))));
    assert_eq!(spent(&meter), "0.01");
}

#[tokio::test]
async fn an_account_without_anomalies_may_have_no_monitor() {
    let rule = mock!(Client::get_anomalies)
        .then_output(|| GetAnomaliesOutput::builder().set_anomalies(Some(Vec::new())).build().unwrap());
    let (context, _) = answering!([rule]);
    let read = mock::read(&context, Anomaly::TYPE).await.unwrap();
    assert!(read.window.contains("without a monitor"), "{read:?}");
}

#[test]
fn what_cannot_be_read_is_paid_for_again() {
    for broken in ["", "{", "{\"version\":99,\"costs\":null}"] {
        let paid = Paid::parse(broken.as_bytes());
        assert!(!paid.costs("x").complete && paid.changed().is_none(), "{broken}");
    }
}

#[test]
fn settled_days_move_in_steps_and_weeks_end_on_saturday() {
    let day = |text: &str| text.parse::<NaiveDate>().unwrap();
    assert_eq!(last_settled(day("2026-11-26"), 1), day("2026-11-24"));
    // a Monday's digest has the whole week to Saturday, and the days after it have the same
    let of_week: Vec<NaiveDate> = (23..=29).map(|n| last_settled(day(&format!("2026-11-{n}")), 7)).collect();
    assert_eq!(of_week, [day("2026-11-21"); 7]);
    assert_eq!(last_settled(day("2026-11-30"), 7), day("2026-11-28"));
    for every_days in 1..=7 {
        let mut last = last_settled(day("2026-01-01"), every_days);
        for n in 1..60 {
            let today = day("2026-01-01") + Days::new(n);
            let to = last_settled(today, every_days);
            assert!(to == last || to - last == chrono::TimeDelta::days(every_days.into()), "{today}");
            assert!(today - to <= chrono::TimeDelta::days(i64::from(every_days) + 1), "{today}");
            last = to;
        }
    }
}
