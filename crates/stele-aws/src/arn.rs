//! ARNs: making them for things that AWS names otherwise, and taking them apart.

/// The name of a log group in its ARN, with or without `:*` at the end.
pub fn log_group(arn: &str) -> Option<&str> {
    let name = arn.split_once(":log-group:")?.1;
    Some(name.strip_suffix(":*").unwrap_or(name))
}

/// The bucket in the ARN of a bucket or of something in it.
pub fn bucket(arn: &str) -> Option<&str> {
    place(arn).map(|(bucket, _)| bucket)
}

/// The bucket in an ARN, and the beginning of the keys of what is meant in it.
pub fn place(arn: &str) -> Option<(&str, &str)> {
    let rest = arn.split_once(":s3:::")?.1;
    Some(rest.split_once('/').unwrap_or((rest, "")))
}

/// A prefix of keys as a folder: with a slash at its end, or empty.
pub fn folder(prefix: &str) -> String {
    match prefix.trim_end_matches('/') {
        "" => String::new(),
        prefix => format!("{prefix}/"),
    }
}

/// The account in an ARN.
pub fn account(arn: &str) -> &str {
    arn.split(':').nth(4).unwrap_or_default()
}

/// The service in an ARN.
pub fn service(arn: &str) -> &str {
    arn.split(':').nth(2).unwrap_or_default()
}

/// The region in an ARN.
pub fn region(arn: &str) -> &str {
    arn.split(':').nth(3).unwrap_or_default()
}

/// The last part of an ARN: the name or the id of a thing.
pub fn last(arn: &str) -> &str {
    arn.rsplit([':', '/']).next().unwrap_or(arn)
}

/// Whether a text matches a pattern with `*` and `?`, as in policies.
pub fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    // The last star and where in the text it was taken, to go on from there.
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        if p < pattern.len() && (pattern[p] == '?' || (pattern[p] == text[t] && pattern[p] != '*'))
        {
            p += 1;
            t += 1;
        } else if p < pattern.len() && pattern[p] == '*' {
            star = Some((p, t));
            p += 1;
        } else if let Some((at, taken)) = star {
            p = at + 1;
            t = taken + 1;
            star = Some((at, t));
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|rest| *rest == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_are_taken_apart() {
        let group = "arn:aws:logs:eu-west-1:111122223333:log-group:/a/b:*";
        assert_eq!(log_group(group), Some("/a/b"));
        assert_eq!(bucket("arn:aws:s3:::logs/flow/"), Some("logs"));
        assert_eq!(place("arn:aws:s3:::logs/a/b/"), Some(("logs", "a/b/")));
        assert_eq!(place("arn:aws:s3:::logs"), Some(("logs", "")));
        assert_eq!(
            (folder("a/b/"), folder("a"), folder("/")),
            ("a/b/".into(), "a/".into(), String::new())
        );
        assert_eq!((account(group), region(group)), ("111122223333", "eu-west-1"));
    }

    #[test]
    fn patterns_match_as_in_policies() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("s3:*", "s3:PutObject", true),
            ("s3:Put?bject", "s3:PutObject", true),
            ("arn:aws:s3:::b/AWSLogs/*", "arn:aws:s3:::b/AWSLogs/1/x", true),
            ("arn:aws:s3:::b/AWSLogs/2/*", "arn:aws:s3:::b/AWSLogs/1/x", false),
            ("a*b*c", "a1b2b3c", true),
            ("a*b*c", "a1b2b3d", false),
            ("", "x", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
