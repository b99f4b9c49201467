//! The detail `stack_resource`: which stack has a changed resource, asked for by its physical id.

use std::collections::BTreeMap;

use super::each::each;
use super::{CollectError, Context, Detail};
use crate::inventory::cloudtrail::{Change, StackResource};
use crate::inventory::{Kind as _, Scope};

const DESCRIBE: &str = "cloudformation:DescribeStackResources";

pub(super) const STACK_RESOURCE: Detail = Detail {
    name: "stack_resource",
    resource_type: Change::TYPE,
    coverage: "AWS::CloudFormation::StackResource",
    actions: &[DESCRIBE],
    fetch: |context, scope, arns| Box::pin(fetch(context, scope, arns)),
};

/// Fills in the stack's resource of the changes with these ARNs, of which some are empty.
async fn fetch(context: &Context, scope: &mut Scope, arns: &[String]) -> Result<(), CollectError> {
    let asked = |change: &&Change| arns.contains(&change.meta.arn) && change.by == "person";
    let by_id: BTreeMap<String, String> = scope
        .all::<Change>()
        .filter(asked)
        .map(|change| (change.meta.id.clone(), physical_id(change)))
        .collect();
    let answers = each(by_id.values().cloned(), |id| async move { stack_resource(context, &id).await }).await;
    for change in scope.all_mut::<Change>().filter(|change| change.by == "person") {
        let physical = by_id.get(&change.meta.id);
        if let Some(found) = physical.and_then(|id| answers.found.get(id)) {
            change.stack_resource = Some(found.clone());
        }
    }
    answers.error.map_or(Ok(()), Err)
}

/// What CloudFormation's Ref calls the resource.
fn physical_id(change: &Change) -> String {
    const BY_ARN: [&str; 6] = [
        "AWS::ECS::Service",
        "AWS::ECS::TaskDefinition",
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        "AWS::ElasticLoadBalancingV2::TargetGroup",
        "AWS::SNS::Topic",
        "AWS::SecretsManager::Secret",
    ];
    let meta = &change.meta;
    match change.changed_type.as_deref() {
        Some("AWS::SQS::Queue") => {
            format!("https://sqs.{}.amazonaws.com/{}/{}", meta.region, meta.account, meta.id)
        }
        Some(kind) if BY_ARN.contains(&kind) && !meta.arn.is_empty() => meta.arn.clone(),
        _ => meta.id.clone(),
    }
}

/// Its row; one without a stack's name where it is in none.
async fn stack_resource(context: &Context, id: &str) -> Result<StackResource, CollectError> {
    let answer =
        context.clients.cloudformation.describe_stack_resources().physical_resource_id(id).send().await;
    let rows = match answer {
        Ok(answer) => answer.stack_resources.unwrap_or_default(),
        Err(error) => {
            let error = CollectError::of(DESCRIBE, &error);
            // "Stack for … does not exist" is a ValidationError like any other
            let in_none = matches!(&error, CollectError::Failed { code, message, .. }
                if code == "ValidationError" && message.contains("does not exist"));
            return if in_none { Ok(StackResource::default()) } else { Err(error) };
        }
    };
    let row = rows.into_iter().find(|row| row.physical_resource_id() == Some(id));
    Ok(row.map_or_else(StackResource::default, |row| StackResource {
        stack_name: row.stack_name().unwrap_or_default().to_owned(),
        logical_resource_id: row.logical_resource_id().unwrap_or_default().to_owned(),
        stack_resource_type: row.resource_type().unwrap_or_default().to_owned(),
    }))
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudformation::Client;
    use aws_sdk_cloudformation::operation::describe_stack_resources::{
        DescribeStackResourcesError, DescribeStackResourcesOutput,
    };
    use aws_sdk_cloudformation::types::StackResource as SdkRow;
    use aws_smithy_mocks::mock;
    use serde_json::json;

    use super::*;
    use crate::collect::mock;
    use crate::inventory::Resource;

    fn scope() -> Scope {
        let change = |id: &str, arn: &str, kind: &str| {
            let value = json!({ "id": id, "arn": arn, "by": "person", "changed_type": kind,
                "account": "111122223333", "region": "eu-west-1" });
            Resource::from_json(Change::TYPE, value).unwrap().unwrap()
        };
        Scope {
            resources: vec![
                change("web", "arn:web", "AWS::RDS::DBInstance"),
                change("jobs", "arn:jobs", "AWS::SQS::Queue"),
                change("api", "arn:api", "AWS::SNS::Topic"),
                change("not-asked", "arn:not-asked", "AWS::RDS::DBInstance"),
            ],
            ..Scope::default()
        }
    }

    async fn filled(context: &Context) -> (Vec<Option<String>>, Result<(), CollectError>) {
        let mut scope = scope();
        let arns = ["arn:web", "arn:jobs", "arn:api"].map(str::to_owned);
        let outcome = fetch(context, &mut scope, &arns).await;
        let told = scope.all::<Change>().map(|change| {
            let row = change.stack_resource.as_ref()?;
            Some(format!("{}/{}", row.stack_name, row.logical_resource_id))
        });
        (told.collect(), outcome)
    }

    #[tokio::test]
    async fn a_change_finds_its_stack_by_the_id_that_cloudformation_knows() {
        let mut context = mock::context();
        let answer = mock!(Client::describe_stack_resources).then_compute_output(|request| {
            let id = request.physical_resource_id().unwrap();
            let row = |id: &str, name: &str| {
                SdkRow::builder()
                    .stack_name("data")
                    .logical_resource_id(name)
                    .physical_resource_id(id)
                    .resource_type("X")
                    .resource_status(aws_sdk_cloudformation::types::ResourceStatus::CreateComplete)
                    .timestamp(aws_smithy_types::DateTime::from_secs(0))
                    .build()
            };
            DescribeStackResourcesOutput::builder()
                .stack_resources(row("other", "Other"))
                .stack_resources(row(id, id.rsplit('/').next().unwrap()))
                .build()
        });
        mock::answer!(context, cloudformation, aws_sdk_cloudformation, [answer]);
        let (told, outcome) = filled(&context).await;
        outcome.unwrap();
        let names = ["data/web", "data/jobs", "data/arn:api"];
        assert_eq!(told[..3], names.map(|name| Some(name.to_owned())));
        assert_eq!(told[3], None);
    }

    #[tokio::test]
    async fn no_stack_is_an_answer_and_a_denial_is_none() {
        for (code, message, expected, works) in [
            ("ValidationError", "Stack for web does not exist", Some("/".to_owned()), true),
            ("AccessDenied", "no", None, false),
        ] {
            let mut context = mock::context();
            let answer = mock!(Client::describe_stack_resources)
                .then_error(move || DescribeStackResourcesError::generic(mock::service_error(code, message)));
            mock::answer!(context, cloudformation, aws_sdk_cloudformation, [answer]);
            let (told, outcome) = filled(&context).await;
            assert_eq!((told[0].clone(), outcome.is_ok()), (expected, works), "{code}");
        }
    }
}
