//! Terraform's files. What is there already and has a type of its own is taken on by `import`
//! blocks; of what is taken on, all that the plan does not set is left as it is.

use std::collections::{BTreeMap, BTreeSet};

use super::hcl::{self, Block, Expression, Item, Part};
use super::node::{Node, Piece};
use super::stack::{self, Dialect, Stack};
use super::{File, Options, collect, command, home_region, names};
use crate::plan::Action;

/// The provider's version that the table was written for; what is newer than the first with
/// `deletion_protection_enabled` of log groups will do.
const PROVIDER: &str = ">= 6.22";

/// Attributes that are maps; all other structures are blocks.
const MAPS: [&str; 2] = ["tags", "parameters"];

/// The files of an account.
pub(super) fn files(actions: &[&Action], options: &Options) -> Vec<File> {
    let stack = stack(actions, options);
    let head = |name: &str| match name {
        "imports.tf" => "Taken on, not made: these are there already.".to_owned(),
        _ => format!("Made by `stele aws export` for account {}.", account(actions)),
    };
    let mut files: Vec<File> = Writer::new(&stack, actions)
        .trees()
        .into_iter()
        .map(|(name, blocks)| File {
            name: name.to_owned(),
            text: hcl::write(&head(name), &blocks),
        })
        .collect();
    let page = command::page(&stack, "Terraform");
    if !page.is_empty() {
        files.push(File { name: "remaining.md".to_owned(), text: page });
    }
    files
}

/// What the files hold, as trees.
#[cfg(test)]
pub(super) fn trees(actions: &[&Action], options: &Options) -> BTreeMap<&'static str, Vec<Block>> {
    Writer::new(&stack(actions, options), actions).trees()
}

fn stack<'a>(actions: &[&'a Action], options: &Options) -> Stack<'a> {
    let mut stack = stack::build(actions, Dialect::Terraform);
    if options.collect {
        collect::add(&mut stack);
    }
    stack
}

fn account(actions: &[&Action]) -> String {
    actions.first().map(|action| action.account.clone()).unwrap_or_default()
}

/// Variables by what they stand for: base and value.
type Settings = BTreeMap<(&'static str, String), (String, &'static str, Node)>;

fn settings(stack: &Stack<'_>) -> Settings {
    let mut found: BTreeMap<&'static str, Vec<(String, &'static str, Node)>> = BTreeMap::new();
    for (_, node) in stack.resources.iter().flat_map(|resource| &resource.props) {
        node.each_set(&mut |base, about, value| {
            let text = value.setting();
            let values = found.entry(base).or_default();
            if !values.iter().any(|(known, ..)| *known == text) {
                values.push((text, about, value.clone()));
            }
        });
    }
    let mut settings = Settings::new();
    let mut taken = BTreeSet::new();
    for (base, values) in found {
        let one = values.len() == 1;
        for (text, about, value) in values {
            let last = text.rsplit(['/', ':']).next().unwrap_or_default();
            let whole = if one { base.to_owned() } else { format!("{base}_{last}") };
            let mut name = names::label(&whole);
            while !taken.insert(name.clone()) {
                name.push_str("_x");
            }
            settings.insert((base, text), (name, about, value));
        }
    }
    settings
}

struct Writer<'a> {
    stack: &'a Stack<'a>,
    account: String,
    home: String,
    settings: Settings,
}

impl<'a> Writer<'a> {
    fn new(stack: &'a Stack<'a>, actions: &[&Action]) -> Self {
        Self {
            stack,
            account: account(actions),
            home: home_region(actions),
            settings: settings(stack),
        }
    }

    /// The blocks of each file; none where there is nothing to make.
    fn trees(&self) -> BTreeMap<&'static str, Vec<Block>> {
        let mut trees = BTreeMap::new();
        if self.stack.resources.is_empty() {
            return trees;
        }
        trees.insert("main.tf", self.main());
        trees.insert("variables.tf", self.variables());
        let imports = self.imports();
        if !imports.is_empty() {
            trees.insert("imports.tf", imports);
        }
        trees
    }

    fn main(&self) -> Vec<Block> {
        let source = Expression::Object(vec![
            ("source".to_owned(), Expression::text("hashicorp/aws")),
            ("version".to_owned(), Expression::text(PROVIDER)),
        ]);
        let providers = Block::new("required_providers", &[]).with("aws", source);
        let mut blocks = vec![
            Block::new("terraform", &[])
                .with("required_version", Expression::text(">= 1.5"))
                .within(providers),
        ];
        let regions: BTreeSet<&str> =
            self.stack.resources.iter().map(|resource| resource.region.as_str()).collect();
        let accounts = Expression::List(vec![Expression::Reference("var.account_id".to_owned())]);
        let provider = |region: &str| {
            Block::new("provider", &["aws"]).with("region", Expression::text(region))
        };
        blocks.push(provider(&self.home).with("allowed_account_ids", accounts.clone()));
        for region in regions.iter().filter(|region| **region != self.home) {
            let block = Block::new("provider", &["aws"])
                .with("alias", Expression::text(names::label(region)))
                .with("region", Expression::text(*region))
                .with("allowed_account_ids", accounts.clone());
            blocks.push(block);
        }
        blocks.extend((0..self.stack.resources.len()).map(|index| self.resource(index)));
        blocks.extend(command::outputs(self.stack).into_iter().map(|(index, attribute)| {
            let name = command::output(self.stack, index, attribute);
            let value = Expression::Reference(format!("{}.{attribute}", self.address(index)));
            Block::new("output", &[&name])
                .with("description", Expression::text("Needed by a command that remains"))
                .with("value", value)
        }));
        let queue = |index: &usize| self.stack.resources[*index].kind.of == "aws_sqs_queue";
        for index in (0..self.stack.resources.len()).filter(queue) {
            let name = format!("{}_url", self.stack.resources[index].id);
            let value = Expression::Reference(format!("{}.id", self.address(index)));
            blocks.push(
                Block::new("output", &[&name])
                    .with("description", Expression::text("Where Stele reads of new files"))
                    .with("value", value),
            );
        }
        blocks
    }

    fn address(&self, index: usize) -> String {
        let resource = &self.stack.resources[index];
        format!("{}.{}", resource.kind.of, resource.id)
    }

    fn resource(&self, index: usize) -> Block {
        let resource = &self.stack.resources[index];
        let mut block = Block::new("resource", &[resource.kind.of, &resource.id]);
        block.comment = resource.why.join("\n");
        if resource.region != self.home {
            let provider = format!("aws.{}", names::label(&resource.region));
            block = block.with("provider", Expression::Reference(provider));
        }
        for (name, node) in &resource.props {
            self.item(name, node, &mut block);
        }
        let after = self.stack.waits_for(index, &|_| true).into_iter();
        let after: Vec<Expression> =
            after.map(|other| Expression::Reference(self.address(other))).collect();
        if !after.is_empty() {
            block = block.with("depends_on", Expression::List(after));
        }
        let mut lifecycle = Block::new("lifecycle", &[]);
        if resource.kind.keep {
            lifecycle = lifecycle.with("prevent_destroy", Expression::Bool(true));
        }
        let left: Vec<Expression> = resource
            .kind
            .leave
            .iter()
            .filter(|name| !resource.props.iter().any(|(set, _)| set == *name))
            .map(|name| Expression::Reference((*name).to_owned()))
            .collect();
        if !left.is_empty() {
            lifecycle = lifecycle.with("ignore_changes", Expression::List(left));
        }
        if lifecycle.items.is_empty() { block } else { block.within(lifecycle) }
    }

    /// A property: an attribute, or blocks.
    fn item(&self, name: &str, node: &Node, block: &mut Block) {
        let inner = |members: &[(String, Node)]| {
            let mut inner = Block::new(name, &[]);
            for (name, node) in members {
                self.item(name, node, &mut inner);
            }
            Item::Block(inner)
        };
        match node {
            Node::Map(members) if !MAPS.contains(&name) => block.items.push(inner(members)),
            Node::List(items) if items.iter().any(|item| matches!(item, Node::Map(_))) => {
                for item in items {
                    if let Node::Map(members) = item {
                        block.items.push(inner(members));
                    }
                }
            }
            node => block.items.push(Item::Attribute(name.to_owned(), self.expression(node))),
        }
    }

    fn expression(&self, node: &Node) -> Expression {
        match node {
            Node::Null => Expression::Reference("null".to_owned()),
            Node::Bool(value) => Expression::Bool(*value),
            Node::Number(number) => Expression::Number(number.clone()),
            Node::Text(pieces) => self.text(pieces),
            Node::List(items) => {
                Expression::List(items.iter().map(|item| self.expression(item)).collect())
            }
            Node::Map(members) => Expression::Object(
                members
                    .iter()
                    .map(|(name, value)| (name.clone(), self.expression(value)))
                    .collect(),
            ),
            Node::Document(inner) | Node::TextDocument(inner) => {
                Expression::Call("jsonencode", Box::new(self.expression(inner)))
            }
            Node::Set { base, value, .. } => {
                let text = value.setting();
                match self.settings.get(&(*base, text)) {
                    Some((name, ..)) => Expression::Reference(format!("var.{name}")),
                    None => self.expression(value),
                }
            }
        }
    }

    fn text(&self, pieces: &[Piece]) -> Expression {
        let mut parts: Vec<Part> = Vec::new();
        for piece in pieces {
            let part = match piece {
                Piece::Name(index, _) => {
                    let attribute = self.stack.resources[*index].kind.named_by;
                    Part::Reference(format!("{}.{attribute}", self.address(*index)))
                }
                Piece::Of(index, attribute) => {
                    Part::Reference(format!("{}.{attribute}", self.address(*index)))
                }
                Piece::Made(n, path) => match self.stack.attribute(*n, path) {
                    Some((index, attribute)) => {
                        Part::Reference(format!("{}.{attribute}", self.address(index)))
                    }
                    None => Part::Plain(piece.plain()),
                },
                Piece::Plain(_) | Piece::Account(_) | Piece::Region(_) | Piece::Partition(_) => {
                    Part::Plain(piece.plain())
                }
            };
            match (parts.last_mut(), part) {
                (Some(Part::Plain(before)), Part::Plain(text)) => before.push_str(&text),
                (_, part) => parts.push(part),
            }
        }
        Expression::Text(parts)
    }

    fn variables(&self) -> Vec<Block> {
        let variable = |name: &str, about: &str, kind: &str, default: Expression| {
            Block::new("variable", &[name])
                .with("description", Expression::text(about))
                .with("type", Expression::Reference(kind.to_owned()))
                .with("default", default)
        };
        let mut blocks = vec![variable(
            "account_id",
            "The account that the plan was made for; others are refused",
            "string",
            Expression::text(self.account.as_str()),
        )];
        for (name, about, value) in self.settings.values() {
            let kind = if matches!(value, Node::Number(_)) { "number" } else { "string" };
            let default = match value {
                Node::Number(number) => Expression::Number(number.clone()),
                value => Expression::text(value.plain().unwrap_or_default()),
            };
            blocks.push(variable(name, about, kind, default));
        }
        blocks
    }

    fn imports(&self) -> Vec<Block> {
        let there = |index: &usize| !self.stack.resources[*index].import.is_empty();
        (0..self.stack.resources.len())
            .filter(there)
            .map(|index| {
                let id = Expression::text(self.stack.resources[index].import.as_str());
                let to = Expression::Reference(self.address(index));
                Block::new("import", &[]).with("to", to).with("id", id)
            })
            .collect()
    }
}
