//! The jobs that schedules and events ask for: the one place that knows how each is run.

use super::{Request, RunError, Scan};
use crate::collect::Progress;
use crate::config::Job;
use crate::review;

pub async fn job(
    job: Job,
    request: &Request,
    progress: &(dyn Fn(&Progress<'_>) + Sync),
) -> Result<Scan, RunError> {
    match job {
        Job::Scan => super::scan(request, progress).await,
        Job::Digest => super::scan(&Request { digest: true, ..request.clone() }, progress).await,
        Job::Review => {
            let review = Some(review::Ask { since: None });
            super::scan(&Request { review, ..request.clone() }, progress).await
        }
    }
}
