//! Between JSON and CEL.
//!
//! Every integer becomes CEL's `int`: cel compares `uint` and `int`, but does
//! not add them up.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use cel::Value as Cel;
use cel::common::types::{
    CelBool, CelDouble, CelInt, CelList, CelMap, CelMapKey, CelNull, CelString, CelTimestamp,
};
use cel::common::value::Val;
use cel::objects::{Key, Map};
use chrono::DateTime;
use indexmap::IndexMap;
use serde_json::Value as Json;

/// What CEL evaluates, with the JSON's own texts: a copy of every resource would cost
/// more than its evaluation. `timestamps` names the fields whose text is a date and time.
pub(crate) fn to_cel<'v>(json: &'v Json, timestamps: &BTreeSet<String>) -> Box<dyn Val + 'v> {
    match json {
        Json::Null => Box::new(CelNull),
        Json::Bool(value) => Box::new(CelBool::from(*value)),
        Json::Number(number) => match number.as_i64() {
            Some(integer) => Box::new(CelInt::from(integer)),
            None => Box::new(CelDouble::from(number.as_f64().unwrap_or(f64::NAN))),
        },
        Json::String(text) => Box::new(CelString::from(text.as_str())),
        Json::Array(items) => {
            let items: Vec<Box<dyn Val + 'v>> = items.iter().map(|item| to_cel(item, timestamps)).collect();
            Box::new(CelList::from(items))
        }
        Json::Object(fields) => {
            let entries = fields.iter().map(|(name, value)| {
                let time = value
                    .as_str()
                    .filter(|_| timestamps.contains(name))
                    .and_then(|text| DateTime::parse_from_rfc3339(text).ok());
                let value = match time {
                    Some(time) => Box::new(CelTimestamp::from(time)),
                    None => to_cel(value, timestamps),
                };
                (CelMapKey::from(name.as_str()), value)
            });
            Box::new(CelMap::from(entries.collect::<HashMap<_, _>>()))
        }
    }
}

/// Parameters belong to a policy, not to a resource.
pub(crate) fn params_to_cel(params: &IndexMap<String, Json>) -> Box<dyn Val + '_> {
    let entries =
        params.iter().map(|(name, value)| (CelMapKey::from(name.as_str()), to_cel(value, &BTreeSet::new())));
    Box::new(CelMap::from(entries.collect::<HashMap<_, _>>()))
}

pub(crate) fn map(entries: impl IntoIterator<Item = (String, Cel)>) -> Cel {
    let entries: HashMap<Key, Cel> =
        entries.into_iter().map(|(name, value)| (Key::String(Arc::new(name)), value)).collect();
    Cel::Map(Map { map: Arc::new(entries) })
}

/// Maps come out sorted by key, since CEL's have no order.
pub(crate) fn to_json(value: &Cel) -> Json {
    match value {
        Cel::List(items) => Json::Array(items.iter().map(to_json).collect()),
        Cel::Map(map) => {
            let mut entries: Vec<(String, Json)> =
                map.map.iter().map(|(key, value)| (key.to_string(), to_json(value))).collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            Json::Object(entries.into_iter().collect())
        }
        Cel::Timestamp(at) => Json::String(at.format("%Y-%m-%dT%H:%M:%SZ").to_string()),
        other => other.json().unwrap_or(Json::Null),
    }
}

/// A value as a message shows it.
pub(crate) fn to_text(value: &Cel) -> String {
    match value {
        Cel::Null => "none".to_owned(),
        Cel::Bool(value) => value.to_string(),
        Cel::Int(value) => value.to_string(),
        Cel::UInt(value) => value.to_string(),
        Cel::Float(value) => number(*value),
        Cel::String(text) => text.to_string(),
        Cel::List(items) => items.iter().map(to_text).collect::<Vec<_>>().join(", "),
        Cel::Timestamp(at) => at.format("%Y-%m-%d %H:%M UTC").to_string(),
        Cel::Duration(duration) => format!("{} h", number(duration.as_seconds_f64() / 3600.0)),
        other => to_json(other).to_string(),
    }
}

/// Three figures are enough to act on.
fn number(value: f64) -> String {
    let text = match value.abs() {
        v if v >= 100.0 => format!("{value:.0}"),
        v if v >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    };
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use cel::{Context, Program};
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn holds(expression: &str, json: &Json) -> bool {
        let mut context = Context::default();
        context.add_variable_as_val("r", to_cel(json, &BTreeSet::new()));
        Program::compile(expression).unwrap().execute(&context).unwrap() == Cel::Bool(true)
    }

    #[test]
    fn integers_compare_and_add_whatever_their_json_sign() {
        for expression in ["r.n == 7", "r.n in [7]", "r.n + 1 == 8", "r.n > 6", "r.big > 0", "r.none == null"]
        {
            assert!(
                holds(expression, &json!({ "n": 7u64, "big": 5_000_000_000u64, "none": null })),
                "{expression}"
            );
        }
    }

    #[test]
    fn numbers_are_shown_with_three_figures_at_most() {
        let shown: Vec<String> = [0.0, 0.126, 2.5, 12.34, 612.7, 1000.0].into_iter().map(number).collect();
        assert_eq!(shown, ["0", "0.13", "2.5", "12.3", "613", "1000"]);
    }

    #[test]
    fn only_named_fields_become_timestamps() {
        let fields = BTreeSet::from(["created_at".to_owned()]);
        let value = json!({ "created_at": "2026-11-01T00:00:00Z", "name": "2026-11-01T00:00:00Z" });
        let Ok(Cel::Map(map)) = Cel::try_from(&*to_cel(&value, &fields)) else {
            panic!("an object becomes a map")
        };
        assert!(matches!(map.get(&Key::from("created_at")), Some(Cel::Timestamp(_))));
        assert!(matches!(map.get(&Key::from("name")), Some(Cel::String(_))));
    }

    proptest! {
        #[test]
        fn json_survives_the_way_to_cel_and_back(text in ".*", n in any::<i64>(), flag in any::<bool>()) {
            let value = json!({ "a": [text, n, flag, null], "b": { "c": 1.5 } });
            let there = Cel::try_from(&*to_cel(&value, &BTreeSet::new())).unwrap();
            prop_assert_eq!(to_json(&there), value);
        }
    }
}
