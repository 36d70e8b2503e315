//! Attributes of load balancers: of the newer kinds by name and value, of classic ones as a
//! structure. Only those of the logs are sent, so all others stay.

use serde_json::{Value, json};

use crate::plan::Undo;
use crate::plan::setting::{Params, Setting, covers, items, named, nothing, same, undo};

pub(super) const ALL: &[Setting] = &[
    Setting {
        call: "elbv2:ModifyLoadBalancerAttributes",
        read: "elbv2:DescribeLoadBalancerAttributes",
        by: &[("LoadBalancerArn", "LoadBalancerArn")],
        find: logs,
        start: nothing,
        settled: |state, params| {
            items(&params["Attributes"])
                .iter()
                .all(|each| same(&now(state, &each["Key"]), &each["Value"]))
        },
        undo: back,
        leaves: "the name of the bucket in the attributes where none was named: AWS takes no empty \
                 one back; the log is off",
        contents: "",
    },
    Setting {
        call: "elb:ModifyLoadBalancerAttributes",
        read: "elb:DescribeLoadBalancerAttributes",
        by: &[("LoadBalancerName", "LoadBalancerName")],
        find: |answer, _| match &answer["LoadBalancerAttributes"]["AccessLog"] {
            Value::Object(log) => json!({"AccessLog": log}),
            _ => json!({"AccessLog": {"Enabled": false}}),
        },
        start: nothing,
        settled: |state, params| covers(state, &params["LoadBalancerAttributes"]),
        undo: |before, params| {
            let back = json!({"LoadBalancerAttributes": before});
            undo("elb:ModifyLoadBalancerAttributes", named(params, &["LoadBalancerName"], back))
        },
        leaves: "",
        contents: "",
    },
];

/// The attributes of the logs of requests and of connections, by their names.
fn logs(answer: &Value, _: &Params) -> Value {
    let of_log = |key: &&str| LOGS.iter().any(|log| key.starts_with(log));
    let own = items(&answer["Attributes"]).iter().filter_map(|each| {
        let key = each["Key"].as_str().filter(of_log)?;
        Some((key.to_owned(), each["Value"].clone()))
    });
    Value::Object(own.collect())
}

/// How the attributes of logs that a plan may switch on begin.
const LOGS: [&str; 2] = ["access_logs.", "connection_logs."];

/// An attribute as it is; what is not shown is off.
fn now(state: &Value, key: &Value) -> Value {
    let key = key.as_str().unwrap_or_default();
    let off = if key.ends_with(".enabled") { "false" } else { "" };
    state.get(key).cloned().unwrap_or_else(|| json!(off))
}

/// Each attribute as it was. An empty bucket is refused even where the log is off.
fn back(before: &Value, params: &Params) -> Vec<Undo> {
    let attributes: Vec<Value> = items(&params["Attributes"])
        .iter()
        .map(|each| json!({"Key": each["Key"], "Value": now(before, &each["Key"])}))
        .filter(|each| each["Value"] != "")
        .collect();
    let back = json!({"Attributes": attributes});
    undo("elbv2:ModifyLoadBalancerAttributes", named(params, &["LoadBalancerArn"], back))
}
