//! The results as JUnit XML, which CI systems show.

use quick_junit::{NonSuccessKind, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};

use super::TestResult;

/// One suite for each policy, in their order.
pub fn junit(results: &[TestResult]) -> Result<String, SerializeError> {
    let mut report = Report::new("aftermove policy test");
    for of_policy in results.chunk_by(|a, b| a.policy == b.policy) {
        let mut suite = TestSuite::new(&*of_policy[0].policy);
        for result in of_policy {
            let mut status = TestCaseStatus::success();
            if !result.passed() {
                let whats: Vec<&str> = result.differences.iter().map(|found| found.what.as_str()).collect();
                status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                status.set_message(whats.join(", ")).set_description(result.to_string());
            }
            let mut case = TestCase::new(&*result.name, status);
            case.set_classname(&*result.policy).extra.extend([
                ("file".into(), (&*result.file).into()),
                ("line".into(), result.line.to_string().into()),
            ]);
            suite.add_test_case(case);
        }
        report.add_test_suite(suite);
    }
    report.to_string()
}
