//! What is asked of CloudWatch, and what becomes of its answers and refusals.

use std::sync::Mutex;

use async_trait::async_trait;

use super::*;
use crate::call::{Call, CallError, Failure};
use crate::plan::volumes::{Monthly, Reading, Statistic};

const NOW_MICROS: i64 = 1_795_514_400_000_000;

/// Answers each call by a function of it, and keeps it.
#[derive(Debug)]
struct Cloud {
    asked: Mutex<Vec<(String, Map<String, Value>)>>,
    answer: fn(&Call) -> Result<Value, &'static str>,
}

impl Cloud {
    fn of(answer: fn(&Call) -> Result<Value, &'static str>) -> Self {
        Self { asked: Mutex::new(Vec::new()), answer }
    }

    /// Regions and numbers of queries, in order.
    fn calls(&self) -> Vec<(String, usize)> {
        let asked = self.asked.lock().unwrap();
        let size = |params: &Map<String, Value>| queries(params).len();
        let mut calls: Vec<(String, usize)> =
            asked.iter().map(|(region, params)| (region.clone(), size(params))).collect();
        calls.sort();
        calls
    }
}

#[async_trait]
impl Aws for Cloud {
    async fn call(&self, call: &Call) -> Result<Value, CallError> {
        assert_eq!(call.operation.id(), CALL);
        for name in call.params.keys() {
            assert!(call.operation.takes(name), "{name}");
        }
        self.asked.lock().unwrap().push((call.region.clone(), call.params.clone()));
        (self.answer)(call)
            .map_err(|code| CallError::new(call, Failure::of(code, 400), code, "as told"))
    }
}

fn queries(params: &Map<String, Value>) -> &[Value] {
    params["MetricDataQueries"].as_array().unwrap()
}

fn metric(region: &str, number: usize) -> Metric {
    Metric {
        region: region.to_owned(),
        namespace: "AWS/Lambda",
        name: "Invocations",
        statistic: Statistic::Sum,
        dimensions: vec![("FunctionName", format!("f{number:05}"))],
    }
}

fn asked(aws: &Cloud, wanted: impl IntoIterator<Item = Metric>) -> Read {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(read(aws, wanted.into_iter().collect(), NOW_MICROS))
}

/// For every query a value on the last day: the number in the name of its function.
fn numbers(call: &Call) -> Value {
    let end = call.params["EndTime"].as_str().unwrap();
    let last = micros(&json!(end)).unwrap() - 1_000_000 * DAY_S;
    let row = |query: &Value| {
        let of = query["MetricStat"]["Metric"]["Dimensions"][0]["Value"].as_str().unwrap();
        let value: u32 = of[1..].parse().unwrap();
        // As XML has it: all is text.
        json!({"Id": query["Id"], "StatusCode": "Complete", "Timestamps": [text(last)],
            "Values": [value.to_string()]})
    };
    json!({"MetricDataResults": queries(&call.params).iter().map(row).collect::<Vec<_>>()})
}

/// The mean of a month; none where nothing was counted.
fn expected(read: &Read, metric: Metric) -> Option<f64> {
    match read.volumes.monthly(&[metric]) {
        Reading::Counted(Monthly { expected, .. }) => Some(expected),
        Reading::Nothing => None,
        Reading::Unread => panic!("it was not read"),
    }
}

#[test]
fn no_metric_is_no_call() {
    let aws = Cloud::of(|call| Ok(numbers(call)));
    assert!(asked(&aws, []).warnings.is_empty());
    assert!(aws.calls().is_empty());
}

#[test]
fn many_metrics_go_into_few_calls() {
    let aws = Cloud::of(|call| Ok(numbers(call)));
    let wanted = (0..1001).map(|number| metric("r", number)).chain([metric("s", 7)]);
    let read = asked(&aws, wanted);
    let calls = [("r", 1), ("r", 500), ("r", 500), ("s", 1)].map(|(at, n)| (at.to_owned(), n));
    assert_eq!(aws.calls(), calls);
    assert!(read.warnings.is_empty());
    // Each answer came to its own metric, behind the first 500 as well.
    for number in [0, 1, 499, 500, 999, 1000] {
        let value = u32::try_from(number).map(f64::from).unwrap() * 30.0;
        assert_eq!(expected(&read, metric("r", number)), Some(value), "{number}");
    }
    assert_eq!(expected(&read, metric("s", 7)), Some(210.0));
    assert_eq!(expected(&read, metric("s", 8)), None);
}

#[test]
fn a_question_is_of_whole_days_and_names_what_it_is_of() {
    let aws = Cloud::of(|call| Ok(numbers(call)));
    asked(&aws, [metric("r", 1)]);
    let (_, params) = aws.asked.lock().unwrap()[0].clone();
    assert_eq!(params["StartTime"], "2026-11-10T00:00:00Z");
    assert_eq!(params["EndTime"], "2026-11-24T00:00:00Z");
    assert_eq!(
        queries(&params)[0],
        json!({"Id": "m0", "MetricStat": {"Period": 86_400, "Stat": "Sum", "Metric": {
            "Namespace": "AWS/Lambda", "MetricName": "Invocations",
            "Dimensions": [{"Name": "FunctionName", "Value": "f00001"}]}}})
    );
}

#[test]
fn pages_are_joined() {
    // The first page has a part of the days, the second the rest.
    let aws = Cloud::of(|call| {
        let second = call.params.contains_key("NextToken");
        let day = if second { "2026-11-23T00:00:00Z" } else { "2026-11-22T00:00:00Z" };
        let row = json!({"Id": "m0", "StatusCode": if second { "Complete" } else { "PartialData" },
            "Timestamps": [day], "Values": [10.0]});
        let next = if second { "" } else { "more" };
        Ok(json!({"MetricDataResults": [row], "NextToken": next}))
    });
    let read = asked(&aws, [metric("r", 1)]);
    assert_eq!(aws.calls().len(), 2);
    assert_eq!(expected(&read, metric("r", 1)), Some(300.0));
}

#[test]
fn a_refusal_is_said_once_and_leaves_the_rest() {
    let aws = Cloud::of(|call| match call.region.as_str() {
        "good" => Ok(numbers(call)),
        _ => Err("AccessDenied"),
    });
    let wanted = (0..600).map(|number| metric("bad", number));
    let read = asked(&aws, wanted.chain([metric("good", 3), metric("worse", 1)]));
    assert_eq!(
        read.warnings,
        ["the metrics of bad, worse could not be read (AccessDenied): what depends on them is \
          priced by assumed volumes; allow cloudwatch:GetMetricData"]
    );
    assert_eq!(read.volumes.monthly(&[metric("bad", 599)]), Reading::Unread);
    assert_eq!(expected(&read, metric("good", 3)), Some(90.0));
}

#[test]
fn an_answer_that_is_none_counts_nothing() {
    for answer in [
        // Empty elements of XML read as text.
        r#"{"MetricDataResults": [{"Id": "m0", "Timestamps": "", "Values": ""}]}"#,
        r#"{"MetricDataResults": ""}"#,
        r#"{"MetricDataResults": [{"Id": "x9", "Timestamps": ["2026-11-23T00:00:00Z"],
            "Values": [1]}, {"Id": "m9", "Timestamps": ["2026-11-23T00:00:00Z"], "Values": [1]}]}"#,
        r#"{"MetricDataResults": [{"Id": "m0", "Timestamps": ["yesterday"], "Values": [1]}]}"#,
        r#"{"MetricDataResults": [{"Id": "m0", "Timestamps": [], "Values": [1]}]}"#,
    ] {
        let rows: Value = serde_json::from_str(answer).unwrap();
        let rows: Vec<Row> = match &rows["MetricDataResults"] {
            Value::Array(_) => serde_json::from_value(rows["MetricDataResults"].clone()).unwrap(),
            _ => Vec::new(),
        };
        let mut volumes = Volumes::of(Window::before(NOW_MICROS));
        take(&mut volumes, &[metric("r", 1)], &rows);
        assert_eq!(volumes.monthly(&[metric("r", 1)]), Reading::Nothing, "{answer}");
    }
    let failed = Row {
        id: "m0".to_owned(),
        status_code: "InternalError".to_owned(),
        timestamps: Vec::new(),
        values: Vec::new(),
    };
    let mut volumes = Volumes::of(Window::before(NOW_MICROS));
    take(&mut volumes, &[metric("r", 1)], &[failed]);
    assert_eq!(volumes.monthly(&[metric("r", 1)]), Reading::Unread);
}
