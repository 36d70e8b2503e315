//! `db.rds.audit-source`: engines write the audit log that is exported.

use super::engine_audit::{aurora_mysql, option, oracle, postgres};
use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo, regions};
use crate::collect::Collector;
use crate::collect::audit::{
    AuditSettings, Parameters, Told, cluster_is_told, instance_is_told, is_default,
};
use crate::collect::database::{Cluster, Instance};
use crate::collect::vpc::Tag;
use crate::fact::{Fact, Unread};
use crate::finding::{Remedy, Severity, Status, Verdict};
use crate::inventory::Inventory;

/// The check.
pub(super) struct AuditSource;

static META: Meta = Meta {
    id: "db.rds.audit-source",
    title: "databases write an audit log",
    severity: Severity::High,
    default: false,
    source: true,
    reads: &[Collector::Databases, Collector::DatabaseAudit],
    controls: &[],
    passes: "in force are: the option MARIADB_AUDIT_PLUGIN (MySQL, MariaDB) or SQLSERVER_AUDIT; \
             server_audit_logging with some server_audit_events (Aurora MySQL); pgaudit, loaded \
             and told what to log (PostgreSQL); audit_trail to files (Oracle). What is audited \
             inside of a database, and whether pgaudit's extension was made there, is not seen",
    not_applicable: "tags put it out of scope (scope.exclude_tags)",
    why: "An engine that audits nothing exports an empty log, and everything looks as if it were \
          on.",
    fix: FixMeta {
        remedy: Remedy::Blocked,
        how: "by hand, for it may restart the database: a group of one's own with the option or \
              the parameters above, rds:ModifyDBInstance or rds:ModifyDBCluster to use it, and \
              rds:RebootDBInstance where it is pending",
        undo: Undo::None,
        cloudformation: &[
            "RDS::OptionGroup",
            "RDS::DBParameterGroup",
            "RDS::DBClusterParameterGroup",
        ],
        terraform: &["db_option_group", "db_parameter_group", "rds_cluster_parameter_group"],
        cost: "ingest per GB",
    },
};

impl Check for AuditSource {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn assess(&self, inventory: &Inventory, baseline: &Baseline, findings: &mut Findings<'_>) {
        for (name, region) in regions(inventory) {
            let settings = &region.audit;
            match region.databases.instances.items() {
                Ok(instances) => {
                    for each in instances.iter().filter(|instance| instance.cluster.is_empty()) {
                        if let Some(verdict) = of_instance(settings, each) {
                            findings.add(name, &*each.arn, scoped(baseline, &each.tags, verdict));
                        }
                    }
                }
                Err(reason) => findings.unread(name, "rds", "db:*", reason),
            }
            match region.databases.clusters.items() {
                Ok(clusters) => {
                    for each in clusters {
                        if let Some(verdict) = of_cluster(settings, each) {
                            findings.add(name, &*each.arn, scoped(baseline, &each.tags, verdict));
                        }
                    }
                }
                Err(reason) => findings.unread(name, "rds", "cluster:*", reason),
            }
        }
    }
}

fn scoped(baseline: &Baseline, tags: &[Tag], verdict: Verdict) -> Verdict {
    let tags = tags.iter().map(|tag| (tag.key.as_str(), tag.value.as_str()));
    if baseline.excludes(tags) {
        return Verdict::not_applicable("excluded", "its tags put it out of scope");
    }
    verdict
}

/// What is said of an instance; nothing of engines of which nothing is known.
fn of_instance(settings: &AuditSettings, instance: &Instance) -> Option<Verdict> {
    Some(match instance_is_told(&instance.engine) {
        Told::Option(name) => option(&settings.option_groups, &instance.option_groups, name),
        Told::Parameters => {
            let mut set = Parameters::new();
            for group in &instance.parameter_groups {
                match parameters(&settings.of_instances, &group.name) {
                    Ok(more) => set.extend(more),
                    Err(reason) => return Some(Verdict::unknown(&reason)),
                }
            }
            let judged = if instance.engine == "postgres" { postgres(&set) } else { oracle(&set) };
            let statuses = instance.parameter_groups.iter().map(|group| group.status.as_str());
            in_force(judged, statuses)
        }
        Told::Nothing => return None,
    })
}

/// What is said of a cluster.
fn of_cluster(settings: &AuditSettings, cluster: &Cluster) -> Option<Verdict> {
    if cluster_is_told(&cluster.engine) != Told::Parameters {
        return None;
    }
    let set = match parameters(&settings.of_clusters, &cluster.parameter_group) {
        Ok(set) => set,
        Err(reason) => return Some(Verdict::unknown(&reason)),
    };
    if ["aurora", "aurora-mysql"].contains(&cluster.engine.as_str()) {
        // These are in force as soon as they are set.
        return Some(aurora_mysql(&set));
    }
    let statuses = cluster.members.iter().map(|member| member.status.as_str());
    Some(in_force(postgres(&set), statuses))
}

/// What somebody has set in a parameter group.
fn parameters(
    groups: &std::collections::BTreeMap<String, Fact<Parameters>>,
    name: &str,
) -> Result<Parameters, Unread> {
    if is_default(name) {
        return Ok(Parameters::new());
    }
    match groups.get(name) {
        Some(Fact::Known(set)) => Ok(set.clone()),
        Some(Fact::Absent) => Ok(Parameters::new()),
        Some(Fact::Unknown(reason)) => Err(reason.clone()),
        None => Err(Unread::not_read()),
    }
}

/// What is good in a group that is not in force yet is not good yet: the parameters are read when
/// the engine starts.
fn in_force<'a>(judged: Verdict, statuses: impl IntoIterator<Item = &'a str>) -> Verdict {
    let other = statuses.into_iter().find(|status| !["", "in-sync"].contains(status));
    match other {
        Some(status) if judged.status == Status::Pass => {
            let reason = format!("it is set, and the parameter group is not in force ({status})");
            let verdict =
                Verdict::fail("not-in-force", reason).evidence("ParameterApplyStatus", status);
            if status == "applying" { verdict.pending() } else { verdict }
        }
        _ => judged,
    }
}
