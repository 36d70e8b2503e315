//! Statements into documents that are no larger than IAM takes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::grant::Grant;

/// What a managed policy holds, in characters without white space (IAM quotas).
pub const POLICY_CHARS_MAX: usize = 6144;

/// How many managed policies a role takes (IAM quotas: 10, unless AWS was asked for more).
pub const POLICIES_MAX: usize = 10;

/// What is round the statements of a document.
const ROUND_CHARS: usize = 60;

/// Why there is no policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// More documents than a role takes.
    #[error(
        "the policy would be {documents} documents of {POLICY_CHARS_MAX} characters, and a role \
         takes {POLICIES_MAX}: plan for fewer checks or regions at a time (`--include`), or apply \
         with a role that has wider rights"
    )]
    TooLarge {
        /// How many there would be.
        documents: usize,
    },
}

/// Statements of grants: one for each set of resources and condition, with all actions on it; and
/// one for all resources that have the same actions.
pub(super) fn statements(grants: &[Grant]) -> Vec<Value> {
    let mut by_place: BTreeMap<(Vec<String>, String), (BTreeSet<String>, Value)> = BTreeMap::new();
    for grant in grants {
        // One statement for each kind of place: what belongs to one call stays together.
        let key = (grant.resources.clone(), grant.condition.to_string());
        let place =
            by_place.entry(key).or_insert_with(|| (BTreeSet::new(), grant.condition.clone()));
        place.0.insert(grant.action.clone());
    }
    let mut by_actions: BTreeMap<(BTreeSet<String>, String), (BTreeSet<String>, Value)> =
        BTreeMap::new();
    for ((resources, condition), (actions, value)) in by_place {
        // What is narrowed to regions only is one statement for all of them.
        let (condition, value) = match only_region(&value) {
            Some(_) => ("region".to_owned(), value),
            None => (condition, value),
        };
        let all = by_actions
            .entry((actions, condition))
            .or_insert_with(|| (BTreeSet::new(), Value::Null));
        all.0.extend(resources);
        all.1 = with_region(&all.1, value);
    }
    by_actions
        .into_iter()
        .map(|((actions, _), (resources, condition))| {
            let mut statement =
                json!({"Effect": "Allow", "Action": actions, "Resource": resources});
            if !condition.is_null() {
                statement["Condition"] = condition;
            }
            statement
        })
        .collect()
}

/// The regions of a condition that is about nothing else.
fn only_region(condition: &Value) -> Option<Vec<Value>> {
    let region = condition.get("StringEquals")?.get("aws:RequestedRegion")?;
    let whole = condition.as_object()?.len() == 1
        && condition["StringEquals"].as_object().is_some_and(|members| members.len() == 1);
    whole.then(|| match region {
        Value::Array(regions) => regions.clone(),
        region => vec![region.clone()],
    })
}

/// Two conditions about regions as one; others are the same anyway.
fn with_region(so_far: &Value, more: Value) -> Value {
    let (Some(mut regions), Some(others)) = (only_region(so_far), only_region(&more)) else {
        return more;
    };
    for region in others {
        if !regions.contains(&region) {
            regions.push(region);
        }
    }
    json!({"StringEquals": {"aws:RequestedRegion": regions}})
}

/// Documents of statements. The first of them, which denies, is in each: each may be attached
/// alone.
///
/// # Errors
/// There would be more than a role takes.
pub(super) fn documents(
    name: &str,
    deny: &Value,
    statements: Vec<Value>,
) -> Result<Vec<Value>, PolicyError> {
    let mut todo: Vec<Value> = statements.into_iter().rev().collect();
    let denies = if deny.is_null() { 0 } else { chars(deny) };
    let room = POLICY_CHARS_MAX - ROUND_CHARS - denies;
    let mut documents: Vec<Vec<Value>> = Vec::new();
    let mut used = room;
    while let Some(statement) = todo.pop() {
        let size = chars(&statement) + name.len() + 20;
        if size > room {
            // Halves, until each fits; a single action on a single resource always does.
            todo.extend(halves(&statement).into_iter().rev());
            continue;
        }
        if used + size > room {
            documents.push(Vec::new());
            used = 0;
        }
        used += size;
        if let Some(document) = documents.last_mut() {
            document.push(statement);
        }
    }
    if documents.len() > POLICIES_MAX {
        return Err(PolicyError::TooLarge { documents: documents.len() });
    }
    Ok(documents
        .into_iter()
        .map(|statements| {
            let mut all = Vec::new();
            if !deny.is_null() {
                all.push(deny.clone());
            }
            all.extend(statements.into_iter().enumerate().map(|(index, mut statement)| {
                statement["Sid"] = json!(format!("{name}{}", index + 1));
                statement
            }));
            json!({"Version": "2012-10-17", "Statement": all})
        })
        .collect())
}

/// A statement as two: half of its resources each, or half of its actions.
fn halves(statement: &Value) -> Vec<Value> {
    for name in ["Resource", "Action"] {
        let Some(items) = statement[name].as_array().filter(|items| items.len() > 1) else {
            continue;
        };
        let (one, other) = items.split_at(items.len() / 2);
        return [one, other]
            .iter()
            .map(|half| {
                let mut statement = statement.clone();
                statement[name] = json!(half);
                statement
            })
            .collect();
    }
    Vec::new()
}

/// Characters, as IAM counts them: without white space.
fn chars(value: &Value) -> usize {
    value.to_string().chars().filter(|letter| !letter.is_whitespace()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_no_larger_than_iam_takes() {
        let resource = |n: usize| format!("arn:aws:logs:eu-west-1:111122223333:log-group:/a/{n}");
        let many: Vec<String> = (0..400).map(resource).collect();
        let statement = json!({"Effect": "Allow", "Action": ["a:B"], "Resource": many});
        let deny = json!({"Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "*"});
        let documents = documents("X", &deny, vec![statement.clone()]).unwrap();
        assert!(documents.len() > 1, "{}", documents.len());
        let mut found = BTreeSet::new();
        for document in &documents {
            assert!(chars(document) <= POLICY_CHARS_MAX, "{}", chars(document));
            assert_eq!(document["Statement"][0], deny);
            for statement in &document["Statement"].as_array().unwrap()[1..] {
                let all = statement["Resource"].as_array().unwrap();
                found.extend(all.iter().filter_map(Value::as_str).map(str::to_owned));
            }
        }
        assert_eq!(found.len(), many.len());
        let many: Vec<String> = (0..4000).map(resource).collect();
        let statement = json!({"Effect": "Allow", "Action": ["a:B"], "Resource": many});
        let refused = super::documents("X", &deny, vec![statement]).unwrap_err();
        assert!(matches!(refused, PolicyError::TooLarge { documents } if documents > 10));
    }

    #[test]
    fn what_has_the_same_actions_is_one_statement() {
        let grant = |action: &str, resource: &str, region: &str| Grant {
            action: action.to_owned(),
            resources: vec![resource.to_owned()],
            condition: match region {
                "" => Value::Null,
                region => json!({"StringEquals": {"aws:RequestedRegion": region}}),
            },
        };
        let made = statements(&[
            grant("a:B", "x", ""),
            grant("a:C", "x", ""),
            grant("a:C", "y", ""),
            grant("a:B", "y", ""),
            grant("a:D", "*", "eu-west-1"),
            grant("a:D", "*", "us-east-1"),
        ]);
        assert_eq!(
            json!(made),
            json!([
                {"Effect": "Allow", "Action": ["a:B", "a:C"], "Resource": ["x", "y"]},
                {"Effect": "Allow", "Action": ["a:D"], "Resource": ["*"], "Condition":
                    {"StringEquals": {"aws:RequestedRegion": ["eu-west-1", "us-east-1"]}}},
            ])
        );
    }
}
