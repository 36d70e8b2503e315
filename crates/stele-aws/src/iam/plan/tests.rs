//! Policies of the plan with a bit of everything, `tests/export/plan.ndjson`; `UPDATE=1` writes
//! them to `tests/export/policies`.

use std::path::Path;

use super::*;
use crate::arn::matches;
use crate::export::tests::plan;

fn statements_of(documents: &[Value]) -> Vec<&Value> {
    documents.iter().flat_map(|document| document["Statement"].as_array().unwrap()).collect()
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
}

/// What a policy says of an action on a resource, with a condition's keys left alone.
fn effect(documents: &[Value], action: &str, resource: &str) -> &'static str {
    let mut found = "none";
    for statement in statements_of(documents) {
        let applies = texts(&statement["Action"]).contains(&action)
            && texts(&statement["Resource"]).iter().any(|pattern| matches(pattern, resource));
        match (applies, statement["Effect"].as_str()) {
            (true, Some("Deny")) => return "deny",
            (true, _) => found = "allow",
            (false, _) => {}
        }
    }
    found
}

fn committed(name: &str, documents: &[Value]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/export/policies");
    let path = folder.join(name);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(&path, serde_json::to_string_pretty(documents).unwrap() + "\n").unwrap();
    }
    // Compared as values: the order of members depends on how `serde_json` is built.
    let there: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    assert!(there == documents, "{name}: UPDATE=1 writes it");
}

#[test]
fn a_plan_can_be_applied_with_its_policy_and_nothing_deleted() {
    let plan = plan();
    let documents = apply_policy(&plan).unwrap();
    committed("apply.json", &documents);
    for action in &plan.actions {
        for grant in asked(action).grants().iter().chain(&read(action)) {
            for resource in &grant.resources {
                let resource = resource.replace('*', "x");
                let effect = effect(&documents, &grant.action, &resource);
                assert_eq!(effect, "allow", "{} on {resource} for {}", grant.action, action.call);
            }
        }
    }
    for (action, resource) in [
        ("s3:DeleteBucket", "arn:aws:s3:::stele-logs-111122223333-us-east-1"),
        ("s3:DeleteObject", "arn:aws:s3:::stele-logs-111122223333-us-east-1/AWSLogs/x"),
        ("kms:ScheduleKeyDeletion", "arn:aws:kms:us-east-1:111122223333:key/x"),
        ("logs:DeleteLogGroup", "arn:aws:logs:us-east-1:111122223333:log-group:/app/web"),
        ("cloudtrail:StopLogging", "arn:aws:cloudtrail:us-east-1:111122223333:trail/old"),
    ] {
        assert_eq!(effect(&documents, action, resource), "deny", "{action}");
    }
    for (action, resource) in [
        ("s3:PutBucketPolicy", "arn:aws:s3:::somebody-elses"),
        ("cloudtrail:UpdateTrail", "arn:aws:cloudtrail:us-east-1:111122223333:trail/other"),
        ("iam:PassRole", "arn:aws:iam::111122223333:role/admin"),
        ("iam:CreateRole", "arn:aws:iam::111122223333:role/admin"),
        ("rds:ModifyDBInstance", "arn:aws:rds:us-east-1:111122223333:db:other"),
    ] {
        assert_eq!(effect(&documents, action, resource), "none", "{action}");
    }
}

#[test]
fn roles_are_given_to_the_services_that_need_them_and_no_others() {
    let documents = apply_policy(&plan()).unwrap();
    let passes: Vec<(Vec<&str>, &str)> = statements_of(&documents)
        .into_iter()
        .filter(|statement| texts(&statement["Action"]).contains(&"iam:PassRole"))
        .map(|statement| {
            let to = statement["Condition"]["StringEquals"]["iam:PassedToService"].as_str();
            (texts(&statement["Resource"]), to.unwrap())
        })
        .collect();
    let role = |name: &str| format!("arn:aws:iam::111122223333:role/{name}");
    let expected = [
        (role("stele-apigateway"), "apigateway.amazonaws.com"),
        (role("stele-trail"), "cloudtrail.amazonaws.com"),
        (
            role("aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig"),
            "config.amazonaws.com",
        ),
        (role("stele-flow-logs"), "vpc-flow-logs.amazonaws.com"),
    ];
    assert_eq!(passes.len(), expected.len(), "{passes:?}");
    for (role, service) in &expected {
        assert!(passes.contains(&(vec![role.as_str()], *service)), "{role}: {passes:?}");
    }
}

#[test]
fn what_cannot_be_narrowed_to_a_resource_is_narrowed_to_regions() {
    for documents in [apply_policy(&plan()).unwrap(), rollback_policy(&plan()).unwrap()] {
        for statement in statements_of(&documents) {
            let actions = texts(&statement["Action"]);
            assert!(!actions.iter().any(|action| action.contains('*')), "{actions:?}");
            let open = texts(&statement["Resource"]).contains(&"*");
            let regional = actions.iter().any(|action| !action.starts_with("route53:"));
            if statement["Effect"] == "Allow" && open && regional {
                let regions = &statement["Condition"]["StringEquals"]["aws:RequestedRegion"];
                assert!(!regions.is_null(), "{statement}");
            }
        }
    }
}

#[test]
fn a_plan_can_be_taken_back_with_its_policy_and_no_log_deleted() {
    let plan = plan();
    let documents = rollback_policy(&plan).unwrap();
    committed("rollback.json", &documents);
    for action in &plan.actions {
        for undo in &action.undo {
            let asked = Asked { call: &undo.call, params: &undo.params, ..asked(action) };
            for grant in asked.grants() {
                let resource = grant.resources[0].replace('*', "x");
                let effect = effect(&documents, &grant.action, &resource);
                assert_eq!(effect, "allow", "{} on {resource}", grant.action);
            }
        }
    }
    let bucket = "arn:aws:s3:::stele-logs-111122223333-us-east-1";
    assert_eq!(effect(&documents, "s3:DeleteBucket", bucket), "deny");
    // Only the groups that the plan made may go.
    let group = |name: &str| format!("arn:aws:logs:us-east-1:111122223333:log-group:{name}");
    let delete = |name: &str| effect(&documents, "logs:DeleteLogGroup", &group(name));
    assert_eq!((delete("aws-waf-logs-stele"), delete("/app/web")), ("allow", "none"));
}

#[test]
fn planning_reads_what_assessing_does_and_states_and_metrics() {
    let all = crate::checks::ALL.iter().flat_map(|check| check.meta().reads.iter().copied());
    let collectors = Collector::closure(all);
    let documents = plan_policy(&collectors, "aws").unwrap();
    let allowed: BTreeSet<&str> =
        statements_of(&documents).iter().flat_map(|each| texts(&each["Action"])).collect();
    for action in &allowed {
        let verb = action.split(':').nth(1).unwrap();
        let reads = ["Describe", "Get", "GET", "List"].iter().any(|read| verb.starts_with(read));
        assert!(reads && !action.contains('*'), "{action}");
    }
    let assessing = super::super::actions(&collectors);
    assert!(assessing.iter().all(|action| allowed.contains(action.as_str())));
    for setting in setting::all() {
        let permission = &operation::find(setting.read).unwrap().permission;
        assert!(allowed.contains(permission.as_str()), "{permission}");
    }
    // Costs are no matter of an assessment.
    assert!(allowed.contains("cloudwatch:GetMetricData"));
    assert!(!assessing.contains("cloudwatch:GetMetricData"));
    let role = "arn:aws:iam::111122223333:role/stele-flow-logs";
    assert_eq!(effect(&documents, "iam:GetRole", role), "allow");
    let stage = "arn:aws:apigateway:us-east-1::/restapis/a1/stages/prod";
    assert_eq!(effect(&documents, "apigateway:GET", stage), "allow");
    assert_eq!(effect(&documents, "apigateway:GET", "arn:aws:apigateway:r::/apikeys"), "none");
}

#[test]
fn arrival_looks_and_takes_nothing() {
    let queue = "arn:aws:sqs:us-east-1:111122223333:stele-logs";
    let scope = ArrivalScope {
        partition: "aws".to_owned(),
        buckets: vec!["logs".to_owned()],
        queues: vec![queue.to_owned()],
    };
    let documents = arrival_policy(&scope).unwrap();
    committed("arrival.json", &documents);
    assert_eq!(documents.len(), 1);
    let all: Vec<&str> =
        statements_of(&documents).iter().flat_map(|each| texts(&each["Action"])).collect();
    for action in &all {
        let verb = action.split(':').nth(1).unwrap();
        let reads = ["Describe", "Get", "List"].iter().any(|read| verb.starts_with(read));
        assert!(reads && !action.contains('*'), "{action}");
    }
    assert_eq!(effect(&documents, "sqs:GetQueueAttributes", queue), "allow");
    assert_eq!(effect(&documents, "sqs:ReceiveMessage", queue), "none");
    // All calls that say how deliveries went are in the table of operations.
    assert!(DELIVERY.iter().all(|id| operation::find(id).is_some()));
}

/// Calls to the organisation go to one region, wherever the plan is.
#[test]
fn an_organization_is_opened_to_one_service_alone() {
    let params = json!({"ServicePrincipal": "cloudtrail.amazonaws.com"});
    let asked = Asked {
        call: "organizations:EnableAWSServiceAccess",
        params: params.as_object().unwrap(),
        resource: "arn:aws:organizations::111122223333:organization/o-abc",
        partition: "aws",
        region: "eu-west-1",
        account: "111122223333",
    };
    let [opens, role] = asked.grants().try_into().unwrap();
    let only = json!({"organizations:ServicePrincipal": "cloudtrail.amazonaws.com"});
    assert_eq!((opens.action.as_str(), &opens.condition["StringEquals"]), (asked.call, &only));
    assert_eq!(role.action, "iam:CreateServiceLinkedRole");
    let none = serde_json::Map::new();
    let read = "organizations:ListAWSServiceAccessForOrganization";
    let [reads] = Asked { call: read, params: &none, ..asked }.grants().try_into().unwrap();
    assert_eq!(reads.condition, Value::Null);
}
