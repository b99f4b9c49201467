//! Findings that somebody decided to live with.

use super::*;

fn muted_night(
    previous: &State,
    verdicts: &Verdicts<'_>,
    mutes: &[Mute],
    holds: Option<bool>,
    day: i64,
) -> Settled {
    let extent = Extent { policies: &[P], places: &[place("eu-west-1")] };
    settle(previous, verdicts.clone(), extent, mutes, &|_, _| holds, at(day))
}

fn mute(while_: Option<&str>) -> Mute {
    Mute::new(
        "p".into(),
        "a".into(),
        "ada".into(),
        "known".into(),
        at(10).date_naive(),
        while_.map(str::to_owned),
    )
    .unwrap()
}

#[test]
fn a_mute_hides_a_finding_until_it_expires_and_then_it_is_news() {
    let mutes = [mute(None)];
    let first = muted_night(&State::default(), &saw("a", fail()), &mutes, None, 0);
    assert_eq!(statuses(&first), [Status::Muted]);
    assert_eq!(first.findings[0].evidence["muted"]["owner"], "ada");
    assert!(first.notes.is_empty());
    let unseen = muted_night(&first.state, &blind(), &mutes, None, 5);
    assert_eq!(statuses(&unseen), [Status::Muted]);
    let expired = muted_night(&unseen.state, &saw("a", fail()), &mutes, None, 11);
    assert_eq!(statuses(&expired), [Status::Reopened]);
    assert_eq!(expired.findings[0].first_seen, at(0));
    insta::assert_snapshot!(expired.notes.join("\n"), @"The mute of p on a (ada) expired on 2026-11-11 and mutes nothing.");
}

#[test]
fn a_mute_holds_only_while_its_condition_is_known_to_be_true() {
    let mutes = [mute(Some("resource.stored_bytes < 10"))];
    let status = |holds| muted_night(&State::default(), &saw("a", fail()), &mutes, holds, 0);
    assert_eq!(statuses(&status(Some(true))), [Status::Muted]);
    assert_eq!(statuses(&status(Some(false))), [Status::New]);
    insta::assert_snapshot!(status(Some(false)).notes.join("\n"), @"The mute of p on a (ada) mutes nothing: its `while` condition no longer holds.");
    insta::assert_snapshot!(status(None).notes.join("\n"), @"The mute of p on a (ada) mutes nothing: its `while` condition could not be evaluated.");
}

#[test]
fn an_unused_mute_is_noted_only_when_its_policy_ran_completely() {
    let mutes = [mute(None)];
    let run = |verdicts: &Verdicts<'_>| muted_night(&State::default(), verdicts, &mutes, None, 0).notes;
    insta::assert_snapshot!(run(&saw("b", fail())).join("\n"), @"The mute of p on a (ada) matched no finding in this run; is it still needed?");
    assert!(run(&blind()).is_empty());
    assert!(run(&saw("b", unknown())).is_empty());
}

#[test]
fn a_glob_that_mutes_many_findings_is_noted_as_broad_unless_it_has_a_condition() {
    let notes = |resource: &str, while_: Option<&str>, names: &[&str]| {
        let text = |text: &str| text.to_owned();
        let until = at(10).date_naive();
        let mute = Mute::new(text("p"), text(resource), text("ada"), text("known"), until, while_.map(text));
        let mut verdicts = Verdicts::default();
        for name in names {
            verdicts.evaluations.extend(saw(name, fail()).evaluations);
        }
        muted_night(&State::default(), &verdicts, &[mute.unwrap()], Some(true), 0).notes
    };
    let six = ["web-1", "web-2", "web-3", "web-4", "web-5", "web-6"];
    insta::assert_snapshot!(notes("web-*", None, &six).join("\n"), @"The mute of p on web-* (ada) is broad: it mutes 6 findings, and any that the name fits later. Name the resources, or say with `while` what must stay true of them.");
    assert!(notes("web-*", None, &six[..5]).is_empty());
    assert!(notes("web-*", Some("true"), &six).is_empty());
}
