//! Changes and deployments, step by step, in words.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::graph::{Graph, Node};
use super::words::{at, label, list, plain};
use super::{Entry, Kind, Window};
use crate::inventory::cloudtrail::{Change, Step, Touch};
use crate::inventory::{Inventory, Scope};

/// Equal steps no further apart than this are one entry: a person's clicks, or a tool's loop. Our default.
const RUN: TimeDelta = TimeDelta::minutes(5);

/// What brings new code or new tasks, by event source and name.
const DEPLOYMENTS: &[(&str, &str)] = &[
    ("apprunner.amazonaws.com", "StartDeployment"),
    ("cloudformation.amazonaws.com", "CreateStack"),
    ("cloudformation.amazonaws.com", "ExecuteChangeSet"),
    ("cloudformation.amazonaws.com", "UpdateStack"),
    ("codedeploy.amazonaws.com", "CreateDeployment"),
    ("ecs.amazonaws.com", "CreateService"),
    ("ecs.amazonaws.com", "UpdateService"),
    ("elasticbeanstalk.amazonaws.com", "UpdateEnvironment"),
    ("lambda.amazonaws.com", "PublishVersion"),
    ("lambda.amazonaws.com", "UpdateAlias"),
    ("lambda.amazonaws.com", "UpdateFunctionCode"),
];

/// A resource's part, with account, region and event source: whoever touches it names it alike.
type Part<'a> = (&'a str, &'a str, &'a str, &'a str, &'a str);

/// The entries of all changes, and what they leave out.
pub(super) fn entries(
    inventory: &Inventory,
    graph: &Graph<'_>,
    window: &Window,
) -> (Vec<Entry>, Vec<String>) {
    let changes: Vec<&Change> = inventory.scopes.iter().flat_map(Scope::all::<Change>).collect();
    let touched = touched(&changes);
    let mut entries = Vec::new();
    let mut left_out = Vec::new();
    for change in changes {
        let known = graph.find(change.changed_type.as_deref().unwrap_or_default(), &change.meta);
        let node = known.map_or_else(|| stranger(change), |at| graph.node(at));
        for run in runs(change, window) {
            entries.push(entry(change, node, &run, &touched));
        }
        let untold = change.count - i64::try_from(change.steps.len()).unwrap_or(i64::MAX);
        if untold > 0 && change.last.is_some_and(|last| window.holds(last)) {
            left_out.push(format!("{untold} further steps on {} are not told one by one.", label(node)));
        }
    }
    (entries, left_out)
}

fn stranger(change: &Change) -> Node<'_> {
    Node { resource_type: change.changed_type.as_deref().unwrap_or_default(), meta: &change.meta }
}

/// Of each part the events that touched it, in order.
fn touched<'c>(changes: &[&'c Change]) -> BTreeMap<Part<'c>, Vec<&'c str>> {
    let mut steps: Vec<(&Change, &Step)> =
        changes.iter().flat_map(|change| change.steps.iter().map(move |step| (*change, step))).collect();
    steps.sort_by_key(|(_, step)| step.event_time);
    let mut touched: BTreeMap<Part<'_>, Vec<&str>> = BTreeMap::new();
    for (change, step) in steps {
        for touch in &step.touched {
            touched.entry(part(change, touch)).or_default().push(&step.event_id);
        }
    }
    touched
}

fn part<'c>(change: &'c Change, touch: &'c Touch) -> Part<'c> {
    let meta = &change.meta;
    (&meta.account, &meta.region, &change.event_source, &meta.id, &touch.part)
}

/// Equal steps of the same actor within minutes, in the order of their first.
fn runs<'c>(change: &'c Change, window: &Window) -> Vec<Vec<&'c Step>> {
    let mut runs: Vec<Vec<&Step>> = Vec::new();
    for step in change.steps.iter().filter(|step| step.event_time.is_some_and(|at| window.holds(at))) {
        let joins = |run: &&mut Vec<&Step>| {
            run.last().is_some_and(|last| {
                let near =
                    step.event_time.zip(last.event_time).is_some_and(|(this, last)| this - last <= RUN);
                let equal = |one: &Step, other: &Step| {
                    (&one.actor, &one.event_name) == (&other.actor, &other.event_name)
                        && deploys(change, one) == deploys(change, other)
                };
                near && equal(last, step)
            })
        };
        match runs.iter_mut().rev().find(joins) {
            Some(run) => run.push(step),
            None => runs.push(vec![step]),
        }
    }
    runs
}

fn entry(change: &Change, node: Node<'_>, run: &[&Step], touched: &BTreeMap<Part<'_>, Vec<&str>>) -> Entry {
    let (first, last) = (run[0], run[run.len() - 1]);
    let deploys = deploys(change, first);
    let by_hand = matches!(change.by.as_str(), "person" | "unknown");
    let (stands, stands_because) = if by_hand { standing(change, run, touched) } else { (None, None) };
    let deed = if deploys { deployed(node, run) } else { done(node, run) };
    let who = if first.actor.is_empty() { "somebody" } else { &first.actor };
    let until = last.event_time.filter(|_| run.len() > 1);
    let times = until.map(|until| format!(", {} times until {}", run.len(), until.format("%H:%M")));
    let means = origin_words(&first.origin);
    Entry {
        time: first.event_time.unwrap_or_default(),
        until,
        kind: if deploys { Kind::Deployment } else { Kind::Change },
        by: Some(change.by.clone()),
        actor: Some(first.actor.clone()),
        origin: Some(first.origin.clone()),
        text: format!("{who} ({means}) {deed}{}", times.unwrap_or_default()),
        event_ids: run.iter().map(|step| step.event_id.clone()).collect(),
        count: run.len(),
        stands,
        stands_because,
        quiet: change.by == "service" && !deploys,
        ..Entry::of(node)
    }
}

fn deploys(change: &Change, step: &Step) -> bool {
    let listed =
        DEPLOYMENTS.iter().any(|(source, name)| *source == change.event_source && *name == step.event_name);
    // without any setting, an update of a service can only have been told to deploy anew
    let brings_tasks =
        |touch: &Touch| touch.action == "did" || touch.action == "created" || touch.part == "task_definition";
    listed
        && (step.event_name != "UpdateService"
            || change.event_source != "ecs.amazonaws.com"
            || step.touched.iter().any(brings_tasks))
}

fn origin_words(origin: &str) -> &str {
    match origin {
        "console" => "in the console",
        "cloudshell" => "in CloudShell",
        "console_credentials" => "with console credentials",
        "manual_cli" => "on the command line",
        "iac" => "code",
        "automation" => "automation",
        "service" => "an AWS service",
        _ => "by unknown means",
    }
}

fn deployed(node: Node<'_>, run: &[&Step]) -> String {
    let mut settings: Vec<String> = Vec::new();
    for setting in run.iter().flat_map(|step| &step.touched).filter_map(told_setting) {
        if !settings.contains(&setting) {
            settings.push(setting);
        }
    }
    let how = if settings.is_empty() { String::new() } else { format!(": {}", list(&settings)) };
    format!("deployed {} ({}){how}", label(node), run[0].event_name)
}

fn told_setting(touch: &Touch) -> Option<String> {
    let value = plain(&touch.value).filter(|_| touch.action == "set")?;
    Some(format!("{} {value}", touch.part))
}

/// What the steps did, each part once.
fn done(node: Node<'_>, run: &[&Step]) -> String {
    let mut by_action: Vec<(&str, Vec<String>)> = Vec::new();
    for touch in run.iter().flat_map(|step| &step.touched) {
        let told = match touch.action.as_str() {
            "set" => match plain(&touch.value) {
                Some(value) => format!("{} to {value}", touch.part),
                None => touch.part.clone(),
            },
            _ => touch.part.clone(),
        };
        match by_action.iter_mut().find(|(action, _)| *action == touch.action) {
            Some((_, parts)) if parts.contains(&told) => {}
            Some((_, parts)) => parts.push(told),
            None => by_action.push((&touch.action, vec![told])),
        }
    }
    let resource = label(node);
    let deeds: Vec<String> = by_action
        .iter()
        .map(|(action, parts)| match *action {
            "created" | "deleted" => (*action).to_owned(),
            "did" => format!("called {}", list(parts)),
            action => format!("{action} {}", list(parts)),
        })
        .collect();
    match by_action.as_slice() {
        [] => format!("called {} on {resource}", run[0].event_name),
        [("created" | "deleted", _)] => format!("{} {resource}", deeds[0]),
        [("added", _)] => format!("{} to {resource}", deeds[0]),
        [("removed", _)] => format!("{} from {resource}", deeds[0]),
        _ => format!("{} on {resource}", list(&deeds)),
    }
}

/// Whether what the steps did is still so, told by its parts where they differ.
fn standing(
    change: &Change,
    run: &[&Step],
    touched: &BTreeMap<Part<'_>, Vec<&str>>,
) -> (Option<String>, Option<String>) {
    let mut verdicts: Vec<(String, &str, String)> = Vec::new();
    for step in run {
        for touch in &step.touched {
            let (verdict, because) = verdict(change, step, touch, touched);
            verdicts.retain(|(_, part, _)| *part != touch.part);
            verdicts.push((verdict, &touch.part, because));
        }
    }
    let mut kinds: Vec<&str> = verdicts.iter().map(|(verdict, ..)| verdict.as_str()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    match kinds.as_slice() {
        [] => (None, None),
        [one] => {
            let because = verdicts.iter().map(|(.., because)| because.clone()).find(|text| !text.is_empty());
            (Some((*one).to_owned()), because)
        }
        _ => {
            let parts = |wanted: &str| -> Vec<String> {
                let those = verdicts.iter().filter(|(verdict, ..)| verdict == wanted);
                those.map(|(_, part, _)| (*part).to_owned()).collect()
            };
            let of = |verdict: &&str| {
                let because =
                    verdicts.iter().find(|(other, ..)| other == verdict).map(|(.., because)| because);
                let because = because.filter(|text| !text.is_empty() && *verdict != "in_force");
                let because = because.map(|text| format!(" ({text})")).unwrap_or_default();
                format!("{}: {}{because}", stands_words(verdict), list(&parts(verdict)))
            };
            let told: Vec<String> = kinds.iter().map(of).collect();
            (Some("partly".to_owned()), Some(told.join("; ")))
        }
    }
}

/// What became of one touch: the latest touch of its part by the same hands has the effect.
fn verdict(
    change: &Change,
    step: &Step,
    touch: &Touch,
    touched: &BTreeMap<Part<'_>, Vec<&str>>,
) -> (String, String) {
    let Some(effect) = change.effects.iter().find(|effect| effect.touch.part == touch.part) else {
        return ("unknown".to_owned(), String::new());
    };
    let own = effect.event_id == step.event_id;
    if effect.stands == "reverted" && own {
        let events = touched.get(&part(change, touch)).map(Vec::as_slice).unwrap_or_default();
        if events.len() > 1 && events.last() == Some(&step.event_id.as_str()) {
            return ("undoes".to_owned(), String::new());
        }
    }
    if own || effect.stands == "reverted" {
        return (effect.stands.clone(), effect.stands_because.clone());
    }
    let when = effect.event_time.map(at).unwrap_or_default();
    let because = format!("{} changed it again with {} at {when}", effect.actor, effect.event_name);
    ("superseded".to_owned(), because)
}

/// A verdict for people.
pub(crate) fn stands_words(verdict: &str) -> &'static str {
    match verdict {
        "in_force" => "still in force",
        "partly" => "only in part still in force",
        "reverted" => "no longer in force",
        "superseded" => "written over since",
        "undoes" => "puts back what was there before",
        _ => "not known whether it still stands",
    }
}
