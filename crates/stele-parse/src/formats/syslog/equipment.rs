//! Lines of Cisco's equipment (IOS, NX-OS, ASA), which keep to no RFC:
//! `2948: host: *Mar  1 18:46:11.123 UTC: %SYS-5-CONFIG_I: message`, each part but the mnemonic
//! being there or not.
//!
//! Cisco IOS configuration guide, "System Message Logging", "System Log Message Format"; Cisco ASA
//! series syslog messages, "About ASA syslog messages".

use super::header::Line;
use crate::formats::stamp;

/// The mnemonic stands within so many bytes.
const PREFIX_BYTES_MAX: usize = 160;

/// Takes such a line apart. Without a priority, only a time in front makes it syslog.
pub(super) fn parse(text: &str, has_priority: bool) -> Option<Line<'_>> {
    let at = text.bytes().take(PREFIX_BYTES_MAX).position(|byte| byte == b'%')?;
    let (mnemonic, level) = mnemonic(&text[at..])?;
    let prefix = text[..at].trim_end_matches(' ');
    if !(prefix.is_empty() || prefix.ends_with(':')) {
        return None;
    }
    let mut line = Line {
        level: Some(level),
        message_id: Some(mnemonic),
        message: &text[at..],
        ..Line::default()
    };
    for part in prefix.split(": ") {
        read_part(part.trim_end_matches(':').trim(), &mut line)?;
    }
    let numbered = has_priority && (line.sequence.is_some() || prefix.is_empty());
    (line.stamp.is_some() || numbered).then_some(line)
}

/// `%FACILITY-SEVERITY-MNEMONIC:`, without the percent sign and the colon, and its severity.
fn mnemonic(text: &str) -> Option<(&str, i64)> {
    let (name, _) = text.strip_prefix('%')?.split_once(':')?;
    let (facility, rest) = name.rsplit_once('-').and_then(|(front, last)| {
        let (facility, level) = front.rsplit_once('-')?;
        Some((facility, (level, last)))
    })?;
    let word = |text: &str| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        !text.is_empty() && text.bytes().all(allowed)
    };
    let level = rest.0.parse().ok().filter(|level| (0..=7).contains(level) && rest.0.len() == 1)?;
    (word(facility) && word(rest.1)).then_some((name, level))
}

/// What stands before the mnemonic between two colons: a number, a time, a host, or a time with a
/// host or a zone and a number behind it. `None` where it is something else.
fn read_part<'a>(part: &'a str, line: &mut Line<'a>) -> Option<()> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // A clock that is not set is marked with `*`, one that lost its source with `.`.
    let time = part.trim_start_matches(['*', '.']);
    if let Some((mut stamp, length)) = stamp::bsd(time).or_else(|| stamp::iso(time)) {
        for word in time[length..].split(' ').filter(|word| !word.is_empty()) {
            if matches!(word, "UTC" | "GMT") {
                stamp = stamp.in_utc();
            } else if digits(word) {
                line.sequence = Some(word);
            } else if !is_zone(word) {
                // A second one would be a program: then it is an ordinary line.
                line.host = Some(line.host.is_none().then_some(word)?);
            }
        }
        // A relay's time stands before the equipment's, whose clock is often wrong.
        line.stamp = line.stamp.or(Some(stamp));
    } else if digits(part) {
        line.sequence = Some(part);
    } else if !part.is_empty() && !is_uptime(part) {
        let is_host = !part.contains(' ') && line.host.is_none();
        line.host = Some(is_host.then_some(part)?);
    }
    Some(())
}

fn is_zone(word: &str) -> bool {
    (2..=5).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// `1w2d`, `00:01:23`: the time since the start, which says nothing of the day.
fn is_uptime(part: &str) -> bool {
    part.starts_with(|char: char| char.is_ascii_digit())
        && part.bytes().all(|byte| byte.is_ascii_digit() || b"ywdhms:.".contains(&byte))
}
