use super::*;
use crate::config::Drift;
use crate::inventory::Meta;
use crate::inventory::cloudtrail::{StackResource, Step};

fn change(tags: &[(&str, &str)]) -> Change {
    let tags = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Change {
        meta: Meta {
            id: "sg-1".to_owned(),
            name: "web".to_owned(),
            arn: "arn:sg-1".to_owned(),
            tags,
            ..Meta::default()
        },
        by: "person".to_owned(),
        ..Change::default()
    }
}

fn told(owner: Option<Owner>) -> Option<(String, String)> {
    owner.map(|owner| (owner.tool, owner.name))
}

fn of(tags: &[(&str, &str)]) -> Option<(String, String)> {
    told(of_tags(&change(tags).meta.tags))
}

#[test]
fn tags_name_the_tool() {
    let owned = |tool: &str, name: &str| Some((tool.to_owned(), name.to_owned()));
    assert_eq!(of(&[("aws:cloudformation:stack-name", "data")]), owned("cloudformation", "data"));
    assert_eq!(of(&[("ManagedBy", "Terraform")]), owned("terraform", ""));
    assert_eq!(of(&[("managed-by", "opentofu")]), owned("opentofu", ""));
    assert_eq!(of(&[("terraform", "true")]), owned("terraform", ""));
    assert_eq!(of(&[("terraform:workspace", "production")]), owned("terraform", "production"));
    assert_eq!(of(&[("pulumi:project", "shop")]), owned("pulumi", "shop"));
    for nobody in [&[("terraform", "false")][..], &[("ManagedBy", "ann")], &[("Name", "terraform-test")], &[]]
    {
        assert_eq!(of(nobody), None, "{nobody:?}");
    }
}

#[test]
fn the_configuration_names_owners_by_resource_and_tags() {
    let owned = |resource: Option<&str>, tags: &[(&str, &str)]| Owned {
        resource: resource.map(str::to_owned),
        tags: tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
        code: "terraform in example/infrastructure".to_owned(),
    };
    let owns = |owned: Owned, change: &Change| {
        let drift = Drift { owned: vec![owned], ..Drift::default() };
        let settings = Settings { drift, ..Settings::default() };
        Owners::of(&[], &settings).of_change(change).is_some()
    };
    let tagged = change(&[("team", "web")]);
    assert!(owns(owned(Some("we*"), &[]), &tagged));
    assert!(owns(owned(Some("sg-1"), &[("team", "*")]), &tagged));
    assert!(owns(owned(None, &[("team", "web")]), &tagged));
    assert!(!owns(owned(None, &[("team", "ops")]), &tagged));
    assert!(!owns(owned(Some("api-*"), &[]), &tagged));
    assert!(!owns(owned(Some("we*"), &[("team", "*")]), &change(&[])));
}

#[test]
fn the_stack_s_own_word_comes_first_and_earlier_code_last() {
    let code = Change {
        by: "code".to_owned(),
        reasons: vec!["user agent of Terraform".to_owned()],
        steps: vec![Step {
            event_name: "CreateSecurityGroup".to_owned(),
            actor: "ci".to_owned(),
            event_time: Some("2026-11-20T10:00:00Z".parse().unwrap()),
            ..Step::default()
        }],
        ..change(&[])
    };
    let settings = Settings::default();
    let owners = Owners::of(std::slice::from_ref(&code), &settings);
    let owner = owners.of_change(&change(&[])).unwrap();
    assert_eq!(
        (owner.tool.as_str(), owner.told_by.as_str()),
        ("terraform", "CreateSecurityGroup by ci at 2026-11-20 10:00 UTC")
    );
    let stack = StackResource {
        stack_name: "net".to_owned(),
        logical_resource_id: "Group".to_owned(),
        ..StackResource::default()
    };
    let in_stack = Change { stack_resource: Some(stack), ..change(&[("ManagedBy", "Terraform")]) };
    assert_eq!(owners.of_change(&in_stack).unwrap().told_by, "the stack's resource Group");
    let in_none =
        Change { stack_resource: Some(StackResource::default()), ..change(&[("ManagedBy", "Terraform")]) };
    assert_eq!(owners.of_change(&in_none).unwrap().tool, "terraform");
    let other = Change { meta: Meta { arn: "arn:sg-2".to_owned(), ..change(&[]).meta }, ..change(&[]) };
    assert_eq!(owners.of_change(&other), None);
}
