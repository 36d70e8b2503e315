//! AWS Config: the recorder of a region, its delivery channel, and whether it records. A region has
//! one of each, so nothing names them in the reading calls.

use serde_json::{Map, Value, json};

use crate::plan::setting::{
    Params, Setting, covers, items, nothing, off_again, only, pick, same, undo,
};

pub(super) const ALL: &[Setting] = &[
    Setting {
        call: "config:PutConfigurationRecorder",
        read: "config:DescribeConfigurationRecorders",
        by: &[],
        find: recorder,
        start: |state, params| begin("ConfigurationRecorder", state, params),
        settled: |state, params| covers(state, &params["ConfigurationRecorder"]),
        undo: |before, params| {
            if before.is_null() {
                let name = &params["ConfigurationRecorder"]["name"];
                undo(
                    "config:DeleteConfigurationRecorder",
                    json!({"ConfigurationRecorderName": name}),
                )
            } else {
                undo("config:PutConfigurationRecorder", json!({"ConfigurationRecorder": before}))
            }
        },
        leaves: "",
        contents: "",
    },
    Setting {
        call: "config:PutDeliveryChannel",
        read: "config:DescribeDeliveryChannels",
        by: &[],
        find: |answer, _| {
            let members = [
                "name",
                "s3BucketName",
                "s3KeyPrefix",
                "s3KmsKeyArn",
                "snsTopicARN",
                "configSnapshotDeliveryProperties",
            ];
            only(&answer["DeliveryChannels"][0], &members)
        },
        start: |state, params| begin("DeliveryChannel", state, params),
        settled: |state, params| covers(state, &params["DeliveryChannel"]),
        undo: |before, params| {
            if before.is_null() {
                let name = &params["DeliveryChannel"]["name"];
                undo("config:DeleteDeliveryChannel", json!({"DeliveryChannelName": name}))
            } else {
                undo("config:PutDeliveryChannel", json!({"DeliveryChannel": before}))
            }
        },
        leaves: "",
        contents: "",
    },
    Setting {
        call: "config:StartConfigurationRecorder",
        read: "config:DescribeConfigurationRecorderStatus",
        by: &[],
        find: |answer, params| {
            let all = &answer["ConfigurationRecordersStatus"];
            only(&pick(all, "name", &params["ConfigurationRecorderName"]), &["recording"])
        },
        start: nothing,
        settled: |state, _| same(&state["recording"], &json!(true)),
        undo: |before, params| {
            off_again(
                &before["recording"],
                params,
                "ConfigurationRecorderName",
                "config:StopConfigurationRecorder",
            )
        },
        leaves: "",
        contents: "",
    },
];

/// The account's own recorder; those of AWS's services stand beside it.
fn recorder(answer: &Value, _: &Params) -> Value {
    let own = items(&answer["ConfigurationRecorders"])
        .iter()
        .find(|recorder| recorder["servicePrincipal"].is_null());
    let Some(own) = own else { return Value::Null };
    let mut state = only(own, &["name", "roleARN", "recordingGroup", "recordingMode"]);
    // AWS writes out the lists that are not in force; sent back beside the one that is, they are
    // refused.
    if let Some(group) = state["recordingGroup"].as_object_mut() {
        let is_empty = |list: &Value| list.as_array().is_none_or(Vec::is_empty);
        group.retain(|name, value| match name.as_str() {
            "resourceTypes" => !is_empty(value),
            "exclusionByResourceTypes" => !is_empty(&value["resourceTypes"]),
            _ => true,
        });
    }
    state
}

/// `start`: the whole state below one parameter.
fn begin(name: &str, state: &Value, params: &mut Params) {
    let state = if state.is_object() { state.clone() } else { Value::Object(Map::new()) };
    params.insert(name.to_owned(), state);
}
