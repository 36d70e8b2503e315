//! A plan with a bit of everything, `tests/export/plan.ndjson`, against the files below
//! `tests/export`. `UPDATE=1` writes them, for somebody to read before they are committed. That
//! they are right for others is tested in Python, `tests/moto/test_export.py`: cfn-lint, an
//! interpreter on a stand-in for AWS, `terraform fmt`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::hcl::{Block, Expression, Item, Part};
use super::stack::{self, Dialect};
use super::*;
use crate::plan::{Action, Cost, PlanScope, SCHEMA, Undo, setting};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/export")
}

/// A line of the plan; what is not said is nothing.
fn action(line: &Value) -> Action {
    let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
    let finding: Vec<String> = match &line["finding"] {
        Value::Array(all) => all.iter().map(|one| one.as_str().unwrap().to_owned()).collect(),
        one => vec![one.as_str().unwrap().to_owned()],
    };
    let number = |value: &Value| u32::try_from(value.as_u64().unwrap()).unwrap();
    let params = line["params"].as_object().unwrap().clone();
    let call = text("call");
    let undo = setting::find(&call).map(|row| (row.undo)(&line["before"], &params));
    let undo: Vec<Undo> = undo.unwrap_or_default();
    Action {
        n: number(&line["n"]),
        after: line["after"].as_array().into_iter().flatten().map(number).collect(),
        account: "111122223333".to_owned(),
        region: text("region"),
        resource: text("resource"),
        why: text("why"),
        findings: finding.iter().map(|id| format!("{id}|{}", text("resource"))).collect(),
        finding: finding[0].clone(),
        before: line["before"].clone(),
        expect: None,
        undo,
        reversible: true,
        leaves: String::new(),
        monthly_cost_usd: Cost::default(),
        warnings: Vec::new(),
        params,
        call,
    }
}

pub(crate) fn plan() -> Plan {
    let text = std::fs::read_to_string(folder().join("plan.ndjson")).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    of(lines.map(|line: Value| action(&line)).collect())
}

fn of(actions: Vec<Action>) -> Plan {
    let accounts: BTreeSet<String> = actions.iter().map(|action| action.account.clone()).collect();
    Plan {
        schema: SCHEMA.to_owned(),
        made_at: "2026-11-24T10:00:00Z".to_owned(),
        complete: true,
        scope: PlanScope {
            accounts: accounts.into_iter().collect(),
            regions: Vec::new(),
            partition: "aws".to_owned(),
            tags: Vec::new(),
        },
        assess_sha256: String::new(),
        actions,
        blocked: Vec::new(),
        monthly_cost_usd: Cost::default(),
        permissions: Vec::new(),
        warnings: Vec::new(),
        errors: Vec::new(),
        // What hashes come to depends on how `serde_json` is built; here it is any.
        sha256: "5f3e".repeat(16),
    }
}

fn check(set: &str, files: Vec<File>) {
    let folder = folder().join(set);
    if std::env::var_os("UPDATE").is_some() {
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        for file in &files {
            std::fs::write(folder.join(&file.name), &file.text).unwrap();
        }
    }
    let there: BTreeSet<String> = std::fs::read_dir(&folder)
        .unwrap_or_else(|_| panic!("UPDATE=1 writes {}", folder.display()))
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let made: BTreeSet<String> = files.iter().map(|file| file.name.clone()).collect();
    assert_eq!(made, there, "{set}");
    for file in files {
        let there = std::fs::read_to_string(folder.join(&file.name)).unwrap();
        let differs = there.lines().zip(file.text.lines()).find(|(a, b)| a != b);
        assert!(there == file.text, "{set}/{}: {differs:?}; UPDATE=1 writes it", file.name);
    }
}

#[test]
fn templates_are_as_committed() {
    check("cloudformation", cloudformation(&plan(), &Options::default()).unwrap());
}

#[test]
fn templates_with_a_function_and_a_queue_are_as_committed() {
    let options = Options { with_custom_resources: true, collect: true, ..Options::default() };
    check("function", cloudformation(&plan(), &options).unwrap());
}

#[test]
fn templates_of_a_stackset_are_as_committed() {
    check("stackset", stackset(&plan(), &Options::default()).unwrap());
}

#[test]
fn terraform_is_as_committed() {
    let options = Options { collect: true, ..Options::default() };
    check("terraform", terraform(&plan(), &options).unwrap());
}

/// All calls that plans are designed to hold, whether their checks are there yet or not.
const CALLS: &[&str] = &[
    "apigateway:UpdateAccount",
    "apigateway:UpdateStage",
    "apigatewayv2:UpdateStage",
    "cloudtrail:CreateTrail",
    "cloudtrail:PutEventSelectors",
    "cloudtrail:PutInsightSelectors",
    "cloudtrail:StartLogging",
    "cloudtrail:UpdateTrail",
    "config:PutConfigurationAggregator",
    "config:PutConfigurationRecorder",
    "config:PutDeliveryChannel",
    "config:StartConfigurationRecorder",
    "ec2:CreateFlowLogs",
    "ec2:DeleteFlowLogs",
    "eks:UpdateClusterConfig",
    "elb:ModifyLoadBalancerAttributes",
    "elbv2:ModifyLoadBalancerAttributes",
    "guardduty:CreateDetector",
    "guardduty:UpdateDetector",
    "iam:CreateRole",
    "iam:CreateServiceLinkedRole",
    "iam:PutRolePolicy",
    "kms:CreateAlias",
    "kms:CreateKey",
    "kms:EnableKeyRotation",
    "kms:PutKeyPolicy",
    "lambda:UpdateFunctionConfiguration",
    "logs:AssociateKmsKey",
    "logs:CreateDelivery",
    "logs:CreateLogGroup",
    "logs:PutAccountPolicy",
    "logs:PutDataProtectionPolicy",
    "logs:PutDeliveryDestination",
    "logs:PutDeliverySource",
    "logs:PutLogGroupDeletionProtection",
    "logs:PutResourcePolicy",
    "logs:PutRetentionPolicy",
    "logs:PutSubscriptionFilter",
    "organizations:EnableAWSServiceAccess",
    "rds:ModifyDBCluster",
    "rds:ModifyDBInstance",
    "redshift:EnableLogging",
    "route53:CreateQueryLoggingConfig",
    "route53resolver:AssociateResolverQueryLogConfig",
    "route53resolver:CreateResolverQueryLogConfig",
    "s3:CreateBucket",
    "s3:PutBucketLifecycleConfiguration",
    "s3:PutBucketLogging",
    "s3:PutBucketPolicy",
    "s3:PutBucketTagging",
    "s3:PutBucketVersioning",
    "s3:PutObjectLockConfiguration",
    "s3:PutPublicAccessBlock",
    "securityhub:EnableSecurityHub",
    "ssm:CreateAssociation",
    "wafv2:PutLoggingConfiguration",
];

#[test]
fn every_call_of_a_plan_is_known() {
    for call in setting::all().map(|row| row.call).chain(CALLS.iter().copied()) {
        assert!(resource::find(call).is_some(), "`{call}` has no row in src/export/resource");
    }
    let mut seen = BTreeSet::new();
    for row in resource::rows() {
        assert!(seen.insert(row.call), "{} stands twice", row.call);
        let operation = crate::operation::find(row.call);
        assert!(operation.is_some_and(|operation| !operation.reads()), "{}", row.call);
    }
}

/// No action is lost: each is a resource, a part of one, or among what remains.
#[test]
fn every_action_is_said_or_remains() {
    let plan = plan();
    let actions: Vec<&Action> = plan.actions.iter().collect();
    for dialect in [Dialect::CloudFormation, Dialect::WithFunction, Dialect::Terraform] {
        let stack = stack::build(&actions, dialect);
        let said = stack.resources.iter().flat_map(|resource| resource.actions.clone());
        let remain = stack.remaining.iter().map(|one| one.action);
        let mut all: Vec<u32> = said.chain(remain).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), actions.len(), "{dialect:?}");
        for (index, resource) in stack.resources.iter().enumerate() {
            for other in &resource.after {
                assert!(
                    !stack.reaches(*other, index),
                    "{dialect:?}: {} is in a circle",
                    resource.id
                );
            }
        }
    }
}

/// The plan's parameters are by AWS's names, in the plan and in the table.
#[test]
fn the_plan_of_the_test_has_parameters_that_there_are() {
    for action in plan().actions {
        let operation = crate::operation::find(&action.call).unwrap();
        for name in action.params.keys() {
            assert!(operation.takes(name), "{} has no {name}", action.call);
        }
    }
}

/// What waits for a command that waits for the file is left to a command itself.
#[test]
fn nothing_waits_for_what_waits_for_it() {
    let line = |n: u32, call: &str, after: Value, params: Value, before: Value| {
        action(&json!({"n": n, "call": call, "region": "us-east-1", "after": after,
            "resource": "arn:aws:logs:us-east-1:111122223333:log-group:a", "params": params,
            "before": before, "finding": "dns.resolver.coverage", "why": "why"}))
    };
    let plan = of(vec![
        line(1, "logs:CreateLogGroup", json!([]), json!({"logGroupName": "a"}), json!(null)),
        line(
            2,
            "logs:PutResourcePolicy",
            json!([1]),
            json!({"policyName": "stele-logs", "policyDocument": "{}"}),
            json!({"policyDocument": "{}"}),
        ),
        line(
            3,
            "route53resolver:CreateResolverQueryLogConfig",
            json!([2]),
            json!({"Name": "x",
                "DestinationArn": "arn:aws:logs:us-east-1:111122223333:log-group:a"}),
            json!(null),
        ),
        line(
            4,
            "route53resolver:AssociateResolverQueryLogConfig",
            json!([3]),
            json!({"ResolverQueryLogConfigId": "${3.Id}", "ResourceId": "vpc-1"}),
            json!(null),
        ),
    ]);
    let actions: Vec<&Action> = plan.actions.iter().collect();
    let stack = stack::build(&actions, Dialect::CloudFormation);
    let left: Vec<u32> = stack.remaining.iter().map(|one| one.action).collect();
    assert_eq!(left, [2, 3, 4]);
    assert_eq!(stack.resources.len(), 1);
    let page = command::page(&stack, "x");
    assert!(page.contains("VALUE_3_ID=$(aws route53resolver create-resolver-query-log-config"));
    assert!(page.contains("\"ResolverQueryLogConfigId\": \"@VALUE_3_ID@\""), "{page}");
    // A function can do all of it within the template.
    let stack = stack::build(&actions, Dialect::WithFunction);
    assert!(stack.remaining.is_empty());
}

#[test]
fn a_parameter_without_a_word_is_left_to_a_command() {
    let mut plan = plan();
    plan.actions.truncate(1);
    plan.actions[0].params.insert("GrantRead".to_owned(), json!("x"));
    let files = cloudformation(&plan, &Options::default()).unwrap();
    let [page] = files.as_slice() else { panic!("{files:?}") };
    assert_eq!(page.name, "stele-logging.remaining.md");
    assert!(page.text.contains("`GrantRead` cannot be said"), "{}", page.text);
    let empty = of(Vec::new());
    assert_eq!(cloudformation(&empty, &Options::default()), Err(ExportError::Empty));
}

/// Two thousand groups: parts that fit, none lost, and no part that needs another but the base.
#[test]
fn what_is_too_large_is_nested() {
    let mut plan = plan();
    let first = plan.actions.len() as u32;
    for number in 0..700_u32 {
        let name = format!("/aws/lambda/function-{number}");
        let n = first + 2 * number + 1;
        let arn = format!("arn:aws:logs:us-east-1:111122223333:log-group:{name}");
        let line = |n: u32, call: &str, after: Value, params: Value| {
            action(&json!({"n": n, "call": call, "region": "us-east-1", "after": after,
                "resource": arn, "params": params, "finding": "fn.lambda.group", "why": "why"}))
        };
        plan.actions.push(line(n, "logs:CreateLogGroup", json!([]), json!({"logGroupName": name})));
        plan.actions.push(line(
            n + 1,
            "logs:PutRetentionPolicy",
            json!([n]),
            json!({"logGroupName": name, "retentionInDays": 365}),
        ));
    }
    let files = cloudformation(&plan, &Options::default()).unwrap();
    let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names[0], "stele-logging.yaml");
    assert!(files[0].text.contains("AWS::CloudFormation::Stack"), "{}", files[0].text);
    assert!(files[0].text.contains("aws s3 cp . s3://stele-templates-111122223333/"));
    let mut groups = 0;
    for file in files.iter().filter(|file| file.name.starts_with("stele-logging.part")) {
        assert!(file.text.len() <= TEMPLATE_BYTES_MAX, "{}: {}", file.name, file.text.len());
        groups += file.text.matches("Type: AWS::Logs::LogGroup").count();
    }
    assert_eq!(groups, 700 + 2, "with those that nothing in the template needs");
}

/// Accounts have files of their own, with their own resources in them.
#[test]
fn each_account_has_its_files() {
    let mut plan = plan();
    let other = "444455556666";
    for action in plan.actions.clone() {
        if action.region == "us-west-2" {
            let text = serde_json::to_string(&action).unwrap().replace("111122223333", other);
            plan.actions.push(serde_json::from_str(&text).unwrap());
        }
    }
    let files = cloudformation(&plan, &Options::default()).unwrap();
    let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "stele-logging.111122223333.yaml",
            "stele-logging.111122223333.eu-west-1.yaml",
            "stele-logging.111122223333.us-west-2.yaml",
            "stele-logging.111122223333.remaining.md",
            "stele-logging.444455556666.yaml",
        ]
    );
    // What names no account is the same in both.
    let body = |text: &str| text.lines().filter(|line| !line.contains('#')).collect::<String>();
    assert_eq!(body(&files[2].text), body(&files[4].text));
    let folders = terraform(&plan, &Options::default()).unwrap();
    let of_other = folders.iter().find(|file| file.name == "444455556666/main.tf").unwrap();
    assert!(!of_other.text.contains("111122223333"), "{}", of_other.text);
}

#[test]
fn the_console_opens_with_the_template() {
    assert_eq!(
        launch_url("eu-west-1", "https://b.s3.eu-west-1.amazonaws.com/a b.yaml"),
        "https://console.aws.amazon.com/cloudformation/home?region=eu-west-1#/stacks/quickcreate\
         ?templateURL=https%3A%2F%2Fb.s3.eu-west-1.amazonaws.com%2Fa%20b.yaml\
         &stackName=stele-logging"
    );
    assert_eq!(main_region(&plan()), "us-east-1");
    assert!(launch_url("cn-north-1", "x").starts_with("https://console.amazonaws.cn/"));
}

#[test]
fn an_archive_takes_logs_of_its_accounts_and_no_others() {
    let archive = Archive {
        partition: "aws".to_owned(),
        bucket: "archive".to_owned(),
        accounts: vec!["111122223333".to_owned()],
        organization: "o-1".to_owned(),
    };
    let policy = archive_policy(&archive);
    let write = &policy["Statement"][1];
    assert_eq!(
        write["Resource"],
        json!([
            "arn:aws:s3:::archive/AWSLogs/111122223333/*",
            "arn:aws:s3:::archive/AWSLogs/o-1/*"
        ])
    );
    assert_eq!(write["Condition"]["StringEquals"]["aws:SourceAccount"], json!(["111122223333"]));
}

// --- Terraform ---------------------------------------------------------------------------------

/// What is written is read by another parser as the same.
#[test]
fn terraform_reads_back_as_it_was_meant() {
    let plan = plan();
    let actions: Vec<&Action> = plan.actions.iter().collect();
    let options = Options { collect: true, ..Options::default() };
    let trees = terraform::trees(&actions, &options);
    for file in terraform::files(&actions, &options) {
        let Some(blocks) = trees.get(file.name.as_str()) else { continue };
        let read: ::hcl::Body = ::hcl::parse(&file.text).unwrap();
        let meant = blocks.iter().map(|block| ::hcl::Structure::Block(block_of(block)));
        let meant: ::hcl::Body = meant.collect();
        for (read, meant) in read.iter().zip(meant.iter()) {
            assert_eq!(plain(read), plain(meant), "{}", file.name);
        }
        assert_eq!(read.iter().count(), meant.iter().count());
    }
}

/// A structure with templates and lone references in one form.
fn plain(structure: &::hcl::Structure) -> String {
    ::hcl::format::to_string(&::hcl::Body::builder().add_structure(structure.clone()).build())
        .unwrap()
}

fn block_of(block: &Block) -> ::hcl::Block {
    let mut builder = ::hcl::Block::builder(block.kind.as_str());
    for label in &block.labels {
        builder = builder.add_label(::hcl::BlockLabel::from(label.as_str()));
    }
    // Attributes stand before blocks.
    for item in &block.items {
        if let Item::Attribute(name, value) = item {
            builder = builder.add_attribute((name.as_str(), expression_of(value)));
        }
    }
    for item in &block.items {
        if let Item::Block(inner) = item {
            builder = builder.add_block(block_of(inner));
        }
    }
    builder.build()
}

fn expression_of(value: &Expression) -> ::hcl::Expression {
    use ::hcl::expr;
    let reference = |name: &str| ::hcl::Expression::from(reference(name));
    match value {
        Expression::Bool(value) => (*value).into(),
        Expression::Number(number) => number.as_i64().unwrap().into(),
        Expression::Reference(name) => reference(name),
        Expression::List(items) => {
            ::hcl::Expression::Array(items.iter().map(expression_of).collect())
        }
        Expression::Object(members) => {
            let member = |(name, value): &(String, Expression)| {
                let is_name = ::hcl::Identifier::new(name.as_str()).is_ok() && !name.contains('-');
                let key = if is_name {
                    expr::ObjectKey::from(::hcl::Identifier::new(name.as_str()).unwrap())
                } else {
                    expr::ObjectKey::Expression(name.as_str().into())
                };
                (key, expression_of(value))
            };
            ::hcl::Expression::Object(members.iter().map(member).collect())
        }
        Expression::Call(name, argument) => {
            expr::FuncCall::builder(*name).arg(expression_of(argument)).build().into()
        }
        Expression::Text(parts) => match parts.as_slice() {
            [Part::Reference(name)] => reference(name),
            [Part::Plain(text)] => text.as_str().into(),
            parts => {
                let mut template = ::hcl::Template::new();
                for part in parts {
                    template = match part {
                        Part::Plain(text) => template.add_literal(text.as_str()),
                        Part::Reference(name) => template
                            .add_interpolation(expression_of(&Expression::Reference(name.clone()))),
                    };
                }
                expr::TemplateExpr::from(template.to_string()).into()
            }
        },
    }
}

fn reference(name: &str) -> ::hcl::expr::Traversal {
    let mut words = name.split('.');
    let first = ::hcl::expr::Variable::new(words.next().unwrap()).unwrap();
    let rest = words
        .map(|word| ::hcl::expr::TraversalOperator::GetAttr(::hcl::Identifier::new(word).unwrap()));
    ::hcl::expr::Traversal::new(first, rest)
}

/// Types and attributes are the provider's: `terraform.json` holds those of version 6.66.0, for the
/// types that the table names. `!` marks what must be there.
#[test]
fn terraform_has_types_and_attributes_that_there_are() {
    let text = std::fs::read_to_string(folder().join("terraform.json")).unwrap();
    let types: Value = serde_json::from_str(&text).unwrap();
    let plan = plan();
    let actions: Vec<&Action> = plan.actions.iter().collect();
    let options = Options { collect: true, ..Options::default() };
    let trees: BTreeMap<&str, Vec<Block>> = terraform::trees(&actions, &options);
    let mut seen = BTreeSet::new();
    for block in trees["main.tf"].iter().filter(|block| block.kind == "resource") {
        let kind = block.labels[0].as_str();
        assert!(types[kind].is_object(), "{kind} is no type");
        attributes(block, &types[kind], kind, true);
        seen.insert(kind.to_owned());
    }
    let unused: Vec<&String> =
        types.as_object().unwrap().keys().filter(|name| !seen.contains(*name)).collect();
    // Only a key that is there already has a policy of its own.
    assert_eq!(unused, ["aws_kms_key_policy"], "in no file of the test");
}

fn attributes(block: &Block, known: &Value, place: &str, top: bool) {
    const META: [&str; 3] = ["provider", "depends_on", "lifecycle"];
    let mut given = BTreeSet::new();
    for item in &block.items {
        let (name, inner) = match item {
            Item::Attribute(name, _) => (name, None),
            Item::Block(inner) => (&inner.kind, Some(inner)),
        };
        given.insert(name.clone());
        if top && META.contains(&name.as_str()) {
            continue;
        }
        let found = &known[name.as_str()];
        assert!(!found.is_null(), "{place} has no {name}");
        assert_eq!(inner.is_some(), found.is_object(), "{place}: {name} is a block, or is none");
        if let Some(inner) = inner {
            attributes(inner, found, &format!("{place}.{name}"), false);
        }
    }
    for (name, kind) in known.as_object().unwrap() {
        let must = kind == "!" || kind["!"] == true;
        assert!(!must || given.contains(name), "{place} needs {name}");
    }
}
