//! By what a price's volume is counted: which metric of CloudWatch, of what, and how much one of it
//! comes to.
//!
//! The one place that knows CloudWatch's namespaces and dimensions. A check says what it turns on;
//! what counts that is here. What no metric counts has no entry, and keeps its assumed range:
//!
//! - flow logs: a record is a connection and an interval, and no metric of a VPC, an interface, a
//!   NAT or a transit gateway counts those; bytes and packets say little of them;
//! - DNS queries of a VPC: only those through endpoints of the resolver are counted;
//! - what AWS Config will record: `ConfigurationItemsRecorded` counts what it records already;
//! - management events: `CallCount` of `AWS/Usage` is there for some operations of some services
//!   only. Where a trail writes to a log group, that counts them;
//! - audit logs of databases: what they hold is set by options that no metric knows;
//! - requests to a bucket that has no request metrics: `NumberOfObjects` counts what lies there.

use super::volumes::{Metric, Statistic};
use crate::arn;
use crate::collect::balancer::BalancerKind;

/// What counts a volume.
#[derive(Debug, Clone)]
pub struct Measure {
    /// The metrics, whose days are added up.
    pub metrics: Vec<Metric>,
    /// What they are called, for people.
    pub name: &'static str,
    /// What one of it comes to.
    pub each: Each,
    is_bytes: bool,
}

/// How many units of a price one of what is counted comes to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Each {
    /// At least.
    pub low: f64,
    /// Likely.
    pub expected: f64,
    /// At most.
    pub high: f64,
    /// In words.
    pub words: &'static str,
}

const GB: f64 = 1e9;

impl Each {
    /// So many bytes, where the price is of GB.
    const fn bytes(low: f64, expected: f64, high: f64, words: &'static str) -> Self {
        Self { low: low / GB, expected: expected / GB, high: high / GB, words }
    }

    /// One event, where the price is of 100,000.
    const fn event(words: &'static str) -> Self {
        const OF: f64 = 100_000.0;
        Self { low: 1.0 / OF, expected: 1.0 / OF, high: 1.0 / OF, words }
    }
}

/// Lines of load balancers, as files of S3 that AWS compresses.
const BALANCER_LINE: Each = Each::bytes(40.0, 90.0, 300.0, "40 to 300 bytes each, compressed");

impl Measure {
    fn new(name: &'static str, each: Each, metrics: Vec<Metric>) -> Self {
        Self { metrics, name, each, is_bytes: false }
    }

    /// What a load balancer is asked: requests, or connections with TLS of a network one.
    pub fn balancer(region: &str, kind: BalancerKind, arn: &str) -> Option<Self> {
        let (_, id) = arn.split_once(":loadbalancer/")?;
        let (namespace, name, shown, dimension) = match kind {
            BalancerKind::Application => {
                ("AWS/ApplicationELB", "RequestCount", "`RequestCount`", "LoadBalancer")
            }
            BalancerKind::Network => {
                ("AWS/NetworkELB", "NewFlowCount_TLS", "`NewFlowCount_TLS`", "LoadBalancer")
            }
            BalancerKind::Classic => {
                ("AWS/ELB", "RequestCount", "`RequestCount`", "LoadBalancerName")
            }
        };
        let metric = sum(region, namespace, name, vec![(dimension, id.to_owned())]);
        Some(Self::new(shown, BALANCER_LINE, vec![metric]))
    }

    /// Data events of a bucket, in one direction; counted only where it has request metrics for all
    /// of it, under the name that the console gives them.
    pub fn bucket(region: &str, bucket: &str, reads: bool) -> Self {
        let (names, shown): (&[&'static str], _) = if reads {
            (
                &["GetRequests", "HeadRequests", "ListRequests"],
                "`GetRequests`, `HeadRequests` and `ListRequests`",
            )
        } else {
            (
                &["PutRequests", "PostRequests", "DeleteRequests"],
                "`PutRequests`, `PostRequests` and `DeleteRequests`",
            )
        };
        let of =
            || vec![("BucketName", bucket.to_owned()), ("FilterId", "EntireBucket".to_owned())];
        let metrics = names.iter().map(|name| sum(region, "AWS/S3", name, of())).collect();
        Self::new(shown, Each::event("an event each"), metrics)
    }

    /// Lines of a bucket's server access log; counted as [`Self::bucket`] is.
    pub fn access_log(region: &str, bucket: &str) -> Self {
        let of = vec![("BucketName", bucket.to_owned()), ("FilterId", "EntireBucket".to_owned())];
        let each = Each::bytes(300.0, 500.0, 1_000.0, "300 to 1,000 bytes each");
        Self::new("`AllRequests`", each, vec![sum(region, "AWS/S3", "AllRequests", of)])
    }

    /// Data events of a function or a table, by its ARN.
    pub fn data_events(region: &str, arn: &str) -> Option<Self> {
        let id = arn.split(':').nth(5)?;
        match arn.split(':').nth(2)? {
            "lambda" => {
                let name = arn.split(':').nth(6)?;
                let of = vec![("FunctionName", name.to_owned())];
                let metric = sum(region, "AWS/Lambda", "Invocations", of);
                Some(Self::new("`Invocations`", Each::event("an event each"), vec![metric]))
            }
            "dynamodb" => Some(Self::table(region, id.strip_prefix("table/")?)),
            _ => None,
        }
    }

    /// Requests to a table. There is no metric of all of them; this one has each, by operation.
    fn table(region: &str, table: &str) -> Self {
        const OPERATIONS: [&str; 8] = [
            "BatchGetItem",
            "BatchWriteItem",
            "DeleteItem",
            "GetItem",
            "PutItem",
            "Query",
            "Scan",
            "UpdateItem",
        ];
        let metric = |operation: &str| Metric {
            region: region.to_owned(),
            namespace: "AWS/DynamoDB",
            name: "SuccessfulRequestLatency",
            statistic: Statistic::SampleCount,
            dimensions: vec![("TableName", table.to_owned()), ("Operation", operation.to_owned())],
        };
        let metrics = OPERATIONS.iter().map(|operation| metric(operation)).collect();
        let name = "the samples of `SuccessfulRequestLatency`";
        Self::new(name, Each::event("an event each"), metrics)
    }

    /// Events that Insights would look at, of a trail that writes to a log group: each is one
    /// there. Rates of calls are of writes, rates of errors of all events, and both look at writes
    /// twice.
    pub fn insights(group: &str, kinds: &[String]) -> Option<Self> {
        const OF: f64 = 100_000.0;
        let metric = logs(arn::region(group), "IncomingLogEvents", arn::log_group(group)?);
        let has = |kind: &str| kinds.iter().any(|each| each == kind);
        let each = match (has("ApiErrorRateInsight"), has("ApiCallRateInsight")) {
            (true, false) => Each::event("an event each"),
            (true, true) => Each {
                low: 1.0 / OF,
                expected: 1.1 / OF,
                high: 2.0 / OF,
                words: "of which writes are looked at twice",
            },
            (false, _) => Each {
                low: 0.01 / OF,
                expected: 0.1 / OF,
                high: 1.0 / OF,
                words: "of which a tenth is taken to be writes (1 to 100 percent)",
            },
        };
        Some(Self::new("`IncomingLogEvents`", each, vec![metric]))
    }

    /// What comes into a log group, and is passed on compressed.
    pub fn group_passed_on(region: &str, group: &str) -> Self {
        let each = Each::bytes(0.08, 0.2, 1.0, "passed on in 8 to 100 percent of the bytes");
        Self::bytes(region, group, each)
    }

    /// What comes into a log group, all of which is looked at for what is to be masked.
    pub fn group_scanned(region: &str, group: &str) -> Self {
        Self::bytes(region, group, Each::bytes(1.0, 1.0, 1.0, "all of them scanned"))
    }

    /// What a log group keeps when it keeps for more days, once they have gone by. It is stored
    /// compressed.
    pub fn group_kept(region: &str, group: &str, more_days: i32) -> Self {
        let months = f64::from(more_days) / 30.0;
        let Each { low, expected, high, words } = Each::bytes(
            0.1,
            0.15,
            0.3,
            "kept in 10 to 30 percent of the bytes, for all added days",
        );
        let each =
            Each { low: low * months, expected: expected * months, high: high * months, words };
        Self::bytes(region, group, each)
    }

    fn bytes(region: &str, group: &str, each: Each) -> Self {
        let metric = logs(region, "IncomingBytes", group);
        Self { is_bytes: true, ..Self::new("`IncomingBytes`", each, vec![metric]) }
    }

    /// Requests that a web ACL looks at. CloudWatch knows the ACL by the name of its metric, which
    /// is its own name unless somebody chose another.
    pub fn web_acl(arn: &str) -> Option<Self> {
        let (scope, rest) = arn.split(':').nth(5)?.split_once("/webacl/")?;
        let name = rest.split('/').next()?;
        let region = arn::region(arn);
        let metric = |metric| {
            let mut of = vec![("Rule", "ALL".to_owned()), ("WebACL", name.to_owned())];
            if scope == "regional" {
                of.push(("Region", region.to_owned()));
            }
            sum(region, "AWS/WAFV2", metric, of)
        };
        let each = Each::bytes(1_000.0, 1_800.0, 4_000.0, "1,000 to 4,000 bytes each");
        let metrics = vec![metric("AllowedRequests"), metric("BlockedRequests")];
        Some(Self::new("`AllowedRequests` and `BlockedRequests`", each, metrics))
    }

    /// Requests to a stage of a REST API, which CloudWatch knows by the name of the API.
    pub fn rest_stage(region: &str, api_name: &str, stage: &str) -> Option<Self> {
        let of = vec![("ApiName", api_name.to_owned()), ("Stage", stage.to_owned())];
        (!api_name.is_empty()).then(|| Self::stage(region, "Count", "`Count`", of))
    }

    /// Requests to a stage of an HTTP API.
    pub fn http_stage(region: &str, api: &str, stage: &str) -> Self {
        let of = vec![("ApiId", api.to_owned()), ("Stage", stage.to_owned())];
        Self::stage(region, "Count", "`Count`", of)
    }

    /// Messages of a stage of a WebSocket API.
    pub fn websocket_stage(region: &str, api: &str, stage: &str) -> Self {
        let of = vec![("ApiId", api.to_owned()), ("Stage", stage.to_owned())];
        Self::stage(region, "MessageCount", "`MessageCount`", of)
    }

    fn stage(
        region: &str,
        name: &'static str,
        shown: &'static str,
        of: Vec<(&'static str, String)>,
    ) -> Self {
        let each = Each::bytes(300.0, 500.0, 1_500.0, "300 to 1,500 bytes each");
        Self::new(shown, each, vec![sum(region, "AWS/ApiGateway", name, of)])
    }

    /// Requests to a distribution. The region is the one that knows CloudFront.
    pub fn distribution(region: &str, id: &str) -> Self {
        let of = vec![("DistributionId", id.to_owned()), ("Region", "Global".to_owned())];
        let each = Each::bytes(60.0, 150.0, 1_500.0, "60 to 1,500 bytes each, compressed or not");
        Self::new("`Requests`", each, vec![sum(region, "AWS/CloudFront", "Requests", of)])
    }

    /// Queries of a public zone. The region is the one that knows Route 53.
    pub fn zone(region: &str, id: &str) -> Self {
        let of = vec![("HostedZoneId", id.to_owned())];
        let each = Each::bytes(120.0, 170.0, 300.0, "120 to 300 bytes each");
        Self::new("`DNSQueries`", each, vec![sum(region, "AWS/Route53", "DNSQueries", of)])
    }

    /// What the control plane of a cluster is asked; most of its log are audits of that.
    pub fn cluster(region: &str, name: &str) -> Self {
        let of = vec![("ClusterName", name.to_owned())];
        let each = Each::bytes(500.0, 1_500.0, 5_000.0, "500 to 5,000 bytes each");
        let metric = sum(region, "AWS/EKS", "apiserver_request_total", of);
        Self::new("`apiserver_request_total`", each, vec![metric])
    }

    /// An amount of what is counted, for people.
    pub(super) fn amount(&self, amount: f64) -> String {
        if self.is_bytes {
            return format!("{} GB", short(amount / GB));
        }
        match amount {
            amount if amount >= 1e9 => format!("{} billion", short(amount / 1e9)),
            amount if amount >= 1e6 => format!("{} million", short(amount / 1e6)),
            amount => short(amount),
        }
    }
}

/// A number with as many digits as it deserves.
fn short(number: f64) -> String {
    if number == 0.0 {
        return "0".to_owned();
    }
    if number >= 100.0 {
        return thousands(&format!("{number:.0}"));
    }
    if number >= 0.01 {
        let text = format!("{number:.2}");
        return text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    "under 0.01".to_owned()
}

fn thousands(digits: &str) -> String {
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn sum(
    region: &str,
    namespace: &'static str,
    name: &'static str,
    dimensions: Vec<(&'static str, String)>,
) -> Metric {
    let statistic = Statistic::Sum;
    Metric { region: region.to_owned(), namespace, name, statistic, dimensions }
}

fn logs(region: &str, name: &'static str, group: &str) -> Metric {
    sum(region, "AWS/Logs", name, vec![("LogGroupName", group.to_owned())])
}

#[cfg(test)]
mod tests;
