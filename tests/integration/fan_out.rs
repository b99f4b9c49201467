//! An organization, run over by Step Functions in the local AWS: some accounts of it fail.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::{Value, json};

use crate::lambda::invoke;
use crate::local::{Local, found, root};

const BUCKET: &str = "aftermove-organization";

struct Organization {
    local: Local,
    ids: Value,
}

impl Organization {
    fn of(accounts: usize) -> Self {
        let local = Local::start();
        let ids = script(&local, &["--accounts", &accounts.to_string()]);
        Self { local, ids }
    }

    fn run(&self, input: &str) -> Value {
        script(&self.local, &["--run", input])
    }

    fn id(&self, name: &str) -> &str {
        self.ids[name].as_str().unwrap()
    }

    fn members(&self, unit: &str) -> BTreeSet<&str> {
        self.ids["members"][unit].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect()
    }

    /// What a topic's queue got since it was last asked, as `kind` and body.
    async fn received(&self, topic: &str) -> Vec<(String, String)> {
        let sqs = aws_sdk_sqs::Client::new(&self.local.sdk().await);
        let url = self.ids["topics"][topic]["queue_url"].as_str().unwrap();
        let mut received = Vec::new();
        loop {
            let batch = sqs.receive_message().queue_url(url).max_number_of_messages(10).send().await.unwrap();
            if batch.messages().is_empty() {
                return received;
            }
            for message in batch.messages() {
                let envelope: Value = serde_json::from_str(message.body().unwrap()).unwrap();
                let kind = envelope["MessageAttributes"]["kind"]["Value"].as_str().unwrap_or_default();
                received.push((kind.to_owned(), envelope["Message"].as_str().unwrap().to_owned()));
                sqs.delete_message()
                    .queue_url(url)
                    .receipt_handle(message.receipt_handle().unwrap())
                    .send()
                    .await
                    .unwrap();
            }
        }
    }

    async fn s3(&self) -> aws_sdk_s3::Client {
        let config =
            aws_sdk_s3::config::Builder::from(&self.local.sdk().await).force_path_style(true).build();
        aws_sdk_s3::Client::from_conf(config)
    }

    async fn json(&self, key: &str) -> Value {
        let object = self.s3().await.get_object().bucket(BUCKET).key(key).send().await.unwrap();
        serde_json::from_slice(&object.body.collect().await.unwrap().into_bytes()).unwrap()
    }

    async fn keys(&self, prefix: &str) -> Vec<String> {
        let listed = self.s3().await.list_objects_v2().bucket(BUCKET).prefix(prefix).send().await.unwrap();
        listed.contents().iter().map(|object| object.key().unwrap().to_owned()).collect()
    }
}

fn script(local: &Local, arguments: &[&str]) -> Value {
    let mut command = local.environment(Command::new(root().join("localstack/organization")));
    let output = command.arg("--bootstrap").arg(env!("CARGO_BIN_EXE_bootstrap")).args(arguments).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test]
async fn a_run_over_an_organization_reports_on_all_accounts_and_names_those_that_fail() {
    let organization = Organization::of(22);
    let (dearer, shut, broken) =
        (organization.id("dearer"), organization.id("shut"), organization.id("broken"));

    let told = organization.run(r#"{"digest":true}"#);
    assert_eq!(told["status"], "SUCCEEDED", "{told:#}");
    let counts = &told["map_runs"][0];
    assert_eq!(
        (&counts["total"], &counts["succeeded"], &counts["failed"]),
        (&json!(23), &json!(22), &json!(1))
    );
    let output = &told["output"];
    assert_eq!((&output["accounts"], &output["lost"]["accounts"]), (&json!(23), &json!(1)), "{output:#}");
    assert!(output["lost"]["named"][0].as_str().unwrap().contains(broken), "{output:#}");
    assert!(output["unseen"]["named"][0].as_str().unwrap().contains(shut), "{output:#}");

    // one summary for all, and a message for each finding; the failed accounts are named with their reasons
    let mut received = organization.received("findings").await;
    let digest = received.iter().position(|(kind, _)| kind == "digest").map(|at| received.remove(at).1);
    let digest = digest.expect("a digest");
    assert!(digest.contains("AWS this week in 23 accounts"), "{digest}");
    assert!(digest.contains(&format!("({broken}): its run failed (StateError: ")), "{digest}");
    assert!(digest.contains(&format!("({shut}): denied: sts:AssumeRole")), "{digest}");
    assert!(received.iter().all(|(kind, _)| kind == "finding"), "{received:#?}");
    let findings: Vec<Value> = received.iter().map(|(_, body)| serde_json::from_str(body).unwrap()).collect();
    let of_account = |id: &str| findings.iter().filter(|f| f["resource"]["account"] == id).count();
    for account in organization.members("web").union(&organization.members("data")) {
        let expected = [shut, broken].contains(account);
        assert_eq!(of_account(account) == 0, expected, "{account}: {findings:#?}");
    }

    // each owner hears of the own accounts alone
    for (owner, other) in [("web", "data"), ("data", "web")] {
        let received = organization.received(owner).await;
        let [(kind, digest)] = received.as_slice() else { panic!("{received:#?}") };
        assert_eq!(kind, "digest");
        assert!(digest.contains(&format!("AWS this week in {owner}: 11 accounts")), "{digest}");
        assert!(organization.members(other).iter().all(|id| !digest.contains(id)), "{digest}");
        assert_eq!(digest.contains("NAT gateway data processed in web-00"), owner == "web", "{digest}");
    }

    let run = told["name"].as_str().unwrap();
    let results = organization.keys(&format!("org/runs/{run}/results/")).await;
    assert_eq!(results.len(), 22);
    assert_eq!(
        organization.keys(&format!("org/runs/{run}/lost/")).await,
        [format!("org/runs/{run}/lost/{broken}.json")]
    );
    let reports = organization.keys("org/reports/").await;
    let report = reports.iter().find(|key| key.contains(".json")).unwrap();
    let report = organization.json(report).await;
    assert_eq!(report["accounts"].as_array().unwrap().len(), 23);
    assert_eq!(report["account_names"][dearer], "web-00");
    assert_eq!(report["findings"].as_array().unwrap().len(), findings.len());
    let drift = report["findings"].as_array().unwrap().iter();
    let drift: Vec<&Value> = drift.filter(|f| f["policy"] == "cost-usage-type-drift").collect();
    assert_eq!(drift.len(), 1, "{drift:#?}");
    assert_eq!(drift[0]["resource"]["account"], dearer);
    assert_eq!(
        reports.iter().filter(|key| key.contains(".html")).count(),
        3,
        "all, web and data: {reports:?}"
    );

    // Cost Explorer is paid once a day for each account, and the scanner's sessions can be told apart
    let asked = |journal: &[String]| journal.iter().filter(|name| *name == "ce:GetCostAndUsage").count();
    assert_eq!(asked(&organization.local.journal()), 21);
    let sessions: BTreeSet<String> = organization
        .local
        .requests()
        .iter()
        .filter(|request| request["operation"] == "AssumeRole")
        .map(|request| request["params"]["RoleSessionName"].as_str().unwrap().to_owned())
        .collect();
    assert!(sessions.iter().all(|session| session.starts_with("aftermove-")), "{sessions:?}");

    // the same again is no news
    let told = organization.run("{}");
    assert_eq!(told["status"], "SUCCEEDED", "{told:#}");
    let received = organization.received("findings").await;
    let kinds: Vec<&str> = received.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["summary"], "{received:#?}");
    assert!(received[0].1.contains("open"), "{received:#?}");
    assert_eq!(organization.received("web").await, []);
    assert_eq!(asked(&organization.local.journal()), 21);

    // one account alone, on demand, knows what the runs over all of them know
    let config = format!("AFTERMOVE_CONFIG=s3://{BUCKET}/aftermove.yaml");
    let event = json!({ "job": "incident", "since": "3h", "reason": "INC-42", "account": dearer });
    let output = invoke(&organization.local, &event, &[&config]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let reply: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&reply["new"], &reply["open"]), (&json!(0), &json!(of_account(dearer))), "{reply:#}");
}

#[tokio::test]
async fn news_that_could_not_be_told_are_told_by_the_next_run() {
    // with fewer, the one that fails would be too many
    let organization = Organization::of(10);
    organization.local.tell("faults", &json!({ "service": "sns", "operation": "*", "kind": "denied" }));
    let output = script_fails(&organization.local);
    assert!(output.contains("Undelivered"), "{output}");
    organization.local.forget("faults");

    let told = organization.run("{}");
    assert_eq!(told["status"], "SUCCEEDED", "{told:#}");
    let received = organization.received("findings").await;
    let statuses = received.iter().filter(|(kind, _)| kind == "finding");
    let statuses: BTreeSet<String> = statuses
        .map(|(_, body)| serde_json::from_str::<Value>(body).unwrap()["status"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(statuses, BTreeSet::from(["new".to_owned()]), "{received:#?}");
    let again = organization.run("{}");
    assert_eq!(again["status"], "SUCCEEDED");
    let kinds: Vec<String> =
        organization.received("findings").await.into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, ["summary"]);
}

fn script_fails(local: &Local) -> String {
    let mut command = local.environment(Command::new(root().join("localstack/organization")));
    let output =
        command.arg("--bootstrap").arg(env!("CARGO_BIN_EXE_bootstrap")).args(["--run", "{}"]).output();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The same accounts in one process, some of them alone.
#[tokio::test]
async fn one_process_reads_some_dozens_of_accounts() {
    let organization = Organization::of(4);
    let local = &organization.local;
    local.write(
        "org.yaml",
        "version: 1\nregions: [eu-west-1]\norganization: { external_id: local-organization }\n",
    );
    let arguments = ["--config", "org.yaml", "--state", "state.json"];
    let (report, code) = local.scan(&arguments);
    assert_eq!(code, 1);
    assert_eq!(report["accounts"].as_array().unwrap().len(), 5);
    assert_eq!(report["run"]["complete"], false);
    let shut = organization.id("shut");
    let rows: Vec<&Value> =
        report["coverage"].as_array().unwrap().iter().filter(|row| row["account"] == shut).collect();
    assert!(rows.len() > 40 && rows.iter().all(|row| row["status"] == "denied"), "{rows:#?}");
    let notes = report["notes"].to_string();
    assert!(notes.contains(shut) && notes.contains("sts:AssumeRole"), "{notes}");
    let of = |report: &Value, id: &str| {
        report["findings"].as_array().unwrap().iter().filter(|f| f["resource"]["account"] == id).count()
    };
    for account in organization.members("data") {
        assert!(of(&report, account) > 0, "{account}");
    }

    // one of them alone leaves the others as they were
    let one = organization.id("dearer");
    let (alone, _) = local.scan(&[&arguments[..], &["--account", one]].concat());
    assert_eq!(alone["accounts"], json!([one]));
    assert_eq!(of(&alone, one), of(&report, one));
    let statuses = alone["findings"].as_array().unwrap().iter().map(|f| f["status"].as_str().unwrap());
    assert!(statuses.clone().all(|status| status == "open"), "{:?}", statuses.collect::<Vec<_>>());

    // the same account by a list, beside the own one
    let listed = |role: &str| {
        format!(
            "version: 1\nregions: [eu-west-1]\naccounts: [{{ id: \"000000000000\" }}, {{ id: \"{one}\", {role} }}]\n"
        )
    };
    local.write(
        "listed.yaml",
        &listed(&format!(
            "name: dear, role_arn: 'arn:aws:iam::{one}:role/aftermove', external_id: local-organization"
        )),
    );
    let (both, _) = local.scan(&["--config", "listed.yaml"]);
    assert_eq!(both["accounts"], json!(["000000000000", one]));
    assert_eq!(of(&both, one), of(&report, one));
    local.write("roleless.yaml", &listed("name: dear"));
    let refused = local.aftermove(&["scan", "--config", "roleless.yaml"]);
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2));
    assert!(told.contains(&format!("the account {one} has no `role_arn`")), "{told}");

    let unknown = local.aftermove(&["scan", "--config", "org.yaml", "--account", "999999999999"]);
    let told = String::from_utf8_lossy(&unknown.stderr).into_owned();
    assert_eq!(unknown.status.code(), Some(2));
    assert!(told.contains("has no account 999999999999"), "{told}");
}

const SCANNER: &str = "000000000000";
const MEMBER: &str = "111122223333";

/// What a command of the AWS CLI says, with the keys of somebody.
fn aws(local: &Local, keys: &[(&str, &str)], arguments: &[&str]) -> Value {
    let mut command = local.environment(Command::new(root().join("localstack/aws")));
    let output =
        command.args(arguments).args(["--output", "json"]).envs(keys.iter().copied()).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap_or_default()
}

/// A role of the scanner's account, and a session of it.
fn role(local: &Local, name: &str, policy: &str) -> Vec<(String, String)> {
    let trust = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "AWS": format!("arn:aws:iam::{SCANNER}:root") },
    }] });
    let trust = trust.to_string();
    let create = ["iam", "create-role", "--role-name", name, "--assume-role-policy-document", &trust];
    let arn = aws(local, &[], &create)["Role"]["Arn"].as_str().unwrap().to_owned();
    let put =
        ["iam", "put-role-policy", "--role-name", name, "--policy-name", "read", "--policy-document", policy];
    aws(local, &[], &put);
    // an account's root may not assume roles
    let enter = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": arn,
    }] });
    let user = format!("user-of-{name}");
    aws(local, &[], &["iam", "create-user", "--user-name", &user]);
    let enter = enter.to_string();
    let put = [
        "iam",
        "put-user-policy",
        "--user-name",
        &user,
        "--policy-name",
        "enter",
        "--policy-document",
        &enter,
    ];
    aws(local, &[], &put);
    let keys = aws(local, &[], &["iam", "create-access-key", "--user-name", &user])["AccessKey"].clone();
    let key = |of: &Value, name: &str| of[name].as_str().unwrap().to_owned();
    let user = [
        ("AWS_ACCESS_KEY_ID", &*key(&keys, "AccessKeyId")),
        ("AWS_SECRET_ACCESS_KEY", &*key(&keys, "SecretAccessKey")),
    ];
    let assume = ["sts", "assume-role", "--role-arn", &arn, "--role-session-name", "scanner"];
    let session = aws(local, &user, &assume)["Credentials"].clone();
    [
        ("AWS_ACCESS_KEY_ID", "AccessKeyId"),
        ("AWS_SECRET_ACCESS_KEY", "SecretAccessKey"),
        ("AWS_SESSION_TOKEN", "SessionToken"),
    ]
    .map(|(variable, name)| (variable.to_owned(), key(&session, name)))
    .to_vec()
}

#[tokio::test]
async fn the_role_of_an_account_lets_the_scanner_in_and_nobody_else() {
    let local = Local::strict();
    let member = [("AWS_ACCESS_KEY_ID", MEMBER), ("AWS_SECRET_ACCESS_KEY", "test")];
    let template = format!("file://{}", root().join("infra/member-role.yaml").display());
    let scanner = format!("ParameterKey=ScannerRoleArn,ParameterValue=arn:aws:iam::{SCANNER}:role/scanner");
    aws(
        &local,
        &member,
        &[
            "cloudformation",
            "create-stack",
            "--stack-name",
            "aftermove-member",
            "--template-body",
            &template,
            "--capabilities",
            "CAPABILITY_NAMED_IAM",
            "--parameters",
            &scanner,
            "ParameterKey=ExternalId,ParameterValue=ours",
        ],
    );
    aws(
        &local,
        &member,
        &["cloudformation", "wait", "stack-create-complete", "--stack-name", "aftermove-member"],
    );
    aws(&local, &member, &["logs", "create-log-group", "--log-group-name", "/app"]);

    let config = |external_id: &str| {
        let account = format!(
            "id: \"{MEMBER}\", role_arn: 'arn:aws:iam::{MEMBER}:role/aftermove', external_id: {external_id}"
        );
        format!("version: 1\nregions: [eu-west-1]\naccounts: [{{ {account} }}]\n")
    };
    local.write("ours.yaml", &config("ours"));
    local.write("theirs.yaml", &config("theirs"));
    let policy = local.aftermove(&["iam", "--config", "ours.yaml"]);
    let policy = String::from_utf8(policy.stdout).unwrap();
    let (scanner, other) = (role(&local, "scanner", &policy), role(&local, "other", &policy));
    let of_log_groups = |keys: &[(String, String)], config: &str| {
        let arguments = ["scan", "--only", "logs-group-no-retention", "--format", "json", "--config", config];
        let output = local.command(&arguments).envs(keys.iter().cloned()).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{told}"));
        (report["coverage"][0]["status"].as_str().unwrap().to_owned(), found(&report, &["new"]))
    };
    let seen = ("complete".to_owned(), vec!["logs-group-no-retention /app".to_owned()]);
    let shut = ("denied".to_owned(), Vec::new());
    assert_eq!(of_log_groups(&scanner, "ours.yaml"), seen);
    assert_eq!(of_log_groups(&scanner, "theirs.yaml"), shut, "with another external id");
    assert_eq!(of_log_groups(&other, "ours.yaml"), shut, "another role of the same account");
}
