//! Takes a line apart: what stands before the message, and the message.

use serde_json::{Map, Value};

use super::{equipment, structured_data};
use crate::formats::stamp::{self, Stamp};
use crate::values;

/// RFC 5424 allows 48 bytes, and macOS takes more.
const PROGRAM_BYTES_MAX: usize = 128;

/// The parts of a line.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Line<'a> {
    /// Facility times eight plus severity.
    pub(super) priority: Option<i64>,
    /// The severity, where only the message itself says it.
    pub(super) level: Option<i64>,
    pub(super) stamp: Option<Stamp>,
    /// The time is of ISO 8601, as many logs other than syslog have it.
    pub(super) is_iso: bool,
    pub(super) host: Option<&'a str>,
    pub(super) program: Option<&'a str>,
    pub(super) process_id: Option<&'a str>,
    pub(super) message_id: Option<&'a str>,
    pub(super) sequence: Option<&'a str>,
    pub(super) structured_data: Option<Map<String, Value>>,
    pub(super) message: &'a str,
    /// What in it could not be read.
    pub(super) problem: Option<String>,
}

/// Takes a line apart, if it is one of syslog.
pub(super) fn parse(text: &str) -> Option<Line<'_>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (priority, rest) = match priority(without_length(text)) {
        Some((priority, rest)) => (Some(priority), rest),
        None => (None, text),
    };
    if priority.is_some()
        && let Some(line) = rfc5424(rest)
    {
        return Some(Line { priority, ..line });
    }
    if let Some(line) = equipment::parse(rest, priority.is_some()) {
        return Some(Line { priority, ..line });
    }
    rfc3164(rest, priority)
}

/// Without the length that stands in front where frames are counted (RFC 6587, section 3.4.1).
fn without_length(text: &str) -> &str {
    const DIGITS_MAX: usize = 7;
    let digits = text.bytes().take(DIGITS_MAX).take_while(u8::is_ascii_digit).count();
    match text[digits..].strip_prefix(' ') {
        Some(rest) if digits > 0 && rest.starts_with('<') => rest,
        _ => text,
    }
}

fn priority(text: &str) -> Option<(i64, &str)> {
    let rest = text.strip_prefix('<')?;
    let digits = rest.bytes().take(3).take_while(u8::is_ascii_digit).count();
    let value: i64 = rest[..digits].parse().ok()?;
    Some((value, rest[digits..].strip_prefix('>')?)).filter(|_| value <= 191)
}

/// RFC 5424, section 6, from the version on.
fn rfc5424(text: &str) -> Option<Line<'_>> {
    let rest = text.strip_prefix("1 ")?;
    let (stamp, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let dated = |year: &[u8]| year[..4].iter().all(u8::is_ascii_digit) && year[4] == b'-';
    if stamp != "-" && !stamp.as_bytes().get(..5).is_some_and(dated) {
        return None;
    }
    let mut line = Line { is_iso: true, message: rest, ..Line::default() };
    match values::rfc3339_micros(stamp) {
        Some(micros) => line.stamp = Some(Stamp::Exact(micros)),
        None if stamp == "-" => {}
        None => line.problem = Some("the time is none of RFC 3339".into()),
    }
    let mut words = rest.splitn(5, ' ');
    let (Some(host), Some(program), Some(process_id), Some(message_id), Some(rest)) =
        (words.next(), words.next(), words.next(), words.next(), words.next())
    else {
        line.problem = Some("the header ends early".into());
        return Some(line);
    };
    line.host = values::not_dash(host);
    line.program = values::not_dash(program);
    line.process_id = values::not_dash(process_id);
    line.message_id = values::not_dash(message_id);
    let message = if let Some((data, end)) = structured_data::parse(rest) {
        line.structured_data = data;
        rest[end..].strip_prefix(' ').unwrap_or(&rest[end..])
    } else {
        line.problem = Some("the structured data is not as RFC 5424 has it".into());
        rest
    };
    line.message = message.strip_prefix('\u{feff}').unwrap_or(message);
    Some(line)
}

/// RFC 3164, section 4.1, and files in that form, also with ISO times.
fn rfc3164(text: &str, priority: Option<i64>) -> Option<Line<'_>> {
    let mut line = Line { priority, ..Line::default() };
    // Some put a blank between the priority and the time.
    let trimmed = if priority.is_some() { text.trim_start_matches(' ') } else { text };
    let iso = iso_with_t(trimmed);
    let Some((stamp, length)) = iso.or_else(|| stamp::bsd(trimmed)) else {
        priority?;
        (line.program, line.process_id, line.message) = tag(text);
        return Some(line);
    };
    line.stamp = Some(stamp);
    line.is_iso = iso.is_some();
    let rest = trimmed[length..].trim_start_matches([':', ' ']);
    let rest = match rest.split_once(' ') {
        // The host may be missing: then the first word is the program's tag.
        Some((word, after)) if !is_tag(word) => {
            line.host = values::not_dash(word);
            after
        }
        _ => rest,
    };
    (line.program, line.process_id, line.message) = tag(rest);
    Some(line)
}

fn iso_with_t(text: &str) -> Option<(Stamp, usize)> {
    stamp::iso(text).filter(|_| text.as_bytes()[10].eq_ignore_ascii_case(&b'T'))
}

fn is_tag(word: &str) -> bool {
    (word.ends_with(':') || word.contains('[')) && values::ip(word).is_none()
}

/// `program[123]: message`. Without a colon all is message, unless the number is there.
fn tag(text: &str) -> (Option<&str>, Option<&str>, &str) {
    let text = text.trim_start_matches(' ');
    numbered_tag(text).or_else(|| plain_tag(text)).unwrap_or((None, None, text))
}

fn plain_tag(text: &str) -> Option<(Option<&str>, Option<&str>, &str)> {
    let end = text.find([':', ' '])?;
    let message = text[end..].strip_prefix(':')?;
    let ends = message.is_empty() || message.starts_with(' ');
    let program = program(&text[..end]).filter(|_| ends)?;
    Some((Some(program), None, message.trim_start_matches(' ')))
}

/// Names of macOS programs hold blanks, and its lines a second bracket: `A B[1] (c[2]): message`.
fn numbered_tag(text: &str) -> Option<(Option<&str>, Option<&str>, &str)> {
    const NUMBER_BYTES_MAX: usize = 32;
    let open = text.bytes().take(PROGRAM_BYTES_MAX + 1).position(|byte| byte == b'[')?;
    let length = text.bytes().skip(open + 1).take(NUMBER_BYTES_MAX + 1).position(|b| b == b']')?;
    let (name, id) = (program(&text[..open])?, &text[open + 1..open + 1 + length]);
    let rest = &text[open + length + 2..];
    let is_number = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
    let second = || {
        let (_, after) = rest.strip_prefix(" (")?.split_once(')')?;
        after.strip_prefix(':')
    };
    let (message, colon) = match rest.strip_prefix(':').or_else(second) {
        Some(message) => (message, true),
        None => (rest, false),
    };
    // rsyslog's traditional files leave the colon out where the sender had none.
    let titled = || name.split(' ').all(|word| !word.starts_with(char::is_lowercase));
    let sure = if name.contains(' ') { colon && titled() } else { true };
    let sure = sure && (colon && !name.contains(' ') || is_number);
    let ends = colon || message.is_empty() || message.starts_with(' ');
    (sure && ends).then(|| (Some(name), values::not_dash(id), message.trim_start_matches(' ')))
}

/// The name, if it can be a program's.
fn program(name: &str) -> Option<&str> {
    let allowed = |char: char| !char.is_control() && !matches!(char, ':' | '[' | ']' | '"' | '=');
    let is_name = name.len() <= PROGRAM_BYTES_MAX
        && name.contains(char::is_alphanumeric)
        && name.split(' ').count() <= 4
        && name.chars().all(allowed);
    is_name.then_some(name)
}
