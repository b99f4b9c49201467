//! Runs the jobs whose schedules are due, each slot once.
//!
//! What is due is claimed in the state before it runs. The state is written on condition that nobody else
//! has written it meanwhile, so that of two ticks at once one claims, and the other sees the claim and lets it
//! run. A slot is done once its job has completed and has delivered everything; a job that fails gives
//! its claim back, and the next tick runs it again. A run that dies leaves its claim behind: it ends by itself
//! a minute after the run's time, and the next tick after that runs the slot again. What it had published by then is
//! published twice at worst. A state in a file knows no conditions, so of a file there should be one user.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

use super::due::due;
use super::{Aws, Request, RunError, Scan, jobs, setup, state_place};
use crate::collect::Progress;
use crate::config::{Job, Schedule};
use crate::findings::state::State;
use crate::store::Location;

/// Ticks come once an hour, so a new schedule may have a slot in the hour before the first.
pub const HOURLY: TimeDelta = TimeDelta::hours(1);
/// With less time than this a job is better left to the next tick.
const WORTHWHILE: Duration = Duration::from_mins(1);
/// A claim outlives the run's time by this much.
const GRACE: TimeDelta = TimeDelta::minutes(1);

/// What a tick is about.
#[derive(Clone, Copy)]
pub struct Tick<'a> {
    /// The time that it was scheduled for, which may be long ago.
    pub at: DateTime<Utc>,
    /// How far back the slots of a new schedule count.
    pub grace: TimeDelta,
    /// When all jobs have to be over; without it each has the request's time for itself.
    pub deadline: Option<Instant>,
    /// Asked before each job.
    pub go_on: &'a (dyn Fn() -> bool + Sync),
}

impl std::fmt::Debug for Tick<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tick").field("at", &self.at).field("deadline", &self.deadline).finish_non_exhaustive()
    }
}

/// A slot that was due, and what came of it.
#[derive(Debug)]
pub struct SlotRun {
    pub schedule: String,
    pub job: Job,
    pub slot: DateTime<Utc>,
    pub outcome: Outcome,
}

#[derive(Debug)]
pub enum Outcome {
    Ran(Box<Scan>),
    /// It is tried again by the next tick.
    Failed(RunError),
    /// It was not begun, and why.
    Left(&'static str),
}

impl SlotRun {
    /// The slot is done.
    pub fn completed(&self) -> bool {
        matches!(self.outcome, Outcome::Ran(_)) && self.trouble().is_none()
    }

    /// What went wrong, under a stable name; the slot is then still due.
    pub fn trouble(&self) -> Option<(&'static str, String)> {
        match &self.outcome {
            Outcome::Ran(scan) => scan.undelivered.then(|| ("Undelivered", scan.report.notes.join("; "))),
            Outcome::Failed(error) => Some((error.name(), error.to_string())),
            Outcome::Left(_) => None,
        }
    }
}

/// The schedules of a configuration, and what remembers their slots.
#[derive(Debug)]
pub struct Ticker {
    pub schedules: Vec<Schedule>,
    ledger: Ledger,
}

impl Ticker {
    /// Everything that is wrong with the configuration and the policies is said here.
    pub async fn new(request: &Request) -> Result<Self, RunError> {
        let config = setup::config(request, Utc::now()).await?;
        if config.schedules.is_empty() {
            return Err(RunError::NoSchedules);
        }
        setup::policies(request, &config).await?;
        let ledger = match state_place(request, &config)? {
            Location::None => Ledger::Memory(Mutex::default()),
            place => Ledger::Kept { place, s3: Aws::new(request, &config).await.s3 },
        };
        Ok(Self { schedules: config.schedules, ledger })
    }

    /// Whether another process can know what was done.
    pub fn remembers(&self) -> bool {
        matches!(self.ledger, Ledger::Kept { .. })
    }

    /// The first slot after a moment.
    pub fn next(&self, after: DateTime<Utc>) -> Option<(&Schedule, DateTime<Utc>)> {
        let slots = self.schedules.iter().filter_map(|s| Some((s, s.cron.after(after)?)));
        slots.min_by_key(|(_, slot)| *slot)
    }

    /// Runs what is due, one job after the other.
    pub async fn tick(
        &self,
        request: &Request,
        tick: Tick<'_>,
        progress: &(dyn Fn(&Progress<'_>) + Sync),
    ) -> Result<Vec<SlotRun>, RunError> {
        let mut runs = Vec::new();
        for Claim { schedule, slot, ours } in self.claim(request, &tick).await? {
            let left = tick.deadline.map_or(request.time_limit, |at| at.duration_since(Instant::now()));
            let outcome = if !ours {
                Outcome::Left("another run has it")
            } else if !(tick.go_on)() {
                Outcome::Left("stopped before its turn")
            } else if left < WORTHWHILE && !runs.is_empty() {
                Outcome::Left("no time is left")
            } else {
                let request = Request {
                    only: schedule.only.clone(),
                    trigger: "schedule",
                    time_limit: left,
                    ..request.clone()
                };
                // the futures nest too deep for the compiler unless they are boxed
                match Box::pin(jobs::job(schedule.job, &request, progress)).await {
                    Ok(scan) => Outcome::Ran(Box::new(scan)),
                    Err(error) => Outcome::Failed(error),
                }
            };
            let mut run = SlotRun { schedule: schedule.name.clone(), job: schedule.job, slot, outcome };
            if ours {
                let done = run.completed().then_some(slot);
                if let Err(error) = self.settle(&schedule.name, done).await {
                    run.outcome = Outcome::Failed(error);
                }
            }
            runs.push(run);
        }
        Ok(runs)
    }

    /// Takes what is due, unless another run has it, and notes which schedules are new.
    async fn claim(&self, request: &Request, tick: &Tick<'_>) -> Result<Vec<Claim<'_>>, RunError> {
        self.ledger
            .change(|state| {
                let now = Utc::now();
                let known = |name: &String| self.schedules.iter().any(|schedule| schedule.name == *name);
                state.schedules.retain(|name, _| known(name));
                state.running.retain(|name, until| known(name) && *until > now);
                let due = due(&self.schedules, &state.schedules, tick.at, tick.grace);
                for schedule in &self.schedules {
                    state.schedules.entry(schedule.name.clone()).or_insert(tick.at - tick.grace);
                }
                let until = now + claimed_for(request, tick, due.len());
                due.into_iter()
                    .map(|due| {
                        let name = &due.schedule.name;
                        let ours = !state.running.contains_key(name);
                        if ours {
                            state.running.insert(name.clone(), until);
                        }
                        Claim { schedule: due.schedule, slot: due.slot, ours }
                    })
                    .collect()
            })
            .await
    }

    /// Gives a claim back, and takes note of a slot that is done.
    async fn settle(&self, name: &str, done: Option<DateTime<Utc>>) -> Result<(), RunError> {
        self.ledger
            .change(|state| {
                state.running.remove(name);
                if let Some(slot) = done {
                    let known = state.schedules.entry(name.to_owned()).or_insert(slot);
                    *known = slot.max(*known);
                }
            })
            .await
    }
}

/// A slot that is due.
struct Claim<'s> {
    schedule: &'s Schedule,
    slot: DateTime<Utc>,
    /// Nobody else runs it.
    ours: bool,
}

fn claimed_for(request: &Request, tick: &Tick<'_>, jobs: usize) -> TimeDelta {
    let jobs = u32::try_from(jobs).unwrap_or(u32::MAX);
    let time = tick
        .deadline
        .map_or_else(|| request.time_limit.saturating_mul(jobs), |at| at.duration_since(Instant::now()));
    TimeDelta::from_std(time).unwrap_or(HOURLY) + GRACE
}

/// Where it is known what was done.
#[derive(Debug)]
enum Ledger {
    Kept { place: Location, s3: aws_sdk_s3::Client },
    Memory(Mutex<State>),
}

impl Ledger {
    async fn change<T>(&self, change: impl Fn(&mut State) -> T) -> Result<T, RunError> {
        match self {
            Self::Memory(state) => Ok(change(&mut state.lock().unwrap_or_else(PoisonError::into_inner))),
            Self::Kept { place, s3 } => Ok(place.change(Some(s3), change).await?),
        }
    }
}

/// The Lambda's tick: it has to remember, and all jobs share the time.
pub async fn tick(
    request: &Request,
    at: DateTime<Utc>,
    progress: &(dyn Fn(&Progress<'_>) + Sync),
) -> Result<Vec<SlotRun>, RunError> {
    let deadline = Some(Instant::now() + request.time_limit);
    let ticker = Ticker::new(request).await?;
    if !ticker.remembers() {
        return Err(RunError::NoMemory);
    }
    let tick = Tick { at, grace: HOURLY, deadline, go_on: &|| true };
    ticker.tick(request, tick, progress).await
}

#[cfg(test)]
mod tests;
