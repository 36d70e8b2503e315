//! Trails: what they are, whether they record, and what.

use serde_json::{Value, json};

use crate::plan::Undo;
use crate::plan::selectors;
use crate::plan::setting::{
    Params, Setting, exists, holds, named, nothing, off_again, same, same_set, undo,
};

pub(super) const ALL: &[Setting] = &[
    Setting {
        call: "cloudtrail:CreateTrail",
        read: "cloudtrail:GetTrail",
        by: &[("Name", "Name")],
        find: trail,
        start: nothing,
        settled: exists,
        undo: |_, params| undo("cloudtrail:DeleteTrail", named(params, &["Name"], json!({}))),
        leaves: "",
        contents: "",
    },
    Setting {
        call: "cloudtrail:UpdateTrail",
        read: "cloudtrail:GetTrail",
        by: &[("Name", "Name")],
        find: trail,
        start: nothing,
        settled: holds,
        undo: undo_update,
        leaves: "",
        contents: "",
    },
    Setting {
        call: "cloudtrail:StartLogging",
        read: "cloudtrail:GetTrailStatus",
        by: &[("Name", "Name")],
        find: |answer, _| json!({"IsLogging": answer["IsLogging"]}),
        start: nothing,
        settled: |state, _| same(&state["IsLogging"], &json!(true)),
        undo: |before, params| {
            off_again(&before["IsLogging"], params, "Name", "cloudtrail:StopLogging")
        },
        leaves: "",
        contents: "",
    },
    Setting {
        call: "cloudtrail:PutEventSelectors",
        read: "cloudtrail:GetEventSelectors",
        by: &[("TrailName", "TrailName")],
        find: chosen,
        start: selectors::start,
        settled: |state, params| {
            let list = |name: &str| params.get(name).cloned().unwrap_or_else(|| json!([]));
            ["EventSelectors", "AdvancedEventSelectors"].iter().all(|name| {
                let now = state.get(*name).cloned().unwrap_or_else(|| json!([]));
                same_set(&now, &list(name))
            })
        },
        undo: |before, params| {
            let mut back = serde_json::Map::new();
            selectors::start(before, &mut back);
            undo("cloudtrail:PutEventSelectors", named(params, &["TrailName"], Value::Object(back)))
        },
        leaves: "",
        contents: "",
    },
    Setting {
        call: "cloudtrail:PutInsightSelectors",
        read: "cloudtrail:GetInsightSelectors",
        by: &[("TrailName", "TrailName")],
        find: |answer, _| json!({"InsightSelectors": answer["InsightSelectors"]}),
        start: |state, params| {
            let now = state["InsightSelectors"].as_array().cloned().unwrap_or_default();
            params.insert("InsightSelectors".to_owned(), Value::Array(now));
        },
        settled: |state, params| same_set(&state["InsightSelectors"], &params["InsightSelectors"]),
        undo: |before, params| {
            let back = before["InsightSelectors"].as_array().cloned().unwrap_or_default();
            let back = json!({"InsightSelectors": back});
            undo("cloudtrail:PutInsightSelectors", named(params, &["TrailName"], back))
        },
        leaves: "",
        contents: "",
    },
];

/// The settings of a trail, by the names that `UpdateTrail` has for them.
fn trail(answer: &Value, _: &Params) -> Value {
    let Value::Object(found) = &answer["Trail"] else { return Value::Null };
    let names = [
        ("S3BucketName", "S3BucketName"),
        ("S3KeyPrefix", "S3KeyPrefix"),
        ("IncludeGlobalServiceEvents", "IncludeGlobalServiceEvents"),
        ("IsMultiRegionTrail", "IsMultiRegionTrail"),
        ("LogFileValidationEnabled", "EnableLogFileValidation"),
        ("CloudWatchLogsLogGroupArn", "CloudWatchLogsLogGroupArn"),
        ("CloudWatchLogsRoleArn", "CloudWatchLogsRoleArn"),
        ("KmsKeyId", "KmsKeyId"),
        ("IsOrganizationTrail", "IsOrganizationTrail"),
    ];
    let known = names.iter().filter_map(|(read, write)| {
        let value = found.get(*read).filter(|value| !value.is_null())?;
        Some(((*write).to_owned(), value.clone()))
    });
    let mut state: Params = known.collect();
    // What is not shown is off; AWS and its stand-ins differ in what they leave out.
    for (_, write) in names {
        let off = match write {
            "S3BucketName" => continue,
            "IsMultiRegionTrail"
            | "EnableLogFileValidation"
            | "IsOrganizationTrail"
            | "IncludeGlobalServiceEvents" => json!(false),
            _ => json!(""),
        };
        state.entry(write.to_owned()).or_insert(off);
    }
    Value::Object(state)
}

/// What a trail records: one kind of selectors, for CloudTrail keeps one.
fn chosen(answer: &Value, _: &Params) -> Value {
    let filled = |name: &str| answer[name].as_array().is_some_and(|all| !all.is_empty());
    if filled("AdvancedEventSelectors") {
        return json!({"AdvancedEventSelectors": answer["AdvancedEventSelectors"]});
    }
    let basic = answer["EventSelectors"].as_array().cloned().unwrap_or_default();
    json!({"EventSelectors": basic})
}

/// Each parameter that was set, as it was; an empty text takes a value away.
fn undo_update(before: &Value, params: &Params) -> Vec<Undo> {
    let back: Params = params
        .keys()
        .filter(|name| *name != "Name")
        .map(|name| (name.clone(), before.get(name).cloned().unwrap_or_else(|| json!(""))))
        .collect();
    undo("cloudtrail:UpdateTrail", named(params, &["Name"], Value::Object(back)))
}
