//! How well the classifier does on records that other people published and that were labelled by reading them.
//! `tests/run --lib labelled -- --nocapture` prints the tables.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use super::*;
use crate::inventory::cloudtrail::Event;

#[derive(Deserialize)]
struct Labelled {
    label: String,
    record: Value,
}

#[expect(clippy::disallowed_methods, reason = "the records lie beside the tests")]
fn records() -> Vec<(String, Labelled)> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/cloudtrail");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    files.sort();
    let mut records = Vec::new();
    for path in files {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        for line in std::fs::read_to_string(&path).unwrap().lines() {
            records.push((name.clone(), serde_json::from_str(line).unwrap()));
        }
    }
    records
}

/// What the classifier says, in the labels' words.
fn said(record: &Value) -> &'static str {
    let event = Event { record: record.clone(), ..Event::default() };
    match classify(Record::of(&event), &Matchers::of(&Settings::default())) {
        Class::Attempt => "failed",
        Class::Read => "read",
        Class::Noise => "noise",
        Class::Change { origin, .. } => match by(origin) {
            "person" => "hand",
            "unknown" => "unclear",
            other => other,
        },
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "the tables are for people")]
fn hands_are_told_from_everything_else_on_labelled_records() {
    let records = records();
    let mut table: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (file, labelled) in &records {
        let said = said(&labelled.record);
        *table.entry((&labelled.label, said)).or_default() += 1;
        if said != labelled.label {
            let text = |name: &str| labelled.record[name].as_str().unwrap_or_default().to_owned();
            wrong.push(format!(
                "{file}: {} is {}, said {said}: {} {} [{}]",
                text("eventID"),
                labelled.label,
                text("eventSource"),
                text("eventName"),
                text("userAgent"),
            ));
        }
    }
    let sources: BTreeSet<&str> =
        records.iter().filter_map(|(_, l)| l.record["eventSource"].as_str()).collect();
    let count = |of: &dyn Fn(&str, &str) -> bool| -> usize {
        table.iter().filter(|((label, said), _)| of(label, said)).map(|(_, n)| n).sum()
    };
    let right = count(&|label, said| label == "hand" && said == "hand");
    let share = |part: usize, of: usize| {
        f64::from(u32::try_from(part).unwrap()) / f64::from(u32::try_from(of).unwrap())
    };
    let precision = share(right, count(&|_, said| said == "hand"));
    let recall = share(right, count(&|label, _| label == "hand"));
    let agreed = share(count(&|label, said| label == said), records.len());
    println!("{} records of {} event sources, {right} changes by hand found", records.len(), sources.len());
    println!("precision {precision:.4}, recall {recall:.4}, all classes right {agreed:.4}");
    for ((label, said), n) in &table {
        println!("{n:4} labelled {label:10} said {said}");
    }
    println!("{}", wrong.join("\n"));
    assert!(records.len() >= 150 && sources.len() >= 25, "{} {}", records.len(), sources.len());
    assert!(precision > 0.98 && recall > 0.98, "precision {precision}, recall {recall}");
}
