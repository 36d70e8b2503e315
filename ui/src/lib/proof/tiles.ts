// The files of a ledger (C2SP tlog-tiles), read from anywhere and believed only as far as they lead
// to the root of a checkpoint.

import { fromUtf8, same, toHex, Unsound, type Bytes } from './bytes';
import { HASH_BYTES, leafHash, rootOf, type Hash } from './hash';
import { proveConsistency, proveInclusion, rootAt, verifyConsistency, type TreeHead } from './tree';

/** A full tile holds so many hashes, a full bundle so many entries. */
export const TILE_WIDTH = 256;
const TILE_HEIGHT = 8;

export interface Tile {
  readonly level: number | 'entries';
  readonly index: number;
  /** 1 to 256; 256 for a full one. */
  readonly width: number;
}

/** `tile/0/x001/234.p/17`. */
export function tilePath({ level, index, width }: Tile): string {
  const digits = String(index);
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/.{3}/g) ?? [];
  const place = groups.map((group, at) => (at + 1 < groups.length ? `x${group}` : group));
  const part = width < TILE_WIDTH ? `.p/${width}` : '';
  return `tile/${level}/${place.join('/')}${part}`;
}

/** A file that is not there: where the ledger has grown, a newer checkpoint helps. */
export class MissingTile extends Error {
  override readonly name = 'MissingTile';
  constructor(readonly path: string) {
    super(`\`${path}\` is missing`);
  }
}

/** The bytes of a file of the ledger, or `undefined` where it is not there. */
export type ReadTile = (path: string) => Promise<Bytes | undefined>;

/** How many hashes or entries a ledger of a size has at a level. */
function countAt(level: number | 'entries', size: number): number {
  return level === 'entries' ? size : Math.floor(size / TILE_WIDTH ** level);
}

function tileAt(level: number | 'entries', index: number, size: number): Tile {
  const width = Math.min(countAt(level, size) - index * TILE_WIDTH, TILE_WIDTH);
  if (width < 1) throw new Unsound(`a ledger of ${size} entries has no tile ${level}/${index}`);
  return { level, index, width };
}

function splitHashes(path: string, width: number, bytes: Bytes): Hash[] {
  if (bytes.length !== width * HASH_BYTES) {
    throw new Unsound(`not a sound tile: \`${path}\` has ${bytes.length} bytes`);
  }
  return Array.from({ length: width }, (_, at) =>
    bytes.slice(at * HASH_BYTES, (at + 1) * HASH_BYTES),
  );
}

function splitBundle(path: string, width: number, bytes: Bytes): Bytes[] {
  const wrong = new Unsound(`not a sound bundle: \`${path}\``);
  const entries: Bytes[] = [];
  for (let at = 0; at < bytes.length; ) {
    const [high, low] = bytes.subarray(at, at + 2);
    if (high === undefined || low === undefined) throw wrong;
    const end = at + 2 + high * 256 + low;
    if (end > bytes.length) throw wrong;
    entries.push(bytes.slice(at + 2, end));
    at = end;
  }
  if (entries.length !== width) throw wrong;
  return entries;
}

/** What was checked so far, for a reader. */
export interface Tally {
  files: number;
  bytes: number;
  hashes: number;
}

/** The tiles under one checkpoint. What it gives has been hashed up to the checkpoint's root. */
export class VerifiedTiles {
  readonly tally: Tally = { files: 0, bytes: 0, hashes: 0 };
  private readonly tiles = new Map<string, Promise<Hash[]>>();
  private readonly sound = new Map<string, Promise<Hash[]>>();
  private edge: Promise<void> | undefined;

  constructor(
    readonly head: TreeHead,
    private readonly read: ReadTile,
  ) {}

  /** Checks that the tiles at the right edge lead to the root. */
  checkRoot(): Promise<void> {
    this.edge ??= (async () => {
      const root = await rootAt(this.head.size, (level, index) => this.subtree(level, index, false));
      if (!same(root, this.head.root)) {
        throw new Unsound(
          `the tiles lead to the root ${toHex(root).slice(0, 16)}…, and the checkpoint says ` +
            `${toHex(this.head.root).slice(0, 16)}…`,
        );
      }
    })();
    return this.edge;
  }

  /** The entries of a bundle, each of which hashes to its leaf. */
  async entries(index: number): Promise<Bytes[]> {
    const tile = tileAt('entries', index, this.head.size);
    const [{ path, bytes, width }, leaves] = await Promise.all([
      this.fetch(tile),
      this.hashes(0, index),
    ]);
    const entries = splitBundle(path, width, bytes).slice(0, tile.width);
    const hashes = await Promise.all(entries.map((entry) => leafHash(entry)));
    this.tally.hashes += hashes.length;
    hashes.forEach((hash, at) => {
      const leaf = leaves[at];
      if (!leaf || !same(hash, leaf)) {
        throw new Unsound(`entry ${index * TILE_WIDTH + at} does not hash to its leaf`);
      }
    });
    return entries;
  }

  /** The path from an entry to the root. */
  async inclusion(index: number): Promise<Hash[]> {
    return proveInclusion(index, this.head.size, (level, at) => this.subtree(level, at, true));
  }

  /** The proof that this ledger begins with an older one, verified against both heads. */
  async consistency(old: TreeHead): Promise<Hash[]> {
    const path = await proveConsistency(old.size, this.head.size, (level, at) =>
      this.subtree(level, at, true),
    );
    await verifyConsistency(old, this.head, path);
    return path;
  }

  /** The hashes of a tile, after they were hashed up to the root. */
  private hashes(level: number, index: number): Promise<Hash[]> {
    const key = `${level}/${index}`;
    const found = this.sound.get(key) ?? this.checked(level, index);
    this.sound.set(key, found);
    return found;
  }

  private async checked(level: number, index: number): Promise<Hash[]> {
    const hashes = await this.tile(level, index);
    // A tile that is not full stands at the right edge, all of whose hashes make the root.
    if (hashes.length < TILE_WIDTH) {
      await this.checkRoot();
      return hashes;
    }
    const parents = await this.hashes(level + 1, Math.floor(index / TILE_WIDTH));
    const parent = parents[index % TILE_WIDTH];
    this.tally.hashes += TILE_WIDTH - 1;
    if (!parent || !same(await rootOf(hashes), parent)) {
      throw new Unsound(`tile ${level}/${index} does not hash to what stands above it`);
    }
    return hashes;
  }

  private async subtree(level: number, index: number, isSound: boolean): Promise<Hash> {
    const first = index * 2 ** (level % TILE_HEIGHT);
    const count = 2 ** (level % TILE_HEIGHT);
    const [at, of] = [Math.floor(level / TILE_HEIGHT), Math.floor(first / TILE_WIDTH)];
    const hashes = await (isSound ? this.hashes(at, of) : this.tile(at, of));
    const begin = first % TILE_WIDTH;
    const taken = hashes.slice(begin, begin + count);
    if (taken.length < count) throw new Unsound(`no subtree ${level}/${index} under the checkpoint`);
    this.tally.hashes += count - 1;
    return rootOf(taken);
  }

  private tile(level: number, index: number): Promise<Hash[]> {
    const key = `${level}/${index}`;
    let found = this.tiles.get(key);
    if (!found) {
      const tile = tileAt(level, index, this.head.size);
      found = this.fetch(tile).then(({ path, bytes, width }) =>
        splitHashes(path, width, bytes).slice(0, tile.width),
      );
      this.tiles.set(key, found);
    }
    return found;
  }

  /** Where a partial file is gone the full one serves: it begins with the same. */
  private async fetch(tile: Tile): Promise<{ path: string; bytes: Bytes; width: number }> {
    for (const width of tile.width < TILE_WIDTH ? [tile.width, TILE_WIDTH] : [TILE_WIDTH]) {
      const path = tilePath({ ...tile, width });
      const bytes = await this.read(path);
      if (bytes) {
        this.tally.files += 1;
        this.tally.bytes += bytes.length;
        return { path, bytes, width };
      }
    }
    throw new MissingTile(tilePath(tile));
  }
}

/** The text of an entry; entries are JSON, whatever they hold. */
export function entryText(entry: Bytes): string {
  return fromUtf8(entry) ?? toHex(entry);
}
