// Inclusion and consistency proofs (RFC 6962 section 2.1, RFC 9162 section 2.1).

import { same, Unsound } from './bytes';
import { emptyRoot, nodeHash, type Hash, type Hashing } from './hash';

/** A tree, as a checkpoint names it. */
export interface TreeHead {
  readonly size: number;
  readonly root: Hash;
}

/** Gives the hash over the leaves `index * 2^level` to `(index + 1) * 2^level`. */
export type Subtrees = (level: number, index: number) => Promise<Hash>;

const half = (number: number): number => Math.floor(number / 2);
const isOdd = (number: number): boolean => number % 2 === 1;

/** The root that a leaf and its path lead to (RFC 9162 section 2.1.3.2). */
export async function rootFromPath(
  leaf: Hash,
  index: number,
  size: number,
  path: readonly Hash[],
  record?: (hashing: Hashing) => void,
): Promise<Hash> {
  if (index >= size) throw new Unsound(`leaf ${index} is not below ${size}`);
  const wrong = (): Unsound => new Unsound(`not a sound inclusion proof: ${path.length} hashes`);
  let [place, last, root] = [index, size - 1, leaf];
  for (const hash of path) {
    if (last === 0) throw wrong();
    const isRight = isOdd(place) || place === last;
    const [left, right] = isRight ? [hash, root] : [root, hash];
    const result = await nodeHash(left, right);
    record?.({
      rule: 'SHA-256(0x01 ‖ left ‖ right)',
      parts: [
        { name: isRight ? 'left, from the proof' : 'left, from above', bytes: left },
        { name: isRight ? 'right, from above' : 'right, from the proof', bytes: right },
      ],
      result,
    });
    root = result;
    if (isRight) {
      while (!isOdd(place) && place !== 0) [place, last] = [half(place), half(last)];
    }
    [place, last] = [half(place), half(last)];
  }
  if (last !== 0) throw wrong();
  return root;
}

/** Checks that the new tree begins with the old one (RFC 9162 section 2.1.4.2). */
export async function verifyConsistency(
  old: TreeHead,
  now: TreeHead,
  path: readonly Hash[],
): Promise<void> {
  if (old.size > now.size) throw new Unsound(`old size ${old.size} is above ${now.size}`);
  const wrong = (): Unsound => new Unsound(`not a sound consistency proof: ${path.length} hashes`);
  const mismatch = (): Unsound => new Unsound('the old tree is not the beginning of the new one');
  if (old.size === 0 || old.size === now.size) {
    if (path.length > 0) throw wrong();
    if (!same(old.root, old.size === 0 ? await emptyRoot() : now.root)) throw mismatch();
    return;
  }
  let [place, last] = [old.size - 1, now.size - 1];
  while (isOdd(place)) [place, last] = [half(place), half(last)];
  // Where the old tree is one perfect subtree, its root is where both walks begin.
  const rest = [...path];
  const first = place === 0 ? old.root : rest.shift();
  if (!first) throw wrong();
  let [oldRoot, newRoot] = [first, first];
  for (const hash of rest) {
    if (last === 0) throw wrong();
    if (isOdd(place) || place === last) {
      oldRoot = await nodeHash(hash, oldRoot);
      newRoot = await nodeHash(hash, newRoot);
      while (!isOdd(place) && place !== 0) [place, last] = [half(place), half(last)];
    } else {
      newRoot = await nodeHash(newRoot, hash);
    }
    [place, last] = [half(place), half(last)];
  }
  if (last !== 0) throw wrong();
  if (!same(oldRoot, old.root) || !same(newRoot, now.root)) throw mismatch();
}

/** The largest power of two below a number that is at least 2. */
function split(count: number): number {
  let power = 1;
  while (power * 2 < count) power *= 2;
  return power;
}

/** The hash over a range of leaves that the recursion of RFC 6962 arrives at. */
async function rangeHash(subtrees: Subtrees, begin: number, end: number): Promise<Hash> {
  const level = Math.log2(end - begin);
  if (Number.isInteger(level)) return subtrees(level, begin / (end - begin));
  const middle = begin + split(end - begin);
  const left = await rangeHash(subtrees, begin, middle);
  return nodeHash(left, await rangeHash(subtrees, middle, end));
}

export function rootAt(size: number, subtrees: Subtrees): Promise<Hash> {
  return size === 0 ? emptyRoot() : rangeHash(subtrees, 0, size);
}

/** The path from a leaf to the root, the leaf's sibling first. */
export async function proveInclusion(
  index: number,
  size: number,
  subtrees: Subtrees,
): Promise<Hash[]> {
  if (index >= size) throw new Unsound(`leaf ${index} is not below ${size}`);
  return walkDown(size, subtrees, (begin, middle, end) =>
    end - begin === 1 ? 'here' : index < middle ? 'left' : 'right',
  );
}

/** The proof that a tree begins with a smaller one. Empty where that is empty or as long. */
export async function proveConsistency(
  oldSize: number,
  newSize: number,
  subtrees: Subtrees,
): Promise<Hash[]> {
  if (oldSize > newSize) throw new Unsound(`old size ${oldSize} is above ${newSize}`);
  if (oldSize === 0 || oldSize === newSize) return [];
  let first: [number, number] = [0, 0];
  const path = await walkDown(newSize, subtrees, (begin, middle, end) => {
    first = [begin, end];
    return end === oldSize ? 'here' : oldSize <= middle ? 'left' : 'right';
  });
  if (first[0] !== 0) path.unshift(await rangeHash(subtrees, ...first));
  return path;
}

/** Goes down from the root and gathers the hashes beside the way, the lowest first. */
async function walkDown(
  size: number,
  subtrees: Subtrees,
  turn: (begin: number, middle: number, end: number) => 'here' | 'left' | 'right',
): Promise<Hash[]> {
  let [begin, end] = [0, size];
  const path: Hash[] = [];
  for (;;) {
    const middle = end - begin > 1 ? begin + split(end - begin) : end;
    const to = turn(begin, middle, end);
    if (to === 'here') return path.reverse();
    if (to === 'left') {
      path.push(await rangeHash(subtrees, middle, end));
      end = middle;
    } else {
      path.push(await rangeHash(subtrees, begin, middle));
      begin = middle;
    }
  }
}
