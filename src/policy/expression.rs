//! CEL expressions with their place in the policy file.

use std::collections::BTreeSet;
use std::ops::Range;

use cel::Env;
use cel::common::ast::{EntryExpr, Expr, IdedExpr};
use indexmap::IndexMap;

use crate::config::diagnostic::{Diagnostic, SourceFile};

/// CEL has no cost limit, so what may be written is bounded instead.
const MAX_TEXT: usize = 4_000;
const MAX_NODES: usize = 2_000;
const MAX_SPREAD: usize = 20_000;
/// cel's parser recurses; far more than this would overflow a thread's stack.
const MAX_NESTING: usize = 64;

/// A compiled expression.
#[derive(Clone, Debug)]
pub(crate) struct Expression {
    pub(crate) text: String,
    pub(crate) ast: IdedExpr,
    /// Byte of the file from which on the text stands.
    at: usize,
    offsets: Vec<(u64, usize)>,
    /// The places of the variables that it reads, directly or through others, in their order.
    pub(crate) needs: BTreeSet<usize>,
    /// It can only be evaluated once metrics are there.
    pub(crate) late: bool,
    /// Its parts, each variable counted as often as it is read: what its values can grow with.
    spread: usize,
}

impl Expression {
    pub(crate) fn compile(env: &Env, file: &SourceFile, text: &str, at: usize) -> Result<Self, Diagnostic> {
        let whole = |message: String, help: &str| file.diagnostic(at..line_end(file, at), message, help);
        if text.len() > MAX_TEXT {
            return Err(whole(
                format!("the expression is {} bytes long; {MAX_TEXT} are allowed", text.len()),
                "split it up into variables",
            ));
        }
        if nesting(text) > MAX_NESTING {
            return Err(whole(
                format!("the expression nests deeper than {MAX_NESTING} levels"),
                "split it up into variables",
            ));
        }
        let program = env.compile(text).map_err(|errors| {
            let Some(error) = errors.errors.first() else {
                return whole("the expression is not valid CEL".to_owned(), "");
            };
            let (line, column) = error.pos;
            let offset = offset_of(text, line, column);
            file.diagnostic(
                locate(file, at, text, offset),
                format!("not valid CEL: {}", error.msg),
                "see https://github.com/google/cel-spec/blob/master/doc/langdef.md for the syntax",
            )
        })?;
        let ast = program.expression().clone();
        let spread = count(&ast);
        if spread > MAX_NODES {
            return Err(whole("the expression is too large".to_owned(), "split the policy up"));
        }
        let mut offsets = Vec::new();
        visit(&ast, &mut |node| {
            if let Some((start, _)) = program.source_info().offset_for(node.id) {
                offsets.push((node.id, start as usize));
            }
        });
        Ok(Self { text: text.to_owned(), ast, at, offsets, needs: BTreeSet::new(), late: false, spread })
    }

    /// Where in the file a node of the tree stands.
    pub(crate) fn span(&self, file: &SourceFile, node: &IdedExpr) -> Range<usize> {
        let offset = self.offsets.iter().find(|(id, _)| *id == node.id).map_or(0, |(_, at)| *at);
        locate(file, self.at, &self.text, offset)
    }

    /// The whole expression's place.
    pub(crate) fn whole_span(&self, file: &SourceFile) -> Range<usize> {
        locate(file, self.at, &self.text, self.text.len() - self.text.trim_start().len())
    }

    /// The expression as an error message shows it.
    pub(crate) fn shown(&self) -> String {
        format!("`{}`", shorten(&self.text))
    }

    /// Connects it with the variables that are declared before it.
    pub(crate) fn bind(&mut self, variables: &IndexMap<String, Self>) -> Result<(), String> {
        self.late = self.mentions("metrics");
        for name in self.members_of("variables") {
            if let Some((place, _, variable)) = variables.get_full(&name) {
                self.needs.extend(variable.needs.iter().copied().chain([place]));
                self.late |= variable.late;
                self.spread = self.spread.saturating_add(variable.spread);
            }
        }
        if self.spread > MAX_SPREAD {
            return Err(format!("with its variables in place the expression has over {MAX_SPREAD} parts"));
        }
        Ok(())
    }

    /// Whether it reads `root` or a member of it.
    fn mentions(&self, root: &str) -> bool {
        let mut found = false;
        visit(&self.ast, &mut |node| {
            found |= matches!(&node.expr, Expr::Ident(name) if name == root);
        });
        found
    }

    /// The fields read directly off `root`: `resource.name` gives `name`.
    pub(crate) fn members_of(&self, root: &str) -> Vec<String> {
        let mut members = Vec::new();
        visit(&self.ast, &mut |node| {
            if let Some((base, member)) = member(node)
                && base == root
            {
                members.push(member.to_owned());
            }
        });
        members
    }
}

/// `root.member`, if the node is just that.
pub(crate) fn member(node: &IdedExpr) -> Option<(&str, &str)> {
    match &node.expr {
        Expr::Select(select) => match &select.operand.expr {
            Expr::Ident(root) => Some((root, &select.field)),
            _ => None,
        },
        _ => None,
    }
}

pub(crate) fn children(node: &IdedExpr) -> Vec<&IdedExpr> {
    match &node.expr {
        Expr::Call(call) => call.target.as_deref().into_iter().chain(&call.args).collect(),
        Expr::Comprehension(c) => {
            vec![&c.iter_range, &c.accu_init, &c.loop_cond, &c.loop_step, &c.result]
        }
        Expr::List(list) => list.elements.iter().collect(),
        Expr::Map(map) => map.entries.iter().flat_map(|entry| entry_children(&entry.expr)).collect(),
        Expr::Struct(s) => s.entries.iter().flat_map(|entry| entry_children(&entry.expr)).collect(),
        Expr::Select(select) => vec![&select.operand],
        Expr::Ident(_) | Expr::Literal(_) | Expr::Unspecified => Vec::new(),
    }
}

fn entry_children(entry: &EntryExpr) -> Vec<&IdedExpr> {
    match entry {
        EntryExpr::StructField(field) => vec![&field.value],
        EntryExpr::MapEntry(entry) => vec![&entry.key, &entry.value],
    }
}

pub(crate) fn visit<'a>(node: &'a IdedExpr, f: &mut impl FnMut(&'a IdedExpr)) {
    f(node);
    for child in children(node) {
        visit(child, f);
    }
}

fn count(node: &IdedExpr) -> usize {
    let mut nodes = 0;
    visit(node, &mut |_| nodes += 1);
    nodes
}

/// An upper bound for how deep the parser and the tree will go: open brackets,
/// plus the operators of one level, which nest to one side.
fn nesting(text: &str) -> usize {
    let mut levels = vec![0];
    let mut deepest = 0;
    let mut quote = None;
    for c in text.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '(' | '[' | '{') => levels.push(0),
            (None, ')' | ']' | '}') if levels.len() > 1 => {
                levels.pop();
            }
            (None, ',') => {
                if let Some(operators) = levels.last_mut() {
                    *operators = 0;
                }
            }
            (None, '.' | '?' | '!' | '-' | '+' | '*' | '/' | '%' | '&' | '|') => {
                if let Some(operators) = levels.last_mut() {
                    *operators += 1;
                }
            }
            _ => {}
        }
        deepest = deepest.max(levels.len() + levels.iter().sum::<usize>());
    }
    deepest
}

fn shorten(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() > 80 { format!("{}…", line.chars().take(79).collect::<String>()) } else { line }
}

fn line_end(file: &SourceFile, at: usize) -> usize {
    file.text[at..].find('\n').map_or(file.text.len(), |length| at + length)
}

/// CEL's position (line from 1, column from 1) as a byte offset.
fn offset_of(text: &str, line: isize, column: isize) -> usize {
    let line = usize::try_from(line - 1).unwrap_or(0);
    let column = usize::try_from(column - 1).unwrap_or(0);
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    (start + column).min(text.len())
}

/// The place in the file of the word at `offset` of a scalar that begins at
/// `at`. YAML may have folded or quoted the scalar, so words are counted, not bytes.
fn locate(file: &SourceFile, at: usize, text: &str, offset: usize) -> Range<usize> {
    let word_char = |c: char| c.is_alphanumeric() || c == '_';
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    // CEL places a selection at its point; the field is what matters.
    offset += usize::from(text[offset..].starts_with('.'));
    let rest = &text[offset..];
    let length = match rest.chars().next() {
        Some(first) if word_char(first) => rest.find(|c| !word_char(c)).unwrap_or(rest.len()),
        Some(first) => first.len_utf8(),
        None => 0,
    };
    let word = &rest[..length];
    let end = line_end(file, at);
    if word.trim().is_empty() {
        return at..end;
    }
    let nth = text[..offset].matches(word).count();
    file.text[at..].match_indices(word).nth(nth).map_or(at..end, |(found, _)| at + found..at + found + length)
}
