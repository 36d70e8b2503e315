// The proof of one event (`crates/stele-ledger/README.md`, "The proof of an event"), verified step
// by step, so that a reader can see and repeat each hash. It fails where `stele verify --proof`
// fails; both are tested against the same vectors.

import {
  decimal,
  fromBase64,
  fromUtf8,
  Reader,
  same,
  toHex,
  Unsound,
  utf8,
  type Bytes,
} from './bytes';
import { eventLeaf, HASH_BYTES, leafHash, type Hash, type Hashing } from './hash';
import {
  hashLine,
  openCheckpoint,
  parseNote,
  verifyNote,
  type Checkpoint,
  type Note,
  type Verified,
  type VerifierKey,
} from './note';
import { rootFromPath } from './tree';

const HEADER = 'c2sp.org/tlog-proof@v1\n';
const PATH_MAX = 63;
const POSITIONS_MAX = 1 << 14;
const DATASET_BYTES_MAX = 255;
const ENTRY_BYTES_MAX = 65_535;
const I64_MAX = (1n << 63n) - 1n;
const U32_MAX = 0xffff_ffff;

export type StepName =
  | 'file'
  | 'extra'
  | 'leaf'
  | 'batch'
  | 'entry'
  | 'checkpoint'
  | 'witnesses'
  | 'log';

/** One step of the way from the bytes to the checkpoint. */
export interface Step {
  readonly name: StepName;
  readonly ok: boolean;
  /** What was found, or why it failed. */
  readonly said: string;
  readonly hashings: readonly Hashing[];
  /** What was signed or written, as text. */
  readonly text?: string | undefined;
}

export interface Trust {
  /** Keys of the log; the first names it. */
  readonly keys: readonly VerifierKey[];
  readonly witnesses: readonly VerifierKey[];
  /** How many of the witnesses must have signed. */
  readonly needed: number;
}

export interface BatchRecord {
  readonly at: bigint;
  readonly batch: bigint;
  readonly dataset: string;
  readonly positions: number;
  readonly stored: number;
  readonly dropped: readonly number[];
  readonly root: Hash;
  readonly receipts: { readonly count: number; readonly sha256: Hash };
}

export interface Proven {
  readonly position: number;
  readonly batch: BatchRecord;
  /** The index of the batch's entry. */
  readonly index: number;
  readonly checkpoint: Checkpoint;
  readonly signers: readonly Verified[];
  readonly witnesses: readonly Verified[];
}

export interface Verdict {
  readonly steps: readonly Step[];
  /** Where every step held. */
  readonly proven?: Proven;
  /** The step that failed. */
  readonly failed?: Step;
}

interface ProofFile {
  readonly extra: Bytes | undefined;
  readonly index: number;
  readonly path: readonly Hash[];
  readonly note: Note;
}

interface EventProof {
  readonly salt: Bytes;
  readonly position: number;
  readonly batch: Omit<BatchRecord, 'root'>;
  readonly path: readonly Hash[];
}

/** Verifies that an event with these bytes stands in the log.
 *
 *  Throws `Unable` where the browser cannot compute what it would need to. */
export async function verifyEvent(file: Bytes, raw: Bytes, trust: Trust): Promise<Verdict> {
  const steps: Step[] = [];
  /** Runs one step; what it throws is why it failed. */
  const step = async <T>(
    name: StepName,
    work: (hash: (hashing: Hashing) => void) => Promise<{ said: string; text?: string; value: T }>,
  ): Promise<T> => {
    const hashings: Hashing[] = [];
    try {
      const { said, text, value } = await work((hashing) => hashings.push(hashing));
      steps.push({ name, ok: true, said, hashings, text });
      return value;
    } catch (thrown) {
      if (!(thrown instanceof Unsound)) throw thrown;
      steps.push({ name, ok: false, said: thrown.message, hashings });
      throw thrown;
    }
  };
  try {
    const proven = await walk(file, raw, trust, step);
    return { steps, proven };
  } catch (thrown) {
    const failed = steps.at(-1);
    if (!(thrown instanceof Unsound) || !failed) throw thrown;
    return { steps, failed };
  }
}

type RunStep = <T>(
  name: StepName,
  work: (hash: (hashing: Hashing) => void) => Promise<{ said: string; text?: string; value: T }>,
) => Promise<T>;

async function walk(bytes: Bytes, raw: Bytes, trust: Trust, step: RunStep): Promise<Proven> {
  const file = await step('file', async () => {
    const value = parseFile(bytes);
    return { value, said: `a tlog-proof of ${bytes.length} bytes, of entry ${value.index}` };
  });
  const proof = await step('extra', async () => {
    const value = parseExtra(file.extra);
    const said = `position ${value.position} of batch ${value.batch.batch}, and the salt of the event`;
    return { value, said };
  });
  const { position, batch } = proof;
  const [leaf, leafAt] = await step('leaf', async (hash) => {
    const at = leafIndex(batch, position);
    if (at === undefined) {
      const limit = batch.positions;
      throw new Unsound(`position of a stored event ${position} is not below ${limit}`);
    }
    const result = await eventLeaf(proof.salt, raw);
    hash({
      rule: 'SHA-256(0x00 ‖ salt ‖ bytes of the event)',
      parts: [
        { name: 'salt', bytes: proof.salt },
        { name: 'bytes of the event', bytes: raw },
      ],
      result,
    });
    const value: [Hash, number] = [result, at];
    return { value, said: `the ${raw.length} bytes of the event and its salt give its leaf` };
  });
  const root = await step('batch', async (hash) => {
    const value = await rootFromPath(leaf, leafAt, batch.stored, proof.path, hash);
    const said = `leaf ${leafAt} of ${batch.stored} leads to the root of the batch`;
    return { value, said };
  });
  const record: BatchRecord = { ...batch, root };
  const entry = await step('entry', async (hash) => {
    const text = writeEntry(record);
    const value = await leafHash(utf8(text));
    const parts = [{ name: 'entry', bytes: utf8(text) }];
    hash({ rule: 'SHA-256(0x00 ‖ entry)', parts, result: value });
    return { value, text, said: 'the record of the batch, as it stands in the ledger' };
  });
  const { checkpoint, verified } = await step('checkpoint', async () => {
    const value = await openCheckpoint(file.note, trust.keys[0]?.name ?? '', trust.keys);
    const by = value.verified.filter(({ key }) => key.algorithm === 'ed25519');
    const { size } = value.checkpoint.head;
    const said = `${by.map(({ key }) => key.name).join(', ')} has signed a log of ${size} entries`;
    return { value, said, text: file.note.text };
  });
  const witnesses = await step('witnesses', async () => {
    const value = await verifyNote(file.note, trust.witnesses);
    if (value.length < trust.needed) {
      throw new Unsound(`${value.length} of ${trust.needed} witnesses have signed`);
    }
    const said =
      trust.witnesses.length === 0
        ? 'no witness was asked for'
        : `${value.length} of ${trust.witnesses.length} known witnesses have signed`;
    return { value, said };
  });
  await step('log', async (hash) => {
    const { size, root: signed } = checkpoint.head;
    const found = await rootFromPath(entry, file.index, size, file.path, hash);
    if (!same(found, signed)) throw new Unsound('the root of the tree does not match');
    const said = `entry ${file.index} of ${size} leads to the root that was signed`;
    return { value: found, said };
  });
  return { position, batch: record, index: file.index, checkpoint, signers: verified, witnesses };
}

function parseFile(bytes: Bytes): ProofFile {
  const wrong = (reason: string): Unsound => new Unsound(`not a sound tlog-proof: ${reason}`);
  const whole = fromUtf8(bytes);
  if (whole === undefined) throw wrong('it is not UTF-8');
  if (!whole.startsWith(HEADER)) throw wrong('its first line is another');
  const text = whole.slice(HEADER.length);
  const end = text.indexOf('\n\n');
  if (end < 0) throw wrong('no empty line');
  const lines = text.slice(0, end).split('\n');
  let extra: Bytes | undefined;
  if (lines[0]?.startsWith('extra ')) {
    extra = fromBase64(lines.shift()?.slice('extra '.length) ?? '');
    if (!extra) throw wrong('its extra data is not base64');
  }
  const indexLine = lines.shift();
  if (!indexLine?.startsWith('index ')) throw wrong('no index');
  const index = decimal(indexLine.slice('index '.length), 'index of a proof');
  const path = lines.map((line) => {
    const hash = hashLine(line);
    if (!hash) throw wrong('a line of the path is no hash');
    return hash;
  });
  if (path.length > PATH_MAX) throw wrong('too many hashes');
  return { extra, index, path, note: parseNote(utf8(text.slice(end + 2))) };
}

function parseExtra(extra: Bytes | undefined): EventProof {
  const wrong = new Unsound('not a sound event proof: its extra data is cut short or damaged');
  if (!extra) throw new Unsound('not a sound event proof: no extra data');
  const reader = new Reader(extra);
  const sure = <T>(value: T | undefined): T => {
    if (value === undefined) throw wrong;
    return value;
  };
  const signed = (): bigint => {
    const value = sure(reader.varint());
    if (value > I64_MAX) throw wrong;
    return value;
  };
  const [version] = sure(reader.take(1));
  if (version !== 1) {
    throw new Unsound(`version of an event proof \`${version}\` is not known to this version`);
  }
  const salt = sure(reader.take(16));
  const position = sure(reader.number());
  const at = signed();
  const batch = signed();
  const dataset = sure(fromUtf8(sure(reader.take(sure(reader.number())))));
  const positions = sure(reader.number());
  const count = sure(reader.number());
  if (count > POSITIONS_MAX) throw wrong;
  const dropped = Array.from({ length: count }, () => sure(reader.number()));
  const receipts = { count: sure(reader.number()), sha256: sure(reader.take(HASH_BYTES)) };
  const stored = positions - runs(dropped).reduce((sum, [, length]) => sum + length, 0);
  if (stored < 0) throw wrong;
  const path: Hash[] = [];
  while (!reader.isAtEnd) path.push(sure(reader.take(HASH_BYTES)));
  return {
    salt,
    position,
    batch: { at, batch, dataset, positions, stored, dropped, receipts },
    path,
  };
}

/** The runs of dropped positions: where each begins, and how long it is. */
function runs(dropped: readonly number[]): [begin: number, length: number][] {
  const found: [number, number][] = [];
  let end = 0;
  for (let at = 0; at + 1 < dropped.length; at += 2) {
    const [gap = 0, length = 0] = [dropped[at], dropped[at + 1]];
    found.push([end + gap, length]);
    end = Math.min(end + gap + length, U32_MAX);
  }
  return found;
}

/** The place of a position among the leaves of its batch, if its event is stored. */
function leafIndex(batch: Omit<BatchRecord, 'root'>, position: number): number | undefined {
  if (position >= batch.positions) return undefined;
  let before = 0;
  for (const [begin, length] of runs(batch.dropped)) {
    if (begin > position) break;
    if (position < begin + length) return undefined;
    before += length;
  }
  return position - before;
}

/** The entry of a batch, in the one form in which it can stand in a ledger. */
function writeEntry(record: BatchRecord): string {
  const { at, batch, dataset, positions, stored, dropped, root, receipts } = record;
  const datasetBytes = utf8(dataset).length;
  if (datasetBytes > DATASET_BYTES_MAX) {
    const [found, most] = [datasetBytes, DATASET_BYTES_MAX];
    throw new Unsound(`the name of a dataset of ${found} bytes is longer than ${most}`);
  }
  if (positions > POSITIONS_MAX) {
    throw new Unsound(`number of positions ${positions} is not below ${POSITIONS_MAX + 1}`);
  }
  let end = 0;
  for (let run = 0; run < dropped.length; run += 2) {
    const [gap = 0, length] = [dropped[run], dropped[run + 1]];
    end += gap + (length ?? 0);
    if (!length || (gap === 0 && run > 0) || end > positions) {
      throw new Unsound(`not a sound list of dropped positions: [${dropped.join(', ')}]`);
    }
  }
  const text =
    `{"v":1,"t":"batch","at":${at},"batch":${batch},"dataset":${JSON.stringify(dataset)},` +
    `"n":${positions},"stored":${stored},"dropped":[${dropped.join(',')}],` +
    `"root":"${toHex(root)}",` +
    `"receipts":{"n":${receipts.count},"sha256":"${toHex(receipts.sha256)}"}}`;
  const bytes = utf8(text).length;
  if (bytes > ENTRY_BYTES_MAX) {
    throw new Unsound(`a record of ${bytes} bytes is longer than ${ENTRY_BYTES_MAX}`);
  }
  return text;
}
