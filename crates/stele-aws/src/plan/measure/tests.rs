//! Which metrics are asked for, and how amounts are written.

use super::*;

/// The metrics of a measure, as CloudWatch's console has them.
#[track_caller]
fn check(measure: impl Into<Option<Measure>>, expected: &[&str]) {
    let measure = measure.into();
    let shown = |metric: &Metric| {
        let of: Vec<String> =
            metric.dimensions.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let Metric { region, namespace, name, statistic, .. } = metric;
        format!("{region} {namespace} {name} {} {}", statistic.word(), of.join(" "))
    };
    let found: Vec<String> =
        measure.iter().flat_map(|measure| &measure.metrics).map(shown).collect();
    assert_eq!(found, expected);
    if let Some(Measure { each, .. }) = measure {
        let Each { low, expected, high, words } = each;
        assert!(0.0 < low && low <= expected && expected <= high, "{words}");
    }
}

#[test]
fn balancers_are_known_by_what_stands_behind_their_kind() {
    let arn = |id: &str| format!("arn:aws:elasticloadbalancing:r:1:loadbalancer/{id}");
    let of = |kind, id: &str| Measure::balancer("r", kind, &arn(id));
    check(
        of(BalancerKind::Application, "app/shop/0a"),
        &["r AWS/ApplicationELB RequestCount Sum LoadBalancer=app/shop/0a"],
    );
    check(
        of(BalancerKind::Network, "net/wire/0b"),
        &["r AWS/NetworkELB NewFlowCount_TLS Sum LoadBalancer=net/wire/0b"],
    );
    check(of(BalancerKind::Classic, "old"), &["r AWS/ELB RequestCount Sum LoadBalancerName=old"]);
    check(Measure::balancer("r", BalancerKind::Classic, "old"), &[]);
}

#[test]
fn data_events_are_counted_where_the_thing_is_used() {
    check(
        Measure::data_events("r", "arn:aws:lambda:r:1:function:pay"),
        &["r AWS/Lambda Invocations Sum FunctionName=pay"],
    );
    let table = Measure::data_events("r", "arn:aws:dynamodb:r:1:table/carts").unwrap();
    assert_eq!(table.metrics.len(), 8);
    assert!(table.metrics.iter().all(|metric| metric.statistic == Statistic::SampleCount));
    let of = [("TableName", "carts".to_owned()), ("Operation", "GetItem".to_owned())];
    assert!(table.metrics.iter().any(|metric| metric.dimensions == of));
    check(Measure::data_events("r", "arn:aws:sns:r:1:topic"), &[]);
    check(Measure::data_events("r", "x"), &[]);
    check(
        Measure::bucket("r", "b", false),
        &[
            "r AWS/S3 PutRequests Sum BucketName=b FilterId=EntireBucket",
            "r AWS/S3 PostRequests Sum BucketName=b FilterId=EntireBucket",
            "r AWS/S3 DeleteRequests Sum BucketName=b FilterId=EntireBucket",
        ],
    );
}

#[test]
fn firewalls_of_cloudfront_have_no_region() {
    check(
        Measure::web_acl("arn:aws:wafv2:eu-west-1:1:regional/webacl/front/0a"),
        &[
            "eu-west-1 AWS/WAFV2 AllowedRequests Sum Rule=ALL WebACL=front Region=eu-west-1",
            "eu-west-1 AWS/WAFV2 BlockedRequests Sum Rule=ALL WebACL=front Region=eu-west-1",
        ],
    );
    check(
        Measure::web_acl("arn:aws:wafv2:us-east-1:1:global/webacl/edge/0a"),
        &[
            "us-east-1 AWS/WAFV2 AllowedRequests Sum Rule=ALL WebACL=edge",
            "us-east-1 AWS/WAFV2 BlockedRequests Sum Rule=ALL WebACL=edge",
        ],
    );
    check(Measure::web_acl("arn:aws:wafv2:r:1:x"), &[]);
}

#[test]
fn the_rest_is_known_by_names_and_ids() {
    for (measure, expected) in [
        (
            Measure::rest_stage("r", "shop", "prod"),
            "r AWS/ApiGateway Count Sum ApiName=shop Stage=prod",
        ),
        (
            Some(Measure::http_stage("r", "a1", "$default")),
            "r AWS/ApiGateway Count Sum ApiId=a1 Stage=$default",
        ),
        (
            Some(Measure::websocket_stage("r", "a1", "s")),
            "r AWS/ApiGateway MessageCount Sum ApiId=a1 Stage=s",
        ),
        (
            Some(Measure::distribution("us-east-1", "E1")),
            "us-east-1 AWS/CloudFront Requests Sum DistributionId=E1 Region=Global",
        ),
        (
            Some(Measure::zone("us-east-1", "Z1")),
            "us-east-1 AWS/Route53 DNSQueries Sum HostedZoneId=Z1",
        ),
        (
            Some(Measure::cluster("r", "shop")),
            "r AWS/EKS apiserver_request_total Sum ClusterName=shop",
        ),
        (Some(Measure::group_passed_on("r", "/a")), "r AWS/Logs IncomingBytes Sum LogGroupName=/a"),
        (
            Some(Measure::access_log("r", "b")),
            "r AWS/S3 AllRequests Sum BucketName=b FilterId=EntireBucket",
        ),
        (
            Measure::insights("arn:aws:logs:r:1:log-group:/trail:*", &[]),
            "r AWS/Logs IncomingLogEvents Sum LogGroupName=/trail",
        ),
    ] {
        check(measure, &[expected]);
    }
    // The list of APIs may lack a name.
    check(Measure::rest_stage("r", "", "prod"), &[]);
}

#[test]
fn insights_look_at_writes_at_all_or_at_both() {
    let group = "arn:aws:logs:r:1:log-group:/trail:*";
    let each = |kinds: &[&str]| {
        let kinds: Vec<String> = kinds.iter().map(|kind| (*kind).to_owned()).collect();
        let Each { low, expected, high, .. } = Measure::insights(group, &kinds).unwrap().each;
        [low, expected, high].map(|each| format!("{:.2}", each * 1e5))
    };
    assert_eq!(each(&["ApiCallRateInsight"]), ["0.01", "0.10", "1.00"]);
    assert_eq!(each(&["ApiErrorRateInsight"]), ["1.00", "1.00", "1.00"]);
    assert_eq!(each(&["ApiErrorRateInsight", "ApiCallRateInsight"]), ["1.00", "1.10", "2.00"]);
}

#[test]
fn what_is_kept_longer_grows_with_the_days() {
    let kept = |days| Measure::group_kept("r", "/a", days).each;
    assert!((kept(300).expected - 10.0 * kept(30).expected).abs() < 1e-15);
    assert!((kept(30).low * GB - 0.1).abs() < 1e-9);
}

#[test]
fn amounts_are_short() {
    let counts = Measure::http_stage("r", "a", "s");
    let bytes = Measure::group_passed_on("r", "/a");
    for (amount, of, expected) in [
        (0.0, &counts, "0"),
        (7.0, &counts, "7"),
        (12.345, &counts, "12.35"),
        (1234.0, &counts, "1,234"),
        (999_999.0, &counts, "999,999"),
        (1_500_000.0, &counts, "1.5 million"),
        (2e9, &counts, "2 billion"),
        (4e12, &counts, "4,000 billion"),
        (2.5e9, &bytes, "2.5 GB"),
        (1e12, &bytes, "1,000 GB"),
        (4e6, &bytes, "under 0.01 GB"),
        (0.0, &bytes, "0 GB"),
    ] {
        assert_eq!(of.amount(amount), expected, "{amount}");
    }
}
