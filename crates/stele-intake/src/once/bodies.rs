//! The bodies that were seen under one id, and their form on the disk.

use super::{Address, Verdict};

/// So many bodies are remembered under one id; later ones are stored as conflicts each time.
pub(super) const BODIES_MAX: usize = 4;

const BODY_BYTES: usize = 28;

/// One body of an event: the keyed hash of its bytes, and where it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Body {
    pub(super) hash: [u8; 16],
    pub(super) address: Address,
}

/// At least one body. The first is the event, the others are conflicts. Nearly always there is
/// only one, so that one costs no allocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bodies {
    first: Body,
    more: Vec<Body>,
}

impl Bodies {
    pub(super) fn of(first: Body) -> Self {
        Self { first, more: Vec::new() }
    }

    fn iter(&self) -> impl Iterator<Item = &Body> {
        std::iter::once(&self.first).chain(&self.more)
    }

    /// What is to be said of a body, which is remembered where there is room, and whether it was.
    pub(super) fn judge(&mut self, body: Body) -> (Verdict, bool) {
        let known = self.iter().position(|seen| seen.hash == body.hash);
        if let Some(index) = known {
            let at = if index == 0 { self.first } else { self.more[index - 1] }.address;
            let verdict = match (at == body.address, index) {
                (true, 0) => Verdict::New,
                (true, _) => Verdict::Conflict,
                (false, _) => Verdict::Duplicate(at),
            };
            return (verdict, false);
        }
        let room = 1 + self.more.len() < BODIES_MAX;
        if room {
            self.more.push(body);
        }
        (Verdict::Conflict, room)
    }

    /// Enters a body at its place in the order of addresses; of two with the same bytes the lower
    /// address stays, and where there are too many bodies the highest goes.
    pub(super) fn insert_in_order(&mut self, body: Body) {
        let mut all: Vec<Body> = self.iter().copied().chain([body]).collect();
        all.sort_by_key(|body| body.address);
        let mut kept: Vec<Body> = Vec::with_capacity(all.len());
        for body in all {
            if kept.iter().all(|other| other.hash != body.hash) {
                kept.push(body);
            }
        }
        kept.truncate(BODIES_MAX);
        self.first = kept.remove(0);
        self.more = kept;
    }

    /// Hash, batch and position of each, little endian.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity((1 + self.more.len()) * BODY_BYTES);
        for body in self.iter() {
            bytes.extend(body.hash);
            bytes.extend(body.address.batch.to_le_bytes());
            bytes.extend(body.address.pos.to_le_bytes());
        }
        bytes
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut bodies = bytes.chunks_exact(BODY_BYTES).filter_map(|body| {
            let hash = body[..16].try_into().ok()?;
            let batch = i64::from_le_bytes(body[16..24].try_into().ok()?);
            let pos = i32::from_le_bytes(body[24..].try_into().ok()?);
            Some(Body { hash, address: Address { batch, pos } })
        });
        let first = bodies.next()?;
        Some(Self { first, more: bodies.collect() })
    }
}
