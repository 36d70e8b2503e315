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
