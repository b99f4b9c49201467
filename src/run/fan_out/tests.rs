use super::*;

fn bucket() -> Bucket {
    Bucket { bucket: "audit".to_owned(), prefix: "org/".to_owned() }
}

#[test]
fn names_of_runs_stay_within_their_folder() {
    assert!("by-hand-20261126T143744_1".parse::<RunName>().is_ok());
    for name in ["", "../state", "a/b", "a b", &"x".repeat(81)] {
        assert!(name.parse::<RunName>().is_err(), "{name}");
    }
}

#[test]
fn each_account_has_its_own_places() {
    let run: RunName = "nightly".parse().unwrap();
    let places = [
        state_of(&bucket(), "111122223333"),
        run.result(&bucket(), "111122223333"),
        run.lost(&bucket(), "111122223333"),
    ];
    assert_eq!(
        places.map(|place| place.to_string()),
        [
            "s3://audit/org/accounts/111122223333/state.json",
            "s3://audit/org/runs/nightly/results/111122223333.json",
            "s3://audit/org/runs/nightly/lost/111122223333.json",
        ]
    );
}

#[test]
fn the_reason_of_a_lost_account_is_what_the_function_said() {
    let lost =
        |error: &str, cause: &str| Lost { error: error.to_owned(), cause: cause.to_owned() }.to_string();
    assert_eq!(
        lost("StateError", r#"{"errorType":"StateError","errorMessage":"no state file"}"#),
        "its run failed (StateError: no state file)"
    );
    assert_eq!(lost("States.Timeout", ""), "its run failed (States.Timeout)");
    assert_eq!(lost("Lambda.Unknown", "it crashed"), "its run failed (Lambda.Unknown: it crashed)");
    let caught: Lost = serde_json::from_str(r#"{"Error":"States.Timeout"}"#).unwrap();
    assert_eq!(caught.to_string(), "its run failed (States.Timeout)");
}
