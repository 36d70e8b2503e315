use std::path::PathBuf;

use flate2::Compression;
use flate2::write::GzEncoder;
use tar::{Builder, EntryType, Header};

use super::*;

const CHECKPOINT: &str = "lake/_ledger/1/checkpoint";

/// A tar, made entry by entry.
struct Made(Builder<Vec<u8>>);

impl Made {
    fn new() -> Self {
        Self(Builder::new(Vec::new()))
    }

    /// Any name, also such as the crate would not write.
    fn entry(mut self, kind: EntryType, name: &str, bytes: &[u8]) -> Self {
        let mut header = Header::new_gnu();
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(kind);
        header.set_mode(0o4777);
        header.set_size(bytes.len() as u64);
        if kind.is_symlink() || kind.is_hard_link() {
            header.set_link_name("/etc/passwd").unwrap();
        }
        header.set_cksum();
        self.0.append(&header, bytes).unwrap();
        self
    }

    fn file(self, name: &str, bytes: &[u8]) -> Self {
        self.entry(EntryType::Regular, name, bytes)
    }

    fn bytes(self) -> Vec<u8> {
        self.0.into_inner().unwrap()
    }
}

/// What was unpacked, and the files in the temporary folder, by name.
type Found = (Unpacked, Vec<(String, Vec<u8>)>);

/// Unpacks bytes, or says why they are refused.
fn unpacked(bytes: &[u8]) -> Result<Found, String> {
    unpacked_with(bytes, Room::below)
}

fn unpacked_with(bytes: &[u8], room: impl FnOnce(&Path) -> Room) -> Result<Found, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.tar");
    std::fs::write(&path, bytes).unwrap();
    let mut root = PathBuf::new();
    let unpacked = unpack(
        &path,
        |folder| {
            folder.clone_into(&mut root);
            room(folder)
        },
        &|progress| assert!(progress.bytes_done <= progress.bytes_total),
    );
    assert_eq!(root.exists(), unpacked.is_ok(), "what is refused leaves nothing behind");
    let unpacked = unpacked?;
    let mut files = Vec::new();
    for entry in walkdir::WalkDir::new(&root).sort_by_file_name() {
        let entry = entry.unwrap();
        if entry.file_type().is_file() {
            let name = entry.path().strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
            files.push((name, std::fs::read(entry.path()).unwrap()));
        }
    }
    Ok((unpacked, files))
}

fn refused(made: Made) -> String {
    unpacked(&made.file(CHECKPOINT, b"c").bytes()).unwrap_err()
}

fn unread(bytes: &[u8]) -> String {
    let (unpacked, _) = unpacked(bytes).unwrap();
    unpacked.unread.expect("it was read to its end")
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A data folder with a file that is longer than what is read at a time.
fn data_folder(prefix: &str) -> Made {
    let large: Vec<u8> = (0..600_000_u32).flat_map(u32::to_le_bytes).collect();
    let name = |name: &str| format!("{prefix}{name}");
    Made::new()
        .entry(EntryType::Directory, &name(""), b"")
        .file(&name(CHECKPOINT), b"checkpoint")
        .file(&name("lake/events/dataset=main/part.parquet"), &large)
        .file(&name("wal/1.seg"), &vec![0; 70_000])
        .file(&name("keys/ledger.keys"), b"public")
        .file(&name("keys/ledger.secret"), b"secret")
        .file(&name("README.md"), b"readme")
}

#[test]
fn plain_and_compressed_tars_give_the_files_that_are_read_and_no_others() {
    for prefix in ["./", "backup/", "./var/lib/stele/"] {
        let bytes = data_folder(prefix).bytes();
        let data = prefix.strip_prefix("./").unwrap_or(prefix);
        for packed in [bytes.clone(), gzipped(&bytes), zstd::encode_all(&bytes[..], 3).unwrap()] {
            let (unpacked, files) = unpacked(&packed).unwrap();
            assert_eq!(unpacked.unread, None);
            assert_eq!(unpacked.at.lake, format!("{data}lake/"));
            assert!(unpacked.at.has_log);
            let found: Vec<(&str, usize)> =
                files.iter().map(|(name, bytes)| (&name[data.len()..], bytes.len())).collect();
            let wanted = [
                ("keys/ledger.keys", 6),
                (CHECKPOINT, 10),
                ("lake/events/dataset=main/part.parquet", 2_400_000),
                ("wal/1.seg", 70_000),
            ];
            assert_eq!(found, wanted, "{prefix}");
        }
    }
}

#[test]
fn what_would_lie_elsewhere_is_refused() {
    for (name, reason) in [
        ("/etc/lake/x", "absolute path"),
        ("../lake/x", "leads out of its folder"),
        ("lake/../../x", "leads out of its folder"),
        ("unrelated/..", "leads out of its folder"),
    ] {
        for kind in [EntryType::Regular, EntryType::Directory, EntryType::Symlink] {
            let error = refused(Made::new().entry(kind, name, b""));
            assert!(error.contains(reason) && error.contains(name), "{error}");
        }
    }
}

#[test]
fn what_is_neither_file_nor_folder_is_refused_wherever_it_lies() {
    for kind in [
        EntryType::Symlink,
        EntryType::Link,
        EntryType::Char,
        EntryType::Block,
        EntryType::Fifo,
        EntryType::new(b'M'),
    ] {
        for name in ["lake/events/x", "elsewhere"] {
            let error = refused(Made::new().entry(kind, name, b""));
            assert!(error.contains(&format!("`{name}`")), "{kind:?}: {error}");
            assert!(error.contains("only folders and files"), "{kind:?}: {error}");
        }
    }
}

#[test]
fn what_is_there_twice_is_refused() {
    let twice = [
        Made::new().file("lake/a", b"1").file("./lake//a", b"2"),
        Made::new().file("lake/a", b"1").file("lake/a/b", b"2"),
        Made::new().file("lake/a/b", b"1").file("lake/a", b"2"),
        Made::new().file("lake/a", b"1").entry(EntryType::Directory, "lake/a/", b""),
    ];
    for made in twice {
        let error = refused(made);
        assert!(error.contains("is there twice"), "{error}");
    }
    let folder = |made: Made| made.entry(EntryType::Directory, "lake/_ledger/", b"");
    assert!(unpacked(&folder(folder(Made::new().file(CHECKPOINT, b"c"))).bytes()).is_ok());
    let cases = Made::new().file(CHECKPOINT, b"c").file("lake/A", b"1").file("lake/a", b"2");
    assert_eq!(unpacked(&cases.bytes()).unwrap().1.len(), 3);
}

#[test]
fn what_is_cut_short_counts_for_nothing() {
    let bytes = data_folder("backup/").bytes();
    // At the end stand two blocks of zeros; one of them is end enough.
    let mut cuts: Vec<usize> = (512..bytes.len() - 1_024).step_by(51_200).collect();
    // Within a header, within a file, and exactly where another entry would begin.
    cuts.extend([700, 1_024, 1_030, 2_048, bytes.len() - 1_024]);
    for cut in cuts {
        let reason = unread(&bytes[..cut]);
        assert!(reason.starts_with("it is cut short, in or behind `backup/"), "{cut}: {reason}");
    }
    let compressed = gzipped(&bytes);
    for cut in [2, 11, 100, 1_000, compressed.len() - 9, compressed.len() - 1] {
        let reason = unread(&compressed[..cut]);
        assert!(reason.contains("ends in the middle of a gzip member"), "{cut}: {reason}");
    }
    let compressed = zstd::encode_all(&bytes[..], 3).unwrap();
    for cut in [5, 100, compressed.len() - 1] {
        unread(&compressed[..cut]);
    }
}

#[test]
fn what_is_damaged_counts_for_nothing() {
    let bytes = data_folder("").bytes();
    let mut compressed = gzipped(&bytes);
    // The checksum of the whole, which stands behind everything else.
    let at = compressed.len() - 6;
    compressed[at] ^= 1;
    unread(&compressed);
    let mut header = bytes.clone();
    header[BLOCK_BYTES] ^= 1;
    assert!(unread(&header).contains("checksum"), "{}", unread(&header));
}

#[test]
fn what_follows_behind_the_end_is_refused_unless_it_is_padding() {
    let bytes = data_folder("").bytes();
    let padded = [&bytes[..], &[0; 10_240]].concat();
    assert_eq!(unpacked(&padded).unwrap().0.unread, None);
    let error = unpacked(&[&bytes[..], &bytes[..]].concat()).unwrap_err();
    assert!(error.contains("behind its end"), "{error}");
}

#[test]
fn a_name_without_end_takes_no_memory() {
    let name = vec![b'a'; 3 << 20];
    let made = Made::new().entry(EntryType::GNULongName, "././@LongLink", &name);
    let reason = unread(&made.file(CHECKPOINT, b"c").bytes());
    assert!(reason.contains("a header is longer than 1048576 bytes"), "{reason}");
}

#[test]
fn long_names_and_sparse_files_are_read() {
    let long = format!("lake/events/{}/part.parquet", "d".repeat(200));
    let made = Made::new().entry(EntryType::GNULongName, "././@LongLink", long.as_bytes());
    let mut made = made.file("shortened", b"long").file(CHECKPOINT, b"c");
    let mut sparse = Header::new_gnu();
    sparse.set_entry_type(EntryType::GNUSparse);
    sparse.as_mut_bytes()[..9].copy_from_slice(b"wal/1.seg");
    sparse.set_size(4);
    let gnu = sparse.as_gnu_mut().unwrap();
    // Four bytes of data behind 512 that are a hole, and a hole behind them.
    gnu.sparse[0].offset.copy_from_slice(b"00000001000\0");
    gnu.sparse[0].numbytes.copy_from_slice(b"00000000004\0");
    gnu.sparse[1].offset.copy_from_slice(b"00000002000\0");
    gnu.sparse[1].numbytes.copy_from_slice(b"00000000000\0");
    gnu.realsize.copy_from_slice(b"00000002000\0");
    sparse.set_cksum();
    made.0.append(&sparse, &b"data"[..]).unwrap();
    let (unpacked, files) = unpacked(&made.bytes()).unwrap();
    assert_eq!(unpacked.unread, None);
    let bytes = |name: &str| &files.iter().find(|(one, _)| one == name).unwrap().1[..];
    assert_eq!(bytes(&long), b"long");
    assert_eq!(bytes("wal/1.seg"), [&[0; 512][..], b"data", &[0; 508]].concat());
}

#[test]
fn sparse_files_in_another_form_are_refused() {
    let record = b"22 GNU.sparse.major=1\n";
    let made = Made::new().entry(EntryType::XHeader, "PaxHeaders/x", record);
    let error = refused(made.file("wal/GNUSparseFile.0/1.seg", b"1\n0\n4\n"));
    assert!(error.contains("sparse"), "{error}");
}

#[test]
fn what_has_no_room_is_refused_before_it_is_written() {
    let bytes = gzipped(&data_folder("").bytes());
    let error = unpacked_with(&bytes, |folder| Room::below(folder).with_spare_bytes(u64::MAX));
    let error = error.unwrap_err();
    assert!(error.contains("a file of 10 bytes has no room"), "{error}");
    assert!(error.contains("TMPDIR"), "{error}");
}

#[test]
fn what_is_no_tar_or_holds_no_lake_is_said_to_be_none() {
    for bytes in [&b"no tar"[..], b"", &gzipped(b"no tar"), &[b'x'; 2_000]] {
        let error = unpacked(bytes).unwrap_err();
        assert!(error.contains("neither a folder nor a tar"), "{error}");
    }
    for bytes in [vec![0; 1_024], Made::new().file("a/b", b"").bytes()] {
        let error = unpacked(&bytes).unwrap_err();
        assert!(error.contains("holds no data folder"), "{error}");
    }
}

#[test]
fn nobody_else_can_look_into_the_temporary_folder() {
    let (unpacked, _) = unpacked(&data_folder("").bytes()).unwrap();
    let mode = std::fs::metadata(unpacked.folder.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    let file = std::fs::metadata(unpacked.folder.path().join(CHECKPOINT)).unwrap();
    assert_eq!(file.permissions().mode() & 0o7133, 0, "{:o}", file.permissions().mode());
}
