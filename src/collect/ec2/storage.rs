//! Volumes, and the account's own snapshots and machine images. The public ones are many and nobody's concern.

use std::collections::BTreeMap;

use aws_sdk_ec2::types;
use chrono::DateTime;

use super::{PAGE, tagged};
use crate::collect::pages::list;
use crate::collect::{CollectError, Collector, Context, Read, time};
use crate::inventory::ec2::{Image, Snapshot, Volume};
use crate::inventory::{Kind as _, Meta};

const DESCRIBE_VOLUMES: &str = "ec2:DescribeVolumes";
const DESCRIBE_SNAPSHOTS: &str = "ec2:DescribeSnapshots";
const DESCRIBE_IMAGES: &str = "ec2:DescribeImages";

/// The most that DescribeVolumes gives at once.
const VOLUMES_PAGE: i32 = 500;

pub(in crate::collect) const VOLUMES: Collector = Collector {
    resource_type: Volume::TYPE,
    actions: &[DESCRIBE_VOLUMES],
    collect: |context| Box::pin(read_volumes(context)),
};

pub(in crate::collect) const SNAPSHOTS: Collector = Collector {
    resource_type: Snapshot::TYPE,
    actions: &[DESCRIBE_SNAPSHOTS],
    collect: |context| Box::pin(read_snapshots(context)),
};

pub(in crate::collect) const IMAGES: Collector = Collector {
    resource_type: Image::TYPE,
    actions: &[DESCRIBE_IMAGES],
    collect: |context| Box::pin(read_images(context)),
};

async fn read_volumes(context: &Context) -> Result<Read, CollectError> {
    let pages = context.clients.ec2.describe_volumes().max_results(VOLUMES_PAGE).into_paginator().send();
    let volumes = list(DESCRIBE_VOLUMES, pages, |page| (page.volumes, page.next_token)).await?;
    Read::mapped(volumes, |sdk| volume(context, sdk))
}

async fn read_snapshots(context: &Context) -> Result<Read, CollectError> {
    let request = context.clients.ec2.describe_snapshots().owner_ids("self").max_results(PAGE);
    let pages = request.into_paginator().send();
    let snapshots = list(DESCRIBE_SNAPSHOTS, pages, |page| (page.snapshots, page.next_token)).await?;
    Read::mapped(snapshots, |sdk| snapshot(context, sdk))
}

/// With the deprecated and disabled ones, which hold on to their snapshots all the same.
async fn read_images(context: &Context) -> Result<Read, CollectError> {
    let request = context.clients.ec2.describe_images().owners("self").max_results(PAGE);
    let pages = request.include_deprecated(true).include_disabled(true).into_paginator().send();
    let images = list(DESCRIBE_IMAGES, pages, |page| (page.images, page.next_token)).await?;
    Read::mapped(images, |sdk| image(context, sdk))
}

fn volume(context: &Context, sdk: &types::Volume) -> Volume {
    let meta = tagged(context, "volume", sdk.volume_id().unwrap_or_default(), None, sdk.tags());
    Volume {
        meta: Meta { created_at: time(sdk.create_time()), ..meta },
        state: sdk.state().map_or_else(String::new, |state| state.as_str().to_owned()),
        volume_type: sdk.volume_type().map_or_else(String::new, |kind| kind.as_str().to_owned()),
        size: sdk.size().map_or(0, i64::from),
        iops: sdk.iops().map(i64::from),
        throughput: sdk.throughput().map(i64::from),
        encrypted: sdk.encrypted().unwrap_or(false),
        instance_ids: sdk
            .attachments()
            .iter()
            .filter_map(|attachment| attachment.instance_id().map(str::to_owned))
            .collect(),
        snapshot_ids: None,
    }
}

fn snapshot(context: &Context, sdk: &types::Snapshot) -> Snapshot {
    let meta = tagged(context, "snapshot", sdk.snapshot_id().unwrap_or_default(), None, sdk.tags());
    let description = sdk.description().unwrap_or_default();
    Snapshot {
        description: description.to_owned(),
        volume_id: sdk.volume_id().unwrap_or_default().to_owned(),
        volume_size: sdk.volume_size().map_or(0, i64::from),
        full_snapshot_size_in_bytes: sdk.full_snapshot_size_in_bytes(),
        state: sdk.state().map_or_else(String::new, |state| state.as_str().to_owned()),
        storage_tier: sdk.storage_tier().map(|tier| tier.as_str().to_owned()),
        managed_by: managed_by(&meta.tags, description).map(str::to_owned),
        meta: Meta { created_at: time(sdk.start_time()), ..meta },
        ..Snapshot::default()
    }
}

fn managed_by(tags: &BTreeMap<String, String>, description: &str) -> Option<&'static str> {
    let tagged = |prefix: &str| tags.keys().any(|key| key.starts_with(prefix));
    if tagged("aws:backup:") || description.starts_with("This snapshot is created by the AWS Backup service")
    {
        Some("AWS Backup")
    } else if tagged("aws:dlm:") || tagged("dlm:managed") {
        Some("Data Lifecycle Manager")
    } else {
        None
    }
}

fn image(context: &Context, sdk: &types::Image) -> Image {
    let meta = tagged(context, "image", sdk.image_id().unwrap_or_default(), None, sdk.tags());
    let created_at = sdk.creation_date().and_then(|date| DateTime::parse_from_rfc3339(date).ok());
    // what people call an image is the name that it was registered under
    let name = sdk.name().unwrap_or(&meta.name).to_owned();
    Image {
        meta: Meta { name, created_at: created_at.map(|at| at.to_utc()), ..meta },
        snapshot_ids: sdk
            .block_device_mappings()
            .iter()
            .filter_map(|mapping| mapping.ebs()?.snapshot_id().map(str::to_owned))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::Client;
    use aws_sdk_ec2::operation::describe_images::DescribeImagesOutput;
    use aws_sdk_ec2::operation::describe_snapshots::{DescribeSnapshotsError, DescribeSnapshotsOutput};
    use aws_sdk_ec2::operation::describe_volumes::DescribeVolumesOutput;
    use aws_smithy_mocks::mock;

    use super::*;
    use crate::collect::mock;

    fn page(id: &str, next: Option<&str>) -> DescribeVolumesOutput {
        let volume = types::Volume::builder()
            .volume_id(id)
            .size(40)
            .state(types::VolumeState::InUse)
            .volume_type(types::VolumeType::Gp3)
            .attachments(types::VolumeAttachment::builder().instance_id("i-1").build())
            .build();
        DescribeVolumesOutput::builder().volumes(volume).set_next_token(next.map(str::to_owned)).build()
    }

    #[tokio::test]
    async fn volumes_are_read_in_pages_of_five_hundred() {
        let mut context = mock::context();
        let first = mock!(Client::describe_volumes)
            .match_requests(|request| request.next_token().is_none() && request.max_results() == Some(500))
            .then_output(|| page("vol-1", Some("two")));
        let second = mock!(Client::describe_volumes)
            .match_requests(|request| request.next_token() == Some("two"))
            .then_output(|| page("vol-2", None));
        mock::answer!(context, ec2, aws_sdk_ec2, [first, second]);

        let read = mock::read(&context, Volume::TYPE).await.unwrap();

        assert_eq!(read.resources.len(), 2);
        let volume = Volume::of(&read.resources[0]).unwrap();
        assert_eq!((volume.size, &*volume.volume_type, &*volume.state), (40, "gp3", "in-use"));
        assert_eq!(volume.instance_ids, ["i-1"]);
    }

    #[tokio::test]
    async fn only_own_snapshots_are_read_and_those_that_a_service_deletes_are_told() {
        let mut context = mock::context();
        let own = mock!(Client::describe_snapshots)
            .match_requests(|request| request.owner_ids() == ["self"])
            .then_output(|| {
                let tagged = |id: &str, key: &str| {
                    let tag = types::Tag::builder().key(key).value("x").build();
                    types::Snapshot::builder().snapshot_id(id).volume_size(8).tags(tag).build()
                };
                DescribeSnapshotsOutput::builder()
                    .snapshots(tagged("snap-1", "aws:backup:source-resource"))
                    .snapshots(tagged("snap-2", "aws:dlm:lifecycle-policy-id"))
                    .snapshots(tagged("snap-3", "team"))
                    .build()
            });
        mock::answer!(context, ec2, aws_sdk_ec2, [own]);

        let read = mock::read(&context, Snapshot::TYPE).await.unwrap();

        let managed: Vec<Option<&str>> =
            read.resources.iter().filter_map(Snapshot::of).map(|one| one.managed_by.as_deref()).collect();
        assert_eq!(managed, [Some("AWS Backup"), Some("Data Lifecycle Manager"), None]);
    }

    #[tokio::test]
    async fn own_images_name_their_snapshots_even_when_they_are_disabled() {
        let mut context = mock::context();
        let own = mock!(Client::describe_images)
            .match_requests(|request| {
                request.owners() == ["self"] && request.include_disabled() == Some(true)
            })
            .then_output(|| {
                let disk = types::EbsBlockDevice::builder().snapshot_id("snap-1").build();
                let image = types::Image::builder()
                    .image_id("ami-1")
                    .name("base")
                    .creation_date("2026-11-01T10:00:00.000Z")
                    .block_device_mappings(types::BlockDeviceMapping::builder().ebs(disk).build())
                    .block_device_mappings(
                        types::BlockDeviceMapping::builder().virtual_name("ephemeral0").build(),
                    )
                    .build();
                DescribeImagesOutput::builder().images(image).build()
            });
        mock::answer!(context, ec2, aws_sdk_ec2, [own]);

        let read = mock::read(&context, Image::TYPE).await.unwrap();

        let image = Image::of(&read.resources[0]).unwrap();
        assert_eq!(image.snapshot_ids, ["snap-1"]);
        assert_eq!(image.meta.name, "base");
        assert_eq!(image.meta.created_at, Some(mock::at("2026-11-01T10:00:00Z")));
    }

    #[tokio::test]
    async fn a_denied_list_is_denied() {
        let mut context = mock::context();
        let denied = mock!(Client::describe_snapshots).then_error(|| {
            DescribeSnapshotsError::generic(mock::service_error("UnauthorizedOperation", "No."))
        });
        mock::answer!(context, ec2, aws_sdk_ec2, [denied]);

        assert!(mock::read(&context, Snapshot::TYPE).await.unwrap_err().is_denied());
    }
}
