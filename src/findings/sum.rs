//! What the findings cost together, each dollar once.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use serde_json::Value;

use super::Finding;

/// The monthly cost of all that stands as a violation. Several findings on one resource tell of the same dollars, and
/// so do a line of the bill and the resources behind it: of each such group the larger side counts.
pub fn monthly_usd(findings: &[Finding]) -> Decimal {
    let mut groups = Groups::default();
    for finding in findings.iter().filter(|finding| finding.status.is_violation()) {
        if let Some(usd) = finding.monthly_cost_usd.and_then(Decimal::from_f64_retain) {
            groups.add(finding, usd.round_dp(2));
        }
    }
    groups.sum()
}

/// A resource within its account, by its short id.
type Resource<'a> = (&'a str, &'a str);

#[derive(Default)]
struct Groups<'a> {
    /// The dearest finding on each resource.
    resources: BTreeMap<Resource<'a>, Decimal>,
    /// Lines of the bill, and the resources behind them.
    lines: Vec<(BTreeSet<Resource<'a>>, Decimal)>,
}

impl<'a> Groups<'a> {
    fn add(&mut self, finding: &'a Finding, usd: Decimal) {
        let account = finding.resource.account.as_str();
        if let Some(behind) = finding.evidence.get("resources").and_then(Value::as_array) {
            let behind = behind.iter().filter_map(Value::as_str).map(|id| (account, id)).collect();
            self.lines.push((behind, usd));
        } else {
            let dearest = self.resources.entry((account, &finding.resource.id)).or_default();
            *dearest = usd.max(*dearest);
        }
    }

    fn sum(mut self) -> Decimal {
        let mut sum = Decimal::ZERO;
        while let Some((mut behind, mut lines)) = self.lines.pop() {
            // lines that share a resource are one group
            while let Some(place) = self.lines.iter().position(|(other, _)| !other.is_disjoint(&behind)) {
                let (other, usd) = self.lines.swap_remove(place);
                behind.extend(other);
                lines += usd;
            }
            let resources: Decimal = behind.iter().filter_map(|one| self.resources.remove(one)).sum();
            sum += lines.max(resources);
        }
        sum + self.resources.into_values().sum::<Decimal>()
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use serde_json::{Map, json};

    use super::*;
    use crate::findings::Status;
    use crate::inventory::Meta;
    use crate::policy::outcome::Severity;

    fn finding(id: &str, usd: Option<f64>, behind: Option<&[&str]>) -> Finding {
        let mut evidence = Map::new();
        if let Some(behind) = behind {
            evidence.insert("resources".to_owned(), json!(behind));
        }
        let at = DateTime::<Utc>::UNIX_EPOCH;
        Finding {
            id: id.to_owned(),
            policy: "a-policy".to_owned(),
            severity: Severity::Low,
            status: Status::Open,
            resource_type: "AWS::X::Y".to_owned(),
            resource: Meta { id: id.to_owned(), account: "1".to_owned(), ..Meta::default() },
            title: String::new(),
            message: String::new(),
            why: String::new(),
            fix: String::new(),
            fix_cli: None,
            fix_terraform: None,
            evidence,
            monthly_cost_usd: usd,
            because_of: Vec::new(),
            explains: Vec::new(),
            first_seen: at,
            last_seen: at,
        }
    }

    fn sum(findings: &[Finding]) -> f64 {
        monthly_usd(findings).to_string().parse().unwrap()
    }

    #[test]
    fn findings_on_different_things_add_up() {
        let none = finding("b", None, None);
        assert!(
            (sum(&[finding("a", Some(10.0), None), none, finding("c", Some(2.5), None)]) - 12.5).abs() < 1e-9
        );
        assert!(sum(&[]).abs() < 1e-9);
    }

    #[test]
    fn several_findings_on_one_resource_are_its_dearest() {
        let on = |usd| finding("nat-1", Some(usd), None);
        assert!((sum(&[on(10.0), on(32.0), on(5.0)]) - 32.0).abs() < 1e-9);
    }

    #[test]
    fn a_line_and_an_idle_gateway_behind_it_count_once() {
        let line = finding("line", Some(100.0), Some(&["nat-1", "nat-2"]));
        let idle = |id, usd| finding(id, Some(usd), None);
        assert!((sum(&[line.clone(), idle("nat-1", 32.0)]) - 100.0).abs() < 1e-9);
        // what is behind it is dearer than what the line has drifted by
        assert!((sum(&[line.clone(), idle("nat-1", 80.0), idle("nat-2", 40.0)]) - 120.0).abs() < 1e-9);
        assert!((sum(&[line, idle("nat-3", 5.0)]) - 105.0).abs() < 1e-9);
    }

    #[test]
    fn two_lines_of_one_gateway_are_different_dollars_but_one_group() {
        let hours = finding("hours", Some(30.0), Some(&["nat-1"]));
        let bytes = finding("bytes", Some(50.0), Some(&["nat-1"]));
        let idle = finding("nat-1", Some(70.0), None);
        assert!((sum(&[hours, bytes, idle]) - 80.0).abs() < 1e-9);
    }

    #[test]
    fn what_is_resolved_or_muted_costs_nothing_here_and_accounts_are_apart() {
        let mut resolved = finding("a", Some(10.0), None);
        resolved.status = Status::Resolved;
        let mut muted = finding("b", Some(10.0), None);
        muted.status = Status::Muted;
        let line = finding("line", Some(100.0), Some(&["nat-1"]));
        let mut elsewhere = finding("nat-1", Some(7.0), None);
        elsewhere.resource.account = "2".to_owned();
        assert!((sum(&[resolved, muted, line, elsewhere]) - 107.0).abs() < 1e-9);
    }
}
