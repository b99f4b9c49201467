//! Instances, and since when stopped ones are stopped.

use aws_sdk_ec2::types;
use chrono::{DateTime, NaiveDateTime, Utc};

use super::{PAGE, tagged};
use crate::collect::pages::list;
use crate::collect::{CollectError, Collector, Context, Read, time};
use crate::inventory::ec2::Instance;
use crate::inventory::{Kind as _, Meta};

const DESCRIBE: &str = "ec2:DescribeInstances";

pub(in crate::collect) const INSTANCES: Collector = Collector {
    resource_type: Instance::TYPE,
    actions: &[DESCRIBE],
    collect: |context| Box::pin(read(context)),
};

async fn read(context: &Context) -> Result<Read, CollectError> {
    let pages = context.clients.ec2.describe_instances().max_results(PAGE).into_paginator().send();
    let reservations = list(DESCRIBE, pages, |page| (page.reservations, page.next_token)).await?;
    let instances = reservations.items.iter().flat_map(types::Reservation::instances);
    Read::of(instances.map(|sdk| instance(context, sdk)), reservations.cut)
}

fn instance(context: &Context, sdk: &types::Instance) -> Instance {
    let meta = tagged(context, "instance", sdk.instance_id().unwrap_or_default(), None, sdk.tags());
    let state = sdk.state().and_then(|state| state.name());
    let reason = sdk.state_transition_reason().filter(|reason| !reason.is_empty());
    Instance {
        meta: Meta { created_at: time(sdk.launch_time()), ..meta },
        instance_type: sdk.instance_type().map_or_else(String::new, |kind| kind.as_str().to_owned()),
        state: state.map_or_else(String::new, |state| state.as_str().to_owned()),
        state_transition_reason: reason.map(str::to_owned),
        stopped_at: reason.filter(|_| state == Some(&types::InstanceStateName::Stopped)).and_then(time_in),
        volume_ids: sdk
            .block_device_mappings()
            .iter()
            .filter_map(|mapping| mapping.ebs()?.volume_id().map(str::to_owned))
            .collect(),
        volumes: None,
        elastic_ips: None,
    }
}

/// The time in a reason such as `User initiated (2026-10-02 09:15:04 GMT)`.
fn time_in(reason: &str) -> Option<DateTime<Utc>> {
    let (_, time) = reason.rsplit_once('(')?;
    let (time, _) = time.split_once(" GMT)")?;
    Some(NaiveDateTime::parse_from_str(time, "%Y-%m-%d %H:%M:%S").ok()?.and_utc())
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::Client;
    use aws_sdk_ec2::operation::describe_instances::{DescribeInstancesError, DescribeInstancesOutput};
    use aws_smithy_mocks::mock;

    use super::*;
    use crate::collect::mock;

    fn page(name: types::InstanceStateName, next: Option<&str>) -> DescribeInstancesOutput {
        let disk = types::EbsInstanceBlockDevice::builder().volume_id("vol-1").build();
        let instance = types::Instance::builder()
            .instance_id("i-1")
            .state(types::InstanceState::builder().name(name).build())
            .state_transition_reason("User initiated (2026-10-02 09:15:04 GMT)")
            .block_device_mappings(types::InstanceBlockDeviceMapping::builder().ebs(disk).build())
            .build();
        DescribeInstancesOutput::builder()
            .reservations(types::Reservation::builder().instances(instance).build())
            .set_next_token(next.map(str::to_owned))
            .build()
    }

    #[tokio::test]
    async fn instances_are_read_page_by_page_with_the_time_of_their_stop() {
        let mut context = mock::context();
        let first = mock!(Client::describe_instances)
            .match_requests(|request| request.next_token().is_none() && request.max_results() == Some(1000))
            .then_output(|| page(types::InstanceStateName::Stopped, Some("two")));
        let second = mock!(Client::describe_instances)
            .match_requests(|request| request.next_token() == Some("two"))
            .then_output(|| page(types::InstanceStateName::Running, None));
        mock::answer!(context, ec2, aws_sdk_ec2, [first, second]);

        let read = mock::read(&context, Instance::TYPE).await.unwrap();

        let [stopped, running] = &read.resources.iter().filter_map(Instance::of).collect::<Vec<_>>()[..]
        else {
            panic!("{read:?}");
        };
        assert_eq!(stopped.stopped_at, Some(mock::at("2026-10-02T09:15:04Z")));
        assert_eq!(stopped.volume_ids, ["vol-1"]);
        assert_eq!(running.stopped_at, None);
    }

    #[test]
    fn a_reason_without_a_time_gives_none() {
        assert_eq!(time_in("Server.SpotInstanceShutdown"), None);
        assert_eq!(time_in("User initiated (soon GMT)"), None);
    }

    #[tokio::test]
    async fn a_denied_list_is_denied() {
        let mut context = mock::context();
        let denied = mock!(Client::describe_instances).then_error(|| {
            DescribeInstancesError::generic(mock::service_error("UnauthorizedOperation", "No."))
        });
        mock::answer!(context, ec2, aws_sdk_ec2, [denied]);

        assert!(mock::read(&context, Instance::TYPE).await.unwrap_err().is_denied());
    }
}
