//! The functions that policies have beside CEL's own.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use cel::extractors::This;
use cel::objects::{Key, Map};
use cel::{Context, Env, ExecutionError, Value, extensions};
use chrono::{DateTime, Utc};
use indexmap::IndexSet;

use super::value;
use crate::cost::{self, Judgement};
use crate::inventory::metrics::{Point, Series};

/// Name, call, and what it gives; `policy explain` and the load check read this.
pub const FUNCTIONS: &[(&str, &str, &str)] = &[
    ("days", "days(n)", "a duration of n days"),
    ("hours", "hours(n)", "a duration of n hours"),
    ("pick", "pick(map, keys)", "the map with those keys alone; null for a key that it lacks"),
    ("pluck", "pluck(map, field)", "each entry's field of that name; null where the entry is null"),
    ("few", "list.few(3)", "the first entries in words, without repetition: `a, b, c and 4 more`"),
    ("usd", "usd(16.425)", "an amount of dollars as text: `$16.43`, whole dollars from a hundred on"),
    (
        "rate",
        "rate(\"NatGateway-Hours\", 0.045)",
        "dollars for a unit of the usage type in the region, by the account's own bill; where that has none, as given",
    ),
    ("total", "metrics.m.total()", "sum of the series"),
    ("peak", "metrics.m.peak()", "largest value of the series"),
    ("median", "metrics.m.median()", "median of the series"),
    (
        "mad",
        "metrics.m.mad()",
        "median absolute deviation, scaled by 1.4826 to compare with a standard deviation",
    ),
    ("quantile", "metrics.m.quantile(0.95)", "quantile of the series, linearly interpolated"),
    ("last", "metrics.m.last()", "value of the latest complete period"),
    ("periods", "metrics.m.periods()", "how many periods have data"),
    ("plus", "metrics.a.plus(metrics.b)", "the two series added up, period by period"),
    (
        "baseline",
        "metrics.m.baseline(7, 8)",
        "the last complete day against those before it: day, value, median, mad, days, same_weekday; \
         of the same weekday once three weeks exist, at most the given weeks; null below the given days",
    ),
];

pub(crate) static ENV: LazyLock<Arc<Env>> = LazyLock::new(|| {
    let mut env = Env::stdlib();
    for extension in [extensions::strings, extensions::math, extensions::lists] {
        // Only a second declaration of the same name fails, which the test below would show.
        let added = env.add_extension(extension);
        debug_assert!(added.is_ok());
    }
    Arc::new(env)
});

/// Whether a call of that name can be answered.
pub(crate) fn is_known(name: &str) -> bool {
    FUNCTIONS.iter().any(|(known, ..)| *known == name)
        || Context::with_env(Arc::clone(&ENV)).add_function(name, || true).is_err()
}

/// A context that has every function, and no variables yet.
pub(crate) fn context<'a>(rates: &BTreeMap<String, f64>) -> Result<Context<'a, 'a>, cel::DeclarationError> {
    let mut context = Context::with_env(Arc::clone(&ENV));
    let rates = rates.clone();
    context.add_function("rate", move |usage_type: Arc<String>, list_price: f64| {
        rates.get(usage_type.as_str()).copied().unwrap_or(list_price)
    })?;
    context.add_function("days", |n: Value| span("days", &n, 86_400.0))?;
    context.add_function("hours", |n: Value| span("hours", &n, 3_600.0))?;
    context.add_function("pick", pick)?;
    context.add_function("usd", |amount: f64| {
        if amount.abs() < 100.0 { format!("${amount:.2}") } else { format!("${amount:.0}") }
    })?;
    context.add_function("pluck", pluck)?;
    context.add_function("few", few)?;
    context.add_function("total", |This(m): This<Value>| Ok(sum(&values(&m)?)))?;
    context.add_function("peak", |This(m): This<Value>| {
        some("peak", values(&m)?.into_iter().reduce(f64::max))
    })?;
    context.add_function("median", |This(m): This<Value>| some("median", cost::median(&values(&m)?)))?;
    context.add_function("mad", |This(m): This<Value>| some("mad", cost::mad(&values(&m)?)))?;
    context.add_function("quantile", |This(m): This<Value>, q: f64| {
        some("quantile", cost::quantile(&values(&m)?, q))
    })?;
    context.add_function("last", |This(m): This<Value>| some("last", values(&m)?.last().copied()))?;
    context.add_function("periods", |This(m): This<Value>| {
        values(&m).map(|v| i64::try_from(v.len()).unwrap_or(i64::MAX))
    })?;
    context.add_function("plus", plus)?;
    context.add_function("baseline", baseline)?;
    Ok(context)
}

/// A series as CEL holds it: opaque to policies but for the functions above.
pub(crate) fn series_value(series: &Series) -> Value {
    let points = series
        .points
        .iter()
        .map(|point| Value::List(Arc::new(vec![Value::Int(point.at.timestamp()), Value::Float(point.value)])))
        .collect::<Vec<_>>();
    value::map([
        ("points".to_owned(), Value::List(Arc::new(points))),
        ("incomplete".to_owned(), series.incomplete.clone().map_or(Value::Null, Value::from)),
    ])
}

fn span(name: &str, n: &Value, seconds: f64) -> Result<Value, ExecutionError> {
    let n = match n {
        #[expect(clippy::cast_precision_loss, reason = "days and hours that matter are small")]
        Value::Int(n) => *n as f64,
        Value::Float(n) => *n,
        _ => return Err(error(name, format!("{name} takes a number"))),
    };
    let duration = std::time::Duration::try_from_secs_f64(n * seconds)
        .ok()
        .and_then(|d| chrono::Duration::from_std(d).ok())
        .ok_or_else(|| error(name, format!("{name}({n}) is not a length of time")))?;
    Ok(Value::Duration(duration))
}

#[expect(clippy::needless_pass_by_value, reason = "cel hands arguments over by value")]
fn pick(from: Value, keys: Arc<Vec<Value>>) -> Result<Value, ExecutionError> {
    let Value::Map(from) = from else {
        return Err(error("pick", "pick takes a map and a list of keys"));
    };
    Ok(value::map(keys.iter().map(|key| {
        let name = value::to_text(key);
        let value = from.get(&Key::from(name.as_str())).cloned().unwrap_or(Value::Null);
        (name, value)
    })))
}

#[expect(clippy::needless_pass_by_value, reason = "cel hands arguments over by value")]
fn pluck(from: Value, field: Arc<String>) -> Result<Value, ExecutionError> {
    let Value::Map(from) = from else {
        return Err(error("pluck", "pluck takes a map and the name of a field"));
    };
    Ok(value::map(from.map.iter().map(|(name, entry)| {
        let found = match entry {
            Value::Map(entry) => entry.get(&Key::from(field.as_str())).cloned(),
            _ => None,
        };
        (name.to_string(), found.unwrap_or(Value::Null))
    })))
}

fn few(This(list): This<Value>, limit: i64) -> Result<Value, ExecutionError> {
    let Value::List(list) = list else {
        return Err(error("few", "few takes a list"));
    };
    let limit = usize::try_from(limit).map_err(|_| error("few", "a number of entries is not negative"))?;
    let entries: IndexSet<String> = list.iter().map(value::to_text).collect();
    let mut shown: Vec<&str> = entries.iter().take(limit).map(String::as_str).collect();
    let more = entries.len() - shown.len();
    let rest = format!("{more} more");
    if more > 0 {
        shown.push(&rest);
    }
    Ok(Value::from(match shown.as_slice() {
        [] => "none".to_owned(),
        [one] => (*one).to_owned(),
        [before @ .., end] => format!("{} and {end}", before.join(", ")),
    }))
}

#[expect(clippy::needless_pass_by_value, reason = "cel hands arguments over by value")]
fn plus(This(a): This<Value>, b: Value) -> Result<Value, ExecutionError> {
    let mut sum: BTreeMap<DateTime<Utc>, f64> = BTreeMap::new();
    for point in points(&a)?.into_iter().chain(points(&b)?) {
        *sum.entry(point.at).or_default() += point.value;
    }
    let points = sum.into_iter().map(|(at, value)| Point { at, value }).collect();
    Ok(series_value(&Series { points, incomplete: None }))
}

fn baseline(This(m): This<Value>, min_days: i64, max_weeks: i64) -> Result<Value, ExecutionError> {
    let whole = |n: i64| usize::try_from(n).map_err(|_| error("baseline", "days and weeks are not negative"));
    let judged = match cost::judge_last_day(&points(&m)?, whole(min_days)?, whole(max_weeks)?) {
        Judgement::Judged(judged) => judged,
        Judgement::TooFewDays { .. } => return Ok(Value::Null),
    };
    Ok(value::map([
        ("day".to_owned(), Value::from(judged.day.format("%A %Y-%m-%d").to_string())),
        ("value".to_owned(), Value::Float(judged.value)),
        ("median".to_owned(), Value::Float(judged.median)),
        ("mad".to_owned(), Value::Float(judged.mad)),
        ("days".to_owned(), Value::Int(i64::try_from(judged.days).unwrap_or(i64::MAX))),
        ("same_weekday".to_owned(), Value::Bool(judged.same_weekday)),
    ]))
}

fn points(series: &Value) -> Result<Vec<Point>, ExecutionError> {
    let Value::Map(series) = series else {
        return Err(error("metrics", "this takes a metric's series"));
    };
    if let Some(Value::String(reason)) = series.get(&Key::from("incomplete")) {
        return Err(error("metrics", reason));
    }
    let Some(Value::List(points)) = series.get(&Key::from("points")) else {
        return Err(error("metrics", "this takes a metric's series"));
    };
    Ok(points.iter().filter_map(point).collect())
}

fn point(value: &Value) -> Option<Point> {
    let Value::List(pair) = value else { return None };
    match pair.as_slice() {
        [Value::Int(at), Value::Float(value)] => {
            Some(Point { at: DateTime::from_timestamp(*at, 0)?, value: *value })
        }
        _ => None,
    }
}

fn values(series: &Value) -> Result<Vec<f64>, ExecutionError> {
    if let Value::List(numbers) = series {
        return Ok(numbers
            .iter()
            .filter_map(|number| match number {
                #[expect(clippy::cast_precision_loss, reason = "statistics are approximate anyway")]
                Value::Int(n) => Some(*n as f64),
                Value::Float(n) => Some(*n),
                _ => None,
            })
            .collect());
    }
    Ok(points(series)?.into_iter().map(|point| point.value).collect())
}

fn sum(values: &[f64]) -> f64 {
    values.iter().sum()
}

fn some(name: &str, value: Option<f64>) -> Result<f64, ExecutionError> {
    value.ok_or_else(|| error(name, "the metric has no data"))
}

fn error(name: &str, message: impl ToString) -> ExecutionError {
    ExecutionError::function_error(name, message)
}

/// Keeps cel's map type out of the callers' signatures.
pub(crate) fn empty_map() -> Value {
    Value::Map(Map { map: Arc::default() })
}

#[cfg(test)]
mod tests {
    use cel::Program;

    use super::*;

    #[test]
    fn every_function_is_declared_under_its_own_name() {
        assert!(context(&BTreeMap::new()).is_ok());
        for (name, ..) in FUNCTIONS {
            assert!(
                Context::with_env(Arc::clone(&ENV)).add_function(name, || true).is_ok(),
                "{name} is CEL's own already"
            );
        }
        assert!(is_known("size") && is_known("join") && is_known("days") && !is_known("nofn"));
    }

    #[test]
    fn a_series_that_is_incomplete_says_why_and_only_where_it_matters() {
        let series = Series { points: vec![], incomplete: Some("GetMetricData was denied".into()) };
        let mut context = context(&BTreeMap::new()).unwrap();
        context.add_variable_from_value("m", series_value(&series));
        let error = Program::compile("m.total() > 1.0").unwrap().execute(&context).unwrap_err();
        assert!(error.to_string().contains("GetMetricData was denied"));
        assert_eq!(
            Program::compile("true || m.total() > 1.0").unwrap().execute(&context),
            Ok(Value::Bool(true))
        );
    }

    #[test]
    fn pick_gives_null_for_what_is_not_there() {
        let context = context(&BTreeMap::new()).unwrap();
        let picked =
            Program::compile("pick({'a': 1, 'b': 2}, ['a', 'c'])").unwrap().execute(&context).unwrap();
        assert_eq!(value::to_json(&picked), serde_json::json!({ "a": 1, "c": null }));
    }

    #[test]
    fn pluck_takes_one_field_of_each_entry() {
        let context = context(&BTreeMap::new()).unwrap();
        let plucked = Program::compile("pluck({'a': {'x': 1}, 'b': {'x': null}, 'c': null}, 'x')")
            .unwrap()
            .execute(&context)
            .unwrap();
        assert_eq!(value::to_json(&plucked), serde_json::json!({ "a": 1, "b": null, "c": null }));
    }

    #[test]
    fn few_names_the_first_and_counts_the_rest() {
        let context = context(&BTreeMap::new()).unwrap();
        let few = |call: &str| Program::compile(call).unwrap().execute(&context).unwrap();
        for (call, text) in [
            ("[].few(2)", "none"),
            ("['a'].few(2)", "a"),
            ("['a', 'b', 'a'].few(2)", "a and b"),
            ("['a', 'b', 'c', 'd'].few(2)", "a, b and 2 more"),
        ] {
            assert_eq!(few(call), Value::from(text), "{call}");
        }
    }
}
