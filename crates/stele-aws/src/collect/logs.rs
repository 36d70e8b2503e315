//! CloudWatch Logs: groups, where they are forwarded to, and logs that AWS delivers.

use serde::Deserialize;

use crate::caller::Caller;
use crate::fact::Fact;
use crate::lenient;

/// A log group.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Group {
    /// Its name.
    pub log_group_name: String,
    /// Its ARN, with `:*` at the end.
    pub arn: String,
    /// How long events stay; never gone where it is absent.
    pub retention_in_days: Option<i64>,
    /// The key that it is encrypted with.
    pub kms_key_id: Option<String>,
    /// `STANDARD`, `INFREQUENT_ACCESS` or `DELIVERY`.
    pub log_group_class: String,
    /// When it was made, in microseconds.
    #[serde(deserialize_with = "lenient::millis")]
    pub creation_time: Option<i64>,
    /// Whether it cannot be deleted until that is switched off.
    pub deletion_protection_enabled: bool,
    /// `ACTIVATED`, or `DELETED`, `ARCHIVED`, `DISABLED` where a policy once was; empty where none
    /// ever was.
    pub data_protection_status: String,
    /// `ACCOUNT_DATA_PROTECTION` where a policy of the account masks it too.
    pub inherited_properties: Vec<String>,
    /// Filters on it; asked where a check wants to know.
    #[serde(skip)]
    pub filters: Fact<Vec<Filter>>,
}

/// A subscription filter.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Filter {
    /// Its name.
    pub filter_name: String,
    /// What passes; everything where it is empty.
    pub filter_pattern: String,
    /// Where to.
    pub destination_arn: String,
}

/// A policy of the whole account.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AccountPolicy {
    /// Its name.
    pub policy_name: String,
    /// JSON with `DestinationArn` and `FilterPattern`.
    pub policy_document: String,
    /// Which groups; all where it is empty.
    pub selection_criteria: String,
}

/// A policy that lets services write to groups.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ResourcePolicy {
    /// Its name.
    pub policy_name: String,
    /// The policy.
    pub policy_document: String,
}

/// Logs that AWS delivers for a resource.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DeliverySource {
    /// Its name.
    pub name: String,
    /// Whose logs.
    pub resource_arns: Vec<String>,
    /// Which kind, as `ACCESS_LOGS`.
    pub log_type: String,
}

/// A delivery that is set up.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Delivery {
    /// From which source.
    pub delivery_source_name: String,
    /// To what.
    pub delivery_destination_arn: String,
}

/// Deliveries of a region.
#[derive(Debug, Clone, Default)]
pub struct Deliveries {
    /// Sources.
    pub sources: Fact<Vec<DeliverySource>>,
    /// Which of them are delivered.
    pub deliveries: Fact<Vec<Delivery>>,
}

impl Group {
    /// The ARN without `:*`, which is the name that findings use.
    pub fn resource(&self) -> &str {
        self.arn.strip_suffix(":*").unwrap_or(&self.arn)
    }
}

/// The types of access logs; those of load balancers are called otherwise.
const ACCESS: [&str; 3] = ["ACCESS_LOGS", "ALB_ACCESS_LOGS", "NLB_ACCESS_LOGS"];

impl DeliverySource {
    /// Whether it has logs of one of these types of a resource.
    fn tells(&self, resource: &str, types: &[&str]) -> bool {
        types.contains(&self.log_type.as_str())
            && self.resource_arns.iter().any(|arn| arn == resource)
    }
}

impl Deliveries {
    /// Whether the access log of a resource is delivered anywhere; load balancers have types of
    /// their own.
    pub fn of(&self, resource: &str) -> Fact<bool> {
        self.of_types(resource, &ACCESS)
    }

    /// Whether logs of one of these types are delivered anywhere for a resource.
    pub fn of_types(&self, resource: &str, types: &[&str]) -> Fact<bool> {
        let (sources, deliveries) = match (self.sources.items(), self.deliveries.items()) {
            (Ok(sources), Ok(deliveries)) => (sources, deliveries),
            (Err(reason), _) | (_, Err(reason)) => return Fact::Unknown(reason.clone()),
        };
        Fact::Known(sources.iter().any(|source| {
            source.tells(resource, types)
                && deliveries.iter().any(|each| each.delivery_source_name == source.name)
        }))
    }

    /// The source of access logs of a resource, delivered or not; AWS takes one.
    pub fn source_of(&self, resource: &str) -> Option<&DeliverySource> {
        self.sources.known()?.iter().find(|source| source.tells(resource, &ACCESS))
    }
}

pub(super) async fn groups(caller: Caller<'_>) -> Fact<Vec<Group>> {
    caller.list("logs:DescribeLogGroups", &[]).await
}

pub(super) async fn filters(caller: Caller<'_>, groups: &mut Fact<Vec<Group>>) {
    let Fact::Known(groups) = groups else { return };
    let asked = groups.iter().map(|group| async move {
        let named = [("logGroupName", group.log_group_name.as_str())];
        caller.list("logs:DescribeSubscriptionFilters", &named).await
    });
    let answers = futures::future::join_all(asked).await;
    for (group, filters) in groups.iter_mut().zip(answers) {
        group.filters = filters;
    }
}

pub(super) async fn account_policies(caller: Caller<'_>) -> Fact<Vec<AccountPolicy>> {
    let kind = [("policyType", "SUBSCRIPTION_FILTER_POLICY")];
    caller.list("logs:DescribeAccountPolicies", &kind).await
}

pub(super) async fn resource_policies(caller: Caller<'_>) -> Fact<Vec<ResourcePolicy>> {
    caller.list("logs:DescribeResourcePolicies", &[]).await
}

pub(super) async fn deliveries(caller: Caller<'_>) -> Deliveries {
    let sources: Fact<Vec<DeliverySource>> = caller.list("logs:DescribeDeliverySources", &[]).await;
    // Without a source there is nothing to deliver.
    let deliveries = if sources.items().is_ok_and(<[_]>::is_empty) {
        Fact::Absent
    } else {
        caller.list("logs:DescribeDeliveries", &[]).await
    };
    Deliveries { sources, deliveries }
}
