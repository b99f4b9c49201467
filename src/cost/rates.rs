//! What a unit costs, by the account's own bill: discounts, tiers and the region are in it.

use std::collections::{BTreeMap, BTreeSet};

use super::usage_types::parted;
use crate::inventory::Scope;
use crate::inventory::costexplorer::UsageType;

/// The rates of a region. What several services call by the same name has none.
pub fn rates(account: Option<&Scope>, region: &str) -> BTreeMap<String, f64> {
    let mut rates = BTreeMap::new();
    let mut several = BTreeSet::new();
    for of in account.into_iter().flat_map(Scope::all::<UsageType>) {
        let (plain, of_region) = parted(&of.usage_type);
        // what was free, or given back, says nothing of a price
        let rate = of.usd_per_unit.or(of.usual_usd_per_unit).filter(|rate| *rate > 0.0);
        if let (true, Some(rate)) = (of_region == region, rate)
            && rates.insert(plain.to_owned(), rate).is_some()
        {
            several.insert(plain.to_owned());
        }
    }
    rates.retain(|plain, _| !several.contains(plain));
    rates
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_the_region_s_and_unambiguous() {
        let of = |service: &str, usage_type: &str, week: Option<f64>, usual: Option<f64>| {
            UsageType {
                service: service.to_owned(),
                usage_type: usage_type.to_owned(),
                usd_per_unit: week,
                usual_usd_per_unit: usual,
                ..UsageType::default()
            }
            .into()
        };
        let account = Scope {
            resources: vec![
                of("EC2 - Other", "EU-NatGateway-Hours", Some(0.048), None),
                of("EC2 - Other", "NatGateway-Hours", Some(0.045), None),
                of("EC2 - Other", "EU-NatGateway-Bytes", None, Some(0.05)),
                of("EC2 - Other", "EU-PublicIPv4:IdleAddress", Some(0.0), None),
                of("AmazonCloudWatch", "EU-TimedStorage-ByteHrs", Some(0.03), None),
                of("Amazon Simple Storage Service", "EU-TimedStorage-ByteHrs", Some(0.023), None),
            ],
            ..Scope::default()
        };
        let of_region = |region: &str| rates(Some(&account), region).into_iter().collect::<Vec<_>>();
        assert_eq!(
            of_region("eu-west-1"),
            [("NatGateway-Bytes".to_owned(), 0.05), ("NatGateway-Hours".to_owned(), 0.048)]
        );
        assert_eq!(of_region("us-east-1"), [("NatGateway-Hours".to_owned(), 0.045)]);
        assert!(rates(None, "us-east-1").is_empty());
    }
}
