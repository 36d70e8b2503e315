//! What AWS answers before a call and after it: the first is not settled, the second is.

use serde_json::{Value, json};

use super::super::setting;

/// The reading call is answered with `before`, the call is made with `params`, and then it is
/// answered with `after`.
fn check(call: &str, params: &Value, before: &Value, after: &Value) {
    let row = setting::find(call).unwrap();
    let params = params.as_object().unwrap();
    let settled = |answer| (row.settled)(&(row.find)(answer, params), params);
    assert!(!settled(before), "{call}: before it is made");
    assert!(settled(after), "{call}: after it is made");
}

#[test]
fn recorders_are_as_aws_shows_them() {
    let group = json!({"allSupported": true, "includeGlobalResourceTypes": true,
        "recordingStrategy": {"useOnly": "ALL_SUPPORTED_RESOURCE_TYPES"}});
    let shown = json!({"allSupported": true, "includeGlobalResourceTypes": true,
        "resourceTypes": [], "exclusionByResourceTypes": {"resourceTypes": []},
        "recordingStrategy": {"useOnly": "ALL_SUPPORTED_RESOURCE_TYPES"}});
    let of_service = json!({"name": "AWSConfigurationRecorderForX", "servicePrincipal": "x"});
    check(
        "config:PutConfigurationRecorder",
        &json!({"ConfigurationRecorder": {"name": "default", "roleARN": "r",
            "recordingGroup": group}}),
        &json!({"ConfigurationRecorders": [of_service]}),
        &json!({"ConfigurationRecorders": [of_service, {"arn": "a", "name": "default",
            "roleARN": "r", "recordingGroup": shown, "recordingScope": "PAID",
            "recordingMode": {"recordingFrequency": "CONTINUOUS", "recordingModeOverrides": []}}]}),
    );
    check(
        "config:PutDeliveryChannel",
        &json!({"DeliveryChannel": {"name": "default", "s3BucketName": "b"}}),
        &json!({"DeliveryChannels": [{"name": "default", "s3BucketName": "gone"}]}),
        &json!({"DeliveryChannels": [{"name": "default", "s3BucketName": "b",
            "snsTopicARN": "t"}]}),
    );
    check(
        "config:StartConfigurationRecorder",
        &json!({"ConfigurationRecorderName": "default"}),
        &json!({"ConfigurationRecordersStatus": []}),
        &json!({"ConfigurationRecordersStatus": [{"name": "other", "recording": false},
            {"name": "default", "recording": true, "lastStatus": "PENDING"}]}),
    );
}

#[test]
fn attributes_of_load_balancers_are_text_in_xml() {
    let attribute = |key: &str, value: &str| json!({"Key": key, "Value": value});
    check(
        "elbv2:ModifyLoadBalancerAttributes",
        &json!({"LoadBalancerArn": "a", "Attributes": [
            attribute("access_logs.s3.enabled", "true"),
            attribute("access_logs.s3.bucket", "b")]}),
        &json!({"Attributes": [attribute("access_logs.s3.enabled", "true"),
            attribute("access_logs.s3.bucket", "other")]}),
        &json!({"Attributes": [attribute("access_logs.s3.prefix", "x"),
            attribute("access_logs.s3.bucket", "b"),
            attribute("access_logs.s3.enabled", "true"),
            attribute("deletion_protection.enabled", "false")]}),
    );
    check(
        "elb:ModifyLoadBalancerAttributes",
        &json!({"LoadBalancerName": "a", "LoadBalancerAttributes": {"AccessLog": {
            "Enabled": true, "S3BucketName": "b", "S3BucketPrefix": "", "EmitInterval": 5}}}),
        &json!({"LoadBalancerAttributes": {}}),
        &json!({"LoadBalancerAttributes": {"AccessLog": {"Enabled": "true",
            "S3BucketName": "b", "EmitInterval": "5"},
            "CrossZoneLoadBalancing": {"Enabled": "true"}}}),
    );
}

#[test]
fn an_export_that_is_coming_is_as_good_as_there() {
    let params = json!({"DBInstanceIdentifier": "d",
        "CloudwatchLogsExportConfiguration": {"EnableLogTypes": ["audit"]}});
    let before = json!([{"DBInstanceIdentifier": "d", "EnabledCloudwatchLogsExports": ""}]);
    let coming = json!([{"DBInstanceIdentifier": "d", "EnabledCloudwatchLogsExports": ["error"],
        "PendingModifiedValues": {"PendingCloudwatchLogsExports": {
            "LogTypesToEnable": ["audit"]}}}]);
    let there = json!([{"DBInstanceIdentifier": "d",
        "EnabledCloudwatchLogsExports": ["audit", "error"]}]);
    check("rds:ModifyDBInstance", &params, &before, &coming);
    check("rds:ModifyDBInstance", &params, &before, &there);
    check(
        "redshift:EnableLogging",
        &json!({"ClusterIdentifier": "c", "BucketName": "b", "S3KeyPrefix": "redshift/",
            "LogDestinationType": "s3"}),
        &json!({"LoggingEnabled": "false", "LogExports": ""}),
        &json!({"LoggingEnabled": "true", "BucketName": "b", "S3KeyPrefix": "redshift/",
            "LogDestinationType": "s3", "LogExports": ""}),
    );
}

#[test]
fn logs_of_services_are_as_aws_shows_them() {
    check(
        "wafv2:PutLoggingConfiguration",
        &json!({"LoggingConfiguration": {"ResourceArn": "a", "LogDestinationConfigs": ["g"]}}),
        &json!({"LoggingConfiguration": {"ResourceArn": "a", "LogDestinationConfigs": ["other"]}}),
        &json!({"LoggingConfiguration": {"ResourceArn": "a", "LogDestinationConfigs": ["g:*"],
            "LogType": "WAF_LOGS", "LogScope": "CUSTOMER", "ManagedByFirewallManager": false}}),
    );
    let patch = |path: &str, value: &str| json!({"op": "replace", "path": path, "value": value});
    check(
        "apigateway:UpdateStage",
        &json!({"restApiId": "a", "stageName": "s", "patchOperations": [
            patch("/accessLogSettings/destinationArn", "g"),
            patch("/accessLogSettings/format", "f"),
            patch("/*/*/logging/loglevel", "ERROR"),
            patch("/~1pay/POST/logging/loglevel", "ERROR")]}),
        &json!({"stageName": "s", "accessLogSettings": {"destinationArn": "g", "format": "f"},
            "methodSettings": {"*/*": {"loggingLevel": "ERROR"}}}),
        &json!({"stageName": "s", "accessLogSettings": {"destinationArn": "g:*", "format": "f"},
            "methodSettings": {"*/*": {"loggingLevel": "ERROR", "metricsEnabled": false},
                "~1pay/POST": {"loggingLevel": "ERROR"}}}),
    );
    check(
        "apigateway:UpdateAccount",
        &json!({"patchOperations": [patch("/cloudwatchRoleArn", "ours")]}),
        &json!({"throttleSettings": {"burstLimit": 5000}}),
        &json!({"cloudwatchRoleArn": "theirs"}),
    );
    check(
        "apigatewayv2:UpdateStage",
        &json!({"ApiId": "a", "StageName": "s",
            "AccessLogSettings": {"DestinationArn": "g", "Format": "f"}}),
        &json!({"stageName": "s", "accessLogSettings": {}}),
        &json!({"stageName": "s", "accessLogSettings": {"destinationArn": "g", "format": "f"}}),
    );
    check(
        "eks:UpdateClusterConfig",
        &json!({"name": "c", "logging": {"clusterLogging": [
            {"types": ["api", "audit"], "enabled": true}]}}),
        &json!({"cluster": {"name": "c", "logging": {"clusterLogging": [
            {"types": ["api"], "enabled": true}, {"types": ["audit"], "enabled": false}]}}}),
        &json!({"cluster": {"name": "c", "logging": {"clusterLogging": [
            {"types": ["audit", "api"], "enabled": true}, {"types": [], "enabled": false}]}}}),
    );
}

#[test]
fn deliveries_and_filters_are_found_by_what_they_join() {
    check(
        "logs:PutDeliverySource",
        &json!({"name": "s", "resourceArn": "d", "logType": "ACCESS_LOGS"}),
        &json!({}),
        &json!({"deliverySource": {"name": "s", "arn": "a", "resourceArns": ["d"],
            "service": "cloudfront", "logType": "ACCESS_LOGS"}}),
    );
    check(
        "logs:PutDeliveryDestination",
        &json!({"name": "d", "outputFormat": "json",
            "deliveryDestinationConfiguration": {"destinationResourceArn": "b"}}),
        &json!({"deliveryDestination": {"name": "d", "outputFormat": "json",
            "deliveryDestinationConfiguration": {"destinationResourceArn": "other"}}}),
        &json!({"deliveryDestination": {"name": "d", "deliveryDestinationType": "S3",
            "outputFormat": "json",
            "deliveryDestinationConfiguration": {"destinationResourceArn": "b"}}}),
    );
    check(
        "logs:CreateDelivery",
        &json!({"deliverySourceName": "s", "deliveryDestinationArn": "d"}),
        &json!([{"id": "1", "deliverySourceName": "s", "deliveryDestinationArn": "other"}]),
        &json!([{"id": "2", "deliverySourceName": "s", "deliveryDestinationArn": "d"}]),
    );
    check(
        "logs:PutSubscriptionFilter",
        &json!({"logGroupName": "g", "filterName": "f", "filterPattern": "",
            "destinationArn": "d"}),
        &json!([{"filterName": "f", "filterPattern": "ERROR", "destinationArn": "d"}]),
        &json!([{"filterName": "f", "filterPattern": "", "destinationArn": "d",
            "distribution": "ByLogStream", "creationTime": 1}]),
    );
    check(
        "logs:PutRetentionPolicy",
        &json!({"logGroupName": "g", "retentionInDays": 365}),
        &json!([{"logGroupName": "g"}, {"logGroupName": "g2", "retentionInDays": 365}]),
        &json!([{"logGroupName": "g", "retentionInDays": 365}]),
    );
}

#[test]
fn aggregators_detectors_and_hubs_are_as_aws_shows_them() {
    let source = json!({"AccountIds": ["1"], "AllAwsRegions": true});
    let shown = json!({"AccountIds": ["1"], "AllAwsRegions": true, "AwsRegions": []});
    let wanted = json!({"ConfigurationAggregatorName": "a", "AccountAggregationSources": [source],
        "Tags": [{"Key": "k", "Value": "v"}]});
    check(
        "config:PutConfigurationAggregator",
        &wanted,
        &json!([{"ConfigurationAggregatorName": "b", "AccountAggregationSources": [source]}]),
        &json!([{"ConfigurationAggregatorName": "a", "ConfigurationAggregatorArn": "x",
            "AccountAggregationSources": [shown], "OrganizationAggregationSource": null}]),
    );
    check(
        "config:PutConfigurationAggregator",
        &wanted,
        &json!([{"ConfigurationAggregatorName": "a",
            "OrganizationAggregationSource": {"RoleArn": "r", "AllAwsRegions": true}}]),
        &json!([{"ConfigurationAggregatorName": "a", "AccountAggregationSources": [shown]}]),
    );
    check("guardduty:CreateDetector", &json!({"Enable": true}), &json!([]), &json!(["12abc"]));
    check(
        "guardduty:UpdateDetector",
        &json!({"DetectorId": "12abc", "Enable": true}),
        &json!({"status": "DISABLED"}),
        &json!({"status": "ENABLED", "findingPublishingFrequency": "SIX_HOURS"}),
    );
    check(
        "securityhub:EnableSecurityHub",
        &json!({"EnableDefaultStandards": false}),
        &json!({}),
        &json!({"HubArn": "h", "AutoEnableControls": true}),
    );
    check(
        "organizations:EnableAWSServiceAccess",
        &json!({"ServicePrincipal": "cloudtrail.amazonaws.com"}),
        &json!([{"ServicePrincipal": "config.amazonaws.com"}]),
        &json!([{"ServicePrincipal": "cloudtrail.amazonaws.com", "DateEnabled": 1}]),
    );
}

#[test]
fn functions_and_groups_are_as_aws_shows_them() {
    check(
        "lambda:UpdateFunctionConfiguration",
        &json!({"FunctionName": "f", "LoggingConfig": {"LogFormat": "JSON", "LogGroup": "g"}}),
        &json!({"LoggingConfig": {"LogFormat": "Text", "LogGroup": "g"}}),
        &json!({"LoggingConfig": {"LogFormat": "JSON", "LogGroup": "g", "SystemLogLevel": "INFO",
            "ApplicationLogLevel": "INFO"}}),
    );
    check(
        "logs:PutLogGroupDeletionProtection",
        &json!({"logGroupIdentifier": "g", "deletionProtectionEnabled": true}),
        &json!([{"logGroupName": "g", "deletionProtectionEnabled": false},
            {"logGroupName": "g2", "deletionProtectionEnabled": true}]),
        &json!([{"logGroupName": "g", "deletionProtectionEnabled": true}]),
    );
    check(
        "logs:PutDataProtectionPolicy",
        &json!({"logGroupIdentifier": "g", "policyDocument": "{\"Name\": \"a\"}"}),
        &json!({}),
        &json!({"logGroupIdentifier": "g", "policyDocument": "{\"Name\":\"a\"}"}),
    );
}

#[test]
fn another_policy_of_a_role_under_the_same_name_is_not_the_same() {
    let document = |action: &str| json!({"Statement": [{"Action": action}]}).to_string();
    let params = json!({"RoleName": "r", "PolicyName": "p", "PolicyDocument": document("a")});
    let before = json!({"PolicyName": "p", "PolicyDocument": document("b")});
    let spaced = document("a").replace(':', ": ");
    let after = json!({"PolicyName": "p", "PolicyDocument": spaced});
    check("iam:PutRolePolicy", &params, &before, &after);
    let row = setting::find("iam:PutRolePolicy").unwrap();
    let params = params.as_object().unwrap();
    let undo = (row.undo)(&(row.find)(&before, params), params);
    assert_eq!(undo[0].call, "iam:PutRolePolicy");
    assert_eq!(undo[0].params["PolicyDocument"], document("b"));
    assert_eq!((row.undo)(&Value::Null, params)[0].call, "iam:DeleteRolePolicy");
}
