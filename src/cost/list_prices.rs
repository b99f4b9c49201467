//! What AWS asks for, from one file with sources and dates.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value;

/// Dollars for a unit, or for each of several kinds.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListPrice {
    pub usd: Value,
    /// What the dollars are for.
    pub per: String,
    pub source: String,
    /// The year, or the month, in which it was looked up.
    pub seen: String,
}

/// By name, as `src/cost/list_prices.yaml` has them.
pub static LIST_PRICES: LazyLock<BTreeMap<String, ListPrice>> = LazyLock::new(|| {
    // a file of ours, which the test below reads
    serde_saphyr::from_str(include_str!("list_prices.yaml")).unwrap_or_default()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_price_is_one_and_has_its_unit_its_source_and_its_date() {
        let text = include_str!("list_prices.yaml");
        let prices: BTreeMap<String, ListPrice> = serde_saphyr::from_str(text).unwrap();
        assert_eq!(prices.len(), LIST_PRICES.len());
        let in_file: Vec<&str> = text
            .lines()
            .filter(|line| line.ends_with(':') && !line.starts_with([' ', '#']))
            .map(|line| line.trim_end_matches(':').trim_matches('"'))
            .collect();
        assert_eq!(in_file, prices.keys().collect::<Vec<_>>(), "sorted, and each once");
        for (name, ListPrice { usd, per, source, seen }) in &prices {
            let usd: Vec<f64> = match usd {
                Value::Object(kinds) => kinds.values().map(|usd| usd.as_f64().unwrap()).collect(),
                one => vec![one.as_f64().unwrap()],
            };
            assert!(!usd.is_empty() && usd.iter().all(|usd| *usd > 0.0), "{name}");
            assert!(!per.is_empty() && source.starts_with("https://aws.amazon.com/"), "{name}");
            let (year, month) = seen.split_once('-').unwrap_or((seen, "01"));
            assert!((2024..2100).contains(&year.parse::<u32>().unwrap()), "{name}");
            assert!((1..=12).contains(&month.parse::<u32>().unwrap()), "{name}");
        }
    }
}
