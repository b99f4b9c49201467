//! Write events of CloudTrail: from the event history, or from the trail in S3 that the configuration names.

mod lookup;
mod trail;

use super::{Collector, window};
use crate::inventory::Kind as _;
use crate::inventory::cloudtrail::Event;

pub(super) use lookup::{KEPT, LOOKUP, event, pages};
pub use trail::{Trail, statements};

/// The log files of a trail take other actions, on the bucket that the configuration names: see [`statements`].
pub(super) const EVENTS: Collector = Collector {
    resource_type: Event::TYPE,
    actions: &[LOOKUP],
    collect: |context| {
        Box::pin(async move {
            match &context.trail {
                None => lookup::read(context).await,
                Some(trail) => trail::read(context, trail).await,
            }
        })
    },
};
