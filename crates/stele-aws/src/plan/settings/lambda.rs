//! How functions log.

use serde_json::{Map, Value, json};

use crate::plan::setting::{Setting, covers, named, only, undo};

pub(super) const ALL: &[Setting] = &[Setting {
    call: "lambda:UpdateFunctionConfiguration",
    read: "lambda:GetFunctionConfiguration",
    by: &[("FunctionName", "FunctionName")],
    find: |answer, _| json!({"LoggingConfig": logging(&answer["LoggingConfig"])}),
    // All of it goes back, so that its group and its levels stay.
    start: |state, params| {
        params.insert("LoggingConfig".to_owned(), logging(&state["LoggingConfig"]));
    },
    settled: |state, params| covers(&state["LoggingConfig"], &params["LoggingConfig"]),
    undo: |before, params| {
        let back = json!({"LoggingConfig": logging(&before["LoggingConfig"])});
        undo("lambda:UpdateFunctionConfiguration", named(params, &["FunctionName"], back))
    },
    leaves: "",
    contents: "",
}];

/// How a function logs; as lines of text where nothing is said.
fn logging(shown: &Value) -> Value {
    let members = ["LogFormat", "ApplicationLogLevel", "SystemLogLevel", "LogGroup"];
    let Value::Object(mut all) = only(shown, &members) else {
        return json!({"LogFormat": "Text"});
    };
    all.retain(|_, value| !value.is_null());
    let said: Map<String, Value> = all;
    Value::Object(said)
}
