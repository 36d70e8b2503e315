//! What CloudFormation cannot say, said by a function: on wish only, for it is code with rights.
//!
//! One inline function makes the calls that remain, with a role that may make these and no others.
//! Taking the stack away undoes nothing.

use serde_json::Number;

use super::command;
use super::node::Node;
use super::resource::{self, Kind, Say};
use super::template::{attribute, entry, reference};
use super::yaml::{Doc, Entry};
use crate::plan::Action;

/// A call as a resource.
pub(super) static KIND: Kind = Kind { keep: true, ..Kind::new("Custom::SteleCall", "Call") };

/// The function's code; CloudFormation takes 4,096 characters in a template.
pub(super) const CODE: &str = include_str!("custom.py");

/// The name of the function in a template.
pub(super) const FUNCTION: &str = "SteleFunction";

/// How long a call may take, with waiting for what is new to be known.
const TIMEOUT_S: u32 = 120;

/// How long the function's own log stays.
const RETENTION_DAYS: u32 = 365;

/// The most characters of the code.
#[cfg(test)]
const CODE_CHARS_MAX: usize = 4096;

/// The properties of a call.
pub(super) fn props(action: &Action) -> Vec<(String, Node)> {
    let (service, operation) = action.call.split_once(':').unwrap_or(("", &action.call));
    let mut props = vec![
        ("Service".to_owned(), Node::text(service)),
        ("Operation".to_owned(), Node::text(operation)),
        // As text: CloudFormation makes texts of truths and numbers.
        ("Params".to_owned(), Node::TextDocument(Box::new(command::params(action)))),
    ];
    if let Some(path) = made(&action.call).first().map(|(.., path)| *path) {
        props.push(("Answer".to_owned(), Node::text(path)));
    }
    props
}

/// Where the answer of a call has a value of the state that it leads to.
pub(super) fn answer(call: &str, path: &str) -> Option<&'static str> {
    // A call answers with one value: the first.
    made(call).first().filter(|(known, ..)| *known == path).map(|(.., answer)| *answer)
}

/// What AWS makes by a call, as its resource would have it.
pub(super) fn made(call: &str) -> &'static [(&'static str, &'static str, &'static str)] {
    let Some(row) = resource::find(call) else { return &[] };
    match (&row.cloudformation, &row.terraform) {
        (Say::Own(kind), _) | (_, Say::Own(kind)) => kind.made,
        _ => &[],
    }
}

/// The function, its role and its log group.
pub(super) fn function(statements: &Doc, condition: &str) -> Vec<Entry> {
    let number = |value: u32| Doc::Number(Number::from(value));
    let resource = |kind: &str, keep: bool, properties: Vec<Entry>| {
        let mut members =
            vec![entry("Type", Doc::text(kind)), entry("Condition", Doc::text(condition))];
        if keep {
            members.push(entry("DeletionPolicy", Doc::text("Retain")));
            members.push(entry("UpdateReplacePolicy", Doc::text("Retain")));
        }
        members.push(entry("Properties", Doc::Map(properties)));
        Doc::Map(members)
    };
    let name = Doc::map([("Fn::Sub", Doc::text("/aws/lambda/${AWS::StackName}-calls"))]);
    let trust = Doc::map([
        ("Version", Doc::text("2012-10-17")),
        (
            "Statement",
            Doc::List(vec![Doc::map([
                ("Effect", Doc::text("Allow")),
                ("Principal", Doc::map([("Service", Doc::text("lambda.amazonaws.com"))])),
                ("Action", Doc::text("sts:AssumeRole")),
            ])]),
        ),
    ]);
    let own_log = Doc::map([
        ("Effect", Doc::text("Allow")),
        (
            "Action",
            Doc::List(vec![Doc::text("logs:CreateLogStream"), Doc::text("logs:PutLogEvents")]),
        ),
        ("Resource", attribute("SteleFunctionGroup", "Arn")),
    ]);
    let mut all = vec![own_log];
    if let Doc::List(statements) = statements {
        all.extend(statements.iter().cloned());
    }
    let policy = Doc::map([
        ("PolicyName", Doc::text("calls")),
        (
            "PolicyDocument",
            Doc::map([("Version", Doc::text("2012-10-17")), ("Statement", Doc::List(all))]),
        ),
    ]);
    let commented = |name: &str, value: Doc, comment: &str| Entry {
        name: name.to_owned(),
        value,
        comment: comment.to_owned(),
    };
    vec![
        commented(
            "SteleFunctionGroup",
            resource(
                "AWS::Logs::LogGroup",
                true,
                vec![entry("LogGroupName", name), entry("RetentionInDays", number(RETENTION_DAYS))],
            ),
            "the log of the function below",
        ),
        commented(
            "SteleFunctionRole",
            resource(
                "AWS::IAM::Role",
                false,
                vec![
                    entry("AssumeRolePolicyDocument", trust),
                    entry("Policies", Doc::List(vec![policy])),
                ],
            ),
            "the function may make the calls that the template cannot say, and no others",
        ),
        commented(
            FUNCTION,
            resource(
                "AWS::Lambda::Function",
                false,
                vec![
                    entry(
                        "Description",
                        Doc::text("Makes calls of a plan of Stele that CloudFormation cannot say"),
                    ),
                    entry("Runtime", Doc::text("python3.13")),
                    entry("Handler", Doc::text("index.handler")),
                    entry("Role", attribute("SteleFunctionRole", "Arn")),
                    entry("Timeout", number(TIMEOUT_S)),
                    entry(
                        "LoggingConfig",
                        Doc::map([("LogGroup", reference("SteleFunctionGroup"))]),
                    ),
                    entry("Code", Doc::map([("ZipFile", Doc::Lines(CODE.to_owned()))])),
                ],
            ),
            "one call for each resource of type Custom::SteleCall; deleting one undoes nothing",
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_fits_into_a_template() {
        assert!(CODE.len() <= CODE_CHARS_MAX, "{} characters", CODE.len());
        assert!(CODE.is_ascii());
    }
}
