use super::*;

#[test]
fn our_sessions_are_told_apart_from_others_of_the_role() {
    let of = sessions("arn:aws-cn:iam::111122223333:role/audit/aftermove");
    assert_eq!(of, "arn:aws-cn:sts::111122223333:assumed-role/aftermove/aftermove-*");
    assert!(of.starts_with("arn:aws-cn:sts::"));
}

#[test]
fn a_plan_is_written_and_read_without_what_is_not_there() {
    let own = Target {
        id: "111122223333".to_owned(),
        name: String::new(),
        role_arn: None,
        external_id: None,
        owner: None,
    };
    let json = serde_json::to_string(&own).unwrap();
    assert_eq!(json, r#"{"id":"111122223333"}"#);
    assert_eq!(serde_json::from_str::<Target>(&json).unwrap(), own);
    assert_eq!(Target { name: "payments".to_owned(), ..own }.called(), "payments (111122223333)");
}
