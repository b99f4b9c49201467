use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};

use super::*;
use crate::collect::mock;

/// Two levels of units below the root, and a page of one account each.
#[derive(Clone, Debug)]
struct Tree;

impl HttpConnector for Tree {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
        let body: Value =
            serde_json::from_slice(request.body().bytes().unwrap_or_default()).unwrap_or_default();
        let account =
            |id: &str, state: &str| json!({ "Id": id, "Name": format!("name of {id}"), "State": state });
        let answer = match (&*operation, body["ParentId"].as_str(), body["NextToken"].as_str()) {
            ("ListRoots", ..) => json!({ "Roots": [{ "Id": "r-ab12" }] }),
            ("ListAccounts", _, None) => {
                json!({ "Accounts": [account("222222222222", "ACTIVE")], "NextToken": "more" })
            }
            ("ListAccounts", ..) => {
                json!({ "Accounts": [account("111111111111", "ACTIVE"), account("999999999999", "SUSPENDED")] })
            }
            ("ListAccountsForParent", Some("r-ab12"), _) => {
                json!({ "Accounts": [account("000000000001", "ACTIVE")] })
            }
            ("ListAccountsForParent", Some("ou-web"), None) => json!({ "Accounts": [], "NextToken": "more" }),
            ("ListAccountsForParent", Some("ou-web"), _) => {
                json!({ "Accounts": [account("000000000002", "ACTIVE")] })
            }
            ("ListAccountsForParent", Some("ou-api"), _) => {
                json!({ "Accounts": [account("000000000003", "ACTIVE")] })
            }
            ("ListOrganizationalUnitsForParent", Some("r-ab12"), _) => {
                json!({ "OrganizationalUnits": [{ "Id": "ou-web" }] })
            }
            ("ListOrganizationalUnitsForParent", Some("ou-web"), _) => {
                json!({ "OrganizationalUnits": [{ "Id": "ou-api" }] })
            }
            _ => json!({}),
        };
        HttpConnectorFuture::ready(Ok(HttpResponse::new(
            200.try_into().unwrap(),
            SdkBody::from(answer.to_string()),
        )))
    }
}

impl HttpClient for Tree {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

async fn found(units: &[&str], places: bool) -> Vec<(String, Vec<String>)> {
    let config = mock::config().into_builder().http_client(Tree).build();
    let units: Vec<String> = units.iter().map(|unit| (*unit).to_owned()).collect();
    let asked = Asked { units: &units, places };
    let members = members(&config, asked, &Arc::new(Meter::default())).await.unwrap();
    members.into_iter().map(|member| (member.id, member.units)).collect()
}

#[tokio::test]
async fn all_active_accounts_are_listed_page_by_page() {
    let ids: Vec<String> = found(&[], false).await.into_iter().map(|(id, _)| id).collect();
    assert_eq!(ids, ["111111111111", "222222222222"], "without the suspended one");
}

#[tokio::test]
async fn a_unit_has_the_accounts_below_it_and_each_knows_its_way_down() {
    let of =
        |id: &str, path: &[&str]| (id.to_owned(), path.iter().map(|u| (*u).to_owned()).collect::<Vec<_>>());
    assert_eq!(
        found(&["ou-web"], false).await,
        [of("000000000002", &["ou-web"]), of("000000000003", &["ou-web", "ou-api"])]
    );
    assert_eq!(
        found(&[], true).await,
        [
            of("000000000001", &["r-ab12"]),
            of("000000000002", &["r-ab12", "ou-web"]),
            of("000000000003", &["r-ab12", "ou-web", "ou-api"])
        ]
    );
}

#[tokio::test]
async fn a_denied_list_is_an_error_and_not_an_empty_organization() {
    let body = r#"{"__type":"AccessDeniedException","Message":"You don't have permissions"}"#;
    let config = mock::config().into_builder().http_client(mock::Canned(400, body)).build();
    let asked = Asked { units: &[], places: false };
    let error = members(&config, asked, &Arc::new(Meter::default())).await.unwrap_err();
    assert_eq!(error.to_string(), "denied: organizations:ListAccounts (You don't have permissions)");
}
