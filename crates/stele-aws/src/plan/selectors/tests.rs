use super::*;
use crate::judge::selectors::{Coverage, Question, Selector, coverage};

fn draft(state: Value) -> Draft {
    let mut params = Map::new();
    start(&state, &mut params);
    Draft { params, state }
}

fn basic() -> Value {
    json!({"EventSelectors": [{
        "ReadWriteType": "WriteOnly",
        "IncludeManagementEvents": true,
        "DataResources": [
            {"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::theirs/"]},
            {"Type": "AWS::Lambda::Function", "Values": ["arn:aws:lambda"]},
        ],
        "ExcludeManagementEventSources": ["kms.amazonaws.com"],
    }]})
}

/// Events that selectors could tell apart.
fn events() -> Vec<Vec<(&'static str, &'static str)>> {
    let mut all = Vec::new();
    for read_only in ["true", "false"] {
        for source in ["kms.amazonaws.com", "ec2.amazonaws.com"] {
            all.push(vec![
                ("eventCategory", "Management"),
                ("readOnly", read_only),
                ("eventSource", source),
            ]);
        }
        for (kind, arn) in [
            ("AWS::S3::Object", "arn:aws:s3:::theirs/x"),
            ("AWS::S3::Object", "arn:aws:s3:::other/x"),
            ("AWS::S3::Object", "arn:aws:s3:::sink/x"),
            ("AWS::Lambda::Function", "arn:aws:lambda:us-east-1:1:function:f"),
            ("AWS::DynamoDB::Table", "arn:aws:dynamodb:us-east-1:1:table/t"),
        ] {
            all.push(vec![
                ("eventCategory", "Data"),
                ("readOnly", read_only),
                ("resources.type", kind),
                ("resources.ARN", arn),
            ]);
        }
    }
    all
}

fn records(params: &Map<String, Value>, event: &[(&str, &str)]) -> bool {
    let selectors = Selector::read(&Value::Object(params.clone())).known().cloned().unwrap();
    let selectors: Vec<&Selector> = selectors.iter().collect();
    let question = Question { fixed: event, arn_prefix: None, except: &[] };
    coverage(&selectors, &question) == Coverage::All
}

type Wished = fn(&[(&str, &str)]) -> bool;

/// Whatever is wished for, what was recorded still is, and what was not wished for still is not.
#[test]
fn widening_loses_nothing_and_adds_nothing_else() {
    let wishes: Vec<(Wish, Wished)> = vec![
        (Wish::Management, |event| event[0].1 == "Management" && event[2].1 != "kms.amazonaws.com"),
        (Wish::Source("kms.amazonaws.com"), |event| {
            event[0].1 == "Management" && event[1].1 == "false"
        }),
        (
            Wish::All {
                kind: "AWS::S3::Object",
                read_only: Some(true),
                but: vec!["arn:aws:s3:::sink/".to_owned()],
            },
            |event| {
                event.get(3).is_some_and(|arn| arn.1.starts_with("arn:aws:s3:::"))
                    && !event[3].1.contains("sink")
                    && event[1].1 == "true"
            },
        ),
        (
            Wish::One {
                kind: "AWS::DynamoDB::Table",
                read_only: None,
                arn: "arn:aws:dynamodb:us-east-1:1:table/t".to_owned(),
            },
            |event| event.get(3).is_some_and(|arn| arn.1.ends_with("table/t")),
        ),
    ];
    for (wish, wished) in wishes {
        let mut draft = draft(basic());
        let before = draft.params.clone();
        widen(&mut draft, &wish).unwrap();
        for event in events() {
            let expected = records(&before, &event) || wished(&event);
            assert_eq!(records(&draft.params, &event), expected, "{wish:?} {event:?}\n{draft:?}");
        }
        let once = draft.params.clone();
        widen(&mut draft, &wish).unwrap();
        assert_eq!(draft.params, once, "a wish that is fulfilled changes nothing");
    }
}

#[test]
fn basic_selectors_stay_basic_where_they_can() {
    let state = json!({"EventSelectors": [{"ReadWriteType": "ReadOnly",
        "IncludeManagementEvents": true, "DataResources": []}]});
    let mut draft = draft(state);
    widen(&mut draft, &Wish::Management).unwrap();
    let all = Wish::All { kind: "AWS::Lambda::Function", read_only: None, but: Vec::new() };
    widen(&mut draft, &all).unwrap();
    assert_eq!(
        draft.params["EventSelectors"],
        json!([{"ReadWriteType": "All", "IncludeManagementEvents": true, "DataResources": [
            {"Type": "AWS::Lambda::Function", "Values": ["arn:aws:lambda"]}]}])
    );
}

#[test]
fn a_loop_is_narrowed_away() {
    let mut draft = draft(json!({"AdvancedEventSelectors": [{"Name": "theirs", "FieldSelectors": [
        {"Field": "eventCategory", "Equals": ["Data"]},
        {"Field": "resources.type", "Equals": ["AWS::S3::Object"]}]}]}));
    let below = "arn:aws:s3:::sink/".to_owned();
    widen(&mut draft, &Wish::Without { kind: "AWS::S3::Object", below }).unwrap();
    for event in
        events().iter().filter(|event| event.get(2).is_some_and(|e| e.1 == "AWS::S3::Object"))
    {
        assert_eq!(records(&draft.params, event), !event[3].1.contains("sink"), "{event:?}");
    }
}

#[test]
fn more_values_than_cloudtrail_takes_are_refused() {
    let mut draft = draft(json!({"AdvancedEventSelectors": []}));
    let one = |n: usize| Wish::One {
        kind: "AWS::S3::Object",
        read_only: None,
        arn: format!("arn:aws:s3:::bucket-{n}/"),
    };
    let refused = (0..600).find_map(|n| widen(&mut draft, &one(n)).err());
    assert_eq!(refused.map(|refusal| refusal.code), Some("selectors-full"));
}

/// What is left out is not recorded any more, and all else is.
#[test]
fn leaving_a_bucket_out_loses_nothing_else() {
    let below = "arn:aws:s3:::sink/";
    let advanced = |arns: Value| {
        let mut rules = data_rules("AWS::S3::Object", None);
        if let Value::Object(arns) = arns {
            let mut rule = json!({"Field": "resources.ARN"});
            arns.into_iter().for_each(|(how, values)| rule[how] = values);
            rules.push(rule);
        }
        json!({"AdvancedEventSelectors": [selector("data", rules)]})
    };
    let basic = |values: Value| {
        json!({"EventSelectors": [{"ReadWriteType": "All", "IncludeManagementEvents": true,
            "DataResources": [{"Type": "AWS::S3::Object", "Values": values}]}]})
    };
    let (named, all) = ([below, "arn:aws:s3:::theirs/"], ["arn:aws:s3"]);
    for (state, kind) in [
        (basic(json!(named)), "EventSelectors"),
        (basic(json!([below])), "EventSelectors"),
        (basic(json!(["arn:aws:s3:::sink/deep/"])), "EventSelectors"),
        (basic(json!(all)), "AdvancedEventSelectors"),
        (advanced(json!(null)), "AdvancedEventSelectors"),
        (advanced(json!({"StartsWith": named})), "AdvancedEventSelectors"),
        (advanced(json!({"StartsWith": all, "NotEndsWith": ["y"]})), "AdvancedEventSelectors"),
        (advanced(json!({"EndsWith": ["x"]})), "AdvancedEventSelectors"),
    ] {
        let mut draft = draft(state.clone());
        let before = draft.params.clone();
        let wish = Wish::Without { kind: "AWS::S3::Object", below: below.to_owned() };
        widen(&mut draft, &wish).unwrap();
        assert!(draft.params.contains_key(kind), "{state}: {:?}", draft.params);
        let rules = draft.params[kind].to_string();
        for event in events() {
            let within = event.iter().any(|(_, value)| value.starts_with(below));
            let wanted = !within && records(&before, &event);
            assert_eq!(records(&draft.params, &event), wanted, "{state}: {event:?}: {rules}");
        }
    }
}

/// A selector of the bucket alone goes; the last one cannot.
#[test]
fn a_selector_of_which_nothing_is_left_goes() {
    let below = "arn:aws:s3:::sink/";
    let mut rules = data_rules("AWS::S3::Object", None);
    rules.push(rule("resources.ARN", "StartsWith", &[below]));
    let data = selector("data", rules);
    let wish = Wish::Without { kind: "AWS::S3::Object", below: below.to_owned() };
    let mut alone = draft(json!({"AdvancedEventSelectors": [data]}));
    assert_eq!(widen(&mut alone, &wish).unwrap_err().code, "nothing-left");
    let others = selector("theirs", vec![rule("eventCategory", "Equals", &["Management"])]);
    let mut both = draft(json!({"AdvancedEventSelectors": [data, others]}));
    widen(&mut both, &wish).unwrap();
    assert_eq!(both.params["AdvancedEventSelectors"], json!([others]));
}

/// Sources that CloudTrail lets one leave out stay out; no others do.
#[test]
fn management_events_are_whole_but_for_what_may_be_left_out() {
    let rules = vec![
        rule("eventCategory", "Equals", &["Management"]),
        rule("readOnly", "Equals", &["true"]),
        rule("eventSource", "NotEquals", &["kms.amazonaws.com", "ec2.amazonaws.com"]),
    ];
    let mut draft = draft(json!({"AdvancedEventSelectors": [selector("theirs", rules)]}));
    widen(&mut draft, &Wish::Management).unwrap();
    for read_only in ["true", "false"] {
        let of = |source| {
            [("eventCategory", "Management"), ("readOnly", read_only), ("eventSource", source)]
        };
        assert!(records(&draft.params, &of("ec2.amazonaws.com")));
        assert!(!records(&draft.params, &of("kms.amazonaws.com")));
    }
}
