// Hashes as RFC 6962 (section 2.1) makes them, by the browser's own SHA-256.

import { concat, utf8, type Bytes } from './bytes';

export const HASH_BYTES = 32;

export type Hash = Bytes;

/** One hash that was computed, so that a reader can compute it again. */
export interface Hashing {
  /** `SHA-256(0x01 ‖ left ‖ right)`. */
  readonly rule: string;
  readonly parts: readonly { readonly name: string; readonly bytes: Bytes }[];
  readonly result: Hash;
}

/** The browser gives this page no cryptography; the message says why and what to do. */
export class Unable extends Error {
  override readonly name = 'Unable';
}

export function subtle(): SubtleCrypto {
  // Not there where the page came over plain HTTP from another machine.
  const found = (globalThis.crypto as Crypto | undefined)?.subtle as SubtleCrypto | undefined;
  if (found) return found;
  throw new Unable(
    'Browsers compute hashes only for pages that come over HTTPS or from the same machine; ' +
      'open the page that way, or verify offline',
  );
}

export async function sha256(...parts: readonly Bytes[]): Promise<Hash> {
  return new Uint8Array(await subtle().digest('SHA-256', concat(parts)));
}

const ZERO = Uint8Array.of(0);
const ONE = Uint8Array.of(1);

export function leafHash(entry: Bytes): Promise<Hash> {
  return sha256(ZERO, entry);
}

export function nodeHash(left: Hash, right: Hash): Promise<Hash> {
  return sha256(ONE, left, right);
}

/** The hash of an event: its salt stands before its bytes. */
export function eventLeaf(salt: Bytes, raw: Bytes): Promise<Hash> {
  return sha256(ZERO, salt, raw);
}

export function emptyRoot(): Promise<Hash> {
  return sha256(utf8(''));
}

/** The root over leaf hashes that are all at hand. */
export async function rootOf(leaves: readonly Hash[]): Promise<Hash> {
  const [only] = leaves;
  if (!only) return emptyRoot();
  let level = leaves;
  // A node without a neighbour goes up as it is: the same tree as RFC 6962's recursion.
  while (level.length > 1) {
    const pairs: Promise<Hash>[] = [];
    for (let at = 0; at < level.length; at += 2) {
      const [left, right] = [level[at], level[at + 1]];
      if (left) pairs.push(right ? nodeHash(left, right) : Promise.resolve(left));
    }
    level = await Promise.all(pairs);
  }
  return level[0] ?? only;
}
