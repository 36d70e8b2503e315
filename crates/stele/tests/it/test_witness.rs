//! A witness for tests, after C2SP tlog-witness: it keeps to the rules, or breaks one that it is
//! told to.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use stele_ledger::checkpoint::Checkpoint;
use stele_ledger::hash::empty_root;
use stele_ledger::key::{Algorithm, Ed25519Signer, Signer, VerifierKey};
use stele_ledger::note::Note;
use stele_ledger::proof::{TreeHead, verify_consistency};
use stele_ledger::witness::{AddCheckpoint, WitnessAnswer};

/// How it behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Behaviour {
    /// By the rules.
    Honest,
    /// It signs with another key than its own.
    OtherKey,
    /// Another key's signature, with the name and number of its own key.
    Forged,
    /// Its signature is of another time than it says.
    OtherTime,
    /// Always 409, with this size.
    Conflict(u64),
    /// These words with a status, whatever was asked.
    Says(u16, String),
    /// A longer body than anybody should read.
    Huge,
    /// It sends on to another place.
    Redirect(String),
    /// It takes the request and says nothing.
    Hangs,
}

struct State {
    behaviour: Behaviour,
    keys: BTreeMap<String, Vec<VerifierKey>>,
    latest: BTreeMap<String, (TreeHead, Note)>,
    requests: u32,
}

/// The witness; ends with the process.
#[derive(Clone)]
pub(crate) struct TestWitness {
    name: String,
    seed: u8,
    address: String,
    state: Arc<Mutex<State>>,
}

impl TestWitness {
    /// A witness that knows a log by its key.
    pub(crate) fn start(number: u8, key: &VerifierKey, behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (latest, requests) = (BTreeMap::new(), 0);
        let state = State { behaviour, keys: BTreeMap::new(), latest, requests };
        let witness = Self {
            name: format!("w{number}.example"),
            seed: 100 + number,
            address: listener.local_addr().unwrap().to_string(),
            state: Arc::new(Mutex::new(state)),
        };
        witness.know(key);
        let served = witness.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let served = served.clone();
                std::thread::spawn(move || served.answer(stream));
            }
        });
        witness
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn signer(&self, seed: u8) -> Ed25519Signer {
        Ed25519Signer::from_seed(&self.name, Algorithm::CosignatureV1, &[seed; 32]).unwrap()
    }

    /// Its verifier key.
    pub(crate) fn key(&self) -> String {
        self.signer(self.seed).key().to_string()
    }

    /// What comes before `/add-checkpoint`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/w", self.address)
    }

    /// Key and URL, as they stand in the setting.
    pub(crate) fn setting(&self) -> String {
        format!("{} {}", self.key(), self.url())
    }

    pub(crate) fn behave(&self, behaviour: Behaviour) {
        self.state().behaviour = behaviour;
    }

    /// Tells it one more key of a log.
    pub(crate) fn know(&self, key: &VerifierKey) {
        self.state().keys.entry(key.name().to_owned()).or_default().push(key.clone());
    }

    /// How many requests it got.
    pub(crate) fn requests(&self) -> u32 {
        self.state().requests
    }

    /// The checkpoint that it has signed last, with its signature.
    pub(crate) fn latest(&self) -> Option<Note> {
        self.state().latest.values().next().map(|(_, note)| note.clone())
    }

    fn answer(&self, mut stream: TcpStream) {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let (mut line, mut length) = (String::new(), 0);
        reader.read_line(&mut line).unwrap();
        let is_right = line.starts_with("POST /w/add-checkpoint ");
        loop {
            let mut header = String::new();
            if reader.read_line(&mut header).unwrap_or(0) <= 2 {
                break;
            }
            if let Some(value) = header.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        if !is_right || reader.read_exact(&mut body).is_err() {
            return;
        }
        self.state().requests += 1;
        let behaviour = self.state().behaviour.clone();
        let mut headers = String::new();
        let (status, body) = match behaviour {
            Behaviour::Conflict(size) => WitnessAnswer::Conflict { size }.encode(),
            Behaviour::Redirect(to) => {
                headers = format!("Location: {to}\r\n");
                (307, String::new())
            }
            Behaviour::Hangs => {
                std::thread::sleep(Duration::from_mins(10));
                return;
            }
            Behaviour::Huge => (200, "x".repeat(8 << 20)),
            Behaviour::Says(status, words) => (status, words),
            _ => self.add_checkpoint(&body).encode(),
        };
        if status == 409 {
            headers.push_str("Content-Type: text/x.tlog.size\r\n");
        }
        let head = format!(
            "HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n",
            body.len()
        );
        let _ = stream.write_all(head.as_bytes());
        let _ = stream.write_all(body.as_bytes());
    }

    /// The rules, in the order of the specification.
    fn add_checkpoint(&self, body: &[u8]) -> WitnessAnswer {
        let mut state = self.state();
        let Ok(request) = AddCheckpoint::parse(body) else { return WitnessAnswer::BadRequest };
        let Ok(checkpoint) = request.checkpoint.text.parse::<Checkpoint>() else {
            return WitnessAnswer::BadRequest;
        };
        let Some(keys) = state.keys.get(&checkpoint.origin) else {
            return WitnessAnswer::UnknownLog;
        };
        if Checkpoint::of_note(&request.checkpoint, &checkpoint.origin, keys).is_err() {
            return WitnessAnswer::Forbidden;
        }
        let head = checkpoint.head;
        if request.old_size > head.size {
            return WitnessAnswer::BadRequest;
        }
        let nothing = TreeHead { size: 0, root: empty_root() };
        let latest = state.latest.get(&checkpoint.origin).map_or(nothing, |(head, _)| *head);
        if request.old_size != latest.size {
            return WitnessAnswer::Conflict { size: latest.size };
        }
        if verify_consistency(latest, head, &request.consistency).is_err() {
            return WitnessAnswer::Inconsistent;
        }
        let seconds = now_seconds();
        let mut note = request.checkpoint;
        note.sign(&self.signer(self.seed), seconds).unwrap();
        let own = note.signatures.last().unwrap().clone();
        // One of a key that nobody asked for.
        let mut other = note.clone();
        other.sign(&self.signer(self.seed + 50), seconds).unwrap();
        let other = other.signatures.pop().unwrap();
        WitnessAnswer::Cosigned(match &state.behaviour {
            Behaviour::OtherKey => vec![other],
            Behaviour::Forged => {
                let mut forged = own;
                forged.bytes = other.bytes;
                vec![forged]
            }
            Behaviour::OtherTime => {
                let mut changed = own;
                changed.bytes[7] ^= 1;
                vec![changed]
            }
            _ => {
                state.latest.insert(checkpoint.origin, (head, note));
                vec![other, own]
            }
        })
    }
}

#[expect(clippy::disallowed_methods, reason = "a witness has a clock of its own")]
fn now_seconds() -> u64 {
    let now = std::time::SystemTime::now();
    now.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}
