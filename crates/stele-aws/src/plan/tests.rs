//! What a plan says of its cost.

use super::*;
use crate::export::tests::plan;

fn priced(costs: &[f64]) -> Plan {
    let mut plan = plan();
    assert!(plan.actions.len() >= costs.len());
    for (action, usd) in plan.actions.iter_mut().zip(costs) {
        let basis = String::new();
        action.monthly_cost_usd = Cost { low: 0.0, expected: *usd, high: usd * 4.0, basis };
    }
    let expected = costs.iter().sum();
    plan.monthly_cost_usd = Cost { expected, high: expected * 4.0, ..Cost::default() };
    plan
}

#[test]
fn a_plan_over_the_budget_names_what_costs_most() {
    let plan = priced(&[0.0, 1.0, 20.0, 3.5, 0.25]);
    let text = plan.over_budget(24.0).unwrap();
    let sum = "the plan is expected to cost $24.75 a month ($0.00 to $99.00), more than the budget \
               of $24.00; most of it: $20.00 for ";
    assert!(text.starts_with(sum), "{text}");
    let place = |usd: &str| text.find(&format!("${usd} for ")).unwrap_or(usize::MAX);
    assert!(place("20.00") < place("3.50") && place("3.50") < place("1.00"), "{text}");
    assert_eq!(place("0.25"), usize::MAX, "three are enough: {text}");
    assert!(text.contains(&plan.actions[2].resource) && text.contains(&plan.actions[2].why));
}

#[test]
fn a_plan_within_the_budget_says_nothing() {
    assert_eq!(priced(&[1.0, 2.0]).over_budget(3.0), None, "as much as the budget is within it");
    assert_eq!(priced(&[]).over_budget(0.0), None);
    // What is free can be had for nothing; what costs a cent cannot.
    assert!(priced(&[0.01]).over_budget(0.0).is_some());
}
