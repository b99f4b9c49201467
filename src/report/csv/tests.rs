use proptest::prelude::*;

use super::*;
use crate::findings::Status;
use crate::policy::outcome::Severity;
use crate::report::exchange::tests::{everything, steering};
use crate::report::tests::{clean_report, finding, report};

fn parsed(text: &str) -> Vec<Vec<String>> {
    let mut reader = ::csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

fn column(name: &str) -> usize {
    COLUMNS.iter().position(|column| *column == name).unwrap()
}

#[test]
fn a_finding_is_a_row_and_its_columns_stay() {
    let mut report = report();
    report.findings.retain(|finding| matches!(finding.status, Status::New | Status::Unknown | Status::Muted));
    let text = render(&report).unwrap();
    assert!(text.ends_with("\r\n"));
    insta::assert_snapshot!(text.replace("\r\n", "\n"), @r#"
    id,policy,severity,status,title,message,resource_type,resource_id,resource_name,resource_arn,account,region,tags,monthly_cost_usd,first_seen,last_seen,why,fix,fix_cli,fix_terraform,because_of,explains,evidence,not_checked_because,muted_by,muted_reason,muted_until
    0000000000000web,logs-group-no-retention,high,new,Log group keeps its logs for ever,/ecs/web has no retention and holds 1.2 GB,AWS::Logs::LogGroup,/ecs/web,/ecs/web,arn:aws:logs:eu-west-1:123456789012:log-group:/ecs/web,123456789012,eu-west-1,team=web,0.04,2026-11-01T03:00:00Z,2026-11-02T03:00:00Z,It grows for ever.,"Set a retention that fits what you look back at.
    Thirty days is usual.",aws logs put-retention-policy --log-group-name /ecs/web --retention-in-days 30,,,,stored_bytes=1200; retention_in_days=null,,,,
    000000000000beat,logs-group-no-retention,medium,unknown,Log group keeps its logs for ever,/ecs/beat has no retention and holds 1.2 GB,AWS::Logs::LogGroup,/ecs/beat,/ecs/beat,arn:aws:logs:eu-west-1:123456789012:log-group:/ecs/beat,123456789012,eu-west-1,team=web,0.04,2026-11-01T03:00:00Z,2026-11-02T03:00:00Z,It grows for ever.,"Set a retention that fits what you look back at.
    Thirty days is usual.",aws logs put-retention-policy --log-group-name /ecs/beat --retention-in-days 30,,,,stored_bytes=1200; retention_in_days=null,denied: logs:DescribeLogGroups,,,
    000000000000cron,logs-group-no-retention,low,muted,Log group keeps its logs for ever,/ecs/cron has no retention and holds 1.2 GB,AWS::Logs::LogGroup,/ecs/cron,/ecs/cron,arn:aws:logs:eu-west-1:123456789012:log-group:/ecs/cron,123456789012,eu-west-1,team=web,0.04,2026-11-01T03:00:00Z,2026-11-02T03:00:00Z,It grows for ever.,"Set a retention that fits what you look back at.
    Thirty days is usual.",aws logs put-retention-policy --log-group-name /ecs/cron --retention-in-days 30,,,,stored_bytes=1200; retention_in_days=null,,ada,audit trail,2027-01-31
    "#);
}

#[test]
fn an_empty_report_is_its_columns_alone() {
    assert_eq!(parsed(&render(&clean_report()).unwrap()), [COLUMNS.map(str::to_owned)]);
}

#[test]
fn every_finding_is_there_in_the_report_s_order_whatever_it_is_called() {
    let report = everything();
    let text = render(&report).unwrap();
    assert_eq!(text, render(&report).unwrap());
    assert_eq!(steering(&text), [' '; 0]);
    let rows = parsed(&text);
    assert_eq!(rows.len(), report.findings.len() + 1);
    for (row, finding) in rows[1..].iter().zip(&report.findings) {
        assert_eq!(row.len(), COLUMNS.len());
        assert_eq!(row[column("id")], finding.id);
        assert_eq!(row[column("status")], finding.status.as_str());
        assert_eq!(row[COST].parse().ok(), finding.monthly_cost_usd);
        assert!(row.iter().all(|cell| cell.encode_utf16().count() <= CELL));
    }
    let formula = rows.iter().find(|row| row[column("message")].contains("HYPERLINK")).unwrap();
    assert_eq!(formula[column("message")], "'=HYPERLINK(\"http://evil.example\",\"open\")");
}

#[test]
fn a_number_column_holds_numbers() {
    assert_eq!(COLUMNS[COST], "monthly_cost_usd");
    let mut saves = finding("web", Severity::Low, Status::New);
    saves.monthly_cost_usd = Some(-12.5);
    assert_eq!(row(&saves)[COST], "-12.5");
    saves.monthly_cost_usd = Some(f64::NAN);
    assert_eq!(row(&saves)[COST], "");
}

proptest! {
    #[test]
    fn no_cell_is_a_formula_and_harmless_text_comes_back_as_it_was(
        text in "[-=+@\t\r\n＝＋－＠'a\",; é😀]{0,12}|\\PC{0,40}",
        harmless in "[a-zA-Z0-9_/ ,\"\n;ä]{0,30}",
    ) {
        let mut report = report();
        report.findings.truncate(1);
        let of = &mut report.findings[0];
        for field in [&mut of.title, &mut of.message, &mut of.why, &mut of.fix, &mut of.resource.id, &mut of.resource.name] {
            field.clone_from(&text);
        }
        of.fix_cli = Some(text.clone());
        of.resource.tags.insert(text.clone(), text.clone());
        of.evidence.insert(text.clone(), text.clone().into());
        of.fix_terraform = Some(format!("x{harmless}"));
        let rows = parsed(&render(&report).unwrap());
        prop_assert_eq!(rows.len(), 2);
        for (index, cell) in rows[1].iter().enumerate() {
            prop_assert!(index == COST || !cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']), "{:?}", cell);
        }
        prop_assert_eq!(&rows[1][column("fix_terraform")], &format!("x{harmless}"));
    }
}
