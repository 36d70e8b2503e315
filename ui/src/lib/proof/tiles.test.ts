// Roots, paths and tiles as the ledger's own tests make them; and that no changed byte of a tile is
// believed.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { toHex, utf8, type Bytes } from './bytes';
import { leafHash, nodeHash, rootOf } from './hash';
import { openCheckpoint, parseKey, parseNote } from './note';
import { MissingTile, tilePath, VerifiedTiles, type Tile } from './tiles';
import { rootFromPath, verifyConsistency, type TreeHead } from './tree';

interface Vectors {
  readonly roots: { size: number; root: string }[];
  readonly inclusion: { index: number; size: number; path: string[] }[];
  readonly consistency: { old: number; new: number; path: string[] }[];
  readonly tiles: (Tile & { path: string })[];
  readonly log: { checkpoint: string; key: string; files: Record<string, string> };
}

const folder = new URL('../../../../crates/stele-ledger/', import.meta.url);
const vectors = JSON.parse(
  readFileSync(new URL('tests/vectors/trees.json', folder), 'utf8'),
) as Vectors;

const fromHex = (text: string): Bytes => Uint8Array.from(Buffer.from(text, 'hex'));
const sha256 = (...parts: Uint8Array[]): Bytes =>
  Uint8Array.from(parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest());

/** The files of a log whose entry i is the number i, made without the code under test. */
function filesOf(size: number): Map<string, Bytes> {
  const files = new Map<string, Bytes>();
  const put = (level: Tile['level'], items: readonly Uint8Array[]): void => {
    for (let index = 0; index * 256 < items.length; index += 1) {
      const part = items.slice(index * 256, (index + 1) * 256);
      files.set(tilePath({ level, index, width: part.length }), Uint8Array.from(Buffer.concat(part)));
    }
  };
  const entries = Array.from({ length: size }, (_, at) => Buffer.from(String(at)));
  put(
    'entries',
    entries.map((entry) => Buffer.concat([Buffer.from([0, entry.length]), entry])),
  );
  let hashes: Bytes[] = entries.map((entry) => sha256(Uint8Array.of(0), entry));
  for (let level = 0; hashes.length > 0; level += 1) {
    put(level, hashes);
    let rest = hashes.slice(0, Math.floor(hashes.length / 256) * 256);
    for (let step = 0; step < 8; step += 1) {
      rest = Array.from({ length: rest.length / 2 }, (_, at) =>
        sha256(Uint8Array.of(1), rest[2 * at] ?? utf8(''), rest[2 * at + 1] ?? utf8('')),
      );
    }
    hashes = rest;
  }
  return files;
}

const headOf = (size: number): TreeHead => ({
  size,
  root: fromHex(vectors.roots.find((one) => one.size === size)?.root ?? ''),
});
const reader = (files: Map<string, Bytes>) => async (path: string) => files.get(path);
const files = new Map(vectors.roots.map(({ size }) => [size, filesOf(size)]));
const tilesOf = (size: number): VerifiedTiles =>
  new VerifiedTiles(headOf(size), reader(files.get(size) ?? new Map()));

test.each(vectors.tiles)('the path of a tile is $path', ({ path, ...tile }) => {
  expect(tilePath(tile)).toBe(path);
});

describe('trees', () => {
  test.each(vectors.roots)('of $size leaves have their root', async ({ size }) => {
    await tilesOf(size).checkRoot();
  });

  test.each(vectors.inclusion)('leaf $index of $size is included', async ({ index, size, path }) => {
    const found = await tilesOf(size).inclusion(index);
    expect(found.map(toHex)).toEqual(path);
    const leaf = await leafHash(utf8(String(index)));
    const root = toHex(headOf(size).root);
    expect(toHex(await rootFromPath(leaf, index, size, found))).toBe(root);
    for (let at = 0; at < found.length; at += 1) {
      const other = found.map((hash, of) => (of === at ? sha256(hash) : hash));
      expect(toHex(await rootFromPath(leaf, index, size, other))).not.toBe(root);
    }
    await expect(rootFromPath(leaf, index, size, [...found, leaf])).rejects.toThrow('inclusion');
  });

  test.each(vectors.consistency)('of $old leaves begin those of $new', async (one) => {
    const [old, now] = [headOf(one.old), headOf(one.new)];
    const path = await tilesOf(one.new).consistency(old);
    expect(path.map(toHex)).toEqual(one.path);
    const forked = { ...old, root: sha256(old.root) };
    await expect(tilesOf(one.new).consistency(forked)).rejects.toThrow('beginning of the new');
    for (let at = 0; at < path.length; at += 1) {
      const other = path.map((hash, of) => (of === at ? sha256(hash) : hash));
      await expect(verifyConsistency(old, now, other)).rejects.toThrow();
    }
  });
});

describe('a log of 600 entries', () => {
  const { log } = vectors;
  const open = async () => {
    const note = parseNote(utf8(log.checkpoint));
    const key = await parseKey(log.key);
    return (await openCheckpoint(note, key.name, [key])).checkpoint.head;
  };

  test('is made of the files that the ledger writes', () => {
    const found = Object.fromEntries(
      [...filesOf(600)].map(([path, bytes]) => [path, toHex(sha256(bytes))]),
    );
    expect(found).toEqual(log.files);
  });

  test('gives its entries, hashed up to the signed root', async () => {
    const head = await open();
    const tiles = new VerifiedTiles(head, reader(filesOf(600)));
    for (const index of [2, 0, 1]) {
      const entries = await tiles.entries(index);
      expect(Buffer.from(entries[0] ?? '').toString()).toBe(String(index * 256));
      expect(entries.length).toBe(index === 2 ? 88 : 256);
    }
    expect(tiles.tally.files).toBe(7);
  });

  test('reads a full tile where the partial one is gone', async () => {
    const head = await open();
    const later = new Map([...filesOf(800), ...filesOf(600)]);
    later.delete('tile/0/002.p/88');
    later.delete('tile/entries/002.p/88');
    const tiles = new VerifiedTiles(head, reader(later));
    expect((await tiles.entries(2)).length).toBe(88);
  });

  test('names a file that is missing', async () => {
    const gone = filesOf(600);
    gone.delete('tile/0/002.p/88');
    const tiles = new VerifiedTiles(await open(), reader(gone));
    await expect(tiles.entries(2)).rejects.toThrow(MissingTile);
  });

  test('is not believed with a changed byte in any file', async () => {
    const head = await open();
    for (const [path, bytes] of filesOf(600)) {
      const damaged = filesOf(600);
      const other = bytes.slice();
      const at = Math.floor(bytes.length / 2);
      other[at] = (other[at] ?? 0) ^ 1;
      damaged.set(path, other);
      const tiles = new VerifiedTiles(head, reader(damaged));
      const all = Promise.all([0, 1, 2].map((index) => tiles.entries(index)));
      await expect(all, path).rejects.toThrow(/hash|root|sound/);
    }
  });
});

test('the first vectors of the README', async () => {
  const readme = readFileSync(new URL('README.md', folder), 'utf8');
  const value = (name: string): string =>
    readme.split('\n').find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2) ?? '';
  const leaf = await leafHash(utf8('a'));
  expect(toHex(leaf)).toBe(value('leaf of `a`'));
  expect(toHex(await nodeHash(leaf, leaf))).toBe(value('node of that leaf and itself'));
  expect(toHex(await rootOf([]))).toBe(value('root of nothing'));
  const note = parseNote(utf8(value('checkpoint').slice(1, -1).replaceAll('\\n', '\n')));
  const key = await parseKey(value('verifier key'));
  const witness = await parseKey(value('verifier key of a witness'));
  const { checkpoint, verified } = await openCheckpoint(note, key.name, [key, witness]);
  expect(checkpoint.head.size).toBe(2);
  expect(verified.map(({ seconds }) => seconds)).toEqual([undefined, 1_753_142_401]);
});
