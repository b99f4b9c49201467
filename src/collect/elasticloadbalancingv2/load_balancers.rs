//! Load balancers with their listeners, one call each, and their tags, one call for twenty.

use std::collections::BTreeMap;

use aws_sdk_elasticloadbalancingv2::types;
use futures::StreamExt as _;
use futures::stream;

use super::{CONCURRENCY, PAGE, after, redirect_protocol};
use crate::collect::pages::list;
use crate::collect::{CollectError, Collector, Context, Read, time};
use crate::inventory::elasticloadbalancingv2::{Listener, LoadBalancer};
use crate::inventory::{Kind as _, Meta};

const DESCRIBE: &str = "elasticloadbalancing:DescribeLoadBalancers";
const DESCRIBE_LISTENERS: &str = "elasticloadbalancing:DescribeListeners";
const DESCRIBE_TAGS: &str = "elasticloadbalancing:DescribeTags";

/// The most ARNs that DescribeTags takes.
const TAGS_BATCH: usize = 20;

pub(in crate::collect) const LOAD_BALANCERS: Collector = Collector {
    resource_type: LoadBalancer::TYPE,
    actions: &[DESCRIBE, DESCRIBE_LISTENERS, DESCRIBE_TAGS],
    collect: |context| Box::pin(read(context)),
};

type Tags = BTreeMap<String, String>;

async fn read(context: &Context) -> Result<Read, CollectError> {
    let pages = context.clients.elbv2.describe_load_balancers().page_size(PAGE).into_paginator().send();
    let sdk = list(DESCRIBE, pages, |page| (page.load_balancers, page.next_marker)).await?;
    let mut balancers: Vec<LoadBalancer> = sdk.items.iter().map(|sdk| load_balancer(context, sdk)).collect();
    let arns: Vec<String> = balancers.iter().map(|balancer| balancer.meta.arn.clone()).collect();
    let (mut listeners, mut tags) = tokio::join!(all_listeners(context, &arns), all_tags(context, &arns));
    for balancer in &mut balancers {
        balancer.listeners = listeners.found.remove(&balancer.meta.arn);
        balancer.meta.tags = tags.found.remove(&balancer.meta.arn).unwrap_or_default();
    }
    Read::of(balancers, sdk.cut.or(listeners.error).or(tags.error))
}

/// What further calls brought for each load balancer, by ARN, and the first failure.
struct Found<T> {
    found: BTreeMap<String, T>,
    error: Option<CollectError>,
}

async fn all_listeners(context: &Context, arns: &[String]) -> Found<Vec<Listener>> {
    let mut calls = stream::iter(arns.iter().cloned())
        .map(|arn| async move {
            let listeners = listeners(context, &arn).await;
            (arn, listeners)
        })
        .buffer_unordered(CONCURRENCY);
    let (mut found, mut error) = (BTreeMap::new(), None);
    while let Some((arn, listeners)) = calls.next().await {
        match listeners {
            Ok(listeners) => {
                found.insert(arn, listeners);
            }
            Err(failure) => {
                let denied = failure.is_denied();
                error.get_or_insert(failure);
                if denied {
                    break;
                }
            }
        }
    }
    Found { found, error }
}

async fn listeners(context: &Context, arn: &str) -> Result<Vec<Listener>, CollectError> {
    let pages = context
        .clients
        .elbv2
        .describe_listeners()
        .load_balancer_arn(arn)
        .page_size(PAGE)
        .into_paginator()
        .send();
    let listeners = list(DESCRIBE_LISTENERS, pages, |page| (page.listeners, page.next_marker)).await?;
    Ok(listeners.whole()?.iter().map(listener).collect())
}

async fn all_tags(context: &Context, arns: &[String]) -> Found<Tags> {
    let (mut found, mut error) = (BTreeMap::new(), None);
    for batch in arns.chunks(TAGS_BATCH) {
        let request = context.clients.elbv2.describe_tags().set_resource_arns(Some(batch.to_vec()));
        match request.send().await {
            Ok(answer) => found.extend(answer.tag_descriptions().iter().map(tags)),
            Err(failure) => {
                let failure = CollectError::of(DESCRIBE_TAGS, &failure);
                let denied = failure.is_denied();
                error.get_or_insert(failure);
                if denied {
                    break;
                }
            }
        }
    }
    Found { found, error }
}

fn load_balancer(context: &Context, sdk: &types::LoadBalancer) -> LoadBalancer {
    let arn = sdk.load_balancer_arn().unwrap_or_default();
    let name = sdk.load_balancer_name().unwrap_or_default();
    let meta = context.meta(name, name, arn);
    LoadBalancer {
        meta: Meta { created_at: time(sdk.created_time()), ..meta },
        kind: sdk.r#type().map_or_else(String::new, |kind| kind.as_str().to_owned()),
        scheme: sdk.scheme().map(|scheme| scheme.as_str().to_owned()),
        state: sdk
            .state()
            .and_then(|state| state.code())
            .map_or_else(String::new, |code| code.as_str().to_owned()),
        dns_name: sdk.dns_name().map(str::to_owned),
        vpc_id: sdk.vpc_id().map(str::to_owned),
        security_groups: sdk.security_groups().to_vec(),
        metric_dimension: after(arn, ":loadbalancer/").to_owned(),
        listeners: None,
        target_groups: None,
        openings: None,
        signals: None,
    }
}

fn listener(sdk: &types::Listener) -> Listener {
    Listener {
        listener_arn: sdk.listener_arn().unwrap_or_default().to_owned(),
        port: sdk.port().map(i64::from),
        protocol: sdk.protocol().map(|protocol| protocol.as_str().to_owned()),
        default_action_types: sdk
            .default_actions()
            .iter()
            .filter_map(|action| action.r#type().map(|kind| kind.as_str().to_owned()))
            .collect(),
        redirect_protocol: redirect_protocol(sdk.default_actions()),
        rules: None,
    }
}

fn tags(sdk: &types::TagDescription) -> (String, Tags) {
    let tags = sdk
        .tags()
        .iter()
        .map(|tag| (tag.key().unwrap_or_default().to_owned(), tag.value().unwrap_or_default().to_owned()))
        .collect();
    (sdk.resource_arn().unwrap_or_default().to_owned(), tags)
}

#[cfg(test)]
mod tests {
    use aws_sdk_elasticloadbalancingv2::Client;
    use aws_sdk_elasticloadbalancingv2::operation::describe_listeners::{
        DescribeListenersError, DescribeListenersOutput,
    };
    use aws_sdk_elasticloadbalancingv2::operation::describe_load_balancers::{
        DescribeLoadBalancersError, DescribeLoadBalancersOutput,
    };
    use aws_sdk_elasticloadbalancingv2::operation::describe_tags::{DescribeTagsError, DescribeTagsOutput};
    use aws_smithy_mocks::{Rule, mock};

    use super::*;
    use crate::collect::mock;

    const WEB: &str =
        "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/web/50dc6c495c0c9188";
    const TCP: &str =
        "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/net/tcp/60dc6c495c0c9188";

    fn balancers(marker: Option<&'static str>, arn: &'static str, next: Option<&'static str>) -> Rule {
        mock!(Client::describe_load_balancers)
            .match_requests(move |request| request.marker() == marker && request.page_size() == Some(400))
            .then_output(move || {
                let name = arn.split('/').nth(2).unwrap();
                let state =
                    types::LoadBalancerState::builder().code(types::LoadBalancerStateEnum::Active).build();
                DescribeLoadBalancersOutput::builder()
                    .load_balancers(
                        types::LoadBalancer::builder()
                            .load_balancer_arn(arn)
                            .load_balancer_name(name)
                            .r#type(types::LoadBalancerTypeEnum::Application)
                            .scheme(types::LoadBalancerSchemeEnum::InternetFacing)
                            .created_time(aws_smithy_types::DateTime::from_secs(1_790_000_000))
                            .state(state)
                            .build(),
                    )
                    .set_next_marker(next.map(str::to_owned))
                    .build()
            })
    }

    fn listeners_rule() -> Rule {
        mock!(Client::describe_listeners).then_output(|| {
            let redirect = types::Action::builder()
                .r#type(types::ActionTypeEnum::Redirect)
                .redirect_config(types::RedirectActionConfig::builder().protocol("HTTPS").build())
                .build();
            DescribeListenersOutput::builder()
                .listeners(types::Listener::builder().port(80).default_actions(redirect).build())
                .build()
        })
    }

    fn tags_rule() -> Rule {
        mock!(Client::describe_tags)
            .match_requests(|request| request.resource_arns() == [WEB, TCP])
            .then_output(|| {
                let tag = types::Tag::builder().key("team").value("shop").build();
                let tagged = types::TagDescription::builder().resource_arn(WEB).tags(tag).build();
                DescribeTagsOutput::builder().tag_descriptions(tagged).build()
            })
    }

    fn found(read: &Read) -> Vec<&LoadBalancer> {
        read.resources.iter().filter_map(LoadBalancer::of).collect()
    }

    #[tokio::test]
    async fn load_balancers_are_read_page_by_page_with_listeners_and_tags() {
        let mut context = mock::context();
        let rules = [
            balancers(None, WEB, Some("two")),
            balancers(Some("two"), TCP, None),
            listeners_rule(),
            tags_rule(),
        ];
        mock::answer!(
            context,
            elbv2,
            aws_sdk_elasticloadbalancingv2,
            [rules[0], rules[1], rules[2], rules[3]]
        );

        let read = mock::read(&context, LoadBalancer::TYPE).await.unwrap();

        assert_eq!(read.partial, None);
        let [web, tcp] = found(&read)[..] else {
            panic!("{read:?}");
        };
        assert_eq!(web.meta.id, "web");
        assert_eq!(web.metric_dimension, "app/web/50dc6c495c0c9188");
        assert_eq!(web.kind, "application");
        assert_eq!(web.scheme.as_deref(), Some("internet-facing"));
        assert_eq!(web.state, "active");
        assert_eq!(web.meta.tags["team"], "shop");
        assert_eq!(web.listeners.as_ref().unwrap()[0].default_action_types, ["redirect"]);
        assert_eq!(web.listeners.as_ref().unwrap()[0].redirect_protocol.as_deref(), Some("HTTPS"));
        assert!(tcp.meta.tags.is_empty());
    }

    #[tokio::test]
    async fn without_listeners_and_tags_the_load_balancers_stay() {
        let mut context = mock::context();
        let listeners = mock!(Client::describe_listeners)
            .then_error(|| DescribeListenersError::generic(mock::service_error("AccessDenied", "No.")));
        let tags = mock!(Client::describe_tags)
            .then_error(|| DescribeTagsError::generic(mock::service_error("AccessDenied", "No.")));
        mock::answer!(
            context,
            elbv2,
            aws_sdk_elasticloadbalancingv2,
            [balancers(None, WEB, None), listeners, tags]
        );

        let read = mock::read(&context, LoadBalancer::TYPE).await.unwrap();

        assert_eq!(found(&read)[0].listeners, None);
        assert_eq!(read.partial.unwrap(), "denied: elasticloadbalancing:DescribeListeners (No.)");
    }

    #[tokio::test]
    async fn a_denied_list_is_denied() {
        let mut context = mock::context();
        let denied = mock!(Client::describe_load_balancers)
            .then_error(|| DescribeLoadBalancersError::generic(mock::service_error("AccessDenied", "No.")));
        mock::answer!(context, elbv2, aws_sdk_elasticloadbalancingv2, [denied]);

        assert!(mock::read(&context, LoadBalancer::TYPE).await.unwrap_err().is_denied());
    }
}
