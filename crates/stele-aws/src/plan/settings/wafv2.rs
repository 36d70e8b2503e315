//! What web ACLs log. The call replaces a whole configuration, so it begins with what is there.

use serde_json::{Value, json};

use crate::plan::setting::{Params, Setting, covers, only, undo};

/// Whether Firewall Manager keeps the configuration; nobody else may change it then.
pub(crate) const MANAGED: &str = "ManagedByFirewallManager";

const MEMBERS: [&str; 7] = [
    "ResourceArn",
    "LogDestinationConfigs",
    "RedactedFields",
    "LoggingFilter",
    "LogType",
    "LogScope",
    MANAGED,
];

pub(super) const ALL: &[Setting] = &[Setting {
    call: "wafv2:PutLoggingConfiguration",
    read: "wafv2:GetLoggingConfiguration",
    by: &[("ResourceArn", "LoggingConfiguration.ResourceArn")],
    find: |answer, _| {
        let mut state = only(&answer["LoggingConfiguration"], &MEMBERS);
        if let Some(members) = state.as_object_mut() {
            members.retain(|name, value| name != MANAGED || *value == true);
            // Some answers have the group's ARN with what stands for its streams.
            if let Some(Value::Array(all)) = members.get_mut("LogDestinationConfigs") {
                for to in all {
                    *to = json!(to.as_str().unwrap_or_default().trim_end_matches(":*"));
                }
            }
        }
        state
    },
    start,
    settled: |state, params| covers(state, &params["LoggingConfiguration"]),
    undo: |before, params| {
        if before.is_null() {
            let acl = &params["LoggingConfiguration"]["ResourceArn"];
            undo("wafv2:DeleteLoggingConfiguration", json!({"ResourceArn": acl}))
        } else {
            undo("wafv2:PutLoggingConfiguration", json!({"LoggingConfiguration": before}))
        }
    },
    leaves: "",
    contents: "",
}];

fn start(state: &Value, params: &mut Params) {
    if let Value::Object(members) = state {
        let mut members = members.clone();
        members.remove(MANAGED);
        params.insert("LoggingConfiguration".to_owned(), Value::Object(members));
    }
}
