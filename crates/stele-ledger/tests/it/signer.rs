//! The messages of a signer elsewhere, and what it may sign.

use proptest::prelude::*;
use stele_ledger::checkpoint::Checkpoint;
use stele_ledger::hash::{Hash, empty_root, root_of};
use stele_ledger::key::Signer as _;
use stele_ledger::proof::{Leaves, TreeHead, prove_consistency};
use stele_ledger::signer::{SignRequest, SignerAnswer, SignerRequest, SignerState, judge};

use crate::folder::signer;

const ORIGIN: &str = "stele.example/ledger";

fn leaves(count: u64, fork: u8) -> Vec<Hash> {
    (0..count).map(|n| Hash::of(&[n as u8, if n < 4 { 0 } else { fork }])).collect()
}

fn head(leaves: &[Hash]) -> TreeHead {
    TreeHead { size: leaves.len() as u64, root: root_of(leaves) }
}

fn request(old_size: u64, leaves: &[Hash]) -> SignRequest {
    let new = head(leaves);
    let consistency = prove_consistency(old_size, new.size, &Leaves(leaves)).unwrap();
    SignRequest { old_size, consistency, checkpoint: Checkpoint::new(ORIGIN, new) }
}

#[test]
fn only_what_goes_on_is_signed() {
    for last in 0..20_u64 {
        let before = head(&leaves(last, 1));
        for (size, fork) in (0..25_u64).flat_map(|size| [(size, 1), (size, 2)]) {
            let now = leaves(size, fork);
            let is_continuation = size >= last && (fork == 1 || last <= 4);
            for old_size in 0..=size {
                let judged = judge(ORIGIN, Some(before), &request(old_size, &now));
                let case = format!("{last} to {size} of {fork} from {old_size}: {judged:?}");
                if is_continuation && old_size != last {
                    assert_eq!(judged, Err(SignerAnswer::Conflict { size: last }), "{case}");
                } else {
                    assert_eq!(judged.is_ok(), is_continuation, "{case}");
                }
            }
        }
    }
}

#[test]
fn the_first_tree_needs_no_proof_and_a_proof_of_anything_else_is_none() {
    let tree = leaves(9, 1);
    assert_eq!(judge(ORIGIN, None, &request(0, &tree)), Ok(()));
    let ahead = judge(ORIGIN, None, &request(5, &tree));
    assert_eq!(ahead, Err(SignerAnswer::Conflict { size: 0 }));
    let sound = request(5, &tree);
    let last = Some(head(&leaves(5, 1)));
    assert_eq!(judge(ORIGIN, last, &sound), Ok(()));
    let refused = |request: &SignRequest| {
        matches!(judge(ORIGIN, last, request), Err(SignerAnswer::Refused(_)))
    };
    for at in 0..sound.consistency.len() {
        let mut wrong = sound.clone();
        wrong.consistency[at].0[0] ^= 1;
        assert!(refused(&wrong));
        wrong.consistency.remove(at);
        assert!(refused(&wrong));
    }
    let mut more = sound.clone();
    more.consistency.push(Hash::of(b""));
    assert!(refused(&more));
    let mut other = sound.clone();
    other.checkpoint.origin.push('2');
    assert!(refused(&other));
    let mut extended = sound;
    extended.checkpoint.extensions.push("x".to_owned());
    assert!(refused(&extended));
    let nothing = Some(TreeHead { size: 0, root: empty_root() });
    assert_eq!(judge(ORIGIN, nothing, &request(0, &tree)), Ok(()));
}

/// A message is a line and a body; both sides read them apart.
fn parts(message: &str) -> (&[u8], &[u8]) {
    let (line, body) = message.split_once('\n').unwrap();
    (line.as_bytes(), body.as_bytes())
}

#[test]
fn messages_are_read_as_they_were_written() {
    let (state, sign) = (SignerRequest::State, SignerRequest::Sign(request(5, &leaves(9, 1))));
    assert_eq!(state.encode(), "stele-signer/1 state 0\n");
    assert!(sign.encode().starts_with("stele-signer/1 sign "));
    for request in [state, SignerRequest::Next, sign] {
        let message = request.encode();
        let (line, body) = parts(&message);
        let (verb, length) = SignerRequest::parse_line(line).unwrap();
        assert_eq!(length, body.len());
        assert_eq!(SignerRequest::parse(&verb, body).unwrap(), request);
    }
    let key = signer().key().clone();
    let full =
        SignerState { key: key.clone(), last: Some(head(&leaves(9, 1))), next: Some(key.clone()) };
    let empty = SignerState { key, last: None, next: None };
    let note = Checkpoint::new(ORIGIN, head(&leaves(9, 1))).sign(&signer()).unwrap();
    for answer in [
        SignerAnswer::State(Box::new(full)),
        SignerAnswer::State(Box::new(empty)),
        SignerAnswer::Signed(note.signatures),
        SignerAnswer::Conflict { size: 7 },
        SignerAnswer::Refused("no".to_owned()),
        SignerAnswer::Failed(String::new()),
    ] {
        let message = answer.encode();
        let (line, body) = parts(&message);
        let (word, length) = SignerAnswer::parse_line(line).unwrap();
        assert_eq!(length, body.len());
        assert_eq!(SignerAnswer::parse(&word, body).unwrap(), answer);
    }
    for wrong in ["", "x", "last 1\n", "key x\n", "key\n", "next \n"] {
        assert!(SignerAnswer::parse("state", wrong.as_bytes()).is_err(), "{wrong:?}");
    }
}

proptest! {
    #[test]
    fn parsers_do_not_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        text in "\\PC{0,99}",
    ) {
        for bytes in [&bytes[..], text.as_bytes()] {
            let _ = SignerRequest::parse_line(bytes);
            let _ = SignerAnswer::parse_line(bytes);
            for word in ["state", "sign", "next", "take", "signed", "conflict", "refused"] {
                let _ = SignerRequest::parse(word, bytes);
                let _ = SignerAnswer::parse(word, bytes);
            }
        }
    }
}
