//! What a call becomes in a file: a table, one file for each service.
//!
//! A row says for CloudFormation and for Terraform whether the call makes a resource, sets a part
//! of one, or cannot be said; and which parameter is which property. A parameter without a word is
//! never dropped: the call is then left to a command.

mod apigateway;
mod cloudtrail;
mod config;
mod ec2;
mod iam;
mod kms;
mod logs;
mod never;
mod redshift;
mod route53;
mod s3;
mod security;
mod shape;
mod ssm;
mod wafv2;

use super::node::Node;
pub(super) use s3::plain_rules;
pub(super) use shape::{apply, at, fixed, merge, put, snake};

/// A row.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) call: &'static str,
    pub(super) cloudformation: Say,
    pub(super) terraform: Say,
}

/// How a call is said.
#[derive(Debug)]
pub(super) enum Say {
    /// It makes a resource.
    Own(&'static Kind),
    /// It sets a part of one that another call makes.
    Part(&'static Part),
    /// It cannot be said, and why.
    Never(&'static str),
}

/// A type of resource.
#[derive(Debug)]
pub(super) struct Kind {
    /// `AWS::S3::Bucket`, `aws_s3_bucket`.
    pub(super) of: &'static str,
    /// The end of its names in the file.
    pub(super) word: &'static str,
    pub(super) props: &'static [Prop],
    /// Properties with a value of their own, where no call sets them.
    pub(super) fixed: &'static [(&'static str, Fixed)],
    /// Parameters that need no word.
    pub(super) ignored: &'static [&'static str],
    /// Dotted path of the parameter that is its name; empty where AWS names it.
    pub(super) name: &'static str,
    /// Where its name is read: an attribute, or nothing for `Ref`.
    pub(super) named_by: &'static str,
    /// Values that AWS makes: path in the state, attribute, and where the answer of the call has
    /// it.
    pub(super) made: &'static [(&'static str, &'static str, &'static str)],
    /// Whether it stays when the stack goes: it holds logs, or what reads them.
    pub(super) keep: bool,
    /// Calls whose resources it never waits for, though the plan does.
    pub(super) apart: &'static [&'static str],
    /// What Terraform imports one by that is there already, with parameters in braces.
    pub(super) import: &'static str,
    /// A parameter with a list: one resource for each element.
    pub(super) each: &'static str,
    /// Attributes that stay as they are where the plan does not set them.
    pub(super) leave: &'static [&'static str],
}

impl Kind {
    /// A type without anything.
    pub(super) const fn new(of: &'static str, word: &'static str) -> Self {
        Self {
            of,
            word,
            props: &[],
            fixed: &[],
            ignored: &[],
            name: "",
            named_by: "",
            made: &[],
            keep: false,
            apart: &[],
            import: "",
            each: "",
            leave: &[],
        }
    }
}

/// A part of a resource.
#[derive(Debug)]
pub(super) struct Part {
    /// The calls that make the resource.
    pub(super) into: &'static [&'static str],
    /// The parameter that names the resource, here and in the call that makes it.
    pub(super) by: (&'static str, &'static str),
    pub(super) props: &'static [Prop],
    pub(super) fixed: &'static [(&'static str, Fixed)],
    /// Parameters that need no word.
    pub(super) ignored: &'static [&'static str],
    /// The type as which Terraform takes on one that is there already.
    pub(super) adopt: Option<&'static Kind>,
    /// Why it cannot be said of a resource that the stack does not own.
    pub(super) otherwise: &'static str,
}

impl Part {
    const fn new(into: &'static [&'static str], by: (&'static str, &'static str)) -> Self {
        Self { into, by, props: &[], fixed: &[], ignored: &[], adopt: None, otherwise: FOREIGN }
    }
}

/// Why a part of something that is there cannot be said.
const FOREIGN: &str = "CloudFormation cannot change a property of a resource that it does not own";

/// Why something that has no type of its own cannot be said.
const PROPERTY: &str = "it is a property of a resource that the stack does not own";

/// Which parameter is which property.
#[derive(Debug)]
pub(super) struct Prop {
    /// Dotted path of the parameter.
    pub(super) from: &'static str,
    /// Dotted path of the property.
    pub(super) to: &'static str,
    pub(super) how: How,
}

/// How a parameter's value becomes a property's.
#[derive(Debug, Clone, Copy)]
pub(super) enum How {
    /// As it is.
    Same,
    /// A number that may be written as text.
    Number,
    /// Text that is a document.
    Document,
    /// Text that is a document, and stays text in CloudFormation.
    TextDocument,
    /// Tags, in whatever form the API has them: a list of `Key` and `Value`.
    Tags,
    /// Tags as a map.
    TagMap,
    /// Names of members with a capital.
    Capital,
    /// Names of members as Terraform has them, lists of structures as repeated blocks.
    Blocks,
    /// As a function says.
    As(fn(&Node) -> Node),
    /// As a function says; `None` where it cannot be said.
    By(fn(&Node) -> Option<Node>),
    /// As it is, for somebody to set: the parameter's name and what it is about.
    Set(&'static str, &'static str),
    /// The same, where the name of the property depends on another parameter.
    SetWhere((&'static str, &'static str), &'static str, &'static [(&'static str, &'static str)]),
}

/// A value that a property has by itself.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fixed {
    Bool(bool),
    /// Ours: `stele:managed`, as a list of `Key` and `Value`.
    Managed,
    /// The same as a map.
    ManagedMap,
}

const fn same(from: &'static str, to: &'static str) -> Prop {
    Prop { from, to, how: How::Same }
}

const fn how(from: &'static str, to: &'static str, how: How) -> Prop {
    Prop { from, to, how }
}

const ALL: &[&[Row]] = &[
    apigateway::ALL,
    cloudtrail::ALL,
    config::ALL,
    ec2::ALL,
    iam::ALL,
    kms::ALL,
    logs::ALL,
    never::ALL,
    redshift::ALL,
    route53::ALL,
    s3::ALL,
    security::ALL,
    ssm::ALL,
    wafv2::ALL,
];

/// The row of a call.
pub(super) fn find(call: &str) -> Option<&'static Row> {
    rows().find(|row| row.call == call)
}

/// All rows.
pub(super) fn rows() -> impl Iterator<Item = &'static Row> {
    ALL.iter().flat_map(|of_service| of_service.iter())
}
