//! Whether what an App Runner service writes is kept anywhere.

use std::collections::BTreeSet;

use crate::inventory::apprunner::AppRunnerService;
use crate::inventory::logs::LogGroup;
use crate::inventory::{Kind as _, Scope};

/// AppRunnerService.has_application_log_group.
pub(super) fn has_application_log_group(scope: &Scope) -> Vec<Option<bool>> {
    let complete = scope.complete(LogGroup::TYPE);
    let groups: BTreeSet<&str> = scope.all::<LogGroup>().map(|group| group.meta.name.as_str()).collect();
    let of = |service: &AppRunnerService| groups.contains(service.application_log_group.as_str());
    scope.all::<AppRunnerService>().map(|service| complete.then(|| of(service))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::relate::testing::{read, scope};

    #[test]
    fn a_service_has_the_group_of_its_own_name() {
        let mut resources = read(
            AppRunnerService::TYPE,
            json!([{ "application_log_group": "/aws/apprunner/a/1/application" },
                   { "application_log_group": "/aws/apprunner/b/2/application" }]),
        );
        resources.extend(read(LogGroup::TYPE, json!([{ "name": "/aws/apprunner/a/1/application" }])));

        let seen = has_application_log_group(&scope(resources.clone(), &[LogGroup::TYPE]));

        assert_eq!(seen, [Some(true), Some(false)]);
        assert_eq!(has_application_log_group(&scope(resources, &[])), [None, None]);
    }
}
