//! Witnesses, as an operator and an auditor meet them: those that are well are heard, the others
//! hold up nobody, and a fork behind their backs is found.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use stele_ledger::checkpoint::WitnessPolicy;
use stele_ledger::key::VerifierKey;
use stele_ledger::note::Note;

use crate::ledger::{text, verify};
use crate::server::{Server, rows, run, stele};
use crate::signer::wait;
use crate::test_witness::{Behaviour, TestWitness};

/// Makes a data folder; the verifier key of its ledger.
fn data_folder(data: &Path) -> VerifierKey {
    let server = Server::start(data);
    server.ingest("ingest/json?source=s", b"{\"n\":0}\n");
    server.stop();
    text(data.join("keys/ledger.keys")).trim().parse().unwrap()
}

fn start(data: &Path, witnesses: &[&TestWitness], quorum: &str) -> Server {
    let settings: Vec<String> = witnesses.iter().map(|one| one.setting()).collect();
    let witnesses = settings.join(", ");
    let variables = [
        ("STELE_LEDGER_WITNESSES", witnesses.as_str()),
        ("STELE_LEDGER_WITNESS_QUORUM", quorum),
        ("STELE_LEDGER_WITNESS_ALARM_S", "5"),
    ];
    Server::start_in(data, &[], &variables)
}

/// What the status says of the witnesses.
fn status(server: &Server) -> Value {
    server.get("status")["ledger"]["witnesses"].clone()
}

/// Why a witness has not signed.
fn failure(server: &Server, number: usize) -> String {
    status(server)["each"][number]["failure"].as_str().unwrap_or_default().to_owned()
}

fn problems(server: &Server) -> String {
    server.get("health")["problems"].to_string()
}

fn wait_witnessed(server: &Server) -> u64 {
    wait("it is witnessed", || status(server)["witnessed_size"].is_u64());
    status(server)["witnessed_size"].as_u64().unwrap()
}

fn size(server: &Server) -> u64 {
    server.get("ledger/entries?limit=0")["size"].as_u64().unwrap()
}

/// The arguments that ask for these witnesses.
fn asked<'a>(keys: &'a [String], needed: &'a str) -> Vec<&'a str> {
    let mut words: Vec<&str> = keys.iter().flat_map(|key| ["--witness", key]).collect();
    words.extend(["--witnesses-needed", needed]);
    words
}

#[test]
fn two_of_three_witnesses_make_a_checkpoint_that_is_published_proven_and_verified() {
    let folder = tempfile::tempdir().unwrap();
    let data = &folder.path().join("data");
    let key = data_folder(data);
    let [first, second] = [1, 2].map(|n| TestWitness::start(n, &key, Behaviour::Honest));
    let third = TestWitness::start(3, &key, Behaviour::Hangs);
    let witnesses = [&first, &second, &third];
    let keys = witnesses.map(TestWitness::key).to_vec();
    let server = start(data, &witnesses, "2");
    let witnessed = wait_witnessed(&server);
    server.ingest("ingest/json?source=s", b"{\"n\":1}\n");
    wait("there is a newer checkpoint", || size(&server) > witnessed);
    // What is published is what the two have signed, and its tiles are there.
    let policy = WitnessPolicy::new(keys.iter().map(|key| key.parse().unwrap()).collect(), 2);
    let (code, published) = server.request("GET", "ledger/checkpoint", "", b"");
    let note = Note::parse(published.as_bytes()).unwrap();
    assert_eq!((code, policy.unwrap().check(&note).unwrap().len()), (200, 2), "{published}");
    assert_eq!(note.text.lines().nth(1), Some(witnessed.to_string().as_str()));
    for tile in ["tile/0/000", "tile/entries/000"] {
        let path = format!("ledger/{tile}.p/{witnessed}");
        assert_eq!(server.request("GET", &path, "", b"").0, 200, "{path}");
    }
    let newest = server.request("GET", "ledger/checkpoint?newest=true", "", b"").1;
    assert!(newest.lines().nth(1).unwrap().parse::<u64>().unwrap() > witnessed, "{newest}");
    let printed = run(data, &["ledger", "checkpoint", "--witnessed"]);
    assert_eq!(String::from_utf8_lossy(&printed.stdout), published);
    let told = status(&server);
    assert_eq!((&told["needed"], &told["is_late"]), (&Value::from(2), &Value::Bool(false)));
    assert_eq!(told["each"][0]["size"], witnessed, "{told:#}");
    assert_eq!(told["each"][2]["size"], Value::Null, "{told:#}");
    server.stop();
    // The last checkpoint of the run was witnessed when it stopped.
    let log_key = key.to_string();
    let (code, report) = verify(data, &log_key, &asked(&keys, "2"));
    assert_eq!((code, &report["witnessed"]["size"]), (0, &report["size"]), "{report:#}");
    assert_eq!(report["witnessed"]["witnesses"], serde_json::json!(["w1.example", "w2.example"]));
    let (code, report) = verify(data, &log_key, &asked(&keys, "3"));
    assert!(code == 3 && report["counts"]["witness-missing"] == 1, "{report:#}");
    // What came later and was not witnessed yet is verified too, unless that took too long.
    let server = Server::start(data);
    server.ingest("ingest/json?source=s", b"{\"n\":2}\n");
    std::thread::sleep(Duration::from_secs(2));
    server.stop();
    let (code, report) = verify(data, &log_key, &asked(&keys, "2"));
    let [witnessed, all] = [&report["witnessed"]["size"], &report["size"]].map(Value::as_u64);
    assert!(code == 0 && witnessed < all, "{report:#}");
    let strict = [asked(&keys, "2"), vec!["--witness-lag", "0"]].concat();
    let (code, report) = verify(data, &log_key, &strict);
    assert!(code == 4 && report["counts"]["witness-behind"] == 1, "{report:#}");
    // A proof that the witnesses vouch for.
    let events = rows(data, &["search", "raw.n:*"]);
    let prove = |n: u64| {
        let event = events.iter().find(|one| one["raw"] == format!("{{\"n\":{n}}}")).unwrap();
        let address = format!("{}-{}", event["_batch"], event["_pos"]);
        let file = folder.path().join("event.proof").display().to_string();
        let words = ["prove", "--event", &address, "-o", &file, "--key", &log_key];
        let made = run(data, &[&words[..], &asked(&keys, "2")].concat());
        let words = ["verify", "--proof", &file, "--key", &log_key];
        let checked = |needed: &str| {
            let words = [&words[..], &asked(&keys, needed)].concat();
            run(&folder.path().join("elsewhere"), &words).status.code()
        };
        let error = String::from_utf8_lossy(&made.stderr).into_owned();
        (made.status.success(), error, checked("2"), checked("3"))
    };
    let (is_made, error, two, three) = prove(1);
    assert_eq!((is_made, two, three), (true, Some(0), Some(3)), "{error}");
    let (is_made, error, ..) = prove(2);
    assert!(!is_made && error.contains("enough witnesses yet"), "{error}");
}

#[test]
fn witnesses_that_misbehave_are_named_and_hold_up_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let key = data_folder(data);
    let honest = TestWitness::start(0, &key, Behaviour::Honest);
    let lured = TestWitness::start(90, &key, Behaviour::Honest);
    let says = |status, words: &str| Behaviour::Says(status, words.to_owned());
    let cases = [
        (Behaviour::OtherKey, "not signed by any of the 1 keys"),
        (Behaviour::Forged, "the signature of `w2.example` is wrong"),
        (Behaviour::OtherTime, "the signature of `w3.example` is wrong"),
        (Behaviour::Conflict(1 << 40), "it has seen 1099511627776 entries of this log"),
        (Behaviour::Conflict(0), "it has not seen 0, but 0 entries"),
        (says(200, "what?"), "not a sound signature"),
        (says(200, ""), "not a sound signature"),
        (says(200, "\u{2014} w6.example AAAA\n"), "not a sound signature"),
        (says(409, "many\n"), "size of a conflict"),
        (says(422, "no"), "is not how this log begins (422)"),
        (says(404, ""), "(404)"),
        (says(403, ""), "(403)"),
        (says(400, ""), "(400)"),
        (says(500, "oops"), "status 500"),
        (says(202, "later"), "status 202"),
        (Behaviour::Huge, "longer than 65536 bytes"),
        (Behaviour::Redirect(format!("{}/add-checkpoint", lured.url())), "status 307"),
        (Behaviour::Hangs, ""),
    ];
    let wrong: Vec<_> = (1..)
        .zip(&cases)
        .map(|(number, (behaviour, _))| TestWitness::start(number, &key, behaviour.clone()))
        .collect();
    let all: Vec<&TestWitness> = std::iter::once(&honest).chain(&wrong).collect();
    let server = start(data, &all, "1");
    wait_witnessed(&server);
    for (number, (behaviour, part)) in (1..).zip(&cases) {
        if *behaviour != Behaviour::Hangs {
            wait(part, || failure(&server, number).contains(part));
        }
    }
    assert_eq!(lured.requests(), 0, "a redirect was followed");
    let health = problems(&server);
    assert!(health.contains("`w4.example` objects"), "{health}");
    assert!(health.contains("`w10.example` objects"), "{health}");
    assert_eq!(health.matches("objects").count(), 2, "{health}");
    // Only one good signature is kept, and nothing is held up.
    let published = server.request("GET", "ledger/checkpoint", "", b"").1;
    assert_eq!(Note::parse(published.as_bytes()).unwrap().signatures.len(), 2, "{published}");
    server.ingest("ingest/json?source=s", b"{\"n\":1}\n");
    // They mend their ways, and are heard.
    for one in &wrong {
        one.behave(Behaviour::Honest);
    }
    wait("all but the one that hangs sign", || {
        let told = status(&server);
        let signed = told["each"].as_array().unwrap().iter().filter(|one| one["size"].is_u64());
        signed.count() >= cases.len()
    });
    server.stop();
    let keys: Vec<String> = all.iter().take(cases.len()).map(|one| one.key()).collect();
    let (code, report) = verify(data, &key.to_string(), &asked(&keys, "5"));
    assert_eq!(code, 0, "{report:#}");
}

#[test]
fn a_fork_behind_a_witness_is_found_with_the_stolen_key_in_hand() {
    let folder = tempfile::tempdir().unwrap();
    let (data, thief) = (folder.path().join("data"), folder.path().join("thief"));
    let key = data_folder(&data);
    let witness = TestWitness::start(1, &key, Behaviour::Honest);
    let server = start(&data, &[&witness], "1");
    wait_witnessed(&server);
    server.stop();
    let copied = Command::new("cp").arg("-a").arg(&data).arg(&thief).status().unwrap();
    assert!(copied.success());
    let server = start(&data, &[&witness], "1");
    server.ingest("ingest/json?source=s", b"{\"the\":\"truth\"}\n");
    server.stop();
    let seen: u64 = witness.latest().unwrap().text.lines().nth(1).unwrap().parse().unwrap();
    // The thief has everything, the key too, and goes another way; longer than the truth.
    let server = start(&thief, &[&witness], "1");
    while size(&server) <= seen {
        server.ingest("ingest/json?source=s", b"{\"the\":\"lie\"}\n");
        std::thread::sleep(Duration::from_millis(500));
    }
    server.stop();
    let server = start(&thief, &[&witness], "1");
    wait("the witness objects", || failure(&server, 0).contains("(422)"));
    assert!(problems(&server).contains("objects"));
    server.stop();
    let (keys, log_key) = ([witness.key()], key.to_string());
    let policy = asked(&keys, "1");
    assert_eq!(verify(&data, &log_key, &policy).0, 0);
    // Nobody witnesses the lie: it can be no longer than the lag that is allowed.
    let strict = [&policy[..], &["--witness-lag", "0"]].concat();
    let (code, report) = verify(&thief, &log_key, &strict);
    assert!(code == 4 && report["counts"]["witness-behind"] == 1, "{report:#}");
    // Who asks the witness itself has the proof: two heads of one log.
    let anchors = folder.path().join("anchors");
    std::fs::create_dir(&anchors).unwrap();
    std::fs::write(anchors.join("w1"), witness.latest().unwrap().to_string()).unwrap();
    let anchored = [&policy[..], &["--anchors", anchors.to_str().unwrap()]].concat();
    let (code, report) = verify(&thief, &log_key, &anchored);
    assert!(code == 3 && report["counts"]["fork"] == 1, "{report:#}");
    assert_eq!(verify(&data, &log_key, &anchored).0, 0);
    // Without what was witnessed, nothing is.
    let archive = thief.join("lake/_ledger/1/archive");
    std::fs::remove_dir_all(&archive).unwrap();
    let (code, report) = verify(&thief, &log_key, &policy);
    assert!(code == 3 && report["counts"]["witness-missing"] == 1, "{report:#}");
    // The witness's signature of the truth is none of the lie.
    let newest = thief.join("lake/_ledger/1/checkpoint");
    let truth = witness.latest().unwrap().to_string();
    let line = truth.lines().last().unwrap();
    std::fs::write(&newest, format!("{}{line}\n", text(&newest))).unwrap();
    let (code, report) = verify(&thief, &log_key, &policy);
    assert!(code == 3 && report["counts"]["witness-signature"] == 1, "{report:#}");
}

#[test]
fn a_new_key_is_witnessed_when_the_witness_knows_it_and_absence_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let key = data_folder(data);
    let witness = TestWitness::start(1, &key, Behaviour::Honest);
    let server = start(data, &[&witness], "0");
    let before = wait_witnessed(&server);
    let changed = &rows(data, &["ledger", "rotate-key"])[0];
    let new: VerifierKey = changed["key"].as_str().unwrap().parse().unwrap();
    // The checkpoint over the announcement has the old key's signature, and is witnessed.
    wait("the announcement is witnessed", || {
        status(&server)["witnessed_size"].as_u64() > Some(before)
    });
    server.stop();
    let server = start(data, &[&witness], "0");
    wait("the new key is not known", || failure(&server, 0).contains("(403)"));
    wait("it is late", || problems(&server).contains("fewer than 1 of 1"));
    assert_eq!(status(&server)["is_late"], true);
    witness.know(&new);
    wait("all is well", || server.get("health")["status"] == "ok");
    server.stop();
    let (code, report) = verify(data, &key.to_string(), &asked(&[witness.key()], "1"));
    assert_eq!((code, &report["witnessed"]["size"]), (0, &report["size"]), "{report:#}");
    // Commands that open the folder themselves ask nobody.
    let requests = witness.requests();
    let mut command = stele(data);
    command.args(["store", "status"]).env("STELE_LEDGER_WITNESSES", witness.setting());
    assert!(command.output().unwrap().status.success());
    assert_eq!(witness.requests(), requests);
}
