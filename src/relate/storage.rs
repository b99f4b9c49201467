//! What volumes, snapshots, images, instances and addresses have to do with one another.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::inventory::ec2::{Address, Image, Instance, Snapshot, Volume};
use crate::inventory::{Kind as _, Scope};

/// What AWS gives as the volume of a copied snapshot.
const NO_VOLUME: &str = "vol-ffffffff";

/// Volume.snapshot_ids.
pub(super) fn snapshot_ids(scope: &Scope) -> Vec<Option<Vec<String>>> {
    let complete = scope.complete(Snapshot::TYPE);
    let snapshots = by_volume(scope.all::<Snapshot>().filter(|snapshot| snapshot.state == "completed"));
    scope
        .all::<Volume>()
        .map(|volume| {
            let own = snapshots.get(volume.meta.id.as_str());
            complete.then(|| own.cloned().unwrap_or_default())
        })
        .collect()
}

/// The ids of the snapshots of each volume, latest first.
fn by_volume<'a>(snapshots: impl Iterator<Item = &'a Snapshot>) -> BTreeMap<&'a str, Vec<String>> {
    let mut snapshots: Vec<&Snapshot> = snapshots.collect();
    snapshots.sort_by_key(|snapshot| (Reverse(snapshot.meta.created_at), &snapshot.meta.id));
    let mut found: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for snapshot in snapshots {
        found.entry(&snapshot.volume_id).or_default().push(snapshot.meta.id.clone());
    }
    found
}

/// What a snapshot is still there for.
pub(super) struct Uses {
    pub(super) volume_exists: Option<bool>,
    pub(super) image_ids: Option<Vec<String>>,
    pub(super) volume_snapshot_ids: Option<Vec<String>>,
}

/// Snapshot.volume_exists, Snapshot.image_ids and Snapshot.volume_snapshot_ids.
pub(super) fn snapshot_uses(scope: &Scope) -> Vec<Uses> {
    let volumes: Option<BTreeSet<&str>> = scope
        .complete(Volume::TYPE)
        .then(|| scope.all::<Volume>().map(|volume| volume.meta.id.as_str()).collect());
    let images = scope.complete(Image::TYPE).then(|| images_by_snapshot(scope));
    let alike = images.as_ref().filter(|_| scope.complete(Snapshot::TYPE)).map(|images| {
        by_volume(scope.all::<Snapshot>().filter(|snapshot| {
            snapshot.managed_by.is_none() && !images.contains_key(snapshot.meta.id.as_str())
        }))
    });
    scope
        .all::<Snapshot>()
        .map(|snapshot| {
            let id = snapshot.meta.id.as_str();
            let of_volume = |alike: &BTreeMap<&str, Vec<String>>| match snapshot.volume_id.as_str() {
                "" | NO_VOLUME => vec![id.to_owned()],
                volume => alike.get(volume).cloned().unwrap_or_default(),
            };
            Uses {
                volume_exists: volumes.as_ref().map(|known| known.contains(snapshot.volume_id.as_str())),
                image_ids: images.as_ref().map(|known| known.get(id).cloned().unwrap_or_default()),
                volume_snapshot_ids: alike.as_ref().map(of_volume),
            }
        })
        .collect()
}

fn images_by_snapshot(scope: &Scope) -> BTreeMap<&str, Vec<String>> {
    let mut images: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for image in scope.all::<Image>() {
        for snapshot in &image.snapshot_ids {
            images.entry(snapshot).or_default().push(image.meta.id.clone());
        }
    }
    images
}

/// Instance.volumes.
pub(super) fn instance_volumes(scope: &Scope) -> Vec<Option<Vec<Volume>>> {
    let volumes: BTreeMap<&str, &Volume> =
        scope.all::<Volume>().map(|volume| (volume.meta.id.as_str(), volume)).collect();
    let complete = scope.complete(Volume::TYPE);
    let of = |instance: &Instance| {
        instance.volume_ids.iter().filter_map(|id| volumes.get(id.as_str()).copied().cloned()).collect()
    };
    scope.all::<Instance>().map(|instance| complete.then(|| of(instance))).collect()
}

/// Instance.elastic_ips.
pub(super) fn instance_addresses(scope: &Scope) -> Vec<Option<Vec<String>>> {
    let mut addresses: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for address in scope.all::<Address>() {
        if let Some(instance) = &address.instance_id {
            addresses.entry(instance).or_default().push(address.public_ip.clone());
        }
    }
    let complete = scope.complete(Address::TYPE);
    let of = |instance: &Instance| addresses.get(instance.meta.id.as_str()).cloned().unwrap_or_default();
    scope.all::<Instance>().map(|instance| complete.then(|| of(instance))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::inventory::Resource;
    use crate::relate::testing::{read, scope};

    fn snapshots() -> Vec<Resource> {
        let mut resources = read(Volume::TYPE, json!([{ "id": "vol-1" }, { "id": "vol-2" }]));
        resources.extend(read(Image::TYPE, json!([{ "id": "ami-1", "snapshot_ids": ["snap-image"] }])));
        resources.extend(read(
            Snapshot::TYPE,
            json!([
                { "id": "snap-1", "volume_id": "vol-1", "state": "completed", "created_at": "2026-01-01T00:00:00Z" },
                { "id": "snap-2", "volume_id": "vol-1", "state": "completed", "created_at": "2026-02-01T00:00:00Z" },
                { "id": "snap-3", "volume_id": "vol-1", "state": "pending", "created_at": "2026-03-01T00:00:00Z" },
                { "id": "snap-image", "volume_id": "vol-gone", "created_at": "2026-03-01T00:00:00Z" },
                { "id": "snap-kept", "volume_id": "vol-gone", "managed_by": "AWS Backup" },
                { "id": "snap-old", "volume_id": "vol-gone", "created_at": "2025-01-01T00:00:00Z" },
                { "id": "snap-new", "volume_id": "vol-gone", "created_at": "2025-02-01T00:00:00Z" },
                { "id": "snap-copy", "volume_id": "vol-ffffffff" },
                { "id": "snap-copy-2", "volume_id": "vol-ffffffff" },
            ]),
        ));
        resources
    }

    #[test]
    fn a_volume_lists_its_completed_snapshots_latest_first() {
        let found = snapshot_ids(&scope(snapshots(), &[Snapshot::TYPE]));
        assert_eq!(found, [Some(vec!["snap-2".to_owned(), "snap-1".to_owned()]), Some(vec![])]);
        assert_eq!(snapshot_ids(&scope(snapshots(), &[])), [None, None]);
    }

    #[test]
    fn a_snapshot_knows_its_volume_its_images_and_its_like() {
        let scope = scope(snapshots(), &[Snapshot::TYPE, Volume::TYPE, Image::TYPE]);
        let uses = snapshot_uses(&scope);
        let of = |id: &str| {
            let position = scope.all::<Snapshot>().position(|snapshot| snapshot.meta.id == id).unwrap();
            &uses[position]
        };
        assert_eq!(of("snap-1").volume_exists, Some(true));
        assert_eq!(of("snap-image").volume_exists, Some(false));
        assert_eq!(of("snap-image").image_ids, Some(vec!["ami-1".to_owned()]));
        assert_eq!(of("snap-old").image_ids, Some(vec![]));
        let left = Some(vec!["snap-new".to_owned(), "snap-old".to_owned()]);
        assert_eq!(of("snap-old").volume_snapshot_ids, left);
        assert_eq!(of("snap-copy").volume_snapshot_ids, Some(vec!["snap-copy".to_owned()]));
    }

    #[test]
    fn what_was_not_read_stays_open() {
        let uses = snapshot_uses(&scope(snapshots(), &[Snapshot::TYPE]));
        assert!(uses.iter().all(|uses| {
            uses.volume_exists.is_none() && uses.image_ids.is_none() && uses.volume_snapshot_ids.is_none()
        }));
    }

    #[test]
    fn an_instance_has_its_volumes_and_addresses() {
        let mut resources =
            read(Instance::TYPE, json!([{ "id": "i-1", "volume_ids": ["vol-1", "vol-gone"] }]));
        resources.extend(read(Volume::TYPE, json!([{ "id": "vol-1", "size": 8 }, { "id": "vol-2" }])));
        resources.extend(read(
            Address::TYPE,
            json!([{ "public_ip": "198.51.100.1", "instance_id": "i-1" }, { "public_ip": "198.51.100.2" }]),
        ));
        let complete = scope(resources.clone(), &[Volume::TYPE, Address::TYPE]);
        let volumes = instance_volumes(&complete).remove(0).unwrap();
        assert_eq!(volumes.iter().map(|volume| volume.size).collect::<Vec<_>>(), [8]);
        assert_eq!(instance_addresses(&complete), [Some(vec!["198.51.100.1".to_owned()])]);
        let unread = scope(resources, &[]);
        assert_eq!((instance_volumes(&unread), instance_addresses(&unread)), (vec![None], vec![None]));
    }
}
