//! Access logs of buckets, and how long files stay: what every bucket of logs has.
//!
//! An access log goes to the terminal bucket of the region, which has none itself. No path may lead
//! from there back to where it began: see [`log`].

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{Builder, Change, Handle, s3, terminal, terminal_name};
use crate::collect::trail::Trail;
use crate::fact::Fact;
use crate::inventory::Inventory;
use crate::judge::selectors::{Selector, records_object_writes};
use crate::plan::cost::Volume;
use crate::plan::measure::Measure;
use crate::plan::selectors::{Wish, widen};
use crate::plan::short_hash;

/// The name of the rule by which a plan lets files go.
pub const RULE: &str = "stele-end";

/// Plans that the access log of a bucket goes to the terminal bucket of its region; nothing where
/// that would close a loop, which is said then. A bucket that the plan makes gets one if it is made.
pub fn log(plan: &mut Builder<'_>, name: &str, region: &str, made: Vec<Handle>) -> Option<Handle> {
    let end = terminal_name(plan, region);
    if name == end {
        return Some(no_log(plan, name, region));
    }
    if leads_to(plan.inventory, &end, name) {
        let reason = format!(
            "the access log of `{name}` would go to `{end}`, whose own comes back to `{name}`"
        );
        let choices = [
            "take the access log away from the end of the chain, and plan again",
            "name another bucket for access logs (sinks.access_bucket)",
        ];
        plan.block("would-loop", reason, &choices);
        return None;
    }
    let access = terminal(plan, region);
    let with = made.first().copied();
    let mut first = made;
    first.extend(access.after);
    first.extend(left_out(plan, name, &end, region));
    let arn = plan.inventory.bucket_arn(name);
    let prefix = format!("{name}/");
    let why = format!("who reads and writes in `{name}` is on record");
    let volume = Volume::range(0.0, 0.5, 50.0, "0 to 50 GB of access logs");
    // What is made now has counted nothing.
    let counted = plan.inventory.bucket(name).map(|_| Measure::access_log(region, name));
    let change = Change::of("s3:PutBucketLogging", region, arn, why)
        .by("Bucket", name)
        .edit(move |draft| {
            let mut log = json!({"TargetBucket": end, "TargetPrefix": prefix});
            // How keys are made is nobody's matter but the owner's.
            if let Some(format) = draft.state["LoggingEnabled"].get("TargetObjectKeyFormat") {
                log["TargetObjectKeyFormat"] = format.clone();
            }
            draft.params.insert("BucketLoggingStatus".to_owned(), json!({"LoggingEnabled": log}));
            Ok(())
        })
        .with(with)
        .after(first)
        .cost_once("s3-storage-gb", volume.by(counted));
    Some(plan.change(change))
}

/// The end of the chain is not logged into itself.
fn no_log(plan: &mut Builder<'_>, name: &str, region: &str) -> Handle {
    let arn = plan.inventory.bucket_arn(name);
    let why = format!("`{name}` is the end of the chain of access logs and has none itself");
    let change = Change::of("s3:PutBucketLogging", region, arn, why).by("Bucket", name);
    plan.change(change.set(json!({"BucketLoggingStatus": {}})))
}

/// Leaves the terminal bucket out of trails that record its objects into a bucket whose access log
/// comes to it: each file there would make another.
fn left_out(plan: &mut Builder<'_>, name: &str, end: &str, region: &str) -> Vec<Handle> {
    let inventory = plan.inventory;
    let below = format!("{}/", inventory.bucket_arn(end));
    let closes = |trail: &&Trail| {
        let selectors: Vec<&Selector> =
            trail.selectors.items().unwrap_or_default().iter().collect();
        let bucket = trail.row.bucket.as_str();
        let last = last(inventory, bucket);
        // A bucket without an access log gets one, to the end of its region.
        let at = inventory.bucket(last).and_then(|last| last.region.known());
        trail.owner() == inventory.account
            && trail.covers(region)
            && records_object_writes(&selectors, &below)
            && (last == end || last == name || at.is_some_and(|at| at == region))
    };
    let trails: Vec<&Trail> = inventory.trails.values().filter(closes).collect();
    trails.into_iter().map(|trail| without(plan, trail, end)).collect()
}

/// Leaves the objects of a bucket out of what a trail records.
pub fn without(plan: &mut Builder<'_>, trail: &Trail, bucket: &str) -> Handle {
    let below = format!("{}/", plan.inventory.bucket_arn(bucket));
    let (arn, home) = (trail.row.arn.as_str(), trail.row.home_region.as_str());
    let wish = Wish::Without { kind: "AWS::S3::Object", below };
    let why = format!(
        "trail `{}` leaves `{bucket}` out, where its own files make others",
        trail.row.name
    );
    let change = Change::of("cloudtrail:PutEventSelectors", home, arn, why).by("TrailName", arn);
    plan.change(change.edit(move |draft| widen(draft, &wish)))
}

/// The end of the chain of access logs that begins at a bucket.
fn last<'a>(inventory: &'a Inventory, bucket: &'a str) -> &'a str {
    chain(inventory, bucket).last().unwrap_or(bucket)
}

fn leads_to(inventory: &Inventory, from: &str, goal: &str) -> bool {
    chain(inventory, from).any(|bucket| bucket == goal)
}

/// The buckets that access logs pass through, as far as is known; a ring is gone round once.
fn chain<'a>(inventory: &'a Inventory, from: &'a str) -> impl Iterator<Item = &'a str> {
    let most = inventory.buckets.items().unwrap_or_default().len() + 1;
    let next = move |name: &&'a str| match &inventory.bucket(name)?.logging {
        Fact::Known(log) => Some(log.target_bucket.as_str()),
        Fact::Absent | Fact::Unknown(_) => None,
    };
    std::iter::successors(Some(from), next).take(most)
}

/// For each region, the bucket that takes the access logs of most others, and has none itself.
pub fn taking(inventory: &Inventory) -> BTreeMap<String, String> {
    let buckets = inventory.buckets.items().unwrap_or_default();
    let mut sources: BTreeMap<&str, usize> = BTreeMap::new();
    for log in buckets.iter().filter_map(|bucket| bucket.logging.known()) {
        *sources.entry(log.target_bucket.as_str()).or_default() += 1;
    }
    let mut most: BTreeMap<&String, (usize, &String)> = BTreeMap::new();
    for bucket in buckets.iter().filter(|bucket| bucket.logging == Fact::Absent) {
        let (Some(count), Some(region)) =
            (sources.get(bucket.name.as_str()), bucket.region.known())
        else {
            continue;
        };
        let best = most.entry(region).or_insert((*count, &bucket.name));
        if *count >= best.0 {
            *best = (*count, &bucket.name);
        }
    }
    most.into_iter().map(|(region, (_, name))| (region.clone(), name.clone())).collect()
}

/// Lets files below prefixes go when the policy's `max_days` are over; a prefix without text means
/// the whole bucket.
pub fn end(
    plan: &mut Builder<'_>,
    name: &str,
    region: &str,
    prefixes: &BTreeSet<String>,
    after: Vec<Handle>,
) -> Handle {
    let days = plan.baseline.retention.buckets;
    let most = days.max_days.unwrap_or(days.min_days);
    let rules: Vec<Value> =
        prefixes.iter().map(|prefix| rule(prefix, most, days.min_days)).collect();
    let arn = plan.inventory.bucket_arn(name);
    let why = format!("logs in `{name}` go after {most} days");
    let change = Change::of("s3:PutBucketLifecycleConfiguration", region, arn, why)
        .by("Bucket", name)
        .edit(move |draft| {
            for rule in &rules {
                s3::with_rule(&mut draft.params, rule);
            }
            Ok(())
        });
    plan.change(change.after(after))
}

/// Old versions stay as long as logs must: who overwrites a file does not hasten its end.
fn rule(prefix: &str, most: i64, least: i64) -> Value {
    // A rule has a name of at most 255 letters, and no two have the same.
    let plain = prefix.trim_end_matches('/').replace('/', "-");
    let says_all = prefix.ends_with('/')
        && !prefix.contains("//")
        && !prefix.contains('-')
        && prefix.len() < 200;
    let id = match prefix {
        "" => RULE.to_owned(),
        _ if says_all => format!("{RULE}-{plain}"),
        _ => {
            let start: String = plain.chars().take(60).collect();
            format!("{RULE}-{start}-{}", short_hash(prefix))
        }
    };
    json!({"ID": id, "Status": "Enabled", "Filter": {"Prefix": prefix},
        "Expiration": {"Days": most},
        "NoncurrentVersionExpiration": {"NoncurrentDays": least.max(1)}})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_of_two_prefixes_have_two_names() {
        let id = |prefix: &str| rule(prefix, 30, 1)["ID"].as_str().unwrap().to_owned();
        assert_eq!(id("a/AWSLogs/"), "stele-end-a-AWSLogs");
        let ids = ["a/b/", "a/b", "a-b/", "a-b", "a/b//"].map(id);
        for (place, one) in ids.iter().enumerate() {
            assert!(!ids[..place].contains(one), "{one}");
        }
        let long = "x/".repeat(500);
        assert!(id(&long).len() <= 255);
        assert_ne!(id(&long), id(&format!("{long}y")));
    }
}
