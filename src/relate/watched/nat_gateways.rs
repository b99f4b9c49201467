//! The signals of NAT gateways.

use super::{Signal, Watched};
use crate::inventory::ec2::NatGateway;

impl Watched for NatGateway {
    const SIGNALS: &'static [Signal] = &[Signal {
        name: "port_allocation_errors",
        kinds: &[],
        namespaces: &["AWS/NATGateway"],
        metrics: &["ErrorPortAllocation"],
    }];
    /// A regional gateway has its metrics by zone.
    const NARROWING: &'static [&'static str] = &["AvailabilityZone"];

    fn dimensions(&self) -> Vec<(&'static str, String)> {
        vec![("NatGatewayId", self.meta.id.clone())]
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::inventory::Kind as _;
    use crate::inventory::cloudwatch::Alarm;
    use crate::relate::testing::{read, scope};
    use crate::relate::watched::signals;

    fn verdict(dimensions: &Value) -> String {
        let mut resources = read(NatGateway::TYPE, json!([{ "id": "nat-1" }]));
        resources.extend(read(
            Alarm::TYPE,
            json!([{
                "name": "ports",
                "actions_enabled": true,
                "alarm_actions": ["arn:aws:sns:::ops"],
                "metric": {
                    "namespace": "AWS/NATGateway",
                    "metric_name": "ErrorPortAllocation",
                    "dimensions": dimensions,
                },
            }]),
        ));
        let found = signals::<NatGateway>(&scope(resources, &[Alarm::TYPE])).remove(0).unwrap();
        let coverage = &found["port_allocation_errors"];
        format!("{} {}", coverage.verdict, coverage.reason)
    }

    #[test]
    fn its_own_dimension_counts_and_a_zone_narrows_it() {
        assert_eq!(verdict(&json!({ "NatGatewayId": "nat-1" })), "covered ");
        assert_eq!(
            verdict(&json!({ "NatGatewayId": "nat-1", "AvailabilityZone": "eu-west-1a" })),
            "covered "
        );
        assert_eq!(verdict(&json!({ "NatGatewayId": "nat-2" })), "none ");
        assert_eq!(verdict(&json!({})), "none alarm `ports` names no NatGatewayId dimension");
        assert_eq!(
            verdict(&json!({ "NatGatewayId": "nat-1", "Stage": "x" })),
            "none alarm `ports` watches an unknown dimension Stage"
        );
    }

    #[test]
    fn unread_alarms_leave_it_open() {
        let scope = scope(read(NatGateway::TYPE, json!([{ "id": "nat-1" }])), &[]);
        assert_eq!(signals::<NatGateway>(&scope), [None]);
    }
}
