//! Texts with expressions in braces: `"{resource.name} holds {variables.gb} GB"`.
//!
//! A brace followed at once by a letter begins an expression; any other brace is
//! itself, so that HCL and JSON can be written plainly. `{{` is a brace where a
//! letter follows.

use cel::{Env, Value};

use super::bindings::Bindings;
use super::expression::Expression;
use super::value::to_text;
use crate::config::diagnostic::{Diagnostic, SourceFile};

#[derive(Clone, Debug)]
pub(crate) struct Template {
    parts: Vec<Part>,
    quoting: Quoting,
}

#[derive(Clone, Debug)]
enum Part {
    Text(String),
    Value(Expression),
}

/// How a value is made harmless where it lands: resource names are other people's text.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Quoting {
    Plain,
    Shell,
    Hcl,
}

impl Template {
    pub(crate) fn compile(
        env: &Env,
        file: &SourceFile,
        text: &str,
        at: usize,
        quoting: Quoting,
    ) -> Result<Self, Diagnostic> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(brace) = rest.find('{') {
            literal.push_str(&rest[..brace]);
            let after = &rest[brace + 1..];
            if let Some(escaped) = after.strip_prefix('{').filter(|s| s.starts_with(char::is_alphabetic)) {
                literal.push('{');
                rest = escaped;
            } else if after.starts_with(|c: char| c.is_ascii_alphabetic()) {
                let Some(length) = expression_length(after) else {
                    let place = place_of(file, at, &rest[brace..]);
                    return Err(file.diagnostic(
                        place..place + 1,
                        "this brace begins an expression that is never closed",
                        "close it with `}`, or write `{{` for a plain brace",
                    ));
                };
                if !literal.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut literal)));
                }
                let place = at + file.text[at..].find(&after[..length]).unwrap_or(0);
                let mut expression = Expression::compile(env, file, &after[..length], place);
                if let Err(diagnostic) = &mut expression {
                    diagnostic.help =
                        "a brace followed by a letter begins an expression; write `{{` for a plain brace"
                            .into();
                }
                parts.push(Part::Value(expression?));
                rest = &after[length + 1..];
            } else if looks_meant(after) {
                let place = place_of(file, at, &rest[brace..]);
                return Err(file.diagnostic(
                    place..place + 1,
                    "this would be shown as it stands, and not be evaluated",
                    "begin an expression with a letter, for example with a variable's name",
                ));
            } else {
                literal.push('{');
                rest = after;
            }
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            parts.push(Part::Text(literal));
        }
        Ok(Self { parts, quoting })
    }

    pub(crate) fn expressions(&self) -> impl Iterator<Item = &Expression> {
        self.parts.iter().filter_map(|part| match part {
            Part::Value(expression) => Some(expression),
            Part::Text(_) => None,
        })
    }

    pub(crate) fn expressions_mut(&mut self) -> impl Iterator<Item = &mut Expression> {
        self.parts.iter_mut().filter_map(|part| match part {
            Part::Value(expression) => Some(expression),
            Part::Text(_) => None,
        })
    }

    /// A part that cannot be told says so: a finding is never lost over its wording.
    /// A text that is one expression and nothing else is code already, and is not quoted again.
    pub(crate) fn render(&self, bindings: &mut Bindings<'_>) -> String {
        if let [Part::Value(expression)] = self.parts.as_slice() {
            let value = bindings.evaluate(expression);
            return value
                .map_or_else(|_| "(unknown)".to_owned(), |value| to_text(&value).trim_end().to_owned());
        }
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(literal) => text.push_str(literal),
                Part::Value(expression) => match bindings.evaluate(expression) {
                    Ok(value) => text.push_str(&self.show(&value)),
                    Err(_) => text.push_str("(unknown)"),
                },
            }
        }
        text.trim_end().to_owned()
    }

    /// A list in a command is one argument per element.
    fn show(&self, value: &Value) -> String {
        match value {
            Value::List(items) if self.quoting == Quoting::Shell => {
                items.iter().map(|item| quote(&to_text(item), self.quoting)).collect::<Vec<_>>().join(" ")
            }
            value => quote(&to_text(value), self.quoting),
        }
    }
}

fn quote(text: &str, quoting: Quoting) -> String {
    match quoting {
        Quoting::Plain => text.to_owned(),
        Quoting::Shell => {
            let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+=,".contains(c);
            if !text.is_empty() && text.chars().all(plain) && !text.starts_with('-') {
                text.to_owned()
            } else {
                format!("'{}'", text.replace('\'', r"'\''"))
            }
        }
        Quoting::Hcl => text
            .replace('\\', r"\\")
            .replace('"', "\\\"")
            .replace('\n', r"\n")
            .replace("${", "$${")
            .replace("%{", "%%{"),
    }
}

/// Where in the file, from `at` on, the text stands; YAML may have folded it further on.
fn place_of(file: &SourceFile, at: usize, text: &str) -> usize {
    let head: String = text.chars().take(12).collect();
    at + file.text[at..].find(&head).unwrap_or(0)
}

/// Whether what follows a brace is an expression that does not begin with a letter, as `{!variables.x}`.
fn looks_meant(after: &str) -> bool {
    let inside = after.split(['{', '}']).next().unwrap_or_default();
    after.starts_with(['!', '(', '[', '-', '"', '\''])
        && ["resource.", "params.", "variables.", "metrics."].iter().any(|root| inside.contains(root))
}

/// Bytes up to the closing brace, past braces and strings inside.
fn expression_length(text: &str) -> Option<usize> {
    let mut depth = 0;
    let mut string: Option<char> = None;
    for (at, c) in text.char_indices() {
        match (string, c) {
            (Some(quote), c) if c == quote => string = None,
            (None, '"' | '\'') => string = Some(c),
            (None, '{') => depth += 1,
            (None, '}') if depth == 0 => return Some(at),
            (None, '}') => depth -= 1,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(text: &str, quoting: Quoting, name: &str) -> String {
        let env = std::sync::Arc::new(Env::stdlib());
        let file = SourceFile::new("p.yaml", text);
        let template = Template::compile(&env, &file, text, 0, quoting).unwrap();
        let mut context = cel::Context::with_env(env);
        context.add_variable_from_value("name", name);
        template.render(&mut Bindings::new(context, &indexmap::IndexMap::new()))
    }

    #[test]
    fn braces_of_hcl_and_json_stay_and_expressions_are_filled_in() {
        let text = "resource \"x\" \"{name}\" {\n  a = { b = 1 }\n}";
        assert_eq!(render(text, Quoting::Hcl, "web"), "resource \"x\" \"web\" {\n  a = { b = 1 }\n}");
        let json = "[{\"Value\":\"{name}\"}]";
        assert_eq!(render(json, Quoting::Plain, "resource.x"), "[{\"Value\":\"resource.x\"}]");
        assert_eq!(render("${{var.x} {size(name)}", Quoting::Plain, "web"), "${var.x} 3");
    }

    #[test]
    fn a_hostile_name_cannot_break_out_of_a_command_or_of_hcl() {
        assert_eq!(render("rm {name}", Quoting::Shell, "a; rm -rf / '"), r"rm 'a; rm -rf / '\'''");
        assert_eq!(render("rm {name}", Quoting::Shell, "-rf"), "rm '-rf'");
        assert_eq!(render("\"{name}\"", Quoting::Hcl, "a\"${x}"), "\"a\\\"$${x}\"");
    }

    #[test]
    fn a_list_in_a_command_is_one_argument_per_element() {
        assert_eq!(render("rm {true ? [name, 'b'] : []}", Quoting::Shell, "a b"), "rm 'a b' b");
    }

    #[test]
    fn an_expression_that_cannot_be_evaluated_says_so() {
        assert_eq!(render("{name.nope} left", Quoting::Plain, "web"), "(unknown) left");
    }

    #[test]
    fn an_expression_that_would_be_shown_as_it_stands_is_refused() {
        for text in ["{!variables.x}", "{[resource.name]}", "{\"a\" + params.b}"] {
            let file = SourceFile::new("p.yaml", text);
            assert!(Template::compile(&Env::stdlib(), &file, text, 0, Quoting::Plain).is_err());
        }
    }

    #[test]
    fn an_unclosed_expression_is_refused() {
        let file = SourceFile::new("p.yaml", "message: {name");
        let error = Template::compile(&Env::stdlib(), &file, "{name", 9, Quoting::Plain).unwrap_err();
        assert_eq!(error.position(), (1, 10));
        let file = SourceFile::new("p.yaml", "{abcdefghij… is cut in no character");
        assert!(Template::compile(&Env::stdlib(), &file, &file.text, 0, Quoting::Plain).is_err());
    }
}
