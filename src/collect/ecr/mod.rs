//! Amazon ECR. Its documentation gives no rate for these calls.

pub(super) mod lifecycle;
pub(super) mod repositories;

/// The most repositories or images in one answer.
const PAGE: i32 = 1000;
/// Requests in flight, where each repository needs some.
const CONCURRENCY: usize = 4;
