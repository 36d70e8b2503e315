//! What the checks of exported database logs share: what is said of them, and how they are planned.

use serde_json::json;

use crate::baseline::Baseline;
use crate::check::{Findings, regions};
use crate::collect::database::{Cluster, Instance};
use crate::collect::vpc::Tag;
use crate::finding::{Finding, Verdict};
use crate::inventory::Inventory;
use crate::plan::change::{Builder, Change};
use crate::plan::cost::Volume;
use crate::plan::sink;

/// What a database is to AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Instance,
    Cluster,
}

/// A database that can export logs.
pub(super) struct Database<'a> {
    kind: Kind,
    name: &'a str,
    arn: &'a str,
    engine: &'a str,
    status: &'a str,
    exports: &'a [String],
    coming: &'a [String],
    tags: &'a [Tag],
}

impl<'a> From<&'a Instance> for Database<'a> {
    fn from(row: &'a Instance) -> Self {
        Self {
            kind: Kind::Instance,
            name: &row.name,
            arn: &row.arn,
            engine: &row.engine,
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
            kind: Kind::Cluster,
            name: &row.name,
            arn: &row.arn,
            engine: &row.engine,
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
    let Database { name, arn, status, exports, coming, tags, .. } = database;
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
        let verdict = Verdict::fail("not-exported", reason);
        if database.refuses().is_some() { verdict.by_hand() } else { verdict }
    };
    let list = exports.join(", ");
    findings.add(region, *arn, verdict.evidence("EnabledCloudwatchLogsExports", list));
}

/// The stream of a database.
pub(super) fn stream(finding: &Finding) -> Option<String> {
    let name = finding.resource.rsplit(':').next()?;
    let Finding { account, region, .. } = finding;
    (name != "*").then(|| format!("aws:rds:{account}:{region}:{name}"))
}

/// Why AWS would not switch an export on.
struct Refused {
    code: &'static str,
    reason: String,
    choices: &'static [&'static str],
}

impl Database<'_> {
    /// Why AWS would refuse, as far as its state and its kind say.
    fn refuses(&self) -> Option<Refused> {
        let Self { name, status, .. } = self;
        if self.kind == Kind::Cluster && self.engine == "mysql" {
            return Some(Refused {
                code: "not-offered",
                reason: format!(
                    "AWS exports no audit log of `{name}`, a Multi-AZ cluster of MySQL"
                ),
                choices: &[
                    "move it to Aurora or to an instance, whose audit log can be exported",
                    "answer for it by an exception",
                ],
            });
        }
        let words = ["stopped", "stopping", "deleting", "failed"];
        let beginnings = ["inaccessible-", "incompatible-"];
        let is_down = words.contains(status)
            || beginnings.iter().any(|beginning| status.starts_with(beginning));
        is_down.then(|| Refused {
            code: "not-available",
            reason: format!("`{name}` is {status}; AWS changes only databases that run"),
            choices: &["let it run, and plan again", "answer for it by an exception"],
        })
    }

    /// What must be so in the engine for it to write the log that is exported.
    fn writes_if(&self) -> &'static str {
        match self.engine {
            "mysql" | "mariadb" => {
                "the engine writes an audit log only with the option MARIADB_AUDIT_PLUGIN"
            }
            "aurora" | "aurora-mysql" => {
                "the engine writes an audit log only with the parameter server_audit_logging"
            }
            "postgres" | "aurora-postgresql" => {
                "the engine writes statements only with the extension pgaudit or log_statement"
            }
            "docdb" => "the engine writes an audit log only with the parameter audit_logs",
            "neptune" => {
                "the engine writes an audit log only with the parameter neptune_enable_audit_log"
            }
            engine if engine.starts_with("oracle") => {
                "the engine writes an audit log only with the parameter audit_trail"
            }
            engine if engine.starts_with("sqlserver") => {
                "signing in is in the error log; more only with the option SQLSERVER_AUDIT"
            }
            _ => "",
        }
    }

    /// The log group that AWS writes a log to.
    fn group(&self, log: &str) -> String {
        let Self { name, .. } = self;
        match (self.kind, self.engine) {
            (Kind::Instance, _) => format!("/aws/rds/instance/{name}/{log}"),
            (Kind::Cluster, "docdb" | "neptune") => format!("/aws/{}/{name}/{log}", self.engine),
            (Kind::Cluster, _) => format!("/aws/rds/cluster/{name}/{log}"),
        }
    }
}

/// Plans that a database exports a log, beside those that it exports. The group is made before, for
/// AWS would make one that keeps for ever.
pub(super) fn fix(
    finding: &Finding,
    plan: &mut Builder<'_>,
    log_of: impl Fn(&str) -> Option<&'static str>,
) {
    let inventory = plan.inventory;
    let Some(region) = inventory.region(&finding.region) else { return };
    let instances = region.databases.instances.items().unwrap_or_default().iter();
    let clusters = region.databases.clusters.items().unwrap_or_default().iter();
    let mut all = instances.map(Database::from).chain(clusters.map(Database::from));
    let Some(database) = all.find(|each| each.arn == finding.resource) else { return };
    let Some(log) = log_of(database.engine) else { return };
    if let Some(Refused { code, reason, choices }) = database.refuses() {
        return plan.block(code, reason, choices);
    }
    let group = sink::group(plan, &finding.region, &database.group(log));
    let (call, by) = match database.kind {
        Kind::Instance => ("rds:ModifyDBInstance", "DBInstanceIdentifier"),
        Kind::Cluster => ("rds:ModifyDBCluster", "DBClusterIdentifier"),
    };
    let why = format!("`{}` exports its `{log}` log", database.name);
    let volume = Volume::range(0.01, 5.0, 500.0, "0.01 to 500 GB of audit logs a month");
    let mut change = Change::of(call, &finding.region, finding.resource.as_str(), why)
        .by(by, database.name)
        .set(json!({"CloudwatchLogsExportConfiguration": {"EnableLogTypes": [log]}}))
        .after([group])
        .cost("cloudwatch-ingest-gb", volume);
    if !database.writes_if().is_empty() {
        change = change.warn(database.writes_if());
    }
    plan.change(change);
}
