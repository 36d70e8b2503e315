//! Signed notes, checkpoints and cosignatures: the vectors of the specifications, and Cloudflare's
//! crate.

use proptest::prelude::*;
use stele_ledger::Error;
use stele_ledger::checkpoint::{Checkpoint, WitnessPolicy};
use stele_ledger::hash::{Hash, empty_root};
use stele_ledger::key::{Algorithm, Ed25519Signer, Signer, VerifierKey};
use stele_ledger::note::Note;
use stele_ledger::proof::{TreeHead, verify_consistency};

use crate::folder::{ORIGIN, signer};

const PETER_KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const PETER_SECRET: &str =
    "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const PETER_NOTE: &str = "If you think cryptography is the answer to your problem,\n\
    then you don't know what your problem is.\n\n\
    — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

/// The example of C2SP signed-note.
const SPEC_KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const SPEC_NOTE: &str = "This is an example message.\n\n\
    — example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

/// The example of C2SP tlog-cosignature; its keys are not published.
const SOFA: &str = concat!(
    "example.com/behind-the-sofa\n",
    "20852163\n",
    "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n",
    "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n",
    "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n",
);

/// From the tests of FiloSottile/torchwood (litewitness): a log of the Sigsum project.
const SIGSUM: &str =
    "sigsum.org/v1/tree/4d6d8825a6bb689d459628312889dfbb0bcd41b5211d9e1ce768b0ff0309e562";
const SIGSUM_KEY: &str = "ffdc2d4d98e4124d3feaf788c0c2f9abfd796083d1f0495437f302ec79cf100f";

fn key(text: &str) -> VerifierKey {
    text.parse().unwrap()
}

fn note(text: &str) -> Note {
    Note::parse(text.as_bytes()).unwrap()
}

#[test]
fn the_vectors_of_signed_note_verify() {
    for (text, key_text) in [(SPEC_NOTE, SPEC_KEY), (PETER_NOTE, PETER_KEY)] {
        let note = note(text);
        let keys = [key(SPEC_KEY), key(PETER_KEY)];
        let verified = note.verify(&keys).unwrap();
        assert_eq!(verified.len(), 1);
        assert_eq!(verified[0].key.to_string(), key_text);
        assert_eq!(note.to_string(), text);
        let stranger = [signer().key().clone()];
        assert!(matches!(note.verify(&stranger), Err(Error::Unsigned { keys: 1 })));
        let forged = Note { text: note.text.replace("is", "are"), ..note };
        assert!(matches!(forged.verify(&keys), Err(Error::BadSignature { .. })));
    }
    let signer = Ed25519Signer::from_secret_text(PETER_SECRET).unwrap();
    let mut signed = Note { signatures: Vec::new(), ..note(PETER_NOTE) };
    signed.sign(&signer, 0).unwrap();
    assert_eq!(signed.to_string(), PETER_NOTE);
}

#[test]
fn a_log_of_sigsum_is_verified_from_one_size_to_the_next() {
    let public = Hash::from_hex(SIGSUM_KEY).unwrap().0;
    let keys = [VerifierKey::new(SIGSUM, Algorithm::Ed25519, public).unwrap()];
    let open = |size: u64, root: &str, signature: &str| {
        let note = format!("{SIGSUM}\n{size}\n{root}\n\n— {SIGSUM} {signature}\n");
        Checkpoint::open(note.as_bytes(), SIGSUM, &keys).map(|(checkpoint, _)| checkpoint.head)
    };
    let one = open(
        1,
        "KgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "UgIom7fPZTqpxWWhyjWduBvTvGVqsokMbqTArsQilegKoFBJQjUFAmQ0+YeSPM3wfUQMFSzVnnNuWRTYrajXpNUbIQY=",
    );
    let three = "RcCI1Nk56ZcSmIEfIn0SleqtV7uvrlXNccFx595Iwl0=";
    let signature = "UgIom2VbtIcdFbwFAy1n7s6IkAxIY6J/GQOTuZF2ORV39d75cbAj2aQYwyJre36kezNobZs4SUUdrcawfAB8WVrx6go=";
    let proof = [
        "KgEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "KgIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    ]
    .map(|hash| Hash::from_base64(hash).unwrap());
    let new = open(3, three, signature).unwrap();
    verify_consistency(one.unwrap(), new, &proof).unwrap();
    let wrong = signature.replace("6go=", "6gx=");
    assert!(open(3, three, &wrong).is_err());
    let wrong = signature.replace("6go=", "6gw=");
    assert!(matches!(open(3, three, &wrong), Err(Error::BadSignature { .. })));
}

#[test]
fn notes_and_keys_of_an_independent_implementation_agree() {
    for number in 0..8_u8 {
        let name = format!("log{number}.example/x");
        let seed = [number; 32];
        let secret = Ed25519Signer::secret_text(&name, Algorithm::Ed25519, &seed).unwrap();
        let ours = Ed25519Signer::from_secret_text(&secret).unwrap();
        let theirs = signed_note::StandardSigner::new(&secret).unwrap();
        let text = format!("{name}\n{number}\n{}\n", Hash::of(&seed).to_base64());
        let mut note = Note { text: text.clone(), signatures: Vec::new() };
        note.sign(&ours, 0).unwrap();
        let mut their_note = signed_note::Note::new(text.as_bytes(), &[]).unwrap();
        their_note.add_sigs(&[&theirs]).unwrap();
        assert_eq!(note.to_string().into_bytes(), their_note.to_bytes());
        let verifier = signed_note::StandardVerifier::new(&ours.key().to_string()).unwrap();
        let list = signed_note::VerifierList::new(vec![Box::new(verifier)]);
        their_note.verify(&list).unwrap();
        assert_eq!(ours.key().to_string().parse::<VerifierKey>().unwrap(), *ours.key());
    }
}

fn witness(number: u8) -> Ed25519Signer {
    let name = format!("witness.example/w{number}");
    Ed25519Signer::from_seed(&name, Algorithm::CosignatureV1, &[100 + number; 32]).unwrap()
}

fn checkpoint() -> Checkpoint {
    Checkpoint::new(ORIGIN, TreeHead { size: 17, root: Hash::of(b"17") })
}

#[test]
fn a_cosignature_signs_the_time_and_the_text_as_specified() {
    let mut note = checkpoint().sign(&signer()).unwrap();
    let witness = witness(1);
    note.sign(&witness, 1_679_315_147).unwrap();
    let line = &note.signatures[1];
    // By another implementation of Ed25519, over the message that the specification shows.
    let plain = VerifierKey::new("plain", Algorithm::Ed25519, *witness.key().public()).unwrap();
    let theirs = signed_note::StandardVerifier::new(&plain.to_string()).unwrap();
    let message = format!("cosignature/v1\ntime 1679315147\n{}", note.text);
    let (time, signature) = line.bytes.split_at(8);
    assert_eq!(time, 1_679_315_147_u64.to_be_bytes());
    assert!(signed_note::Verifier::verify(&theirs, message.as_bytes(), signature));
    let keys = [witness.key().clone()];
    assert_eq!(note.verify(&keys).unwrap()[0].time_seconds, Some(1_679_315_147));
    // A changed time is a changed message.
    note.signatures[1].bytes[7] ^= 1;
    assert!(matches!(note.verify(&keys), Err(Error::BadSignature { .. })));
}

#[test]
fn a_witness_policy_counts_each_witness_once() {
    let mut note = checkpoint().sign(&signer()).unwrap();
    let keys: Vec<_> = (1..=3).map(|number| witness(number).key().clone()).collect();
    let policy = WitnessPolicy::new(keys.clone(), 2).unwrap();
    let too_few = |note: &Note| match policy.check(note) {
        Err(Error::TooFewWitnesses { found, needed: 2 }) => found,
        other => panic!("{other:?}"),
    };
    assert_eq!(too_few(&note), 0);
    note.sign(&witness(2), 5).unwrap();
    note.sign(&witness(2), 6).unwrap();
    note.sign(&witness(9), 7).unwrap();
    assert_eq!(too_few(&note), 1);
    note.sign(&witness(3), 8).unwrap();
    let times: Vec<_> = policy.check(&note).unwrap().iter().map(|v| v.time_seconds).collect();
    assert_eq!(times, [Some(5), Some(8)]);
    assert!(WitnessPolicy::new(keys.clone(), 4).is_err());
    assert!(WitnessPolicy::new(vec![keys[0].clone(), keys[0].clone()], 1).is_err());
    assert!(WitnessPolicy::new(vec![signer().key().clone()], 1).is_err());
    assert_eq!(WitnessPolicy::default().check(&note).unwrap(), []);
    // What a witness says is not what the log says.
    let only = Checkpoint::of_note(&note, ORIGIN, &keys);
    assert!(matches!(only, Err(Error::Unsigned { .. })));
}

#[test]
fn checkpoints_are_read_and_written_as_specified() {
    let sofa = note(SOFA);
    assert_eq!(sofa.to_string(), SOFA);
    let checkpoint: Checkpoint = sofa.text.parse().unwrap();
    assert_eq!(checkpoint.head.size, 20_852_163);
    assert_eq!(checkpoint.to_string(), sofa.text);
    let theirs = tlog_tiles::checkpoint::Checkpoint::from_bytes(sofa.text.as_bytes()).unwrap();
    assert_eq!(theirs.hash().0, checkpoint.head.root.0);
    let root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";
    let extended = format!("o\n1\n{root}\nmore\n");
    assert_eq!(extended.parse::<Checkpoint>().unwrap().extensions, ["more"]);
    let empty = format!("o\n0\n{}\n", empty_root().to_base64());
    assert_eq!(empty.parse::<Checkpoint>().unwrap().head.size, 0);
    for wrong in [
        String::new(),
        "o\n1\n".to_owned(),
        format!("o\n1\n{root}"),
        format!("\n1\n{root}\n"),
        format!("o\n01\n{root}\n"),
        format!("o\n+1\n{root}\n"),
        format!("o\n-1\n{root}\n"),
        format!("o\n18446744073709551616\n{root}\n"),
        format!("o\n0\n{root}\n"),
        format!("o\n1\n{root}=\n"),
        format!("o\n1\n{}\n", root.replace("2I=", "2J=")),
        format!("o\n1\n{root}\n\n"),
        format!("o\n1\n{root}\n\nx\n"),
    ] {
        assert!(wrong.parse::<Checkpoint>().is_err(), "{wrong:?}");
    }
    let signed = checkpoint.sign(&signer()).unwrap().to_string();
    let keys = [signer().key().clone()];
    let other = Checkpoint::open(signed.as_bytes(), ORIGIN, &keys);
    assert!(matches!(other, Err(Error::WrongOrigin { found, .. }) if found.contains("sofa")));
    // A text that could not be read back is not signed.
    let twisted = Checkpoint { origin: "a\nb".to_owned(), ..checkpoint.clone() };
    assert!(twisted.sign(&signer()).is_err());
    assert!(matches!(checkpoint.sign(&witness(1)), Err(Error::Unsupported { .. })));
}

#[test]
fn malformed_notes_and_keys_are_refused() {
    let line = PETER_NOTE.lines().last().unwrap();
    for wrong in [
        String::new(),
        "\n".to_owned(),
        "text\n".to_owned(),
        "text\n\n".to_owned(),
        format!("text\n{line}\n"),
        format!("text\n\n{line}"),
        format!("text\n\n{}\n", line.replace('—', "-")),
        format!("text\n\n{}\n", line.replace("PeterNeumann", "Peter+Neumann")),
        format!("text\n\n{}\n", line.replace("PeterNeumann ", "")),
        format!("text\n\n{line}=\n"),
        format!("text\n\n{line}\r\n"),
        format!("te\txt\n\n{line}\n"),
        "text\n\n— name AAAA\n".to_owned(),
        "text\n\n— name AAAAAA==\n".to_owned(),
        format!("text\n\n{}", format!("{line}\n").repeat(101)),
    ] {
        let refused = Note::parse(wrong.as_bytes());
        assert!(matches!(refused, Err(Error::Malformed { .. })), "{wrong:?}");
    }
    assert!(Note::parse(b"\xff\n\n").is_err());
    assert!(matches!(Note::parse(&vec![b'a'; 2 << 20]), Err(Error::TooLong { .. })));
    // Sixteen signatures and more must be taken.
    Note::parse(format!("text\n\n{}", format!("{line}\n").repeat(100)).as_bytes()).unwrap();
    for wrong in [
        "",
        "a+b",
        "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+ARpc2Qc=",
        "PeterNeumann+c74f20a3+",
    ] {
        assert!(matches!(wrong.parse::<VerifierKey>(), Err(Error::Malformed { .. })), "{wrong}");
    }
    let other = "x+00000000+BhpcARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    assert!(matches!(other.parse::<VerifierKey>(), Err(Error::Unsupported { .. })));
    let wrong_id = PETER_SECRET.replace("c74f20a3", "c74f20a4");
    assert!(Ed25519Signer::from_secret_text(&wrong_id).is_err());
    assert!(Ed25519Signer::from_secret_text(PETER_KEY).is_err());
}

/// A signer elsewhere that does not do as it should.
struct Elsewhere(Ed25519Signer, bool);

impl Signer for Elsewhere {
    fn key(&self) -> &VerifierKey {
        self.0.key()
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], Error> {
        if self.1 {
            return self.0.sign(&[message, b"!"].concat());
        }
        let reason = "connection refused".to_owned();
        Err(Error::Signer { name: self.key().name().to_owned(), reason })
    }
}

#[test]
fn a_signer_that_fails_or_lies_leaves_no_signature() {
    for lies in [false, true] {
        let mut note = Note { text: "text\n".to_owned(), signatures: Vec::new() };
        let failed = note.sign(&Elsewhere(signer(), lies), 0);
        assert!(matches!(failed, Err(Error::Signer { .. })));
        assert_eq!(note.signatures, []);
    }
}

proptest! {
    #[test]
    fn what_is_read_is_written_the_same(text in "\\PC{0,40}\n(\\PC{0,20}\n){0,4}") {
        let mut note = Note { text, signatures: Vec::new() };
        note.sign(&signer(), 0).unwrap();
        note.sign(&witness(1), 3).unwrap();
        let read = Note::parse(note.to_string().as_bytes()).unwrap();
        prop_assert_eq!(&read, &note);
        prop_assert_eq!(read.verify(&[signer().key().clone()]).unwrap().len(), 1);
    }

    #[test]
    fn parsers_do_not_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        text in "\\PC{0,99}",
    ) {
        let _ = Note::parse(&bytes);
        let _ = Note::parse(text.as_bytes());
        let _ = text.parse::<Checkpoint>();
        let _ = text.parse::<VerifierKey>();
        let _ = Ed25519Signer::from_secret_text(&format!("PRIVATE+KEY+{text}"));
    }
}
