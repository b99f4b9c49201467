//! Which of the resources behind a line to look at first, and why.

use std::fmt::Write as _;

use crate::inventory::costexplorer::{CostShare, Suspect};

/// Fewer dollars more than usual say nothing.
const GROWN_USD: f64 = 1.0;

/// What has no work could go; else what grew most has a cause; else what is dearest weighs most.
pub(super) fn of(shares: &[CostShare]) -> Option<Suspect> {
    let idle: Vec<&CostShare> = shares.iter().filter(|share| share.idle == Some(true)).collect();
    let grown = shares
        .iter()
        .filter(|share| share.grown_usd.is_some_and(|usd| usd >= GROWN_USD))
        .max_by(|a, b| a.grown_usd.unwrap_or_default().total_cmp(&b.grown_usd.unwrap_or_default()));
    let first = idle.first().copied().or(grown).or(shares.first())?;
    let mut because = format!("it has ${:.2} of the week", first.week_usd);
    if idle.is_empty() {
        if let Some(usd) = first.grown_usd.filter(|usd| *usd >= GROWN_USD) {
            let _ = write!(because, ", ${usd:.2} more than usual");
        }
    } else {
        because.push_str(" and no work");
        let others: Vec<&str> = idle[1..].iter().map(|share| &*share.name).collect();
        if !others.is_empty() {
            let _ = write!(because, ", like {}", few(&others));
        }
    }
    if !first.behind.is_empty() {
        let behind: Vec<&str> = first.behind.iter().map(String::as_str).collect();
        let _ = write!(because, "; behind it: {}", few(&behind));
    }
    Some(Suspect { id: first.id.clone(), name: first.name.clone(), because })
}

fn few(names: &[&str]) -> String {
    const SHOWN: usize = 3;
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [names @ .., last] if names.len() < SHOWN => format!("{} and {last}", names.join(", ")),
        names => format!("{} and {} more", names[..SHOWN].join(", "), names.len() - SHOWN),
    }
}
