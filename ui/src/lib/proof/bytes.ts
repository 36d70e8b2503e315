// Bytes and how they are written. What has two ways of being written is read in one only, as the
// verifier in Rust does: else two files would mean the same, and a hash would not tell which.

export type Bytes = Uint8Array<ArrayBuffer>;

/** What was read is not what it should be; the message says what is wrong. */
export class Unsound extends Error {
  override readonly name = 'Unsound';
}

const encoder = new TextEncoder();

export function utf8(text: string): Bytes {
  return encoder.encode(text);
}

/** The text of bytes that are UTF-8, and `undefined` for others. */
export function fromUtf8(bytes: Bytes): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

export function concat(parts: readonly Bytes[]): Bytes {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

export function same(a: Bytes, b: Bytes): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

export function toHex(bytes: Bytes): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}

export function toBase64(bytes: Bytes): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

/** Base64 of RFC 4648 section 4 with padding, in the one form that encodes its bytes. */
export function fromBase64(text: string): Bytes | undefined {
  try {
    const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    return toBase64(bytes) === text ? bytes : undefined;
  } catch {
    return undefined;
  }
}

/** Numbers above this are not read: JavaScript does not count further exactly. */
const NUMBER_MAX = BigInt(Number.MAX_SAFE_INTEGER);

/** A decimal number without sign or leading zeros. */
export function decimal(text: string, what: string): number {
  if (!/^(?:0|[1-9][0-9]*)$/.test(text)) {
    throw new Unsound(`not a sound ${what}: \`${text.slice(0, 40)}\` is not a decimal number`);
  }
  if (BigInt(text) > NUMBER_MAX) throw new Unsound(`${what} ${text} is larger than a browser counts`);
  return Number(text);
}

/** Reads bytes from the left; `undefined` where there are not enough. */
export class Reader {
  private at = 0;
  constructor(private readonly bytes: Bytes) {}

  get isAtEnd(): boolean {
    return this.at === this.bytes.length;
  }

  take(count: number): Bytes | undefined {
    if (this.at + count > this.bytes.length) return undefined;
    this.at += count;
    return this.bytes.slice(this.at - count, this.at);
  }

  /** A LEB128 number of at most 64 bits, in its shortest form only. */
  varint(): bigint | undefined {
    let value = 0n;
    for (let shift = 0n; shift < 64n; shift += 7n) {
      const byte = this.take(1)?.[0];
      if (byte === undefined || (byte === 0 && shift > 0n)) return undefined;
      value |= BigInt(byte & 0x7f) << shift;
      if (value >= 1n << 64n) return undefined;
      if (byte < 0x80) return value;
    }
    return undefined;
  }

  /** The same for at most 32 bits. */
  number(): number | undefined {
    const value = this.varint();
    return value === undefined || value >= 1n << 32n ? undefined : Number(value);
  }
}
