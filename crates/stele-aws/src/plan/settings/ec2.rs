//! Flow logs. They cannot be changed: one is made beside what is there, and another may go.

use serde_json::{Value, json};

use crate::plan::setting::{Params, Setting, exists, items, nothing, same, undo};

pub(super) const ALL: &[Setting] = &[
    Setting {
        call: "ec2:CreateFlowLogs",
        read: "ec2:DescribeFlowLogs",
        by: &[],
        find: twin,
        start: nothing,
        settled: exists,
        undo: |_, _| undo("ec2:DeleteFlowLogs", json!({"FlowLogIds": ["${self.FlowLogId}"]})),
        leaves: "",
        contents: "",
    },
    Setting {
        call: "ec2:DeleteFlowLogs",
        read: "ec2:DescribeFlowLogs",
        by: &[],
        // All that making it again takes.
        find: |list, params| {
            let id = params.get("FlowLogIds").map_or(&Value::Null, |ids| &ids[0]);
            let found = items(list).iter().find(|log| log["FlowLogId"] == *id);
            found.map_or(Value::Null, made_again)
        },
        start: nothing,
        settled: |state, _| state.is_null(),
        undo: |before, _| undo("ec2:CreateFlowLogs", before.clone()),
        leaves: "a flow log like it, with another id",
        contents: "",
    },
];

/// The flow log on the same thing that writes the same to the same place.
fn twin(list: &Value, params: &Params) -> Value {
    let param = |name: &str| params.get(name).cloned().unwrap_or_default();
    let place = |value: &Value| {
        let text = value.as_str().unwrap_or_default();
        text.trim_end_matches(":*").trim_end_matches('/').to_owned()
    };
    let found = items(list).iter().find(|log| {
        log["ResourceId"] == param("ResourceIds")[0]
            // Gateways are not asked for a type, and AWS may name one.
            && (param("TrafficType").is_null() || same(&log["TrafficType"], &param("TrafficType")))
            && place(&log["LogDestination"]) == place(&param("LogDestination"))
            && (param("LogFormat").is_null() || same(&log["LogFormat"], &param("LogFormat")))
    });
    found.map_or(Value::Null, |log| json!({"FlowLogId": log["FlowLogId"]}))
}

/// What `CreateFlowLogs` calls the kind of a thing.
pub(crate) fn flow_log_type(id: &str) -> &'static str {
    let is = |start: &str| id.starts_with(start);
    match () {
        () if is("subnet-") => "Subnet",
        () if is("eni-") => "NetworkInterface",
        () if is("tgw-attach-") => "TransitGatewayAttachment",
        () if is("tgw-") => "TransitGateway",
        () => "VPC",
    }
}

/// The parameters that make a flow log again, from how AWS shows it.
fn made_again(log: &Value) -> Value {
    let id = log["ResourceId"].as_str().unwrap_or_default();
    let mut params = json!({"ResourceIds": [id], "ResourceType": flow_log_type(id)});
    let kept = [
        "TrafficType",
        "LogDestinationType",
        "LogDestination",
        "LogFormat",
        "DeliverLogsPermissionArn",
        "DeliverCrossAccountRole",
        "DestinationOptions",
    ];
    let filled = |name: &str| !log[name].is_null() && log[name] != "";
    for name in kept.into_iter().filter(|name| filled(name)) {
        params[name] = log[name].clone();
    }
    // AWS shows the group beside its ARN, and takes one of the two.
    if filled("LogGroupName") && !filled("LogDestination") {
        params["LogGroupName"] = log["LogGroupName"].clone();
    }
    let interval = &log["MaxAggregationInterval"];
    let of_text = || interval.as_str().and_then(|text| text.parse().ok());
    if let Some(seconds) = interval.as_i64().or_else(of_text) {
        params["MaxAggregationInterval"] = json!(seconds);
    }
    if let Some(Value::Array(tags)) = log.get("TagSet").filter(|tags| **tags != json!([])) {
        params["TagSpecifications"] = json!([{"ResourceType": "vpc-flow-log", "Tags": tags}]);
    }
    params
}
