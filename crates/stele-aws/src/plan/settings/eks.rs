//! Logs of the control planes of Kubernetes clusters.

use serde_json::{Value, json};

use crate::plan::Undo;
use crate::plan::setting::{Params, Setting, items, named, nothing, undo};

pub(super) const ALL: &[Setting] = &[Setting {
    call: "eks:UpdateClusterConfig",
    read: "eks:DescribeCluster",
    by: &[("name", "name")],
    find: |answer, _| match &answer["cluster"] {
        Value::Object(cluster) => {
            let logging = cluster.get("logging").unwrap_or(&Value::Null);
            json!({"types": enabled(&logging["clusterLogging"])})
        }
        _ => Value::Null,
    },
    start: nothing,
    settled: |state, params| {
        let on = state["types"].as_array().cloned().unwrap_or_default();
        enabled(&params["logging"]["clusterLogging"]).iter().all(|kind| on.contains(kind))
    },
    undo: back,
    leaves: "",
    contents: "",
}];

/// The types that are on in a list of setups.
fn enabled(setups: &Value) -> Vec<Value> {
    let on = items(setups).iter().filter(|setup| setup["enabled"] == true);
    on.flat_map(|setup| setup["types"].as_array().cloned().unwrap_or_default()).collect()
}

/// What was off is off again; what was on stays on.
fn back(before: &Value, params: &Params) -> Vec<Undo> {
    let on = before["types"].as_array().cloned().unwrap_or_default();
    let mut off = enabled(&params["logging"]["clusterLogging"]);
    off.retain(|kind| !on.contains(kind));
    let mut setups = vec![json!({"types": off, "enabled": false})];
    if !on.is_empty() {
        setups.insert(0, json!({"types": on, "enabled": true}));
    }
    let back = json!({"logging": {"clusterLogging": setups}});
    undo("eks:UpdateClusterConfig", named(params, &["name"], back))
}
