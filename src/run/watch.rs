//! Runs the schedules in a process that stays, such as a container without a Lambda.

use std::pin::pin;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::watch::Receiver;

use super::tick::{SlotRun, Tick, Ticker};
use super::{Request, RunError};
use crate::collect::Progress;
use crate::config::Schedule;

/// The clock is looked at so often: a machine that slept has missed what a timer would have told.
const LOOK: Duration = Duration::from_mins(1);
/// What did not complete is tried again after this time, unless a slot comes before.
const RETRY: TimeDelta = TimeDelta::hours(1);
/// The state could not be read or written.
const RETRY_STATE: TimeDelta = TimeDelta::minutes(5);

/// What happens meanwhile, for the log.
#[derive(Clone, Copy, Debug)]
pub enum News<'a> {
    /// It sleeps until this slot.
    Next {
        schedule: &'a Schedule,
        slot: DateTime<Utc>,
    },
    Ran(&'a SlotRun),
    /// It goes on, and tries again.
    Trouble(&'a RunError),
    /// A job is let finish before it ends.
    Stopping,
}

/// Goes on until `stop` becomes true; a job that runs is finished first.
///
/// The schedules are those that it began with. Each job reads the configuration as a run of its own does.
pub async fn watch(
    ticker: &Ticker,
    request: &Request,
    mut stop: Receiver<bool>,
    tell: &(dyn Fn(News<'_>) + Sync),
    progress: &(dyn Fn(&Progress<'_>) + Sync),
) -> Result<(), RunError> {
    let stopped = stop.clone();
    let mut first = true;
    loop {
        let at = Utc::now();
        let go_on = || !*stopped.borrow();
        // whoever starts it often should not get the last hour's slots each time
        let tick = Tick { at, grace: TimeDelta::zero(), deadline: None, go_on: &go_on };
        let ticking = {
            let mut ticking = pin!(ticker.tick(request, tick, progress));
            tokio::select! {
                biased;
                runs = &mut ticking => runs,
                () = asked_to(&mut stop) => {
                    tell(News::Stopping);
                    ticking.await
                }
            }
        };
        let again = match ticking {
            Ok(runs) => {
                for run in &runs {
                    tell(News::Ran(run));
                }
                let undone = runs.iter().any(|run| !run.completed());
                undone.then_some(at + RETRY)
            }
            Err(error) if first => return Err(error),
            Err(error) => {
                tell(News::Trouble(&error));
                Some(Utc::now() + RETRY_STATE)
            }
        };
        first = false;
        let next = ticker.next(at);
        if let Some((schedule, slot)) = next.filter(|(_, slot)| *slot > Utc::now() && go_on()) {
            tell(News::Next { schedule, slot });
        }
        let Some(wake) = next.map(|(_, slot)| slot).into_iter().chain(again).min() else {
            return Err(RunError::NoSlots);
        };
        if sleep_until(wake, &mut stop).await {
            return Ok(());
        }
    }
}

/// True if it was asked to stop before.
async fn sleep_until(wake: DateTime<Utc>, stop: &mut Receiver<bool>) -> bool {
    loop {
        if *stop.borrow() {
            return true;
        }
        let Ok(left) = (wake - Utc::now()).to_std() else {
            return false;
        };
        tokio::select! {
            () = asked_to(stop) => return true,
            () = tokio::time::sleep(left.min(LOOK)) => {}
        }
    }
}

/// Never, once nobody is left who could ask.
async fn asked_to(stop: &mut Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::watch::channel;

    use super::*;

    #[tokio::test]
    async fn a_time_that_went_by_while_the_machine_slept_is_not_waited_for() {
        let (_stop, mut stopped) = channel(false);
        assert!(!sleep_until(Utc::now() - TimeDelta::days(3), &mut stopped).await);
        let soon = Utc::now() + TimeDelta::milliseconds(50);
        assert!(!sleep_until(soon, &mut stopped).await);
        assert!(Utc::now() >= soon);
    }

    #[tokio::test]
    async fn whoever_is_asked_to_stop_wakes_at_once() {
        let (stop, mut stopped) = channel(false);
        let far = Utc::now() + TimeDelta::days(3);
        let asked = async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            stop.send_replace(true);
        };
        assert!(tokio::join!(sleep_until(far, &mut stopped), asked).0);
        assert!(sleep_until(far, &mut stopped).await, "and stays awake");
    }
}
