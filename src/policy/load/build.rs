//! Compiles the expressions and templates of a policy file.

use indexmap::IndexMap;

use super::Loader;
use crate::policy::check::{Names, check, require_bool};
use crate::policy::expression::Expression;
use crate::policy::functions::ENV;
use crate::policy::raw::{OneOrMap, Text};
use crate::policy::template::{Quoting, Template};
use crate::policy::{Condition, Fix};

/// Compiles expressions and templates against one set of names.
pub(super) struct Build<'l, 'f, 'n> {
    pub(super) loader: &'l mut Loader<'f>,
    pub(super) names: &'n Names<'n>,
    pub(super) variables: &'n IndexMap<String, Expression>,
}

impl Build<'_, '_, '_> {
    fn compile(&mut self, text: &str, at: usize, bool: bool) -> Option<Expression> {
        let compiled = Expression::compile(&ENV, self.loader.file, text, at);
        let mut expression = self.loader.keep(compiled)?;
        let found = check(self.loader.file, &expression, self.names, &mut self.loader.problems);
        if bool {
            require_bool(self.loader.file, &expression, &found, self.names, &mut self.loader.problems);
        }
        self.bind(&mut expression, at)?;
        Some(expression)
    }

    fn bind(&mut self, expression: &mut Expression, at: usize) -> Option<()> {
        let result = expression.bind(self.variables);
        let diagnostic = |message| self.loader.file.diagnostic(at..at, message, "split the policy up");
        let result = result.map_err(diagnostic);
        self.loader.keep(result)
    }

    pub(super) fn value(&mut self, text: &Text) -> Option<Expression> {
        let at = self.loader.start(&text.defined);
        self.compile(&text.value, at, false)
    }

    pub(super) fn condition(&mut self, text: &Text) -> Option<Expression> {
        let at = self.loader.start(&text.defined);
        self.compile(&text.value, at, true)
    }

    pub(super) fn all(&mut self, texts: &IndexMap<String, Text>) -> Vec<(String, Expression)> {
        texts.iter().filter_map(|(name, text)| Some((name.clone(), self.value(text)?))).collect()
    }

    pub(super) fn conditions(&mut self, conditions: &OneOrMap, key: &str) -> Vec<Condition> {
        match conditions {
            OneOrMap::None => Vec::new(),
            OneOrMap::One(text) => {
                let at = self.key(key);
                let holds = self.compile(text, at, true);
                let reason = self.template(
                    &format!("`{}`", text.replace('{', "{ ")),
                    &serde_saphyr::Location::UNKNOWN,
                    Quoting::Plain,
                );
                holds.zip(reason).map(|(holds, reason)| Condition { reason, holds }).into_iter().collect()
            }
            OneOrMap::Map(entries) => entries
                .iter()
                .filter_map(|(reason, text)| {
                    let reason = self.template(&reason.value, &reason.defined, Quoting::Plain);
                    let holds = self.condition(text);
                    Some(Condition { reason: reason?, holds: holds? })
                })
                .collect(),
        }
    }

    pub(super) fn fixes(&mut self, fixes: &OneOrMap, key: &str, quoting: Quoting) -> Vec<Fix> {
        match fixes {
            OneOrMap::None => Vec::new(),
            OneOrMap::One(text) => {
                let template = self.template_at(text, self.key(key), quoting);
                template.map(|template| Fix { when: None, template }).into_iter().collect()
            }
            OneOrMap::Map(entries) => entries
                .iter()
                .filter_map(|(when, text)| {
                    let template = self.template(&text.value, &text.defined, quoting);
                    let when = Some(self.condition(when)?);
                    template.map(|template| Fix { when, template })
                })
                .collect(),
        }
    }

    /// Where the value of a key at the file's outermost level begins.
    fn key(&self, key: &str) -> usize {
        let found = self.loader.file.text.find(&format!("\n{key}:"));
        found.map_or(0, |at| at + key.len() + 2)
    }

    pub(super) fn template(
        &mut self,
        text: &str,
        at: &serde_saphyr::Location,
        quoting: Quoting,
    ) -> Option<Template> {
        self.template_at(text, self.loader.start(at), quoting)
    }

    fn template_at(&mut self, text: &str, at: usize, quoting: Quoting) -> Option<Template> {
        let compiled = Template::compile(&ENV, self.loader.file, text, at, quoting);
        let mut template = self.loader.keep(compiled)?;
        for expression in template.expressions() {
            check(self.loader.file, expression, self.names, &mut self.loader.problems);
        }
        for expression in template.expressions_mut() {
            self.bind(expression, at)?;
        }
        Some(template)
    }
}
