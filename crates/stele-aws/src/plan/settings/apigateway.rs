//! Logs of stages, of both APIs of API Gateway, and the role by which it writes them.

use serde_json::{Map, Value, json};

use crate::plan::Undo;
use crate::plan::setting::{Params, Setting, named, nothing, same, undo};

pub(super) const ALL: &[Setting] = &[
    Setting {
        call: "apigateway:UpdateAccount",
        read: "apigateway:GetAccount",
        by: &[],
        find: |answer, _| match &answer["cloudwatchRoleArn"] {
            Value::String(role) if !role.is_empty() => json!({"cloudwatchRoleArn": role}),
            _ => Value::Null,
        },
        start: nothing,
        // Any role will do; one that is set is somebody's choice.
        settled: |state, _| !state.is_null(),
        undo: |_, _| {
            let none = json!({"op": "replace", "path": "/cloudwatchRoleArn", "value": ""});
            undo("apigateway:UpdateAccount", json!({"patchOperations": [none]}))
        },
        leaves: "",
        contents: "",
    },
    Setting {
        call: "apigateway:UpdateStage",
        read: "apigateway:GetStage",
        by: &[("restApiId", "restApiId"), ("stageName", "stageName")],
        find: rest_stage,
        start: nothing,
        settled: |state, params| {
            patches(params).all(|patch| match aim(patch) {
                Aim::AccessLog(member) => {
                    same(&place(&state["accessLogSettings"][member]), &place(&patch["value"]))
                }
                Aim::Level(key) => same(&state["loggingLevels"][key], &patch["value"]),
                Aim::Other => false,
            })
        },
        undo: rest_back,
        leaves: "",
        contents: "",
    },
    Setting {
        call: "apigatewayv2:UpdateStage",
        read: "apigatewayv2:GetStage",
        by: &[("ApiId", "ApiId"), ("StageName", "StageName")],
        find: |answer, _| match &answer["accessLogSettings"] {
            Value::Object(log) if !log.is_empty() => json!({
                "DestinationArn": log.get("destinationArn"),
                "Format": log.get("format"),
            }),
            _ => Value::Null,
        },
        start: nothing,
        settled: |state, params| {
            let wanted = &params["AccessLogSettings"];
            same(&place(&state["DestinationArn"]), &place(&wanted["DestinationArn"]))
        },
        undo: |before, params| {
            let names = ["ApiId", "StageName"];
            if before.is_null() {
                let stage = named(params, &names, json!({}));
                undo("apigatewayv2:DeleteAccessLogSettings", stage)
            } else {
                let back = json!({"AccessLogSettings": before});
                undo("apigatewayv2:UpdateStage", named(params, &names, back))
            }
        },
        leaves: "",
        contents: "",
    },
];

/// The access log, and the levels of the execution log by method; `*/*` is all of them.
fn rest_stage(answer: &Value, _: &Params) -> Value {
    if answer["stageName"].is_null() {
        return Value::Null;
    }
    let methods = answer["methodSettings"].as_object().cloned().unwrap_or_default();
    let levels: Map<String, Value> =
        methods.iter().map(|(key, each)| (key.clone(), each["loggingLevel"].clone())).collect();
    let access = match &answer["accessLogSettings"] {
        Value::Object(log) => json!({
            "destinationArn": log.get("destinationArn"),
            "format": log.get("format"),
        }),
        _ => Value::Null,
    };
    json!({"accessLogSettings": access, "loggingLevels": levels})
}

/// An ARN of a log group without what some answers have at its end.
fn place(arn: &Value) -> Value {
    arn.as_str().map_or_else(|| arn.clone(), |arn| json!(arn.trim_end_matches(":*")))
}

fn patches(params: &Params) -> impl Iterator<Item = &Value> {
    params.get("patchOperations").and_then(Value::as_array).into_iter().flatten()
}

/// What a patch changes.
enum Aim<'a> {
    /// A member of the access log's settings.
    AccessLog(&'a str),
    /// The level of a method, by its key.
    Level(&'a str),
    /// Something that no plan changes.
    Other,
}

fn aim(patch: &Value) -> Aim<'_> {
    let path = patch["path"].as_str().unwrap_or_default();
    if let Some(member) = path.strip_prefix("/accessLogSettings/") {
        return Aim::AccessLog(member);
    }
    let key = path.strip_prefix('/').and_then(|path| path.strip_suffix("/logging/loglevel"));
    key.map_or(Aim::Other, Aim::Level)
}

/// Each patch the other way; settings that were not there are removed.
fn rest_back(before: &Value, params: &Params) -> Vec<Undo> {
    let mut back: Vec<Value> = Vec::new();
    for patch in patches(params) {
        let (now, gone) = match aim(patch) {
            Aim::AccessLog(member) => {
                (&before["accessLogSettings"][member], "/accessLogSettings".to_owned())
            }
            Aim::Level(key) => (&before["loggingLevels"][key], format!("/{key}")),
            Aim::Other => continue,
        };
        let is_new = match aim(patch) {
            Aim::Level(key) => before["loggingLevels"].get(key).is_none(),
            _ => now.is_null(),
        };
        let step = match (is_new, now) {
            (true, _) => json!({"op": "remove", "path": gone}),
            // A method that has settings and no level logs nothing.
            (false, Value::Null) => {
                json!({"op": "replace", "path": patch["path"], "value": "OFF"})
            }
            (false, now) => json!({"op": "replace", "path": patch["path"], "value": now}),
        };
        if !back.contains(&step) {
            back.push(step);
        }
    }
    let back = json!({"patchOperations": back});
    undo("apigateway:UpdateStage", named(params, &["restApiId", "stageName"], back))
}
