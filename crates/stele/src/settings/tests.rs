use std::collections::BTreeMap;
use std::fmt::Write;

use super::{Flag, Settings, check, load, markdown, unknown_variables};

fn shown(settings: &Settings, name: &str) -> (String, String) {
    let found = settings.each().find(|(setting, ..)| setting.name == name);
    let (_, value, origin) = found.unwrap();
    (value, origin.to_string())
}

fn pair(value: &str, origin: &str) -> (String, String) {
    (value.to_owned(), origin.to_owned())
}

#[test]
fn flags_overrule_variables_which_overrule_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("my.toml");
    std::fs::write(
        &path,
        "data = \"/from/file\"\nlisten = \"127.0.0.1:1\"\n\n[query]\ntimeout_s = 1_20\nrows_max = 7\n",
    )
    .unwrap();
    let variables = BTreeMap::from([
        ("STELE_DATA", "/from/variable"),
        ("STELE_QUERY_ROWS_MAX", "1_000"),
        ("STELE_LISTEN", "127.0.0.1:2"),
    ]);
    let flags = [Flag { setting: "data", name: "--data", value: "/from/flag".to_owned() }];
    let variable = |name: &str| variables.get(name).map(|value| (*value).to_owned());
    let settings = load(Some(&path), variable, &flags).unwrap();
    assert_eq!(shown(&settings, "data"), pair("/from/flag", "--data"));
    assert_eq!(shown(&settings, "listen"), pair("127.0.0.1:2", "STELE_LISTEN"));
    assert_eq!(shown(&settings, "query.rows_max"), pair("1000", "STELE_QUERY_ROWS_MAX"));
    let file_line = format!("{}:5", path.display());
    assert_eq!(shown(&settings, "query.timeout_s"), pair("120", &file_line));
    assert_eq!(shown(&settings, "batch.age_max_ms"), pair("1000", "default"));
    let node = settings.node();
    assert_eq!((node.data.to_str(), node.query.timeout.as_secs()), (Some("/from/flag"), 120));
    let missing = load(Some(&folder.path().join("none.toml")), |_| None, &[]);
    assert!(missing.unwrap_err().to_string().contains("none.toml"));
    let wrong = load(Some(&path), |name| (name == "STELE_LISTEN").then(|| "here".to_owned()), &[]);
    assert!(wrong.unwrap_err().to_string().contains("STELE_LISTEN: `here` is no address"));
}

#[test]
fn everything_that_is_wrong_in_a_file_is_said_with_its_line() {
    let text = "data = 3\nlisten = \"x\"\n[wal]\nbacklog_bytes = 5\nsegment_bytes = 1\n[batch]\n\
                events_max = -1\nage_max_ms = 0x10\n[nonsense]\na = 1\n[query]\nrows_max = \"9\"\n";
    let errors: Vec<String> = check("f.toml", text, &mut Settings::default())
        .iter()
        .map(|error| error.to_string().lines().next().unwrap().to_owned())
        .collect();
    assert_eq!(
        errors,
        [
            "f.toml:1: `data` is a text",
            "f.toml:2: `listen`: `x` is no address and port, such as `127.0.0.1:7800`",
            "f.toml:4: unknown setting `wal.backlog_bytes`; did you mean `wal.backlog_bytes_max`?",
            "f.toml:5: `wal.segment_bytes`: `1` is no whole number from 1048576 to 1073741824",
            "f.toml:7: `batch.events_max`: `-1` is no whole number from 100 to 16000",
            "f.toml:8: `batch.age_max_ms` is a whole number",
            "f.toml:9: unknown setting `nonsense`; `stele config show` lists them all",
            "f.toml:12: `query.rows_max` is a whole number",
        ]
    );
    let broken = check("f.toml", "data = \"x\nlisten = 1 2\n", &mut Settings::default());
    assert!(broken.iter().any(|error| error.to_string().starts_with("f.toml:1: ")), "{broken:?}");
}

const WITNESS: &str = "w.example+a26f2ad7+BIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU";
const LOG_KEY: &str = "stele.example/ledger+f345af49+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c";

#[test]
fn witnesses_are_read_and_wrong_ones_are_refused_with_the_line() {
    let table =
        |key: &str, url: &str| format!("[[ledger.witnesses]]\nkey = \"{key}\"\nurl = \"{url}\"\n");
    let url = "https://w.example/prefix";
    let mut settings = Settings::default();
    assert_eq!(check("f.toml", &table(WITNESS, url), &mut settings), []);
    assert_eq!(shown(&settings, "ledger.witnesses"), pair(&format!("{WITNESS} {url}"), "f.toml:1"));
    let node = settings.node();
    assert_eq!((node.witnesses.len(), node.witnesses_needed), (1, 1));
    assert_eq!((node.witnesses[0].url.as_str(), settings.contradiction()), (url, None));
    let twice = table(WITNESS, url) + &table(WITNESS, "http://other.example");
    for (text, line, part) in [
        (table(LOG_KEY, url), 1, "is the key of a log"),
        (table("w.example+a26f2ad8+BIE5dw==", url), 1, "is no verifier key"),
        (table(WITNESS, "ftp://w.example"), 1, "is no URL of a witness"),
        (table(WITNESS, "https://u:p@w.example"), 1, "is no URL of a witness"),
        (table(WITNESS, "https://w.example/?x=1"), 1, "is no URL of a witness"),
        (table(WITNESS, "w.example"), 1, "is no URL of a witness"),
        (twice, 4, "is named twice"),
        (table(WITNESS, url) + "name = \"x\"\n", 1, "has `key` and `url`"),
        (format!("[[ledger.witnesses]]\nkey = \"{WITNESS}\"\n"), 1, "has `key` and `url`"),
        ("ledger.witnesses = [\"x\"]\n".to_owned(), 1, "is a list of tables"),
        ("ledger.witnesses = \"x\"\n".to_owned(), 1, "is no key and URL"),
        ("ledger.witnesses = 3\n".to_owned(), 1, "is a text"),
        ("ledger.signer = \"run/x.sock\"\n".to_owned(), 1, "is neither empty nor a socket"),
        ("ledger.witness_quorum = 101\n".to_owned(), 1, "is no whole number"),
    ] {
        let errors = check("f.toml", &text, &mut Settings::default());
        let shown: Vec<String> = errors.iter().map(ToString::to_string).collect();
        let first = shown.first().map_or("", String::as_str);
        assert!(first.starts_with(&format!("f.toml:{line}: ")), "{text}{shown:?}");
        assert!(shown.len() == 1 && first.contains(part), "{text}{shown:?}");
    }
    let variables = |quorum: &'static str| {
        move |name: &str| match name {
            "STELE_LEDGER_WITNESSES" => Some(format!("{WITNESS} {url}")),
            "STELE_LEDGER_WITNESS_QUORUM" => Some(quorum.to_owned()),
            "STELE_LEDGER_SIGNER" => Some("unix:/run/stele/signer.sock".to_owned()),
            _ => None,
        }
    };
    let signer = load(None, variables("1"), &[]).unwrap().node().signer;
    assert_eq!(signer.as_deref(), Some(std::path::Path::new("/run/stele/signer.sock")));
    let error = load(None, variables("2"), &[]).unwrap_err().to_string();
    assert_eq!(error, "`ledger.witness_quorum` is 2, and `ledger.witnesses` names 1");
}

#[test]
fn the_table_in_the_book_is_a_file_that_sets_the_defaults() {
    let mut text = String::new();
    for (setting, value, _) in Settings::default().each() {
        let value = if setting.is_number() { value } else { format!("\"{value}\"") };
        writeln!(text, "{} = {value}", setting.name).unwrap();
        assert!(markdown().contains(&format!("| `{}` |", setting.name)));
    }
    let mut settings = Settings::default();
    assert_eq!(check("f.toml", &text, &mut settings), []);
    for (line, (setting, value, origin)) in settings.each().enumerate() {
        assert_eq!(origin.to_string(), format!("f.toml:{}", line + 1), "{}", setting.name);
        assert_eq!(value, shown(&Settings::default(), setting.name).0);
    }
}

#[test]
fn variables_that_are_no_settings_are_found() {
    let names = ["STELE_WAL_BACKLOG_BYTES", "STELE_LOG", "HOME", "STELE_NOTHING_LIKE_IT"];
    let found = unknown_variables(names.into_iter().map(str::to_owned));
    assert_eq!(
        found,
        [
            "STELE_WAL_BACKLOG_BYTES is not used; did you mean STELE_WAL_BACKLOG_BYTES_MAX?",
            "STELE_NOTHING_LIKE_IT is not used"
        ]
    );
}
