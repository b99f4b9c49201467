use super::*;
use crate::collect::mock;

const ROLE: &str = "arn:aws:iam::111122223333:role/aftermove";

fn role() -> Role {
    Role { arn: ROLE.to_owned(), external_id: Some("heroku-2026".to_owned()) }
}

#[tokio::test]
async fn the_settings_of_a_role_have_its_credentials_and_cost_one_call() {
    let body = "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA1</AccessKeyId>\
                <SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>\
                <Expiration>2126-11-20T10:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>";
    let config = mock::config().into_builder().http_client(mock::Canned(200, body)).build();
    let meter = Arc::new(Meter::default());

    let assumed = assume(&config, &role(), "aftermove-run", &meter).await.unwrap();

    let provider = assumed.credentials_provider().unwrap();
    let credentials = provider.provide_credentials().await.unwrap();
    assert_eq!((credentials.access_key_id(), credentials.session_token()), ("ASIA1", Some("t")));
    assert_eq!(meter.calls()[ASSUME], 1, "the first credentials are not thrown away");
    provider.provide_credentials().await.unwrap();
    assert_eq!(meter.calls()[ASSUME], 2, "later ones are fetched anew");
}

#[tokio::test]
async fn a_role_that_lets_nobody_in_is_named_with_the_action() {
    let body = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>Access denied</Message></Error></ErrorResponse>";
    let config = mock::config().into_builder().http_client(mock::Canned(403, body)).build();
    let error = assume(&config, &role(), "aftermove-run", &Arc::default()).await.unwrap_err();
    assert_eq!(error.to_string(), format!("denied: sts:AssumeRole ({ROLE}: Access denied)"));
}

#[test]
fn a_policy_lets_in_where_the_configuration_leads_and_nowhere_else() {
    use crate::config::accounts::{Account, Organization};
    assert_eq!(statements(&Accounts::default(), "aws"), Vec::<Value>::new());
    let listed = Account { id: "111122223333".to_owned(), name: String::new(), role: Some(role()) };
    let accounts = Accounts { listed: vec![listed], ..Accounts::default() };
    let [enter] = statements(&accounts, "aws").try_into().unwrap();
    assert_eq!((&enter["Action"], &enter["Resource"]), (&json!([ASSUME]), &json!([ROLE])));
    let organization = Organization {
        units: Vec::new(),
        exclude: std::collections::BTreeSet::new(),
        role_name: "audit/aftermove".to_owned(),
        external_id: None,
    };
    let accounts = Accounts { organization: Some(organization), ..Accounts::default() };
    let [enter, list] = statements(&accounts, "aws-cn").try_into().unwrap();
    assert_eq!(enter["Resource"], json!(["arn:aws-cn:iam::*:role/audit/aftermove"]));
    assert_eq!(list["Action"][0], "organizations:ListAccounts");
}
