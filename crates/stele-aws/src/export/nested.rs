//! A template that is too large, in parts: what others need is one nested stack, the rest are
//! others.
//!
//! Parts know each other by names only. What needs an id that AWS makes stays with what makes it.

use std::collections::BTreeSet;

use super::condition::{condition_name, conditions};
use super::custom;
use super::node::Piece;
use super::template::{Template, Writer, attribute, entry, reference};
use super::yaml::Doc;
use super::{
    ExportError, File, PARAMETERS_MAX, RESOURCES_MAX, STACK_NAME, TEMPLATE_BYTES_MAX,
    TEMPLATE_IN_BUCKET_BYTES_MAX, switch,
};

/// Room in a part for what is not a resource.
const REST_BYTES: usize = 12_000;

/// The files: a parent by the name that was asked for, and the parts.
///
/// # Errors
/// What belongs together is too large.
pub(super) fn files(
    writer: &Writer<'_>,
    file: &str,
    region: &str,
    members: &BTreeSet<usize>,
    notes: &[String],
) -> Result<Vec<File>, ExportError> {
    let stem = file.strip_suffix(".yaml").unwrap_or(file);
    let mut parts: Vec<(String, BTreeSet<usize>)> = Vec::new();
    let (base, leaves) = split(writer, members);
    if !base.is_empty() {
        parts.push(("Base".to_owned(), base));
    }
    for (number, chunk) in chunks(writer, &leaves).into_iter().enumerate() {
        parts.push((format!("Part{}", number + 1), chunk));
    }
    let mut files = Vec::new();
    let mut children = Vec::new();
    for (name, part) in &parts {
        let file = format!("{stem}.{}.yaml", name.to_lowercase());
        let template = writer.template(part);
        let text = template.write(&writer.head(&format!("region {region}, {name}")));
        let fits = text.len() <= TEMPLATE_IN_BUCKET_BYTES_MAX
            && template.resources.len() <= RESOURCES_MAX
            && template.parameters.len() <= PARAMETERS_MAX;
        if !fits {
            return Err(ExportError::TooLarge {
                region: region.to_owned(),
                bytes: text.len(),
                resources: template.resources.len(),
            });
        }
        children.push((name.clone(), file.clone(), template));
        files.push(File { name: file, text });
    }
    let parent = parent(writer, &children, &parts);
    let bucket = bucket(writer);
    let mut head = writer.head(&format!("region {region}"));
    head.extend(notes.iter().cloned());
    head.push(format!(
        "aws s3 cp . s3://{bucket}/ --region {region} --recursive --exclude '*' --include \
         '{stem}.*.yaml'"
    ));
    head.push(format!(
        "aws cloudformation deploy --region {region} --stack-name {STACK_NAME} \
         --template-file {file} --capabilities CAPABILITY_NAMED_IAM --parameter-overrides \
         TemplateBucket={bucket}"
    ));
    let text = parent.write(&head);
    if text.len() > TEMPLATE_BYTES_MAX {
        let resources = parent.resources.len();
        let region = region.to_owned();
        return Err(ExportError::TooLarge { region, bytes: text.len(), resources });
    }
    files.insert(0, File { name: file.to_owned(), text });
    Ok(files)
}

/// The bucket that nested templates are copied to, unless somebody names another to the stack.
fn bucket(writer: &Writer<'_>) -> String {
    format!("stele-templates-{}", writer.account)
}

/// What others need or what needs more than names, and the rest.
fn split(writer: &Writer<'_>, members: &BTreeSet<usize>) -> (BTreeSet<usize>, BTreeSet<usize>) {
    let stack = writer.stack;
    let mut base = BTreeSet::new();
    let mut todo: Vec<usize> = Vec::new();
    for index in members {
        let resource = &stack.resources[*index];
        todo.extend(&resource.after);
        let by_value = resource
            .props
            .iter()
            .flat_map(|(_, node)| node.references())
            .any(|piece| matches!(piece, Piece::Made(..) | Piece::Of(..)));
        if by_value || resource.kind.of == custom::KIND.of {
            todo.push(*index);
        }
    }
    while let Some(index) = todo.pop() {
        if members.contains(&index) && base.insert(index) {
            todo.extend(&stack.resources[index].after);
        }
    }
    let leaves = members.difference(&base).copied().collect();
    (base, leaves)
}

/// Parts that each fit into a template.
fn chunks(writer: &Writer<'_>, leaves: &BTreeSet<usize>) -> Vec<BTreeSet<usize>> {
    let most = (PARAMETERS_MAX - switch::ALL.len()).min(RESOURCES_MAX);
    let template = writer.template(leaves);
    let mut all: Vec<BTreeSet<usize>> = Vec::new();
    let mut bytes = 0;
    for index in leaves {
        let id = &writer.stack.resources[*index].id;
        let alone = template.resource(id).map_or(0, |doc| {
            // Two levels deeper, and a parameter of its own.
            let text = doc.write(&[]);
            text.len() + 4 * text.lines().count() + 400
        });
        let full = bytes + alone > TEMPLATE_BYTES_MAX - REST_BYTES;
        match all.last_mut() {
            Some(part) if !full && part.len() < most => {
                part.insert(*index);
                bytes += alone;
            }
            _ => {
                all.push(BTreeSet::from([*index]));
                bytes = alone;
            }
        }
    }
    all
}

fn parent(
    writer: &Writer<'_>,
    children: &[(String, String, Template)],
    parts: &[(String, BTreeSet<usize>)],
) -> Template {
    let stack = writer.stack;
    let everything: BTreeSet<usize> = parts.iter().flat_map(|(_, part)| part.clone()).collect();
    let mut template = writer.template(&everything);
    let is_switch = |name: &str| switch::ALL.iter().any(|switch| switch.name == name);
    template.parameters.retain(|parameter| is_switch(&parameter.name));
    template.parameters.push(entry(
        "TemplateBucket",
        Doc::map([
            ("Type", Doc::text("String")),
            ("Default", Doc::text(bucket(writer))),
            ("Description", Doc::text("The bucket that the parts were copied to")),
        ]),
    ));
    template.resources.clear();
    template.conditions.clear();
    for (name, file, child) in children {
        let url =
            format!("https://${{TemplateBucket}}.s3.${{AWS::Region}}.${{AWS::URLSuffix}}/{file}");
        let given: Vec<_> = child
            .parameters
            .iter()
            .filter(|parameter| is_switch(&parameter.name))
            .map(|parameter| entry(&parameter.name, reference(&parameter.name)))
            .collect();
        let mut members = vec![entry("Type", Doc::text("AWS::CloudFormation::Stack"))];
        if name != "Base" && children.iter().any(|(name, ..)| name == "Base") {
            members.push(entry("DependsOn", Doc::List(vec![Doc::text("Base")])));
        }
        // What the parts keep, they keep.
        members.push(entry("DeletionPolicy", Doc::text("Delete")));
        members.push(entry("UpdateReplacePolicy", Doc::text("Delete")));
        members.push(entry(
            "Properties",
            Doc::Map(vec![
                entry("TemplateURL", Doc::map([("Fn::Sub", Doc::text(url))])),
                entry("Parameters", Doc::Map(given)),
            ]),
        ));
        template.resources.push(entry(name, Doc::Map(members)));
    }
    // What a part gives out, the parent gives out.
    let mut wanted = BTreeSet::new();
    for output in &mut template.outputs {
        let Some((name, ..)) = children
            .iter()
            .find(|(.., child)| child.outputs.iter().any(|own| own.name == output.name))
        else {
            continue;
        };
        let Doc::Map(members) = &mut output.value else { continue };
        for member in members.iter_mut().filter(|member| member.name == "Value") {
            member.value = attribute(name, &format!("Outputs.{}", output.name));
        }
        for index in &everything {
            let switches = &stack.resources[*index].switches;
            let named = Doc::text(condition_name(switches));
            if members.iter().any(|member| member.name == "Condition" && member.value == named) {
                wanted.insert(switches.clone());
            }
        }
    }
    template.conditions = conditions(&wanted);
    template
}
