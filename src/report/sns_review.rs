//! A review in one message.

use std::collections::BTreeMap;

use super::Report;
use super::sns::{self, Message, body, shown};
use super::text::{clean, unseen_line};
use crate::review::{Review, headline, lines, subject};

pub(super) fn message(report: &Report, review: &Review) -> Message {
    let mut told = vec![format!("{}.", shown(&headline(review))), String::new()];
    told.extend(lines(review).iter().map(|line| format!("- {}", shown(line))));
    told.push(String::new());
    told.extend(review.missing.iter().map(|missing| format!("Not in it: {}", shown(missing))));
    told.extend(
        report.unseen().iter().map(|row| format!("Could not be seen: {}", shown(&unseen_line(report, row)))),
    );
    told.extend(report.notes.iter().map(|note| format!("Note: {}", shown(note))));
    told.extend(report.page.iter().map(|page| format!("The whole report: {}", clean(&page.place))));
    told.push(format!("The scan beside it: {}.", report.headline()));
    told.push(format!("Run {} ({})", clean(&report.run.id), report.run.trigger));
    Message {
        subject: sns::subject(&subject(review)),
        body: body(&told),
        attributes: BTreeMap::from([("kind", "review".to_owned())]),
    }
}
