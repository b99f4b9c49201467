//! Route 53's hosted zones and what is in them. There is no list of all record sets: it takes a call or more for each zone.

use aws_sdk_route53::types;

use super::each::each;
use super::ec2::partition;
use super::pages::{Listing, list};
use super::{CollectError, Collector, Context, Read};
use crate::inventory::Kind as _;
use crate::inventory::route53::{HostedZone, RecordSet};

const LIST_ZONES: &str = "route53:ListHostedZones";
const LIST_RECORD_SETS: &str = "route53:ListResourceRecordSets";

const ZONES_PAGE: i32 = 100;
const RECORD_SETS_PAGE: i32 = 300;

/// Where Heroku's names for applications end; herokussl.com is of its former SSL add-on.
const HEROKU: &[&str] = &["herokudns.com", "herokuapp.com", "herokussl.com", "heroku.com"];

pub(super) const HOSTED_ZONES: Collector = Collector {
    resource_type: HostedZone::TYPE,
    actions: &[LIST_ZONES],
    collect: |context| Box::pin(read_zones(context)),
};

pub(super) const RECORD_SETS: Collector = Collector {
    resource_type: RecordSet::TYPE,
    actions: &[LIST_ZONES, LIST_RECORD_SETS],
    collect: |context| Box::pin(read_record_sets(context)),
};

async fn zones(context: &Context) -> Result<Listing<HostedZone>, CollectError> {
    let pages = context.clients.route53.list_hosted_zones().max_items(ZONES_PAGE).into_paginator().send();
    let zones = list(LIST_ZONES, pages, |page| (Some(page.hosted_zones), page.next_marker)).await?;
    Ok(Listing { items: zones.items.iter().map(|sdk| zone(context, sdk)).collect(), cut: zones.cut })
}

async fn read_zones(context: &Context) -> Result<Read, CollectError> {
    let zones = zones(context).await?;
    Read::of(zones.items, zones.cut)
}

async fn read_record_sets(context: &Context) -> Result<Read, CollectError> {
    let zones = zones(context).await?;
    let ids = zones.items.iter().map(|zone| zone.meta.id.clone());
    let mut lists = each(ids, |id| async move { zone_record_sets(context, &id).await }).await;
    let mut cut = zones.cut.or(lists.error);
    let mut sets = Vec::new();
    for zone in &zones.items {
        if let Some(list) = lists.found.remove(&zone.meta.id) {
            sets.extend(list.items.iter().map(|sdk| record_set(context, zone, sdk)));
            cut = cut.or(list.cut);
        }
    }
    Read::of(sets, cut)
}

/// The SDK has no paginator here: where a page goes on is told by a name, a type and a set identifier.
async fn zone_record_sets(
    context: &Context,
    zone_id: &str,
) -> Result<Listing<types::ResourceRecordSet>, CollectError> {
    let mut all = Listing { items: Vec::new(), cut: None };
    let mut start = (None, None, None);
    loop {
        let (name, kind, identifier) = start.clone();
        let request = context
            .clients
            .route53
            .list_resource_record_sets()
            .hosted_zone_id(zone_id)
            .max_items(RECORD_SETS_PAGE)
            .set_start_record_name(name)
            .set_start_record_type(kind)
            .set_start_record_identifier(identifier);
        let page = match request.send().await {
            Ok(page) => page,
            Err(error) if all.items.is_empty() => return Err(CollectError::of(LIST_RECORD_SETS, &error)),
            Err(error) => {
                all.cut = Some(CollectError::of(LIST_RECORD_SETS, &error));
                return Ok(all);
            }
        };
        all.items.extend(page.resource_record_sets);
        if !page.is_truncated {
            return Ok(all);
        }
        let next = (page.next_record_name, page.next_record_type, page.next_record_identifier);
        if next.0.is_none() || next == start {
            let message = "a list that goes on does not say where".to_owned();
            all.cut = Some(CollectError::Malformed { action: LIST_RECORD_SETS, message });
            return Ok(all);
        }
        start = next;
    }
}

fn zone(context: &Context, sdk: &types::HostedZone) -> HostedZone {
    let id = sdk.id().trim_start_matches("/hostedzone/");
    // the scope is called global; the client knows in which partition it is
    let region = context.clients.route53.config().region().map_or("", |region| region.as_ref());
    let arn = format!("arn:{}:route53:::hostedzone/{id}", partition(region));
    HostedZone {
        meta: context.meta(id, &domain(sdk.name()), &arn),
        private_zone: sdk.config().is_some_and(types::HostedZoneConfig::private_zone),
        linked_service: sdk
            .linked_service()
            .and_then(|service| service.service_principal().or(service.description()))
            .map(str::to_owned),
        resource_record_set_count: sdk.resource_record_set_count().unwrap_or(0),
        record_sets: None,
    }
}

fn record_set(context: &Context, zone: &HostedZone, sdk: &types::ResourceRecordSet) -> RecordSet {
    let (name, kind) = (domain(sdk.name()), sdk.r#type().as_str());
    let identifier = sdk.set_identifier();
    let id: Vec<&str> = [name.as_str(), kind].into_iter().chain(identifier).collect();
    let resource_records: Vec<String> =
        sdk.resource_records().iter().map(|record| record.value().to_owned()).collect();
    let alias_target = sdk.alias_target().map(|target| domain(target.dns_name()));
    RecordSet {
        meta: context.meta(&id.join(" "), &name, &format!("{}/{}", zone.meta.arn, id.join("/"))),
        hosted_zone_id: zone.meta.id.clone(),
        zone_name: zone.meta.name.clone(),
        private_zone: zone.private_zone,
        kind: kind.to_owned(),
        ttl: sdk.ttl(),
        heroku_targets: heroku_targets(kind, &resource_records, alias_target.as_deref()),
        resource_records,
        alias_target,
        set_identifier: identifier.map(str::to_owned),
        routing_policy: routing_policy(sdk).to_owned(),
        weight: sdk.weight(),
        failover: sdk.failover().map(|failover| failover.as_str().to_owned()),
        health_check_id: sdk.health_check_id().map(str::to_owned),
        traffic_policy_instance_id: sdk.traffic_policy_instance_id().map(str::to_owned),
        legs: None,
    }
}

/// A name as people write it: Route 53 ends it with a dot and writes the star as its octal code.
fn domain(name: &str) -> String {
    name.trim_end_matches('.').replace("\\052", "*").to_lowercase()
}

fn heroku_targets(kind: &str, records: &[String], alias_target: Option<&str>) -> Vec<String> {
    let names = records.iter().filter(|_| kind == "CNAME").map(|record| domain(record));
    let is_heroku = |name: &String| {
        HEROKU
            .iter()
            .any(|end| name.strip_suffix(end).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
    };
    names.chain(alias_target.map(str::to_owned)).filter(is_heroku).collect()
}

fn routing_policy(sdk: &types::ResourceRecordSet) -> &'static str {
    if sdk.weight().is_some() {
        "weighted"
    } else if sdk.failover().is_some() {
        "failover"
    } else if sdk.region().is_some() {
        "latency"
    } else if sdk.geo_location().is_some() {
        "geolocation"
    } else if sdk.geo_proximity_location().is_some() {
        "geoproximity"
    } else if sdk.multi_value_answer().unwrap_or(false) {
        "multivalue"
    } else if sdk.cidr_routing_config().is_some() {
        "ip-based"
    } else {
        "simple"
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_route53::Client;
    use aws_sdk_route53::operation::list_hosted_zones::{ListHostedZonesError, ListHostedZonesOutput};
    use aws_sdk_route53::operation::list_resource_record_sets::{
        ListResourceRecordSetsError, ListResourceRecordSetsOutput,
    };
    use aws_smithy_mocks::{Rule, mock};

    use super::*;
    use crate::collect::mock;

    fn sdk_zone(id: &str, name: &str) -> types::HostedZone {
        let zone = types::HostedZone::builder().id(format!("/hostedzone/{id}")).name(name);
        zone.caller_reference("made").build().unwrap()
    }

    fn zones_page(zones: Vec<types::HostedZone>, next: Option<&str>) -> ListHostedZonesOutput {
        ListHostedZonesOutput::builder()
            .set_hosted_zones(Some(zones))
            .marker("")
            .is_truncated(next.is_some())
            .set_next_marker(next.map(str::to_owned))
            .max_items(100)
            .build()
            .unwrap()
    }

    fn one_zone() -> Rule {
        mock!(Client::list_hosted_zones)
            .then_output(|| zones_page(vec![sdk_zone("Z1", "Example.com.")], None))
    }

    fn weighted(identifier: &str, weight: i64, target: &str) -> types::ResourceRecordSet {
        types::ResourceRecordSet::builder()
            .name("www.example.com.")
            .r#type(types::RrType::Cname)
            .set_identifier(identifier)
            .weight(weight)
            .ttl(60)
            .resource_records(types::ResourceRecord::builder().value(target).build().unwrap())
            .build()
            .unwrap()
    }

    fn page(
        sets: Vec<types::ResourceRecordSet>,
        next: Option<(&str, types::RrType, &str)>,
    ) -> ListResourceRecordSetsOutput {
        let page = ListResourceRecordSetsOutput::builder()
            .set_resource_record_sets(Some(sets))
            .is_truncated(next.is_some())
            .max_items(300);
        match next {
            None => page,
            Some((name, kind, identifier)) => {
                page.next_record_name(name).next_record_type(kind).next_record_identifier(identifier)
            }
        }
        .build()
        .unwrap()
    }

    #[tokio::test]
    async fn zones_are_read_in_pages_of_a_hundred() {
        let mut context = mock::context();
        let first = mock!(Client::list_hosted_zones)
            .match_requests(|request| request.marker().is_none() && request.max_items() == Some(100))
            .then_output(|| zones_page(vec![sdk_zone("Z1", "example.com.")], Some("Z2")));
        let second = mock!(Client::list_hosted_zones)
            .match_requests(|request| request.marker() == Some("Z2"))
            .then_output(|| zones_page(vec![sdk_zone("Z2", "internal.")], None));
        mock::answer!(context, route53, aws_sdk_route53, [first, second]);

        let read = mock::read(&context, HostedZone::TYPE).await.unwrap();

        let zones: Vec<(&str, &str)> =
            read.resources.iter().map(|zone| (&*zone.meta().name, &*zone.meta().arn)).collect();
        assert_eq!(
            zones,
            [
                ("example.com", "arn:aws:route53:::hostedzone/Z1"),
                ("internal", "arn:aws:route53:::hostedzone/Z2")
            ]
        );
    }

    #[tokio::test]
    async fn a_page_of_record_sets_goes_on_where_all_three_parts_of_its_token_say() {
        let mut context = mock::context();
        let first = mock!(Client::list_resource_record_sets)
            .match_requests(|request| {
                request.start_record_name().is_none()
                    && request.max_items() == Some(300)
                    && request.hosted_zone_id() == Some("Z1")
            })
            .then_output(|| {
                let aws = weighted("aws", 100, "web.eu-west-1.elb.amazonaws.com");
                page(vec![aws], Some(("www.example.com.", types::RrType::Cname, "heroku")))
            });
        let second = mock!(Client::list_resource_record_sets)
            .match_requests(|request| {
                request.start_record_name() == Some("www.example.com.")
                    && request.start_record_type() == Some(&types::RrType::Cname)
                    && request.start_record_identifier() == Some("heroku")
            })
            .then_output(|| page(vec![weighted("heroku", 0, "Shallow-Lake.HerokuDNS.com.")], None));
        mock::answer!(context, route53, aws_sdk_route53, [one_zone(), first, second]);

        let read = mock::read(&context, RecordSet::TYPE).await.unwrap();

        assert_eq!(read.partial, None);
        let sets: Vec<&RecordSet> = read.resources.iter().filter_map(RecordSet::of).collect();
        assert_eq!(sets[0].heroku_targets, [""; 0]);
        let heroku = sets[1];
        assert_eq!(heroku.heroku_targets, ["shallow-lake.herokudns.com"]);
        assert_eq!(heroku.resource_records, ["Shallow-Lake.HerokuDNS.com."]);
        assert_eq!(
            (heroku.meta.id.as_str(), heroku.zone_name.as_str()),
            ("www.example.com CNAME heroku", "example.com")
        );
        assert_eq!(heroku.meta.arn, "arn:aws:route53:::hostedzone/Z1/www.example.com/CNAME/heroku");
        assert_eq!(
            (heroku.routing_policy.as_str(), heroku.weight, heroku.ttl),
            ("weighted", Some(0), Some(60))
        );
    }

    #[tokio::test]
    async fn a_page_that_cannot_be_read_leaves_the_type_partial() {
        let mut context = mock::context();
        let first = mock!(Client::list_resource_record_sets)
            .match_requests(|request| request.start_record_name().is_none())
            .then_output(|| {
                page(
                    vec![weighted("aws", 1, "x.example")],
                    Some(("www.example.com.", types::RrType::Cname, "b")),
                )
            });
        let second = mock!(Client::list_resource_record_sets)
            .match_requests(|request| request.start_record_name().is_some())
            .then_error(|| {
                ListResourceRecordSetsError::generic(mock::service_error("Throttling", "Rate exceeded"))
            });
        mock::answer!(context, route53, aws_sdk_route53, [one_zone(), first, second]);

        let read = mock::read(&context, RecordSet::TYPE).await.unwrap();

        assert_eq!(read.resources.len(), 1);
        assert!(read.partial.unwrap().contains("route53:ListResourceRecordSets"));
    }

    #[tokio::test]
    async fn a_page_that_leads_back_to_itself_is_no_end() {
        let mut context = mock::context();
        let again = mock!(Client::list_resource_record_sets).then_output(|| {
            page(
                vec![weighted("aws", 1, "x.example")],
                Some(("www.example.com.", types::RrType::Cname, "aws")),
            )
        });
        mock::answer!(context, route53, aws_sdk_route53, [one_zone(), again]);

        let read = mock::read(&context, RecordSet::TYPE).await.unwrap();

        assert!(read.partial.unwrap().contains("does not say where"));
    }

    #[tokio::test]
    async fn denied_zones_deny_both_types() {
        for resource_type in [HostedZone::TYPE, RecordSet::TYPE] {
            let mut context = mock::context();
            let denied = mock!(Client::list_hosted_zones)
                .then_error(|| ListHostedZonesError::generic(mock::service_error("AccessDenied", "No.")));
            mock::answer!(context, route53, aws_sdk_route53, [denied]);
            assert!(mock::read(&context, resource_type).await.unwrap_err().is_denied());
        }
    }

    #[test]
    fn an_alias_has_no_values_and_takes_its_targets_ttl() {
        let target = types::AliasTarget::builder()
            .hosted_zone_id("Z32O12XQLNTSW2")
            .dns_name("Web-1.eu-west-1.elb.amazonaws.com.")
            .evaluate_target_health(true)
            .build()
            .unwrap();
        let sdk = types::ResourceRecordSet::builder()
            .name("\\052.example.com.")
            .r#type(types::RrType::A)
            .alias_target(target)
            .build()
            .unwrap();
        let context = mock::context();

        let set = record_set(&context, &zone(&context, &sdk_zone("Z1", "example.com.")), &sdk);

        assert_eq!(set.meta.name, "*.example.com");
        assert_eq!(set.alias_target.as_deref(), Some("web-1.eu-west-1.elb.amazonaws.com"));
        assert_eq!((set.ttl, set.routing_policy.as_str()), (None, "simple"));
    }

    #[test]
    fn only_names_under_herokus_domains_are_herokus() {
        let found = |kind: &str, value: &str| heroku_targets(kind, &[value.to_owned()], None).len();
        for heroku in
            ["app.herokuapp.com", "x.herokudns.com.", "app-1.herokussl.com", "heroku.com", "a.heroku.com"]
        {
            assert_eq!(found("CNAME", heroku), 1, "{heroku}");
        }
        assert_eq!(found("CNAME", "notheroku.com"), 0);
        assert_eq!(found("CNAME", "herokuapp.com.example.org"), 0);
        assert_eq!(found("TXT", "app.herokuapp.com"), 0);
    }
}
