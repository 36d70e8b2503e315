// Signed notes (C2SP signed-note), checkpoints (tlog-checkpoint), cosignatures of witnesses
// (tlog-cosignature), and the keys that verify them, by the browser's own Ed25519.

import { concat, decimal, fromBase64, fromUtf8, same, toHex, Unsound, utf8, type Bytes } from './bytes';
import { emptyRoot, HASH_BYTES, sha256, subtle, Unable, type Hash } from './hash';
import type { TreeHead } from './tree';

const NOTE_BYTES_MAX = 1 << 20;
const SIGNATURES_MAX = 100;

/** What a key signs: the text of a note, or that a witness saw a checkpoint at a time. */
export type Algorithm = 'ed25519' | 'cosignature';

const ALGORITHMS: ReadonlyMap<number, Algorithm> = new Map([
  [0x01, 'ed25519'],
  [0x04, 'cosignature'],
]);

/** A verifier key, `name+id+base64`. */
export interface VerifierKey {
  readonly text: string;
  readonly name: string;
  /** Eight hexadecimal digits. */
  readonly id: string;
  readonly algorithm: Algorithm;
  readonly public: Bytes;
}

function isKeyName(name: string): boolean {
  return name !== '' && !/[\p{White_Space}\p{Cc}+]/u.test(name);
}

export async function parseKey(text: string): Promise<VerifierKey> {
  const wrong = new Unsound('not a sound verifier key: it is written name+id+base64');
  // Base64 may hold a `+`, names may not: split from the left.
  const match = /^([^+]*)\+([^+]*)\+(.*)$/s.exec(text);
  const [, name = '', id = '', base64 = ''] = match ?? [];
  const bytes = fromBase64(base64);
  if (!match || !bytes || !isKeyName(name)) throw wrong;
  const algorithm = ALGORITHMS.get(bytes[0] ?? 0);
  if (!algorithm) throw new Unsound('the key is of an algorithm that this page does not know');
  if (bytes.length !== 1 + 32) throw wrong;
  const hash = await sha256(utf8(`${name}\n`), bytes);
  const found = toHex(hash.slice(0, 4));
  if (found !== id) throw new Unsound(`not a sound verifier key: the id of \`${name}\` is ${found}`);
  return { text, name, id, algorithm, public: bytes.slice(1) };
}

export interface NoteSignature {
  readonly name: string;
  readonly id: string;
  readonly bytes: Bytes;
}

export interface Note {
  /** With the newline that ends it. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

/** Reads a note; nothing in it is to be believed before it is verified. */
export function parseNote(bytes: Bytes): Note {
  const wrong = (reason: string): Unsound => new Unsound(`not a sound note: ${reason}`);
  if (bytes.length > NOTE_BYTES_MAX) throw wrong(`it is longer than ${NOTE_BYTES_MAX} bytes`);
  const whole = fromUtf8(bytes);
  if (whole === undefined) throw wrong('it is not UTF-8');
  if (/[\0-\x09\x0b-\x1f]/.test(whole)) throw wrong('it holds control characters');
  const split = whole.lastIndexOf('\n\n');
  if (split < 0) throw wrong('no empty line before signatures');
  return {
    text: whole.slice(0, split + 1),
    signatures: parseSignatures(whole.slice(split + 2)),
  };
}

function parseSignatures(text: string): NoteSignature[] {
  const wrong = (reason: string): Unsound => new Unsound(`not a sound signature: ${reason}`);
  if (!text.endsWith('\n')) throw wrong('no newline at the end');
  const lines = text.slice(0, -1).split('\n');
  if (lines.length > SIGNATURES_MAX) throw wrong('too many of them');
  return lines.map((line) => {
    const match = /^\u2014 ([^ ]*) (.*)$/su.exec(line);
    if (!match) throw wrong('no dash and no key name before it');
    const [, name = '', base64 = ''] = match;
    const bytes = fromBase64(base64);
    if (!bytes) throw wrong('it is not base64');
    if (!isKeyName(name) || bytes.length < 5) throw wrong('no key name, or nothing behind the id');
    return { name, id: toHex(bytes.slice(0, 4)), bytes: bytes.slice(4) };
  });
}

export interface Verified {
  readonly key: VerifierKey;
  /** When a witness signed, in seconds. */
  readonly seconds?: number | undefined;
}

/** What a key must have signed, and the signature alone. */
function signed(
  key: VerifierKey,
  text: string,
  bytes: Bytes,
): { message: Bytes; signature: Bytes; seconds?: number } | undefined {
  if (key.algorithm === 'ed25519') return { message: utf8(text), signature: bytes };
  if (bytes.length < 8) return undefined;
  const seconds = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0);
  if (seconds > BigInt(Number.MAX_SAFE_INTEGER)) return undefined;
  const message = utf8(`cosignature/v1\ntime ${seconds}\n${text}`);
  return { message, signature: bytes.slice(8), seconds: Number(seconds) };
}

async function isSigned(key: VerifierKey, message: Bytes, signature: Bytes): Promise<boolean> {
  const crypto = subtle();
  let imported: CryptoKey;
  try {
    imported = await crypto.importKey('raw', key.public, 'Ed25519', false, ['verify']);
  } catch (thrown) {
    if (thrown instanceof DOMException && thrown.name === 'NotSupportedError') {
      throw new Unable(
        'It does not know Ed25519 signatures (Chromium from 137, Firefox from 129 and ' +
          'Safari from 17 on do); use a newer one, or verify offline',
      );
    }
    return false;
  }
  return crypto.verify('Ed25519', imported, signature, message);
}

/** The signatures of the keys that are known; none where no such key has signed.
 *
 *  A wrong signature in the name of a known key spoils the note. */
export async function verifyNote(note: Note, keys: readonly VerifierKey[]): Promise<Verified[]> {
  const verified: Verified[] = [];
  for (const signature of note.signatures) {
    for (const key of keys) {
      if (key.name !== signature.name || key.id !== signature.id) continue;
      const parts = signed(key, note.text, signature.bytes);
      if (!parts || !(await isSigned(key, parts.message, parts.signature))) {
        throw new Unsound(`the signature of \`${key.name}\` is wrong`);
      }
      const isNew = verified.every((before) => before.key.text !== key.text);
      if (isNew) verified.push({ key, seconds: parts.seconds });
    }
  }
  return verified;
}

export interface Checkpoint {
  readonly origin: string;
  readonly head: TreeHead;
  readonly extensions: readonly string[];
}

/** Reads the text of a checkpoint's note, whoever signed it. */
export async function parseCheckpoint(text: string): Promise<Checkpoint> {
  const wrong = (reason: string): Unsound => new Unsound(`not a sound checkpoint: ${reason}`);
  if (!text.endsWith('\n')) throw wrong('no newline at the end');
  const [origin, sizeText, rootText, ...extensions] = text.slice(0, -1).split('\n');
  if (!origin) throw wrong('no origin');
  if (!sizeText) throw wrong('no size');
  const size = decimal(sizeText, 'size of a checkpoint');
  const root = rootText ? fromBase64(rootText) : undefined;
  if (root?.length !== HASH_BYTES) throw wrong('no root');
  if (size === 0 && !same(root, await emptyRoot())) throw wrong('an empty tree with another root');
  if (extensions.includes('')) throw wrong('an empty extension line');
  return { origin, head: { size, root }, extensions };
}

/** Verifies that one of the log's keys has signed a checkpoint, and reads it. */
export async function openCheckpoint(
  note: Note,
  origin: string,
  keys: readonly VerifierKey[],
): Promise<{ checkpoint: Checkpoint; verified: Verified[] }> {
  const verified = await verifyNote(note, keys);
  // A witness says when it saw a head, not that the log made it.
  if (verified.every(({ key }) => key.algorithm !== 'ed25519')) {
    const who = keys.length === 1 ? 'the key that is' : 'any of the keys that are';
    throw new Unsound(`not signed by ${who} believed here`);
  }
  const checkpoint = await parseCheckpoint(note.text);
  if (checkpoint.origin !== origin) {
    throw new Unsound(`a checkpoint of \`${checkpoint.origin}\`, not of \`${origin}\``);
  }
  return { checkpoint, verified };
}

/** The hash in base64 on a line of a proof. */
export function hashLine(text: string): Hash | undefined {
  const bytes = fromBase64(text);
  return bytes?.length === HASH_BYTES ? bytes : undefined;
}

/** What a signature is over, for a reader who wants to check it again. */
export function signedBytes(key: VerifierKey, note: Note): { message: Bytes; signature: Bytes } {
  const found = note.signatures.find(({ name, id }) => name === key.name && id === key.id);
  const parts = found && signed(key, note.text, found.bytes);
  return parts ?? { message: concat([]), signature: concat([]) };
}
