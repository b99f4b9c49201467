//! The jobs that schedules and events ask for: the one place that knows how each is run.

use super::{Request, RunError, Scan};
use crate::collect::Progress;
use crate::config::Job;

/// What a job leaves behind.
#[derive(Debug)]
pub enum Done {
    Scan(Box<Scan>),
}

impl Done {
    /// It in one line.
    pub fn headline(&self) -> String {
        match self {
            Self::Scan(scan) => scan.report.headline(),
        }
    }

    /// What was to be sent or kept and was not.
    pub fn undelivered(&self) -> Option<String> {
        match self {
            Self::Scan(scan) => scan.undelivered.then(|| scan.report.notes.join("; ")),
        }
    }
}

pub async fn job(
    job: Job,
    request: &Request,
    progress: &(dyn Fn(&Progress<'_>) + Sync),
) -> Result<Done, RunError> {
    match job {
        Job::Scan => Ok(Done::Scan(Box::new(super::scan(request, progress).await?))),
        Job::Digest | Job::Review => Err(RunError::NoJob(job)),
    }
}
