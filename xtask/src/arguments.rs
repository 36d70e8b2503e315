//! The command line, taken apart by hand: a parser crate would take longer to build than this.

use std::collections::VecDeque;
use std::fmt;
use std::str::FromStr;

/// What is left of the command line.
#[derive(Debug, Default)]
pub(crate) struct Arguments {
    words: VecDeque<String>,
}

/// The command line cannot be understood; the usage text helps.
#[derive(Debug)]
pub(crate) struct UsageError(String);

impl UsageError {
    pub(crate) fn new(message: String) -> Self {
        Self(message)
    }
}

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UsageError {}

impl Arguments {
    /// The words after the program's name.
    pub(crate) fn from_command_line() -> Self {
        Self { words: std::env::args().skip(1).collect() }
    }

    /// Takes a flag without a value; whether it was there.
    pub(crate) fn flag(&mut self, name: &str) -> bool {
        match self.words.iter().position(|word| word == name) {
            Some(index) => self.words.remove(index).is_some(),
            None => false,
        }
    }

    /// Takes `name VALUE` or `name=VALUE`.
    pub(crate) fn value(&mut self, name: &str) -> Result<Option<String>, UsageError> {
        let joined = format!("{name}=");
        if let Some(index) = self.words.iter().position(|word| word.starts_with(&joined)) {
            let word = self.words.remove(index);
            return Ok(word.map(|word| word[joined.len()..].to_owned()));
        }
        let Some(index) = self.words.iter().position(|word| word == name) else {
            return Ok(None);
        };
        self.words.remove(index);
        match self.words.remove(index) {
            Some(value) if !value.starts_with("--") => Ok(Some(value)),
            _ => Err(UsageError::new(format!("`{name}` needs a value"))),
        }
    }

    /// Takes `name NUMBER`, or the default where it is not there.
    pub(crate) fn number<T: FromStr>(&mut self, name: &str, default: T) -> Result<T, UsageError> {
        let Some(text) = self.value(name)? else {
            return Ok(default);
        };
        let digits = text.replace('_', "");
        digits.parse().map_err(|_| UsageError::new(format!("`{name} {text}`: not a number")))
    }

    /// Takes the first word that is no flag.
    pub(crate) fn word(&mut self) -> Option<String> {
        let index = self.words.iter().position(|word| !word.starts_with('-'))?;
        self.words.remove(index)
    }

    /// Everything not taken yet, as it stands.
    pub(crate) fn rest(self) -> impl Iterator<Item = String> {
        self.words.into_iter()
    }

    /// Fails where a word was not understood.
    pub(crate) fn finish(self) -> Result<(), UsageError> {
        match self.words.front() {
            None => Ok(()),
            Some(word) => Err(UsageError::new(format!("`{word}` is not understood here"))),
        }
    }
}

#[cfg(test)]
mod tests;
