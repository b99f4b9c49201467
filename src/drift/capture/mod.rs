//! What stands of a change, as code: Terraform to take it over, commands to undo it, and the
//! property of the stack's template.

mod revert;
mod template;
mod terraform;

use serde_json::Value;

use super::fold::{IN_FORCE, UNKNOWN};
use crate::inventory::cloudtrail::{Change, Effect};

/// Fills in `terraform`, `revert` and `template`.
pub(super) fn capture(change: &mut Change) {
    (change.terraform, change.revert, change.template) = (None, None, None);
    change.uncaptured_because = None;
    let standing: Vec<Effect> = change
        .effects
        .iter()
        .filter(|effect| effect.touch.action != "did")
        .filter(|effect| effect.stands == IN_FORCE || effect.stands == UNKNOWN)
        .cloned()
        .collect();
    if standing.is_empty() {
        let acts = change.effects.iter().any(|effect| effect.touch.action == "did");
        let why = if acts { "it leaves nothing to write down" } else { "nothing of it stands" };
        change.uncaptured_because = Some(why.to_owned());
        return;
    }
    change.revert = revert::commands(change, &standing);
    change.template = template::properties(change, &standing);
    match terraform::code(change, &standing) {
        Ok(code) => change.terraform = Some(code),
        Err(why) => change.uncaptured_because = Some(why),
    }
}

/// Whether the value can be written down: what CloudTrail hides or leaves out cannot.
fn is_told(value: &Value) -> bool {
    !value.is_null() && *value != HIDDEN
}

const HIDDEN: &str = "HIDDEN_DUE_TO_SECURITY_REASONS";

/// As one word for a shell.
fn word(text: &str) -> String {
    // only a NUL cannot be quoted, and no name of AWS's has one
    shlex::try_quote(text).map_or_else(|_| "''".to_owned(), std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests;
