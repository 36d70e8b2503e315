use serde_json::json;

use super::*;
use crate::client::endpoint;
use crate::operation;
use crate::variables::Variables;

pub(super) fn written(
    id: &str,
    params: Value,
    variables: &[(&str, &str)],
) -> Result<Request, String> {
    let operation = operation::find(id).unwrap();
    let Value::Object(params) = params else { panic!("parameters are an object") };
    let call = Call { operation, region: "eu-west-1".to_owned(), params };
    let endpoint = endpoint::resolve(operation, &call.region, &Variables::of(variables));
    request(&call, &endpoint)
}

fn check(id: &str, params: Value, url: &str, headers: &[(&str, &str)], body: &str) {
    let request = written(id, params, &[]).unwrap();
    assert_eq!(request.url(), url, "{id}");
    for (name, value) in headers {
        let found = request.headers.iter().find(|(there, _)| there == name);
        assert_eq!(found.map(|(_, value)| value.as_str()), Some(*value), "{id} {name}");
    }
    assert_eq!(String::from_utf8(request.body).unwrap(), body, "{id}");
}

#[test]
fn each_protocol_is_written_as_its_service_reads_it() {
    check(
        "cloudtrail:GetTrailStatus",
        json!({"Name": "arn:x"}),
        "https://cloudtrail.eu-west-1.amazonaws.com/",
        &[
            ("content-type", "application/x-amz-json-1.1"),
            (
                "x-amz-target",
                "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.GetTrailStatus",
            ),
        ],
        r#"{"Name":"arn:x"}"#,
    );
    check(
        "dynamodb:ListTables",
        json!({}),
        "https://dynamodb.eu-west-1.amazonaws.com/",
        &[("content-type", "application/x-amz-json-1.0")],
        r#"{"Limit":100}"#,
    );
    check(
        "sts:AssumeRole",
        json!({"RoleArn": "arn:aws:iam::1:role/a b", "ExternalId": "é"}),
        "https://sts.eu-west-1.amazonaws.com/",
        &[],
        "Action=AssumeRole&Version=2011-06-15&ExternalId=%C3%A9\
         &RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fa%20b",
    );
    check(
        "ec2:DescribeVpcs",
        json!({}),
        "https://ec2.eu-west-1.amazonaws.com/",
        &[],
        "Action=DescribeVpcs&Version=2016-11-15&MaxResults=1000",
    );
    check(
        "s3:GetBucketPolicy",
        json!({"Bucket": "logs"}),
        "https://logs.s3.eu-west-1.amazonaws.com/?policy=",
        &[],
        "",
    );
    check(
        "s3:GetBucketPolicy",
        json!({"Bucket": "logs.example.org"}),
        "https://s3.eu-west-1.amazonaws.com/logs.example.org?policy=",
        &[],
        "",
    );
    check(
        "s3control:GetPublicAccessBlock",
        json!({"AccountId": "111122223333"}),
        "https://111122223333.s3-control.eu-west-1.amazonaws.com/v20180820/configuration/\
         publicAccessBlock",
        &[("x-amz-account-id", "111122223333")],
        "",
    );
    check(
        "apigatewayv2:GetStages",
        json!({"ApiId": "a/b", "NextToken": "t="}),
        "https://apigateway.eu-west-1.amazonaws.com/v2/apis/a%2Fb/stages?nextToken=t%3D",
        &[],
        "",
    );
}

#[test]
fn own_endpoints_are_spoken_to_by_path() {
    let own = [("AWS_ENDPOINT_URL", "http://127.0.0.1:5000")];
    let url = |id, params| written(id, params, &own).unwrap().url();
    let bucket = url("s3:GetBucketPolicy", json!({"Bucket": "logs"}));
    assert_eq!(bucket, "http://127.0.0.1:5000/logs?policy=");
    let control = url("s3control:GetPublicAccessBlock", json!({"AccountId": "1"}));
    assert!(control.starts_with("http://127.0.0.1:5000/v20180820/"), "{control}");
}

#[test]
fn lists_and_structures_are_flattened() {
    let names = |protocol: Protocol, elements: &[(&str, &str)]| {
        let owned = |(list, element): &(&str, &str)| ((*list).to_owned(), (*element).to_owned());
        let mut row = Row::default();
        row.elements.extend(elements.iter().map(owned));
        let mut form = Form { row: &row, ec2: protocol == Protocol::Ec2, pairs: Vec::new() };
        let value = json!([{"Key": "k", "Values": ["a", true]}, null]);
        form.add("Tags", "Tags", &value);
        form.add("None", "None", &json!([]));
        form.pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>()
    };
    let key = "Tags.member.1.Key=k";
    assert_eq!(
        names(Protocol::Query, &[]),
        [key, "Tags.member.1.Values.member.1=a", "Tags.member.1.Values.member.2=true", "None="]
    );
    assert_eq!(
        names(Protocol::Query, &[("Values", "Value")]),
        [key, "Tags.member.1.Values.Value.1=a", "Tags.member.1.Values.Value.2=true", "None="]
    );
    assert_eq!(
        names(Protocol::Ec2, &[]),
        ["Tags.1.Key=k", "Tags.1.Values.1=a", "Tags.1.Values.2=true"]
    );
}

#[test]
fn writes_are_written_as_their_services_read_them() {
    check(
        "ec2:CreateFlowLogs",
        json!({
            "ResourceIds": ["vpc-1", "vpc-2"],
            "ResourceType": "VPC",
            "DestinationOptions": {"PerHourPartition": true},
            "TagSpecifications": [{"Tags": [{"Key": "a", "Value": "b"}]}],
        }),
        "https://ec2.eu-west-1.amazonaws.com/",
        &[],
        "Action=CreateFlowLogs&Version=2016-11-15&DestinationOptions.PerHourPartition=true\
         &ResourceId.1=vpc-1&ResourceId.2=vpc-2&ResourceType=VPC\
         &TagSpecification.1.Tag.1.Key=a&TagSpecification.1.Tag.1.Value=b",
    );
    check(
        "apigatewayv2:UpdateStage",
        json!({"ApiId": "a", "StageName": "$default", "AccessLogSettings": {"Format": "f"}}),
        "https://apigateway.eu-west-1.amazonaws.com/v2/apis/a/stages/%24default",
        &[("content-type", "application/json")],
        r#"{"accessLogSettings":{"format":"f"}}"#,
    );
    check(
        "guardduty:CreateDetector",
        json!({"Enable": true, "Tags": {"Enable": "Status"}}),
        "https://guardduty.eu-west-1.amazonaws.com/detector",
        &[],
        r#"{"enable":true,"tags":{"Enable":"Status"}}"#,
    );
    check(
        "securityhub:EnableSecurityHub",
        json!({}),
        "https://securityhub.eu-west-1.amazonaws.com/accounts",
        &[("content-type", "application/json")],
        "{}",
    );
    check(
        "route53:CreateQueryLoggingConfig",
        json!({"HostedZoneId": "Z1", "CloudWatchLogsLogGroupArn": "arn:a&b"}),
        "https://route53.amazonaws.com/2013-04-01/queryloggingconfig",
        &[("content-type", "application/xml")],
        "<CreateQueryLoggingConfigRequest xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\">\
         <CloudWatchLogsLogGroupArn>arn:a&amp;b</CloudWatchLogsLogGroupArn>\
         <HostedZoneId>Z1</HostedZoneId></CreateQueryLoggingConfigRequest>",
    );
    check(
        "s3:PutBucketPolicy",
        json!({"Bucket": "logs", "Policy": "{\"Version\": \"2012-10-17\"}"}),
        "https://logs.s3.eu-west-1.amazonaws.com/?policy=",
        &[
            ("x-amz-sdk-checksum-algorithm", "SHA256"),
            ("x-amz-checksum-sha256", "O10HDGi9fGSrJJJPmYLNan1j3kBrkA3MIN7r4cwc8wA="),
        ],
        "{\"Version\": \"2012-10-17\"}",
    );
    check(
        "s3:CreateBucket",
        json!({"Bucket": "logs", "ObjectLockEnabledForBucket": true}),
        "https://logs.s3.eu-west-1.amazonaws.com/",
        &[("x-amz-bucket-object-lock-enabled", "true")],
        "",
    );
}

#[test]
fn bodies_that_cannot_be_written_are_errors() {
    for (id, params, said) in [
        ("s3:PutBucketPolicy", json!({"Bucket": "logs", "Policy": {"a": 1}}), "no text"),
        (
            "s3:PutBucketVersioning",
            json!({"Bucket": "logs", "VersioningConfiguration": {"Status": "a\u{0}b"}}),
            "character",
        ),
        (
            "s3:PutBucketVersioning",
            json!({"Bucket": "logs", "VersioningConfiguration": {"Stat us": "a"}}),
            "name",
        ),
    ] {
        let error = written(id, params, &[]).unwrap_err();
        assert!(error.contains(id) && error.contains(said), "{error}");
    }
}

#[test]
fn what_the_table_does_not_know_is_not_sent() {
    let error = written("cloudtrail:GetTrailStatus", json!({"Nmae": "x"}), &[]).unwrap_err();
    assert!(error.contains("`Nmae`"), "{error}");
    let error = written("s3:GetBucketPolicy", json!({}), &[]).unwrap_err();
    assert!(error.contains("{Bucket}"), "{error}");
}
