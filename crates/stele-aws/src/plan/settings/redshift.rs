//! Audit logs of Redshift.

use serde_json::json;

use crate::plan::setting::{Setting, covers, named, nothing, only, same, undo};

/// The parameters that say what is logged where.
const WHERE: [&str; 4] = ["BucketName", "S3KeyPrefix", "LogDestinationType", "LogExports"];

pub(super) const ALL: &[Setting] = &[Setting {
    call: "redshift:EnableLogging",
    read: "redshift:DescribeLoggingStatus",
    by: &[("ClusterIdentifier", "ClusterIdentifier")],
    find: |answer, _| {
        let mut state = only(answer, &WHERE);
        if let Some(members) = state.as_object_mut() {
            // What is empty in XML is not set, whatever it would be.
            members.retain(|_, value| value != "");
            let is_on = same(&answer["LoggingEnabled"], &json!(true));
            if !is_on {
                // Where it once went is of no effect.
                members.clear();
            }
            members.insert("LoggingEnabled".to_owned(), json!(is_on));
        }
        state
    },
    start: nothing,
    settled: |state, params| {
        state["LoggingEnabled"] == true && covers(state, &only(&json!(params), &WHERE))
    },
    undo: |before, params| {
        if before["LoggingEnabled"] == true {
            let back = named(params, &["ClusterIdentifier"], only(before, &WHERE));
            undo("redshift:EnableLogging", back)
        } else {
            undo("redshift:DisableLogging", named(params, &["ClusterIdentifier"], json!({})))
        }
    },
    leaves: "",
    contents: "",
}];
