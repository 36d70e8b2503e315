// Whom this browser believes: the verifier keys that the reader keeps here, or else those that the
// server itself announces, which is said wherever it matters. And the checkpoints that this browser
// has seen: a ledger that no longer begins with one of them was rewritten.

import { json } from './api';
import type { Bytes } from './proof/bytes';
import { fromBase64, toBase64, Unsound } from './proof/bytes';
import type { Trust } from './proof/event';
import { parseKey, type Note, type VerifierKey } from './proof/note';
import type { TreeHead } from './proof/tree';
import type { Micros } from './time';

const KEYS = 'stele.ledger.keys';
const SEEN = 'stele.ledger.seen';
const SEEN_MAX = 12;
const SEEN_EVERY: Micros = 60_000_000;
/** The announcement of a key is looked for in so many of the newest entries. */
const LOOK_BACK = 3_000;

function stored(name: string): string {
  try {
    return localStorage.getItem(name) ?? '';
  } catch {
    return '';
  }
}

function store(name: string, value: string): void {
  try {
    if (value === '') localStorage.removeItem(name);
    else localStorage.setItem(name, value);
  } catch {
    // A browser that keeps nothing: it lasts as long as the page.
  }
}

/** A checkpoint that this browser has verified. */
export interface Seen {
  readonly origin: string;
  readonly size: number;
  /** In base64. */
  readonly root: string;
  /** When it was seen. */
  readonly at: Micros;
}

interface Listed {
  readonly entries: readonly { readonly record: { readonly act?: { key?: { key?: string } } } }[];
  readonly size: number;
}

class LedgerTrust {
  /** The keys that the reader keeps here, one a line; empty where there are none. */
  kept = $state(stored(KEYS));
  /** The keys that the server announces. */
  told = $state.raw<readonly VerifierKey[]>([]);
  seen = $state.raw<readonly Seen[]>(readSeen());

  get isKept(): boolean {
    return this.kept !== '';
  }

  /** Keeps keys, or forgets them where there is nothing in the text.
   *
   *  Throws `Unsound` where a line is no key. */
  async keep(text: string): Promise<void> {
    const lines = text.split(/\s*\n\s*/).map((line) => line.trim());
    const filled = lines.filter((line) => line !== '');
    const keys = await Promise.all(filled.map(parseKey));
    if (keys.length > 0 && keys.every(({ algorithm }) => algorithm !== 'ed25519')) {
      throw new Unsound('these are keys of witnesses only; the key of the ledger is missing');
    }
    this.kept = filled.join('\n');
    store(KEYS, this.kept);
  }

  /** Whom to believe about a note: the kept keys, else what the server tells. */
  async of(note: Note, signal?: AbortSignal): Promise<Trust> {
    const keys = this.isKept ? await this.keptKeys() : await this.announced(note, signal);
    const witnesses = keys.filter(({ algorithm }) => algorithm === 'cosignature');
    const logs = keys.filter(({ algorithm }) => algorithm === 'ed25519');
    return { keys: logs, witnesses, needed: witnesses.length };
  }

  async keptKeys(): Promise<VerifierKey[]> {
    return Promise.all(this.kept.split('\n').filter((line) => line !== '').map(parseKey));
  }

  /** The first entry announces the first key; later ones stand where they were changed. */
  private async announced(note: Note, signal?: AbortSignal): Promise<readonly VerifierKey[]> {
    const names = (key: VerifierKey): boolean =>
      note.signatures.some(({ name, id }) => name === key.name && id === key.id);
    if (this.told.some(names)) return this.told;
    const ask = async (first: number, limit: number): Promise<Listed> => {
      const listed = await json<Listed>(
        `/api/v1/ledger/entries?first=${first}&limit=${limit}`,
        signal,
      );
      const texts = listed.entries.flatMap(({ record }) => record?.act?.key?.key ?? []);
      const keys = await Promise.all(texts.map(parseKey));
      const isNew = (key: VerifierKey): boolean => this.told.every(({ text }) => text !== key.text);
      this.told = [...this.told, ...keys.filter(isNew)];
      return listed;
    };
    let { size } = await ask(0, 1);
    for (let back = 0; back < LOOK_BACK && size > 1 && !this.told.some(names); back += 1_000) {
      const first = Math.max(size - 1_000, 1);
      await ask(first, size - first);
      size = first;
    }
    return this.told;
  }

  /** The newest checkpoint of a log that this browser has seen. */
  last(origin: string): { seen: Seen; head: TreeHead } | undefined {
    const seen = this.seen.findLast((one) => one.origin === origin);
    const root = seen && fromBase64(seen.root);
    return seen && root ? { seen, head: { size: seen.size, root } } : undefined;
  }

  /** Remembers a verified checkpoint, one a minute; others only take the place of the last. */
  remember(origin: string, size: number, root: Bytes, at: Micros): void {
    const one: Seen = { origin, size, root: toBase64(root), at };
    const before = this.seen;
    const last = before.at(-1);
    if (last?.origin === origin && last.size === size && last.root === one.root) return;
    const previous = before.at(-2);
    const isSoon = last && previous && at - previous.at < SEEN_EVERY;
    this.seen = [...(isSoon ? before.slice(0, -1) : before), one].slice(-SEEN_MAX);
    store(SEEN, JSON.stringify(this.seen));
  }

  /** Begins anew, as after a ledger was replaced on purpose. */
  forget(): void {
    this.seen = [];
    store(SEEN, '');
  }
}

function readSeen(): Seen[] {
  try {
    const value: unknown = JSON.parse(stored(SEEN) || '[]');
    return Array.isArray(value) ? value.filter(isSeen) : [];
  } catch {
    return [];
  }
}

function isSeen(value: unknown): value is Seen {
  if (typeof value !== 'object' || value === null) return false;
  const { origin, size, root, at } = value as Partial<Seen>;
  return (
    typeof origin === 'string' &&
    Number.isSafeInteger(size) &&
    typeof root === 'string' &&
    fromBase64(root)?.length === 32 &&
    typeof at === 'number'
  );
}

export const ledgerTrust = new LedgerTrust();
