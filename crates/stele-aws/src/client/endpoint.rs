//! Where a call goes: partitions, regions, global services, and endpoints of one's own.
//!
//! `AWS_ENDPOINT_URL` and `AWS_ENDPOINT_URL_<SERVICE>` are honoured as AWS's own tools do. An
//! endpoint of one's own is spoken to by path: buckets and accounts do not become part of the host.

use crate::operation::Operation;
use crate::variables::Variables;

/// A partition of AWS: accounts, regions and names that know nothing of those of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partition {
    /// As in ARNs.
    pub id: &'static str,
    /// The end of host names.
    pub suffix: &'static str,
    /// Where its global services sign.
    pub global_region: &'static str,
    region_prefixes: &'static [&'static str],
}

/// From AWS's partitions.json; the first is the one for every region that no other claims.
const PARTITIONS: &[Partition] = &[
    Partition {
        id: "aws",
        suffix: "amazonaws.com",
        global_region: "us-east-1",
        region_prefixes: &[],
    },
    Partition {
        id: "aws-cn",
        suffix: "amazonaws.com.cn",
        global_region: "cn-northwest-1",
        region_prefixes: &["cn-"],
    },
    Partition {
        id: "aws-us-gov",
        suffix: "amazonaws.com",
        global_region: "us-gov-west-1",
        region_prefixes: &["us-gov-"],
    },
    Partition {
        id: "aws-iso",
        suffix: "c2s.ic.gov",
        global_region: "us-iso-east-1",
        region_prefixes: &["us-iso-"],
    },
    Partition {
        id: "aws-iso-b",
        suffix: "sc2s.sgov.gov",
        global_region: "us-isob-east-1",
        region_prefixes: &["us-isob-"],
    },
    Partition {
        id: "aws-eusc",
        suffix: "amazonaws.eu",
        global_region: "eusc-de-east-1",
        region_prefixes: &["eusc-"],
    },
];

impl Partition {
    /// The partition of a region.
    pub fn of_region(region: &str) -> Self {
        let claims = |partition: &&Self| {
            partition.region_prefixes.iter().any(|prefix| region.starts_with(prefix))
        };
        PARTITIONS.iter().find(claims).copied().unwrap_or(PARTITIONS[0])
    }
}

/// Where a call goes, and for which region it is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// Scheme and host, without a slash at the end.
    pub(crate) base: String,
    pub(crate) signing_region: String,
    /// Whether buckets stay in the path and nothing is put before the host.
    pub(crate) by_path: bool,
}

/// Resolves the endpoint of an operation in a region.
pub(crate) fn resolve(operation: &Operation, region: &str, variables: &Variables) -> Endpoint {
    let service = &operation.service;
    let partition = Partition::of_region(region);
    let signing_region = match (service.name.as_str(), partition.id) {
        // The one global service of China that is not at home in Ningxia.
        ("iam", "aws-cn") => "cn-north-1".to_owned(),
        _ if service.global => partition.global_region.to_owned(),
        _ => region.to_owned(),
    };
    if let Some(base) = own(&service.variable, variables) {
        return Endpoint { base, signing_region, by_path: true };
    }
    let suffix = partition.suffix;
    let host = match (service.name.as_str(), partition.id) {
        (name @ ("iam" | "route53"), "aws-us-gov") => format!("{name}.us-gov.{suffix}"),
        (name @ "iam", "aws") | (name @ "route53", _) => format!("{name}.{suffix}"),
        ("cloudfront", partition) if partition != "aws-cn" => format!("cloudfront.{suffix}"),
        _ => format!("{}.{signing_region}.{suffix}", service.endpoint),
    };
    Endpoint { base: format!("https://{host}"), signing_region, by_path: false }
}

fn own(variable: &str, variables: &Variables) -> Option<String> {
    if variables.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS").is_some_and(|value| value == "true") {
        return None;
    }
    let url = variables
        .get(&format!("AWS_ENDPOINT_URL_{variable}"))
        .or_else(|| variables.get("AWS_ENDPOINT_URL"))?;
    Some(url.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation;

    fn base(id: &str, region: &str, variables: &[(&str, &str)]) -> (String, String) {
        let variables = Variables::of(variables);
        let endpoint = resolve(operation::find(id).unwrap(), region, &variables);
        (endpoint.base, endpoint.signing_region)
    }

    #[test]
    fn endpoints_follow_partition_and_service() {
        for (id, region, host, signing) in [
            ("ec2:DescribeVpcs", "eu-west-1", "ec2.eu-west-1.amazonaws.com", "eu-west-1"),
            ("ec2:DescribeVpcs", "cn-north-1", "ec2.cn-north-1.amazonaws.com.cn", "cn-north-1"),
            ("route53:ListHostedZones", "eu-west-1", "route53.amazonaws.com", "us-east-1"),
            (
                "route53:ListHostedZones",
                "us-gov-east-1",
                "route53.us-gov.amazonaws.com",
                "us-gov-west-1",
            ),
            ("route53:ListHostedZones", "us-iso-west-1", "route53.c2s.ic.gov", "us-iso-east-1"),
            ("cloudfront:ListDistributions", "eu-west-1", "cloudfront.amazonaws.com", "us-east-1"),
            (
                "cloudfront:ListDistributions",
                "cn-north-1",
                "cloudfront.cn-northwest-1.amazonaws.com.cn",
                "cn-northwest-1",
            ),
            ("iam:GetRole", "eu-west-1", "iam.amazonaws.com", "us-east-1"),
            ("iam:GetRole", "us-gov-east-1", "iam.us-gov.amazonaws.com", "us-gov-west-1"),
            ("iam:GetRole", "cn-northwest-1", "iam.cn-north-1.amazonaws.com.cn", "cn-north-1"),
            (
                "cloudwatch:GetMetricData",
                "eu-west-1",
                "monitoring.eu-west-1.amazonaws.com",
                "eu-west-1",
            ),
            (
                "organizations:ListAccounts",
                "eu-west-1",
                "organizations.us-east-1.amazonaws.com",
                "us-east-1",
            ),
            (
                "elbv2:DescribeLoadBalancers",
                "eu-west-1",
                "elasticloadbalancing.eu-west-1.amazonaws.com",
                "eu-west-1",
            ),
        ] {
            let expected = (format!("https://{host}"), signing.to_owned());
            assert_eq!(base(id, region, &[]), expected, "{id} {region}");
        }
    }

    #[test]
    fn own_endpoints_come_first() {
        let variables = &[
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:5000/"),
            ("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", "http://logs.test"),
        ];
        let of = |id| base(id, "eu-west-1", variables).0;
        assert_eq!(of("ec2:DescribeVpcs"), "http://127.0.0.1:5000");
        assert_eq!(of("logs:DescribeLogGroups"), "http://logs.test");
        let ignored = &[
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:5000"),
            ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"),
        ];
        assert!(base("ec2:DescribeVpcs", "eu-west-1", ignored).0.starts_with("https://ec2."));
    }
}
