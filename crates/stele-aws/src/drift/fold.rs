//! One entry for each root change: what fails by itself is a root, and the rest is folded into what
//! it follows from, by the surest tie first.

use std::collections::BTreeSet;

use super::Entry;
use super::worse::{Tie, Worse};

/// A root change with all that is known to be of it.
struct Root<'a> {
    entry: Entry,
    members: Vec<Worse<'a>>,
}

impl<'a> Root<'a> {
    fn of(worse: Worse<'a>) -> Self {
        Self { entry: worse.entry(), members: vec![worse] }
    }

    fn add(&mut self, worse: Worse<'a>) {
        self.entry.consequences.push(worse.reference());
        self.members.push(worse);
    }
}

/// One entry for each root change.
pub(super) fn fold(mut worse: Vec<Worse<'_>>) -> Vec<Entry> {
    worse.sort_by(|a, b| {
        let key = |w: &Worse<'_>| (w.account().to_owned(), w.rank());
        key(a)
            .cmp(&key(b))
            .then_with(|| (a.region(), a.resource()).cmp(&(b.region(), b.resource())))
    });
    let vanished: BTreeSet<(&str, &str)> = worse
        .iter()
        .filter(|one| one.now.is_none())
        .map(|one| (one.account(), one.resource()))
        .collect();
    let (alone, mut following): (Vec<Worse<'_>>, Vec<Worse<'_>>) =
        worse.into_iter().partition(Worse::stands_alone);
    let mut roots: Vec<Root<'_>> = Vec::new();
    for one in alone {
        let is_gone = |place: &str| vanished.contains(&(one.account(), place));
        let same = roots.iter_mut().find(|root| root.members[0].is_same_change(&one, is_gone));
        match same {
            Some(root) => root.add(one),
            None => roots.push(Root::of(one)),
        }
    }
    attach(&mut roots, &mut following);
    // What follows from nothing that fails is a change of its own, and others may follow from it.
    while !following.is_empty() {
        // Places come last: they follow from what wrote there.
        let first = following.iter().position(|one| !one.is_of_place()).unwrap_or_default();
        roots.push(Root::of(following.remove(first)));
        attach(&mut roots, &mut following);
    }
    let mut entries: Vec<Entry> = roots.into_iter().map(|root| root.entry).collect();
    for entry in &mut entries {
        entry.consequences.sort();
        entry.consequences.dedup();
    }
    entries.sort_by(|a, b| {
        (&a.account, &a.region, &a.id, &a.resource).cmp(&(
            &b.account,
            &b.region,
            &b.id,
            &b.resource,
        ))
    });
    entries
}

/// Folds what follows from a root, or from what was folded into it, until nothing more does.
fn attach<'a>(roots: &mut [Root<'a>], following: &mut Vec<Worse<'a>>) {
    let mut tie = 0;
    while let Some(by) = Tie::ALL.get(tie) {
        let before = following.len();
        following.retain(|one| {
            let mut all = roots.iter_mut();
            let root = all.find(|root| root.members.iter().any(|of| one.follows(of, *by)));
            let is_free = root.is_none();
            if let Some(root) = root {
                root.add(*one);
            }
            is_free
        });
        // What was folded may be followed by a surer tie.
        tie = if following.len() < before { 0 } else { tie + 1 };
    }
}
