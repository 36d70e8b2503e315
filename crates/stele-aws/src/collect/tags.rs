//! Tags: which resources of a region have those that were asked for.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::caller::Caller;
use crate::fact::Fact;
use crate::tags::{Tags, canonical};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Row {
    #[serde(rename = "ResourceARN")]
    resource_arn: String,
    tags: Vec<Pair>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Pair {
    key: String,
    value: String,
}

/// The resources of a region with all of these tags.
pub async fn with_tags(caller: Caller<'_>, tags: &Tags) -> Fact<BTreeSet<String>> {
    let question = tags.question();
    let rows: Fact<Vec<Row>> =
        caller.list_with("resourcegroupstaggingapi:GetResources", question).await;
    rows.map(|rows| {
        // An endpoint that takes no notice of the question answers with everything.
        let have = rows.into_iter().filter(|row| {
            let pairs: BTreeMap<String, String> =
                row.tags.iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect();
            tags.are_of(&pairs)
        });
        have.map(|row| canonical(&row.resource_arn).to_owned()).collect()
    })
}
