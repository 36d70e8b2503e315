//! What the checks of exported database logs share.

use crate::baseline::Baseline;
use crate::check::{Findings, regions};
use crate::collect::database::{Cluster, Instance};
use crate::collect::vpc::Tag;
use crate::finding::Verdict;
use crate::inventory::Inventory;

/// A database that can export logs.
pub(super) struct Database<'a> {
    name: &'a str,
    arn: &'a str,
    status: &'a str,
    exports: &'a [String],
    coming: &'a [String],
    tags: &'a [Tag],
}

impl<'a> From<&'a Instance> for Database<'a> {
    fn from(row: &'a Instance) -> Self {
        Self {
            name: &row.name,
            arn: &row.arn,
            status: &row.status,
            exports: &row.exports,
            coming: &row.pending_modified_values.exports,
            tags: &row.tags,
        }
    }
}

impl<'a> From<&'a Cluster> for Database<'a> {
    fn from(row: &'a Cluster) -> Self {
        Self {
            name: &row.name,
            arn: &row.arn,
            status: &row.status,
            exports: &row.exports,
            coming: &row.pending_modified_values.exports,
            tags: &row.tags,
        }
    }
}

/// Judges clusters of the engines for which a log is known.
pub(super) fn each_cluster(
    inventory: &Inventory,
    baseline: &Baseline,
    findings: &mut Findings<'_>,
    log_of: impl Fn(&str) -> Option<&'static str>,
) {
    for (name, region) in regions(inventory) {
        match region.databases.clusters.items() {
            Ok(clusters) => {
                for cluster in clusters {
                    if let Some(log) = log_of(&cluster.engine) {
                        judge(baseline, findings, name, &Database::from(cluster), log);
                    }
                }
            }
            Err(reason) => findings.unread(name, "rds", "cluster:*", reason),
        }
    }
}

/// Judges instances that belong to no cluster, of the engines for which a log is known.
pub(super) fn each_instance(
    inventory: &Inventory,
    baseline: &Baseline,
    findings: &mut Findings<'_>,
    log_of: impl Fn(&str) -> Option<&'static str>,
) {
    for (name, region) in regions(inventory) {
        match region.databases.instances.items() {
            Ok(instances) => {
                for instance in instances.iter().filter(|instance| instance.cluster.is_empty()) {
                    if let Some(log) = log_of(&instance.engine) {
                        judge(baseline, findings, name, &Database::from(instance), log);
                    }
                }
            }
            Err(reason) => findings.unread(name, "rds", "db:*", reason),
        }
    }
}

fn judge(
    baseline: &Baseline,
    findings: &mut Findings<'_>,
    region: &str,
    database: &Database<'_>,
    log: &str,
) {
    let Database { name, arn, status, exports, coming, tags } = database;
    let has = |list: &[String]| list.iter().any(|each| each == log);
    let tags = tags.iter().map(|tag| (tag.key.as_str(), tag.value.as_str()));
    let verdict = if baseline.excludes(tags) {
        Verdict::not_applicable("excluded", "its tags put it out of scope")
    } else if has(exports) {
        Verdict::pass(format!("`{name}` exports its `{log}` log"))
    } else if has(coming) {
        Verdict::fail("coming", format!("the `{log}` log of `{name}` is being switched on"))
            .pending()
    } else {
        let reason = format!("`{name}` does not export its `{log}` log ({status})");
        Verdict::fail("not-exported", reason)
    };
    let list = exports.join(", ");
    findings.add(region, *arn, verdict.evidence("EnabledCloudwatchLogsExports", list));
}

/// The stream of a database.
pub(super) fn stream(finding: &crate::finding::Finding) -> Option<String> {
    let name = finding.resource.rsplit(':').next()?;
    let crate::finding::Finding { account, region, .. } = finding;
    (name != "*").then(|| format!("aws:rds:{account}:{region}:{name}"))
}
