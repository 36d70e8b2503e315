// The vectors that the ledger's own tests make: the browser must believe what `stele verify`
// believes, and refuse the rest at the same step.

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { fromBase64, toHex, utf8 } from './bytes';
import { verifyEvent, type StepName, type Trust } from './event';
import { parseKey } from './note';

interface Case {
  readonly name: string;
  readonly file: string;
  readonly raw: string;
  readonly keys: readonly string[];
  readonly witnesses: readonly string[];
  readonly needed: number;
  readonly fails?: StepName;
  readonly proves?: Readonly<Record<string, string | number>>;
}

const path = '../../../../crates/stele-ledger/tests/vectors/event_proofs.json';
const text = readFileSync(new URL(path, import.meta.url), 'utf8');
const { cases } = JSON.parse(text) as { cases: Case[] };

async function trustOf({ keys, witnesses, needed }: Case): Promise<Trust> {
  return {
    keys: await Promise.all(keys.map(parseKey)),
    witnesses: await Promise.all(witnesses.map(parseKey)),
    needed,
  };
}

const verify = async (one: Case, file: string, raw: string) =>
  verifyEvent(utf8(file), utf8(raw), await trustOf(one));

describe('the shared vectors', () => {
  test('there are some of each kind', () => {
    expect(cases.filter(({ proves }) => proves).length).toBeGreaterThan(8);
    const failing = new Set(cases.map(({ fails }) => fails));
    for (const name of ['file', 'extra', 'leaf', 'batch', 'entry', 'checkpoint', 'witnesses', 'log'])
      expect(failing).toContain(name);
  });

  test.each(cases)('$name', async (one) => {
    const { steps, proven, failed } = await verify(one, one.file, one.raw);
    expect(failed?.name).toBe(one.fails);
    const shown = proven && {
      position: proven.position,
      batch: String(proven.batch.batch),
      dataset: proven.batch.dataset,
      at: String(proven.batch.at),
      batch_root: toHex(proven.batch.root),
      index: proven.index,
      size: proven.checkpoint.head.size,
      root: toHex(proven.checkpoint.head.root),
    };
    expect(shown).toEqual(one.proves);
    expect(steps.filter(({ ok }) => !ok).length).toBe(failed ? 1 : 0);
  });
});

describe('a good proof', () => {
  const [good] = cases;
  if (!good) throw new Error('no vectors');

  test('shows each hash, and each goes on from the one before', async () => {
    const { steps } = await verify(good, good.file, good.raw);
    expect(steps.map(({ name }) => name)).toEqual([
      'file',
      'extra',
      'leaf',
      'batch',
      'entry',
      'checkpoint',
      'witnesses',
      'log',
    ]);
    for (const name of ['batch', 'log']) {
      const hashings = steps.find((step) => step.name === name)?.hashings ?? [];
      expect(hashings.length).toBeGreaterThan(1);
      for (let at = 1; at < hashings.length; at += 1) {
        const before = toHex(hashings[at - 1]?.result ?? utf8(''));
        expect(hashings[at]?.parts.map(({ bytes }) => toHex(bytes))).toContain(before);
      }
    }
  });

  test('fails with any character changed', async () => {
    for (let at = 0; at < good.file.length; at += 1) {
      const other = good.file[at] === 'A' ? 'B' : 'A';
      const file = good.file.slice(0, at) + other + good.file.slice(at + 1);
      const { proven } = await verify(good, file, good.raw);
      expect(proven, `character ${at}`).toBeUndefined();
    }
  });

  test('fails with any byte of the event changed, added or left out', async () => {
    for (let at = 0; at <= good.raw.length; at += 1) {
      const head = good.raw.slice(0, at);
      for (const raw of [`${head}~${good.raw.slice(at + 1)}`, `${head}~${good.raw.slice(at)}`]) {
        const { failed } = await verify(good, good.file, raw);
        expect(failed?.name).toBe('log');
      }
    }
  });
});

test('base64 is read in one form only', () => {
  expect(fromBase64('AAE=')).toEqual(Uint8Array.of(0, 1));
  for (const text of ['AAE', 'AAF=', ' AAE=', 'AAE=\n', 'A_E=']) {
    expect(fromBase64(text)).toBeUndefined();
  }
});
