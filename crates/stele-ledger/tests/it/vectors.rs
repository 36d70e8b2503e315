//! The vectors in `tests/vectors`, which every verifier has to agree with: this crate, and the
//! web page (`ui/src/lib/proof/*.test.ts`). They are made here; `UPDATE=1` writes them anew.
//!
//! `event_proofs.json` has proofs that hold and proofs that were tampered with, each with the step
//! at which it fails: `file`, `extra`, `leaf`, `batch`, `entry`, `checkpoint`, `witnesses`, `log`.
//! `trees.json` has roots, paths and tiles of trees whose leaf i is the number i in decimal.

use std::path::Path;

use serde_json::{Value, json};
use stele_ledger::checkpoint::{Checkpoint, WitnessPolicy};
use stele_ledger::event_proof::EventProof;
use stele_ledger::hash::{Hash, leaf_hash};
use stele_ledger::key::{Algorithm, Ed25519Signer, Signer as _, VerifierKey};
use stele_ledger::note::Note;
use stele_ledger::proof::{
    Leaves, TileSubtrees, TreeHead, prove_consistency, prove_inclusion, root_at,
};
use stele_ledger::record::{Batch, Dropped, Record};
use stele_ledger::salt::{SaltKey, event_leaf};
use stele_ledger::tile::{Tile, TileKind};
use stele_ledger::tlog_proof::{TlogProof, Trust};
use stele_ledger::tree::Log;

use crate::folder::{Files, ORIGIN, SEED, batch, raw, sample, signer};

const POSITION: u32 = 2;
const SEEN_AT_SECONDS: u64 = 1_753_142_401;

fn witness(name: &str, seed: u8) -> Ed25519Signer {
    Ed25519Signer::from_seed(name, Algorithm::CosignatureV1, &[seed; 32]).unwrap()
}

fn other_key() -> Ed25519Signer {
    Ed25519Signer::from_seed(ORIGIN, Algorithm::Ed25519, &[9; 32]).unwrap()
}

/// A proof, whom to believe, and the step at which it fails.
struct Case {
    name: String,
    fails: Option<&'static str>,
    file: String,
    raw: Vec<u8>,
    keys: Vec<VerifierKey>,
    witnesses: Vec<VerifierKey>,
    needed: usize,
}

impl Case {
    fn good(name: &str, file: &TlogProof) -> Self {
        Self {
            name: name.to_owned(),
            fails: None,
            file: file.to_string(),
            raw: raw(POSITION),
            keys: vec![signer().key().clone()],
            witnesses: Vec::new(),
            needed: 0,
        }
    }

    fn bad(name: &str, fails: &'static str, file: &TlogProof) -> Self {
        Self { fails: Some(fails), ..Self::good(name, file) }
    }

    fn text(name: &str, fails: &'static str, file: String) -> Self {
        Self { file, ..Self::bad(name, fails, &proof()) }
    }

    fn to_json(&self) -> Value {
        let policy = WitnessPolicy::new(self.witnesses.clone(), self.needed).unwrap();
        let trust = Trust { origin: ORIGIN.to_owned(), keys: self.keys.clone(), witnesses: policy };
        let verdict = EventProof::verify(self.file.as_bytes(), &self.raw, &trust);
        let texts = |keys: &[VerifierKey]| keys.iter().map(ToString::to_string).collect::<Vec<_>>();
        let mut case = json!({
            "name": self.name,
            "file": self.file,
            "raw": String::from_utf8(self.raw.clone()).unwrap(),
            "keys": texts(&self.keys),
            "witnesses": texts(&self.witnesses),
            "needed": self.needed,
        });
        match (verdict, self.fails) {
            (Ok(event), None) => {
                case["proves"] = json!({
                    "position": event.position,
                    "batch": event.batch.batch.to_string(),
                    "dataset": event.batch.dataset,
                    "at": event.batch.at_micros.to_string(),
                    "batch_root": event.batch.root.to_string(),
                    "index": event.index,
                    "size": event.checkpoint.head.size,
                    "root": event.checkpoint.head.root.to_string(),
                });
            }
            (Err(error), Some(step)) => {
                case["fails"] = step.into();
                case["error"] = error.to_string().into();
            }
            (verdict, fails) => panic!("{}: {verdict:?}, not {fails:?}", self.name),
        }
        case
    }
}

/// The proof that the others are made from.
fn proof() -> TlogProof {
    sample(3, 40, 5).proof
}

fn with_extra(change: impl Fn(&mut Vec<u8>)) -> TlogProof {
    let mut proof = proof();
    change(proof.extra.as_mut().unwrap());
    proof
}

fn with_checkpoint(change: impl Fn(&mut Note)) -> TlogProof {
    let mut proof = proof();
    change(&mut proof.checkpoint);
    proof
}

fn with_path(change: impl Fn(&mut Vec<Hash>)) -> TlogProof {
    let mut proof = proof();
    change(&mut proof.path);
    proof
}

/// The proof with another record of the batch.
fn event_in(change: impl Fn(&mut Batch)) -> EventProof {
    let (mut batch, leaves) = batch(1 << 40 | 5, 40, &[0, 3, 4]);
    change(&mut batch);
    let salt = SaltKey::from_seed(SEED).salt(POSITION).unwrap();
    let index = u64::from(batch.leaf_index(POSITION).unwrap());
    let path = prove_inclusion(index, leaves.len() as u64, &Leaves(&leaves)).unwrap();
    EventProof { salt, position: POSITION, batch, path }
}

/// The file for a log in which the batch is the only entry.
fn in_a_log_alone(event: &EventProof) -> TlogProof {
    // What cannot be an entry has no hash that would fit.
    let entry = Record::Batch(event.batch.clone()).encode().unwrap_or_default();
    let head = TreeHead { size: 1, root: leaf_hash(&entry) };
    event.into_file(0, Vec::new(), Checkpoint::new(ORIGIN, head).sign(&signer()).unwrap())
}

fn of_batch(change: impl Fn(&mut Batch)) -> TlogProof {
    in_a_log_alone(&event_in(change))
}

fn sign_anew(proof: &TlogProof, text: String, signer: &Ed25519Signer) -> TlogProof {
    let mut checkpoint = Note { text, signatures: Vec::new() };
    checkpoint.sign(signer, 0).unwrap();
    TlogProof { checkpoint, ..proof.clone() }
}

fn good_cases() -> Vec<Case> {
    let proof = proof();
    let mut cases = vec![
        Case::good("a small ledger", &proof),
        Case::good("a ledger of 2,002 entries", &sample(700, 40, 1_300).proof),
        Case::good("the only entry", &of_batch(|_| ())),
        Case::good(
            "a dataset that needs escapes",
            &of_batch(|batch| batch.dataset = "a\"b\\c\n\u{1}\u{7f}\u{2028}é日".into()),
        ),
        Case::good(
            "an extension line",
            &sign_anew(&proof, format!("{}extension\n", proof.checkpoint.text), &signer()),
        ),
        Case::good(
            "signatures of unknown keys beside",
            &with_checkpoint(|note| {
                note.sign(&witness("unknown.example", 3), 5).unwrap();
                note.sign(&other_key(), 0).unwrap();
            }),
        ),
    ];
    let two = vec![other_key().key().clone(), signer().key().clone()];
    cases.push(Case { keys: two, ..Case::good("one of two keys", &proof) });
    let seen = with_checkpoint(|note| {
        note.sign(&witness("w.example", 2), SEEN_AT_SECONDS).unwrap();
    });
    let witnesses = vec![witness("w.example", 2).key().clone()];
    cases.push(Case { witnesses, needed: 1, ..Case::good("a witness", &seen) });
    let witnesses =
        vec![witness("w.example", 2).key().clone(), witness("x.example", 4).key().clone()];
    cases.push(Case { witnesses, needed: 1, ..Case::good("one of two witnesses", &seen) });
    // One event, one entry: no path at all.
    let mut alone = event_in(|_| ());
    alone.batch = batch(7, 1, &[]).0;
    (alone.salt, alone.position) = (SaltKey::from_seed(SEED).salt(0).unwrap(), 0);
    alone.batch.root = event_leaf(&alone.salt, b"alone");
    alone.path.clear();
    let file = in_a_log_alone(&alone);
    cases.push(Case { raw: b"alone".to_vec(), ..Case::good("a batch of one event", &file) });
    cases
}

fn cases_of_the_file() -> Vec<Case> {
    let text = proof().to_string();
    let first_hash = proof().path[0].to_base64();
    let replaced = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    };
    // The character before the padding carries two bits that are not of the hash.
    let mut other_bits = first_hash.clone().into_bytes();
    let last = other_bits.len() - 2;
    other_bits[last] += 1;
    let other_bits = String::from_utf8(other_bits).unwrap();
    let many = with_path(|path| *path = vec![Hash::of(b""); 64]);
    vec![
        Case::text("another first line", "file", replaced("proof@v1", "proof@v2")),
        Case::text("extra data is no base64", "file", replaced("extra ", "extra !")),
        Case::text("no index", "file", replaced("index 4\n", "")),
        Case::text("an index with a zero before it", "file", replaced("index 4", "index 04")),
        Case::text("an index with a sign", "file", replaced("index 4", "index +4")),
        Case::text("a hash that is cut", "file", replaced(&first_hash, &first_hash[..20])),
        Case::text(
            "a hash without padding",
            "file",
            replaced(&first_hash, &first_hash.replacen('=', "", 1)),
        ),
        Case::text("a hash with other last bits", "file", replaced(&first_hash, &other_bits)),
        Case::text("a carriage return", "file", replaced("index 4\n", "index 4\r\n")),
        Case::text("no signature", "file", replaced("\n\u{2014} ", "\n")),
        Case::text("no newline at the end", "file", text.trim_end().to_owned()),
        Case::text("one line too many at the end", "file", format!("{text}\n")),
        Case::text(
            "a control character in the note",
            "file",
            replaced("ledger\n10", "ledger\t\n10"),
        ),
        Case::text("no checkpoint", "file", text[..text.find("\n\n").unwrap()].to_owned()),
        Case::bad("more hashes than there can be", "file", &many),
    ]
}

fn cases_of_the_extra_data() -> Vec<Case> {
    let bad = Case::bad;
    let position_at = 17;
    // With a path as long as the number of positions asks for.
    let mut event = event_in(|batch| (batch.positions, batch.stored) = (16_388, 16_385));
    event.path = vec![Hash::of(b""); 15];
    let too_many = in_a_log_alone(&event);
    let not_extra = TlogProof { extra: None, ..proof() };
    let unsorted = |numbers: &[u32]| {
        let positions = Dropped::from_positions([0, 3, 4]);
        // What `from_positions` never gives is written into the bytes.
        let found = with_extra(|_| ()).extra.unwrap();
        let before: Vec<u8> = vec![4, 0, 1, 2, 2];
        assert_eq!(positions.runs().count(), 2);
        let at = found.windows(5).position(|window| window == before).unwrap();
        let after: Vec<u8> = std::iter::once(numbers.len() as u32)
            .chain(numbers.iter().copied())
            .map(|n| n as u8)
            .collect();
        with_extra(|extra| drop(extra.splice(at..at + 5, after.iter().copied())))
    };
    vec![
        bad("no extra data", "extra", &not_extra),
        bad("extra data of a later version", "extra", &with_extra(|extra| extra[0] = 2)),
        bad("extra data that is empty", "extra", &with_extra(Vec::clear)),
        bad("extra data that is cut", "extra", &with_extra(|extra| extra.truncate(30))),
        bad("a path that is cut", "extra", &with_extra(|extra| extra.truncate(extra.len() - 1))),
        bad(
            "a number in a longer form",
            "extra",
            &with_extra(|extra| {
                extra.splice(position_at..=position_at, [0x80 | POSITION as u8, 0]);
            }),
        ),
        bad("a position that was dropped", "leaf", &with_extra(|extra| extra[position_at] = 3)),
        bad("a position beyond the batch", "leaf", &with_extra(|extra| extra[position_at] = 40)),
        bad("another position", "log", &with_extra(|extra| extra[position_at] = 1)),
        bad("another salt", "log", &with_extra(|extra| extra[1] ^= 1)),
        bad("a byte of the time", "log", &with_extra(|extra| extra[position_at + 1] ^= 1)),
        bad(
            "another hash in the batch",
            "log",
            &with_extra(|extra| {
                *extra.last_mut().unwrap() ^= 1;
            }),
        ),
        bad(
            "a hash too few in the batch",
            "batch",
            &with_extra(|extra| {
                extra.truncate(extra.len() - 32);
            }),
        ),
        bad("a hash too many in the batch", "batch", &with_extra(|extra| extra.extend([0; 32]))),
        bad("more positions than a batch has", "entry", &too_many),
        bad(
            "a dataset with a long name",
            "entry",
            &of_batch(|batch| {
                batch.dataset = "x".repeat(256);
            }),
        ),
        bad("runs of nothing", "entry", &unsorted(&[0, 1, 2, 2, 9, 0])),
        bad("half a run", "entry", &unsorted(&[0, 1, 2, 2, 9])),
        bad("fewer events dropped", "log", &unsorted(&[0, 1])),
    ]
}

fn cases_of_the_log() -> Vec<Case> {
    let bad = Case::bad;
    let mut cases = vec![
        bad("another hash in the log", "log", &with_path(|path| path[0].0[0] ^= 1)),
        bad("a hash too few in the log", "log", &with_path(|path| path.truncate(3))),
        bad("a hash too many in the log", "log", &with_path(|path| path.push(Hash::of(b"")))),
        bad("hashes in another order", "log", &with_path(|path| path.swap(0, 1))),
        bad("another index", "log", &TlogProof { index: 5, ..proof() }),
        bad("an index beyond the log", "log", &TlogProof { index: 10, ..proof() }),
    ];
    let changed = raw(POSITION).to_ascii_uppercase();
    cases.push(Case { raw: changed, ..bad("other bytes of the event", "log", &proof()) });
    let longer = [&raw(POSITION)[..], b"\n"].concat();
    cases.push(Case { raw: longer, ..bad("a newline behind the event", "log", &proof()) });
    cases.push(Case { raw: raw(1), ..bad("another event of the batch", "log", &proof()) });
    cases
}

fn cases_of_the_checkpoint() -> Vec<Case> {
    let bad = |name, file: &TlogProof| Case::bad(name, "checkpoint", file);
    let proof = proof();
    let text = &proof.checkpoint.text;
    let signed = |text: String| sign_anew(&proof, text, &signer());
    let lines: Vec<_> = text.lines().collect();
    let empty = format!("{ORIGIN}\n0\n{}\n", lines[2]);
    let mut cases = vec![
        bad("a bit of the signature", &with_checkpoint(|note| note.signatures[0].bytes[5] ^= 1)),
        bad(
            "a signature that is cut",
            &with_checkpoint(|note| {
                note.signatures[0].bytes.truncate(63);
            }),
        ),
        bad("another size", &with_checkpoint(|note| note.text = text.replace("\n10\n", "\n11\n"))),
        bad(
            "another root",
            &with_checkpoint(|note| {
                note.text = text.replace(lines[2], &Hash::of(b"").to_base64());
            }),
        ),
        bad(
            "signed by another key of the same name",
            &sign_anew(&proof, text.clone(), &other_key()),
        ),
        bad(
            "a good signature and a wrong one of the same key",
            &with_checkpoint(|note| {
                let mut wrong = note.signatures[0].clone();
                wrong.bytes[0] ^= 1;
                note.signatures.push(wrong);
            }),
        ),
        bad("a checkpoint of another log", &signed(text.replace(ORIGIN, "stele.example/other"))),
        bad("a size with a zero before it", &signed(text.replace("\n10\n", "\n010\n"))),
        bad("no root", &signed(format!("{ORIGIN}\n10\n"))),
        bad("an empty log with a root", &signed(empty)),
    ];
    cases.push(Case { keys: Vec::new(), ..bad("no key to believe", &proof) });
    let keys = vec![other_key().key().clone()];
    cases.push(Case { keys, ..bad("another key is believed", &proof) });
    let alone = with_checkpoint(|note| {
        note.signatures.clear();
        note.sign(&witness(ORIGIN, 2), SEEN_AT_SECONDS).unwrap();
    });
    let keys = vec![witness(ORIGIN, 2).key().clone()];
    cases.push(Case { keys, ..bad("a witness in the place of the log", &alone) });
    cases
}

fn cases_of_witnesses() -> Vec<Case> {
    let seen = with_checkpoint(|note| {
        note.sign(&witness("w.example", 2), SEEN_AT_SECONDS).unwrap();
    });
    let mut tampered = seen.clone();
    tampered.checkpoint.signatures[1].bytes[70] ^= 1;
    let mut earlier = seen.clone();
    earlier.checkpoint.signatures[1].bytes[7] ^= 1;
    let mut twice = seen.clone();
    let again = twice.checkpoint.signatures[1].clone();
    twice.checkpoint.signatures.push(again);
    let one = || vec![witness("w.example", 2).key().clone()];
    let two = || [one(), vec![witness("x.example", 4).key().clone()]].concat();
    let bad = |name, file: &TlogProof, witnesses, needed| Case {
        witnesses,
        needed,
        ..Case::bad(name, "witnesses", file)
    };
    vec![
        bad("the witness has not signed", &proof(), one(), 1),
        bad("a bit of the witness's signature", &tampered, one(), 1),
        bad("another time than the witness's", &earlier, one(), 1),
        bad("one of two witnesses has signed", &seen, two(), 2),
        bad("a witness who signs twice counts once", &twice, two(), 2),
    ]
}

fn trees() -> Value {
    let sizes = [0_u64, 1, 2, 3, 7, 8, 255, 256, 257, 1_000, 65_536, 70_000];
    let mut files = Files::default();
    let entries: Vec<_> = (0..70_000).map(|i: u64| i.to_string().into_bytes()).collect();
    files.write(Log::default().append(&entries).unwrap());
    let at = |size: u64| TileSubtrees::new(&files, size);
    let hex = |hashes: Vec<Hash>| hashes.iter().map(ToString::to_string).collect::<Vec<_>>();
    let roots: Vec<_> = sizes
        .iter()
        .map(|size| json!({"size": size, "root": root_at(*size, &at(*size)).unwrap().to_string()}))
        .collect();
    let inclusion: Vec<_> = sizes
        .iter()
        .flat_map(|size| {
            let mut indexes = vec![0, 1, size / 2, 255, 256, size.saturating_sub(1)];
            indexes.sort_unstable();
            indexes.dedup();
            indexes.retain(|index| index < size);
            indexes.into_iter().map(|index| (index, *size))
        })
        .map(|(index, size)| {
            let path = hex(prove_inclusion(index, size, &at(size)).unwrap());
            json!({"index": index, "size": size, "path": path})
        })
        .collect();
    let consistency: Vec<_> = sizes
        .iter()
        .flat_map(|old| sizes.iter().filter(move |new| old <= new).map(move |new| (*old, *new)))
        .map(|(old, new)| {
            let path = hex(prove_consistency(old, new, &at(new)).unwrap());
            json!({"old": old, "new": new, "path": path})
        })
        .collect();
    let tiles: Vec<_> = [(0, 0, 256), (0, 999, 7), (1, 1_000, 256), (2, 1_234_067, 1)]
        .map(|(level, index, width)| Tile::hashes(level, index, width))
        .into_iter()
        .chain([Tile::entries(3, 256), Tile::entries(123_456, 255)])
        .map(|tile| {
            let level = match tile.kind {
                TileKind::Hashes { level } => Value::from(level),
                TileKind::Entries => "entries".into(),
            };
            let (index, width) = (tile.index, tile.width);
            json!({"level": level, "index": index, "width": width, "path": tile.to_string()})
        })
        .collect();
    json!({
        "roots": roots,
        "inclusion": inclusion,
        "consistency": consistency,
        "tiles": tiles,
        "log": log(),
    })
}

/// A log of 600 entries, as its files are.
fn log() -> Value {
    let mut log = Log::default();
    let mut files = Files::default();
    let entries: Vec<_> = (0..600).map(|i: u64| i.to_string().into_bytes()).collect();
    files.write(log.append(&entries).unwrap());
    let head = TreeHead { size: log.size(), root: log.root() };
    let checkpoint = Checkpoint::new(ORIGIN, head).sign(&signer()).unwrap();
    let files: serde_json::Map<_, _> = files
        .0
        .iter()
        .map(|(path, bytes)| (path.clone(), Hash::of(bytes).to_string().into()))
        .collect();
    json!({"checkpoint": checkpoint.to_string(), "key": signer().key().to_string(), "files": files})
}

fn check(name: &str, vectors: &Value) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(name);
    let text = format!("{}\n", serde_json::to_string_pretty(vectors).unwrap());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, text).unwrap();
    } else {
        let found = std::fs::read_to_string(path).unwrap();
        assert!(found == text, "`{name}` is not what the code gives; see what changed by UPDATE=1");
    }
}

#[test]
fn proofs_of_events() {
    let cases = [
        good_cases(),
        cases_of_the_file(),
        cases_of_the_extra_data(),
        cases_of_the_checkpoint(),
        cases_of_witnesses(),
        cases_of_the_log(),
    ];
    let cases: Vec<_> = cases.iter().flatten().map(Case::to_json).collect();
    check("event_proofs.json", &json!({"cases": cases}));
}

#[test]
fn roots_paths_and_tiles() {
    check("trees.json", &trees());
}
