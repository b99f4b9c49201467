//! The IAM policies that reading needs, out of the tables that do the reading.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{COLLECTORS, DETAILS, GENERIC_GETS, GENERIC_LISTS, clients, metrics};
use crate::inventory::TYPES;

/// Actions that show contents, and the only ones that are read of them: the logs of databases.
const NARROWED: [(&str, &str, &str); 1] =
    [("logs:FilterLogEvents", "ReadRdsLogs", "arn:aws:logs:*:*:log-group:/aws/rds/*")];

/// What is to be read.
#[derive(Clone, Debug, Default)]
pub struct Needs<'a> {
    pub types: BTreeSet<&'a str>,
    pub details: BTreeSet<&'a str>,
    pub metrics: bool,
}

impl Needs<'_> {
    /// Everything that is built in.
    fn everything() -> Self {
        Self {
            types: COLLECTORS.iter().map(|row| row.resource_type).collect(),
            details: DETAILS.iter().map(|detail| detail.name).collect(),
            metrics: true,
        }
    }

    /// The types that are not in the table.
    pub fn generic_types(&self) -> impl Iterator<Item = &str> {
        self.types.iter().copied().filter(|name| !TYPES.contains(name))
    }

    /// The actions that the calls take. What the handlers of other types call comes on top.
    pub fn actions(&self) -> BTreeSet<&'static str> {
        let rows = COLLECTORS.iter().filter(|row| self.types.contains(row.resource_type));
        let details = DETAILS.iter().filter(|detail| self.details.contains(detail.name));
        let actions = rows.flat_map(|row| row.actions).chain(details.flat_map(|detail| detail.actions));
        let metrics = if self.metrics { metrics::ACTIONS } else { &[] };
        let generic = self.generic_types().next().map(|_| GENERIC_LISTS.iter().chain(GENERIC_GETS));
        actions.chain(metrics).chain(generic.into_iter().flatten()).copied().collect()
    }

    /// Least privilege for the reads: one statement for each service, on all resources, but for contents. Most
    /// of the actions know no narrower, and CloudWatch shows composite alarms only to those
    /// who may see every alarm.
    pub fn policy(&self, further: Vec<Value>) -> Value {
        let actions = self.actions().into_iter().chain(clients::ACTIONS.iter().copied());
        let (narrowed, actions): (Vec<&str>, Vec<&str>) =
            actions.partition(|action| NARROWED.iter().any(|(name, ..)| name == action));
        let mut services: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for action in actions {
            let service = action.split(':').next().unwrap_or(action);
            services.entry(service).or_default().insert(action);
        }
        let statements = services.iter().map(|(service, actions)| {
            json!({
                "Sid": format!("Read{}", capitalized(service)),
                "Effect": "Allow",
                "Action": actions,
                "Resource": "*",
            })
        });
        let narrow = NARROWED.iter().filter(|(action, ..)| narrowed.contains(action)).map(|(action, sid, resource)| {
            json!({ "Sid": sid, "Effect": "Allow", "Action": [action], "Resource": resource })
        });
        let statements: Vec<Value> = statements.chain(narrow).chain(further).collect();
        json!({ "Version": "2012-10-17", "Statement": statements })
    }
}

/// The policy for all that is built in.
pub fn read_only_policy() -> Value {
    Needs::everything().policy(Vec::new())
}

/// Actions that show what is stored, not how it is set up: no policy judges that.
const CONTENTS: [&str; 6] = [
    "kms:Decrypt",
    "s3:GetObject",
    "secretsmanager:BatchGetSecretValue",
    "secretsmanager:GetSecretValue",
    "ssm:GetParameter",
    "ssm:GetParameters",
];

/// What the handlers of a type call when it is listed and read, as a statement, and what of it is
/// left out: handlers may ask for more than reading takes.
pub fn handler_statements(
    resource_type: &str,
    permissions: BTreeSet<String>,
) -> (Option<Value>, BTreeSet<String>) {
    let reads = ["BatchDescribe", "BatchGet", "Describe", "Get", "List", "Lookup", "Search", "View"];
    let (allowed, left): (BTreeSet<String>, BTreeSet<String>) = permissions.into_iter().partition(|action| {
        let verb = action.split_once(':').map_or("", |(_, name)| name);
        reads.iter().any(|read| verb.starts_with(read)) && !CONTENTS.contains(&action.as_str())
    });
    let statement = json!({
        "Sid": format!("Handlers{}", resource_type.split("::").skip(1).map(capitalized).collect::<String>()),
        "Effect": "Allow",
        "Action": allowed,
        "Resource": "*",
    });
    ((!allowed.is_empty()).then_some(statement), left)
}

fn capitalized(word: &str) -> String {
    let (first, rest) = word.split_at(word.len().min(1));
    format!("{}{rest}", first.to_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_no_wider_than_what_is_read() {
        let of_logs = Needs { types: BTreeSet::from(["AWS::Logs::LogGroup"]), ..Needs::default() };
        assert_eq!(of_logs.actions().into_iter().collect::<Vec<_>>(), ["logs:DescribeLogGroups"]);
        let sids = |policy: &Value| -> Vec<String> {
            let statements = policy["Statement"].as_array().unwrap().iter();
            statements.map(|statement| statement["Sid"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(sids(&of_logs.policy(Vec::new())), ["ReadEc2", "ReadLogs", "ReadSts"]);
        let of_tables = Needs { types: BTreeSet::from(["AWS::DynamoDB::Table"]), ..Needs::default() };
        let policy = of_tables.policy(vec![json!({ "Sid": "HandlersDynamoDBTable" })]);
        assert_eq!(sids(&policy), ["ReadCloudformation", "ReadEc2", "ReadSts", "HandlersDynamoDBTable"]);
        assert_eq!(
            policy["Statement"][0]["Action"],
            json!([
                "cloudformation:DescribeType",
                "cloudformation:GetResource",
                "cloudformation:ListResources"
            ])
        );
        assert!(!read_only_policy().to_string().contains("cloudformation:ListResources"));
    }

    #[test]
    fn handlers_get_what_reading_takes_and_no_contents() {
        let permissions = [
            "secretsmanager:DescribeSecret",
            "secretsmanager:GetSecretValue",
            "secretsmanager:ListSecrets",
            "kms:Decrypt",
            "iam:PassRole",
        ];
        let permissions = permissions.into_iter().map(str::to_owned).collect();
        let (statement, left) = handler_statements("AWS::SecretsManager::Secret", permissions);
        let statement = statement.unwrap();
        assert_eq!(statement["Sid"], "HandlersSecretsManagerSecret");
        assert_eq!(
            statement["Action"],
            json!(["secretsmanager:DescribeSecret", "secretsmanager:ListSecrets"])
        );
        let left: Vec<&str> = left.iter().map(String::as_str).collect();
        assert_eq!(left, ["iam:PassRole", "kms:Decrypt", "secretsmanager:GetSecretValue"]);
    }
}
