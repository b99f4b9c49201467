//! Trails: what each records, and whether it does.

use aws_sdk_cloudtrail::config::{Builder, Region};
use aws_sdk_cloudtrail::operation::get_event_selectors::GetEventSelectorsOutput;
use aws_sdk_cloudtrail::operation::get_trail_status::GetTrailStatusOutput;
use aws_sdk_cloudtrail::types::{self, AdvancedEventSelector, EventSelector, ReadWriteType};

use super::each::each;
use super::{CollectError, Collector, Context, Read, time};
use crate::inventory::cloudtrail::Trail;
use crate::inventory::{Kind as _, Meta};

const DESCRIBE: &str = "cloudtrail:DescribeTrails";
const STATUS: &str = "cloudtrail:GetTrailStatus";
const SELECTORS: &str = "cloudtrail:GetEventSelectors";

pub(super) const TRAILS: Collector = Collector {
    resource_type: Trail::TYPE,
    actions: &[DESCRIBE, STATUS, SELECTORS],
    collect: |context| Box::pin(read(context)),
};

async fn read(context: &Context) -> Result<Read, CollectError> {
    let client = &context.clients.trails;
    let listed = client.describe_trails().include_shadow_trails(true).send().await;
    let listed = listed.map_err(|error| CollectError::of(DESCRIBE, &error))?;
    let mut trails: Vec<Trail> = listed.trail_list().iter().map(|sdk| trail(context, sdk)).collect();
    trails.retain(|trail| trail.is_multi_region_trail || trail.home_region == context.region);

    // by its ARN, each region has the status of what is recorded there
    let arns = trails.iter().map(|trail| trail.meta.arn.clone());
    let statuses = each(arns, |arn| async move {
        let answer = client.get_trail_status().name(arn).send().await;
        answer.map_err(|error| CollectError::of(STATUS, &error))
    })
    .await;
    // only the home region knows the selectors, and only the account that owns the trail is told
    let own = trails.iter().filter(|trail| trail.meta.arn.contains(&format!(":{}:", context.account)));
    let own = own.map(|trail| format!("{} {}", trail.home_region, trail.meta.arn));
    let selectors = each(own, |key| async move {
        let (home, arn) = key.split_once(' ').unwrap_or_default();
        let at_home = Builder::default().region(Region::new(home.to_owned()));
        let request = client.get_event_selectors().trail_name(arn).customize().config_override(at_home);
        request.send().await.map_err(|error| CollectError::of(SELECTORS, &error))
    })
    .await;
    for trail in &mut trails {
        if let Some(status) = statuses.found.get(&trail.meta.arn) {
            add_status(trail, status);
        }
        let key = format!("{} {}", trail.home_region, trail.meta.arn);
        trail.logs_management_writes = selectors.found.get(&key).map(logs_management_writes);
    }
    let partial = statuses.error.or(selectors.error).map(|error| error.to_string());
    Ok(Read { resources: trails.into_iter().map(Into::into).collect(), partial, window: String::new() })
}

fn trail(context: &Context, sdk: &types::Trail) -> Trail {
    let name = sdk.name().unwrap_or_default();
    let home_region = sdk.home_region().unwrap_or_default().to_owned();
    let meta = context.meta(name, name, sdk.trail_arn().unwrap_or_default());
    Trail {
        meta: Meta { region: home_region.clone(), ..meta },
        home_region,
        is_multi_region_trail: sdk.is_multi_region_trail().unwrap_or_default(),
        is_organization_trail: sdk.is_organization_trail().unwrap_or_default(),
        s3_bucket_name: sdk.s3_bucket_name().map(str::to_owned),
        log_file_validation_enabled: sdk.log_file_validation_enabled().unwrap_or_default(),
        cloud_watch_logs_log_group_arn: sdk.cloud_watch_logs_log_group_arn().map(str::to_owned),
        ..Trail::default()
    }
}

fn add_status(trail: &mut Trail, status: &GetTrailStatusOutput) {
    trail.is_logging = status.is_logging();
    trail.latest_delivery_error =
        status.latest_delivery_error().filter(|error| !error.is_empty()).map(str::to_owned);
    trail.latest_delivery_time = time(status.latest_delivery_time());
    trail.start_logging_time = time(status.start_logging_time());
    trail.stop_logging_time = time(status.stop_logging_time());
}

/// A trail whose selectors nobody has set logs all management events.
fn logs_management_writes(selectors: &GetEventSelectorsOutput) -> bool {
    let (basic, advanced) = (selectors.event_selectors(), selectors.advanced_event_selectors());
    basic.is_empty() && advanced.is_empty()
        || basic.iter().any(basic_does)
        || advanced.iter().any(advanced_does)
}

fn basic_does(selector: &EventSelector) -> bool {
    selector.include_management_events() != Some(false)
        && selector.read_write_type() != Some(&ReadWriteType::ReadOnly)
}

fn advanced_does(selector: &AdvancedEventSelector) -> bool {
    let field = |name: &str| selector.field_selectors().iter().find(|field| field.field() == name);
    let is_management =
        field("eventCategory").is_some_and(|field| field.equals().contains(&"Management".to_owned()));
    let only_reads = field("readOnly").is_some_and(|field| {
        let [equals, not_equals] = [field.equals(), field.not_equals()];
        equals == ["true"] || not_equals.contains(&"false".to_owned())
    });
    is_management && !only_reads
}

#[cfg(test)]
mod tests;
