//! Flow logs. They cannot be changed: one is made beside what is there.

use serde_json::{Value, json};

use crate::plan::setting::{Params, Setting, exists, nothing, same, undo};

pub(super) const ALL: &[Setting] = &[Setting {
    call: "ec2:CreateFlowLogs",
    read: "ec2:DescribeFlowLogs",
    by: &[],
    find: twin,
    start: nothing,
    settled: exists,
    undo: |_, _| undo("ec2:DeleteFlowLogs", json!({"FlowLogIds": ["${self.FlowLogId}"]})),
    leaves: "",
}];

/// The flow log on the same thing that writes the same to the same place.
fn twin(list: &Value, params: &Params) -> Value {
    let param = |name: &str| params.get(name).cloned().unwrap_or_default();
    let items = list.as_array().map(Vec::as_slice).unwrap_or_default();
    let found = items.iter().find(|log| {
        log["ResourceId"] == param("ResourceIds")[0]
            && same(&log["TrafficType"], &param("TrafficType"))
            && same(&log["LogDestination"], &param("LogDestination"))
            && (param("LogFormat").is_null() || same(&log["LogFormat"], &param("LogFormat")))
    });
    found.map_or(Value::Null, |log| json!({"FlowLogId": log["FlowLogId"]}))
}
