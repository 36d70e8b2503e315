//! Writes `stele-event`'s tables of OCSF from the compiled schema of the OCSF project.
//!
//! In flows the JSON that the project's schema compiler prints (plain, or gzipped where the name
//! ends so); out flows the text of `crates/stele-event/src/ocsf/generated.rs`. The same schema
//! always gives the same text. Only the classes in [`CLASS_UIDS`], the objects that can be reached
//! from them, and the attributes that need no profile but those in [`PROFILES`] are taken.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use anyhow::{Context, ensure};
use serde::Deserialize;

/// The classes that Stele knows: those that its formats map to, or may soon.
const CLASS_UIDS: &[i64] = &[
    0, 1001, 1006, 1007, 1008, 2002, 2003, 2004, 2005, 3001, 3002, 3003, 3004, 3005, 3006, 4001,
    4002, 4003, 4007, 5019, 5023, 6001, 6002, 6003, 6005, 6008,
];

/// The profiles that a document may declare, in the order of their bits in the tables.
const PROFILES: &[&str] =
    &["cloud", "container", "datetime", "host", "load_balancer", "security_control", "trace"];

const COLUMNS_MAX: usize = 100;

#[derive(Deserialize)]
struct Schema {
    version: String,
    classes: BTreeMap<String, Item>,
    objects: BTreeMap<String, Item>,
}

/// A class or an object.
#[derive(Deserialize)]
struct Item {
    name: String,
    caption: String,
    uid: Option<i64>,
    category_uid: Option<i64>,
    category_name: Option<String>,
    #[serde(default)]
    profiles: Vec<String>,
    #[serde(default)]
    constraints: BTreeMap<String, Vec<String>>,
    attributes: BTreeMap<String, Attribute>,
}

#[derive(Deserialize)]
struct Attribute {
    #[serde(rename = "type")]
    kind: String,
    object_type: Option<String>,
    #[serde(default)]
    is_array: bool,
    requirement: String,
    profiles: Option<Vec<String>>,
    sibling: Option<String>,
    #[serde(rename = "enum")]
    choices: Option<BTreeMap<String, Choice>>,
}

#[derive(Deserialize)]
struct Choice {
    caption: String,
}

/// The Rust source of the tables.
///
/// # Errors
/// If the file cannot be read, or is no compiled schema.
pub(crate) fn generate_ocsf(schema: &Path) -> anyhow::Result<String> {
    let schema: Schema = serde_json::from_str(&read(schema)?)
        .with_context(|| format!("`{}` is no compiled OCSF schema", schema.display()))?;
    let tables = Tables::of(&schema)?;
    Ok(tables.source(&schema.version))
}

#[expect(clippy::disallowed_methods, reason = "a file of the checkout, not of a stranger")]
fn read(path: &Path) -> anyhow::Result<String> {
    let context = || format!("cannot read `{}`", path.display());
    let mut file = BufReader::new(File::open(path).with_context(context)?);
    let mut text = String::new();
    if path.extension().is_some_and(|extension| extension == "gz") {
        flate2::bufread::MultiGzDecoder::new(file).read_to_string(&mut text)
    } else {
        file.read_to_string(&mut text)
    }
    .with_context(context)?;
    Ok(text)
}

/// What the tables refer to by number.
struct Tables<'a> {
    classes: Vec<&'a Item>,
    /// By the names that refer to them.
    objects: Vec<(&'a str, &'a Item)>,
    object_numbers: BTreeMap<&'a str, usize>,
    /// Attributes that all classes have alike.
    common: BTreeMap<&'a str, &'a Attribute>,
    numbers: Vec<Vec<(i64, &'a str)>>,
    words: Vec<Vec<&'a str>>,
}

impl<'a> Tables<'a> {
    fn of(schema: &'a Schema) -> anyhow::Result<Self> {
        let by_uid: BTreeMap<i64, &Item> =
            schema.classes.values().filter_map(|class| Some((class.uid?, class))).collect();
        let classes = CLASS_UIDS
            .iter()
            .map(|uid| by_uid.get(uid).copied().with_context(|| format!("no class {uid}")))
            .collect::<anyhow::Result<Vec<_>>>()?;
        let (first, others) = classes.split_first().context("no classes")?;
        let common = taken(first)
            .filter(|(name, attribute)| {
                let has_alike = |class: &&Item| {
                    class.attributes.get(*name).is_some_and(|other| alike(name, attribute, other))
                };
                others.iter().all(has_alike)
            })
            .collect();
        let objects = reachable(schema, &classes)?;
        ensure!(objects.len() <= 256, "{} objects do not fit into a byte", objects.len());
        let object_numbers =
            objects.iter().enumerate().map(|(number, (name, _))| (*name, number)).collect();
        let (mut numbers, mut words) = (BTreeSet::new(), BTreeSet::new());
        let items = classes.iter().copied().chain(objects.iter().map(|(_, object)| *object));
        for (name, attribute) in items.flat_map(taken) {
            match choices(name, attribute) {
                Some(Choices::Numbers(table)) => numbers.extend([table]),
                Some(Choices::Words(table)) => words.extend([table]),
                None => {}
            }
        }
        ensure!(numbers.len() <= 256 && words.len() <= 256, "more choices than fit into a byte");
        let (numbers, words) = (numbers.into_iter().collect(), words.into_iter().collect());
        Ok(Self { classes, objects, object_numbers, common, numbers, words })
    }

    fn source(&self, version: &str) -> String {
        let kinds: BTreeSet<_> = KINDS.iter().map(|(_, kind)| (*kind).to_owned()).collect();
        let mut text = format!(
            "//! Tables of OCSF {version}: classes, objects, and what their attributes may hold.\n\
             //!\n\
             //! Generated by `cargo xtask gen` from the compiled schema; do not edit.\n\n\
             use super::schema::Kind::{{\n{}}};\n\
             use super::schema::{{Attribute, Class, Shape, at}};\n\n\
             /// The version of the schema.\n\
             pub const VERSION: &str = {version:?};\n\n\
             /// The profiles that a document may declare; the first has the lowest bit.\n\
             pub(super) const PROFILES: &[&str] =\n    &{PROFILES:?};\n\n",
            Lines::of(4, kinds),
        );
        for (bit, name) in PROFILES.iter().enumerate() {
            let constant = name.to_ascii_uppercase();
            let _ = writeln!(text, "const {constant}: u8 = 1 << {bit};");
        }
        self.write_choices(&mut text);
        let common = self.common.iter().map(|(name, attribute)| (*name, *attribute));
        let _ = write!(
            text,
            "/// Attributes that every class has alike.\n\
             #[rustfmt::skip]\n\
             pub(super) static COMMON: &[Attribute] = &[\n{}];\n\n",
            self.attributes(4, common)
        );
        self.write_objects(&mut text);
        self.write_classes(&mut text);
        text
    }

    fn write_choices(&self, text: &mut String) {
        text.push_str(
            "\n/// Numbers that an attribute is limited to, each with its caption.\n\
             #[rustfmt::skip]\npub(super) static NUMBERS: &[&[(i64, &str)]] = &[\n",
        );
        for (number, table) in self.numbers.iter().enumerate() {
            let _ = write!(text, "    // {number}\n    &[\n{}    ],\n", literals(8, table));
        }
        text.push_str(
            "];\n\n/// Words that an attribute is limited to.\n\
             #[rustfmt::skip]\npub(super) static WORDS: &[&[&str]] = &[\n",
        );
        for (number, table) in self.words.iter().enumerate() {
            let _ = write!(text, "    // {number}\n    &[\n{}    ],\n", literals(8, table));
        }
        text.push_str("];\n\n");
    }

    fn write_objects(&self, text: &mut String) {
        text.push_str(
            "/// The objects that attributes hold, by number.\n\
             #[rustfmt::skip]\npub(super) static OBJECTS: &[Shape] = &[\n",
        );
        for (number, (_, object)) in self.objects.iter().enumerate() {
            let _ = write!(
                text,
                "    // {number}\n    Shape {{ name: {:?}, {}, attributes: &[\n{}    ] }},\n",
                object.name,
                constraints(object),
                self.attributes(8, taken(object))
            );
        }
        text.push_str("];\n\n");
    }

    fn write_classes(&self, text: &mut String) {
        text.push_str(
            "/// The classes, by their uids.\n\
             #[rustfmt::skip]\npub(super) static CLASSES: &[Class] = &[\n",
        );
        for class in &self.classes {
            let own = taken(class).filter(|(name, _)| !self.common.contains_key(name));
            let required: Vec<_> = taken(class)
                .filter(|(_, a)| a.requirement == "required" && profile_bits(a) == 0)
                .map(|(name, _)| name)
                .collect();
            let declares = |profile: &&&str| class.profiles.iter().any(|name| name == *profile);
            let profiles: Vec<_> = PROFILES.iter().filter(declares).collect();
            let activities = class.attributes.get("activity_id");
            let activities = match activities.and_then(|a| choices("activity_id", a)) {
                Some(Choices::Numbers(table)) => literals(12, &table),
                _ => Lines::of(12, []),
            };
            let _ = write!(
                text,
                "    Class {{\n        uid: {}, name: {:?}, caption: {:?},\n        \
                 category_uid: {}, category_name: {:?},\n        \
                 activities: &[\n{activities}        ],\n        \
                 required: &[\n{}        ],\n        profiles: &[\n{}        ],\n        \
                 {},\n        attributes: &[\n{}        ],\n    }},\n",
                class.uid.unwrap_or_default(),
                class.name,
                class.caption,
                class.category_uid.unwrap_or_default(),
                class.category_name.as_deref().unwrap_or("Uncategorized"),
                literals(12, &required),
                literals(12, &profiles),
                constraints(class),
                self.attributes(12, own)
            );
        }
        text.push_str("];\n");
    }

    fn attributes<'b>(
        &self,
        indent: usize,
        attributes: impl Iterator<Item = (&'b str, &'b Attribute)>,
    ) -> Lines {
        Lines::of(indent, attributes.map(|(name, attribute)| self.attribute(name, attribute)))
    }

    fn attribute(&self, name: &str, attribute: &Attribute) -> String {
        let kind = match attribute.object_type.as_deref() {
            Some("object") => "Free".to_owned(),
            Some(object) => format!("Object({})", self.object_numbers[object]),
            None => kind_of(&attribute.kind).to_owned(),
        };
        let mut text = format!("at({name:?}, {kind})");
        if attribute.is_array {
            text.push_str(".list()");
        }
        if attribute.requirement == "required" {
            text.push_str(".required()");
        }
        let bits = profile_bits(attribute);
        if bits != 0 {
            let names = PROFILES.iter().enumerate().filter(|(bit, _)| bits & (1 << bit) != 0);
            let names: Vec<_> = names.map(|(_, name)| name.to_ascii_uppercase()).collect();
            let _ = write!(text, ".within({})", names.join(" | "));
        }
        let sibling = attribute.sibling.as_deref().unwrap_or_default();
        match choices(name, attribute) {
            Some(Choices::Numbers(table)) => {
                let number = self.numbers.iter().position(|known| *known == table);
                let _ = write!(text, ".numbers({}, {sibling:?})", number.unwrap_or_default());
            }
            Some(Choices::Words(table)) => {
                let number = self.words.iter().position(|known| *known == table);
                let _ = write!(text, ".words({})", number.unwrap_or_default());
            }
            None => {}
        }
        text
    }
}

/// The attributes that can be had with the profiles that may be declared.
fn taken(item: &Item) -> impl Iterator<Item = (&str, &Attribute)> {
    item.attributes.iter().map(|(name, attribute)| (&**name, attribute)).filter(|(_, attribute)| {
        attribute.profiles.as_ref().is_none_or(Vec::is_empty) || profile_bits(attribute) != 0
    })
}

fn profile_bits(attribute: &Attribute) -> u8 {
    let names = attribute.profiles.as_deref().unwrap_or_default();
    PROFILES
        .iter()
        .enumerate()
        .filter(|(_, profile)| names.iter().any(|name| name == *profile))
        .fold(0, |bits, (bit, _)| bits | (1 << bit))
}

/// Whether the tables say the same of two attributes.
fn alike(name: &str, one: &Attribute, other: &Attribute) -> bool {
    one.kind == other.kind
        && one.object_type == other.object_type
        && one.is_array == other.is_array
        && (one.requirement == "required") == (other.requirement == "required")
        && profile_bits(one) == profile_bits(other)
        && one.sibling == other.sibling
        && choices(name, one) == choices(name, other)
}

/// The objects that attributes of the classes hold, and theirs, by the names that refer to them.
fn reachable<'a>(
    schema: &'a Schema,
    classes: &[&'a Item],
) -> anyhow::Result<Vec<(&'a str, &'a Item)>> {
    let mut found: BTreeMap<&str, &Item> = BTreeMap::new();
    let mut to_visit: Vec<&Item> = classes.to_vec();
    while let Some(item) = to_visit.pop() {
        for (_, attribute) in taken(item) {
            let Some(name) = attribute.object_type.as_deref().filter(|name| *name != "object")
            else {
                continue;
            };
            let object = schema.objects.get(name).with_context(|| format!("no object `{name}`"))?;
            if found.insert(name, object).is_none() {
                to_visit.push(object);
            }
        }
    }
    Ok(found.into_iter().collect())
}

#[derive(PartialEq)]
enum Choices<'a> {
    Numbers(Vec<(i64, &'a str)>),
    Words(Vec<&'a str>),
}

/// What it is limited to. Which class, category and type it is follows from the class.
fn choices<'a>(name: &str, attribute: &'a Attribute) -> Option<Choices<'a>> {
    if matches!(name, "class_uid" | "category_uid" | "type_uid") {
        return None;
    }
    let table = attribute.choices.as_ref()?;
    let numbers: Option<Vec<_>> =
        table.iter().map(|(id, choice)| Some((id.parse().ok()?, &*choice.caption))).collect();
    Some(match numbers {
        Some(mut numbers) => {
            numbers.sort_unstable();
            Choices::Numbers(numbers)
        }
        None => Choices::Words(table.keys().map(String::as_str).collect()),
    })
}

/// OCSF's types, and how the tables call them. Every other type is a text without conditions.
const KINDS: &[(&str, &str)] = &[
    ("bytestring_t", "Base64"),
    ("boolean_t", "Boolean"),
    ("datetime_t", "Datetime"),
    ("email_t", "Email"),
    ("float_t", "Float"),
    ("object", "Free"),
    ("hostname_t", "Hostname"),
    ("integer_t", "Integer"),
    ("long_t", "Integer"),
    ("ip_t", "Ip"),
    ("json_t", "Json"),
    ("mac_t", "Mac"),
    ("object_t", "Object"),
    ("port_t", "Port"),
    ("subnet_t", "Subnet"),
    ("string_t", "Text"),
    ("timestamp_t", "Timestamp"),
    ("uuid_t", "Uuid"),
];

fn kind_of(name: &str) -> &'static str {
    KINDS.iter().find(|(ocsf, _)| *ocsf == name).map_or("Text", |(_, kind)| kind)
}

fn constraints(item: &Item) -> String {
    let names = |kind: &str| item.constraints.get(kind).cloned().unwrap_or_default();
    format!("any_of: &{:?}, one_of: &{:?}", names("at_least_one"), names("just_one"))
}

/// Items with commas between them, as many to a line as fit.
struct Lines(Vec<String>);

impl Lines {
    fn of(indent: usize, items: impl IntoIterator<Item = String>) -> Self {
        let mut lines: Vec<String> = Vec::new();
        for item in items {
            match lines.last_mut() {
                Some(line) if line.len() + item.len() + 2 <= COLUMNS_MAX => {
                    let _ = write!(line, " {item},");
                }
                _ => lines.push(format!("{}{item},", " ".repeat(indent))),
            }
        }
        Self(lines)
    }
}

impl std::fmt::Display for Lines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

fn literals<T: std::fmt::Debug>(indent: usize, items: &[T]) -> Lines {
    Lines::of(indent, items.iter().map(|item| format!("{item:?}")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::print_stderr)]

    use std::path::PathBuf;

    use super::*;

    #[test]
    fn the_committed_tables_are_what_the_schema_gives() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let corpus = std::env::var_os("STELE_CORPUS")
            .map_or_else(|| root.join("../shared/corpus"), PathBuf::from);
        let schema = corpus.join("ocsf_1.8.0_compiled.json.gz");
        if !schema.is_file() {
            eprintln!("skipped: no compiled schema at {}", schema.display());
            return;
        }
        let committed = root.join("crates/stele-event/src/ocsf/generated.rs");
        let committed = std::fs::read_to_string(committed).unwrap();
        assert!(generate_ocsf(&schema).unwrap() == committed, "run `cargo xtask gen`");
    }
}
