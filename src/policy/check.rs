//! What can be known to be wrong with an expression before it ever runs:
//! unknown names, functions and fields, and types that cannot go together.

mod types;

use std::collections::BTreeMap;

use cel::common::ast::operators as op;
use cel::common::ast::{Expr, IdedExpr, LiteralValue};
use serde_json::Value as Json;

use super::expression::{Expression, children};
use super::functions::{self, FUNCTIONS};
use crate::config::diagnostic::{Diagnostic, SourceFile, did_you_mean};
use crate::inventory::generic::snake;
pub(crate) use types::{Kind, Type, kinds, resolve};

/// The names that every expression knows.
const ROOTS: [&str; 6] = ["resource", "params", "variables", "metrics", "now", "migration"];

/// When Heroku was left, and what it was to cost then; each null unless the configuration says so.
const MIGRATION: [&str; 3] = ["cutover", "rollback_until", "expected_monthly_usd"];

/// The names that an expression may use.
#[derive(Debug)]
pub(crate) struct Names<'a> {
    pub(crate) resource_type: &'a str,
    /// Root schema of the resource type.
    pub(crate) schema: &'a Json,
    pub(crate) params: BTreeMap<&'a str, Kind>,
    pub(crate) variables: BTreeMap<&'a str, Type<'a>>,
    /// `None` where metrics have not been asked for yet.
    pub(crate) metrics: Option<Vec<&'a str>>,
}

/// Checks the expression and tells its type.
pub(crate) fn check<'a>(
    file: &SourceFile,
    expression: &Expression,
    names: &Names<'a>,
    problems: &mut Vec<Diagnostic>,
) -> Type<'a> {
    let mut checker = Checker { file, expression, names, problems };
    checker.infer(&expression.ast, &mut Vec::new())
}

/// Refuses an expression that is known to be neither true nor false.
pub(crate) fn require_bool(
    file: &SourceFile,
    expression: &Expression,
    found: &Type<'_>,
    names: &Names<'_>,
    problems: &mut Vec<Diagnostic>,
) {
    let kinds = kinds(found, names.schema);
    if !kinds.is_empty() && !kinds.contains(&Kind::Bool) {
        problems.push(file.diagnostic(
            expression.whole_span(file),
            format!("this is {}, not true or false", kinds[0].as_str()),
            "compare it with something, for example `!= null`",
        ));
    }
}

struct Checker<'c, 'a> {
    file: &'c SourceFile,
    expression: &'c Expression,
    names: &'c Names<'a>,
    problems: &'c mut Vec<Diagnostic>,
}

type Bound<'a> = Vec<(String, Type<'a>)>;

impl<'a> Checker<'_, 'a> {
    fn problem(&mut self, node: &IdedExpr, message: String, help: String) {
        self.problems.push(self.file.diagnostic(self.expression.span(self.file, node), message, help));
    }

    fn infer(&mut self, node: &IdedExpr, bound: &mut Bound<'a>) -> Type<'a> {
        match &node.expr {
            Expr::Literal(literal) => Type::Of(match literal {
                LiteralValue::Boolean(_) => Kind::Bool,
                LiteralValue::Int(_) | LiteralValue::UInt(_) => Kind::Int,
                LiteralValue::Double(_) => Kind::Double,
                LiteralValue::String(_) | LiteralValue::Bytes(_) => Kind::String,
                LiteralValue::Null => Kind::Null,
            }),
            Expr::Ident(name) => self.ident(node, name, bound),
            Expr::Select(select) => {
                if let Expr::Ident(root) = &select.operand.expr
                    && !bound.iter().any(|(name, _)| name == root)
                    && let Some(found) = self.root_member(node, root, &select.field)
                {
                    return found;
                }
                let operand = self.infer(&select.operand, bound);
                self.field(node, &operand, &select.field)
            }
            Expr::Call(call) => {
                // `math.ceil(…)` is a function in a namespace, not a method of something called `math`.
                let namespaced = call.target.as_deref().and_then(|target| match &target.expr {
                    Expr::Ident(space) => Some(format!("{space}.{}", call.func_name)),
                    _ => None,
                });
                if namespaced.is_some_and(|name| functions::is_known(&name)) {
                    call.args.iter().for_each(|arg| drop(self.infer(arg, bound)));
                    return Type::Any;
                }
                let target = call.target.as_ref().map(|target| self.infer(target, bound));
                let arguments: Vec<Type<'a>> = call.args.iter().map(|arg| self.infer(arg, bound)).collect();
                self.call(node, &call.func_name, target.as_ref(), &arguments)
            }
            Expr::List(list) => {
                let items: Vec<Type<'a>> = list.elements.iter().map(|item| self.infer(item, bound)).collect();
                match items.first() {
                    Some(first) if items.iter().all(|item| item == first) => {
                        Type::List(Box::new(first.clone()))
                    }
                    _ => Type::List(Box::new(Type::Any)),
                }
            }
            Expr::Comprehension(c) => {
                let range = self.infer(&c.iter_range, bound);
                let item = self.item(&range);
                if ROOTS.contains(&c.iter_var.as_str()) {
                    self.problem(
                        node,
                        format!("`{}` cannot be the name of a loop variable", c.iter_var),
                        "choose another name".to_owned(),
                    );
                }
                let depth = bound.len();
                bound.push((c.iter_var.clone(), item));
                bound.extend(c.iter_var2.iter().map(|name| (name.clone(), Type::Any)));
                let start = self.infer(&c.accu_init, bound);
                bound.push((c.accu_var.clone(), start));
                self.infer(&c.loop_cond, bound);
                let step = self.infer(&c.loop_step, bound);
                if let Some((_, accumulated)) = bound.last_mut() {
                    *accumulated = step;
                }
                let result = self.infer(&c.result, bound);
                bound.truncate(depth);
                result
            }
            Expr::Map(_) | Expr::Struct(_) => {
                for child in children(node) {
                    self.infer(child, bound);
                }
                Type::Of(Kind::Map)
            }
            Expr::Unspecified => Type::Any,
        }
    }

    fn ident(&mut self, node: &IdedExpr, name: &str, bound: &Bound<'a>) -> Type<'a> {
        if let Some((_, found)) = bound.iter().rev().find(|(bound, _)| bound == name) {
            return found.clone();
        }
        match name {
            "resource" => Type::Schema(self.names.schema),
            "now" => Type::Of(Kind::Timestamp),
            "params" | "variables" | "metrics" | "migration" => Type::Of(Kind::Map),
            _ => {
                let known = ROOTS;
                let help = did_you_mean(name, known.into_iter().chain(bound.iter().map(|(n, _)| n.as_str())))
                    .unwrap_or_else(|| format!("expressions know: {}", known.join(", ")));
                self.problem(node, format!("unknown name `{name}`"), help);
                Type::Any
            }
        }
    }

    /// A member of `params`, `variables`, `metrics` or `migration`.
    fn root_member(&mut self, node: &IdedExpr, root: &str, member: &str) -> Option<Type<'a>> {
        let (found, known): (Option<Type<'a>>, Vec<&str>) = match root {
            "params" => (
                self.names.params.get(member).map(|kind| Type::Of(*kind)),
                self.names.params.keys().copied().collect(),
            ),
            "variables" => {
                (self.names.variables.get(member).cloned(), self.names.variables.keys().copied().collect())
            }
            "metrics" => {
                let Some(metrics) = &self.names.metrics else {
                    self.problem(
                        node,
                        "metrics are not known here yet".to_owned(),
                        "`dimensions` and `when` of a metric see only resource, params and now".to_owned(),
                    );
                    return Some(Type::Any);
                };
                (metrics.contains(&member).then_some(Type::Any), metrics.clone())
            }
            "migration" => (MIGRATION.contains(&member).then_some(Type::Any), MIGRATION.to_vec()),
            _ => return None,
        };
        if found.is_none() {
            let help = did_you_mean(member, known.iter().copied()).unwrap_or_else(|| {
                if known.is_empty() {
                    format!("add `{member}` under `{root}:`")
                } else {
                    format!("declared here: {}", known.join(", "))
                }
            });
            self.problem(node, format!("`{root}` has no `{member}` at this point"), help);
        }
        Some(found.unwrap_or(Type::Any))
    }

    fn field(&mut self, node: &IdedExpr, operand: &Type<'a>, field: &str) -> Type<'a> {
        let Type::Schema(schema) = operand else {
            return Type::Any;
        };
        let Some(schema) = resolve(schema, self.names.schema) else {
            return Type::Any;
        };
        if let Some(properties) = schema.get("properties").and_then(Json::as_object) {
            if let Some(found) = properties.get(field) {
                return Type::Schema(found);
            }
            let what =
                if std::ptr::eq(schema, self.names.schema) { self.names.resource_type } else { "this" };
            let help = did_you_mean(field, properties.keys().map(String::as_str)).unwrap_or_else(|| {
                format!("its fields are: {}", properties.keys().cloned().collect::<Vec<_>>().join(", "))
            });
            self.problem(node, format!("no field `{field}` on {what}"), help);
            return Type::Any;
        }
        if let Some(value @ Json::Object(_)) = schema.get("additionalProperties") {
            return Type::Schema(value);
        }
        // of a type that is not built in the fields are unknown, but not how they are written
        if std::ptr::eq(schema, self.names.schema) && snake(field) != field {
            self.problem(
                node,
                format!("no field `{field}` on {}", self.names.resource_type),
                format!("fields are in snake_case: did you mean `{}`?", snake(field)),
            );
        }
        Type::Any
    }

    fn item(&self, range: &Type<'a>) -> Type<'a> {
        match range {
            Type::List(item) => (**item).clone(),
            Type::Schema(schema) => resolve(schema, self.names.schema).map_or(Type::Any, |schema| {
                match (schema.get("items"), schema.get("additionalProperties")) {
                    (Some(items), _) => Type::Schema(items),
                    (None, Some(_)) => Type::Of(Kind::String),
                    (None, None) => Type::Any,
                }
            }),
            _ => Type::Any,
        }
    }

    fn call(
        &mut self,
        node: &IdedExpr,
        name: &str,
        target: Option<&Type<'a>>,
        arguments: &[Type<'a>],
    ) -> Type<'a> {
        let bool = Type::Of(Kind::Bool);
        match (name, arguments) {
            (
                op::EQUALS | op::NOT_EQUALS | op::LESS | op::LESS_EQUALS | op::GREATER | op::GREATER_EQUALS,
                [a, b],
            ) => {
                self.comparable(node, name, a, b);
                bool
            }
            (op::LOGICAL_AND | op::LOGICAL_OR | op::LOGICAL_NOT | op::IN, _) => bool,
            (op::ADD, [a, b]) if self.is_list(a) || self.is_list(b) => {
                let empty = |t: &Type<'_>| matches!(t, Type::List(item) if **item == Type::Any);
                if empty(a) { b.clone() } else { a.clone() }
            }
            (op::ADD | op::SUBSTRACT | op::MULTIPLY | op::DIVIDE | op::MODULO, [a, b]) => {
                self.arithmetic(node, a, b)
            }
            (op::CONDITIONAL, [_, yes, no]) => {
                if kinds(yes, self.names.schema) == [Kind::Null] {
                    no.clone()
                } else {
                    yes.clone()
                }
            }
            (op::INDEX, [from, _]) => match from {
                Type::Schema(schema) => match resolve(schema, self.names.schema) {
                    Some(schema) => {
                        match schema.get("items").or_else(|| schema.get("additionalProperties")) {
                            Some(inner @ Json::Object(_)) => Type::Schema(inner),
                            _ => Type::Any,
                        }
                    }
                    None => Type::Any,
                },
                Type::List(item) => (**item).clone(),
                _ => Type::Any,
            },
            ("size" | "int" | "periods", _) => Type::Of(Kind::Int),
            ("double" | "total" | "peak" | "median" | "mad" | "quantile" | "last", _) => {
                Type::Of(Kind::Double)
            }
            ("string" | "join" | "few", _) => Type::Of(Kind::String),
            ("startsWith" | "endsWith" | "contains" | "matches", _) => bool,
            ("days" | "hours" | "duration", _) => Type::Of(Kind::Duration),
            ("timestamp", _) => Type::Of(Kind::Timestamp),
            _ => {
                let operator = name.starts_with('@') || !name.contains(char::is_alphanumeric);
                if !operator && !functions::is_known(name) {
                    let ours = FUNCTIONS.iter().map(|(name, ..)| *name);
                    let cel = [
                        "size",
                        "contains",
                        "startsWith",
                        "endsWith",
                        "matches",
                        "exists",
                        "all",
                        "filter",
                        "map",
                    ];
                    let help = did_you_mean(name, ours.chain(cel))
                        .unwrap_or_else(|| "`aftermove policy explain functions` lists them".to_owned());
                    self.problem(node, format!("unknown function `{name}`"), help);
                }
                if name == "reverse" || name == "distinct" || name == "sort" {
                    return target.cloned().unwrap_or(Type::Any);
                }
                Type::Any
            }
        }
    }

    fn is_list(&self, found: &Type<'_>) -> bool {
        kinds(found, self.names.schema) == [Kind::List]
    }

    fn comparable(&mut self, node: &IdedExpr, name: &str, a: &Type<'a>, b: &Type<'a>) {
        let (left, right) = (kinds(a, self.names.schema), kinds(b, self.names.schema));
        if left.is_empty() || right.is_empty() {
            return;
        }
        // cel compares ints with doubles, and anything may be equal to null.
        let family = |kind: &Kind| if *kind == Kind::Double { Kind::Int } else { *kind };
        let equality = name == op::EQUALS || name == op::NOT_EQUALS;
        let null = |kinds: &[Kind]| kinds.contains(&Kind::Null);
        let meets = left.iter().any(|l| right.iter().any(|r| family(l) == family(r) && *l != Kind::Null));
        if !meets
            && !(equality && (left == [Kind::Null] || right == [Kind::Null] || null(&left) && null(&right)))
        {
            let (l, r) = (left[0].as_str(), right[0].as_str());
            self.problem(
                node,
                format!("compares {l} with {r}"),
                "compare values of one type; `string(x)`, `int(x)` and `double(x)` convert".to_owned(),
            );
        }
    }

    fn arithmetic(&mut self, node: &IdedExpr, a: &Type<'a>, b: &Type<'a>) -> Type<'a> {
        let only = |t: &Type<'_>| {
            let mut kinds = kinds(t, self.names.schema);
            kinds.retain(|kind| *kind != Kind::Null);
            (kinds.len() == 1).then(|| kinds[0])
        };
        match (only(a), only(b)) {
            (Some(Kind::Int), Some(Kind::Double)) | (Some(Kind::Double), Some(Kind::Int)) => {
                self.problem(
                    node,
                    "CEL does not mix int and double".to_owned(),
                    "convert the int with `double(…)`, or write the number with a point: `10.0`".to_owned(),
                );
                Type::Of(Kind::Double)
            }
            (Some(Kind::Timestamp), Some(Kind::Timestamp)) => Type::Of(Kind::Duration),
            (Some(Kind::Timestamp), _) | (_, Some(Kind::Timestamp)) => Type::Of(Kind::Timestamp),
            (Some(left), Some(right)) if left == right => Type::Of(left),
            _ => Type::Any,
        }
    }
}
