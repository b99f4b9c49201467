//! Security groups with their rules, which a call of their own gives one by one and with ids.

use std::collections::BTreeMap;

use aws_sdk_ec2::types;
use ipnet::IpNet;

use super::{PAGE, arn, tags};
use crate::collect::pages::{Listing, list};
use crate::collect::{CollectError, Collector, Context, Read};
use crate::inventory::ec2::{SecurityGroup, SecurityGroupRule};
use crate::inventory::{Kind as _, Meta, Resource};

const DESCRIBE: &str = "ec2:DescribeSecurityGroups";
const DESCRIBE_RULES: &str = "ec2:DescribeSecurityGroupRules";

pub(in crate::collect) const SECURITY_GROUPS: Collector = Collector {
    resource_type: SecurityGroup::TYPE,
    actions: &[DESCRIBE, DESCRIBE_RULES],
    collect: |context| Box::pin(read(context)),
};

async fn read(context: &Context) -> Result<Read, CollectError> {
    let ec2 = &context.clients.ec2;
    let groups = ec2.describe_security_groups().max_results(PAGE).into_paginator().send();
    let rules = ec2.describe_security_group_rules().max_results(PAGE).into_paginator().send();
    // Each page becomes ours as it comes: the SDK's own shape, with every rule a second time, is several times as large.
    let (groups, rules) = tokio::try_join!(
        list(DESCRIBE, groups, |page| {
            let groups = page.security_groups.unwrap_or_default();
            (Some(groups.iter().map(|sdk| security_group(context, sdk)).collect()), page.next_token)
        }),
        list(DESCRIBE_RULES, rules, |page| {
            let rules = page.security_group_rules.unwrap_or_default();
            (Some(rules.iter().map(owned_rule).collect()), page.next_token)
        }),
    )?;
    // a group with some of its rules would look more closed than it is
    let rules = rules.whole()?;
    joined(groups, rules)
}

/// A rule, and the id of the group that it belongs to.
type OwnedRule = (String, Result<SecurityGroupRule, CollectError>);

fn owned_rule(sdk: &types::SecurityGroupRule) -> OwnedRule {
    (sdk.group_id().unwrap_or_default().to_owned(), rule(sdk))
}

/// Groups with their rules. A group with a rule that cannot be understood is left out.
fn joined(groups: Listing<SecurityGroup>, rules: Vec<OwnedRule>) -> Result<Read, CollectError> {
    let mut by_group: BTreeMap<String, Vec<Result<SecurityGroupRule, CollectError>>> = BTreeMap::new();
    for (group, rule) in rules {
        by_group.entry(group).or_default().push(rule);
    }
    let mut cut = groups.cut;
    let mut resources: Vec<Resource> = Vec::new();
    for mut group in groups.items {
        let rules = by_group.remove(&group.meta.id).unwrap_or_default();
        match rules.into_iter().collect() {
            Ok(rules) => {
                group.rules = rules;
                resources.push(group.into());
            }
            Err(error) => {
                cut.get_or_insert(error);
            }
        }
    }
    Read::of(resources, cut)
}

/// The group without its rules.
fn security_group(context: &Context, sdk: &types::SecurityGroup) -> SecurityGroup {
    let id = sdk.group_id().unwrap_or_default();
    let arn = sdk
        .security_group_arn()
        .map_or_else(|| arn(context, "security-group", id, sdk.owner_id()), str::to_owned);
    let meta = context.meta(id, sdk.group_name().unwrap_or(id), &arn);
    SecurityGroup {
        meta: Meta { tags: tags(sdk.tags()), ..meta },
        description: sdk.description().unwrap_or_default().to_owned(),
        vpc_id: sdk.vpc_id().map(str::to_owned),
        ..SecurityGroup::default()
    }
}

fn rule(sdk: &types::SecurityGroupRule) -> Result<SecurityGroupRule, CollectError> {
    let id = sdk.security_group_rule_id().unwrap_or_default();
    let cidr = sdk
        .cidr_ipv4()
        .or(sdk.cidr_ipv6())
        .map(|cidr| {
            cidr.parse::<IpNet>().map_err(|_| CollectError::Malformed {
                action: DESCRIBE_RULES,
                message: format!("{}, {id}: {cidr:?} is no CIDR block", sdk.group_id().unwrap_or_default()),
            })
        })
        .transpose()?;
    Ok(SecurityGroupRule {
        security_group_rule_id: id.to_owned(),
        is_egress: sdk.is_egress().unwrap_or(false),
        ip_protocol: sdk.ip_protocol().unwrap_or_default().to_owned(),
        from_port: sdk.from_port().map(i64::from),
        to_port: sdk.to_port().map(i64::from),
        cidr,
        prefix_list_id: sdk.prefix_list_id().map(str::to_owned),
        referenced_group_id: sdk
            .referenced_group_info()
            .and_then(|group| group.group_id())
            .map(str::to_owned),
        description: sdk.description().map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::Client;
    use aws_sdk_ec2::operation::describe_security_group_rules::{
        DescribeSecurityGroupRulesError, DescribeSecurityGroupRulesOutput,
    };
    use aws_sdk_ec2::operation::describe_security_groups::DescribeSecurityGroupsOutput;
    use aws_smithy_mocks::{Rule, mock};

    use super::*;
    use crate::collect::mock;

    fn sdk_group(id: &str) -> types::SecurityGroup {
        types::SecurityGroup::builder()
            .group_id(id)
            .group_name("web")
            .vpc_id("vpc-1")
            .tags(types::Tag::builder().key("team").value("shop").build())
            .build()
    }

    fn sdk_rule(group: &str, id: &str, cidr: &str) -> types::SecurityGroupRule {
        types::SecurityGroupRule::builder()
            .group_id(group)
            .security_group_rule_id(id)
            .is_egress(false)
            .ip_protocol("tcp")
            .from_port(22)
            .to_port(22)
            .cidr_ipv4(cidr)
            .build()
    }

    fn groups_page(token: Option<&'static str>, id: &'static str, next: Option<&'static str>) -> Rule {
        mock!(Client::describe_security_groups)
            .match_requests(move |request| {
                request.next_token() == token && request.max_results() == Some(1000)
            })
            .then_output(move || {
                DescribeSecurityGroupsOutput::builder()
                    .security_groups(sdk_group(id))
                    .set_next_token(next.map(str::to_owned))
                    .build()
            })
    }

    fn rules_page(token: Option<&'static str>, rule: [&'static str; 3], next: Option<&'static str>) -> Rule {
        mock!(Client::describe_security_group_rules)
            .match_requests(move |request| {
                request.next_token() == token && request.max_results() == Some(1000)
            })
            .then_output(move || {
                DescribeSecurityGroupRulesOutput::builder()
                    .security_group_rules(sdk_rule(rule[0], rule[1], rule[2]))
                    .set_next_token(next.map(str::to_owned))
                    .build()
            })
    }

    #[tokio::test]
    async fn groups_and_rules_are_read_page_by_page_and_joined() {
        let (mut context, meter) = mock::metered();
        let rules = [
            groups_page(None, "sg-1", Some("two")),
            groups_page(Some("two"), "sg-2", None),
            rules_page(None, ["sg-2", "sgr-1", "0.0.0.0/0"], Some("two")),
            rules_page(Some("two"), ["sg-2", "sgr-2", "10.0.0.0/8"], None),
        ];
        mock::answer!(context, ec2, aws_sdk_ec2, [rules[0], rules[1], rules[2], rules[3]]);

        let read = mock::read(&context, SecurityGroup::TYPE).await.unwrap();

        assert_eq!(read.partial, None);
        let groups: Vec<&SecurityGroup> = read.resources.iter().filter_map(SecurityGroup::of).collect();
        assert_eq!(groups.len(), 2);
        assert!(groups[0].rules.is_empty());
        let ids: Vec<&str> =
            groups[1].rules.iter().map(|rule| rule.security_group_rule_id.as_str()).collect();
        assert_eq!(ids, ["sgr-1", "sgr-2"]);
        assert_eq!(groups[1].rules[0].cidr, Some("0.0.0.0/0".parse().unwrap()));
        assert_eq!(groups[1].meta.name, "web");
        assert_eq!(groups[1].meta.tags["team"], "shop");
        assert_eq!(groups[1].meta.arn, "arn:aws:ec2:eu-west-1:111122223333:security-group/sg-2");
        assert_eq!(
            meter.calls().into_iter().collect::<Vec<_>>(),
            [(DESCRIBE_RULES.to_owned(), 2), (DESCRIBE.to_owned(), 2)]
        );
    }

    #[tokio::test]
    async fn without_the_rules_the_type_is_denied() {
        let mut context = mock::context();
        let denied = mock!(Client::describe_security_group_rules).then_error(|| {
            DescribeSecurityGroupRulesError::generic(mock::service_error(
                "UnauthorizedOperation",
                "You are not authorized to perform this operation. Encoded authorization failure message: 3NoTf0rP30pl3",
            ))
        });
        mock::answer!(context, ec2, aws_sdk_ec2, [groups_page(None, "sg-1", None), denied]);

        let error = mock::read(&context, SecurityGroup::TYPE).await.unwrap_err();

        assert_eq!(
            error.to_string(),
            "denied: ec2:DescribeSecurityGroupRules (You are not authorized to perform this operation.)"
        );
    }

    #[test]
    fn a_group_with_a_rule_that_cannot_be_understood_is_left_out() {
        let context = mock::context();
        let items = ["sg-1", "sg-2"].map(|id| security_group(&context, &sdk_group(id))).into();
        let rules = [sdk_rule("sg-1", "sgr-1", "0.0.0.0"), sdk_rule("sg-2", "sgr-2", "0.0.0.0/0")];

        let read = joined(Listing { items, cut: None }, rules.iter().map(owned_rule).collect()).unwrap();

        assert_eq!(read.resources.len(), 1);
        assert_eq!(
            read.partial.unwrap(),
            "malformed answer: ec2:DescribeSecurityGroupRules (sg-1, sgr-1: \"0.0.0.0\" is no CIDR block)"
        );
    }

    #[test]
    fn a_rule_may_name_a_prefix_list_or_another_group() {
        let by_group = types::SecurityGroupRule::builder()
            .is_egress(true)
            .ip_protocol("-1")
            .referenced_group_info(types::ReferencedSecurityGroup::builder().group_id("sg-9").build())
            .build();
        let by_list = types::SecurityGroupRule::builder().prefix_list_id("pl-1").build();

        let by_group = rule(&by_group).unwrap();

        assert!(by_group.is_egress);
        assert_eq!(by_group.cidr, None);
        assert_eq!(by_group.referenced_group_id.as_deref(), Some("sg-9"));
        assert_eq!(rule(&by_list).unwrap().prefix_list_id.as_deref(), Some("pl-1"));
    }
}
