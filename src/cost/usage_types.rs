//! What usage types are called, and where they are.

/// What comes before a usage type that is of a region; `us-east-1` has none for the older ones
/// (<https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-region-billing-codes.html>).
const REGIONS: &[(&str, &str)] = &[
    ("AFS1", "af-south-1"),
    ("APE1", "ap-east-1"),
    ("APN1", "ap-northeast-1"),
    ("APN2", "ap-northeast-2"),
    ("APN3", "ap-northeast-3"),
    ("APS1", "ap-southeast-1"),
    ("APS2", "ap-southeast-2"),
    ("APS3", "ap-south-1"),
    ("APS4", "ap-southeast-3"),
    ("APS5", "ap-south-2"),
    ("APS6", "ap-southeast-4"),
    ("APS7", "ap-southeast-5"),
    ("CAN1", "ca-central-1"),
    ("EU", "eu-west-1"),
    ("EUC1", "eu-central-1"),
    ("EUC2", "eu-central-2"),
    ("EUN1", "eu-north-1"),
    ("EUS1", "eu-south-1"),
    ("EUS2", "eu-south-2"),
    ("EUW1", "eu-west-1"),
    ("EUW2", "eu-west-2"),
    ("EUW3", "eu-west-3"),
    ("ILC1", "il-central-1"),
    ("MEC1", "me-central-1"),
    ("MES1", "me-south-1"),
    ("MXC1", "mx-central-1"),
    ("SAE1", "sa-east-1"),
    ("USE1", "us-east-1"),
    ("USE2", "us-east-2"),
    ("USW1", "us-west-1"),
    ("USW2", "us-west-2"),
];

/// What a usage type without its region begins with, in words; the first that fits. Those that end in `:` or `-` go on
/// with the class, which is shown.
const TITLES: &[(&str, &str)] = &[
    ("NatGateway-Bytes", "NAT gateway data processed"),
    ("NatGateway-Hours", "NAT gateway hours"),
    ("LoadBalancerUsage", "load balancer hours"),
    ("LCUUsage", "load balancer capacity units"),
    ("DataProcessing-Bytes", "log ingestion"),
    ("VendedLog-Bytes", "logs delivered by AWS services"),
    ("TimedStorage-ByteHrs", "storage"),
    ("DataScanned-Bytes", "log queries"),
    ("CW:MetricMonitorUsage", "custom metrics"),
    ("MetricMonitorUsage", "custom metrics"),
    ("CW:GMD-Metrics", "metrics read"),
    ("CW:AlarmMonitorUsage", "alarms"),
    ("CW:Requests", "CloudWatch requests"),
    ("InstanceUsage:", "database hours"),
    ("Multi-AZUsage:", "database hours in two zones"),
    ("Aurora:ServerlessV2Usage", "Aurora Serverless capacity"),
    ("RDS:GP3-Storage", "database storage"),
    ("RDS:GP2-Storage", "database storage"),
    ("RDS:Multi-AZ-GP3-Storage", "database storage in two zones"),
    ("RDS:ChargedBackupUsage", "database backups"),
    ("NodeUsage:", "cache node hours"),
    ("BoxUsage:", "instance hours"),
    ("SpotUsage:", "spot instance hours"),
    ("EBS:VolumeUsage", "volumes"),
    ("EBS:SnapshotUsage", "snapshots"),
    ("Fargate-vCPU-Hours", "Fargate processors"),
    ("Fargate-GB-Hours", "Fargate memory"),
    ("Fargate-ARM-vCPU-Hours", "Fargate processors"),
    ("Fargate-ARM-GB-Hours", "Fargate memory"),
    ("PublicIPv4:InUseAddress", "public addresses in use"),
    ("PublicIPv4:IdleAddress", "idle public addresses"),
    ("VpcEndpoint-Hours", "interface endpoint hours"),
    ("VpcEndpoint-Bytes", "interface endpoint data processed"),
    ("DataTransfer-Out-Bytes", "data sent to the internet"),
    ("DataTransfer-Regional-Bytes", "data between zones"),
    ("Lambda-GB-Second", "Lambda computing"),
    ("HostedZone", "hosted zones"),
    ("DNS-Queries", "DNS queries"),
    ("APIRequest", "Cost Explorer requests"),
];

/// The usage type without its region, and that region.
pub(crate) fn parted(usage_type: &str) -> (&str, &'static str) {
    let coded = usage_type.split_once('-').and_then(|(code, rest)| {
        let (_, region) = REGIONS.iter().find(|(known, _)| *known == code)?;
        Some((rest, *region))
    });
    coded.unwrap_or((usage_type, "us-east-1"))
}

/// In words where they are known, and else as in the bill.
pub(super) fn title(service: &str, usage_type: &str) -> String {
    let (plain, _) = parted(usage_type);
    match TITLES.iter().find(|(known, _)| plain.starts_with(known)) {
        Some((known, title)) if known.ends_with(':') => {
            format!("{title}, {}", &plain[known.len()..])
        }
        Some((_, title)) => (*title).to_owned(),
        None if usage_type.is_empty() => service.to_owned(),
        None => format!("{service}, {usage_type}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_region_is_told_by_what_comes_first() {
        for (usage_type, parts) in [
            ("EU-NatGateway-Bytes", ("NatGateway-Bytes", "eu-west-1")),
            ("USE2-LoadBalancerUsage", ("LoadBalancerUsage", "us-east-2")),
            ("NatGateway-Bytes", ("NatGateway-Bytes", "us-east-1")),
            ("DataTransfer-Out-Bytes", ("DataTransfer-Out-Bytes", "us-east-1")),
            ("", ("", "us-east-1")),
        ] {
            assert_eq!(parted(usage_type), parts, "{usage_type}");
        }
    }

    #[test]
    fn usage_types_have_words_and_classes() {
        assert_eq!(title("EC2 - Other", "EU-NatGateway-Bytes"), "NAT gateway data processed");
        assert_eq!(title("Amazon RDS", "EU-InstanceUsage:db.t4g.medium"), "database hours, db.t4g.medium");
        assert_eq!(title("Amazon X", "EU-Something-New"), "Amazon X, EU-Something-New");
        assert_eq!(title("Tax", ""), "Tax");
    }

    #[test]
    fn no_title_hides_another() {
        for (place, (known, _)) in TITLES.iter().enumerate() {
            let first = TITLES.iter().position(|(other, _)| known.starts_with(other));
            assert_eq!(first, Some(place), "{known}");
        }
    }
}
