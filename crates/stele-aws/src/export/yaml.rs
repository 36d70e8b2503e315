//! YAML that a person reads, and that every parser reads as the same: block style, two spaces, and
//! quotes round every text that YAML 1.1 or 1.2 could take for something else.

use std::fmt::Write as _;

use serde_json::{Number, Value};

/// A document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Doc {
    Bool(bool),
    Number(Number),
    Text(String),
    /// Text of several lines, as it stands.
    Lines(String),
    List(Vec<Doc>),
    Map(Vec<Entry>),
}

/// A member of a map.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) value: Doc,
    /// What stands above it, for people.
    pub(super) comment: String,
}

/// What is said for people makes no difference.
impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.value == other.value
    }
}

impl Eq for Entry {}

impl Doc {
    /// A text.
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A map.
    pub(super) fn map<N: Into<String>>(members: impl IntoIterator<Item = (N, Doc)>) -> Self {
        let entry =
            |(name, value): (N, Doc)| Entry { name: name.into(), value, comment: String::new() };
        Self::Map(members.into_iter().map(entry).collect())
    }

    /// Writes it, with comments above.
    pub(super) fn write(&self, head: &[String]) -> String {
        let mut out = String::new();
        for line in head {
            comment(line, 0, &mut out);
        }
        match self {
            Self::Map(members) if !members.is_empty() => map(members, 0, false, &mut out),
            Self::List(items) if !items.is_empty() => list(items, 0, &mut out),
            _ => {
                scalar(self, 0, &mut out);
                out.push('\n');
            }
        }
        out
    }
}

fn pad(depth: usize, out: &mut String) {
    out.extend(std::iter::repeat_n("  ", depth));
}

fn comment(text: &str, depth: usize, out: &mut String) {
    for line in text.lines() {
        pad(depth, out);
        let _ = writeln!(out, "# {line}");
    }
}

/// Members; the first of an item of a list stands on the line of its dash.
fn map(members: &[Entry], depth: usize, inline: bool, out: &mut String) {
    for (index, member) in members.iter().enumerate() {
        if index > 0 || !inline {
            comment(&member.comment, depth, out);
            pad(depth, out);
        }
        out.push_str(&quoted(&member.name));
        out.push(':');
        match &member.value {
            Doc::Map(members) if !members.is_empty() => {
                out.push('\n');
                map(members, depth + 1, false, out);
            }
            Doc::List(items) if !items.is_empty() => {
                out.push('\n');
                list(items, depth + 1, out);
            }
            value => {
                out.push(' ');
                scalar(value, depth + 1, out);
                out.push('\n');
            }
        }
    }
}

fn list(items: &[Doc], depth: usize, out: &mut String) {
    for item in items {
        pad(depth, out);
        match item {
            Doc::Map(members) if !members.is_empty() => {
                out.push_str("- ");
                map(members, depth + 1, true, out);
            }
            Doc::List(items) if !items.is_empty() => {
                out.push_str("-\n");
                list(items, depth + 1, out);
            }
            item => {
                out.push_str("- ");
                scalar(item, depth + 1, out);
                out.push('\n');
            }
        }
    }
}

fn scalar(value: &Doc, depth: usize, out: &mut String) {
    match value {
        Doc::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Doc::Number(number) => out.push_str(&number.to_string()),
        Doc::Text(text) => out.push_str(&quoted(text)),
        Doc::Lines(text) if may_stand(text) => {
            out.push('|');
            for line in text.lines() {
                out.push('\n');
                if !line.is_empty() {
                    pad(depth, out);
                }
                out.push_str(line);
            }
        }
        Doc::Lines(text) => out.push_str(&double(text)),
        Doc::List(_) => out.push_str("[]"),
        Doc::Map(_) => out.push_str("{}"),
    }
}

/// Whether lines can stand as they are: they end with one line feed, begin without a space, and
/// hold nothing that is not printed.
fn may_stand(text: &str) -> bool {
    let ends = text.ends_with('\n') && !text.ends_with("\n\n");
    let begins = text.starts_with(|first: char| !first.is_whitespace());
    let printed = text.chars().all(|letter| letter == '\n' || is_printed(letter));
    ends && begins && printed && text.lines().all(|line| line.trim_end() == line)
}

fn is_printed(letter: char) -> bool {
    !letter.is_control()
        && !matches!(letter, '\u{85}' | '\u{a0}' | '\u{2028}' | '\u{2029}' | '\u{feff}')
        && !matches!(letter, '\u{fffe}' | '\u{ffff}')
        && u32::from(letter) < 0x1_0000
}

/// Words that YAML takes for truths and nothing, in whatever letters.
const WORDS: [&str; 9] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];

/// A text, in quotes if it needs them.
fn quoted(text: &str) -> String {
    let begins = text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '/');
    let plain = |letter: char| {
        letter.is_ascii_alphanumeric() || " _-./:@$(){}*,;+=<>^~!%&?'\"".contains(letter)
    };
    let ends = text.ends_with([' ', ':']);
    let word = WORDS.contains(&text.to_ascii_lowercase().as_str());
    if begins && !ends && !word && text.chars().all(plain) && !text.contains(": ") {
        return text.to_owned();
    }
    if text.chars().all(is_printed) {
        return format!("'{}'", text.replace('\'', "''"));
    }
    double(text)
}

/// As in JSON, which YAML reads; what YAML would take for the end of a line is escaped as well.
fn double(text: &str) -> String {
    let mut out = String::new();
    for letter in Value::String(text.to_owned()).to_string().chars() {
        match letter {
            letter if is_printed(letter) => out.push(letter),
            letter if u32::from(letter) < 0x1_0000 => {
                let _ = write!(out, "\\u{:04x}", u32::from(letter));
            }
            letter => {
                let _ = write!(out, "\\U{:08x}", u32::from(letter));
            }
        }
    }
    out
}

#[cfg(test)]
#[path = "yaml/tests.rs"]
mod tests;
