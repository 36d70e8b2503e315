use serde_json::json;

use super::*;
use crate::client::endpoint;
use crate::operation;
use crate::variables::Variables;

fn written(id: &str, params: Value, variables: &[(&str, &str)]) -> Result<Request, String> {
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
    let mut pairs = Vec::new();
    let value = json!([{"Key": "k", "Values": ["a", true]}, null]);
    flatten("Tags", &value, "member", &mut pairs);
    flatten("Filter", &value, "", &mut pairs);
    let names: Vec<&str> = pairs.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "Tags.member.1.Key",
            "Tags.member.1.Values.member.1",
            "Tags.member.1.Values.member.2",
            "Filter.1.Key",
            "Filter.1.Values.1",
            "Filter.1.Values.2",
        ]
    );
}

#[test]
fn what_the_table_does_not_know_is_not_sent() {
    let error = written("cloudtrail:GetTrailStatus", json!({"Nmae": "x"}), &[]).unwrap_err();
    assert!(error.contains("`Nmae`"), "{error}");
    let error = written("s3:GetBucketPolicy", json!({}), &[]).unwrap_err();
    assert!(error.contains("{Bucket}"), "{error}");
}
