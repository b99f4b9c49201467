//! A review as sections of the page.

use maud::{Markup, html};

use super::text::clean;
use super::text_review::{costs, databases, friction, incidents, noise};
use crate::review::{Review, headline};

pub(super) fn section(review: &Review) -> Markup {
    let parts = [
        ("review-incidents", "Incidents", incidents(review)),
        ("review-statements", "Slow statements", databases(review)),
        ("review-deployments", "Deployments", friction(review)),
        ("review-alarms", "Alarms, the loudest first", noise(review)),
        ("review-costs", "Costs", vec![(costs(&review.costs), Vec::new())]),
        (
            "review-missing",
            "Not in the review",
            review.missing.iter().map(|line| (line.clone(), Vec::new())).collect(),
        ),
    ];
    html! {
        p { (clean(&headline(review))) "." }
        @for (id, heading, items) in &parts {
            @if !items.is_empty() {
                section aria-labelledby=(id) {
                    h2 id=(id) { (heading) }
                    ul { @for (item, details) in items { (entry(item, details)) } }
                }
            }
        }
    }
}

fn entry(item: &str, details: &[String]) -> Markup {
    html! {
        li {
            (clean(item))
            @if !details.is_empty() {
                ul {
                    @for detail in details {
                        li {
                            @match detail.strip_prefix("$ ") {
                                Some(command) => { code { (clean(command)) } }
                                None => { (clean(detail)) }
                            }
                        }
                    }
                }
            }
        }
    }
}
