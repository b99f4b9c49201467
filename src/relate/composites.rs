//! Which alarms feed which composite alarms, from the composites' rule expressions.
//!
//! Only alarms whose trouble can raise the composite count: `NOT ALARM(maintenance)`
//! silences it, and so does not.

use std::collections::{BTreeMap, BTreeSet};

use crate::inventory::Scope;
use crate::inventory::cloudwatch::Alarm;

/// The composite alarms above each alarm.
pub(super) struct Composites<'a>(BTreeMap<String, Vec<&'a Alarm>>);

impl<'a> Composites<'a> {
    pub(super) fn of(scope: &'a Scope) -> Self {
        let mut parents: BTreeMap<String, Vec<&Alarm>> = BTreeMap::new();
        for composite in scope.all::<Alarm>() {
            let rule = composite.alarm_rule.as_deref().unwrap_or_default();
            for child in raised_by(rule) {
                parents.entry(child).or_default().push(composite);
            }
        }
        for above in parents.values_mut() {
            above.sort_by(|a, b| a.meta.name.cmp(&b.meta.name));
        }
        Self(parents)
    }

    /// Parents, their parents and so on, nearest first, each once.
    pub(super) fn above(&self, alarm: &'a Alarm) -> Vec<&'a Alarm> {
        let mut seen = BTreeSet::from([alarm.meta.name.as_str()]);
        let mut above: Vec<&Alarm> = Vec::new();
        let mut next = Some(alarm);
        let mut done = 0;
        while let Some(child) = next {
            for &parent in self.0.get(&child.meta.name).into_iter().flatten() {
                if seen.insert(&parent.meta.name) {
                    above.push(parent);
                }
            }
            next = above.get(done).copied();
            done += 1;
        }
        above
    }
}

#[derive(Debug, PartialEq)]
enum Token {
    Open,
    Close,
    Comma,
    Word(String),
}

/// Words, quoted or not; a backslash escapes a quote.
fn tokens(rule: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut chars = rule.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '(' => tokens.push(Token::Open),
            ')' => tokens.push(Token::Close),
            ',' => tokens.push(Token::Comma),
            '"' | '\'' => {
                let mut word = String::new();
                while let Some(inner) = chars.next().filter(|&inner| inner != c) {
                    word.extend(if inner == '\\' { chars.next() } else { Some(inner) });
                }
                tokens.push(Token::Word(word));
            }
            c if c.is_whitespace() => {}
            c => {
                let mut word = String::from(c);
                while let Some(inner) = chars.next_if(|c| !c.is_whitespace() && !"(),".contains(*c)) {
                    word.push(inner);
                }
                tokens.push(Token::Word(word));
            }
        }
    }
    tokens
}

/// The names of the alarms whose ALARM state helps the rule to become true.
fn raised_by(rule: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    // Whether each open parenthesis stands below an odd number of NOTs.
    let mut negated: Vec<bool> = Vec::new();
    let mut not = false;
    // The state asked about, between a function's name and its closing parenthesis.
    let mut state: Option<String> = None;
    let mut depth_of_state = 0;
    for token in tokens(rule) {
        match token {
            Token::Open => {
                let outer = negated.last().copied().unwrap_or(false);
                negated.push(outer ^ std::mem::take(&mut not));
            }
            Token::Close => {
                negated.pop();
                if negated.len() <= depth_of_state {
                    state = None;
                }
            }
            Token::Comma => {}
            Token::Word(word) => {
                let inside = state.is_some() && negated.len() > depth_of_state;
                match (word.to_ascii_uppercase().as_str(), &state) {
                    // AT_LEAST(2, ALARM, (a, b)): the state is an argument, the names a list after it.
                    (function @ ("ALARM" | "OK" | "INSUFFICIENT_DATA"), None) => {
                        state = Some(function.to_owned());
                        depth_of_state = negated.len();
                    }
                    ("NOT", None) => not = !not,
                    (_, Some(asked)) if inside => {
                        let below_not = negated.last().copied().unwrap_or(false);
                        if (asked == "ALARM" && !below_not) || (asked == "OK" && below_not) {
                            names.insert(alarm_name(&word));
                        }
                    }
                    _ => {}
                }
            }
        }
    }
    names
}

/// `arn:aws:cloudwatch:eu-west-1:111111111111:alarm:name`, or the name itself.
fn alarm_name(reference: &str) -> String {
    let name = match reference.split_once(":alarm:") {
        Some((arn, name)) if arn.starts_with("arn:") => name,
        _ => reference,
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::inventory::Kind as _;
    use crate::relate::testing::{read, scope};

    fn children(rule: &str) -> Vec<String> {
        raised_by(rule).into_iter().collect()
    }

    #[test]
    fn names_are_read_quoted_unquoted_and_as_arns() {
        assert_eq!(children(r#"ALARM("api 5xx (prod)")"#), ["api 5xx (prod)"]);
        assert_eq!(children("ALARM(api-5xx) OR ALARM('db')"), ["api-5xx", "db"]);
        assert_eq!(children("ALARM ( api-5xx )"), ["api-5xx"]);
        assert_eq!(
            children(r#"ALARM("arn:aws:cloudwatch:eu-west-1:111111111111:alarm:web:5xx")"#),
            ["web:5xx"]
        );
        assert_eq!(children(r#"ALARM("say \"hi\"")"#), [r#"say "hi""#]);
        assert_eq!(children("ALARM(ALARM)"), ["ALARM"], "an alarm may be named like a state");
    }

    #[test]
    fn alarms_that_silence_do_not_feed() {
        assert_eq!(children("ALARM(a) AND NOT ALARM(maintenance)"), ["a"]);
        assert_eq!(
            children("ALARM(a) AND NOT (ALARM(b) OR (ALARM(c)))"),
            ["a"],
            "NOT reaches into parentheses"
        );
        assert_eq!(children("NOT OK(a)"), ["a"], "leaving OK raises it as entering ALARM does");
        assert_eq!(children("OK(a) OR INSUFFICIENT_DATA(b) OR FALSE"), Vec::<String>::new());
        assert_eq!(children("NOT (NOT (ALARM(a)))"), ["a"]);
    }

    #[test]
    fn at_least_names_a_list() {
        assert_eq!(children(r#"AT_LEAST(2, ALARM, (a, "b c", d)) AND ALARM(e)"#), ["a", "b c", "d", "e"]);
        assert_eq!(
            children("AT_LEAST(50%, OK, (a, b)) OR ALARM(c)"),
            ["c"],
            "a list of healthy ones is no trouble"
        );
    }

    #[test]
    fn broken_rules_name_nothing_and_do_not_panic() {
        for rule in ["", ")", "ALARM(", "ALARM", "NOT", "\"", "ALARM(\"", "))((,"] {
            children(rule);
        }
    }

    #[test]
    fn composites_nest_and_may_be_circular() {
        let alarms = json!([
            { "name": "cpu" },
            { "name": "web", "alarm_rule": "ALARM(cpu)" },
            { "name": "all", "alarm_rule": "ALARM(web) OR ALARM(all)" },
            { "name": "any", "alarm_rule": "ALARM(web) OR ALARM(cpu)" },
        ]);
        let scope = scope(read(Alarm::TYPE, alarms), &[]);
        let composites = Composites::of(&scope);
        let cpu = scope.all::<Alarm>().next().unwrap();
        let names: Vec<_> = composites.above(cpu).iter().map(|a| a.meta.name.as_str()).collect();
        assert_eq!(names, ["any", "web", "all"]);
    }
}
