import { describe, expect, test } from 'vitest';
import { utf8 } from './proof/bytes';
import { decode, grouped, sentence, timeline, type Entry } from './records';

const T0 = 1_753_142_400_000_000;
const S = 1_000_000;

/** Entries from records without `v`; `at` is in seconds. */
function entries(...records: ({ t: string; at: number } & Record<string, unknown>)[]): Entry[] {
  return records.map(({ at, ...rest }, index) =>
    decode(index, utf8(JSON.stringify({ v: 1, at: T0 + at * S, ...rest }))),
  );
}

const start = (at: number) => ({ t: 'act', at, by: 'stele', act: { start: { run: 'a', version: '1' } } });
const stop = (at: number) => ({ t: 'act', at, by: 'stele', act: { stop: { run: 'a' } } });
const beat = (at: number, number: number) => ({ t: 'beat', at, beat: number, run: 'a', events: 5 });
const receipt = (at: number, source: string, first: number, n: number) => ({
  t: 'receipt',
  at,
  batch: 1,
  part: 0,
  requests: [{ source, first, n, dup: 0 }],
});
const batch = (at: number, n: number) => ({
  t: 'batch',
  at,
  batch: 1,
  dataset: 'main',
  n,
  stored: n,
});

function told(...records: Parameters<typeof entries>) {
  const line = timeline(grouped(entries(...records)));
  return {
    spans: line?.spans.map(({ kind, from, to }) => [kind, (from - T0) / S, (to - T0) / S]),
    findings: line?.findings.map(({ level, said }) => `${level}: ${said}`),
    marks: line?.marks.map(({ kind }) => kind),
  };
}

describe('a row of entries says', () => {
  test('that a run is unbroken', () => {
    expect(told(start(0), beat(50, 1), beat(100, 2))).toEqual({
      spans: [['sealed', 0, 100]],
      findings: [],
      marks: ['start'],
    });
  });

  test('that the server was stopped', () => {
    const { spans, findings } = told(start(0), stop(30), start(90), beat(100, 1));
    expect(spans).toEqual([
      ['sealed', 0, 30],
      ['stopped', 30, 90],
      ['sealed', 90, 100],
    ]);
    expect(findings).toEqual([
      'note: The server was stopped from 22 Jul 00:00:30 to 22 Jul 00:01:30 UTC, 60 s',
    ]);
  });

  test('that it ended without saying so', () => {
    const { spans, findings } = told(start(0), beat(50, 1), start(3_650));
    expect(spans?.map(([kind]) => kind)).toEqual(['sealed', 'crash']);
    expect(findings?.[0]).toMatch(/^note: The server ended without saying so: .*, 60 min$/);
  });

  test('that it was silent in a run', () => {
    const { spans, findings } = told(start(0), beat(50, 1), beat(120, 2));
    expect(spans?.map(([kind]) => kind)).toEqual(['sealed', 'silence']);
    expect(findings?.[0]).toMatch(/^bad: No sign of life/);
  });

  test('that a sign of life is missing', () => {
    expect(told(beat(0, 7), beat(50, 9)).findings).toEqual([
      'bad: Sign of life 9 follows 7: one is missing',
    ]);
  });

  test('that events of a source are missing', () => {
    const sound = [receipt(0, 'a', 0, 3), batch(0, 3), receipt(1, 'a', 3, 2), batch(1, 2)];
    expect(told(...sound).findings).toEqual([]);
    const cut = [...sound, receipt(2, 'a', 6, 1), batch(2, 1)];
    expect(told(...cut).findings).toEqual(['bad: Of a, event 6 came where 5 was to come']);
    const renumbered = { t: 'act', at: 2, by: 'stele', act: { renumber: {} } };
    expect(told(...sound, renumbered, receipt(2, 'a', 0, 1), batch(2, 1)).findings).toEqual([]);
  });

  test('that time ran backwards', () => {
    expect(told(beat(10, 1), beat(6, 2), beat(4, 3)).findings).toEqual([
      'bad: Entry 2 is older than the one before it',
    ]);
  });

  test('nothing without a record', () => {
    expect(timeline([])).toBeUndefined();
  });
});

describe('sentences', () => {
  const said = (...records: Parameters<typeof entries>): string[] =>
    grouped(entries(...records)).map(sentence);

  test('name the senders of a batch', () => {
    expect(said(receipt(0, 'a', 0, 2), receipt(0, 'b', 0, 1), batch(0, 3))).toEqual([
      '3 events of a, b',
    ]);
  });

  test('show what cannot be seen', () => {
    expect(said(receipt(0, '\u202egnp', 0, 1), batch(0, 1))).toEqual(['1 event of ‹RLO›gnp']);
  });

  test('hold for what is strange', () => {
    const strange = [
      { t: 'batch', at: 0 },
      { t: 'commit', at: 0, files: 7, reason: ['x'] },
      { t: 'files', at: 0, changes: [null, 3, {}] },
      { t: 'act', at: 0, by: 3, act: { __proto__: 1, unknown: null } },
      { t: 'act', at: 0 },
      { t: 'act', at: 0, act: { erase: { positions: [1, 2], order: 'o' } } },
      { t: 'receipt', at: 0, requests: 'x' },
      { t: 'constructor', at: 0 },
      { t: 'extern', at: 0, prover: 'cloudtrail-digest', name: 'key' },
    ];
    for (const text of said(...strange)) expect(text).not.toMatch(/undefined|\[object|NaN/);
    expect(decode(0, utf8('not json')).record).toBeUndefined();
    expect(decode(0, utf8('null')).record).toBeUndefined();
    expect(decode(0, Uint8Array.of(0xff)).record).toBeUndefined();
  });
});
