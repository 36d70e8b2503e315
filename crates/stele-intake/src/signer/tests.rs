//! A signer on a real socket: what it signs, what it refuses, and that nobody holds it up.

#![allow(clippy::unwrap_used)]

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use proptest::prelude::*;
use stele_event::runtime::SeededEntropy;
use stele_ledger::Error;
use stele_ledger::checkpoint::Checkpoint;
use stele_ledger::hash::{Hash, leaf_hash, root_of};
use stele_ledger::note::Note;
use stele_ledger::proof::{Leaves, TreeHead, prove_inclusion};
use stele_ledger::record::{Act, Deed, Record};
use stele_ledger::signer::{
    BODY_BYTES_MAX, LogSigner, SignRequest, SignerAnswer, SignerRequest, SignerState,
};
use stele_ledger::tlog_proof::TlogProof;

use super::{Keeper, ServeLimits, bind, serve};
use crate::ledger::{KeyFolder, SocketSigner};

/// A signer that runs in a thread, until it is dropped.
struct Running {
    socket: PathBuf,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Running {
    fn start(folder: &Path, limits: ServeLimits) -> Self {
        let keeper = Keeper::open(&folder.join("ledger.key"), 1, Arc::new(SeededEntropy::new(1)));
        let keeper = keeper.unwrap();
        let socket = folder.join("signer.sock");
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let (ready, is_ready) = std::sync::mpsc::sync_channel(1);
        let path = socket.clone();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async {
                let listener = bind(&path).unwrap();
                ready.send(()).unwrap();
                tokio::select! {
                    () = serve(listener, keeper, limits) => {}
                    _ = stopped => {}
                }
            });
        });
        is_ready.recv().unwrap();
        Self { socket, stop: Some(stop), thread: Some(thread) }
    }

    /// What it answers to bytes, whatever they are.
    fn say(&self, bytes: &[u8]) -> String {
        let mut stream = UnixStream::connect(&self.socket).unwrap();
        let _ = stream.write_all(bytes);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8(answer).unwrap()
    }

    fn ask(&self, request: &SignerRequest) -> SignerAnswer {
        let answer = self.say(request.encode().as_bytes());
        let (line, body) = answer.split_once('\n').unwrap();
        let (word, length) = SignerAnswer::parse_line(line.as_bytes()).unwrap();
        assert_eq!(length, body.len());
        SignerAnswer::parse(&word, body.as_bytes()).unwrap()
    }

    fn client(&self) -> SocketSigner {
        let folder = self.socket.parent().unwrap().join("client");
        SocketSigner::open(&self.socket, KeyFolder::new(&folder)).unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.stop.take());
        self.thread.take().unwrap().join().unwrap();
    }
}

/// Leaves of a log, of which `fork` decides those from 5 on.
fn leaves(count: u64, fork: u8) -> Vec<Hash> {
    (0..count).map(|n| Hash::of(&[n as u8, if n < 5 { 0 } else { fork }])).collect()
}

fn checkpoint(origin: &str, leaves: &[Hash]) -> Checkpoint {
    Checkpoint::new(origin, TreeHead { size: leaves.len() as u64, root: root_of(leaves) })
}

/// Lets the client sign a log of so many leaves.
fn sign(client: &SocketSigner, count: u64, fork: u8) -> Result<Note, Error> {
    let leaves = leaves(count, fork);
    client.sign(&checkpoint(&client.origin(), &leaves), &client.state()?, &Leaves(&leaves))
}

#[test]
fn it_signs_what_goes_on_and_refuses_what_does_not_also_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let mut running = Running::start(folder.path(), ServeLimits::default());
    let mode = |name: &str| {
        std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777
    };
    assert_eq!(["signer.sock", "ledger.key"].map(mode), [0o660, 0o600]);
    let client = running.client();
    let key = client.state().unwrap().key;
    for count in [3, 7, 7, 8, 100] {
        let note = sign(&client, count, 1).unwrap();
        Checkpoint::of_note(&note, &client.origin(), std::slice::from_ref(&key)).unwrap();
    }
    let refused = |result: Result<Note, Error>, part: &str| match result {
        Err(Error::SignerRefused { reason, .. }) => assert!(reason.contains(part), "{reason}"),
        other => panic!("{other:?}"),
    };
    for _ in 0..2 {
        let client = running.client();
        assert_eq!(client.state().unwrap().last.unwrap().size, 100);
        refused(sign(&client, 50, 1), "it has signed 100 entries, there are 50");
        refused(sign(&client, 100, 2), "another tree of 100 entries");
        refused(sign(&client, 120, 2), "not a continuation of the 100 entries");
        let all = leaves(100, 1);
        let request = |old_size, checkpoint| {
            running.ask(&SignerRequest::Sign(SignRequest {
                old_size,
                consistency: vec![],
                checkpoint,
            }))
        };
        let foreign = request(100, checkpoint("other/1", &all));
        assert!(matches!(&foreign, SignerAnswer::Refused(why) if why.contains("`other/1`")));
        let own = checkpoint(&client.origin(), &all);
        assert_eq!(request(7, own.clone()), SignerAnswer::Conflict { size: 100 });
        let less = checkpoint(&client.origin(), &all[..7]);
        assert!(matches!(request(7, less), SignerAnswer::Refused(_)));
        let extended = Checkpoint { extensions: vec!["more".to_owned()], ..own };
        assert!(matches!(request(100, extended), SignerAnswer::Refused(_)));
        // One key, one signer.
        let second = Keeper::open(&folder.path().join("ledger.key"), 1, entropy());
        let error = second.unwrap_err().to_string();
        assert!(error.contains("another `stele signer` has it"), "{error}");
        drop(running);
        running = Running::start(folder.path(), ServeLimits::default());
    }
    drop(running);
    let away = client.state().unwrap_err();
    assert!(matches!(&away, Error::Signer { .. }) && away.to_string().contains("signer.sock"));
    let memory = folder.path().join("ledger.key.last");
    let kept = std::fs::read(&memory).unwrap();
    std::fs::write(&memory, String::from_utf8(kept).unwrap().replace("100\n", "101\n")).unwrap();
    let error = Keeper::open(&folder.path().join("ledger.key"), 1, entropy()).unwrap_err();
    assert!(error.to_string().contains("would sign any tree"), "{error}");
}

fn entropy() -> Arc<SeededEntropy> {
    Arc::new(SeededEntropy::new(2))
}

#[test]
fn the_key_changes_only_after_its_announcement_is_signed() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start(folder.path(), ServeLimits::default());
    let client = running.client();
    let old = client.state().unwrap().key;
    let next = client.draw_next().unwrap();
    assert_eq!(client.draw_next().unwrap(), next, "until it is taken, it is the same");
    let announcement = |key: &str, replaces: &str| {
        let (key, replaces) = (key.to_owned(), Some(replaces.to_owned()));
        let deed = Deed::Key { key, replaces };
        Record::Act(Act { at_micros: 1, by: "stele".to_owned(), deed }).encode().unwrap()
    };
    let [old_text, next_text] = [&old, &next].map(ToString::to_string);
    let entries = [
        announcement("mine", &old_text),
        announcement(&next_text, &next_text),
        announcement(&next_text, &old_text),
    ];
    let leaves: Vec<Hash> = entries.iter().map(|entry| leaf_hash(entry)).collect();
    let head = checkpoint(&client.origin(), &leaves);
    let note = client.sign(&head, &client.state().unwrap(), &Leaves(&leaves)).unwrap();
    let proof = |index: usize| TlogProof {
        extra: Some(entries[index].clone()),
        index: index as u64,
        path: prove_inclusion(index as u64, 3, &Leaves(&leaves)).unwrap(),
        checkpoint: note.clone(),
    };
    let other_entry = TlogProof { extra: Some(entries[2].clone()), ..proof(1) };
    let unsigned = TlogProof {
        checkpoint: Note { text: note.text.replace("\n3\n", "\n4\n"), ..note.clone() },
        ..proof(2)
    };
    for wrong in [proof(0), proof(1), other_entry, unsigned] {
        assert!(matches!(client.take_next(&wrong), Err(Error::SignerRefused { .. })));
        assert_eq!(client.state().unwrap().key, old);
    }
    client.take_next(&proof(2)).unwrap();
    assert!(matches!(client.take_next(&proof(2)), Err(Error::SignerRefused { .. })));
    drop(running);
    let running = Running::start(folder.path(), ServeLimits::default());
    let state = running.client().state().unwrap();
    assert_eq!(state, SignerState { key: next, last: Some(head.head), next: None });
    let listed = KeyFolder::of_file(&folder.path().join("ledger.key")).public().unwrap();
    assert_eq!(listed, [old, state.key]);
}

#[test]
fn garbage_is_refused_with_a_reason_and_slow_clients_hold_nobody_up() {
    let folder = tempfile::tempdir().unwrap();
    let limits = ServeLimits { exchange_ms_max: 300, connections_max: 4, ..ServeLimits::default() };
    let running = Running::start(folder.path(), limits);
    let long = format!("stele-signer/1 sign {}\n", BODY_BYTES_MAX + 1);
    let endless = "x".repeat(1 << 20);
    let body = "old 0\n\nstele\n1\n";
    let cut = format!("stele-signer/1 sign {}\n{body}", body.len());
    for (bytes, part) in [
        (&b"GET / HTTP/1.1\r\n\r\n"[..], "it begins with `stele-signer/1 <verb>`"),
        (b"\xff\xfe\n", "it begins with"),
        (b"stele-signer/1 sign -1\n", "is not a decimal number"),
        (b"stele-signer/1 sign 99999999999999999999\n", "is not a decimal number"),
        (long.as_bytes(), "is longer than 16384"),
        (endless.as_bytes(), "is longer than 64"),
        (b"stele-signer/1 key 0\n", "request `key` is not known"),
        (b"stele-signer/1 state 1\nx", "is not known"),
        (b"stele-signer/1 sign 3\nabc", "no empty line"),
        (b"stele-signer/1 take 3\nabc", "not a sound tlog-proof"),
        (cut.as_bytes(), "no root"),
    ] {
        let answer = running.say(bytes);
        let shown = String::from_utf8_lossy(bytes);
        assert!(answer.starts_with("refused ") && answer.contains(part), "{shown:.80}: {answer}");
    }
    // All places are taken by clients who say nothing, or not enough.
    let idle: Vec<_> = (0..4)
        .map(|n| {
            let mut stream = UnixStream::connect(&running.socket).unwrap();
            stream.write_all(&b"stele-signer/1 sign 900\nold"[..n * 9]).unwrap();
            stream
        })
        .collect();
    let client = running.client();
    sign(&client, 3, 1).unwrap();
    for mut stream in idle {
        assert_eq!(stream.read(&mut [0; 8]).unwrap(), 0, "it was cut off");
    }
}

#[test]
fn a_user_who_may_not_ask_is_refused_and_a_foreign_file_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let limits = ServeLimits { users: vec![u32::MAX - 7], ..ServeLimits::default() };
    let running = Running::start(folder.path(), limits);
    let error = SocketSigner::open(&running.socket, KeyFolder::new(&folder.path().join("c")));
    let error = error.unwrap_err().to_string();
    assert!(error.contains("may not ask"), "{error}");
    drop(running);
    let file = folder.path().join("precious");
    std::fs::write(&file, "x").unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _inside = runtime.enter();
    assert!(bind(&file).unwrap_err().to_string().contains("something else than a socket"));
    assert_eq!(std::fs::read(&file).unwrap(), b"x");
}

#[test]
fn a_client_believes_no_signer_that_lies() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("liar.sock");
    let listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let running = Running::start(folder.path(), ServeLimits::default());
    let honest = running.client();
    let state = honest.state().unwrap();
    let keys = KeyFolder::new(&folder.path().join("client"));
    let other = sign(&honest, 3, 1).unwrap();
    let state_answer = SignerAnswer::State(Box::new(state.clone())).encode();
    let other_origin = state_answer.replace("stele-", "stole-");
    let signature_of_another = SignerAnswer::Signed(other.signatures).encode();
    let answers = [
        String::new(),
        "x".repeat(1_000),
        "signed 99999\n".to_owned(),
        "signed 9\nx".to_owned(),
        "signed 1\n\n".to_owned(),
        "what 0\n".to_owned(),
        state_answer.clone(),
        other_origin,
        signature_of_another,
        "conflict 2\n7\n".to_owned(),
        "failed 4\nfull".to_owned(),
    ];
    let count = answers.len();
    let liar = std::thread::spawn(move || {
        for answer in std::iter::once(state_answer).chain(answers) {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 4_096];
            let _ = stream.read(&mut request);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    let client = SocketSigner::open(&socket, keys).unwrap();
    let leaves = leaves(4, 1);
    for _ in 0..count {
        let result = client.sign(&checkpoint(&client.origin(), &leaves), &state, &Leaves(&leaves));
        assert!(matches!(result, Err(Error::Signer { .. })), "{result:?}");
    }
    liar.join().unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn no_request_of_whatever_bytes_moves_what_was_signed(
        verb in "state|sign|next|take|[a-z]{0,9}",
        body in prop::collection::vec(any::<u8>(), 0..200),
        text in "old [0-9]{1,3}\n([A-Za-z0-9+/=]{0,44}\n){0,3}\n[ -~]{0,20}\n[0-9]{1,3}\n[ -~]{0,50}\n",
    ) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ledger.key");
        let mut keeper = Keeper::open(&file, 1, entropy()).unwrap();
        for body in [&body[..], text.as_bytes()] {
            let answer = keeper.answer(&verb, body);
            prop_assert!(!matches!(answer, SignerAnswer::Signed(_)));
            prop_assert_eq!(keeper.last(), None);
            let encoded = answer.encode();
            let (line, body) = encoded.split_once('\n').unwrap();
            let (word, _) = SignerAnswer::parse_line(line.as_bytes()).unwrap();
            prop_assert_eq!(SignerAnswer::parse(&word, body.as_bytes()).unwrap(), answer);
            let _ = SignerAnswer::parse(&verb, text.as_bytes());
        }
    }
}
