// The ledger over HTTP: checkpoint, tiles and proofs, verified here before they are shown. Only the
// files that a view needs are read: with a million entries the newest view needs seven.

import { bytes, json } from './api';
import { fromUtf8, Unsound, utf8, type Bytes } from './proof/bytes';
import {
  openCheckpoint,
  parseCheckpoint,
  parseNote,
  verifyNote,
  type Checkpoint,
  type Note,
  type Verified,
} from './proof/note';
import type { Trust } from './proof/event';
import { Unable, type Hash } from './proof/hash';
import { MissingTile, TILE_WIDTH, VerifiedTiles, type ReadTile } from './proof/tiles';
import { Problem } from './problem';
import { decode, type Entry } from './records';
import { ledgerTrust, type Seen } from './trust.svelte';
import type { Micros } from './time';

/** While the ledger grows, a file of the size before can go: the newer one is asked for then. */
const TRIES = 4;
const LEDGER = '/api/v1/ledger';

/** Whether the server says that there is no such thing. */
export function isNotFound(thrown: unknown): boolean {
  return thrown instanceof Problem && thrown.code === 'not_found';
}

function readTile(signal: AbortSignal | undefined): ReadTile {
  return async (path) => {
    try {
      return await bytes(`${LEDGER}/${path}`, signal);
    } catch (thrown) {
      if (isNotFound(thrown)) return undefined;
      throw thrown;
    }
  };
}

/** A checkpoint, and what this browser found out about it. */
export interface Head {
  readonly note: Note;
  readonly noteBytes: Bytes;
  readonly checkpoint: Checkpoint;
  readonly trust: Trust;
  readonly signers: readonly Verified[];
  readonly witnesses: readonly Verified[];
  /** Why the signature is not to be believed. */
  readonly unsigned: string | undefined;
  /** Why this browser cannot tell. */
  readonly unable: string | undefined;
  /** Why the witnesses are not enough. */
  readonly unwitnessed: string | undefined;
  readonly tiles: VerifiedTiles;
}

/** The newest checkpoint and its signatures; `undefined` before the first one. */
export async function newest(signal?: AbortSignal): Promise<Head | undefined> {
  let noteBytes: Bytes;
  try {
    noteBytes = await bytes(`${LEDGER}/checkpoint`, signal);
  } catch (thrown) {
    if (isNotFound(thrown)) return undefined;
    throw thrown;
  }
  const note = parseNote(noteBytes);
  const checkpoint = await parseCheckpoint(note.text);
  const trust = await ledgerTrust.of(note, signal);
  let signers: readonly Verified[] = [];
  let [unsigned, unable]: (string | undefined)[] = [];
  try {
    signers = (await openCheckpoint(note, trust.keys[0]?.name ?? '', trust.keys)).verified;
  } catch (thrown) {
    if (thrown instanceof Unable) unable = thrown.message;
    else unsigned = reason(thrown);
  }
  let witnesses: readonly Verified[] = [];
  let unwitnessed: string | undefined;
  try {
    if (unable === undefined) witnesses = await verifyNote(note, trust.witnesses);
    if (unable === undefined && witnesses.length < trust.needed) {
      unwitnessed = `${witnesses.length} of ${trust.needed} witnesses have signed`;
    }
  } catch (thrown) {
    unwitnessed = reason(thrown);
  }
  const tiles = new VerifiedTiles(checkpoint.head, readTile(signal));
  return {
    note,
    noteBytes,
    checkpoint,
    trust,
    signers,
    witnesses,
    unsigned,
    unable,
    unwitnessed,
    tiles,
  };
}

/** What does not fit together is a finding; everything else is thrown on. */
function reason(thrown: unknown): string {
  if (thrown instanceof Unsound) return thrown.message;
  throw thrown;
}

/** Does something under the newest checkpoint, and again where the ledger outran it. */
export async function underNewest<T>(
  work: (head: Head) => Promise<T>,
  signal?: AbortSignal,
): Promise<T | undefined> {
  for (let left = TRIES; ; left -= 1) {
    const head = await newest(signal);
    if (!head) return undefined;
    try {
      return await work(head);
    } catch (thrown) {
      if (left <= 1 || !(thrown instanceof MissingTile)) throw thrown;
    }
  }
}

/** How the newest checkpoint stands to the one that this browser saw before. */
export interface Continuity {
  readonly before: Seen;
  readonly hashes: number;
  /** Why it does not go on from there. */
  readonly broken: string | undefined;
}

/** Proves that the ledger begins with what this browser has seen, and remembers it. */
export async function continuity(head: Head, now: Micros): Promise<Continuity | undefined> {
  const { origin, head: tree } = head.checkpoint;
  const last = ledgerTrust.last(origin);
  let found: Continuity | undefined;
  if (last) {
    try {
      const path = await head.tiles.consistency(last.head);
      found = { before: last.seen, hashes: path.length, broken: undefined };
    } catch (thrown) {
      found = { before: last.seen, hashes: 0, broken: reason(thrown) };
    }
  }
  if (head.signers.length > 0 && found?.broken === undefined) {
    ledgerTrust.remember(origin, tree.size, tree.root, now);
  }
  return found;
}

/** Entries before an index, as far back as the beginning of the bundle before. */
export async function entriesBefore(head: Head, until: number): Promise<Entry[]> {
  if (until <= 0) return [];
  const last = Math.floor((until - 1) / TILE_WIDTH);
  const bundles = last > 0 ? [last - 1, last] : [last];
  const parts = await Promise.all(bundles.map((bundle) => head.tiles.entries(bundle)));
  const first = (bundles[0] ?? 0) * TILE_WIDTH;
  return parts
    .flat()
    .slice(0, until - first)
    .map((entry, at) => decode(first + at, entry));
}

/** One entry, and its path to the root. */
export async function oneEntry(
  head: Head,
  index: number,
): Promise<{ entry: Entry; path: readonly Hash[] }> {
  const bundle = await head.tiles.entries(Math.floor(index / TILE_WIDTH));
  const found = bundle[index % TILE_WIDTH];
  if (!found) throw new Unsound(`entry ${index} is not in its bundle`);
  return { entry: decode(index, found), path: await head.tiles.inclusion(index) };
}

interface Listed {
  readonly size: number;
  readonly entries: readonly { readonly index: number; readonly record: unknown }[];
}

export function listed(first: number, limit: number, signal?: AbortSignal): Promise<Listed> {
  return json<Listed>(`${LEDGER}/entries?first=${first}&limit=${limit}`, signal);
}

/** The index of the first entry that is not older than a time. */
export async function indexAt(at: Micros, size: number, signal?: AbortSignal): Promise<number> {
  let [low, high] = [0, size];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const { entries } = await listed(middle, 1, signal);
    const record = entries[0]?.record as { at?: number } | null | undefined;
    if ((record?.at ?? 0) < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The proof of an event and its bytes, as the server gives them. */
export async function proofOf(
  at: string,
  text: string | undefined,
  signal?: AbortSignal,
): Promise<{ file: Bytes; raw: Bytes; note: Note; isReplaced: boolean }> {
  const event = `/api/v1/events/${encodeURIComponent(at)}`;
  const file = await bytes(`${event}/proof`, signal);
  let raw: Bytes;
  let isReplaced = false;
  try {
    raw = await bytes(`${event}/raw`, signal);
  } catch (thrown) {
    if (!isNotFound(thrown) || text === undefined) throw thrown;
    // A server that does not give the bytes: the text is the same where they are UTF-8.
    raw = utf8(text);
    isReplaced = text.includes('\ufffd');
  }
  return { file, raw, note: noteOf(file), isReplaced };
}

/** The note in a proof, if there is a sound one: it names the key. */
function noteOf(file: Bytes): Note {
  const text = fromUtf8(file) ?? '';
  try {
    return parseNote(utf8(text.slice(text.indexOf('\n\n') + 2)));
  } catch {
    return { text: '', signatures: [] };
  }
}

