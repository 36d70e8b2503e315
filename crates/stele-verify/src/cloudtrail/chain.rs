//! One chain of digests, from the newest to the oldest.
//!
//! A digest holds the hash and the signature of the one before it. So each is judged by what the
//! later ones said of it, and what it says itself of the one before is kept for that. A digest that
//! failed is not believed: only the signature it holds is tried, for that proves itself.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io;

use chrono::DateTime;

use super::digest::{Digest, Unread, hex};
use super::finding::{Finding, Kind, shown};
use super::logs;
use super::names::{ChainId, DigestName, Time};
use super::report::{ChainReport, File, Judgement, Reporter, Verdict};
use super::signature::{Held, SIGNATURE_ALGORITHM, Signing};
use super::walked::{Covered, Entry, Walked, Wanted, Wrong, reference};
use super::{Context, DIGEST_PERIOD};

/// What a digest says of the one before it.
#[derive(Debug, Clone)]
struct Claim {
    by: Entry,
    by_start: Time,
    bucket: String,
    key: String,
    hash: String,
    signature: String,
    trusted: bool,
}

impl Claim {
    /// Whether the digest that it names should lie in a folder that begins at this time.
    fn reaches(&self, start: Time) -> bool {
        let name = DigestName::parse(&self.key);
        self.by_start > start && name.is_none_or(|name| name.ended >= start)
    }
}

/// What the next later digest says: nothing that can be used, that it is a first one, or a name.
enum Later {
    Unknown,
    Starts,
    Names(String),
}

struct Walk<'a, 'r, 'v> {
    ctx: &'a Context<'a>,
    reporter: &'r mut Reporter<'v>,
    id: &'a ChainId,
    wanted: Wanted,
    window: (Time, Time),
    claims: BTreeMap<String, Vec<Claim>>,
    met: BTreeSet<String>,
    noted: BTreeSet<String>,
    later: Option<Later>,
    walked: Walked,
}

/// Walks a chain whose entries are in order of time.
pub(crate) fn walk(
    ctx: &Context<'_>,
    reporter: &mut Reporter<'_>,
    id: &ChainId,
    entries: &[Entry],
    wanted: Wanted,
) -> Walked {
    let ended = |entry: Option<&Entry>| entry.map_or(DateTime::UNIX_EPOCH, |entry| entry.ended);
    let window = (
        ctx.options.start.unwrap_or(ended(entries.first()) - DIGEST_PERIOD),
        ctx.options.end.unwrap_or(ended(entries.last())),
    );
    let walked =
        Walked { report: ChainReport::new(id), covered: Vec::new(), references: HashSet::new() };
    let mut walk = Walk {
        ctx,
        reporter,
        id,
        wanted,
        window,
        claims: BTreeMap::new(),
        met: BTreeSet::new(),
        noted: BTreeSet::new(),
        later: None,
        walked,
    };
    for entry in entries.iter().rev() {
        walk.entry(entry);
    }
    walk.what_is_missing();
    walk.walked.covered.sort_by_key(|covered| (covered.start, covered.end));
    walk.walked
}

impl Walk<'_, '_, '_> {
    fn entry(&mut self, entry: &Entry) {
        let read = self.read(entry);
        let claims = self.claims.get(&entry.key).cloned().unwrap_or_default();
        if !claims.is_empty() {
            self.met.insert(entry.key.clone());
        }
        let mut wrong = Wrong::new();
        match &read {
            Err(unread) => wrong.push((unread.kind, unread.reason.clone())),
            Ok(digest) if !entry.behind => {
                self.content(entry, digest, &mut wrong);
                self.links(digest, &claims, &mut wrong);
                let held = Held {
                    trusted: claims.iter().find(|claim| claim.trusted).map(|c| &*c.signature),
                    any: claims.first().map(|claim| &*claim.signature),
                };
                Signing { ctx: self.ctx, id: self.id, window: self.window }
                    .check(entry, digest, &held, &mut wrong);
                let failed =
                    wrong.iter().any(|(kind, _)| kind.severity() == super::Severity::Difference);
                if !failed && claims.is_empty() && self.is_no_link(entry) {
                    wrong.push((Kind::DigestUnreferenced, String::new()));
                }
            }
            Ok(_) => {}
        }
        let kinds: Vec<Kind> = wrong.iter().map(|(kind, _)| *kind).collect();
        let judgement = Judgement::of(&kinds);
        if !entry.behind {
            self.report(entry, read.as_ref().ok(), wrong);
            self.walked.report.digests.add(judgement);
            self.judge(File::Digest, entry.bucket.as_deref(), &entry.key, judgement, kinds);
        }
        match read {
            Ok(digest) => self.digest(entry, &digest, judgement),
            Err(_) => self.later = Some(Later::Unknown),
        }
    }

    fn read(&self, entry: &Entry) -> Result<Digest, Unread> {
        let file = self.ctx.input.objects.open(entry.bucket.as_deref(), &entry.key);
        let file =
            file.map_err(|error| Unread { kind: Kind::Unreadable, reason: error.to_string() })?;
        Digest::read(file, self.ctx.options.digest_bytes_max)
    }

    /// What can be seen from the digest and its name alone.
    fn content(&self, entry: &Entry, digest: &Digest, wrong: &mut Wrong) {
        let form = &digest.form;
        let bucket = entry.bucket.as_deref().unwrap_or(&form.digest_s3_bucket);
        if form.digest_s3_object != entry.key || form.digest_s3_bucket != bucket {
            let place = format!("s3://{}/{}", form.digest_s3_bucket, form.digest_s3_object);
            wrong.push((Kind::DigestMoved, format!("it says that it is {place}")));
        }
        // What stands there in the trail of an organization is not documented.
        if let Some(account) = &form.aws_account_id
            && self.id.place.organization.is_none()
            && *account != self.id.place.account
        {
            wrong.push((Kind::DigestAccount, format!("it says account `{account}`")));
        }
        if digest.end != entry.ended || digest.start >= digest.end {
            let (start, end) = (&form.digest_start_time, &form.digest_end_time);
            wrong.push((Kind::DigestTime, format!("it says `{start}` to `{end}`")));
        }
        if let Some(algorithm) = &form.digest_signature_algorithm
            && algorithm != SIGNATURE_ALGORITHM
        {
            wrong.push((Kind::DigestAlgorithm, format!("it is signed by `{algorithm}`")));
        }
        if let Some(previous) = &digest.previous
            && previous.algorithm.as_deref() != Some("SHA-256")
        {
            let algorithm = previous.algorithm.as_deref().unwrap_or("none");
            wrong.push((Kind::DigestAlgorithm, format!("the hash before is by `{algorithm}`")));
        }
    }

    /// What the later digests said of this one.
    fn links(&mut self, digest: &Digest, claims: &[Claim], wrong: &mut Wrong) {
        for claim in claims.iter().filter(|claim| claim.trusted) {
            let sha256 = hex(&digest.sha256);
            if !claim.hash.eq_ignore_ascii_case(&sha256) {
                let detail = format!("it is {sha256}, the next digest says {}", claim.hash);
                wrong.push((Kind::ChainHash, detail));
            }
            if claim.bucket != digest.form.digest_s3_bucket {
                let detail = format!("the next digest names it in bucket `{}`", claim.bucket);
                wrong.push((Kind::DigestMoved, detail));
            }
            if !self.id.backfill && claim.by_start != digest.end {
                let detail = format!(
                    "it begins at {}, the one before ends at {}",
                    shown(claim.by_start),
                    shown(digest.end)
                );
                self.find(Kind::ChainTime, &claim.by, &detail);
            }
        }
    }

    /// Whether the next later digest says that this one is not in the chain.
    fn is_no_link(&self, entry: &Entry) -> bool {
        match &self.later {
            None | Some(Later::Unknown | Later::Starts) => false,
            Some(Later::Names(key)) => {
                DigestName::parse(key).is_none_or(|name| name.ended <= entry.ended)
            }
        }
    }

    /// Takes note of what a digest says, and looks at its logs.
    fn digest(&mut self, entry: &Entry, digest: &Digest, judgement: Judgement) {
        let trusted = judgement != Judgement::Failed && !entry.behind;
        self.later = Some(match &digest.previous {
            _ if !trusted => Later::Unknown,
            None => Later::Starts,
            Some(previous) => Later::Names(previous.key.clone()),
        });
        if let Some(previous) = &digest.previous {
            let claim = Claim {
                by: entry.clone(),
                by_start: digest.start,
                bucket: previous.bucket.clone(),
                key: previous.key.clone(),
                hash: previous.hash.clone(),
                signature: previous.signature.clone(),
                trusted,
            };
            self.claims.entry(previous.key.clone()).or_default().push(claim);
        }
        if entry.behind {
            return;
        }
        if trusted {
            self.walked.covered.push(Covered {
                start: digest.start,
                end: digest.end,
                bucket: entry.bucket.clone(),
                key: entry.key.clone(),
            });
        }
        // A digest that nobody asked about has to be proven before a log counts as named by it.
        if self.wanted == Wanted::Yes || judgement == Judgement::Verified {
            for log in digest.logs() {
                let bucket = self.ctx.named_buckets.then_some(log.s3_bucket.as_str());
                self.walked.references.insert(reference(bucket, &log.s3_object));
            }
        }
        if self.wanted == Wanted::Yes {
            self.logs(digest, judgement);
        }
    }

    fn logs(&mut self, digest: &Digest, of_digest: Judgement) {
        for log in digest.logs() {
            let bucket = Some(log.s3_bucket.as_str());
            // What a digest that is not AWS's says about logs is of no interest.
            let failed = of_digest == Judgement::Failed;
            let wrong = if failed { Wrong::new() } else { logs::check(self.ctx, log) };
            let kinds: Vec<Kind> = wrong.iter().map(|(kind, _)| *kind).collect();
            for (kind, detail) in wrong {
                let finding = Finding::new(kind)
                    .chain(self.id)
                    .object(bucket, &log.s3_object)
                    .interval(digest.start, digest.end)
                    .detail(detail);
                self.reporter.find(finding);
            }
            let judgement = match (of_digest, Judgement::of(&kinds)) {
                (Judgement::Verified, own) => own,
                (_, own) => own.max(Judgement::Unjudged),
            };
            self.walked.report.logs.add(judgement);
            self.judge(File::Log, bucket, &log.s3_object, judgement, kinds);
        }
    }

    /// The digests that were named and did not come.
    fn what_is_missing(&mut self) {
        let first = self.walked.covered.iter().map(|covered| covered.start).min();
        let start = self.ctx.options.start.or(first);
        let unmet: Vec<Claim> = self
            .claims
            .values()
            .flatten()
            .filter(|claim| claim.trusted && !self.met.contains(&claim.key))
            .filter(|claim| start.is_some_and(|start| claim.reaches(start)))
            .cloned()
            .collect();
        for claim in unmet {
            self.missing(&claim);
        }
    }

    fn missing(&mut self, claim: &Claim) {
        let objects = self.ctx.input.objects;
        let of_this = DigestName::parse(&claim.key).is_some_and(|name| name.chain == *self.id);
        let there = match objects.open(Some(&claim.bucket), &claim.key) {
            Err(error) => error.kind() != io::ErrorKind::NotFound,
            Ok(_) => true,
        };
        if there {
            let kind = if of_this { Kind::ChainTime } else { Kind::ChainForeign };
            self.find(kind, &claim.by, &format!("it names {}", claim.key));
            return;
        }
        let known = objects.holds_bucket(&claim.bucket);
        let kind = if known { Kind::DigestMissing } else { Kind::BucketMissing };
        let name = DigestName::parse(&claim.key);
        let ended = name.map_or(claim.by_start, |name| name.ended);
        let finding = Finding::new(kind)
            .chain(self.id)
            .object(Some(&claim.bucket), &claim.key)
            .interval(ended - DIGEST_PERIOD, ended)
            .detail(format!("it is named by {}", claim.by.key));
        self.reporter.find(finding);
    }

    fn report(&mut self, entry: &Entry, digest: Option<&Digest>, wrong: Wrong) {
        for (kind, detail) in wrong {
            // A key is said once to have been used at another time, not once an hour.
            if kind == Kind::KeyPeriod && !self.noted.insert(detail.clone()) {
                continue;
            }
            let (start, end) = digest
                .map_or((entry.ended - DIGEST_PERIOD, entry.ended), |digest| {
                    (digest.start, digest.end)
                });
            let finding = Finding::new(kind)
                .chain(self.id)
                .object(entry.bucket.as_deref(), &entry.key)
                .interval(start, end)
                .detail(detail);
            self.reporter.find(finding);
        }
    }

    fn find(&mut self, kind: Kind, entry: &Entry, detail: &str) {
        let finding = Finding::new(kind)
            .chain(self.id)
            .object(entry.bucket.as_deref(), &entry.key)
            .interval(entry.ended - DIGEST_PERIOD, entry.ended)
            .detail(detail);
        self.reporter.find(finding);
    }

    fn judge(
        &mut self,
        file: File,
        bucket: Option<&str>,
        key: &str,
        verdict: Judgement,
        kinds: Vec<Kind>,
    ) {
        self.reporter.judge(&Verdict {
            file,
            verdict,
            chain: self.id.to_string(),
            bucket: bucket.map(str::to_owned),
            key: key.to_owned(),
            kinds,
        });
    }
}
