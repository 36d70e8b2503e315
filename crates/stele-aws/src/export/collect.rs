//! A queue that tells of new files in the buckets that a stack makes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Number, json};

use super::node::{Node, Piece};
use super::resource::{Kind, put};
use super::stack::{Dialect, Resource, Stack};

/// The name of the queue.
const NAME: &str = "stele-logs";

/// How long a message waits for its reader at most: SQS keeps it no longer.
const RETENTION_S: u32 = 1_209_600;

/// How long a reader has for a file.
const VISIBILITY_S: u32 = 300;

pub(super) static QUEUE: Kind = Kind::new("AWS::SQS::Queue", "LogQueue");
static QUEUE_POLICY: Kind = Kind::new("AWS::SQS::QueuePolicy", "LogQueuePolicy");
static TF_QUEUE: Kind = Kind::new("aws_sqs_queue", "");
static TF_QUEUE_POLICY: Kind = Kind::new("aws_sqs_queue_policy", "");
static TF_NOTIFICATION: Kind = Kind::new("aws_s3_bucket_notification", "");

/// Adds a queue for each region with buckets that the stack makes.
pub(super) fn add(stack: &mut Stack<'_>) {
    let mut buckets: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, resource) in stack.resources.iter().enumerate() {
        if ["AWS::S3::Bucket", "aws_s3_bucket"].contains(&resource.kind.of) {
            buckets.entry(resource.region.clone()).or_default().push(index);
        }
    }
    let several = buckets.len() > 1;
    for (region, buckets) in buckets {
        queue(stack, &region, &buckets, several);
    }
}

fn queue(stack: &mut Stack<'_>, region: &str, buckets: &[usize], several: bool) {
    let is_terraform = stack.dialect == Dialect::Terraform;
    let number = |value: u32| Node::Number(Number::from(value));
    let switches: BTreeSet<&'static str> =
        buckets.iter().flat_map(|index| stack.resources[*index].switches.clone()).collect();
    let Some(action) =
        stack.resources[buckets[0]].actions.first().and_then(|n| stack.actions.get(n))
    else {
        return;
    };
    let account = action.account.clone();
    let partition = action.resource.split(':').nth(1).unwrap_or("aws").to_owned();
    let resource = |kind: &'static Kind, id: &str, why: &str| {
        let id = if is_terraform && several {
            format!("{id}_{}", super::names::label(region))
        } else {
            id.to_owned()
        };
        Resource {
            kind,
            region: region.to_owned(),
            actions: Vec::new(),
            props: Vec::new(),
            after: BTreeSet::new(),
            name: String::new(),
            id,
            switches: switches.clone(),
            why: vec![why.to_owned()],
            import: String::new(),
        }
    };
    let queue = stack.resources.len();
    let why = "new files in the buckets are told of here";
    let mut made = if is_terraform {
        resource(&TF_QUEUE, "log_queue", why)
    } else {
        resource(&QUEUE, "LogQueue", why)
    };
    let names = if is_terraform {
        [
            "name",
            "message_retention_seconds",
            "visibility_timeout_seconds",
            "sqs_managed_sse_enabled",
        ]
    } else {
        ["QueueName", "MessageRetentionPeriod", "VisibilityTimeout", "SqsManagedSseEnabled"]
    };
    let values = [Node::text(NAME), number(RETENTION_S), number(VISIBILITY_S), Node::Bool(true)];
    made.props = names.iter().map(|name| (*name).to_owned()).zip(values).collect();
    stack.resources.push(made);

    // By their names as text: a bucket waits for the policy, so the policy cannot wait for a bucket.
    let arns: Vec<Node> = buckets
        .iter()
        .map(|index| {
            let mut name = stack.resources[*index].name.clone();
            let mut pieces = vec![
                Piece::Plain("arn:".to_owned()),
                Piece::Partition(partition.clone()),
                Piece::Plain(":s3:::".to_owned()),
            ];
            let mut rest = vec![Piece::Plain(std::mem::take(&mut name))];
            super::node::replace(&mut rest, &account, char::is_alphanumeric, &|| {
                Piece::Account(account.clone())
            });
            super::node::replace(&mut rest, region, char::is_alphanumeric, &|| {
                Piece::Region(region.to_owned())
            });
            pieces.extend(rest);
            Node::Text(super::node::join(pieces))
        })
        .collect();
    let attribute = if is_terraform { "arn" } else { "Arn" };
    let queue_arn = || Node::Text(vec![Piece::Of(queue, attribute)]);
    let mut statement = vec![
        ("Sid".to_owned(), Node::text("SteleLogQueue")),
        ("Effect".to_owned(), Node::text("Allow")),
        ("Principal".to_owned(), Node::of(&json!({"Service": "s3.amazonaws.com"}))),
        ("Action".to_owned(), Node::text("sqs:SendMessage")),
        ("Resource".to_owned(), queue_arn()),
    ];
    put(
        &mut statement,
        "Condition",
        Node::Map(vec![
            (
                "ArnEquals".to_owned(),
                Node::Map(vec![("aws:SourceArn".to_owned(), Node::List(arns))]),
            ),
            (
                "StringEquals".to_owned(),
                Node::Map(vec![(
                    "aws:SourceAccount".to_owned(),
                    Node::Text(vec![Piece::Account(account.clone())]),
                )]),
            ),
        ]),
    );
    let document = Node::Document(Box::new(Node::Map(vec![
        ("Statement".to_owned(), Node::List(vec![Node::Map(statement)])),
        ("Version".to_owned(), Node::text("2012-10-17")),
    ])));
    let policy = stack.resources.len();
    let why = "only the buckets may write to the queue";
    let mut made = if is_terraform {
        resource(&TF_QUEUE_POLICY, "log_queue", why)
    } else {
        resource(&QUEUE_POLICY, "LogQueuePolicy", why)
    };
    let url = Node::Text(vec![Piece::Of(queue, if is_terraform { "id" } else { "" })]);
    made.props = if is_terraform {
        vec![("queue_url".to_owned(), url), ("policy".to_owned(), document)]
    } else {
        vec![("Queues".to_owned(), Node::List(vec![url])), ("PolicyDocument".to_owned(), document)]
    };
    made.after.insert(queue);
    stack.resources.push(made);

    let event = "s3:ObjectCreated:*";
    for index in buckets {
        if is_terraform {
            let bucket = &stack.resources[*index];
            let mut made = Resource {
                id: bucket.id.clone(),
                ..resource(&TF_NOTIFICATION, "", "the queue is told of new files")
            };
            made.props = vec![
                ("bucket".to_owned(), Node::Text(vec![Piece::Of(*index, "id")])),
                (
                    "queue".to_owned(),
                    Node::Map(vec![
                        ("events".to_owned(), Node::List(vec![Node::text(event)])),
                        ("queue_arn".to_owned(), queue_arn()),
                    ]),
                ),
            ];
            made.after.extend([*index, policy]);
            stack.resources.push(made);
        } else {
            let told = Node::Map(vec![
                ("Event".to_owned(), Node::text(event)),
                ("Queue".to_owned(), queue_arn()),
            ]);
            let bucket = &mut stack.resources[*index];
            put(
                &mut bucket.props,
                "NotificationConfiguration.QueueConfigurations",
                Node::List(vec![told]),
            );
            bucket.after.extend([queue, policy]);
        }
    }
}
