// What stands in the entries of the ledger (`crates/stele-ledger/README.md`, "Entries"), in words,
// and what a row of entries says about time: unbroken, stopped, crashed, silent.

import type { Bytes } from './proof/bytes';
import { fromUtf8 } from './proof/bytes';
import { bytes, count, plural } from './format';
import { duration, moment, SECOND, type Micros } from './time';
import { inLine } from './visible';

export interface Request {
  readonly source: string;
  readonly first: number;
  readonly n: number;
}

/** An entry as JSON. Only `t` and `at` are sure; the rest is what the kind has. */
export interface LedgerRecord {
  readonly t: string;
  readonly at: Micros;
  readonly [name: string]: unknown;
}

export interface Entry {
  readonly index: number;
  readonly bytes: Bytes;
  /** Missing where it is no record that this page can read. */
  readonly record: LedgerRecord | undefined;
}

/** Entries that belong together: lists, and the record that they stand before. */
export interface Group {
  /** The last entry, that names the group. */
  readonly entry: Entry;
  readonly lists: readonly Entry[];
}

export function decode(index: number, entry: Bytes): Entry {
  try {
    const value: unknown = JSON.parse(fromUtf8(entry) ?? '');
    const { t, at } = value as LedgerRecord;
    if (typeof t === 'string' && typeof at === 'number') {
      return { index, bytes: entry, record: value as LedgerRecord };
    }
  } catch {
    // Shown as bytes.
  }
  return { index, bytes: entry, record: undefined };
}

export function grouped(entries: readonly Entry[]): Group[] {
  const groups: Group[] = [];
  let lists: Entry[] = [];
  for (const entry of entries) {
    const kind = entry.record?.t;
    if (kind === 'receipt' || kind === 'files') {
      lists.push(entry);
      continue;
    }
    const isTheirs = kind === 'batch' || kind === 'commit';
    if (!isTheirs) groups.push(...lists.map((list) => ({ entry: list, lists: [] })));
    groups.push({ entry, lists: isTheirs ? lists : [] });
    lists = [];
  }
  groups.push(...lists.map((list) => ({ entry: list, lists: [] })));
  return groups;
}

const KINDS: Readonly<Record<string, string>> = {
  batch: 'events',
  receipt: 'who sent',
  commit: 'table',
  files: 'files',
  act: 'act',
  beat: 'beat',
  extern: 'foreign proof',
  audit: 'audit',
};

/** The word for a kind of entry. */
export function kindOf(record: LedgerRecord | undefined): string {
  if (!record) return 'unknown';
  return own(KINDS, record.t) ?? inLine(record.t).slice(0, 20);
}

export function requestsOf({ entry, lists }: Group): Request[] {
  const parts = entry.record?.t === 'receipt' ? [entry] : lists;
  return parts.flatMap(({ record }) => list(record?.['requests']) as unknown as Request[]);
}

interface FileChange {
  readonly add?: { readonly path: string; readonly bytes: number; readonly rows: number };
  readonly remove?: string;
}

function changesOf({ entry, lists }: Group): FileChange[] {
  const parts = entry.record?.t === 'files' ? [entry] : lists;
  return parts.flatMap(({ record }) => list(record?.['changes']) as FileChange[]);
}

/** What a table has under a name that somebody else wrote. */
function own<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

const fields = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
const list = (value: unknown): object[] =>
  Array.isArray(value) ? value.filter((one) => typeof one === 'object' && one !== null) : [];
const number = (value: unknown): number => (typeof value === 'number' ? value : 0);
const text = (value: unknown): string => inLine(String(value ?? '')).slice(0, 200);

/** The names of some senders: `shop, web-1 and 3 more`. */
function names(sources: readonly string[]): string {
  const different = [...new Set(sources)].map((name) =>
    name === '' ? '(without a name)' : text(name),
  );
  const shown = different.slice(0, 3);
  const more = different.length - shown.length;
  return more > 0 ? `${shown.join(', ')} and ${more} more` : shown.join(', ');
}

const REASONS: Readonly<Record<string, string>> = {
  flush: 'events moved into the table',
  compact: 'files were joined',
  erase: 'events were erased',
  expire: 'files went, their time was over',
  schema: 'the table itself changed',
};

/** What an entry says, in a sentence without a full stop. */
export function sentence(group: Group): string {
  const { record } = group.entry;
  if (!record) return 'no record that this page can read';
  switch (record.t) {
    case 'batch': {
      const from = names(requestsOf(group).map(({ source }) => source));
      const dropped = number(record['n']) - number(record['stored']);
      const again = dropped > 0 ? `, ${count(dropped)} more were there before` : '';
      return `${plural(number(record['stored']), 'event')}${from ? ` of ${from}` : ''}${again}`;
    }
    case 'receipt':
      return `requests of batch ${text(record['batch'])}`;
    case 'commit': {
      const changes = changesOf(group);
      const added = changes.flatMap(({ add }) => (add ? [add] : []));
      const gone = changes.filter(({ remove }) => remove !== undefined).length;
      const came = added.reduce((sum, { rows }) => sum + number(rows), 0);
      const size = added.reduce((sum, file) => sum + number(file.bytes), 0);
      const reason = own(REASONS, String(record['reason'])) ?? text(record['reason']);
      const parts = [
        added.length > 0
          ? `${plural(added.length, 'file')} with ${plural(came, 'row')}, ${bytes(size)}`
          : '',
        gone > 0 ? `${plural(gone, 'file')} removed` : '',
      ].filter((part) => part !== '');
      return `version ${text(record['version'])}: ${[reason, ...parts].join('; ')}`;
    }
    case 'files':
      return `files of version ${text(record['version'])}`;
    case 'beat':
      return `sign of life ${count(number(record['beat']))}: ${plural(number(record['events']), 'event')} acknowledged in this run`;
    case 'extern':
      return `${text(record['prover'])} of \`${text(record['name'])}\`, as first seen`;
    case 'audit':
      return plural(number(record['n']), 'access');
    case 'act':
      return act(record);
    default:
      return `a record of the kind \`${text(record.t)}\``;
  }
}

/** The name of what was done: `start`, `key`. */
export function deed(record: LedgerRecord | undefined): string | undefined {
  return Object.keys(fields(record?.['act']))[0];
}

function act(record: LedgerRecord): string {
  const name = deed(record) ?? '';
  const what = fields(own(fields(record['act']), name));
  const by = record['by'] === 'stele' ? '' : `, by ${text(record['by'])}`;
  const said: Readonly<Record<string, () => string>> = {
    start: () => `the server started, version ${text(what['version'])}`,
    stop: () => 'the server stopped in good order',
    key: () => `${what['replaces'] === undefined ? 'a key' : 'a new key'} signs: ${text(what['key'])}`,
    config: () => `setting \`${text(what['name'])}\` ${what['before'] === undefined ? 'is on record' : what['after'] === undefined ? 'is gone' : 'changed'}`,
    erase: () => {
      const positions = Array.isArray(what['positions']) ? what['positions'].length : 0;
      return `${plural(positions, 'event')} erased by order ${text(what['order'])}`;
    },
    expire: () => `expired by policy ${text(what['policy'])}`,
    hold: () => `hold ${text(what['hold'])} on ${text(what['scope'])}`,
    release: () => `hold ${text(what['hold'])} ended`,
    renumber: () => 'the numbers of all sources begin anew',
    other: () => `${text(what['kind'])}: ${text(what['detail'])}`,
  };
  return `${own(said, name)?.() ?? `\`${text(name)}\``}${by}`;
}

/** Longer than this without a sign of life is a finding; `stele verify` has the same limit. */
export const SILENCE = 65 * SECOND;

/** Records of different makers may stand so far out of order. */
const CLOCK_TOLERANCE = 5 * SECOND;

export interface Span {
  readonly kind: 'sealed' | 'stopped' | 'crash' | 'silence';
  readonly from: Micros;
  readonly to: Micros;
}

export interface Mark {
  readonly at: Micros;
  readonly index: number;
  readonly kind: 'start' | 'stop' | 'key' | 'other';
  readonly said: string;
}

export interface Finding {
  readonly level: 'bad' | 'note';
  readonly said: string;
  readonly index: number;
}

export interface Timeline {
  readonly from: Micros;
  readonly to: Micros;
  readonly spans: readonly Span[];
  readonly marks: readonly Mark[];
  readonly findings: readonly Finding[];
}

const MARKED = new Set(['start', 'stop', 'key', 'erase', 'expire', 'hold', 'release', 'renumber']);

/** What a row of entries says about time. */
export function timeline(groups: readonly Group[]): Timeline | undefined {
  const known = groups.filter(({ entry }) => entry.record);
  const [first, last] = [known[0]?.entry.record, known.at(-1)?.entry.record];
  if (!first || !last) return undefined;
  const spans: Span[] = [];
  const marks: Mark[] = [];
  const findings: Finding[] = [];
  const next = new Map<string, number>();
  let [from, before] = [first.at, first.at];
  /** Whether a run is open; at the beginning nobody knows. */
  let open: boolean | undefined;
  let sign: Micros | undefined;
  let beat: number | undefined;
  const gap = (kind: Span['kind'], begin: Micros, end: Micros): void => {
    if (begin > from) spans.push({ kind: 'sealed', from, to: begin });
    spans.push({ kind, from: begin, to: end });
    from = end;
  };
  for (const group of known) {
    const { index, record } = group.entry;
    if (!record) continue;
    const name = record.t === 'act' ? deed(record) : undefined;
    const between = (): string =>
      `${moment(before, record.at)} to ${moment(record.at, record.at)} UTC, ${duration(record.at - before)}`;
    if (name === 'start') {
      if (record.at > before) {
        const crashed = open !== false;
        gap(crashed ? 'crash' : 'stopped', before, record.at);
        findings.push({
          level: 'note',
          index,
          said: crashed
            ? `The server ended without saying so: nothing was recorded from ${between()}`
            : `The server was stopped from ${between()}`,
        });
      }
      [open, sign, beat] = [true, record.at, 0];
    } else if (record.t === 'beat' || name === 'stop') {
      if (sign !== undefined && record.at - sign > SILENCE) {
        gap('silence', sign, record.at);
        const said = `No sign of life from ${moment(sign, record.at)} to ${moment(record.at, record.at)} UTC, in a run`;
        findings.push({ level: 'bad', index, said });
      }
      if (record.t === 'beat') {
        const found = number(record['beat']);
        if (beat !== undefined && found !== beat + 1) {
          const said = `Sign of life ${found} follows ${beat}: one is missing`;
          findings.push({ level: 'bad', index, said });
        }
        beat = found;
      }
      sign = record.at;
      if (name === 'stop') [open, sign, beat] = [false, undefined, undefined];
    } else if (name === 'renumber') {
      next.clear();
    }
    if (record.t === 'batch') {
      for (const { source, first: at, n } of requestsOf(group)) {
        const key = JSON.stringify([record['dataset'], source]);
        const expected = next.get(key);
        if (expected !== undefined && expected !== at) {
          const whose = names([source]);
          const said = `Of ${whose}, event ${count(at)} came where ${count(expected)} was to come`;
          findings.push({ level: 'bad', index, said });
        }
        next.set(key, at + n);
      }
    }
    if (record.at < before - CLOCK_TOLERANCE) {
      const said = `Entry ${count(index)} is older than the one before it`;
      findings.push({ level: 'bad', index, said });
    }
    if (name !== undefined && MARKED.has(name)) {
      const kind = name === 'start' || name === 'stop' || name === 'key' ? name : 'other';
      marks.push({ at: record.at, index, kind, said: sentence(group) });
    }
    before = Math.max(before, record.at);
  }
  if (before > from || spans.length === 0) spans.push({ kind: 'sealed', from, to: before });
  return { from: first.at, to: before, spans, marks, findings };
}
