//! Templates: which files there are, and what is in which.

use std::collections::{BTreeMap, BTreeSet};

use super::stack::{self, Dialect, Stack};
use super::template::Writer;
use super::{
    ExportError, File, Options, PARAMETERS_MAX, RESOURCES_MAX, STACK_NAME, TEMPLATE_BYTES_MAX,
};
use super::{actions_of, collect, command, home_region, nested};
use crate::plan::Plan;

/// How regions get their templates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rollout {
    /// Each as a stack.
    Stacks,
    /// What is the same in all as instances of a StackSet.
    StackSet,
}

/// The files of an account.
///
/// # Errors
/// A template is too large even in parts.
pub(super) fn files(
    plan: &Plan,
    account: &str,
    options: &Options,
    rollout: Rollout,
) -> Result<Vec<File>, ExportError> {
    let actions = actions_of(plan, account);
    let dialect =
        if options.with_custom_resources { Dialect::WithFunction } else { Dialect::CloudFormation };
    let mut stack = stack::build(&actions, dialect);
    if options.collect {
        collect::add(&mut stack);
    }
    let home = home_region(&actions);
    let mut all = stack.resources.iter().map(|resource| resource.region.as_str());
    let main = all.clone().find(|region| *region == home).or_else(|| all.next()).map(str::to_owned);
    if let (Some(main), Rollout::StackSet) = (&main, rollout) {
        stack.align(main);
    }
    let mut regions: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for (index, resource) in stack.resources.iter().enumerate() {
        regions.entry(resource.region.as_str()).or_default().insert(index);
    }
    let writer = Writer { plan, stack: &stack, account, options };
    let mut files = Vec::new();
    if let Some(main) = main.as_deref() {
        let others: Vec<&str> = regions.keys().copied().filter(|region| *region != main).collect();
        let file = format!("{}.yaml", options.stem);
        let mut notes = Vec::new();
        if !others.is_empty() {
            notes.push(format!(
                "Deploy it first: roles and trails of {} are in it.",
                others.join(", ")
            ));
        }
        files.extend(one(&writer, &file, main, &regions[main], &notes)?);
        files.extend(match rollout {
            Rollout::Stacks => beside(&writer, &regions, &others)?,
            Rollout::StackSet => in_common(&writer, &regions, &others)?,
        });
    }
    let page = command::page(&stack, &options.stem);
    if !page.is_empty() {
        files.push(File { name: format!("{}.remaining.md", options.stem), text: page });
    }
    Ok(files)
}

/// The template of a region, in parts where it is too large for one.
fn one(
    writer: &Writer<'_>,
    file: &str,
    region: &str,
    members: &BTreeSet<usize>,
    notes: &[String],
) -> Result<Vec<File>, ExportError> {
    let mut head = writer.head(&format!("region {region}"));
    head.extend(notes.iter().cloned());
    head.push(format!(
        "aws cloudformation deploy --region {region} --stack-name {STACK_NAME} \
         --template-file {file} --capabilities CAPABILITY_NAMED_IAM"
    ));
    let template = writer.template(members);
    let text = template.write(&head);
    let fits = text.len() <= TEMPLATE_BYTES_MAX
        && template.resources.len() <= RESOURCES_MAX
        && template.parameters.len() <= PARAMETERS_MAX;
    if fits {
        return Ok(vec![File { name: file.to_owned(), text }]);
    }
    nested::files(writer, file, region, members, notes)
}

/// Regions beside the home region: one file where they are alike, else one for each.
fn beside(
    writer: &Writer<'_>,
    regions: &BTreeMap<&str, BTreeSet<usize>>,
    others: &[&str],
) -> Result<Vec<File>, ExportError> {
    let Some((first, rest)) = others.split_first() else { return Ok(Vec::new()) };
    let stem = &writer.options.stem;
    let template = writer.template(&regions[first]);
    if rest.iter().all(|region| writer.template(&regions[region]).same(&template)) {
        let mut notes = Vec::new();
        if !rest.is_empty() {
            notes.push(format!("Deploy it in each of {}.", others.join(", ")));
        }
        return one(writer, &format!("{stem}.regional.yaml"), first, &regions[first], &notes);
    }
    let mut files = Vec::new();
    for region in others {
        let file = format!("{stem}.{region}.yaml");
        files.extend(one(writer, &file, region, &regions[region], &[])?);
    }
    Ok(files)
}

/// Regions beside the home region: what is the same in all is for a StackSet, the rest is a file
/// for each region.
fn in_common(
    writer: &Writer<'_>,
    regions: &BTreeMap<&str, BTreeSet<usize>>,
    others: &[&str],
) -> Result<Vec<File>, ExportError> {
    let Some(first) = others.first() else { return Ok(Vec::new()) };
    let common = common_ids(writer, regions, others);
    let stack = writer.stack;
    let (mut shared, mut files) = (BTreeSet::new(), Vec::new());
    let mut own: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for region in others {
        for index in &regions[region] {
            if !common.contains(stack.resources[*index].id.as_str()) {
                own.entry(region).or_default().insert(*index);
            } else if region == first {
                shared.insert(*index);
            }
        }
    }
    if !shared.is_empty() {
        let file = format!("{}.regional.yaml", writer.options.stem);
        let mut head = writer.head(&format!("regions {}", others.join(", ")));
        head.push(
            "For a StackSet: nothing in it names a thing of one account or region.".to_owned(),
        );
        head.extend(stackset_commands(&file, others));
        let template = writer.template(&shared);
        if template.write(&[]).contains(":role/") {
            head.push(format!(
                "Roles that it names must be in each account first: {}.yaml makes them here.",
                writer.options.stem
            ));
        }
        let text = template.write(&head);
        if text.len() > TEMPLATE_BYTES_MAX {
            return Err(ExportError::TooLarge {
                region: others.join(", "),
                bytes: text.len(),
                resources: template.resources.len(),
            });
        }
        files.push(File { name: file, text });
    }
    for (region, members) in own {
        let file = format!("{}.{region}.yaml", writer.options.stem);
        let notes = [
            "Not for a StackSet: it names things of this account and region.".to_owned(),
            "Deploy it after the StackSet's instance of the region.".to_owned(),
        ];
        files.extend(one(writer, &file, region, &members, &notes)?);
    }
    Ok(files)
}

fn stackset_commands(file: &str, regions: &[&str]) -> [String; 2] {
    [
        format!(
            "aws cloudformation create-stack-set --stack-set-name {STACK_NAME} --template-body \
             file://{file} --capabilities CAPABILITY_NAMED_IAM --permission-model SERVICE_MANAGED \
             --auto-deployment Enabled=true,RetainStacksOnAccountRemoval=true"
        ),
        format!(
            "aws cloudformation create-stack-instances --stack-set-name {STACK_NAME} \
             --deployment-targets OrganizationalUnitIds=OU --regions {}",
            regions.join(" ")
        ),
    ]
}

/// Resources that are the same in all regions, and that need only such and are needed, but for
/// their names, only by such.
fn common_ids<'a>(
    writer: &Writer<'a>,
    regions: &BTreeMap<&str, BTreeSet<usize>>,
    others: &[&str],
) -> BTreeSet<&'a str> {
    let stack: &Stack<'a> = writer.stack;
    let mut seen: BTreeMap<&str, Vec<(usize, super::yaml::Doc)>> = BTreeMap::new();
    for region in others {
        let template = writer.template(&regions[region]);
        for index in &regions[region] {
            let id = stack.resources[*index].id.as_str();
            if let Some(doc) = template.resource(id) {
                seen.entry(id).or_default().push((*index, doc.clone()));
            }
        }
    }
    let portable = |index: &usize| {
        let resource = &stack.resources[*index];
        !resource.props.iter().any(|(_, node)| node.names_found())
    };
    let mut common: BTreeSet<&str> = seen
        .iter()
        .filter(|(_, all)| {
            all.len() == others.len()
                && all.iter().all(|(index, doc)| *doc == all[0].1 && portable(index))
        })
        .map(|(id, _)| *id)
        .collect();
    loop {
        let before = common.len();
        for region in others {
            for index in &regions[region] {
                let resource = &stack.resources[*index];
                let is_common = common.contains(resource.id.as_str());
                for other in &resource.after {
                    let named = stack.resources[*other].id.as_str();
                    if !regions[region].contains(other) {
                        continue;
                    }
                    if is_common && !common.contains(named) {
                        common.remove(resource.id.as_str());
                    }
                    if !is_common && writer.refers_by_value(*index, *other) {
                        common.remove(named);
                    }
                }
            }
        }
        if common.len() == before {
            return common;
        }
    }
}
