//! The policies of `policies/`, compiled in so that the binary works alone.

use include_dir::{Dir, include_dir};

use crate::config::diagnostic::SourceFile;

static POLICIES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/policies");

/// Every built-in policy file, by path.
pub fn files() -> Vec<SourceFile> {
    let mut files: Vec<SourceFile> = POLICIES
        .find("**/*.yaml")
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.as_file())
        .filter_map(|file| {
            Some(SourceFile::new(format!("policies/{}", file.path().display()), file.contents_utf8()?))
        })
        .collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

/// Details that a policy may ask for; [`crate::collect::DETAILS`] has their reads.
#[cfg(test)]
pub(super) const DETAILS: &[&str] = &[
    "access_events",
    "lifecycle",
    "listener_rules",
    "operations",
    "slow_queries",
    "stack_resource",
    "stopped_tasks",
    "target_health",
    "topic_access",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Overrides;
    use crate::policy::load::load;
    use crate::policy::test;

    /// What a built-in policy can be about; its first tag is one of these.
    const GROUPS: &[&str] = &[
        "network",
        "logs",
        "alarms",
        "cost",
        "data",
        "deployment",
        "secrets",
        "heroku",
        "platform",
        "drift",
    ];

    #[test]
    fn every_built_in_policy_loads_and_every_case_of_it_holds() {
        let policies =
            load(files(), &Overrides::default(), DETAILS).unwrap_or_else(|problems| panic!("{problems}"));
        assert!(!policies.is_empty());
        let failed: Vec<String> = test::run(&policies)
            .into_iter()
            .filter(|case| !case.passed())
            .map(|case| case.to_string())
            .collect();
        assert!(failed.is_empty(), "\n{}", failed.join("\n"));
    }

    #[test]
    fn every_built_in_policy_names_its_sources_and_its_group_and_lies_in_its_service_folder() {
        for policy in load(files(), &Overrides::default(), DETAILS).unwrap() {
            let group = policy.tags.first().map_or("", String::as_str);
            assert!(GROUPS.contains(&group), "{} has no group but {group:?}", policy.id);
            assert!(!policy.sources.is_empty(), "{} has no sources", policy.id);
            let folder = policy.source.path.split('/').nth(1).unwrap();
            assert!(policy.id.starts_with(folder), "{} lies in {folder}/", policy.id);
        }
    }
}
