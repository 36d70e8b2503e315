//! What engines of databases are told about auditing: option groups and parameter groups. Groups
//! that AWS made (`default.…`, `default:…`) cannot be changed, and are not asked about.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::database::Databases;
use crate::caller::Caller;
use crate::fact::Fact;
use crate::lenient;

/// What is set in a region, as far as databases use it.
#[derive(Debug, Clone, Default)]
pub struct AuditSettings {
    /// Option groups by name, of engines that audit by an option.
    pub option_groups: BTreeMap<String, Fact<Vec<EngineOption>>>,
    /// Parameter groups of instances by name: what somebody has set in them.
    pub of_instances: BTreeMap<String, Fact<Parameters>>,
    /// Parameter groups of clusters by name.
    pub of_clusters: BTreeMap<String, Fact<Parameters>>,
}

/// Parameters by name; those that nobody has set are left out.
pub type Parameters = BTreeMap<String, String>;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct OptionGroup {
    #[serde(deserialize_with = "lenient::list")]
    options: Vec<EngineOption>,
}

/// An option.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct EngineOption {
    /// As `MARIADB_AUDIT_PLUGIN`.
    pub option_name: String,
    /// What it is told.
    #[serde(deserialize_with = "lenient::list")]
    pub option_settings: Vec<OptionSetting>,
}

/// What an option is told.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct OptionSetting {
    /// As `SERVER_AUDIT_EVENTS`.
    pub name: String,
    /// Its value.
    pub value: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Parameter {
    parameter_name: String,
    parameter_value: Option<String>,
}

/// By what an engine is told to audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// By an option of this name.
    Option(&'static str),
    /// By parameters.
    Parameters,
    /// Nothing is known of it.
    Nothing,
}

/// How an instance that belongs to no cluster is told.
pub fn instance_is_told(engine: &str) -> Told {
    match engine {
        "mysql" | "mariadb" => Told::Option("MARIADB_AUDIT_PLUGIN"),
        engine if engine.starts_with("sqlserver") => Told::Option("SQLSERVER_AUDIT"),
        engine if engine == "postgres" || engine.starts_with("oracle") => Told::Parameters,
        _ => Told::Nothing,
    }
}

/// How a cluster is told.
pub fn cluster_is_told(engine: &str) -> Told {
    match engine {
        "aurora" | "aurora-mysql" | "aurora-postgresql" | "postgres" => Told::Parameters,
        _ => Told::Nothing,
    }
}

/// Whether a group is AWS's own, in which nothing is set, or none at all.
pub fn is_default(group: &str) -> bool {
    group.is_empty() || group.starts_with("default.") || group.starts_with("default:")
}

pub(super) async fn settings(caller: Caller<'_>, databases: &Databases) -> AuditSettings {
    let (mut options, mut instances) = (BTreeSet::new(), BTreeSet::new());
    let all = databases.instances.items().unwrap_or_default();
    for instance in all.iter().filter(|instance| instance.cluster.is_empty()) {
        let (groups, into) = match instance_is_told(&instance.engine) {
            Told::Option(_) => (&instance.option_groups, &mut options),
            Told::Parameters => (&instance.parameter_groups, &mut instances),
            Told::Nothing => continue,
        };
        into.extend(groups.iter().map(|group| group.name.as_str()).filter(|n| !is_default(n)));
    }
    let clusters = databases.clusters.items().unwrap_or_default().iter();
    let told = clusters.filter(|cluster| cluster_is_told(&cluster.engine) == Told::Parameters);
    let clusters = told.map(|each| each.parameter_group.as_str()).filter(|n| !is_default(n));
    let (by_instance, by_cluster) = (
        ("rds:DescribeDBParameters", "DBParameterGroupName"),
        ("rds:DescribeDBClusterParameters", "DBClusterParameterGroupName"),
    );
    let (option_groups, of_instances, of_clusters) = futures::join!(
        option_groups(caller, options),
        parameters(caller, by_instance, instances),
        parameters(caller, by_cluster, clusters.collect()),
    );
    AuditSettings { option_groups, of_instances, of_clusters }
}

async fn option_groups(
    caller: Caller<'_>,
    groups: BTreeSet<&str>,
) -> BTreeMap<String, Fact<Vec<EngineOption>>> {
    let asked = groups.into_iter().map(|group| async move {
        let named = [("OptionGroupName", group)];
        let found: Fact<Vec<OptionGroup>> = caller.list("rds:DescribeOptionGroups", &named).await;
        let options = found.map(|all| all.into_iter().flat_map(|each| each.options).collect());
        (group.to_owned(), options)
    });
    futures::future::join_all(asked).await.into_iter().collect()
}

async fn parameters(
    caller: Caller<'_>,
    (call, parameter): (&str, &str),
    groups: BTreeSet<&str>,
) -> BTreeMap<String, Fact<Parameters>> {
    let asked = groups.into_iter().map(|group| async move {
        let found: Fact<Vec<Parameter>> = caller.list(call, &[(parameter, group)]).await;
        let set = found.map(|all| {
            let set = all.into_iter().filter_map(|each| {
                Some((each.parameter_name, each.parameter_value.filter(|v| !v.is_empty())?))
            });
            set.collect()
        });
        (group.to_owned(), set)
    });
    futures::future::join_all(asked).await.into_iter().collect()
}
