//! Load balancers of all kinds, and their logs.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::caller::Caller;
use crate::fact::Fact;

/// The kinds that have access logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BalancerKind {
    /// Application.
    Application,
    /// Network.
    Network,
    /// Classic.
    Classic,
}

/// A load balancer.
#[derive(Debug, Clone)]
pub struct Balancer {
    /// Its ARN; made by us for classic ones.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: BalancerKind,
    /// Attributes by name; those of classic ones under the names of the others.
    pub attributes: Fact<BTreeMap<String, String>>,
    /// The protocols of its listeners; asked of network load balancers.
    pub listeners: Fact<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Row {
    load_balancer_arn: String,
    load_balancer_name: String,
    #[serde(rename = "Type")]
    kind: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Attribute {
    key: String,
    value: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Listener {
    protocol: String,
}

impl Balancer {
    /// Whether its access log goes to S3.
    pub fn logs_to_s3(&self) -> Fact<bool> {
        self.attributes.clone().map(|attributes| {
            attributes.get("access_logs.s3.enabled").is_some_and(|value| value == "true")
        })
    }

    /// The prefix that is set, whether the log is on or off.
    pub fn prefix(&self) -> &str {
        let attributes = self.attributes.known();
        attributes.and_then(|all| all.get("access_logs.s3.prefix")).map_or("", String::as_str)
    }

    /// The bucket and prefix of the access log, where it is on.
    pub fn bucket(&self) -> Option<(&str, &str)> {
        self.bucket_of("access_logs")
    }

    /// The bucket and prefix of the log of connections, where it is on.
    pub fn connection_bucket(&self) -> Option<(&str, &str)> {
        self.bucket_of("connection_logs")
    }

    /// The prefix that is set for the log of connections, whether it is on or off.
    pub fn connection_prefix(&self) -> &str {
        let attributes = self.attributes.known();
        attributes.and_then(|all| all.get("connection_logs.s3.prefix")).map_or("", String::as_str)
    }

    fn bucket_of(&self, log: &str) -> Option<(&str, &str)> {
        let attributes = self.attributes.known()?;
        let get =
            |name: &str| attributes.get(&format!("{log}.s3.{name}")).map_or("", String::as_str);
        (get("enabled") == "true").then(|| (get("bucket"), get("prefix")))
    }
}

/// All kinds of a region.
pub(super) async fn collect(
    caller: Caller<'_>,
    partition: &str,
    account: &str,
    region: &str,
) -> Fact<Vec<Balancer>> {
    let (newer, classic) =
        futures::join!(modern(caller), classic(caller, partition, account, region));
    match (newer, classic) {
        (Fact::Known(mut all), Fact::Known(classic)) => {
            all.extend(classic);
            Fact::Known(all)
        }
        (Fact::Unknown(reason), _) | (_, Fact::Unknown(reason)) => Fact::Unknown(reason),
        (Fact::Absent, other) | (other, Fact::Absent) => other,
    }
}

async fn modern(caller: Caller<'_>) -> Fact<Vec<Balancer>> {
    let rows: Fact<Vec<Row>> = caller.list("elbv2:DescribeLoadBalancers", &[]).await;
    let rows = match rows {
        Fact::Known(rows) => rows,
        Fact::Absent => return Fact::Absent,
        Fact::Unknown(reason) => return Fact::Unknown(reason),
    };
    let asked = rows.into_iter().filter_map(|row| {
        // Go by the type: gateway load balancers have no log.
        let kind = match row.kind.as_str() {
            "application" => BalancerKind::Application,
            "network" => BalancerKind::Network,
            _ => return None,
        };
        Some(async move {
            let named = [("LoadBalancerArn", row.load_balancer_arn.as_str())];
            let attributes = caller.member::<Vec<Attribute>>(
                "elbv2:DescribeLoadBalancerAttributes",
                &named,
                "Attributes",
            );
            let listeners = async {
                if kind == BalancerKind::Network {
                    caller.list::<Listener>("elbv2:DescribeListeners", &named).await
                } else {
                    Fact::Absent
                }
            };
            let (attributes, listeners) = futures::join!(attributes, listeners);
            let attributes =
                attributes.map(|all| all.into_iter().map(|each| (each.key, each.value)).collect());
            let listeners =
                listeners.map(|all| all.into_iter().map(|each| each.protocol).collect());
            let (arn, name) = (row.load_balancer_arn.clone(), row.load_balancer_name.clone());
            Balancer { arn, name, kind, attributes, listeners }
        })
    });
    Fact::Known(futures::future::join_all(asked).await)
}

async fn classic(
    caller: Caller<'_>,
    partition: &str,
    account: &str,
    region: &str,
) -> Fact<Vec<Balancer>> {
    let rows: Fact<Vec<Row>> = caller.list("elb:DescribeLoadBalancers", &[]).await;
    let rows = match rows {
        Fact::Known(rows) => rows,
        Fact::Absent => return Fact::Absent,
        Fact::Unknown(reason) => return Fact::Unknown(reason),
    };
    let asked = rows.into_iter().map(|row| async move {
        let name = row.load_balancer_name;
        let named = [("LoadBalancerName", name.as_str())];
        let access: Fact<Value> = caller
            .member(
                "elb:DescribeLoadBalancerAttributes",
                &named,
                "LoadBalancerAttributes.AccessLog",
            )
            .await;
        let attributes = access.map(|access| {
            let text = |name: &str| match &access[name] {
                Value::String(text) => text.clone(),
                Value::Null => String::new(),
                other => other.to_string(),
            };
            BTreeMap::from([
                ("access_logs.s3.enabled".to_owned(), text("Enabled")),
                ("access_logs.s3.bucket".to_owned(), text("S3BucketName")),
                ("access_logs.s3.prefix".to_owned(), text("S3BucketPrefix")),
            ])
        });
        let arn =
            format!("arn:{partition}:elasticloadbalancing:{region}:{account}:loadbalancer/{name}");
        let kind = BalancerKind::Classic;
        Balancer { arn, name, kind, attributes, listeners: Fact::Absent }
    });
    Fact::Known(futures::future::join_all(asked).await)
}
