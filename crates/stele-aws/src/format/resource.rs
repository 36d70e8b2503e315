//! What kind of thing an ARN names, by the names of Security Hub's format, which others use too.

/// The type of a resource in Security Hub's list; `Other` where the list has none.
pub(super) fn kind(arn: &str) -> &'static str {
    let mut parts = arn.splitn(6, ':').skip(2);
    let service = parts.next().unwrap_or_default();
    let rest = parts.nth(2).unwrap_or_default();
    let word = rest.trim_start_matches('/').split(['/', ':']).next().unwrap_or_default();
    match (service, word) {
        ("apigateway", "apis") => "AwsApiGatewayV2Stage",
        ("apigateway", "restapis") => "AwsApiGatewayStage",
        ("cloudfront", "distribution") => "AwsCloudFrontDistribution",
        ("cloudtrail", "trail") => "AwsCloudTrailTrail",
        ("dynamodb", "table") => "AwsDynamoDbTable",
        ("ec2", "instance") => "AwsEc2Instance",
        ("ec2", "network-interface") => "AwsEc2NetworkInterface",
        ("ec2", "subnet") => "AwsEc2Subnet",
        ("ec2", "transit-gateway") => "AwsEc2TransitGateway",
        ("ec2", "vpc") => "AwsEc2Vpc",
        ("eks", "cluster") => "AwsEksCluster",
        ("elasticloadbalancing", "loadbalancer") => {
            let classic = rest.split('/').count() == 2 && !rest.ends_with('*');
            if classic { "AwsElbLoadBalancer" } else { "AwsElbv2LoadBalancer" }
        }
        ("guardduty", "detector") => "AwsGuardDutyDetector",
        ("iam", "root") => "AwsAccount",
        ("kms", "key") => "AwsKmsKey",
        ("lambda", "function") => "AwsLambdaFunction",
        ("rds", "cluster") => "AwsRdsDbCluster",
        ("rds", "db") => "AwsRdsDbInstance",
        ("redshift", "cluster") => "AwsRedshiftCluster",
        ("route53", "hostedzone") => "AwsRoute53HostedZone",
        ("s3", _) => "AwsS3Bucket",
        ("wafv2", "global" | "regional") => "AwsWafv2WebAcl",
        _ => "Other",
    }
}

/// Service and kind, as `logs/log-group`, for what the list does not have.
pub(super) fn words(arn: &str) -> String {
    let mut parts = arn.splitn(6, ':').skip(2);
    let service = parts.next().unwrap_or_default();
    let rest = parts.nth(2).unwrap_or_default();
    let word = rest.split(['/', ':']).next().unwrap_or_default();
    format!("{service}/{word}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_by_the_arn() {
        for (arn, expected) in [
            ("arn:aws:cloudtrail:eu-west-1:111122223333:trail", "AwsCloudTrailTrail"),
            ("arn:aws:s3:::a-bucket", "AwsS3Bucket"),
            ("arn:aws:ec2:eu-west-1:111122223333:vpc/*", "AwsEc2Vpc"),
            ("arn:aws:apigateway:eu-west-1::/restapis/a/stages/b", "AwsApiGatewayStage"),
            ("arn:aws:apigateway:eu-west-1::/apis/a/stages/b", "AwsApiGatewayV2Stage"),
            (
                "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/a/b",
                "AwsElbv2LoadBalancer",
            ),
            (
                "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/old",
                "AwsElbLoadBalancer",
            ),
            ("arn:aws:rds:eu-west-1:111122223333:db:a", "AwsRdsDbInstance"),
            ("arn:aws:rds:eu-west-1:111122223333:cluster:a", "AwsRdsDbCluster"),
            ("arn:aws:wafv2:us-east-1:111122223333:global/webacl/a/b", "AwsWafv2WebAcl"),
            ("arn:aws:iam::111122223333:root", "AwsAccount"),
            ("arn:aws:logs:eu-west-1:111122223333:log-group:/a", "Other"),
            ("arn:aws:config:eu-west-1:111122223333:configuration-recorder", "Other"),
        ] {
            assert_eq!(kind(arn), expected, "{arn}");
        }
        assert_eq!(words("arn:aws:logs:eu-west-1:111122223333:log-group:/a"), "logs/log-group");
    }
}
