//! The jobs that schedules and events ask for: the one place that knows how each is run.

use super::{Request, RunError, Scan};
use crate::collect::Progress;
use crate::config::Job;

pub async fn job(
    job: Job,
    request: &Request,
    progress: &(dyn Fn(&Progress<'_>) + Sync),
) -> Result<Scan, RunError> {
    match job {
        Job::Scan => super::scan(request, progress).await,
        Job::Digest => super::scan(&Request { digest: true, ..request.clone() }, progress).await,
        Job::Review => Err(RunError::NoJob(job)),
    }
}
