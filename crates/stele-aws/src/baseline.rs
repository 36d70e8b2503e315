//! What is wanted: presets, then the policy file `stele-aws.toml`.
//!
//! Every value remembers where it came from. A file that is wrong is refused with the line and what
//! to write instead, for a misspelt key would silently mean the default.

mod file;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::check::{Meta, controls};

/// Presets by name; the first is the default.
pub const PRESETS: &[&str] = &["sec04-bp01", "cis-aws-5.0", "fsbp", "pci-4.0.1", "strict"];

/// Days that CloudWatch Logs offers (API reference, PutRetentionPolicy).
pub const RETENTION_DAYS: &[i64] = &[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
];

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// The presets that are in force.
    pub presets: Vec<String>,
    /// What is looked at.
    pub scope: ScopePolicy,
    /// Where logs go.
    pub sinks: Sinks,
    /// How long they stay.
    pub retention: Retention,
    /// CloudTrail.
    pub cloudtrail: CloudTrail,
    /// Flow logs.
    pub vpc_flow: VpcFlow,
    /// Kubernetes.
    pub eks: Eks,
    /// Machines; earlier results say nothing of them.
    #[serde(default)]
    pub ssm: Machines,
    /// Checks that are switched on or off, whatever the presets say.
    pub checks: BTreeMap<String, bool>,
    /// What somebody answers for.
    #[serde(with = "exceptions")]
    pub exceptions: Vec<Exception>,
    /// What was put right in the file, with lines; a plan says it again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// What is looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopePolicy {
    /// Regions; all that are enabled where it is empty.
    pub regions: Vec<String>,
    /// Where what is global belongs.
    pub home_region: Option<String>,
    /// Resources with these tags are out of scope.
    pub exclude_tags: BTreeMap<String, String>,
    /// Whether a VPC without interfaces needs no flow log.
    pub skip_empty_vpcs: bool,
}

/// Where logs go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sinks {
    /// The separate account of logs.
    pub archive_account: Option<String>,
    /// The pattern of bucket names.
    pub bucket: String,
    /// The pattern of the buckets that hold logs of log buckets.
    pub access_bucket: String,
    /// The key.
    pub kms_key: String,
    /// The target of all log groups.
    pub central: Option<String>,
}

/// How long logs stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retention {
    /// Log groups.
    pub log_groups: Days,
    /// Buckets.
    pub buckets: Days,
    /// Log groups by name; the first that matches counts.
    pub rules: Vec<RetentionRule>,
}

/// At least and at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Days {
    /// At least so many.
    pub min_days: i64,
    /// At most so many, if there is a limit.
    pub max_days: Option<i64>,
}

/// What counts for groups of a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetentionRule {
    /// The pattern, with `*`.
    pub pattern: String,
    /// How long.
    pub days: Days,
}

/// What is wanted of CloudTrail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloudTrail {
    /// The name of a trail that a plan makes.
    pub name: String,
    /// Its bucket; the one of its region where it is empty.
    pub bucket: String,
    /// What stands before its files there.
    pub prefix: String,
    /// The log group of trails that have none; `/aws/cloudtrail/` and the trail's name where it is
    /// empty.
    pub log_group: String,
    /// The name of the role that writes there.
    pub log_role: String,
    /// Kinds of Insights.
    pub insights: Vec<String>,
    /// Whether events go to a log group as well.
    pub cloudwatch: bool,
    /// Which data events, by kind: `s3`, `lambda`, `dynamodb`.
    pub data_events: BTreeMap<String, Which>,
}

/// All, none, or some.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Which {
    /// `"all"` or `"none"`.
    Word(Word),
    /// ARNs.
    Some(Vec<String>),
}

/// All or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Word {
    /// All.
    All,
    /// None.
    None,
}

/// What is wanted of flow logs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VpcFlow {
    /// `ALL`, `ACCEPT` or `REJECT`.
    pub traffic: String,
    /// `s3` or `cloudwatch`.
    pub destination: String,
    /// `plain-text` or `parquet`.
    pub file_format: String,
    /// Seconds that are put together.
    pub aggregation_s: i64,
    /// The fields.
    pub fields: Vec<String>,
    /// Flow logs on single things, beside those of VPCs.
    pub extra: Vec<FlowExtra>,
}

/// A flow log that is wanted on one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowExtra {
    /// A VPC, a subnet or an interface, by its id.
    pub resource: String,
    /// `ALL`, `ACCEPT` or `REJECT`.
    pub traffic: String,
    /// The fields.
    pub fields: Vec<String>,
    /// `s3`, `cloudwatch`, or the ARN of a bucket or log group.
    pub destination: String,
    /// The name of the role that writes to a group; ours where it is empty.
    pub role: String,
}

/// What is wanted of Kubernetes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Eks {
    /// Types of logs.
    pub log_types: Vec<String>,
}

/// What is wanted of machines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machines {
    /// Documents of Systems Manager that keep an agent configured which sends logs: names, or
    /// patterns of them.
    pub agent_documents: Vec<String>,
}

/// Somebody answers for a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Exception {
    /// The check, or a pattern.
    #[serde(skip)]
    pub check: String,
    /// The resource, or a pattern.
    #[serde(skip)]
    pub resource: String,
    /// Why.
    pub reason: String,
    /// Who.
    pub owner: String,
    /// Until when, as `2027-03-31`.
    pub expires: String,
}

/// In a policy an exception says what it is for; in a finding that is plain.
mod exceptions {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::Exception;

    #[derive(Serialize, Deserialize)]
    struct Whole {
        check: String,
        resource: String,
        reason: String,
        owner: String,
        expires: String,
    }

    pub(super) fn serialize<S: Serializer>(
        all: &[Exception],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let whole = all.iter().cloned().map(|each| {
            let Exception { check, resource, reason, owner, expires } = each;
            Whole { check, resource, reason, owner, expires }
        });
        whole.collect::<Vec<Whole>>().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<Exception>, D::Error> {
        let whole: Vec<Whole> = Vec::deserialize(deserializer)?;
        let all = whole.into_iter().map(|each| {
            let Whole { check, resource, reason, owner, expires } = each;
            Exception { check, resource, reason, owner, expires }
        });
        Ok(all.collect())
    }
}

/// All fields of flow logs, versions 2 to 10 (VPC user guide, "Flow log records").
const FLOW_FIELDS: &[&str] = &[
    "version",
    "account-id",
    "interface-id",
    "srcaddr",
    "dstaddr",
    "srcport",
    "dstport",
    "protocol",
    "packets",
    "bytes",
    "start",
    "end",
    "action",
    "log-status",
    "vpc-id",
    "subnet-id",
    "instance-id",
    "tcp-flags",
    "type",
    "pkt-srcaddr",
    "pkt-dstaddr",
    "region",
    "az-id",
    "sublocation-type",
    "sublocation-id",
    "pkt-src-aws-service",
    "pkt-dst-aws-service",
    "flow-direction",
    "traffic-path",
    "ecs-cluster-arn",
    "ecs-cluster-name",
    "ecs-container-instance-arn",
    "ecs-container-instance-id",
    "ecs-container-id",
    "ecs-second-container-id",
    "ecs-service-name",
    "ecs-task-definition-arn",
    "ecs-task-arn",
    "ecs-task-id",
    "reject-reason",
    "resource-id",
    "encryption-status",
];

/// Those of version 2, which AWS writes by itself.
pub const FLOW_FIELDS_V2: &[&str] = FLOW_FIELDS.split_at(14).0;

impl Default for Machines {
    fn default() -> Self {
        Self { agent_documents: vec![crate::collect::systems::AGENT_DOCUMENT.to_owned()] }
    }
}

impl Default for Baseline {
    fn default() -> Self {
        let all = || Which::Word(Word::All);
        let texts = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Self {
            presets: vec![PRESETS[0].to_owned()],
            scope: ScopePolicy {
                regions: Vec::new(),
                home_region: None,
                exclude_tags: BTreeMap::new(),
                skip_empty_vpcs: false,
            },
            sinks: Sinks {
                archive_account: None,
                bucket: "stele-logs-{account}-{region}".to_owned(),
                access_bucket: "stele-access-{account}-{region}".to_owned(),
                kms_key: String::new(),
                central: None,
            },
            retention: Retention {
                log_groups: Days { min_days: 365, max_days: Some(3653) },
                buckets: Days { min_days: 365, max_days: None },
                rules: Vec::new(),
            },
            cloudtrail: CloudTrail {
                name: "stele-audit".to_owned(),
                bucket: String::new(),
                prefix: String::new(),
                log_group: String::new(),
                log_role: String::new(),
                insights: texts(&["ApiCallRateInsight"]),
                cloudwatch: true,
                data_events: BTreeMap::from([
                    ("s3".to_owned(), all()),
                    ("lambda".to_owned(), all()),
                    ("dynamodb".to_owned(), all()),
                ]),
            },
            vpc_flow: VpcFlow {
                traffic: "ALL".to_owned(),
                destination: "s3".to_owned(),
                file_format: "plain-text".to_owned(),
                aggregation_s: 600,
                fields: texts(FLOW_FIELDS_V2),
                extra: Vec::new(),
            },
            eks: Eks { log_types: texts(&["api", "audit", "authenticator"]) },
            ssm: Machines::default(),
            checks: BTreeMap::new(),
            exceptions: Vec::new(),
            warnings: Vec::new(),
        }
    }
}

impl Baseline {
    /// Reads a policy file over the default.
    ///
    /// # Errors
    /// Everything that is wrong in it, each with its line.
    pub fn parse(text: &str) -> Result<Self, Vec<String>> {
        file::parse(text)
    }

    /// Whether a check is wanted.
    pub fn wants(&self, meta: &Meta) -> bool {
        if let Some(switched) = self.checks.get(meta.id) {
            return *switched;
        }
        self.presets.iter().any(|preset| in_preset(preset, meta))
    }

    /// How long events of a log group are to stay.
    pub fn days_of_group(&self, name: &str) -> Days {
        let rule =
            self.retention.rules.iter().find(|rule| crate::arn::matches(&rule.pattern, name));
        rule.map_or(self.retention.log_groups, |rule| rule.days)
    }

    /// Whether the interfaces of every region must be known.
    pub fn wants_interfaces(&self) -> bool {
        let extra = &self.vpc_flow.extra;
        self.scope.skip_empty_vpcs || extra.iter().any(|each| each.resource.starts_with("eni-"))
    }

    /// Whether tags put a resource out of scope.
    pub fn excludes<'a>(&self, tags: impl IntoIterator<Item = (&'a str, &'a str)>) -> bool {
        tags.into_iter()
            .any(|(key, value)| self.scope.exclude_tags.get(key).is_some_and(|v| v == value))
    }

    /// Whether data events of a resource are wanted.
    pub fn wants_data(&self, kind: &str, arn: &str) -> bool {
        match self.cloudtrail.data_events.get(kind) {
            Some(Which::Word(Word::All)) => true,
            Some(Which::Word(Word::None)) | None => false,
            Some(Which::Some(arns)) => {
                arns.iter().any(|pattern| crate::arn::matches(pattern.trim_end_matches('/'), arn))
            }
        }
    }

    /// The exception for a finding, expired ones among them.
    pub fn exception(&self, check: &str, resource: &str) -> Option<&Exception> {
        self.exceptions.iter().find(|exception| {
            crate::arn::matches(&exception.check, check)
                && crate::arn::matches(&exception.resource, resource)
        })
    }
}

/// Whether a preset holds a check: by the default mark, or by the controls that it is known for.
pub fn in_preset(preset: &str, meta: &Meta) -> bool {
    let named = |prefix: &str| controls(meta).iter().any(|control| control.starts_with(prefix));
    match preset {
        "sec04-bp01" => meta.default,
        "cis-aws-5.0" => named("CIS-AWS-5.0:"),
        "fsbp" => named("FSBP:"),
        "pci-4.0.1" => named("PCI-4.0.1:"),
        "strict" => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
