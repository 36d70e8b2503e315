use serde_json::json;

use super::*;

const READS: &[(&str, &str)] = &[("eventCategory", "Management"), ("readOnly", "true")];
const WRITES: &[(&str, &str)] = &[("eventCategory", "Management"), ("readOnly", "false")];
const OBJECT_WRITES: &[(&str, &str)] =
    &[("eventCategory", "Data"), ("resources.type", "AWS::S3::Object"), ("readOnly", "false")];

fn of(answer: &Value, fixed: &[(&str, &str)], arn_prefix: Option<&str>) -> Coverage {
    let Fact::Known(selectors) = Selector::read(answer) else { panic!("selectors are read") };
    let selectors: Vec<&Selector> = selectors.iter().collect();
    coverage(&selectors, &Question { fixed, arn_prefix, except: &[] })
}

fn advanced(selectors: &[&[Value]]) -> Value {
    let selectors: Vec<Value> =
        selectors.iter().map(|rules| json!({"FieldSelectors": rules})).collect();
    json!({"AdvancedEventSelectors": selectors})
}

fn data(rules: &[Value]) -> Vec<Value> {
    let mut all = vec![
        json!({"Field": "eventCategory", "Equals": ["Data"]}),
        json!({"Field": "resources.type", "Equals": ["AWS::S3::Object"]}),
    ];
    all.extend_from_slice(rules);
    all
}

#[test]
fn basic_selectors_record_what_they_say() {
    let basic = |kind: &str| {
        json!({"EventSelectors": [{"ReadWriteType": kind,
        "IncludeManagementEvents": true, "DataResources": [
            {"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::a/", "arn:aws:s3:::b/x/"]}]}]})
    };
    assert_eq!(of(&basic("All"), READS, None), Coverage::All);
    assert_eq!(of(&basic("WriteOnly"), READS, None), Coverage::Nothing);
    assert_eq!(of(&basic("WriteOnly"), WRITES, None), Coverage::All);
    assert_eq!(of(&basic("All"), OBJECT_WRITES, Some("arn:aws:s3:::a/")), Coverage::All);
    assert_eq!(of(&basic("All"), OBJECT_WRITES, Some("arn:aws:s3:::ab/")), Coverage::Nothing);
    assert_eq!(of(&basic("ReadOnly"), OBJECT_WRITES, Some("arn:aws:s3:::a/")), Coverage::Nothing);
    let b = of(&basic("All"), OBJECT_WRITES, Some("arn:aws:s3:::b/"));
    assert!(matches!(b, Coverage::Part(_)), "{b:?}");
    let every = json!({"EventSelectors": [{"ReadWriteType": "All", "DataResources": [
        {"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}]}]});
    assert_eq!(of(&every, OBJECT_WRITES, Some("arn:aws:s3:::any/")), Coverage::All);
    // The star of the guidance is no pattern here: it names keys that begin with a star.
    let star = json!({"EventSelectors": [{"ReadWriteType": "All", "DataResources": [
        {"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::a/*"]}]}]});
    assert!(matches!(of(&star, OBJECT_WRITES, Some("arn:aws:s3:::a/")), Coverage::Part(_)));
}

#[test]
fn the_union_of_selectors_is_judged() {
    let starts = json!({"Field": "resources.ARN", "StartsWith": ["arn:aws:s3:::a/in/"]});
    let others = json!({"Field": "resources.ARN", "NotStartsWith": ["arn:aws:s3:::a/in/"]});
    let bucket = Some("arn:aws:s3:::a/");
    let one = advanced(&[&data(std::slice::from_ref(&starts))]);
    assert!(matches!(of(&one, OBJECT_WRITES, bucket), Coverage::Part(_)));
    let both =
        advanced(&[&data(std::slice::from_ref(&starts)), &data(std::slice::from_ref(&others))]);
    assert_eq!(of(&both, OBJECT_WRITES, bucket), Coverage::All);
    let puts = json!({"Field": "eventName", "Equals": ["PutObject"]});
    let rest = json!({"Field": "eventName", "NotEquals": ["PutObject"]});
    let halves = advanced(&[&data(std::slice::from_ref(&puts)), &data(&[rest])]);
    assert_eq!(of(&halves, OBJECT_WRITES, bucket), Coverage::All);
    // Together they miss what begins otherwise and is no PutObject.
    let gap = advanced(&[&data(&[puts]), &data(&[starts])]);
    assert!(matches!(of(&gap, OBJECT_WRITES, bucket), Coverage::Part(_)));
    let suffix = json!({"Field": "resources.ARN", "NotEndsWith": [".tmp"]});
    assert!(matches!(of(&advanced(&[&data(&[suffix])]), OBJECT_WRITES, bucket), Coverage::Part(_)));
}

#[test]
fn exclusions_show_and_may_be_left_aside() {
    let answer = json!({"EventSelectors": [{"ReadWriteType": "All",
        "ExcludeManagementEventSources": ["kms.amazonaws.com"]}]});
    let part = Coverage::Part(Some(("eventSource".to_owned(), "kms.amazonaws.com".to_owned())));
    assert_eq!(of(&answer, READS, None), part);
    let Fact::Known(selectors) = Selector::read(&answer) else { panic!("selectors are read") };
    let selectors: Vec<&Selector> = selectors.iter().collect();
    let except = &[("eventSource", "kms.amazonaws.com")];
    let question = Question { fixed: READS, arn_prefix: None, except };
    assert_eq!(coverage(&selectors, &question), Coverage::All);
}

#[test]
fn too_many_kinds_are_not_guessed_at() {
    let many = |field: &str| {
        let values: Vec<String> = (0..400).map(|number| format!("{field}{number}")).collect();
        json!({"Field": field, "NotEquals": values})
    };
    let rules = data(&[many("eventName"), many("userIdentity.arn"), many("eventSource")]);
    assert_eq!(of(&advanced(&[&rules]), OBJECT_WRITES, None), Coverage::TooComplex);
}
