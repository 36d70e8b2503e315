//! The state of every setting that somebody wants to change: each question is asked once, and where
//! many elements of a list are asked for, the list is read whole.

use std::collections::BTreeMap;

use futures::StreamExt as _;
use serde_json::Value;

use crate::call::Aws;
use crate::caller::{CallLog, Caller};
use crate::fact::Fact;
use crate::inventory::Region;
use crate::plan::change::{Builder, Draft};
use crate::plan::reference;
use crate::plan::setting::{self, Params, Setting, items};

/// States that are read at once; the client has a limit of its own.
const READS_AT_ONCE: usize = 32;

/// A list that can be read whole, where its elements are asked for by their names.
struct Whole {
    read: &'static str,
    /// The parameter that names an element.
    by: &'static str,
    /// The member that has the name.
    name: &'static str,
    /// Elements of a page.
    page: usize,
    /// How many there are, as far as is known.
    count: fn(&Region) -> Option<usize>,
}

const WHOLE: [Whole; 3] = [
    Whole {
        read: "logs:DescribeLogGroups",
        by: "logGroupNamePrefix",
        name: "logGroupName",
        page: 50,
        count: |region| region.groups.known().map(Vec::len),
    },
    Whole {
        read: "rds:DescribeDBInstances",
        by: "DBInstanceIdentifier",
        name: "DBInstanceIdentifier",
        page: 100,
        count: |region| region.databases.instances.known().map(Vec::len),
    },
    Whole {
        read: "rds:DescribeDBClusters",
        by: "DBClusterIdentifier",
        name: "DBClusterIdentifier",
        page: 100,
        count: |region| region.databases.clusters.known().map(Vec::len),
    },
];

/// What is asked about one setting.
struct Asked<'a> {
    setting: &'static Setting,
    region: &'a str,
    /// Parameters of the writing call, as far as the first edit says them.
    params: Params,
    /// Those of the reading call.
    question: Params,
    /// The same as a key.
    text: String,
}

/// The states in the builder's order.
pub(super) async fn read(aws: &dyn Aws, log: &CallLog, builder: &Builder<'_>) -> Vec<Fact<Value>> {
    let asked = asked(builder);
    // Many settings are told from the same answer: all flow logs of a region, all its policies.
    let mut once: BTreeMap<(&str, &str), BTreeMap<&str, &Asked<'_>>> = BTreeMap::new();
    // What the plan makes itself has no name yet by which it could be asked for, and no state.
    let is_named = |each: &&Asked<'_>| !reference::any(&each.question, &|_| true);
    for each in asked.iter().filter(is_named) {
        let of_call = once.entry((each.setting.read, each.region)).or_default();
        of_call.entry(&each.text).or_insert(each);
    }
    let mut reads = Vec::new();
    for ((read, region), of_call) in &once {
        let list = builder.inventory.region(region).and_then(|r| whole(read, r, of_call.len()));
        let most = if list.is_some() { 1 } else { usize::MAX };
        reads.extend(of_call.values().take(most).map(|each| (*each, list)));
    }
    let reads = reads.into_iter().map(|(each, list)| async move {
        let question = if list.is_some() { Params::new() } else { each.question.clone() };
        let caller = Caller::new(aws, log, each.region);
        (each, list, each.setting.answer(caller, question).await)
    });
    let read: Vec<_> = futures::stream::iter(reads).buffer_unordered(READS_AT_ONCE).collect().await;
    let mut answers: BTreeMap<(&str, &str, &str), Fact<Value>> = BTreeMap::new();
    for (each, list, answer) in read {
        let (read, region) = (each.setting.read, each.region);
        if let Some(list) = list {
            let of_call = once.get(&(read, region)).into_iter().flatten();
            let parts = list.parts(&answer, of_call.map(|(text, each)| (*text, &each.question)));
            answers.extend(parts.map(|(text, part)| ((read, region, text), part)));
        } else {
            answers.insert((read, region, &each.text), answer);
        }
    }
    let states = asked.iter().map(|each| {
        if !is_named(&each) {
            return Fact::Known(Value::Null);
        }
        match answers.get(&(each.setting.read, each.region, each.text.as_str())) {
            Some(Fact::Known(answer)) => Fact::Known(each.setting.found(answer, &each.params)),
            Some(other) => other.clone(),
            None => Fact::default(),
        }
    });
    states.collect()
}

/// What is to be asked. What the first edit names is enough: flow logs and the like are told apart
/// by what is to be made, so the edits run once on nothing.
fn asked<'a>(builder: &'a Builder<'_>) -> Vec<Asked<'a>> {
    let firsts = builder.wanted.iter().filter_map(|wanted| wanted.changes.first());
    let asked = firsts.filter_map(|(_, first)| {
        let mut draft = Draft { params: first.by.clone(), state: Value::Null };
        let setting = setting::find(first.call)?;
        (setting.start)(&Value::Null, &mut draft.params);
        // A refusal shows when the edit runs on the state.
        let _ = (first.edit)(&mut draft);
        let (region, params) = (first.region.as_str(), draft.params);
        let question = Value::Object(setting.asked(&params));
        let text = question.to_string();
        let Value::Object(question) = question else { return None };
        Some(Asked { setting, region, params, question, text })
    });
    asked.collect()
}

/// The list to read whole instead of so many of its elements, where that takes fewer calls.
fn whole(read: &str, region: &Region, asked: usize) -> Option<&'static Whole> {
    let list = WHOLE.iter().find(|list| list.read == read)?;
    let pages = (list.count)(region)? / list.page + 1;
    (pages < asked).then_some(list)
}

impl Whole {
    /// The answers to questions about single elements, from the list of all.
    fn parts<'a>(
        &self,
        answer: &Fact<Value>,
        questions: impl Iterator<Item = (&'a str, &'a Params)>,
    ) -> impl Iterator<Item = (&'a str, Fact<Value>)> {
        let all = answer.known().map(items).unwrap_or_default();
        let name = |each: &Value| each[self.name].as_str().map(str::to_owned);
        let all: BTreeMap<String, &Value> =
            all.iter().filter_map(|each| Some((name(each)?, each))).collect();
        questions.map(move |(text, question)| {
            let part = match answer {
                Fact::Known(_) => {
                    let name = question.get(self.by).and_then(Value::as_str).unwrap_or_default();
                    Fact::Known(all.get(name).into_iter().copied().cloned().collect())
                }
                other => other.clone(),
            };
            (text, part)
        })
    }
}
