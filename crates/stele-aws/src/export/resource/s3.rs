//! Buckets.

use super::shape::{number, put, renamed};
use super::{Fixed, How, Kind, Part, Row, Say, how, same};
use crate::export::node::Node;

/// The parameter that names a bucket.
const BUCKET: (&str, &str) = ("Bucket", "Bucket");
const MAKES: &[&str] = &["s3:CreateBucket"];

pub(super) const ALL: &[Row] = &[
    Row {
        call: "s3:CreateBucket",
        cloudformation: Say::Own(&Kind {
            props: &[
                same("Bucket", "BucketName"),
                same("ObjectLockEnabledForBucket", "ObjectLockEnabled"),
                how("ObjectOwnership", "OwnershipControls", How::As(ownership)),
            ],
            fixed: &[("Tags", Fixed::Managed)],
            ignored: &["CreateBucketConfiguration"],
            name: "Bucket",
            keep: true,
            ..Kind::new("AWS::S3::Bucket", "Bucket")
        }),
        terraform: Say::Own(&Kind {
            props: &[
                same("Bucket", "bucket"),
                same("ObjectLockEnabledForBucket", "object_lock_enabled"),
            ],
            fixed: &[("tags", Fixed::ManagedMap)],
            ignored: &["CreateBucketConfiguration"],
            name: "Bucket",
            named_by: "id",
            keep: true,
            ..Kind::new("aws_s3_bucket", "")
        }),
    },
    Row {
        call: "s3:PutBucketPolicy",
        cloudformation: Say::Own(&Kind {
            props: &[same("Bucket", "Bucket"), how("Policy", "PolicyDocument", How::Document)],
            keep: true,
            ..Kind::new("AWS::S3::BucketPolicy", "Policy")
        }),
        terraform: Say::Own(&Kind {
            props: &[same("Bucket", "bucket"), how("Policy", "policy", How::Document)],
            import: "{Bucket}",
            ..Kind::new("aws_s3_bucket_policy", "")
        }),
    },
    Row {
        call: "s3:PutPublicAccessBlock",
        cloudformation: Say::Part(&Part {
            props: &[how(
                "PublicAccessBlockConfiguration",
                "PublicAccessBlockConfiguration",
                How::By(booleans),
            )],
            ignored: &["Bucket"],
            ..Part::new(MAKES, BUCKET)
        }),
        terraform: Say::Own(&Kind {
            props: &[
                same("Bucket", "bucket"),
                how("PublicAccessBlockConfiguration.BlockPublicAcls", "block_public_acls", TRUTH),
                how(
                    "PublicAccessBlockConfiguration.BlockPublicPolicy",
                    "block_public_policy",
                    TRUTH,
                ),
                how("PublicAccessBlockConfiguration.IgnorePublicAcls", "ignore_public_acls", TRUTH),
                how(
                    "PublicAccessBlockConfiguration.RestrictPublicBuckets",
                    "restrict_public_buckets",
                    TRUTH,
                ),
            ],
            import: "{Bucket}",
            ..Kind::new("aws_s3_bucket_public_access_block", "")
        }),
    },
    Row {
        call: "s3:PutBucketVersioning",
        cloudformation: Say::Part(&Part {
            props: &[same("VersioningConfiguration.Status", "VersioningConfiguration.Status")],
            ignored: &["Bucket"],
            ..Part::new(MAKES, BUCKET)
        }),
        terraform: Say::Own(&Kind {
            props: &[
                same("Bucket", "bucket"),
                same("VersioningConfiguration.Status", "versioning_configuration.status"),
            ],
            import: "{Bucket}",
            ..Kind::new("aws_s3_bucket_versioning", "")
        }),
    },
    Row {
        call: "s3:PutBucketLogging",
        cloudformation: Say::Part(&Part {
            props: &[
                same(
                    "BucketLoggingStatus.LoggingEnabled.TargetBucket",
                    "LoggingConfiguration.DestinationBucketName",
                ),
                same(
                    "BucketLoggingStatus.LoggingEnabled.TargetPrefix",
                    "LoggingConfiguration.LogFilePrefix",
                ),
                same(
                    "BucketLoggingStatus.LoggingEnabled.TargetObjectKeyFormat",
                    "LoggingConfiguration.TargetObjectKeyFormat",
                ),
            ],
            ignored: &["Bucket"],
            ..Part::new(MAKES, BUCKET)
        }),
        terraform: Say::Own(&Kind {
            props: &[
                same("Bucket", "bucket"),
                same("BucketLoggingStatus.LoggingEnabled.TargetBucket", "target_bucket"),
                same("BucketLoggingStatus.LoggingEnabled.TargetPrefix", "target_prefix"),
                how(
                    "BucketLoggingStatus.LoggingEnabled.TargetObjectKeyFormat",
                    "target_object_key_format",
                    How::Blocks,
                ),
            ],
            import: "{Bucket}",
            ..Kind::new("aws_s3_bucket_logging", "")
        }),
    },
    Row {
        call: "s3:PutBucketLifecycleConfiguration",
        cloudformation: Say::Part(&Part {
            props: &[
                how("LifecycleConfiguration", "LifecycleConfiguration.Rules", How::By(rules)),
                same(
                    "TransitionDefaultMinimumObjectSize",
                    "LifecycleConfiguration.TransitionDefaultMinimumObjectSize",
                ),
            ],
            ignored: &["Bucket"],
            ..Part::new(MAKES, BUCKET)
        }),
        terraform: Say::Own(&Kind {
            props: &[
                same("Bucket", "bucket"),
                how("LifecycleConfiguration", "rule", How::By(rule_blocks)),
                same(
                    "TransitionDefaultMinimumObjectSize",
                    "transition_default_minimum_object_size",
                ),
            ],
            import: "{Bucket}",
            ..Kind::new("aws_s3_bucket_lifecycle_configuration", "")
        }),
    },
    Row {
        call: "s3:PutObjectLockConfiguration",
        cloudformation: Say::Part(&Part {
            props: &[how("ObjectLockConfiguration", "ObjectLockConfiguration", How::As(numbers))],
            // A bucket that is new can have it from the beginning.
            fixed: &[("ObjectLockEnabled", Fixed::Bool(true))],
            ignored: &["Bucket"],
            ..Part::new(MAKES, BUCKET)
        }),
        terraform: Say::Own(&Kind {
            props: &[
                same("Bucket", "bucket"),
                same("ObjectLockConfiguration.ObjectLockEnabled", "object_lock_enabled"),
                how("ObjectLockConfiguration.Rule", "rule", How::As(lock_rule)),
            ],
            import: "{Bucket}",
            ..Kind::new("aws_s3_bucket_object_lock_configuration", "")
        }),
    },
    Row {
        call: "s3:PutBucketTagging",
        cloudformation: Say::Part(&Part {
            props: &[how("Tagging.TagSet", "Tags", How::Tags)],
            ignored: &["Bucket"],
            ..Part::new(MAKES, BUCKET)
        }),
        terraform: Say::Part(&Part {
            props: &[how("Tagging.TagSet", "tags", How::TagMap)],
            ignored: &["Bucket"],
            otherwise: "the tags of a bucket are a property of it",
            ..Part::new(MAKES, BUCKET)
        }),
    },
];

/// A truth that XML may have written as text.
const TRUTH: How = How::By(truth);

fn truth(value: &Node) -> Option<Node> {
    match value {
        Node::Bool(_) => Some(value.clone()),
        _ => value.plain().map(|text| Node::Bool(text == "true")),
    }
}

fn booleans(value: &Node) -> Option<Node> {
    let Node::Map(members) = value else { return None };
    members.iter().map(|(k, v)| Some((k.clone(), truth(v)?))).collect::<Option<_>>().map(Node::Map)
}

fn ownership(value: &Node) -> Node {
    let rule = Node::Map(vec![("ObjectOwnership".to_owned(), value.clone())]);
    Node::Map(vec![("Rules".to_owned(), Node::List(vec![rule]))])
}

fn lock_rule(value: &Node) -> Node {
    super::shape::blocks(&numbers(value))
}

/// Members that are numbers, where XML has written them as text.
fn numbers(value: &Node) -> Node {
    const NUMBERS: [&str; 7] = [
        "Days",
        "Years",
        "NoncurrentDays",
        "NewerNoncurrentVersions",
        "DaysAfterInitiation",
        "ObjectSizeGreaterThan",
        "ObjectSizeLessThan",
    ];
    match value {
        Node::Map(members) => Node::Map(
            members
                .iter()
                .map(|(name, value)| {
                    let value = match name.as_str() {
                        name if NUMBERS.contains(&name) => number(value),
                        "ExpiredObjectDeleteMarker" => truth(value).unwrap_or(Node::Null),
                        _ => numbers(value),
                    };
                    (name.clone(), value)
                })
                .collect(),
        ),
        Node::List(items) => Node::List(items.iter().map(numbers).collect()),
        other => other.clone(),
    }
}

/// The rules of a lifecycle by the names of the API, whether they were read from XML or not.
pub(in crate::export) fn plain_rules(lifecycle: &Node) -> Option<Vec<Node>> {
    let Node::Map(members) = lifecycle else { return None };
    let [(name, Node::List(rules))] = members.as_slice() else { return None };
    if name != "Rule" && name != "Rules" {
        return None;
    }
    let api = |name: &str| match name {
        "Transition" => "Transitions".to_owned(),
        "NoncurrentVersionTransition" => "NoncurrentVersionTransitions".to_owned(),
        other => other.to_owned(),
    };
    Some(
        rules
            .iter()
            .map(|rule| {
                let mut rule = numbers(&renamed(rule, &api));
                // Only below `And` are there several.
                if let Some(and) = member(&mut rule, "Filter").and_then(|f| member(f, "And")) {
                    rename(and, "Tag", "Tags");
                }
                rule
            })
            .collect(),
    )
}

fn member<'a>(node: &'a mut Node, name: &str) -> Option<&'a mut Node> {
    let Node::Map(members) = node else { return None };
    members.iter_mut().find(|(each, _)| each == name).map(|(_, value)| value)
}

fn rename(node: &mut Node, from: &str, to: &str) {
    let Node::Map(members) = node else { return };
    for (name, _) in members.iter_mut().filter(|(name, _)| name == from) {
        to.clone_into(name);
    }
}

/// The rules as CloudFormation has them.
fn rules(lifecycle: &Node) -> Option<Node> {
    plain_rules(lifecycle)?.iter().map(rule).collect::<Option<_>>().map(Node::List)
}

fn rule(rule: &Node) -> Option<Node> {
    let Node::Map(members) = rule else { return None };
    let mut out = Vec::new();
    for (name, value) in members {
        match name.as_str() {
            "ID" => put(&mut out, "Id", value.clone()),
            "Filter" => filter(value, &mut out)?,
            "Expiration" => {
                let Node::Map(members) = value else { return None };
                for (name, value) in members {
                    let to = match name.as_str() {
                        "Days" => "ExpirationInDays",
                        "Date" => "ExpirationDate",
                        "ExpiredObjectDeleteMarker" => "ExpiredObjectDeleteMarker",
                        _ => return None,
                    };
                    put(&mut out, to, value.clone());
                }
            }
            "Transitions" | "NoncurrentVersionTransitions" => {
                let cfn = |name: &str| match name {
                    "Days" | "NoncurrentDays" => "TransitionInDays".to_owned(),
                    "Date" => "TransitionDate".to_owned(),
                    other => other.to_owned(),
                };
                put(&mut out, name, renamed(value, &cfn));
            }
            "Status"
            | "Prefix"
            | "NoncurrentVersionExpiration"
            | "AbortIncompleteMultipartUpload" => {
                put(&mut out, name, value.clone());
            }
            _ => return None,
        }
    }
    Some(Node::Map(out))
}

/// What a rule is for: one condition, or several below `And`.
fn filter(filter: &Node, out: &mut Vec<(String, Node)>) -> Option<()> {
    let Node::Map(members) = filter else { return Some(()) };
    for (name, value) in members {
        match name.as_str() {
            "And" => self::filter(value, out)?,
            "Prefix" => {
                if value.plain().is_some_and(|prefix| !prefix.is_empty()) {
                    put(out, "Prefix", value.clone());
                }
            }
            "Tag" => put(out, "TagFilters", Node::List(vec![value.clone()])),
            "Tags" => put(out, "TagFilters", value.clone()),
            // CloudFormation has sizes as text.
            "ObjectSizeGreaterThan" | "ObjectSizeLessThan" => {
                put(out, name, Node::text(value.json().to_string()));
            }
            _ => return None,
        }
    }
    Some(())
}

/// The rules as Terraform has them.
fn rule_blocks(lifecycle: &Node) -> Option<Node> {
    let rules = plain_rules(lifecycle)?.into_iter().map(|mut rule| {
        if rule.get("Filter").is_none() && rule.get("Prefix").is_none() {
            // A rule without a condition is for all.
            if let Node::Map(members) = &mut rule {
                members.push(("Filter".to_owned(), Node::Map(Vec::new())));
            }
        }
        // Tags are a map, whose keys are somebody's own.
        let mut tags = None;
        if let Some(Node::Map(and)) = member(&mut rule, "Filter").and_then(|f| member(f, "And")) {
            let at = and.iter().position(|(name, _)| name == "Tags");
            tags = at.map(|at| and.remove(at).1);
        }
        let mut rule = super::shape::blocks(&rule);
        if let Some(Node::List(tags)) = tags {
            let map =
                tags.iter().map(|tag| Some((tag.get("Key")?.plain()?, tag.get("Value")?.clone())));
            let map = Node::Map(map.collect::<Option<_>>()?);
            if let Node::Map(members) = &mut rule {
                put(members, "filter.and.tags", map);
            }
        }
        Some(rule)
    });
    rules.collect::<Option<_>>().map(Node::List)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_lifecycle_is_said_in_all_forms() {
        let lifecycle = Node::of(&json!({"Rule": [
            {"ID": "a", "Status": "Enabled", "Filter": {"Prefix": "x/"},
                "Expiration": {"Days": "400"},
                "Transition": [{"Days": "90", "StorageClass": "GLACIER_IR"}],
                "NoncurrentVersionExpiration": {"NoncurrentDays": "30"}},
            {"ID": "b", "Status": "Enabled", "Filter": {"And": {"Prefix": "y/",
                "Tag": [{"Key": "k", "Value": "v"}], "ObjectSizeGreaterThan": "10"}},
                "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}},
            {"ID": "c", "Status": "Enabled", "Filter": {"Prefix": ""},
                "Expiration": {"ExpiredObjectDeleteMarker": "true"}},
        ]}));
        assert_eq!(
            rules(&lifecycle).unwrap().json(),
            json!([
                {"Id": "a", "Status": "Enabled", "Prefix": "x/", "ExpirationInDays": 400,
                    "Transitions": [{"TransitionInDays": 90, "StorageClass": "GLACIER_IR"}],
                    "NoncurrentVersionExpiration": {"NoncurrentDays": 30}},
                {"Id": "b", "Status": "Enabled", "Prefix": "y/",
                    "TagFilters": [{"Key": "k", "Value": "v"}], "ObjectSizeGreaterThan": "10",
                    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}},
                {"Id": "c", "Status": "Enabled", "ExpiredObjectDeleteMarker": true},
            ])
        );
        assert_eq!(
            rule_blocks(&lifecycle).unwrap().json(),
            json!([
                {"id": "a", "status": "Enabled", "filter": {"prefix": "x/"},
                    "expiration": {"days": 400},
                    "transition": [{"days": 90, "storage_class": "GLACIER_IR"}],
                    "noncurrent_version_expiration": {"noncurrent_days": 30}},
                {"id": "b", "status": "Enabled", "filter": {"and": {"prefix": "y/",
                    "object_size_greater_than": 10, "tags": {"k": "v"}}},
                    "abort_incomplete_multipart_upload": {"days_after_initiation": 7}},
                {"id": "c", "status": "Enabled", "filter": {},
                    "expiration": {"expired_object_delete_marker": true}},
            ])
        );
        assert!(rules(&Node::of(&json!({"Rule": [{"ID": "a", "New": 1}]}))).is_none());
    }
}
