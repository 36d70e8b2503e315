//! The worked configurations of AWS's guidance on logging (SEC04-BP01), each said in a policy and
//! planned: what comes out is what the guidance means, with what AWS does not take put right and
//! said.
//!
//! Each is planned over an account that has the things that it names and none of the logging; then
//! the plan is applied to that account, and a second plan has nothing left to do.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod world;

use serde_json::{Value, json};
use stele_aws::assess::{self, Assessed, Selection};
use stele_aws::baseline::Baseline;
use stele_aws::collect::Scope;
use stele_aws::finding::{Finding, Status};
use stele_aws::plan::{Action, Allowances, Plan, assemble};
use stele_aws::replay::Replay;
use stele_aws::tags::Tags;

/// 2026-11-24T10:00:00Z.
const NOW_MICROS: i64 = 1_795_514_400_000_000;
const ACCOUNT: &str = "123456789012";
const REGION: &str = "us-west-2";

/// The account of the guidance before anything is logged.
const RECORDING: &str = r#"
s3:ListBuckets => {"Buckets": [{"Name": "sensitive-data-bucket", "BucketRegion": "us-west-2"}]}
lambda:ListFunctions => {"Functions": [{"FunctionName": "pay", "FunctionArn": "arn:aws:lambda:us-west-2:123456789012:function:pay"}]}
ec2:DescribeVpcs => {"VpcSet": [{"VpcId": "vpc-12345678", "OwnerId": "123456789012"}]}
ec2:DescribeSubnets => {"SubnetSet": [{"SubnetId": "subnet-12345678", "VpcId": "vpc-12345678"}]}
ec2:DescribeNetworkInterfaces => {"NetworkInterfaceSet": [{"NetworkInterfaceId": "eni-1234567890abcdef0", "VpcId": "vpc-12345678", "SubnetId": "subnet-12345678"}]}
"#;

/// The trail, as `Trail` and as options of the command line: both say the same.
const TRAIL: &str = r#"
version = 1
[scope]
home_region = "us-west-2"
[cloudtrail]
name = "OrganizationCloudTrail"
bucket = "organization-cloudtrail-logs"
prefix = "cloudtrail-logs/"
insights = ["ApiCallRateInsight"]
data_events = { s3 = ["arn:aws:s3:::sensitive-data-bucket/*"], lambda = ["*"], dynamodb = "none" }
"#;

struct Planned {
    assessed: Assessed,
    plan: Plan,
}

impl Planned {
    /// The actions of a call about something.
    fn of(&self, call: &str, about: &str) -> Vec<&Action> {
        let all = self.plan.actions.iter();
        all.filter(|a| a.call == call && a.resource.contains(about)).collect()
    }

    /// The only one.
    fn one(&self, call: &str, about: &str) -> &Action {
        let all = self.of(call, about);
        assert_eq!(all.len(), 1, "{call} {about}: {:#?}", self.calls());
        all[0]
    }

    fn calls(&self) -> Vec<String> {
        let all = self.plan.actions.iter();
        all.map(|action| format!("{}. {} {}", action.n, action.call, action.resource)).collect()
    }

    /// Whether an action comes after another, through whatever is between.
    fn comes_after(&self, late: &Action, early: &Action) -> bool {
        let mut todo = late.after.clone();
        while let Some(n) = todo.pop() {
            if n == early.n {
                return true;
            }
            todo.extend(&self.plan.actions[usize::try_from(n).unwrap() - 1].after);
        }
        false
    }

    fn says(&self, text: &str) {
        let said = self.plan.warnings.iter().any(|warning| warning.contains(text));
        assert!(said, "`{text}` is not among {:#?}", self.plan.warnings);
    }
}

fn planned(policy: &str, recording: &str) -> Planned {
    let baseline = Baseline::parse(policy).unwrap();
    let families = ["ct.*", "vpc.flow.*", "s3.access", "log.group.retention", "cen.loop"];
    let only = families.map(str::to_owned).to_vec();
    let checks = Selection { only, skip: Vec::new() }.checks(&baseline);
    let scope = Scope {
        account: ACCOUNT.to_owned(),
        partition: "aws".to_owned(),
        regions: vec![REGION.to_owned()],
        home_region: baseline.scope.home_region.clone(),
        now_micros: NOW_MICROS,
        interfaces: baseline.wants_interfaces(),
        tags: Tags::default(),
        collectors: assess::collectors(&checks, &baseline),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let replay = Replay::parse(recording).unwrap();
    let assessed = runtime.block_on(assess::account(&replay, &scope, &baseline, &checks));
    let report = assess::report(vec![assessed.clone()], Vec::new(), &baseline, 0, 0, NOW_MICROS);
    let none = Allowances::new();
    let part = runtime.block_on(assemble::account(&replay, &assessed, &baseline, &none, &|_| true));
    let plan = assemble::join(vec![part], &report);
    for action in &plan.actions {
        assert!(action.after.iter().all(|n| *n < action.n), "{} comes too early", action.call);
        let text = serde_json::to_string(action).unwrap();
        assert!(!text.contains("${#"), "a reference is left in {text}");
    }
    Planned { assessed, plan }
}

/// Plans, applies, plans again: nothing is left that a plan could do.
fn settled(policy: &str) -> Planned {
    let first = planned(policy, RECORDING);
    assert!(first.plan.complete, "{:?}", first.plan.errors);
    let recording = world::after(RECORDING, &first.plan).expect("the world knows all calls");
    let second = planned(policy, &recording);
    assert!(second.plan.actions.is_empty(), "left to do: {:#?}", second.calls());
    let wrong = |finding: &&Finding| finding.status == Status::Fail && finding.fix.is_some();
    let left: Vec<&Finding> = second.assessed.findings.iter().filter(wrong).collect();
    let blocked = |finding: &&&Finding| {
        !second.plan.blocked.iter().any(|blocked| blocked.resource == finding.resource)
    };
    let left: Vec<&&Finding> = left.iter().filter(blocked).collect();
    assert!(left.is_empty(), "neither good nor blocked: {left:#?}");
    first
}

fn value(action: &Action) -> Value {
    Value::Object(action.params.clone())
}

/// The parameters of a flow log, without its tags.
fn flow_log(action: &Action) -> Value {
    let mut params = action.params.clone();
    params.remove("TagSpecifications");
    Value::Object(params)
}

const V2: &str = "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} \
                  ${dstport} ${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${log-status}";

/// "Example 1: Comprehensive CloudTrail configuration", the JSON.
#[test]
fn the_trail_of_the_guidance() {
    let planned = settled(&TRAIL.replace("insights", "cloudwatch = false\ninsights"));
    let trail = planned.one("cloudtrail:CreateTrail", "OrganizationCloudTrail");
    assert_eq!(
        value(trail),
        json!({"Name": "OrganizationCloudTrail", "S3BucketName": "organization-cloudtrail-logs",
            "S3KeyPrefix": "cloudtrail-logs", "IncludeGlobalServiceEvents": true,
            "IsMultiRegionTrail": true, "EnableLogFileValidation": true,
            "TagsList": [{"Key": "stele:managed", "Value": "true"}]})
    );
    // Its bucket is made, and lets CloudTrail write where the trail will.
    let bucket = planned.one("s3:CreateBucket", "organization-cloudtrail-logs");
    let policy = planned.one("s3:PutBucketPolicy", "organization-cloudtrail-logs");
    let text = policy.params["Policy"].as_str().unwrap();
    let below = "arn:aws:s3:::organization-cloudtrail-logs/cloudtrail-logs/AWSLogs/123456789012/*";
    assert!(text.contains(below), "{text}");
    assert!(planned.comes_after(policy, bucket) && planned.comes_after(trail, policy));
    // The guidance's commands make the trail and never start it.
    let start = planned.one("cloudtrail:StartLogging", "OrganizationCloudTrail");
    assert!(planned.comes_after(start, trail));
    let insights = planned.one("cloudtrail:PutInsightSelectors", "OrganizationCloudTrail");
    assert_eq!(insights.params["InsightSelectors"], json!([{"InsightType": "ApiCallRateInsight"}]));
    // All management events, all invocations, and reads and writes of the one bucket.
    let selectors = planned.one("cloudtrail:PutEventSelectors", "OrganizationCloudTrail");
    let text = value(selectors).to_string();
    assert!(!text.contains('*'), "CloudTrail knows no star: {text}");
    assert_eq!(text.matches("arn:aws:s3:::sensitive-data-bucket/\"").count(), 2, "{text}");
    assert!(text.contains("AWS::Lambda::Function") && text.contains("Management"), "{text}");
    planned.says("line 8 of the policy: CloudTrail puts the slash after `prefix` itself");
    planned.says("`arn:aws:s3:::sensitive-data-bucket/` is taken for");
    planned.says("`lambda = \"all\"` is taken for it");
}

/// The same by the command line, which names a log group and a role as well.
#[test]
fn the_trail_by_the_command_line() {
    let named = "log_group = \"CloudTrail/OrganizationCloudTrail\"\n\
                 log_role = \"arn:aws:iam::123456789012:role/CloudTrailLogsRole\"\ninsights";
    let planned = settled(&TRAIL.replace("insights", named));
    let trail = planned.one("cloudtrail:CreateTrail", "OrganizationCloudTrail");
    let update = planned.one("cloudtrail:UpdateTrail", "OrganizationCloudTrail");
    let group = "arn:aws:logs:us-west-2:123456789012:log-group:CloudTrail/OrganizationCloudTrail:*";
    let role = "arn:aws:iam::123456789012:role/CloudTrailLogsRole";
    assert_eq!(update.params["CloudWatchLogsLogGroupArn"], group);
    assert_eq!(update.params["CloudWatchLogsRoleArn"], role);
    let made = planned.one("logs:CreateLogGroup", "CloudTrail/OrganizationCloudTrail");
    let allowed = planned.one("iam:PutRolePolicy", "CloudTrailLogsRole");
    assert!(allowed.params["PolicyDocument"].as_str().unwrap().contains(group));
    for early in [trail, made, allowed] {
        assert!(planned.comes_after(update, early), "{}", early.call);
    }
    planned.one("logs:PutRetentionPolicy", "CloudTrail/OrganizationCloudTrail");
    assert!(planned.plan.permissions.contains(&"iam:PassRole".to_owned()));
}

/// "Example 2", the first: all traffic of a VPC to a log group.
#[test]
fn flow_logs_on_a_vpc() {
    let planned = settled(
        r#"
version = 1
[[vpc_flow.extra]]
resource = "vpc-12345678"
traffic = "ALL"
destination = "arn:aws:logs:us-west-2:123456789012:log-group:VPCFlowLogs"
role = "arn:aws:iam::123456789012:role/flowlogsRole"
"#,
    );
    // It sees all of the VPC, so no other is made.
    let flow = planned.one("ec2:CreateFlowLogs", "");
    assert_eq!(
        flow_log(flow),
        json!({"ResourceType": "VPC", "ResourceIds": ["vpc-12345678"], "TrafficType": "ALL",
            "LogDestinationType": "cloud-watch-logs",
            "LogDestination": "arn:aws:logs:us-west-2:123456789012:log-group:VPCFlowLogs",
            "DeliverLogsPermissionArn": "arn:aws:iam::123456789012:role/flowlogsRole",
            "LogFormat": V2, "MaxAggregationInterval": 600})
    );
    for (call, about) in [
        ("logs:CreateLogGroup", "VPCFlowLogs"),
        ("iam:CreateRole", "flowlogsRole"),
        ("iam:PutRolePolicy", "flowlogsRole"),
    ] {
        assert!(planned.comes_after(flow, planned.one(call, about)), "{call}");
    }
}

/// The second: a format of one's own on an interface, with fields that AWS does not have.
#[test]
fn flow_logs_on_an_interface() {
    let planned = settled(
        r#"
version = 1
[[vpc_flow.extra]]
resource = "eni-1234567890abcdef0"
traffic = "ALL"
destination = "arn:aws:s3:::vpc-flow-logs-bucket/flow-logs/"
fields = ["${srcaddr}", "${dstaddr}", "${srcport}", "${dstport}", "${protocol}", "${packets}", "${bytes}",
    "${windowstart}", "${windowend}", "${action}"]
"#,
    );
    let flow = planned.one("ec2:CreateFlowLogs", "eni-1234567890abcdef0");
    assert_eq!(
        flow_log(flow),
        json!({"ResourceType": "NetworkInterface", "ResourceIds": ["eni-1234567890abcdef0"],
            "TrafficType": "ALL", "LogDestinationType": "s3",
            "LogDestination": "arn:aws:s3:::vpc-flow-logs-bucket/flow-logs/",
            "LogFormat": "${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets} \
                          ${bytes} ${start} ${end} ${action}",
            "MaxAggregationInterval": 600})
    );
    let policy = planned.one("s3:PutBucketPolicy", "vpc-flow-logs-bucket");
    let text = policy.params["Policy"].as_str().unwrap();
    assert!(text.contains("vpc-flow-logs-bucket/flow-logs/AWSLogs/123456789012/*"), "{text}");
    assert!(planned.comes_after(flow, policy));
    planned.says(
        "line 8 of the policy: AWS's flow logs have no field `windowstart`, which its guidance \
         names: `start` is taken for it",
    );
    planned.says("no field `windowend`, which its guidance names: `end` is taken for it");
}

/// The third: what is refused in a subnet. The guidance names no role, which AWS asks for.
#[test]
fn flow_logs_on_a_subnet() {
    let planned = settled(
        r#"
version = 1
[[vpc_flow.extra]]
resource = "subnet-12345678"
traffic = "REJECT"
destination = "arn:aws:logs:us-west-2:123456789012:log-group:VPCFlowLogs-Rejected"
"#,
    );
    let flow = planned.one("ec2:CreateFlowLogs", "subnet-12345678");
    assert_eq!(
        flow_log(flow),
        json!({"ResourceType": "Subnet", "ResourceIds": ["subnet-12345678"],
            "TrafficType": "REJECT", "LogDestinationType": "cloud-watch-logs",
            "LogDestination": "arn:aws:logs:us-west-2:123456789012:log-group:VPCFlowLogs-Rejected",
            "DeliverLogsPermissionArn": "arn:aws:iam::123456789012:role/stele-flow-logs",
            "LogFormat": V2, "MaxAggregationInterval": 600})
    );
    assert!(planned.comes_after(flow, planned.one("iam:PutRolePolicy", "stele-flow-logs")));
    // What is refused in one subnet is not all traffic of the VPC.
    planned.one("ec2:CreateFlowLogs", "vpc-12345678");
}

/// What the documentation shows can be read, and its examples mean what is planned above.
#[test]
fn the_policies_of_the_documentation_can_be_read() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/aws-posture.md");
    let text = std::fs::read_to_string(path).unwrap();
    let blocks = text.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let mut read = Vec::new();
    for block in blocks {
        let baseline =
            Baseline::parse(block).unwrap_or_else(|errors| panic!("{errors:?}: {block}"));
        assert!(baseline.warnings.is_empty(), "{:?}", baseline.warnings);
        read.push(block.to_owned());
    }
    assert_eq!(read.len(), 3);
    settled(&read[1]).one("cloudtrail:CreateTrail", "OrganizationCloudTrail");
    let flows = settled(&read[2]);
    assert_eq!(flows.of("ec2:CreateFlowLogs", "").len(), 3);
}
