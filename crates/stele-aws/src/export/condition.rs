//! Conditions: a part of a template is made when any of the switches that need it is on.

use std::collections::{BTreeMap, BTreeSet};

use super::template::{entry, reference};
use super::yaml::{Doc, Entry};

/// The name of the condition for any of some switches.
pub(super) fn condition_name(switches: &BTreeSet<&'static str>) -> String {
    let names: Vec<&str> =
        switches.iter().map(|name| name.strip_prefix("With").unwrap_or(name)).collect();
    format!("{}IsWanted", names.join("Or"))
}

/// The conditions for sets of switches, and for each switch in one of several.
pub(super) fn conditions(wanted: &BTreeSet<BTreeSet<&'static str>>) -> Vec<Entry> {
    let mut all: BTreeMap<String, Doc> = BTreeMap::new();
    for switches in wanted.iter().filter(|switches| !switches.is_empty()) {
        for switch in switches {
            let name = condition_name(&BTreeSet::from([*switch]));
            let is_on = Doc::List(vec![reference(switch), Doc::text("true")]);
            all.insert(name, Doc::map([("Fn::Equals", is_on)]));
        }
        if switches.len() > 1 {
            let each: Vec<Doc> = switches
                .iter()
                .map(|switch| {
                    let name = condition_name(&BTreeSet::from([*switch]));
                    Doc::map([("Condition", Doc::text(name))])
                })
                .collect();
            all.insert(condition_name(switches), any(each));
        }
    }
    all.into_iter().map(|(name, condition)| entry(name, condition)).collect()
}

/// `Fn::Or` takes two to ten conditions.
fn any(mut each: Vec<Doc>) -> Doc {
    const MAX: usize = 10;
    while each.len() > MAX {
        let rest = each.split_off(MAX - 1);
        each.push(any(rest));
    }
    Doc::map([("Fn::Or", Doc::List(each))])
}
