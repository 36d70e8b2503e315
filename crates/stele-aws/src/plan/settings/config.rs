//! AWS Config: the recorder of a region, its delivery channel, and whether it records. A region has
//! one of each, so nothing names them in the reading calls. Aggregators are told by their names.

use serde_json::{Map, Value, json};

use crate::plan::setting::{
    Params, Setting, covers, items, nothing, off_again, only, pick, put_back, same, undo,
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
    Setting {
        call: "config:PutConfigurationAggregator",
        read: "config:DescribeConfigurationAggregators",
        by: &[],
        find: |list, params| {
            let name = "ConfigurationAggregatorName";
            sources(&pick(list, name, &params[name]))
        },
        // The call replaces all sources.
        start: |state, params| {
            if let Value::Object(sources) = state {
                params.extend(sources.clone());
            }
        },
        settled: |state, params| {
            let wanted = |name: &str| params.get(name).cloned().unwrap_or_default();
            state.is_object() && SOURCES.iter().all(|name| same(&state[*name], &wanted(name)))
        },
        undo: |before, params| {
            put_back(
                before,
                params,
                &["ConfigurationAggregatorName"],
                "config:PutConfigurationAggregator",
                "config:DeleteConfigurationAggregator",
            )
        },
        leaves: "trusted access of AWS Config to the organisation, where it takes one in",
        contents: "",
    },
];

/// What an aggregator asks: accounts, or an organisation.
const SOURCES: [&str; 2] = ["AccountAggregationSources", "OrganizationAggregationSource"];

/// The sources of an aggregator without what is empty, which AWS shows and does not take back.
fn sources(aggregator: &Value) -> Value {
    let filled = |source: &Value| {
        let Value::Object(members) = source else { return Value::Null };
        let mut members = members.clone();
        members.retain(|_, value| !value.is_null() && *value != json!([]));
        Value::Object(members)
    };
    let Value::Object(shown) = only(aggregator, &SOURCES) else { return Value::Null };
    let all = shown.iter().filter_map(|(name, value)| {
        let value = match value {
            Value::Array(items) if !items.is_empty() => items.iter().map(filled).collect(),
            Value::Object(_) => filled(value),
            _ => return None,
        };
        Some((name.clone(), value))
    });
    Value::Object(all.collect())
}

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
