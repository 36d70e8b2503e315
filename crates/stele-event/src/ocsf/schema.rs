//! What the tables of the OCSF schema consist of, and how they are looked up.
//!
//! `generated.rs` holds the tables; names in them are sorted, so that they are found by halving.

use super::generated::{CLASSES, COMMON, NUMBERS, OBJECTS, WORDS};

/// A class of OCSF events.
#[derive(Debug)]
pub struct Class {
    /// Its number (`class_uid`).
    pub uid: i32,
    /// Its name in the schema (`api_activity`).
    pub name: &'static str,
    /// Its name for people (`API Activity`).
    pub caption: &'static str,
    /// The number of its category (`category_uid`).
    pub category_uid: i32,
    /// The name of its category for people.
    pub category_name: &'static str,
    /// Its activities (`activity_id`), each with its name for people.
    pub activities: &'static [(i64, &'static str)],
    /// The attributes that every document of the class has.
    pub required: &'static [&'static str],
    /// The profiles that a document of the class may declare, as far as Stele knows them.
    pub profiles: &'static [&'static str],
    /// Of these attributes at least one is there; empty where the schema asks for none.
    pub(super) any_of: &'static [&'static str],
    /// Of these attributes exactly one is there; empty where the schema asks for none.
    pub(super) one_of: &'static [&'static str],
    /// The attributes that other classes do not have alike, by name.
    pub(super) attributes: &'static [Attribute],
}

/// An object that attributes hold.
#[derive(Debug)]
pub(super) struct Shape {
    /// Its name in the schema.
    pub(super) name: &'static str,
    /// As in [`Class`].
    pub(super) any_of: &'static [&'static str],
    /// As in [`Class`].
    pub(super) one_of: &'static [&'static str],
    /// What it consists of, by name.
    pub(super) attributes: &'static [Attribute],
}

/// An attribute of a class or an object.
#[derive(Debug)]
pub(super) struct Attribute {
    /// Its name.
    pub(super) name: &'static str,
    /// What it holds.
    pub(super) kind: Kind,
    /// Whether it holds a list of that.
    pub(super) is_list: bool,
    /// Whether it must be there, if the profile that it belongs to is declared.
    pub(super) is_required: bool,
    /// The profiles of which one must be declared for it to be there, one bit each; 0 for none.
    pub(super) profiles: u8,
    /// What its values are limited to.
    pub(super) choices: Choices,
    /// The attribute beside it that names its number for people; empty where there is none.
    pub(super) sibling: &'static str,
}

/// What an attribute holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Base64,
    Boolean,
    Datetime,
    Email,
    Float,
    /// An object of any members.
    Free,
    Hostname,
    Integer,
    Ip,
    /// Any JSON value.
    Json,
    Mac,
    /// The object of that number.
    Object(u8),
    Port,
    Subnet,
    Text,
    /// Milliseconds since 1970-01-01T00:00:00Z.
    Timestamp,
    Uuid,
}

/// What an attribute's values are limited to: the table of that number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Choices {
    Any,
    Numbers(u8),
    Words(u8),
}

/// An attribute without conditions.
pub(super) const fn at(name: &'static str, kind: Kind) -> Attribute {
    Attribute {
        name,
        kind,
        is_list: false,
        is_required: false,
        profiles: 0,
        choices: Choices::Any,
        sibling: "",
    }
}

impl Attribute {
    pub(super) const fn list(mut self) -> Self {
        self.is_list = true;
        self
    }

    pub(super) const fn required(mut self) -> Self {
        self.is_required = true;
        self
    }

    pub(super) const fn within(mut self, profiles: u8) -> Self {
        self.profiles = profiles;
        self
    }

    pub(super) const fn numbers(mut self, table: u8, sibling: &'static str) -> Self {
        self.choices = Choices::Numbers(table);
        self.sibling = sibling;
        self
    }

    pub(super) const fn words(mut self, table: u8) -> Self {
        self.choices = Choices::Words(table);
        self
    }

    /// The numbers that it is limited to, if it is.
    pub(super) fn allowed_numbers(&self) -> Option<&'static [(i64, &'static str)]> {
        match self.choices {
            Choices::Numbers(table) => Some(NUMBERS[usize::from(table)]),
            _ => None,
        }
    }

    /// The words that it is limited to, if it is.
    pub(super) fn allowed_words(&self) -> Option<&'static [&'static str]> {
        match self.choices {
            Choices::Words(table) => Some(WORDS[usize::from(table)]),
            _ => None,
        }
    }
}

/// That which has attributes: a class or an object.
#[derive(Debug, Clone, Copy)]
pub(super) enum Holder {
    Class(&'static Class),
    Object(&'static Shape),
}

impl Holder {
    /// The object of that number.
    pub(super) fn object(number: u8) -> Self {
        Self::Object(&OBJECTS[usize::from(number)])
    }

    /// The attribute of that name.
    pub(super) fn attribute(self, name: &str) -> Option<&'static Attribute> {
        match self {
            Self::Class(class) => find(class.attributes, name).or_else(|| find(COMMON, name)),
            Self::Object(shape) => find(shape.attributes, name),
        }
    }

    /// The attributes that must be there whatever the profiles.
    pub(super) fn required(self) -> impl Iterator<Item = &'static Attribute> {
        let (own, common) = match self {
            Self::Class(class) => (class.attributes, COMMON),
            Self::Object(shape) => (shape.attributes, &[][..]),
        };
        own.iter().chain(common).filter(|a| a.is_required && a.profiles == 0)
    }

    /// The attributes of which at least one must be there.
    pub(super) fn any_of(self) -> &'static [&'static str] {
        match self {
            Self::Class(class) => class.any_of,
            Self::Object(shape) => shape.any_of,
        }
    }

    /// The attributes of which exactly one must be there.
    pub(super) fn one_of(self) -> &'static [&'static str] {
        match self {
            Self::Class(class) => class.one_of,
            Self::Object(shape) => shape.one_of,
        }
    }
}

fn find(attributes: &'static [Attribute], name: &str) -> Option<&'static Attribute> {
    let at = attributes.binary_search_by(|attribute| attribute.name.cmp(name)).ok()?;
    Some(&attributes[at])
}

/// The class of that number, if it is one that Stele knows.
pub fn class(uid: i64) -> Option<&'static Class> {
    let at = CLASSES.binary_search_by(|class| i64::from(class.uid).cmp(&uid)).ok()?;
    Some(&CLASSES[at])
}

/// Every class that Stele knows, by number.
pub fn classes() -> &'static [Class] {
    CLASSES
}

/// The name for people of a number.
pub(super) fn caption(table: &[(i64, &'static str)], id: i64) -> Option<&'static str> {
    table.iter().find(|(known, _)| *known == id).map(|(_, caption)| *caption)
}

impl Class {
    /// The name of an activity for people.
    pub fn activity_caption(&self, activity_id: i64) -> Option<&'static str> {
        caption(self.activities, activity_id)
    }

    /// The name for people of a number that an attribute of the class holds (`status_id`).
    pub fn caption_of(&'static self, attribute: &str, id: i64) -> Option<&'static str> {
        caption(Holder::Class(self).attribute(attribute)?.allowed_numbers()?, id)
    }
}
