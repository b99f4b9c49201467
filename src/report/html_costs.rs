//! What the account costs, as charts that are drawn here: an image for the eye, and in words for everybody else.

use std::fmt::Write as _;

use maud::{Markup, html};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

use super::digest::{costs, usd};
use super::text::clean;
use crate::cost::summary::{Costs, Day, Driver, Line};

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 150.0;
/// Left of the plot stand the dollars, below it the days.
const LEFT: f64 = 60.0;
const BOTTOM: f64 = 22.0;
const TOP: f64 = 10.0;
const RIGHT: f64 = 10.0;
/// The page has more room than a message.
const DRIVERS: usize = 6;

pub(super) fn section(all: &Costs) -> Markup {
    html! {
        section aria-labelledby="costs" {
            h2 #costs { "Costs" }
            @for line in costs(Some(all)).lines { p { (clean(&line)) } }
            (chart("total", "All services, day by day", &all.total))
            @for (number, driver) in all.drivers.iter().take(DRIVERS).enumerate() { (of_driver(number, driver)) }
        }
    }
}

fn of_driver(number: usize, driver: &Driver) -> Markup {
    let usual = driver.line.usual_week_usd.map(|usual| format!(", usually {}", usd(usual)));
    html! {
        div.driver {
            h3 { (clean(&driver.title)) ": " (usd(driver.line.week_usd)) " in the week" (usual.unwrap_or_default()) }
            p.faint { (clean(&driver.service)) ", " (clean(&driver.usage_type)) }
            (chart(&format!("driver-{number}"), &driver.title, &driver.line))
            table {
                caption { "Whose it is" }
                thead { tr { th scope="col" { "Resource" } th scope="col" { "The week" } th scope="col" { "Told by" } } }
                tbody {
                    @for share in &driver.shares {
                        tr {
                            th scope="row" {
                                (clean(if share.resource.name.is_empty() { &share.resource.id } else { &share.resource.name }))
                                @if !share.behind.is_empty() { br; span.faint { "behind it: " (clean(&share.behind.join(", "))) } }
                            }
                            td.usd { (usd(share.week_usd)) }
                            td { (clean(&share.told_by)) }
                        }
                    }
                    tr { th scope="row" { "of no resource that is known" } td.usd { (usd(driver.unattributed_usd)) } td {} }
                }
            }
        }
    }
}

/// One point for each day, the band of what is usual behind them, and the marked days.
fn chart(id: &str, title: &str, line: &Line) -> Markup {
    let (Some(first), Some(last)) = (line.days.first(), line.days.last()) else {
        return html! {};
    };
    let plot = Plot::of(&line.days);
    let (title_id, words_id) = (format!("{id}-title"), format!("{id}-words"));
    html! {
        svg.chart role="img" aria-labelledby=(format!("{title_id} {words_id}")) viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) {
            title id=(title_id) { (clean(title)) }
            desc id=(words_id) { (words(line)) }
            line.axis x1=(LEFT) x2=(WIDTH - RIGHT) y1=(plot.y(0.0)) y2=(plot.y(0.0)) {}
            line.grid x1=(LEFT) x2=(WIDTH - RIGHT) y1=(TOP) y2=(TOP) {}
            @for band in plot.bands(&line.days) { polygon.band points=(band) {} }
            polyline.days points=(plot.points(&line.days)) {}
            @for (at, day) in line.days.iter().enumerate().filter(|(_, day)| day.marked) {
                circle.marked cx=(place(plot.x(at))) cy=(place(plot.y(number(day.usd)))) r="4" {}
            }
            text.label x=(LEFT - 6.0) y=(TOP + 4.0) text-anchor="end" { (usd(plot.highest)) }
            text.label x=(LEFT - 6.0) y=(place(plot.y(0.0))) text-anchor="end" { "$0" }
            text.label x=(LEFT) y=(HEIGHT - 4.0) { (first.date.format("%-d %b")) }
            text.label x=(WIDTH - RIGHT) y=(HEIGHT - 4.0) text-anchor="end" { (last.date.format("%-d %b")) }
        }
    }
}

/// The chart for those who do not see it.
fn words(line: &Line) -> String {
    let mut words = format!("{} in the last seven days", usd(line.week_usd));
    if let Some(last_week) = line.last_week_usd {
        let _ = write!(words, ", {} in the seven before", usd(last_week));
    }
    if let Some(usual) = line.usual_week_usd {
        let _ = write!(words, ", {} in a usual week", usd(usual));
    }
    if let Some(dearest) = line.days.iter().max_by_key(|day| day.usd) {
        let _ = write!(
            words,
            "; the dearest day was {} with {}",
            dearest.date.format("%-d %B"),
            usd(dearest.usd)
        );
    }
    let marked: Vec<String> =
        line.days.iter().filter(|day| day.marked).map(|day| day.date.format("%-d %B").to_string()).collect();
    if !marked.is_empty() {
        let _ = write!(words, "; findings are about {}", marked.join(", "));
    }
    words
}

struct Plot {
    highest: Decimal,
    step: f64,
}

impl Plot {
    fn of(days: &[Day]) -> Self {
        let tops = days.iter().map(|day| day.usual.map_or(day.usd, |(_, high)| high.max(day.usd)));
        let highest = tops.max().unwrap_or_default().max(Decimal::new(1, 2));
        #[expect(clippy::cast_precision_loss, reason = "there are some dozens of days")]
        let steps = days.len().saturating_sub(1).max(1) as f64;
        Self { highest, step: (WIDTH - LEFT - RIGHT) / steps }
    }

    #[expect(clippy::cast_precision_loss, reason = "there are some dozens of days")]
    fn x(&self, at: usize) -> f64 {
        LEFT + self.step * at as f64
    }

    /// A refund is below nothing, and drawn there as nothing.
    fn y(&self, dollars: f64) -> f64 {
        let share = (dollars / number(self.highest)).clamp(0.0, 1.0);
        HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP)
    }

    fn point(&self, at: usize, usd: Decimal) -> String {
        format!("{},{}", place(self.x(at)), place(self.y(number(usd))))
    }

    fn points(&self, days: &[Day]) -> String {
        let points: Vec<String> = days.iter().enumerate().map(|(at, day)| self.point(at, day.usd)).collect();
        points.join(" ")
    }

    /// A polygon for each stretch of days that have a band.
    fn bands(&self, days: &[Day]) -> Vec<String> {
        let numbered: Vec<(usize, &Day)> = days.iter().enumerate().collect();
        numbered
            .split(|(_, day)| day.usual.is_none())
            .filter(|stretch| stretch.len() > 1)
            .map(|stretch| {
                let of = |side: fn((Decimal, Decimal)) -> Decimal| {
                    stretch.iter().filter_map(move |(at, day)| Some((*at, side(day.usual?))))
                };
                let lower = of(|(low, _)| low);
                let mut upper: Vec<(usize, Decimal)> = of(|(_, high)| high).collect();
                upper.reverse();
                let points: Vec<String> = lower.chain(upper).map(|(at, usd)| self.point(at, usd)).collect();
                points.join(" ")
            })
            .collect()
    }
}

fn number(usd: Decimal) -> f64 {
    usd.to_f64().unwrap_or_default()
}

fn place(at: f64) -> String {
    format!("{at:.1}")
}
