//! The detail `listener_rules`: one call for each plain HTTP listener of the load balancers in question.

use std::collections::BTreeMap;

use aws_sdk_elasticloadbalancingv2::types;
use futures::StreamExt as _;
use futures::stream;

use super::{CONCURRENCY, PAGE, redirect_protocol};
use crate::collect::pages::list;
use crate::collect::{CollectError, Context, Detail};
use crate::inventory::elasticloadbalancingv2::{Listener, ListenerRule, LoadBalancer, RuleCondition};
use crate::inventory::{Kind as _, Scope};

const DESCRIBE: &str = "elasticloadbalancing:DescribeRules";

pub(in crate::collect) const LISTENER_RULES: Detail = Detail {
    name: "listener_rules",
    resource_type: LoadBalancer::TYPE,
    coverage: "AWS::ElasticLoadBalancingV2::ListenerRule",
    actions: &[DESCRIBE],
    fetch: |context, scope, arns| Box::pin(fetch(context, scope, arns)),
};

async fn fetch(context: &Context, scope: &mut Scope, balancers: &[String]) -> Result<(), CollectError> {
    let mut listeners: BTreeMap<String, &mut Listener> = scope
        .all_mut::<LoadBalancer>()
        .filter(|balancer| balancers.contains(&balancer.meta.arn))
        .flat_map(|balancer| balancer.listeners.iter_mut().flatten())
        .filter(|listener| listener.protocol.as_deref() == Some("HTTP"))
        .map(|listener| (listener.listener_arn.clone(), listener))
        .collect();
    let arns: Vec<String> = listeners.keys().cloned().collect();
    let mut calls = stream::iter(arns)
        .map(|arn| async move {
            let rules = rules(context, &arn).await;
            (arn, rules)
        })
        .buffer_unordered(CONCURRENCY);
    let mut outcome = Ok(());
    while let Some((arn, rules)) = calls.next().await {
        match rules {
            Ok(rules) => {
                if let Some(listener) = listeners.get_mut(&arn) {
                    listener.rules = Some(rules);
                }
            }
            Err(error) => {
                let denied = error.is_denied();
                outcome = outcome.and(Err(error));
                if denied {
                    break;
                }
            }
        }
    }
    outcome
}

async fn rules(context: &Context, arn: &str) -> Result<Vec<ListenerRule>, CollectError> {
    let request = context.clients.elbv2.describe_rules().listener_arn(arn).page_size(PAGE);
    let pages = request.into_paginator().send();
    let rules = list(DESCRIBE, pages, |page| (page.rules, page.next_marker)).await?.whole()?;
    // the default has the word `default` for a priority
    let mut rules: Vec<ListenerRule> = rules.iter().filter_map(rule).collect();
    rules.sort_by_key(|rule| rule.priority);
    Ok(rules)
}

fn rule(sdk: &types::Rule) -> Option<ListenerRule> {
    Some(ListenerRule {
        priority: sdk.priority()?.parse().ok()?,
        conditions: sdk.conditions().iter().map(condition).collect(),
        action_types: sdk
            .actions()
            .iter()
            .filter_map(|action| action.r#type().map(|kind| kind.as_str().to_owned()))
            .collect(),
        redirect_protocol: redirect_protocol(sdk.actions()),
    })
}

fn condition(sdk: &types::RuleCondition) -> RuleCondition {
    let path = sdk.path_pattern_config().map(types::PathPatternConditionConfig::values);
    let host = sdk.host_header_config().map(types::HostHeaderConditionConfig::values);
    RuleCondition {
        field: sdk.field().unwrap_or_default().to_owned(),
        values: path.or(host).unwrap_or(sdk.values()).to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_elasticloadbalancingv2::Client;
    use aws_sdk_elasticloadbalancingv2::operation::describe_rules::{
        DescribeRulesError, DescribeRulesOutput,
    };
    use aws_smithy_mocks::mock;

    use super::*;
    use crate::collect::mock;
    use crate::inventory::Meta;

    fn scope() -> Scope {
        let listener = |arn: &str, protocol: &str| Listener {
            listener_arn: arn.to_owned(),
            protocol: Some(protocol.to_owned()),
            ..Listener::default()
        };
        let balancer = |arn: &str, listeners| LoadBalancer {
            meta: Meta { arn: arn.to_owned(), ..Meta::default() },
            listeners: Some(listeners),
            ..LoadBalancer::default()
        };
        Scope {
            resources: vec![
                balancer("lb-1", vec![listener("plain", "HTTP"), listener("tls", "HTTPS")]).into(),
                balancer("lb-2", vec![listener("other", "HTTP")]).into(),
            ],
            ..Scope::default()
        }
    }

    fn rules_of(scope: &Scope) -> Vec<Option<usize>> {
        let listeners = scope.all::<LoadBalancer>().flat_map(|balancer| balancer.listeners.iter().flatten());
        listeners.map(|listener| listener.rules.as_ref().map(Vec::len)).collect()
    }

    #[tokio::test]
    async fn the_rules_of_plain_listeners_are_read_in_the_order_in_which_they_are_tried() {
        let mut context = mock::context();
        let rules = mock!(Client::describe_rules)
            .match_requests(|request| request.listener_arn() == Some("plain"))
            .then_output(|| {
                let to_https = types::Action::builder()
                    .r#type(types::ActionTypeEnum::Redirect)
                    .redirect_config(types::RedirectActionConfig::builder().protocol("HTTPS").build())
                    .build();
                let any = types::PathPatternConditionConfig::builder().values("/*").build();
                let condition =
                    types::RuleCondition::builder().field("path-pattern").path_pattern_config(any).build();
                let rule = |priority: &str| types::Rule::builder().priority(priority);
                DescribeRulesOutput::builder()
                    .rules(rule("20").actions(to_https).conditions(condition).build())
                    .rules(rule("3").build())
                    .rules(rule("default").is_default(true).build())
                    .build()
            });
        mock::answer!(context, elbv2, aws_sdk_elasticloadbalancingv2, [rules]);
        let mut scope = scope();

        LISTENER_RULES.fill(&context, &mut scope, &["lb-1".to_owned()]).await;

        assert_eq!(rules_of(&scope), [Some(2), None, None]);
        let balancer = scope.all::<LoadBalancer>().next().unwrap();
        let last = &balancer.listeners.as_ref().unwrap()[0].rules.as_ref().unwrap()[1];
        assert_eq!((last.priority, last.redirect_protocol.as_deref()), (20, Some("HTTPS")));
        assert_eq!(last.conditions[0].values, ["/*"]);
    }

    #[tokio::test]
    async fn denied_rules_stay_unread() {
        let mut context = mock::context();
        let denied = mock!(Client::describe_rules)
            .then_error(|| DescribeRulesError::generic(mock::service_error("AccessDenied", "No.")));
        mock::answer!(context, elbv2, aws_sdk_elasticloadbalancingv2, [denied]);
        let mut scope = scope();

        LISTENER_RULES.fill(&context, &mut scope, &["lb-1".to_owned()]).await;

        assert_eq!(rules_of(&scope), [None, None, None]);
        assert_eq!(scope.coverage[0].detail, "denied: elasticloadbalancing:DescribeRules (No.)");
    }
}
