//! Logs that databases export to CloudWatch. Only the missing types are named, so others stay.

use serde_json::{Value, json};

use crate::plan::Undo;
use crate::plan::setting::{Params, Setting, items, named, nothing, pick, undo};

pub(super) const ALL: &[Setting] = &[
    Setting {
        call: "rds:ModifyDBInstance",
        read: "rds:DescribeDBInstances",
        by: &[("DBInstanceIdentifier", "DBInstanceIdentifier")],
        find: |list, params| exports(list, "DBInstanceIdentifier", params),
        start: nothing,
        settled,
        undo: |before, params| back("rds:ModifyDBInstance", "DBInstanceIdentifier", before, params),
        leaves: "",
        contents: "",
    },
    Setting {
        call: "rds:ModifyDBCluster",
        read: "rds:DescribeDBClusters",
        by: &[("DBClusterIdentifier", "DBClusterIdentifier")],
        find: |list, params| exports(list, "DBClusterIdentifier", params),
        start: nothing,
        settled,
        undo: |before, params| back("rds:ModifyDBCluster", "DBClusterIdentifier", before, params),
        leaves: "",
        contents: "",
    },
];

/// The types that are exported, and those that AWS is switching on.
fn exports(list: &Value, by: &str, params: &Params) -> Value {
    let Value::Object(database) = pick(list, by, &params[by]) else { return Value::Null };
    let list = |value: Option<&Value>| match value {
        Some(Value::Array(types)) => Value::Array(types.clone()),
        _ => json!([]),
    };
    let coming = database.get("PendingModifiedValues").and_then(|pending| {
        pending["PendingCloudwatchLogsExports"].get("LogTypesToEnable").cloned()
    });
    json!({
        "EnabledCloudwatchLogsExports": list(database.get("EnabledCloudwatchLogsExports")),
        "LogTypesToEnable": list(coming.as_ref()),
    })
}

fn settled(state: &Value, params: &Params) -> bool {
    let wanted = &params["CloudwatchLogsExportConfiguration"]["EnableLogTypes"];
    items(wanted).iter().all(|each| has(state, each))
}

fn has(state: &Value, log: &Value) -> bool {
    ["EnabledCloudwatchLogsExports", "LogTypesToEnable"]
        .iter()
        .any(|name| state[name].as_array().is_some_and(|all| all.contains(log)))
}

/// What was not exported before is not exported again.
fn back(call: &str, by: &str, before: &Value, params: &Params) -> Vec<Undo> {
    let added = &params["CloudwatchLogsExportConfiguration"]["EnableLogTypes"];
    let off: Vec<&Value> = items(added).iter().filter(|log| !has(before, log)).collect();
    let back = json!({"CloudwatchLogsExportConfiguration": {"DisableLogTypes": off}});
    undo(call, named(params, &[by], back))
}
