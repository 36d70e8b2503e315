#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::LazyLock;

use serde_json::Value;
use stele_event::{Column, EventBatch, RowView};

use super::bench::{self, Packing};
use super::clock::{HOUR, SECOND};
use super::random::{Random, mix};
use super::{BACKLOG_HOURS, Delivery, Demo, LIVE_CATCH_UP_SECONDS_MAX, TUTORIAL_SEED};

/// 2026-09-21T14:13:20.25Z: not on a second, so that the rounding shows.
const END: i64 = 1_790_000_000_250_000;

fn demo() -> Demo {
    Demo::new(TUTORIAL_SEED, END, BACKLOG_HOURS)
}

/// The backlog of the tutorial, and what Stele makes of it: made once for all tests.
static BACKLOG: LazyLock<Vec<Delivery>> = LazyLock::new(|| demo().backlog());
static ROWS: LazyLock<EventBatch> = LazyLock::new(|| rows(&BACKLOG));

/// What Stele makes of the deliveries: every event once.
fn rows(deliveries: &[Delivery]) -> EventBatch {
    let mut all = EventBatch::new();
    let mut seen = HashSet::new();
    for delivery in deliveries {
        let hint = stele_parse::format::Hint::default();
        let format = stele_parse::detect::detect(&hint, &delivery.payload).format;
        assert_eq!(format.id(), delivery.format, "{}", delivery.source);
        let mut splitter = format.splitter(1 << 20);
        let mut spans = Vec::new();
        splitter.split(&delivery.payload, true, &mut spans);
        if delivery.format == "cloudtrail" {
            spans.retain(|span| {
                let record: Value =
                    serde_json::from_slice(&delivery.payload[span.start..span.end]).unwrap();
                seen.insert(record["eventID"].as_str().unwrap().to_owned())
            });
        }
        let about = stele_parse::driver::Delivery {
            received_micros: delivery.at_micros,
            zone_offset_seconds: 0,
            source: Some(&delivery.source),
            path: None,
            header: splitter.context(),
        };
        let payload = &delivery.payload;
        let failed = stele_parse::driver::map_records(format, payload, &spans, &about, &mut all);
        assert_eq!(failed, 0, "{}: {}", delivery.source, String::from_utf8_lossy(payload));
    }
    all
}

fn count(rows: &EventBatch, test: impl Fn(&dyn RowView) -> bool) -> usize {
    (0..rows.rows()).filter(|row| test(&rows.get(*row))).count()
}

fn is(row: &dyn RowView, column: Column, value: &str) -> bool {
    row.text(column) == Some(value)
}

/// Counts by the values of some columns.
fn group<const N: usize>(
    rows: &EventBatch,
    columns: [Column; N],
    test: impl Fn(&dyn RowView) -> bool,
) -> HashMap<[String; N], usize> {
    let mut groups = HashMap::new();
    for row in 0..rows.rows() {
        let row = rows.get(row);
        if test(&row) {
            let key = columns.map(|column| row.text(column).unwrap_or("-").to_owned());
            *groups.entry(key).or_default() += 1;
        }
    }
    groups
}

fn records(deliveries: &[Delivery]) -> Vec<(usize, Value)> {
    let mut records = Vec::new();
    for (number, delivery) in deliveries.iter().enumerate() {
        if delivery.format == "cloudtrail" {
            let file: Value = serde_json::from_slice(&delivery.payload).unwrap();
            records.extend(file["Records"].as_array().unwrap().iter().map(|r| (number, r.clone())));
        }
    }
    records
}

#[test]
fn random_numbers_are_those_of_the_published_algorithms() {
    assert_eq!(mix(0), 0xe220_a839_7b1d_cdaf);
    // The state that splitmix64 makes of seed 0, and what xoshiro256++ makes of that state, by
    // the authors' C code.
    let mut random = Random::new(0);
    assert_eq!([random.word(), random.word()], [0x5317_5d61_490b_23df, 0x61da_6f3d_c380_d507]);
    let uuid = Random::new(1).uuid();
    assert_eq!((uuid.len(), &uuid[14..15]), (36, "4"));
    assert!(matches!(&uuid[19..20], "8" | "9" | "a" | "b"), "{uuid}");
}

#[test]
fn the_same_arguments_give_the_same_bytes() {
    assert_eq!(*BACKLOG, demo().backlog());
    let (mut once, mut in_steps) = (demo(), demo());
    let at_once = once.live(END + 100 * SECOND);
    let stepwise: Vec<_> = (1..=400).flat_map(|q| in_steps.live(END + q * SECOND / 4)).collect();
    assert_eq!(at_once, stepwise);
    let short = |seed| Demo::new(seed, END, 2).backlog();
    assert_ne!(short(TUTORIAL_SEED), short(TUTORIAL_SEED + 1));
}

#[test]
fn counts_follow_from_the_seed_and_ids_from_the_time_too() {
    let shape = |deliveries: &[Delivery]| -> Vec<(&'static str, String, usize)> {
        let lines = |payload: &[u8]| payload.split(|byte| *byte == b'\n').count();
        let mut shape: Vec<_> =
            deliveries.iter().map(|d| (d.format, d.source.clone(), lines(&d.payload))).collect();
        shape.sort();
        shape
    };
    let ids = |deliveries: &[Delivery]| -> HashSet<String> {
        records(deliveries).iter().map(|(_, r)| r["eventID"].to_string()).collect()
    };
    let now = &*BACKLOG;
    // Over the end of a year.
    let later = Demo::new(TUTORIAL_SEED, 1_798_765_200_000_000, BACKLOG_HOURS).backlog();
    assert_eq!(shape(now), shape(&later));
    assert_eq!(ids(now).len(), ids(&later).len());
    assert!(ids(now).is_disjoint(&ids(&later)));
}

#[test]
fn deliveries_come_in_order_and_hold_the_past_only() {
    for hours in [0, 9] {
        let deliveries = Demo::new(3, END, hours).backlog();
        let end = END - END % SECOND;
        let start = end - i64::from(hours.max(2)) * HOUR;
        assert!(deliveries.is_sorted_by_key(|delivery| delivery.at_micros));
        let rows = rows(&deliveries);
        for row in 0..rows.rows() {
            let row = rows.get(row);
            let time = row.int(Column::Time).unwrap();
            let received = row.int(Column::IngestTime).unwrap();
            // A flow's time is the beginning of its minute.
            assert!((start - 60 * SECOND..=end).contains(&time), "{:?}", row.text(Column::Message));
            assert!(time <= received && received <= end);
        }
    }
}

#[test]
fn the_backlog_is_large_enough_to_hide_in_and_small_enough_to_load_at_once() {
    let rows = &*ROWS;
    assert!((12_000..20_000).contains(&rows.rows()), "{}", rows.rows());
    let of = |format: &str| count(rows, |row| is(row, Column::SourceType, format));
    for format in ["cloudtrail", "vpcflow", "app_flask", "syslog"] {
        assert!(of(format) > 2_000, "{format}: {}", of(format));
    }
    let kinds = group(rows, [Column::UserType], |row| is(row, Column::SourceType, "cloudtrail"));
    for kind in ["IAMUser", "AssumedRole", "AWSService", "Root", "WebIdentityUser"] {
        assert!(kinds.contains_key(&[kind.to_owned()]), "{kind} is missing");
    }
    let nameless = count(rows, |row| is(row, Column::UserType, "AWSService"));
    let named = count(rows, |row| row.text(Column::SrcName).is_some());
    assert!(nameless * 5 > of("cloudtrail") && named >= nameless);
    assert!(count(rows, |row| is(row, Column::StatusCode, "AccessDenied")) > 50);
}

#[test]
fn cloudtrail_repeats_some_records_byte_for_byte_in_other_files_and_no_others() {
    let deliveries = &*BACKLOG;
    let mut first: HashMap<String, (usize, Value)> = HashMap::new();
    let mut again = 0;
    for (file, record) in records(deliveries) {
        let id = record["eventID"].as_str().unwrap().to_owned();
        for key in ["eventVersion", "eventTime", "userIdentity", "eventCategory", "awsRegion"] {
            assert!(!record[key].is_null(), "{key} is missing in {record}");
        }
        if let Some((other, same)) = first.get(&id) {
            assert_eq!(*same, record);
            assert_ne!(*other, file, "{id} twice in one file");
            again += 1;
        } else {
            first.insert(id, (file, record));
        }
    }
    assert!((first.len() / 100..first.len() / 40).contains(&again), "{again}");
}

#[test]
fn nothing_in_it_can_be_anybodys() {
    let mut deliveries = BACKLOG.clone();
    deliveries.extend(demo().live(END + 60 * SECOND));
    let allowed = |ip: IpAddr| match ip {
        IpAddr::V4(ip) => match ip.octets() {
            [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => true,
            _ => ip.is_private(),
        },
        IpAddr::V6(ip) => ip.segments()[..2] == [0x2001, 0xdb8],
    };
    let rows = rows(&deliveries);
    for row in 0..rows.rows() {
        let row = rows.get(row);
        for column in [Column::SrcIp, Column::DstIp] {
            if let Some(ip) = row.text(column) {
                assert!(allowed(ip.parse().unwrap()), "{ip}");
            }
        }
        if let Some(key) = row.text(Column::CredentialUid).filter(|key| !key.is_empty()) {
            assert!(key.len() == 20 && key.ends_with("EXAMPLE"), "{key}");
        }
    }
}

#[test]
fn live_goes_on_with_a_few_events_a_second_and_without_the_intruder() {
    let mut demo = demo();
    let past: HashSet<String> =
        records(&BACKLOG).iter().map(|(_, r)| r["eventID"].to_string()).collect();
    let deliveries = demo.live(END + 240 * SECOND);
    assert!(deliveries.is_sorted_by_key(|delivery| delivery.at_micros));
    let live = rows(&deliveries);
    assert!((240..1_400).contains(&live.rows()), "{}", live.rows());
    for format in ["cloudtrail", "vpcflow", "app_flask", "syslog"] {
        assert!(count(&live, |row| is(row, Column::SourceType, format)) > 10, "{format}");
    }
    for (_, record) in records(&deliveries) {
        assert!(!past.contains(&record["eventID"].to_string()));
    }
    for intruder in ["203.0.113.77", "203.0.113.78"] {
        for column in [Column::SrcIp, Column::DstIp] {
            assert_eq!(count(&live, |row| is(row, column, intruder)), 0);
        }
    }
    // What the tutorial counts exactly must not grow.
    for exact in ["Accepted", "ConsoleLogin", "AdministratorAccess", "AKIAKQ7DEPLOYEXAMPLE"] {
        let text = deliveries.iter().map(|d| String::from_utf8_lossy(&d.payload));
        assert!(text.into_iter().all(|text| !text.contains(exact)), "{exact}");
    }
    // A pause longer than the limit is not made up for.
    let late = demo.live(END + 9 * HOUR);
    let oldest = END + 9 * HOUR - (LIVE_CATCH_UP_SECONDS_MAX + 1) * SECOND;
    assert!(late.iter().all(|delivery| delivery.at_micros >= oldest));
    assert!(!late.is_empty());
}

/// The figures in it are counted again from what the parsers make of the logs.
const TUTORIAL: &str = include_str!("../../../../docs/tutorial.md");

#[track_caller]
fn says(text: &str) {
    assert!(TUTORIAL.contains(text), "the tutorial should say: {text}");
}

#[track_caller]
fn says_counts<const N: usize>(groups: HashMap<[String; N], usize>) {
    assert!(!groups.is_empty());
    for (names, events) in groups {
        says(&format!("| {} | {events} |", names.join(" | ")));
    }
}

#[test]
fn the_tutorial_knows_who_got_in() {
    let rows = &*ROWS;
    says_counts(group(rows, [Column::SourceType], |_| true));
    says(&format!(
        "delivered {} more records",
        records(&BACKLOG).len() - count(rows, |row| is(row, Column::SourceType, "cloudtrail"))
    ));

    let tried = |row: &dyn RowView| {
        row.text(Column::Message).is_some_and(|message| message.starts_with("Failed password"))
    };
    let mut loudest: Vec<_> = group(rows, [Column::SrcIp], tried).into_iter().collect();
    loudest.sort_by_key(|(_, events)| std::cmp::Reverse(*events));
    says(&format!("| {} | {} (at least) | 0 |", loudest[0].0[0], loudest[0].1));
    says(&format!("| {} | {} | 1 |", loudest[1].0[0], loudest[1].1));
    assert_eq!(loudest[1].1, 212);

    let login = |row: &dyn RowView| {
        is(row, Column::Operation, "login") && row.int(Column::StatusId) == Some(1)
    };
    says_counts(group(rows, [Column::StatusCode], login));
    let outside = |row: &dyn RowView| {
        login(row) && !row.text(Column::SrcIp).unwrap_or_default().starts_with("198.51.100.")
    };
    let outside = count(rows, outside);
    says(&format!("{outside} events. In {} of them", outside - 1));
}

#[test]
fn the_tutorial_knows_what_they_did_next() {
    let rows = &*ROWS;
    let first = |row: &dyn RowView| is(row, Column::SrcIp, "203.0.113.77");
    says_counts(group(rows, [Column::SourceType], first));
    let key = |row: &dyn RowView| is(row, Column::CredentialUid, "AKIAKQ7DEPLOYEXAMPLE");
    says_counts(group(rows, [Column::SrcIp], key));
    let outcomes = |status| {
        count(rows, |row| first(row) && key(row) && row.int(Column::StatusId) == Some(status))
    };
    assert_eq!((outcomes(2), outcomes(1)), (11, 7));
    let refused = |row: &dyn RowView| first(row) && is(row, Column::Operation, "REJECT");
    assert_eq!(count(rows, refused), 24);
    assert_eq!(count(rows, |row| is(row, Column::ProcessName, "sudo")), 2);

    let columns = [Column::SrcIp, Column::Operation];
    let backdoor = group(rows, columns, |row| is(row, Column::UserName, "backup-sync"));
    assert_eq!(backdoor.len(), 8);
    says_counts(backdoor);
    let without_factor = |row: &dyn RowView| {
        is(row, Column::Operation, "ConsoleLogin")
            && is(row, Column::UserType, "IAMUser")
            && row.flag(Column::IsMfa) == Some(false)
    };
    assert_eq!(count(rows, without_factor), 1);
    let taken = |row: &dyn RowView| {
        is(row, Column::Operation, "GetObject")
            && row.text(Column::ResourceUid).is_some_and(|r| r.contains("kq-customer-records"))
    };
    let taken = group(rows, [Column::UserName], taken);
    assert_eq!(taken, HashMap::from([(["backup-sync".to_owned()], 148)]));

    let session = [Column::SessionUid, Column::UserName, Column::Operation];
    let session = group(rows, session, |row| {
        is(row, Column::SrcIp, "203.0.113.78") && row.text(Column::SessionUid).is_some()
    });
    assert_eq!(session.len(), 3);
    says_counts(session);
    let columns = [Column::SourceType, Column::Operation, Column::SrcIp];
    let both = group(rows, columns, |row| first(row) || is(row, Column::SrcIp, "203.0.113.78"));
    says(&format!("{} rows; in short", both.len()));
}

#[test]
fn the_tutorial_knows_how_much_left_the_network() {
    let rows = &*ROWS;
    for (here, there) in [(Column::SrcIp, Column::DstIp), (Column::DstIp, Column::SrcIp)] {
        let mut bytes: HashMap<String, i64> = HashMap::new();
        for row in 0..rows.rows() {
            let row = rows.get(row);
            if is(&row, Column::SourceType, "vpcflow") && is(&row, here, "10.20.0.10") {
                let peer = row.text(there).unwrap().to_owned();
                *bytes.entry(peer).or_default() += row.int(Column::Bytes).unwrap();
            }
        }
        let (peer, most) = bytes.iter().max_by_key(|(_, bytes)| **bytes).unwrap();
        says(&format!("| {peer} | {most} |"));
    }
}

fn bench_lines(events: u64) -> Vec<u8> {
    let mut out = Vec::new();
    let written = bench::write_ndjson(&mut out, events, 1).unwrap();
    assert_eq!((written.events, written.bytes), (events, out.len() as u64));
    out
}

#[test]
fn bench_events_are_as_long_and_as_hard_to_compress_as_real_ones() {
    let events = 12_000;
    let lines = bench_lines(events);
    let mean = lines.len() as u64 / events;
    assert!((1_300..1_500).contains(&mean), "{mean} bytes an event");
    let mut packed = [0; 2];
    for block in lines.chunks(1 << 20) {
        packed[0] += zstd::bulk::compress(block, 3).unwrap().len();
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut gzip, block).unwrap();
        packed[1] += gzip.finish().unwrap().len();
    }
    let [zstd, gzip] = packed.map(|bytes| lines.len() * 100 / bytes);
    println!("{mean} bytes an event; ratio times 100: zstd-3 {zstd}, gzip-6 {gzip}");
    assert!((600..900).contains(&zstd), "zstd-3 {zstd}");
    assert!((530..900).contains(&gzip), "gzip-6 {gzip}");
}

#[test]
fn bench_events_are_records_with_ids_of_their_own_in_the_order_of_time() {
    let lines = bench_lines(5_000);
    let mut ids = HashSet::new();
    let mut times = Vec::new();
    let (mut users, mut addresses, mut names) = (HashSet::new(), HashSet::new(), HashSet::new());
    for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let record: Value = serde_json::from_slice(line).unwrap();
        let text = |key: &str| record[key].as_str().unwrap_or_default().to_owned();
        assert!(ids.insert(text("eventID")) && ids.insert(text("requestID")));
        assert!(record["requestParameters"].is_object(), "{record}");
        times.push(text("eventTime"));
        users.insert(record["userIdentity"]["arn"].to_string());
        addresses.insert(text("sourceIPAddress"));
        names.insert(text("eventSource") + &text("eventName"));
    }
    assert_eq!(times.len(), 5_000);
    assert!(times.is_sorted());
    assert!(times[0].starts_with("2026-01-05") && times[4_999].starts_with("2026-01-14"));
    assert!(users.len() > 1_000 && addresses.len() > 1_500 && names.len() > 200);
    // Any event can be made alone.
    let mut alone = Vec::new();
    bench::Events::new(1, 5_000).write(4_321, &mut alone);
    assert_eq!(alone, lines.split(|byte| *byte == b'\n').nth(4_321).unwrap());
}

#[test]
fn bench_files_are_laid_out_as_aws_does() {
    for packing in [Packing::Plain, Packing::Gzip] {
        let folder = tempfile::tempdir().unwrap();
        let written = bench::write_trail_files(folder.path(), 950, 2, 100, packing).unwrap();
        assert_eq!((written.events, written.files), (950, 10));
        let mut open = vec![folder.path().to_owned()];
        let (mut files, mut ids, mut bytes) = (0, HashSet::new(), 0);
        while let Some(path) = open.pop() {
            if path.is_dir() {
                open.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
                continue;
            }
            files += 1;
            let mut text = std::fs::read(&path).unwrap();
            if packing == Packing::Gzip {
                let mut plain = Vec::new();
                let mut decoder = flate2::write::GzDecoder::new(&mut plain);
                std::io::Write::write_all(&mut decoder, &text).unwrap();
                decoder.finish().unwrap();
                text = plain;
            }
            bytes += text.len() as u64;
            let file: Value = serde_json::from_slice(&text).unwrap();
            let records = file["Records"].as_array().unwrap();
            let (account, region) = (&records[0]["recipientAccountId"], &records[0]["awsRegion"]);
            for record in records {
                assert_eq!(
                    (&record["recipientAccountId"], &record["awsRegion"]),
                    (account, region)
                );
                assert!(ids.insert(record["eventID"].to_string()));
            }
            let (account, region) = (account.as_str().unwrap(), region.as_str().unwrap());
            let last = records.last().unwrap()["eventTime"].as_str().unwrap();
            let day = last[..10].replace('-', "/");
            let minute = last[..16].replace(['-', ':'], "");
            let below = path.strip_prefix(folder.path()).unwrap().to_str().unwrap();
            let name = format!(
                "AWSLogs/{account}/CloudTrail/{region}/{day}/{account}_CloudTrail_{region}_{minute}Z_"
            );
            let unique = below.strip_prefix(&name).expect(below).split('.').next().unwrap();
            assert_eq!(unique.len(), 16);
        }
        assert_eq!((files, ids.len(), bytes), (10, 950, written.bytes));
    }
}
