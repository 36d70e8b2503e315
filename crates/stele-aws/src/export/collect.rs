//! A queue that tells of new files in the buckets that a stack makes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Number, json};

use super::names;
use super::node::{Node, Piece, join, replace};
use super::resource::{Kind, put};
use super::stack::{Dialect, Resource, Stack};

/// The name of the queue.
const NAME: &str = "stele-logs";

/// How long a message waits for its reader at most: SQS keeps it no longer.
const RETENTION_S: u32 = 1_209_600;

/// How long a reader has for a file.
const VISIBILITY_S: u32 = 300;

/// What the queue is told of.
const EVENT: &str = "s3:ObjectCreated:*";

/// The types and names of a dialect.
struct Words {
    bucket: &'static str,
    queue: &'static Kind,
    policy: &'static Kind,
    ids: [&'static str; 2],
    /// Name, retention, visibility, encryption.
    properties: [&'static str; 4],
    arn: &'static str,
    url: &'static str,
}

pub(super) static QUEUE: Kind = Kind::new("AWS::SQS::Queue", "LogQueue");
static POLICY: Kind = Kind::new("AWS::SQS::QueuePolicy", "LogQueuePolicy");
static TERRAFORM_QUEUE: Kind = Kind::new("aws_sqs_queue", "");
static TERRAFORM_POLICY: Kind = Kind::new("aws_sqs_queue_policy", "");
static NOTIFICATION: Kind = Kind::new("aws_s3_bucket_notification", "");

static CLOUDFORMATION: Words = Words {
    bucket: "AWS::S3::Bucket",
    queue: &QUEUE,
    policy: &POLICY,
    ids: ["LogQueue", "LogQueuePolicy"],
    properties: [
        "QueueName",
        "MessageRetentionPeriod",
        "VisibilityTimeout",
        "SqsManagedSseEnabled",
    ],
    arn: "Arn",
    url: "",
};

static TERRAFORM: Words = Words {
    bucket: "aws_s3_bucket",
    queue: &TERRAFORM_QUEUE,
    policy: &TERRAFORM_POLICY,
    ids: ["log_queue", "log_queue"],
    properties: [
        "name",
        "message_retention_seconds",
        "visibility_timeout_seconds",
        "sqs_managed_sse_enabled",
    ],
    arn: "arn",
    url: "id",
};

/// Adds a queue for each region with buckets that the stack makes.
pub(super) fn add(stack: &mut Stack<'_>) {
    let words = match stack.dialect {
        Dialect::Terraform => &TERRAFORM,
        Dialect::CloudFormation | Dialect::WithFunction => &CLOUDFORMATION,
    };
    let mut buckets: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, resource) in stack.resources.iter().enumerate() {
        if resource.kind.of == words.bucket {
            buckets.entry(resource.region.clone()).or_default().push(index);
        }
    }
    let several = buckets.len() > 1;
    for (region, buckets) in buckets {
        Queue { words, region, buckets, several }.add(stack);
    }
}

/// The queue of a region.
struct Queue {
    words: &'static Words,
    region: String,
    buckets: Vec<usize>,
    several: bool,
}

impl Queue {
    fn add(&self, stack: &mut Stack<'_>) {
        let words = self.words;
        let first = stack.resources[self.buckets[0]].actions.first();
        let Some(action) = first.and_then(|n| stack.actions.get(n)) else { return };
        let place = [action.account.clone(), action.resource.clone()];
        let switches: BTreeSet<&'static str> = self
            .buckets
            .iter()
            .flat_map(|index| stack.resources[*index].switches.clone())
            .collect();

        let queue = stack.resources.len();
        let why = "new files in the buckets are told of here";
        let mut made = self.resource(words.queue, words.ids[0], why, &switches);
        let number = |value: u32| Node::Number(Number::from(value));
        let values =
            [Node::text(NAME), number(RETENTION_S), number(VISIBILITY_S), Node::Bool(true)];
        made.props = words.properties.iter().map(|name| (*name).to_owned()).zip(values).collect();
        stack.resources.push(made);

        let policy = stack.resources.len();
        let why = "only the buckets may write to the queue";
        let mut made = self.resource(words.policy, words.ids[1], why, &switches);
        let url = Node::Text(vec![Piece::Of(queue, words.url)]);
        let document = self.document(stack, queue, &place);
        made.props = match stack.dialect {
            Dialect::Terraform => {
                vec![("queue_url".to_owned(), url), ("policy".to_owned(), document)]
            }
            Dialect::CloudFormation | Dialect::WithFunction => vec![
                ("Queues".to_owned(), Node::List(vec![url])),
                ("PolicyDocument".to_owned(), document),
            ],
        };
        made.after.insert(queue);
        stack.resources.push(made);

        for index in &self.buckets {
            self.tell(stack, *index, queue, policy);
        }
    }

    fn resource(
        &self,
        kind: &'static Kind,
        id: &str,
        why: &str,
        switches: &BTreeSet<&'static str>,
    ) -> Resource {
        let in_one_file = kind.of.starts_with("aws_") && self.several;
        let end =
            if in_one_file { format!("_{}", names::label(&self.region)) } else { String::new() };
        Resource {
            kind,
            region: self.region.clone(),
            actions: Vec::new(),
            props: Vec::new(),
            after: BTreeSet::new(),
            name: String::new(),
            id: format!("{id}{end}"),
            switches: switches.clone(),
            why: vec![why.to_owned()],
            import: String::new(),
        }
    }

    /// Who may write to the queue: S3, of new files in these buckets. The buckets are named as
    /// text: they wait for the policy, so it cannot wait for them.
    fn document(&self, stack: &Stack<'_>, queue: usize, place: &[String; 2]) -> Node {
        let [account, resource] = place;
        let partition = resource.split(':').nth(1).unwrap_or("aws").to_owned();
        let arn = |index: &usize| {
            let mut name = vec![Piece::Plain(stack.resources[*index].name.clone())];
            replace(&mut name, account, char::is_alphanumeric, &|| Piece::Account(account.clone()));
            replace(&mut name, &self.region, char::is_alphanumeric, &|| {
                Piece::Region(self.region.clone())
            });
            let begins = [
                Piece::Plain("arn:".to_owned()),
                Piece::Partition(partition.clone()),
                Piece::Plain(":s3:::".to_owned()),
            ];
            Node::Text(join(begins.into_iter().chain(name).collect()))
        };
        let arns: Vec<Node> = self.buckets.iter().map(arn).collect();
        let mut statement = vec![
            ("Sid".to_owned(), Node::text("SteleLogQueue")),
            ("Effect".to_owned(), Node::text("Allow")),
            ("Principal".to_owned(), Node::of(&json!({"Service": "s3.amazonaws.com"}))),
            ("Action".to_owned(), Node::text("sqs:SendMessage")),
            ("Resource".to_owned(), self.arn(queue)),
        ];
        // Names of condition keys are no paths: each is put into a map of its own.
        let of = |key: &str, value: Node| Node::Map(vec![(key.to_owned(), value)]);
        let account = Node::Text(vec![Piece::Account(account.clone())]);
        put(&mut statement, "Condition.ArnEquals", of("aws:SourceArn", Node::List(arns)));
        put(&mut statement, "Condition.StringEquals", of("aws:SourceAccount", account));
        Node::Document(Box::new(Node::Map(vec![
            ("Version".to_owned(), Node::text("2012-10-17")),
            ("Statement".to_owned(), Node::List(vec![Node::Map(statement)])),
        ])))
    }

    fn arn(&self, queue: usize) -> Node {
        Node::Text(vec![Piece::Of(queue, self.words.arn)])
    }

    /// Lets a bucket tell the queue: a property of it, or with Terraform a resource of its own.
    fn tell(&self, stack: &mut Stack<'_>, bucket: usize, queue: usize, policy: usize) {
        let event = Node::text(EVENT);
        if stack.dialect == Dialect::Terraform {
            let why = "the queue is told of new files";
            let switches = stack.resources[bucket].switches.clone();
            let mut made = self.resource(&NOTIFICATION, "", why, &switches);
            made.id.clone_from(&stack.resources[bucket].id);
            let told = Node::Map(vec![
                ("events".to_owned(), Node::List(vec![event])),
                ("queue_arn".to_owned(), self.arn(queue)),
            ]);
            let name = Node::Text(vec![Piece::Of(bucket, "id")]);
            made.props = vec![("bucket".to_owned(), name), ("queue".to_owned(), told)];
            made.after.extend([bucket, policy]);
            stack.resources.push(made);
            return;
        }
        let told =
            Node::Map(vec![("Event".to_owned(), event), ("Queue".to_owned(), self.arn(queue))]);
        let bucket = &mut stack.resources[bucket];
        let configurations = "NotificationConfiguration.QueueConfigurations";
        put(&mut bucket.props, configurations, Node::List(vec![told]));
        bucket.after.extend([queue, policy]);
    }
}
