//! `stele.toml`: reads it, and says where it is wrong.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Origin, SETTINGS, Settings, nearest};

/// One thing that is wrong in a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}:{line}: {message}\n  {line} | {text}")]
pub(crate) struct FileError {
    path: String,
    line: usize,
    message: String,
    /// The line itself.
    text: String,
}

/// Puts the values of a file into the settings, and returns everything that is wrong in it.
pub(crate) fn check(path: &str, text: &str, settings: &mut Settings) -> Vec<FileError> {
    let mut reader = Reader { path, text, settings, errors: Vec::new() };
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        reader.wrong(error.span().unwrap_or_default(), error.message().to_owned());
    }
    reader.table("", table.get_ref());
    reader.errors.sort_by_key(|error| error.line);
    reader.errors
}

struct Reader<'a> {
    path: &'a str,
    text: &'a str,
    settings: &'a mut Settings,
    errors: Vec<FileError>,
}

impl Reader<'_> {
    fn table(&mut self, above: &str, table: &DeTable<'_>) {
        for (key, value) in table {
            let name = match above {
                "" => key.get_ref().to_string(),
                above => format!("{above}.{}", key.get_ref()),
            };
            match value.get_ref() {
                DeValue::Table(inner) if is_table(&name) => self.table(&name, inner),
                _ => self.value(&name, key.span(), value),
            }
        }
    }

    fn value(&mut self, name: &str, key: Range<usize>, value: &Spanned<DeValue<'_>>) {
        let Some(index) = SETTINGS.iter().position(|setting| setting.name == name) else {
            let meant = nearest(name, SETTINGS.iter().map(|setting| setting.name));
            let meant = meant.map_or_else(
                || "`stele config show` lists them all".to_owned(),
                |known| format!("did you mean `{known}`?"),
            );
            return self.wrong(key, format!("unknown setting `{name}`; {meant}"));
        };
        let text = match value.get_ref() {
            DeValue::Array(list) if !SETTINGS[index].table_keys().is_empty() => {
                return self.tables(index, value.span(), list);
            }
            DeValue::String(text) if !SETTINGS[index].is_number() => text.to_string(),
            DeValue::Integer(number) if number.radix() == 10 && SETTINGS[index].is_number() => {
                number.as_str().to_owned()
            }
            _ => {
                let wanted = if SETTINGS[index].is_number() { "a whole number" } else { "a text" };
                return self.wrong(value.span(), format!("`{name}` is {wanted}"));
            }
        };
        self.set(index, value.span(), &text);
    }

    fn set(&mut self, index: usize, span: Range<usize>, text: &str) {
        let line = self.line(span.start);
        let origin = Origin::File { path: self.path.to_owned(), line };
        if let Err(message) = self.settings.set(index, text, origin) {
            self.wrong(span, format!("`{}`: {message}", SETTINGS[index].name));
        }
    }

    /// A list of tables: each is checked by itself, so that the line is the right one.
    fn tables(&mut self, index: usize, span: Range<usize>, list: &[Spanned<DeValue<'_>>]) {
        let (name, keys) = (SETTINGS[index].name, SETTINGS[index].table_keys());
        let wanted = keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(" and ");
        let mut texts = Vec::new();
        for one in list {
            let DeValue::Table(table) = one.get_ref() else {
                return self.wrong(one.span(), format!("`{name}` is a list of tables"));
            };
            let value = |key: &&str| match table.get(*key).map(Spanned::get_ref) {
                Some(DeValue::String(text)) => Some(text.to_string()),
                _ => None,
            };
            let values: Option<Vec<String>> = keys.iter().map(value).collect();
            let Some(values) = values.filter(|_| table.len() == keys.len()) else {
                return self.wrong(one.span(), format!("`{name}` has {wanted}, each a text"));
            };
            texts.push(values.join(" "));
            let before = self.errors.len();
            self.set(index, one.span(), &texts.join(", "));
            if self.errors.len() > before {
                return;
            }
        }
        self.set(index, span, &texts.join(", "));
    }

    fn wrong(&mut self, span: Range<usize>, message: String) {
        let line = self.line(span.start);
        let text = self.text.lines().nth(line - 1).unwrap_or_default().to_owned();
        self.errors.push(FileError { path: self.path.to_owned(), line, message, text });
    }

    /// The line of an offset, from 1.
    fn line(&self, offset: usize) -> usize {
        1 + self.text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
    }
}

/// Whether settings stand in a table of this name.
fn is_table(name: &str) -> bool {
    SETTINGS.iter().any(|s| s.name.strip_prefix(name).is_some_and(|rest| rest.starts_with('.')))
}
