//! What a month will cost if it goes on like the last settled week, against what was expected.

use chrono::NaiveDate;
use rust_decimal::prelude::ToPrimitive as _;

use crate::config::Migration;
use crate::cost::Costs;

/// 365 days by twelve, as AWS's calculator has it.
const DAYS_OF_MONTH: f64 = 30.4;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct CostCheck {
    /// The last settled day.
    pub settled: Option<NaiveDate>,
    pub week_usd: Option<f64>,
    /// The week scaled to a month; None where it is not known.
    pub monthly_usd: Option<f64>,
    /// From the configuration.
    pub expected_usd: Option<f64>,
    /// More than expected, or less where it is negative.
    pub over_usd: Option<f64>,
    /// Why the two cannot be compared.
    pub unknown: Option<String>,
}

pub(super) fn check(costs: Option<&Costs>, migration: &Migration) -> CostCheck {
    let expected_usd = migration.expected_monthly_usd;
    let Some(costs) = costs else {
        let unknown = Some("the bill was not read".to_owned());
        return CostCheck { expected_usd, unknown, ..CostCheck::default() };
    };
    let settled = Some(costs.settled);
    let known = costs.total.days.iter().filter(|day| day.date <= costs.settled).count();
    if known < 7 {
        let unknown = Some(format!("the bill has {known} settled days, and a month is told from seven"));
        return CostCheck { settled, expected_usd, unknown, ..CostCheck::default() };
    }
    let week_usd = costs.total.week_usd.to_f64();
    let monthly_usd = week_usd.map(|week| week / 7.0 * DAYS_OF_MONTH);
    CostCheck {
        settled,
        week_usd,
        monthly_usd,
        expected_usd,
        over_usd: monthly_usd.zip(expected_usd).map(|(is, was_to_be)| is - was_to_be),
        unknown: expected_usd
            .is_none()
            .then(|| "set `migration.expected_monthly_usd` to compare it with what was expected".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::review::testing::{costs, migration};

    #[test]
    fn a_settled_week_is_scaled_to_a_month() {
        let check = check(Some(&costs(7, 10)), &migration());
        assert_eq!(check.week_usd, Some(70.0));
        assert_eq!(check.monthly_usd, Some(304.0));
        assert_eq!((check.expected_usd, check.over_usd, check.unknown), (Some(210.0), Some(94.0), None));
    }

    #[test]
    fn less_than_expected_is_negative() {
        assert_eq!(check(Some(&costs(9, 5)), &migration()).over_usd, Some(-58.0));
    }

    #[test]
    fn what_is_not_known_says_why() {
        let because = |check: CostCheck| (check.over_usd, check.unknown.unwrap());
        assert_eq!(because(check(None, &migration())), (None, "the bill was not read".to_owned()));
        let young = check(Some(&costs(6, 10)), &migration());
        assert_eq!(young.monthly_usd, None);
        assert!(because(young).1.starts_with("the bill has 6 settled days"));
        let unasked = check(Some(&costs(7, 10)), &Migration::default());
        assert_eq!(unasked.monthly_usd, Some(304.0));
        assert!(because(unasked).1.contains("migration.expected_monthly_usd"));
    }
}
