//! A plan for people: each change as a difference, with its cost and its undoing.

use std::fmt::Write as _;

use serde_json::Value;
use stele_aws::plan::{Action, Cost, Plan};

/// Characters of a value that are shown.
const SHOWN_CHARS: usize = 160;

/// The whole table.
pub(super) fn table(plan: &Plan) -> String {
    let mut text = String::new();
    for action in &plan.actions {
        show(&mut text, action, plan.scope.accounts.len() > 1);
    }
    if !plan.blocked.is_empty() {
        let _ = writeln!(text, "Only you can decide or do:");
        for blocked in &plan.blocked {
            let _ =
                writeln!(text, "    {} {} {}", blocked.finding, blocked.region, blocked.resource);
            let _ = writeln!(text, "        {}", blocked.reason);
            for choice in &blocked.choices {
                let _ = writeln!(text, "        - {choice}");
            }
        }
        text.push('\n');
    }
    for warning in &plan.warnings {
        let _ = writeln!(text, "note: {warning}");
    }
    let left = plan.actions.iter().filter(|action| !action.reversible).count();
    let _ = writeln!(
        text,
        "{} to do, {} of them not undone without a trace, {} blocked; {} a month",
        plan.actions.len(),
        left,
        plan.blocked.len(),
        cost(&plan.monthly_cost_usd),
    );
    if !plan.monthly_cost_usd.basis.is_empty() && !plan.actions.is_empty() {
        let _ = writeln!(
            text,
            "the costs are estimates: {}, volumes as far as they are known",
            plan.monthly_cost_usd.basis
        );
    }
    text
}

fn show(text: &mut String, action: &Action, several: bool) {
    let account = if several { format!("{} ", action.account) } else { String::new() };
    let after: Vec<String> = action.after.iter().map(|n| format!("{n}")).collect();
    let after =
        if after.is_empty() { String::new() } else { format!("  (after {})", after.join(", ")) };
    let _ = writeln!(text, "{:>3}. {}{after}", action.n, action.why);
    let _ =
        writeln!(text, "     {} in {account}{}: {}", action.call, action.region, action.resource);
    for line in difference(action) {
        let _ = writeln!(text, "       {line}");
    }
    if action.monthly_cost_usd.high > 0.0 {
        let Cost { basis, .. } = &action.monthly_cost_usd;
        let _ = writeln!(text, "     costs {} a month ({basis})", cost(&action.monthly_cost_usd));
    }
    let calls: Vec<&str> = action.undo.iter().map(|undo| undo.call.as_str()).collect();
    let _ = match (calls.is_empty(), action.leaves.is_empty()) {
        (true, _) => writeln!(text, "     undoing leaves {}", action.leaves),
        (false, true) => writeln!(text, "     undone by {}", calls.join(", ")),
        (false, false) => {
            writeln!(text, "     undone by {}, which leaves {}", calls.join(", "), action.leaves)
        }
    };
    for warning in &action.warnings {
        let _ = writeln!(text, "     note: {warning}");
    }
    text.push('\n');
}

/// What changes: what is there now with a minus, what will be with a plus.
fn difference(action: &Action) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, value) in &action.params {
        let now = action.before.get(name).cloned().unwrap_or_default();
        if statements(&now, value, &mut lines) || now == *value {
            continue;
        }
        if !now.is_null() {
            lines.push(format!("- {name} = {}", short(&now)));
        }
        lines.push(format!("+ {name} = {}", short(value)));
    }
    lines
}

/// Of two policies only the statements that are not in both.
fn statements(now: &Value, then: &Value, lines: &mut Vec<String>) -> bool {
    let parsed = |value: &Value| -> Option<Vec<Value>> {
        let policy: Value = serde_json::from_str(value.as_str()?).ok()?;
        match policy.get("Statement")? {
            Value::Array(all) => Some(all.clone()),
            one => Some(vec![one.clone()]),
        }
    };
    let Some(then) = parsed(then) else { return false };
    let now = parsed(now).unwrap_or_default();
    let kept = now.iter().filter(|statement| then.contains(statement)).count();
    if kept > 0 {
        lines.push(format!("  {kept} statements stay as they are"));
    }
    for statement in now.iter().filter(|statement| !then.contains(statement)) {
        lines.push(format!("- {}", short(statement)));
    }
    for statement in then.iter().filter(|statement| !now.contains(statement)) {
        lines.push(format!("+ {}", short(statement)));
    }
    true
}

fn short(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if text.chars().count() <= SHOWN_CHARS {
        return text;
    }
    let cut: String = text.chars().take(SHOWN_CHARS).collect();
    format!("{cut}… ({} characters; --format json shows all)", text.chars().count())
}

fn cost(cost: &Cost) -> String {
    if (cost.high - cost.low).abs() < 0.005 {
        return format!("${:.2}", cost.expected);
    }
    format!("${:.2} ({:.2} to {:.2})", cost.expected, cost.low, cost.high)
}
