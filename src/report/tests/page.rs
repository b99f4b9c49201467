use std::collections::BTreeMap;

use aws_smithy_types::base64;
use chrono::{Days, NaiveDate};
use rust_decimal::Decimal;
use sha2::{Digest as _, Sha256};

use super::super::html;
use super::*;
use crate::cost::summary::{Costs, Day, Driver, Line, Share};

fn line(usd: &[i64], band_from: usize, marked: usize) -> Line {
    let first: NaiveDate = "2026-10-18".parse().unwrap();
    let days = usd.iter().enumerate().map(|(at, usd)| Day {
        date: first + Days::new(at as u64),
        usd: (*usd).into(),
        usual: (at >= band_from).then(|| (Decimal::ONE, Decimal::from(3))),
        marked: at == marked,
    });
    Line {
        days: days.collect(),
        week_usd: usd.iter().rev().take(7).sum::<i64>().into(),
        last_week_usd: Some(14.into()),
        usual_week_usd: Some(15.into()),
    }
}

fn told() -> Report {
    let mut report = report();
    let spent = [2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 9, 2, 2, 2];
    let share = Share {
        resource_type: "AWS::EC2::NatGateway".to_owned(),
        resource: Meta { id: "nat-0a".to_owned(), name: "<b>egress</b>".to_owned(), ..Meta::default() },
        week_usd: 19.into(),
        told_by: "BytesOutToDestination".to_owned(),
        behind: vec!["subnet-1".to_owned()],
    };
    report.costs = Some(Costs {
        settled: "2026-10-31".parse().unwrap(),
        total: line(&spent, 3, 99),
        drivers: vec![Driver {
            service: "EC2 - Other".to_owned(),
            usage_type: "EU-NatGateway-Bytes".to_owned(),
            title: "NAT gateway data processed".to_owned(),
            line: line(&spent, 3, 10),
            shares: vec![share],
            unattributed_usd: 2.into(),
        }],
    });
    report
}

#[test]
fn a_chart_is_told_in_words_and_drawn_with_its_band_and_marks() {
    let page = html::render(&told());
    for part in [
        "<title id=\"driver-0-title\">NAT gateway data processed</title>",
        "$21.00 in the last seven days, $14.00 in the seven before, $15.00 in a usual week; the dearest day was \
         28 October with $9.00; findings are about 28 October</desc>",
        "<polygon class=\"band\" points=\"",
        "<circle class=\"marked\" cx=\"498.5\" cy=\"10.0\" r=\"4\">",
        "&lt;b&gt;egress&lt;/b&gt;",
        "behind it: subnet-1",
        "of no resource that is known",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    let points = page.split("<polyline class=\"days\" points=\"").nth(2).unwrap().split('"').next().unwrap();
    assert_eq!(points.split(' ').count(), 14, "a point a day");
    assert_eq!(page.matches("<circle").count(), 1, "the total has no mark");
}

#[test]
fn a_driver_that_is_nobodys_says_so() {
    let mut report = told();
    let driver = &mut report.costs.as_mut().unwrap().drivers[0];
    driver.shares.clear();
    driver.unattributed_usd = 21.into();
    let page = html::render(&report);
    let (_, driver) = page.split_once("<div class=\"driver\">").unwrap();
    assert!(driver.contains("of no resource that is known</th><td class=\"usd\">$21.00</td>"), "{driver}");
}

#[test]
fn the_page_runs_its_own_script_and_style_and_nothing_else() {
    let page = html::render(&told());
    for tag in ["style", "script"] {
        let (_, rest) = page.split_once(&format!("<{tag}>")).unwrap();
        let (text, rest) = rest.split_once(&format!("</{tag}>")).unwrap();
        let hash = base64::encode(Sha256::digest(text.as_bytes()));
        assert!(
            page.contains(&format!("{tag}-src &#39;sha256-{hash}&#39;"))
                || page.contains(&format!("{tag}-src 'sha256-{hash}'"))
        );
        assert!(!rest.contains(&format!("<{tag}")), "there is one");
    }
    assert!(!page.contains(" style=") && !page.contains(" onclick="), "the policy would refuse them");
}

#[test]
fn without_a_script_all_is_shown_and_no_filter() {
    let page = html::render(&told());
    assert!(page.contains("<form id=\"filters\" aria-label=\"Filter the findings\" hidden>"));
    assert!(!page.contains("<article hidden"));
    assert_eq!(page.matches("data-policy=\"logs-group-no-retention\"").count(), 2);
}

/// The variables of the style, light and dark.
fn colours() -> [BTreeMap<String, [f64; 3]>; 2] {
    let style = include_str!("../html.css");
    let (light, dark) = style.split_once("@media (prefers-color-scheme: dark)").unwrap();
    [light, dark.split_once("* {").unwrap().0].map(|css| {
        css.lines()
            .filter_map(|line| {
                let (name, value) = line.trim().strip_prefix("--")?.split_once(": #")?;
                let value = u32::from_str_radix(value.trim_end_matches(';'), 16).unwrap();
                let channel = |shift: u32| f64::from(value >> shift & 0xff) / 255.0;
                Some((name.to_owned(), [channel(16), channel(8), channel(0)]))
            })
            .collect()
    })
}

/// <https://www.w3.org/TR/WCAG21/#dfn-contrast-ratio>
fn contrast(one: [f64; 3], other: [f64; 3]) -> f64 {
    let luminance = |colour: [f64; 3]| {
        let linear = colour.map(|c| if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) });
        0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    };
    let (a, b) = (luminance(one), luminance(other));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[test]
fn texts_and_marks_stand_out_in_light_and_in_dark() {
    for scheme in colours() {
        assert_eq!(scheme.len(), 9, "{scheme:?}");
        for ground in ["ground", "raised"] {
            for text in ["text", "faint"] {
                let found = contrast(scheme[text], scheme[ground]);
                assert!(found >= 4.5, "{text} on {ground}: {found:.2}");
            }
        }
        for mark in ["critical", "high", "medium", "low"] {
            let found = contrast(scheme[mark], scheme["ground"]);
            assert!(found >= 3.0, "{mark}: {found:.2}");
        }
    }
}
