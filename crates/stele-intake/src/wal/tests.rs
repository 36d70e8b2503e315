#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;

use bytes::Bytes;
use proptest::prelude::*;
use stele_event::runtime::SeededEntropy;
use stele_parse::format::Span;

use super::record::{Origin, Payload, Placement, Prepared, Receipt, close, decode};
use super::*;
use crate::filesystem::fault::{FaultFileSystem, Faults};

const FOLDER: &str = "/wal";

fn config() -> WalConfig {
    WalConfig { segment_bytes: 2_000, backlog_bytes_max: 1 << 20 }
}

fn open(disk: &FaultFileSystem) -> Result<(Wal, Recovery), WalError> {
    Wal::open(Arc::new(disk.clone()), Path::new(FOLDER), config(), &["store"], 0)
}

/// Every body is a `close` record whose batch is its number, so that replay can be compared.
fn numbers(wal: &Wal, after: u64) -> Vec<(u64, i64)> {
    let mut found = Vec::new();
    wal.replay(after, &mut |sequence, record| {
        if let Record::Close { batch, .. } = record {
            found.push((sequence, batch));
        }
        Ok(())
    })
    .unwrap();
    found
}

/// Writes until the machine stops; returns the numbers that were acknowledged.
fn write_until_stopped(disk: &FaultFileSystem, random: &SeededEntropy) -> Vec<(u64, i64)> {
    let mut acknowledged = Vec::new();
    let Ok((mut wal, _)) = open(disk) else { return acknowledged };
    for group in 0..12 {
        let count = random.next() % 4 + 1;
        let bodies: Vec<_> = (0..count).map(|i| close(group * 10 + i as i64, 1)).collect();
        if let Ok(first) = wal.append(&bodies) {
            acknowledged.extend((0..count).map(|i| (first + i, group * 10 + i as i64)));
        }
        if group == 6 {
            let _ = wal.passed("store", 0);
        }
    }
    acknowledged
}

#[test]
fn whatever_step_the_machine_stops_at_nothing_acknowledged_is_lost() {
    for stops_after in 0..60 {
        for seed in 0..12 {
            let disk = FaultFileSystem::default();
            let random = SeededEntropy::new(seed);
            disk.set_faults(Faults { stops_after: Some(stops_after), ..Faults::default() });
            let acknowledged = write_until_stopped(&disk, &random);
            disk.crash(seed * 31 + 7);
            let (mut wal, recovery) = open(&disk).unwrap();
            assert_eq!(recovery.damage, [], "stop {stops_after}, seed {seed}");
            let found = numbers(&wal, 0);
            for entry in &acknowledged {
                assert!(found.contains(entry), "stop {stops_after}, seed {seed}: {entry:?} lost");
            }
            let sequences: Vec<_> = found.iter().map(|f| f.0).collect();
            assert!(sequences.windows(2).all(|w| w[0] < w[1]), "order: {sequences:?}");
            // What comes after is found beside it, also after one more crash.
            let first = wal.append(&[close(999, 1)]).unwrap();
            assert!(found.iter().all(|f| f.0 < first));
            disk.crash(seed);
            let (wal, recovery) = open(&disk).unwrap();
            assert_eq!(recovery.damage, [], "second crash after stop {stops_after}, seed {seed}");
            let mut expected = found;
            expected.push((first, 999));
            assert_eq!(numbers(&wal, 0), expected);
        }
    }
}

#[test]
fn a_failed_sync_poisons_the_segment_and_the_next_append_goes_on_elsewhere() {
    let disk = FaultFileSystem::default();
    let (mut wal, _) = open(&disk).unwrap();
    wal.append(&[close(1, 1)]).unwrap();
    disk.set_faults(Faults { sync_fails_after: Some(0), ..Faults::default() });
    wal.append(&[close(2, 1)]).unwrap_err();
    wal.append(&[close(3, 1)]).unwrap();
    let (wal, recovery) = open(&disk).unwrap();
    assert_eq!(recovery.damage, []);
    assert_eq!(numbers(&wal, 0), [(1, 1), (2, 3)], "the refused record does not come back");
}

#[test]
fn a_full_disk_refuses_and_recovers() {
    let disk = FaultFileSystem::default();
    let (mut wal, _) = open(&disk).unwrap();
    disk.set_faults(Faults { bytes_left: Some(100), ..Faults::default() });
    let refused = wal.append(&[close(1, 1)]).unwrap_err().to_string();
    assert!(refused.contains("nothing of this request was stored"), "{refused}");
    disk.set_faults(Faults::default());
    wal.append(&[close(2, 1)]).unwrap();
    let (wal, _) = open(&disk).unwrap();
    assert_eq!(numbers(&wal, 0), [(1, 2)]);
}

#[test]
fn any_flipped_byte_is_noticed_and_costs_at_most_its_own_record() {
    let disk = FaultFileSystem::default();
    let (mut wal, _) = open(&disk).unwrap();
    for number in 0..100 {
        wal.append(&[close(number, 1)]).unwrap();
    }
    let segments = disk.list(Path::new(FOLDER)).unwrap();
    assert!(segments.len() > 1);
    let whole = numbers(&wal, 0);
    let used = wal.segments[0].durable_end as usize;
    for offset in HEADER_BYTES..used {
        disk.flip(&segments[0], offset, 0x40);
        let (wal, recovery) = open(&disk).unwrap();
        let found = numbers(&wal, 0);
        assert_eq!(recovery.damage.len(), 1, "offset {offset}");
        assert_eq!(found.len(), whole.len() - 1, "offset {offset}");
        assert!(found.iter().all(|entry| whole.contains(entry)), "offset {offset}");
        disk.flip(&segments[0], offset, 0x40);
    }
}

#[test]
fn a_log_cut_anywhere_keeps_what_stands_before_the_cut() {
    for cut in 0..400 {
        let disk = FaultFileSystem::default();
        let (mut wal, _) = open(&disk).unwrap();
        for number in 0..10 {
            wal.append(&[close(number, 1)]).unwrap();
        }
        let whole = numbers(&wal, 0);
        let path = wal.segments[0].path.clone();
        disk.truncate(&path, cut);
        let (wal, _) = open(&disk).unwrap();
        let found = numbers(&wal, 0);
        assert_eq!(found, whole[..found.len()], "cut at {cut}");
    }
}

#[test]
fn segments_go_when_all_readers_have_passed_and_sequences_go_on() {
    let disk = FaultFileSystem::default();
    let (mut wal, _) = open(&disk).unwrap();
    for number in 0..200 {
        wal.append(&[close(number, 1)]).unwrap();
    }
    let before = wal.segments.len();
    wal.passed("store", 150).unwrap();
    assert!(wal.segments.len() < before);
    assert_eq!(numbers(&wal, 150).len(), 50);
    wal.passed("store", 200).unwrap();
    drop(wal);
    let (mut wal, _) = open(&disk).unwrap();
    assert_eq!(wal.reader("store"), 200);
    assert_eq!(wal.append(&[close(0, 1)]).unwrap(), 201);
}

fn payloads() -> impl Strategy<Value = Payload> {
    let lengths = prop::collection::vec((0usize..5, 0usize..300, prop::option::of(1u64..9)), 0..20);
    (lengths, any::<Vec<u8>>(), any::<i64>(), prop::option::of(any::<u64>())).prop_map(
        |(lengths, header, received_micros, origin)| {
            let mut spans = Vec::new();
            let mut end = 0;
            for (gap, length, original_bytes) in lengths {
                let start = end + gap;
                end = start + length;
                spans.push(Span { start, end, original_bytes });
            }
            let bytes: Vec<u8> = (0..end).map(|i| (i * 7 % 251) as u8).collect();
            let receipt = Receipt {
                dataset: "main".to_owned(),
                received_micros,
                zone_offset_seconds: 0,
                format: "json".to_owned(),
                format_version: 1,
                source: Some("a".to_owned()),
                peer: None,
                path: None,
                origin: origin.map(|start| Origin {
                    content_sha256: "00".to_owned(),
                    start,
                    end: start,
                    last: true,
                }),
            };
            Payload { receipt, header, spans, bytes: Bytes::from(bytes) }
        },
    )
}

proptest! {
    #[test]
    fn a_record_comes_back_as_it_went(payload in payloads(), batch: i64, seed: Option<[u8; 32]>) {
        let placement = Placement { batch, first_pos: 3, salt_seed: seed };
        let body = Prepared::new(&payload).unwrap().place(&placement);
        prop_assert_eq!(decode(&body).unwrap(), Record::Append(placement, Box::new(payload)));
    }

    #[test]
    fn hostile_bytes_are_refused_without_panic(mut body: Vec<u8>, kind in 0u8..4) {
        body.insert(0, kind);
        let _ = decode(&body);
    }

    #[test]
    fn a_segment_of_any_bytes_can_be_opened(bytes: Vec<u8>, sound_header: bool) {
        let disk = FaultFileSystem::default();
        let header = Header { segment: 1, first_sequence: 1, previous_end: 0 };
        let mut file = if sound_header { header.encode() } else { Vec::new() };
        file.extend(bytes);
        disk.put(Path::new("/wal/0000000001-0.seg"), &file);
        let (mut wal, _) = open(&disk).unwrap();
        prop_assert!(numbers(&wal, 0).is_empty());
        wal.append(&[close(1, 1)]).unwrap();
    }
}
