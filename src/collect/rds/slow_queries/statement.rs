//! Statements without the values that customers wrote into them.
//!
//! Where it is not certain what is a value, the rest of the statement is left out: rather a short one than one that tells.

/// So much of a statement is kept.
const CHARS: usize = 300;
const CUT: char = '…';

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Dialect {
    /// `"…"` is a name, `$$…$$` a text.
    Postgres,
    /// `"…"` is a text, and so may be all the rest that is not known.
    MySql,
}

impl Dialect {
    /// Of an engine whose log of slow statements is understood.
    pub(super) fn of(engine: &str) -> Option<Self> {
        match engine {
            "postgres" | "aurora-postgresql" => Some(Self::Postgres),
            "mysql" | "mariadb" | "aurora-mysql" => Some(Self::MySql),
            _ => None,
        }
    }

    /// What CloudWatch Logs is to look for.
    pub(super) fn pattern(self) -> &'static str {
        match self {
            Self::Postgres => "\"duration:\"",
            Self::MySql => "\"Query_time\"",
        }
    }
}

/// The statement with `?` for each value, on one line, without comments.
pub(super) fn tokenized(sql: &str, dialect: Dialect) -> String {
    let mut reader = Reader { rest: sql, text: String::new(), dialect };
    while reader.step().is_some() {}
    let mut text = reader.text.trim().to_owned();
    // however many values a list has, it is the same statement
    for (list, one) in [("?,?", "?, ?"), ("?, ?", "?"), ("(?),(?)", "(?), (?)"), ("(?), (?)", "(?)")] {
        while text.contains(list) && list != one {
            text = text.replace(list, one);
        }
    }
    match text.char_indices().nth(CHARS) {
        None => text,
        Some(_) => text.chars().take(CHARS - 1).chain([CUT]).collect(),
    }
}

struct Reader<'a> {
    rest: &'a str,
    text: String,
    dialect: Dialect,
}

impl Reader<'_> {
    /// One token; None at the end, or where nothing further can be told.
    fn step(&mut self) -> Option<()> {
        let first = self.rest.chars().next()?;
        let mysql = self.dialect == Dialect::MySql;
        match first {
            _ if first.is_ascii_whitespace() || first.is_ascii_control() => {
                self.skip(first.len_utf8());
                self.space();
            }
            _ if self.comment_begins() => {
                let end = self.rest.find('\n').unwrap_or(self.rest.len());
                self.skip(end);
                self.space();
            }
            _ if self.rest.starts_with("/*") => {
                // PostgreSQL's nest, and MySQL runs what is in some: then it is not certain where it ends
                let code = mysql && (self.rest.starts_with("/*!") || self.rest.starts_with("/*M!"));
                let end = self.rest[2..].find("*/").map(|end| end + 2);
                let end = end.filter(|end| !code && !self.rest[2..*end].contains("/*"));
                let end = end.or_else(|| self.give_up())? + 2;
                self.skip(end);
                self.space();
            }
            '\'' => self.quoted('\'')?,
            '"' if mysql => self.quoted('"')?,
            '"' | '`' if mysql || first == '"' => {
                let end = self.rest[1..].find(first).or_else(|| self.give_up())? + 2;
                self.copy(end);
            }
            '$' if !mysql => self.dollar()?,
            _ if first.is_ascii_digit() => {
                let end = number(self.rest);
                self.skip(end);
                self.value();
            }
            _ if is_named(first) || first == '$' => {
                let end = self.rest.find(|c| !is_named(c) && c != '$').unwrap_or(self.rest.len());
                self.copy(end);
            }
            _ => self.copy(first.len_utf8()),
        }
        Some(())
    }

    fn comment_begins(&self) -> bool {
        match (self.dialect, self.rest.strip_prefix("--")) {
            (Dialect::Postgres, dashes) => dashes.is_some(),
            // two minuses are a comment only with a space behind them
            (Dialect::MySql, Some(behind)) => {
                behind.is_empty()
                    || behind.starts_with(|c: char| c.is_ascii_whitespace() || c.is_ascii_control())
            }
            (Dialect::MySql, None) => self.rest.starts_with('#'),
        }
    }

    /// A text. With a backslash before a quote it depends on the server's settings where it ends.
    fn quoted(&mut self, quote: char) -> Option<()> {
        let mut at = 1;
        loop {
            let end = at + self.rest[at..].find(quote).or_else(|| self.give_up())?;
            if self.rest[..end].ends_with('\\') {
                return self.give_up();
            }
            if !self.rest[end + 1..].starts_with(quote) {
                self.skip(end + 1);
                self.value();
                return Some(());
            }
            at = end + 2;
        }
    }

    /// `$1`, `$$…$$`, `$tag$…$tag$`, or a sign of its own.
    fn dollar(&mut self) -> Option<()> {
        let end = self.rest[1..].find(|c| !is_named(c)).map_or(self.rest.len(), |end| end + 1);
        let numbered = self.rest[1..].starts_with(|c: char| c.is_ascii_digit());
        if self.rest[end..].starts_with('$') && !numbered {
            let tag = &self.rest[..=end];
            let close = self.rest[tag.len()..].find(tag).or_else(|| self.give_up())?;
            self.skip(close + 2 * tag.len());
        } else {
            self.skip(end);
        }
        self.value();
        Some(())
    }

    /// Nothing further is told.
    fn give_up<T>(&mut self) -> Option<T> {
        self.rest = "";
        self.value();
        self.text.push(' ');
        self.text.push(CUT);
        None
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    fn copy(&mut self, bytes: usize) {
        let plain = |c: char| if c.is_ascii_control() { ' ' } else { c };
        self.text.extend(self.rest[..bytes].chars().map(plain));
        self.skip(bytes);
    }

    fn value(&mut self) {
        // texts in a row are one
        if !self.text.ends_with('?') {
            self.text.push('?');
        }
    }

    fn space(&mut self) {
        if !self.text.ends_with(' ') {
            self.text.push(' ');
        }
    }
}

/// What names are made of; to both engines everything beyond ASCII is a letter.
fn is_named(char: char) -> bool {
    char.is_ascii_alphanumeric() || char == '_' || !char.is_ascii()
}

/// The length of `12`, `1.5`, `1e-5`, `0xff`, `10ms`: whatever hangs together with a digit is a value.
fn number(text: &str) -> usize {
    let mut before = ' ';
    let mut part = |c: char| {
        let sign = matches!(c, '+' | '-') && matches!(before, 'e' | 'E');
        before = c;
        c.is_alphanumeric() || matches!(c, '.' | '_') || sign
    };
    text.find(|c| !part(c)).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_go_and_the_statement_stays() {
        for (sql, told) in [
            (
                "SELECT * FROM orders\n  WHERE id = 42 AND mail = 'ada@example.com'",
                "SELECT * FROM orders WHERE id = ? AND mail = ?",
            ),
            (
                "select $1, t2.c3 from t2 where a in (1, 2,3) and b in ($1,$2)",
                "select ?, t2.c3 from t2 where a in (?) and b in (?)",
            ),
            ("insert into t (a, b) values (1, 'x'), (2, 'it''s')", "insert into t (a, b) values (?)"),
            (
                "select \"Name\" from t where x = -1.5e-3 or y > .5",
                "select \"Name\" from t where x = -? or y > .?",
            ),
            ("do $body$ secret $$ $body$ ; select $$ secret $$", "do ? ; select ?"),
            ("select 1 -- secret\n from t /* secret */ where true", "select ? from t where true"),
            ("select E'a\\tb', X'ff', 0xff", "select E?, X?"),
        ] {
            assert_eq!(tokenized(sql, Dialect::Postgres), told);
        }
        let mysql = "select `a``b` from t where x = \"secret\" # secret\n limit 10";
        assert_eq!(tokenized(mysql, Dialect::MySql), "select `a``b` from t where x = ? limit ?");
        // what is quoting to the one is none to the other
        for sql in [
            "select ` 'secret' `",
            "select @$$ secret $$",
            "select $1$ 'secret $1$'",
            "select € $$ 'a $$ from t",
        ] {
            assert!(!tokenized(sql, Dialect::Postgres).contains("secret"), "{sql}");
        }
        for sql in ["select $a$, 'x $a$ secret'", "select 5--3, 'a\n secret'", "select /*! 'a*/ secret' */ 1"]
        {
            assert!(!tokenized(sql, Dialect::MySql).contains("secret"), "{sql}");
        }
    }

    #[test]
    fn where_it_is_not_certain_the_rest_is_left_out() {
        for sql in [
            "select 'secret",
            "select 'C:\\' and x = 'secret'",
            "select 'it\\'s secret' and x",
            "select $a$ secret",
            "select /* secret",
            "select /* a /* b */ secret */",
            "select \"secret",
            "select $$secret $a$ 'x",
        ] {
            assert_eq!(tokenized(sql, Dialect::Postgres), "select ? …", "{sql}");
        }
    }

    #[test]
    fn a_long_statement_is_cut() {
        let long = format!("select {} from t", vec!["column_name"; 100].join(", "));
        let told = tokenized(&long, Dialect::Postgres);
        assert_eq!((told.chars().count(), told.chars().last()), (300, Some('…')));
    }

    fn literal() -> impl Strategy<Value = String> {
        // what could turn quoting around, with a word that must not get out
        let junk = prop::collection::vec(
            prop::sample::select(vec![
                "''", "--", "/*", "*/", "$$", "\"", "`", "#", "\\", " ", "\n", "ü", "x",
            ]),
            0..6,
        );
        (junk.clone(), junk).prop_map(|(a, b)| format!("'{}s3cret{}'", a.concat(), b.concat()))
    }

    proptest! {
        #[test]
        fn no_value_ever_gets_out(literals in prop::collection::vec(literal(), 1..5), mysql in any::<bool>()) {
            let dialect = if mysql { Dialect::MySql } else { Dialect::Postgres };
            let sql = format!("select * from t where a in ({}) and b = 12345", literals.join(", "));
            let told = tokenized(&sql, dialect);
            prop_assert!(!told.contains("s3cret") && !told.contains("12345"), "{sql}\n{told}");
        }

        #[test]
        fn whatever_comes_it_ends_short_and_on_one_line(sql in "\\PC{0,400}|[-'\"$`/*# a1\\\\\n]{0,80}", mysql in any::<bool>()) {
            let dialect = if mysql { Dialect::MySql } else { Dialect::Postgres };
            let told = tokenized(&sql, dialect);
            prop_assert!(told.chars().count() <= 300 && !told.contains('\n'));
        }
    }
}
