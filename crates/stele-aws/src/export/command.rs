//! What remains, as commands of the AWS command line that can be copied.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::custom;
use super::node::{Node, Piece};
use super::resource::{self, snake};
use super::stack::{Dialect, Remaining, Stack};
use crate::plan::Action;

/// The parameters of an action as the API takes them.
pub(super) fn params(action: &Action) -> Node {
    let mut params = Node::map_of(&action.params);
    if action.call == "s3:PutBucketLifecycleConfiguration" {
        let rules = params.get("LifecycleConfiguration").and_then(resource::plain_rules);
        if let (Some(rules), Node::Map(members)) = (rules, &mut params) {
            resource::put(members, "LifecycleConfiguration.Rules", Node::List(rules));
            if let Some((_, Node::Map(lifecycle))) =
                members.iter_mut().find(|(name, _)| name == "LifecycleConfiguration")
            {
                lifecycle.retain(|(name, _)| name == "Rules");
            }
        }
    }
    params
}

/// The name of a service for the command line.
fn service(name: &str) -> &str {
    match name {
        "s3" => "s3api",
        "config" => "configservice",
        other => other,
    }
}

/// The name of an operation for the command line.
pub(super) fn operation(name: &str) -> String {
    snake(name).replace('_', "-")
}

/// The page about what remains; nothing where nothing does.
pub(super) fn page(stack: &Stack<'_>, title: &str) -> String {
    if stack.remaining.is_empty() {
        return String::new();
    }
    let file = match stack.dialect {
        Dialect::Terraform => "Terraform",
        Dialect::CloudFormation | Dialect::WithFunction => "CloudFormation",
    };
    let mut out = format!(
        "# What {title} does not do\n\n\
         {file} cannot say {} of the plan. `stele aws apply` makes such changes, sees before that\n\
         nothing has changed since the plan was made, and can take them back. The commands below\n\
         make them without looking: run them within a day of the plan.\n",
        count(stack.remaining.len(), "action"),
    );
    let asked = asked(stack);
    for (heading, first) in [("Before", true), ("After", false)] {
        let which: Vec<&Remaining> =
            stack.remaining.iter().filter(|one| one.first == first).collect();
        if which.is_empty() {
            continue;
        }
        let _ = write!(out, "\n## {heading} it is deployed\n");
        for one in which {
            let Some(action) = stack.actions.get(&one.action) else { continue };
            let _ = write!(
                out,
                "\n### {}. {}\n\n{} in account {}, region {}: {}.\n\n```sh\n{}```\n",
                action.n,
                action.why,
                action.call,
                action.account,
                action.region,
                one.reason,
                command(stack, action, &asked),
            );
        }
    }
    out
}

fn count(number: usize, word: &str) -> String {
    if number == 1 { format!("one {word}") } else { format!("{number} {word}s") }
}

/// Values of actions that others among the commands need.
fn asked(stack: &Stack<'_>) -> BTreeSet<(u32, String)> {
    stack
        .remaining
        .iter()
        .filter_map(|one| stack.actions.get(&one.action))
        .flat_map(|action| params(action).references())
        .filter_map(|piece| match piece {
            Piece::Made(n, path) => Some((n, path)),
            _ => None,
        })
        .collect()
}

/// Values of resources of the file that commands need: resource and attribute.
pub(super) fn outputs(stack: &Stack<'_>) -> BTreeSet<(usize, &'static str)> {
    asked(stack).iter().filter_map(|(n, path)| stack.attribute(*n, path)).collect()
}

/// The name of an output.
pub(super) fn output(stack: &Stack<'_>, index: usize, attribute: &str) -> String {
    let id = &stack.resources[index].id;
    match stack.dialect {
        Dialect::Terraform => format!("{}_{attribute}", id.trim_start_matches("r_")),
        Dialect::CloudFormation | Dialect::WithFunction => {
            format!("{id}{}", if attribute.is_empty() { "Id" } else { attribute })
        }
    }
}

/// The shell's name for a value.
fn variable(n: u32, path: &str) -> String {
    let path: String = path.chars().filter(char::is_ascii_alphanumeric).collect();
    format!("VALUE_{n}_{}", path.to_uppercase())
}

fn command(stack: &Stack<'_>, action: &Action, asked: &BTreeSet<(u32, String)>) -> String {
    let mut out = String::new();
    let mut sed = String::new();
    let params = params(action);
    let mut seen = BTreeSet::new();
    for piece in params.references() {
        let Piece::Made(n, path) = piece else { continue };
        if !seen.insert((n, path.clone())) {
            continue;
        }
        let name = variable(n, &path);
        let _ = write!(sed, " -e \"s|@{name}@|${name}|g\"");
        let Some((index, attribute)) = stack.attribute(n, &path) else { continue };
        let (key, region) = (output(stack, index, attribute), &stack.resources[index].region);
        let _ = match stack.dialect {
            Dialect::Terraform => writeln!(out, "{name}=$(terraform output -raw {key})"),
            Dialect::CloudFormation | Dialect::WithFunction => writeln!(
                out,
                "{name}=$(aws cloudformation describe-stacks --region {region} \
                 --stack-name {} \\\n  \
                 --query \"Stacks[0].Outputs[?OutputKey=='{key}'].OutputValue\" --output text)",
                super::STACK_NAME,
            ),
        };
    }
    let mut shown = params;
    shown.each_text(&mut |pieces| {
        for piece in pieces.iter_mut() {
            if let Piece::Made(n, path) = piece {
                *piece = Piece::Plain(format!("@{}@", variable(*n, path)));
            }
        }
    });
    let json = serde_json::to_string_pretty(&shown.json()).unwrap_or_default();
    let (key, name) = action.call.split_once(':').unwrap_or(("", &action.call));
    let mut call = format!("aws {} {} --region {}", service(key), operation(name), action.region);
    call.push_str(" --cli-input-json file:///dev/stdin");
    let needed = asked.iter().find(|(n, _)| *n == action.n);
    let answer = needed.and_then(|(n, path)| {
        let made = custom::made(&action.call).iter().find(|(known, ..)| known == path)?;
        Some((variable(*n, path), made.2))
    });
    if let Some((_, query)) = &answer {
        let _ = write!(call, " \\\n  --query '{query}' --output text");
    }
    let fed = if sed.is_empty() {
        format!("{call} <<'JSON'\n{json}\nJSON\n")
    } else {
        format!("sed{sed} <<'JSON' |\n{json}\nJSON\n  {call}\n")
    };
    match answer {
        Some((name, _)) => {
            let _ = writeln!(out, "{name}=$({fed})");
        }
        None => out.push_str(&fed),
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_named_as_the_command_line_names_them() {
        for (name, expected) in [
            ("ModifyDBInstance", "modify-db-instance"),
            ("PutBucketLifecycleConfiguration", "put-bucket-lifecycle-configuration"),
            ("AssociateKmsKey", "associate-kms-key"),
            ("UpdateClusterConfig", "update-cluster-config"),
            ("CreateQueryLoggingConfig", "create-query-logging-config"),
        ] {
            assert_eq!(operation(name), expected);
        }
    }
}
