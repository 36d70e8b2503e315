//! Bundles of entries (C2SP tlog-tiles): each entry behind its length in two bytes.

use crate::Error;

/// An entry is at most this long, in bytes.
pub const ENTRY_BYTES_MAX: usize = 65_535;

/// Appends an entry to a bundle.
pub fn put_entry(bundle: &mut Vec<u8>, entry: &[u8]) -> Result<(), Error> {
    let length = u16::try_from(entry.len()).map_err(|_| Error::TooLong {
        what: "an entry",
        bytes: entry.len(),
        bytes_max: ENTRY_BYTES_MAX,
    })?;
    bundle.extend(length.to_be_bytes());
    bundle.extend_from_slice(entry);
    Ok(())
}

/// Splits a bundle into its entries.
pub fn split_bundle(bundle: &[u8]) -> Result<Vec<&[u8]>, Error> {
    let mut entries = Vec::new();
    let mut rest = bundle;
    while !rest.is_empty() {
        let cut = |at: usize| {
            let place = bundle.len() - rest.len();
            Error::malformed("bundle", format!("the entry at byte {place} ends beyond {at}"))
        };
        let (length, tail) = rest.split_first_chunk().ok_or_else(|| cut(bundle.len()))?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (entry, tail) = tail.split_at_checked(length).ok_or_else(|| cut(bundle.len()))?;
        entries.push(entry);
        rest = tail;
    }
    Ok(entries)
}
