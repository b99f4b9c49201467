//! Lines of the logs of slow statements, gathered by statement.

use std::collections::BTreeMap;

use super::statement::{Dialect, tokenized};
use crate::inventory::rds::SlowQuery;

/// What RDS writes in front of a line of PostgreSQL's: time, host, user, database and process.
const PREFIX_BYTES: usize = 300;

#[derive(Debug, Default)]
pub(super) struct Tally(BTreeMap<String, Spent>);

#[derive(Clone, Copy, Debug, Default)]
struct Spent {
    calls: i64,
    total: f64,
    max: f64,
}

impl Tally {
    pub(super) fn add(&mut self, message: &str, dialect: Dialect) {
        let entry = match dialect {
            Dialect::Postgres => postgres(message),
            Dialect::MySql => mysql(message),
        };
        let Some((seconds, statement)) = entry else { return };
        let spent = self.0.entry(tokenized(&statement, dialect)).or_default();
        spent.calls += 1;
        spent.total += seconds;
        spent.max = spent.max.max(seconds);
    }

    pub(super) fn heaviest(self, top: usize) -> Vec<SlowQuery> {
        let mut all: Vec<(String, Spent)> = self.0.into_iter().filter(|(text, _)| !text.is_empty()).collect();
        all.sort_by(|(a, one), (b, other)| other.total.total_cmp(&one.total).then_with(|| a.cmp(b)));
        all.truncate(top);
        let query = |(statement, spent): (String, Spent)| SlowQuery {
            statement,
            calls: Some(spent.calls),
            total_seconds: Some(spent.total),
            max_seconds: Some(spent.max),
            ..SlowQuery::default()
        };
        all.into_iter().map(query).collect()
    }
}

/// `2026-11-22 02:00:00 UTC:10.0.0.7(41714):app@orders:[123]:LOG:  duration: 5012.3 ms  statement: SELECT …`, or with
/// `execute <unnamed>: SELECT …` in place of the last. The like within a statement is none.
fn postgres(message: &str) -> Option<(f64, String)> {
    let at = message.find("LOG:  duration: ").filter(|at| *at < PREFIX_BYTES)?;
    let (prefix, rest) = message.split_at(at);
    if prefix.contains(['\'', '"', '$', '\n']) || prefix.contains("STATEMENT") {
        return None;
    }
    let (number, rest) = rest.strip_prefix("LOG:  duration: ")?.split_once(" ms")?;
    let milliseconds = positive(number)?;
    let rest = rest.trim_start();
    let statement = match rest.strip_prefix("statement: ") {
        Some(statement) => statement,
        None => rest.strip_prefix("execute ")?.split_once(": ")?.1,
    };
    // the parameters follow on a line of their own
    let statement = statement.split("DETAIL:").next().unwrap_or_default();
    Some((milliseconds / 1000.0, statement.to_owned()))
}

/// Comment lines with `# Query_time: 12.000283  Lock_time: …`, perhaps `use …;`, `SET timestamp=…;`, then the statement.
fn mysql(message: &str) -> Option<(f64, String)> {
    let comments = message.lines().take_while(|line| line.starts_with('#'));
    let time = comments.clone().find_map(|line| line.strip_prefix("# Query_time: "))?;
    let seconds = positive(time.split_whitespace().next()?)?;
    let statement: Vec<&str> = message
        .lines()
        .skip(comments.count())
        .skip_while(|line| line.starts_with("use ") || line.starts_with("SET timestamp="))
        .collect();
    Some((seconds, statement.join("\n")))
}

fn positive(number: &str) -> Option<f64> {
    number.trim().parse().ok().filter(|number: &f64| number.is_finite() && *number >= 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(messages: &[&str], dialect: Dialect) -> Vec<(String, i64, f64)> {
        let mut tally = Tally::default();
        for message in messages {
            tally.add(message, dialect);
        }
        let seconds = |query: &SlowQuery| query.total_seconds.unwrap();
        tally
            .heaviest(5)
            .iter()
            .map(|query| (query.statement.clone(), query.calls.unwrap(), seconds(query)))
            .collect()
    }

    #[test]
    fn lines_of_postgresql_are_gathered_by_statement() {
        let line = |rest: &str| {
            format!("2026-11-22 02:00:00 UTC:10.0.0.7(41714):app@orders:[123]:LOG:  duration: {rest}")
        };
        let lines = [
            line("1500.000 ms  statement: select * from orders where mail = 'ada@example.com'"),
            line("500.000 ms  execute <unnamed>: select * from orders where mail = $1"),
            line(
                "3000.000 ms  execute s1: select count(*) from jobs where id > 17 DETAIL:  parameters: $1 = 'x'",
            ),
            line("12.000 ms"),
            line("12.000 ms  bind <unnamed>: select 1"),
            line("fast ms  statement: select 1"),
            "2026-11-22 02:00:00 UTC::@:[1]:LOG:  checkpoint starting: time".to_owned(),
            "2026-11-22 02:00:00 UTC:h(1):a@o:[1]:ERROR:  x at 'LOG:  duration: 9 ms  statement: secret'"
                .to_owned(),
        ];
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        assert_eq!(
            told(&lines, Dialect::Postgres),
            [
                ("select count(*) from jobs where id > ?".to_owned(), 1, 3.0),
                ("select * from orders where mail = ?".to_owned(), 2, 2.0),
            ]
        );
    }

    #[test]
    fn entries_of_mysql_are_gathered_by_statement() {
        let entry = |seconds: &str, sql: &str| {
            format!(
                "# Time: 2026-11-22T02:00:00.000000Z\n# User@Host: app[app] @  [10.0.0.7]  Id: 8\n\
                 # Query_time: {seconds}  Lock_time: 0.000000 Rows_sent: 1  Rows_examined: 9\nuse shop;\nSET timestamp=1795312800;\n{sql}"
            )
        };
        let entries = [
            entry("2.5", "SELECT * FROM carts\nWHERE token = \"s3cret\";"),
            entry("1.5", "SELECT * FROM carts WHERE token = 'other';"),
            "Query_time: 5".to_owned(),
        ];
        let entries: Vec<&str> = entries.iter().map(String::as_str).collect();
        assert_eq!(
            told(&entries, Dialect::MySql),
            [("SELECT * FROM carts WHERE token = ?;".to_owned(), 2, 4.0)]
        );
    }
}
