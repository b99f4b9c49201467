use crate::config::diagnostic::{Diagnostics, SourceFile};
use crate::config::{Config, accounts::Role};

fn parse(text: &str) -> Result<Config, Diagnostics> {
    let today = chrono::NaiveDate::from_ymd_opt(2026, 11, 20).unwrap();
    Config::parse(&SourceFile::new("aftermove.yaml", text), today)
}

fn problem(text: &str) -> String {
    let Diagnostics(problems) = parse(text).unwrap_err();
    problems.iter().map(|problem| format!("{problem:?}")).collect::<Vec<_>>().join("\n") + "\n"
}

const OWNER: &str = "slack: { webhook_secret_arn: 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:s' }";

#[test]
fn accounts_are_listed_with_their_roles() {
    let config = parse(
        r#"accounts:
  - { id: "111122223333", name: payments, role_arn: "arn:aws:iam::111122223333:role/audit/aftermove", external_id: heroku-2026 }
  - { id: "000011112222" }
"#,
    )
    .unwrap();
    let [payments, own] = config.accounts.listed.as_slice() else { panic!("{:?}", config.accounts) };
    assert_eq!(
        payments.role,
        Some(Role {
            arn: "arn:aws:iam::111122223333:role/audit/aftermove".into(),
            external_id: Some("heroku-2026".into())
        })
    );
    assert_eq!((&*own.id, &own.role), ("000011112222", &None));
    assert!(config.accounts.are_configured());
    assert!(!parse("version: 1\n").unwrap().accounts.are_configured());
}

#[test]
fn an_organization_needs_nothing_said() {
    let organization = parse("organization: {}\n").unwrap().accounts.organization.unwrap();
    assert_eq!((organization.role_name.as_str(), organization.units.len()), ("aftermove", 0));
}

#[test]
fn the_innermost_unit_says_whose_an_account_is_unless_somebody_names_it() {
    let text = format!(
        "organization: {{}}\nowners:\n  all: {{ units: [r-ab12], {OWNER} }}\n  web: {{ units: [ou-ab12-web00000], {OWNER} }}\n  \
         ann: {{ accounts: [\"111122223333\"], {OWNER} }}\n"
    );
    let accounts = parse(&text).unwrap().accounts;
    let units = ["r-ab12".to_owned(), "ou-ab12-web00000".to_owned()];
    let owner = |id: &str, units: &[String]| accounts.owner_of(id, units).map(|owner| owner.name.clone());
    assert_eq!(owner("111122223333", &units).as_deref(), Some("ann"));
    assert_eq!(owner("444455556666", &units).as_deref(), Some("web"));
    assert_eq!(owner("444455556666", &units[..1]).as_deref(), Some("all"));
    assert_eq!(owner("444455556666", &[]), None);
}

#[test]
fn what_is_wrong_is_named_with_its_place_and_its_remedy() {
    let owned_twice = format!(
        "owners:\n  ann: {{ accounts: [\"111122223333\"], {OWNER} }}\n  bob: {{ accounts: [\"111122223333\"], {OWNER} }}\n"
    );
    let no_organization = format!("owners:\n  ann: {{ units: [ou-ab12-web00000], {OWNER} }}\n");
    let problems: Vec<String> = [
        "accounts: [{ id: 111122223 }]\n",
        "accounts:\n  - { id: \"111122223333\", role_arn: arn:aws:iam::444455556666:role/aftermove }\n",
        "accounts:\n  - { id: \"111122223333\", role_arn: aftermove }\n",
        "accounts:\n  - { id: \"111122223333\", external_id: secret }\n",
        "accounts:\n  - { id: \"111122223333\", role_arn: 'arn:aws:iam::111122223333:role/a', external_id: 'a b' }\n",
        "accounts:\n  - { id: \"111122223333\" }\n  - { id: \"111122223333\" }\n",
        "organization: { units: [production] }\n",
        "organization: { exclude: [management] }\n",
        "organization: { role_name: 'arn:aws:iam::111122223333:role/a' }\n",
        "owners:\n  ann: {}\n",
        &owned_twice,
        &no_organization,
    ]
    .into_iter()
    .map(problem)
    .collect();
    insta::assert_snapshot!(problems.concat(), @r#"
    aftermove.yaml:1:18: `111122223` is not the id of an account (write its twelve digits in quotes, as in `"012345678901"`)
    aftermove.yaml:2:37: this role is in 444455556666, and the account is 111122223333 (write the ARN of a role in that account)
    aftermove.yaml:2:37: `aftermove` is not the ARN of a role (write it as `arn:aws:iam::111122223333:role/aftermove`)
    aftermove.yaml:2:40: this account has an `external_id`, and no role that would ask for it (name the role with `role_arn`)
    aftermove.yaml:2:86: AWS takes no such external id (it has 2 to 1224 letters, digits and _+=,.@:/-, as the role's trust policy does)
    aftermove.yaml:3:11: the account 111122223333 is listed twice (leave one out)
    aftermove.yaml:1:25: `production` is not an organizational unit (write its id, as in `ou-ab12-cdef3456`; `aws organizations list-organizational-units-for-parent` shows them)
    aftermove.yaml:1:27: `management` is not the id of an account (write its twelve digits in quotes, as in `"012345678901"`)
    aftermove.yaml:1:28: `arn:aws:iam::111122223333:role/a` is not the name of a role (write the name that the role has in each account, with its path where it has one, as in `audit/aftermove`)
    aftermove.yaml:2:8: the owner `ann` owns nothing (name `accounts` or `units`)
    aftermove.yaml:2:8: the digest of the owner `ann` would go nowhere (name `slack`, `chat` or `sns`)
    aftermove.yaml:3:21: 111122223333 belongs to `ann` and to `bob` (leave one out)
    aftermove.yaml:2:18: units belong to an organization, and none is configured (add `organization: {}` for its accounts, or name `accounts`)
    "#);
}
