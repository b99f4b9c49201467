//! Pure, robust statistics over daily series: what is usual, and what is not.
//!
//! [`apply`] makes usage types of the raw bill for policies to judge, [`attribute`] says which resources are behind
//! them, and [`tell()`] shows the whole, of several accounts [`together()`].
//!
//! Medians and not means, since a young account's history is short and one bad
//! day would move a mean for weeks.
#![deny(clippy::disallowed_methods)]

mod account;
mod attribution;
pub mod baseline;
mod judge;
mod list_prices;
mod rates;
mod series;
pub mod summary;
mod tell;
mod together;
mod usage_types;

pub use account::apply;
pub use attribution::{attribute, queries};
pub use baseline::{Baseline, Judgement, judge_last_day};
pub use list_prices::LIST_PRICES;
pub use rates::rates;
pub use summary::Costs;
pub use tell::tell;
pub use together::together;

/// What makes a median absolute deviation comparable with a standard deviation.
const NORMAL: f64 = 1.4826;

/// None of no values.
pub fn median(values: &[f64]) -> Option<f64> {
    quantile(values, 0.5)
}

/// The median absolute deviation from the median, scaled by 1.4826 so that it
/// compares with a standard deviation. None of no values.
pub fn mad(values: &[f64]) -> Option<f64> {
    let middle = median(values)?;
    let deviations: Vec<f64> = values.iter().map(|value| (value - middle).abs()).collect();
    median(&deviations).map(|deviation| NORMAL * deviation)
}

/// The `q`-quantile (0 to 1, clamped) with linear interpolation between the two
/// nearest values. None of no values.
pub fn quantile(values: &[f64], q: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (below, above, fraction) = neighbours(sorted.len().checked_sub(1)?, q);
    let (low, high) = (sorted[below], sorted[above]);
    Some((low + (high - low) * fraction).clamp(low, high))
}

/// The two ranks from 0 to `last` around the quantile, and how far it lies between them.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a rank lies between 0 and the length of a series"
)]
fn neighbours(last: usize, q: f64) -> (usize, usize, f64) {
    let rank = q.clamp(0.0, 1.0) * last as f64;
    (rank.floor() as usize, rank.ceil() as usize, rank.fract())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nothing_has_no_median() {
        assert_eq!(median(&[]), None);
        assert_eq!(mad(&[]), None);
        assert_eq!(quantile(&[], 0.9), None);
    }

    #[test]
    fn quantiles_interpolate() {
        let values = [40.0, 10.0, 30.0, 20.0];
        assert_eq!(median(&values), Some(25.0));
        assert_eq!(quantile(&values, 0.0), Some(10.0));
        assert_eq!(quantile(&values, 1.0), Some(40.0));
        assert_eq!(quantile(&values, 0.25), Some(17.5));
        assert_eq!(quantile(&values, 7.0), Some(40.0), "beyond the ends is at the ends");
        assert_eq!(median(&[3.0]), Some(3.0));
    }

    #[test]
    fn one_outlier_does_not_move_the_deviation() {
        assert_eq!(mad(&[5.0, 5.0, 5.0, 5.0, 900.0]), Some(0.0));
        assert_eq!(mad(&[1.0, 2.0, 3.0, 4.0, 900.0]), Some(NORMAL));
    }

    proptest! {
        #[test]
        fn a_quantile_lies_between_the_extremes_and_ignores_order(
            mut values in prop::collection::vec(-1e9f64..1e9, 1..60),
            q in 0.0f64..=1.0,
        ) {
            let found = quantile(&values, q).unwrap();
            let deviation = mad(&values).unwrap();
            prop_assert!(values.iter().any(|v| *v <= found) && values.iter().any(|v| *v >= found));
            prop_assert!(deviation >= 0.0);
            values.reverse();
            prop_assert_eq!(quantile(&values, q), Some(found));
            prop_assert_eq!(mad(&values), Some(deviation));
        }

        #[test]
        fn flat_series_do_not_deviate(value in -1e9f64..1e9, length in 1usize..40) {
            prop_assert_eq!(mad(&vec![value; length]), Some(0.0));
            prop_assert_eq!(median(&vec![value; length]), Some(value));
        }

        #[test]
        fn quantiles_rise_with_q(
            values in prop::collection::vec(-1e9f64..1e9, 1..60),
            (low, high) in (0.0f64..=1.0, 0.0f64..=1.0),
        ) {
            let (low, high) = (low.min(high), low.max(high));
            prop_assert!(quantile(&values, low) <= quantile(&values, high));
        }
    }
}
