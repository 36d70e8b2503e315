use super::*;

/// The example of the documentation.
const EXAMPLE: &str = r#"
version = 1
presets = ["sec04-bp01", "cis-aws-5.0"]
[scope]
regions = "enabled"
home_region = "eu-west-1"
exclude_tags = { "log-scope" = "none" }
[sinks]
archive_account = "444455556666"
central = ""
[retention]
log_groups = { min_days = 365, max_days = 3653 }
buckets = { min_days = 365 }
[[retention.rule]]
match = "/app/debug/*"
min_days = 14
max_days = 90
[cloudtrail]
data_events = { s3 = "all", lambda = "none", dynamodb = ["arn:aws:dynamodb:*:*:table/orders"] }
[vpc_flow]
traffic = "ALL"
fields = ["+vpc-id", "+flow-direction", "+windowstart"]
[checks."ct.trail.validation"]
enabled = false
[[exception]]
check = "ct.trail.*"
resource = "arn:aws:cloudtrail:*:*:trail/scratch-*"
reason = "rebuilt nightly"
owner = "data-platform"
expires = 2027-03-31
"#;

#[test]
fn a_file_goes_over_the_default() {
    let baseline = Baseline::parse(EXAMPLE).unwrap();
    assert_eq!(baseline.days_of_group("/app/debug/x").max_days, Some(90));
    assert_eq!(baseline.days_of_group("/app/other").min_days, 365);
    assert!(baseline.wants_data("s3", "arn:aws:s3:::any"));
    assert!(!baseline.wants_data("lambda", "arn:aws:lambda:eu-west-1:1:function:f"));
    assert!(baseline.wants_data("dynamodb", "arn:aws:dynamodb:eu-west-1:1:table/orders"));
    let fields = &baseline.vpc_flow.fields;
    assert_eq!(
        fields.len(),
        FLOW_FIELDS_V2.len() + 2,
        "windowstart is start, and there: {fields:?}"
    );
    assert!(baseline.excludes([("log-scope", "none")]));
    let exception = baseline.exception("ct.trail.kms", "arn:aws:cloudtrail:a:1:trail/scratch-1");
    assert_eq!(exception.map(|exception| exception.expires.as_str()), Some("2027-03-31"));
    assert!(baseline.exception("db.rds.audit-export", "arn:x").is_none());
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    for (text, line, says) in [
        ("", 1, "version"),
        ("version = 2", 1, "knows no other"),
        ("version = 1\npresets = [\"cis\"]", 2, "is `cis-aws-5.0` meant?"),
        ("version = 1\n[scope]\nregion = \"x\"", 3, "unknown field `region`"),
        (
            "version = 1\n[retention]\nlog_groups = { min_days = 400, max_days = 365 }",
            3,
            "more than",
        ),
        ("version = 1\n[retention]\nlog_groups = { min_days = 366 }", 3, "the next is 400"),
        ("version = 1\n[vpc_flow]\nfields = [\"srcadr\"]", 3, "is `srcaddr` meant?"),
        ("version = 1\n[[vpc_flow.extra]]\nresource = \"i-1\"", 3, "a subnet or an interface"),
        (
            "version = 1\n[[vpc_flow.extra]]\nresource = \"eni-1\"\ndestination = \"arn:aws:sns:x\"",
            4,
            "the ARN of a bucket",
        ),
        ("version = 1\n[[vpc_flow.extra]]\ntraffic = \"ALL\"", 2, "missing field"),
        ("version = 1\n[cloudtrail]\nname = \"a\"", 3, "a trail's name"),
        ("version = 1\n[cloudtrail]\nlog_group = \"a b\"", 3, "a log group's name"),
        (
            "version = 1\n[cloudtrail]\ndata_events = { s3 = [\"arn:aws:s3:::b/in/*\"] }",
            3,
            "a part of a bucket",
        ),
        ("version = 1\n[checks.\"ct.trail.validaton\"]\nenabled = true", 2, "ct.trail.validation"),
        ("version = 1\n[eks]\nlog_types = [\"audits\"]", 3, "is `audit` meant?"),
        (
            "version = 1\n[[exception]]\ncheck = \"ct.trail.kms\"\nresource = \"*\"\n\
             reason = \"\"\nowner = \"o\"\nexpires = 2027-01-01",
            5,
            "`reason`",
        ),
        ("version = 1\n[[exception]]\ncheck = \"ct.trail.kms\"", 2, "missing field"),
    ] {
        let errors = Baseline::parse(text).unwrap_err();
        let found = errors
            .iter()
            .any(|error| error.starts_with(&format!("line {line}:")) && error.contains(says));
        assert!(found, "{text}: {errors:?}");
    }
}

#[test]
fn what_aws_does_not_take_is_put_right_and_said() {
    let baseline = Baseline::parse(
        r#"version = 1
[cloudtrail]
prefix = "logs/"
log_role = "arn:aws:iam::111122223333:role/path/writes"
data_events = { s3 = ["arn:aws:s3:::b/*"], lambda = ["*"] }
[vpc_flow]
fields = ["+windowstart"]
[[vpc_flow.extra]]
resource = "eni-1"
fields = ["${srcaddr}", "${windowend}"]
"#,
    )
    .unwrap();
    assert_eq!(baseline.cloudtrail.prefix, "logs");
    assert_eq!(baseline.cloudtrail.log_role, "writes");
    assert!(baseline.wants_data("s3", "arn:aws:s3:::b"));
    assert!(!baseline.wants_data("s3", "arn:aws:s3:::bc"));
    assert_eq!(baseline.cloudtrail.data_events["lambda"], Which::Word(Word::All));
    let extra = &baseline.vpc_flow.extra[0];
    assert_eq!(extra.fields, ["srcaddr", "end"]);
    // What is not said of it is as for all.
    assert_eq!((extra.traffic.as_str(), extra.destination.as_str()), ("ALL", "s3"));
    assert!(baseline.wants_interfaces());
    for (line, says) in
        [(3, "`logs`"), (5, "lambda"), (5, "`arn:aws:s3:::b/`"), (7, "`start`"), (10, "`end`")]
    {
        let start = format!("line {line} of the policy: ");
        let said = baseline.warnings.iter().any(|w| w.starts_with(&start) && w.contains(says));
        assert!(said, "{line} {says}: {:?}", baseline.warnings);
    }
    assert_eq!(baseline.warnings.len(), 5);
}
