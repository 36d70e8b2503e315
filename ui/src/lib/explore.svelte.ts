// The state of Explore: what is asked stands in the address, what came is kept here.

import { ask, event, search, sql, sqlRows, type Cost, type Row, type SearchQuestion } from './api';
import { serverClock } from './clock.svelte';
import { wanted } from './columns';
import { place } from './place.svelte';
import { preferences } from './preferences.svelte';
import { termFor } from './query';
import { fromThrown, Problem } from './problem';
import { between, resolve, stepFor, stepText, type Range, type Span } from './range';
import { DAY, fromIso, MINUTE, SECOND, TimeError, toIso, type Micros } from './time';

export const DEFAULT_COLUMNS = [
  'time',
  'severity_id',
  'source_type',
  'operation',
  'status_id',
  'src_ip',
  'user_name',
  'summary',
] as const;
export const DEFAULT_SINCE = '24h';
const PAGE_ROWS = 1_000;
const AROUND_ROWS = 20;
/** What tells one stream of records from another. */
const STREAM = ['source_type', 'source', 'log_name', 'log_stream', 'host_name'] as const;
const BARS_MAX = 160;
/** More rows of a statement are not kept: a page is no place for them. */
export const SQL_ROWS_MAX = 100_000;

export type Phase = 'idle' | 'asking' | 'streaming' | 'done' | 'cancelled' | 'failed';

export interface Bars {
  readonly span: { readonly from: Micros; readonly to: Micros };
  readonly step: Micros;
  /** By bar: how many of each severity, by its number. */
  readonly bars: ReadonlyMap<Micros, ReadonlyMap<number, number>>;
}

/** What is asked, as it stands in the address. */
export class Question {
  readonly mode: 'search' | 'sql';
  readonly query: string;
  readonly sql: string;
  readonly range: Range;
  readonly columns: readonly string[];
  readonly ascending: boolean;
  readonly live: boolean;
  readonly around: string;

  constructor(parameters: URLSearchParams) {
    this.query = parameters.get('q') ?? '';
    this.sql = parameters.get('sql') ?? '';
    this.mode = parameters.has('sql') ? 'sql' : 'search';
    const since = parameters.get('since') ?? DEFAULT_SINCE;
    this.range = { since: since === 'all' ? '' : since, until: parameters.get('until') ?? '' };
    const columns = (parameters.get('cols') ?? '').split(',').filter((name) => name !== '');
    this.columns = columns.length > 0 ? columns : DEFAULT_COLUMNS;
    this.ascending = parameters.get('order') === 'asc';
    this.live = parameters.get('live') === '1' && this.mode === 'search';
    this.around = parameters.get('around') ?? '';
  }

  /** What makes another answer; the open event or the theme do not. */
  get key(): string {
    const { mode, query, sql, range, columns, ascending, live, around } = this;
    return JSON.stringify([mode, query, sql, range, columns, ascending, live, around]);
  }
}

/** The address of an event, `<batch>-<pos>`; `undefined` for a row that does not tell it. */
export function addressOf(row: Row | undefined): string | undefined {
  const [batch, pos] = [row?.['_batch'], row?.['_pos']];
  return typeof batch === 'number' && typeof pos === 'number' ? `${batch}-${pos}` : undefined;
}

export class Explore {
  phase = $state<Phase>('idle');
  problem = $state.raw<Problem | undefined>();
  columns = $state.raw<readonly string[]>([]);
  /** Grows in place; `version` tells of it. */
  rows: Row[] = [];
  version = $state(0);
  /** How many match: exact, or `undefined` as long as that is not known. */
  total = $state<number | undefined>();
  bars = $state.raw<Bars | undefined>();
  barsProblem = $state.raw<Problem | undefined>();
  elapsedMs = $state(0);
  cost = $state.raw<Cost | undefined>();
  /** The moments that were asked for. */
  span = $state.raw<Span>({ from: undefined, to: 0 });
  /** Whether there may be more rows than are here. */
  more = $state(false);
  loadingMore = $state(false);
  /** Whether a statement gave more rows than are kept. */
  capped = $state(false);
  /** Around an event: the terms that its neighbours share, and whether there are more of them. */
  stream = $state.raw<readonly string[]>([]);
  /** Counts the answers, for parts that ask on their own. */
  answer = $state(0);

  question: Question | undefined;
  private abort = new AbortController();

  get signal(): AbortSignal {
    return this.abort.signal;
  }

  /** Asks anew and forgets what came before. */
  async run(question: Question): Promise<void> {
    this.cancelQuietly();
    this.question = question;
    this.reset();
    if (question.mode === 'sql') return this.runSql(question);
    if (question.around !== '') return this.runAround(question);
    try {
      this.span = resolve(question.range, serverClock.now());
    } catch (thrown) {
      if (!(thrown instanceof TimeError)) throw thrown;
      this.fail(new Problem('time_invalid', thrown.message));
      return;
    }
    const listed = this.list(question);
    const counted = this.count(question);
    await Promise.all([listed, counted]);
    if (this.question === question && this.phase === 'done') {
      preferences.remember(question.query);
      this.answer += 1;
    }
  }

  cancel(): void {
    if (this.phase !== 'asking' && this.phase !== 'streaming') return;
    this.abort.abort();
    this.phase = 'cancelled';
  }

  /** Stops what runs, for another page or another question. */
  cancelQuietly(): void {
    this.abort.abort();
    this.abort = new AbortController();
  }

  searchQuestion(question: Question): SearchQuestion {
    const { from, to } = this.span;
    return {
      q: question.query,
      since: from === undefined ? undefined : toIso(from),
      until: toIso(to),
      order: question.ascending ? 'asc' : 'desc',
    };
  }

  private reset(): void {
    this.rows = [];
    this.version += 1;
    this.problem = undefined;
    this.barsProblem = undefined;
    this.total = undefined;
    this.cost = undefined;
    this.more = false;
    this.loadingMore = false;
    this.capped = false;
    this.stream = [];
    this.phase = 'asking';
    this.elapsedMs = 0;
  }

  private fail(thrown: unknown): void {
    const problem = fromThrown(thrown);
    if (!problem) return;
    this.problem = problem;
    this.phase = 'failed';
  }

  private async list(question: Question): Promise<void> {
    const [began, signal] = [performance.now(), this.signal];
    try {
      await search(
        { ...this.searchQuestion(question), columns: wanted(question.columns), limit: PAGE_ROWS },
        {
          columns: (_names, cost) => {
            this.columns = question.columns;
            this.cost = cost;
          },
          rows: (rows) => this.take(rows),
        },
        signal,
      );
      if (signal.aborted) return;
      this.more = this.rows.length >= PAGE_ROWS;
      this.phase = 'done';
    } catch (thrown) {
      if (!signal.aborted) this.fail(thrown);
    } finally {
      if (!signal.aborted) this.elapsedMs = performance.now() - began;
    }
  }

  private take(rows: readonly Row[]): void {
    for (const row of rows) this.rows.push(row);
    this.version += 1;
    if (this.phase === 'asking') this.phase = 'streaming';
  }

  /** The next rows after the last one: from its time on, without those that are here already. */
  async loadMore(rowsMax = PAGE_ROWS): Promise<void> {
    const question = this.question;
    const last = this.rows.at(-1);
    if (!question || !this.more || this.loadingMore || typeof last?.['time'] !== 'string') return;
    this.loadingMore = true;
    const signal = this.signal;
    const time = fromIso(last['time']);
    const known = new Set<string | undefined>();
    for (
      let at = this.rows.length - 1;
      at >= 0 && this.rows[at]?.['time'] === last['time'];
      at -= 1
    ) {
      known.add(addressOf(this.rows[at]));
    }
    const side = question.ascending ? { since: toIso(time) } : { until: toIso(time + 1) };
    const limit = rowsMax + known.size;
    let came = 0;
    try {
      await search(
        { ...this.searchQuestion(question), ...side, columns: wanted(question.columns), limit },
        {
          columns: () => {},
          rows: (rows) => {
            came += rows.length;
            this.take(rows.filter((row) => !known.has(addressOf(row))));
          },
        },
        signal,
      );
      if (!signal.aborted) this.more = came >= limit;
    } catch (thrown) {
      if (!signal.aborted) this.problem = fromThrown(thrown);
    } finally {
      if (!signal.aborted) this.loadingMore = false;
    }
  }

  private async count(question: Question): Promise<void> {
    const signal = this.signal;
    try {
      const { q, since, until } = this.searchQuestion(question);
      const asked = { q, since, until };
      let { from } = this.span;
      if (from === undefined) {
        const days = await ask('/api/v1/histogram', { ...asked, step: '1d' }, signal);
        const first = days.find(({ time }) => time !== undefined)?.time;
        from =
          first === undefined
            ? this.span.to - DAY
            : Math.min(fromIso(first), this.span.to - MINUTE);
      }
      const to = Math.max(this.span.to, from + SECOND);
      const step = stepFor(to - from, BARS_MAX);
      const answer = await ask('/api/v1/histogram', { ...asked, step: stepText(step) }, signal);
      const bars = new Map<Micros, Map<number, number>>();
      let total = 0;
      for (const { time, severity_id, count } of answer) {
        total += count;
        if (time === undefined) continue;
        const at = fromIso(time);
        const bar = bars.get(at) ?? new Map<number, number>();
        bar.set(severity_id ?? 0, (bar.get(severity_id ?? 0) ?? 0) + count);
        bars.set(at, bar);
      }
      if (signal.aborted) return;
      this.total = total;
      this.bars = { span: { from, to }, step, bars };
    } catch (thrown) {
      if (!signal.aborted) this.barsProblem = fromThrown(thrown);
    }
  }

  /** What came before and after an event, from where it came. */
  private async runAround(question: Question, each = AROUND_ROWS): Promise<void> {
    const [began, signal] = [performance.now(), this.signal];
    this.bars = undefined;
    try {
      const pinned = (await event(question.around, signal)).event;
      const time = fromIso(String(pinned['time'] ?? pinned['ingest_time'] ?? ''));
      this.span = { from: time, to: time };
      this.stream = STREAM.filter((name) => pinned[name] !== undefined).map((name) =>
        termFor(name, pinned[name]),
      );
      const asked = { q: this.stream.join(' '), columns: wanted(question.columns) };
      const [before, after]: [Row[], Row[]] = [[], []];
      const into = (list: Row[]) => ({
        columns: () => {},
        rows: (rows: Row[]) => void list.push(...rows),
      });
      // Both sides hold the events of the very same moment, so that none is lost.
      await Promise.all([
        search({ ...asked, until: toIso(time), order: 'desc', limit: each }, into(before), signal),
        search(
          { ...asked, since: toIso(time), order: 'asc', limit: each + 1 },
          into(after),
          signal,
        ),
      ]);
      if (signal.aborted) return;
      const rows = [...before.reverse(), ...after];
      this.columns = question.columns;
      this.take(question.ascending ? rows : rows.reverse());
      this.total = rows.length;
      this.phase = 'done';
      preferences.remember(question.query);
    } catch (thrown) {
      if (!signal.aborted) this.fail(thrown);
    } finally {
      if (!signal.aborted) this.elapsedMs = performance.now() - began;
    }
  }

  /** Twice as many neighbours. */
  async widen(): Promise<void> {
    const question = this.question;
    if (!question || question.around === '' || this.phase !== 'done') return;
    const each = Math.max(AROUND_ROWS, this.rows.length);
    this.cancelQuietly();
    this.reset();
    await this.runAround(question, each);
  }

  private async runSql(question: Question): Promise<void> {
    this.bars = undefined;
    if (question.sql.trim() === '') {
      this.phase = 'idle';
      return;
    }
    const [began, signal] = [performance.now(), this.signal];
    try {
      await sql(
        question.sql,
        {
          columns: (names, cost) => {
            this.columns = names.filter((name) => name !== '_batch' && name !== '_pos');
            this.cost = cost;
          },
          rows: (rows) => {
            this.take(rows.slice(0, SQL_ROWS_MAX - this.rows.length));
            if (this.rows.length < SQL_ROWS_MAX) return;
            this.capped = true;
            this.abort.abort();
          },
        },
        signal,
      );
      if (signal.aborted) return;
      this.total = this.rows.length;
      this.phase = 'done';
    } catch (thrown) {
      if (this.capped && this.question === question) this.phase = 'done';
      if (!signal.aborted) this.fail(thrown);
    } finally {
      if (!signal.aborted) this.elapsedMs = performance.now() - began;
    }
  }
}

/** Follows what arrives and matches, in pages of the order of arrival. */
export class Live {
  paused = $state(false);
  /** Rows that came while it was paused. */
  waiting = $state(0);
  problem = $state.raw<Problem | undefined>();
  /** Rows that left at the other end. */
  dropped = $state(0);
  /** More came at once than is asked for at once. */
  overrun = $state(false);
  private held: Row[] = [];
  private stopped = false;
  private wake: (() => void) | undefined;

  static readonly rowsMax = 10_000;

  constructor(
    private readonly explore: Explore,
    private readonly question: Question,
  ) {}

  stop(): void {
    this.stopped = true;
    this.wake?.();
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    this.release();
  }

  async follow(): Promise<void> {
    const { explore, question } = this;
    const signal = explore.signal;
    const last = 'SELECT "_batch", "_pos" FROM events ORDER BY "_batch" DESC, "_pos" DESC LIMIT 1';
    let at: { batch: number; pos: number } | undefined;
    while (!this.stopped && !signal.aborted) {
      try {
        if (!at) {
          const [row] = await sqlRows(last, signal);
          at = { batch: Number(row?.['_batch'] ?? 0), pos: Number(row?.['_pos'] ?? -1) };
        }
        const after = `(_batch:>${at.batch} OR (_batch:${at.batch} _pos:>${at.pos}))`;
        const q = question.query.trim() === '' ? after : `(${question.query}) ${after}`;
        const came: Row[] = [];
        const columns = wanted(question.columns);
        await search(
          { q, columns, order: 'asc', limit: Live.rowsMax },
          { columns: () => {}, rows: (rows) => void came.push(...rows) },
          signal,
        );
        this.overrun ||= came.length >= Live.rowsMax;
        for (const row of came) {
          const [batch, pos] = [Number(row['_batch']), Number(row['_pos'])];
          if (batch > at.batch || (batch === at.batch && pos > at.pos)) at = { batch, pos };
        }
        this.problem = undefined;
        if (came.length > 0) this.hold(came);
      } catch (thrown) {
        if (signal.aborted) return;
        this.problem = fromThrown(thrown);
      }
      await new Promise<void>((resolve) => {
        this.wake = resolve;
        setTimeout(resolve, 1_000);
      });
    }
  }

  private hold(rows: readonly Row[]): void {
    this.held.push(...rows);
    if (this.held.length > Live.rowsMax) {
      this.dropped += this.held.length - Live.rowsMax;
      this.held = this.held.slice(-Live.rowsMax);
    }
    if (this.paused) this.waiting = this.held.length;
    else this.release();
  }

  private release(): void {
    const { explore } = this;
    explore.rows = [...this.held.reverse(), ...explore.rows];
    if (explore.rows.length > Live.rowsMax) {
      this.dropped += explore.rows.length - Live.rowsMax;
      explore.rows.length = Live.rowsMax;
    }
    this.held = [];
    this.waiting = 0;
    explore.version += 1;
  }
}

/** Changes the range in the address. */
export function setRange(range: Range): void {
  place.set({
    since: range.since === '' ? 'all' : range.since === DEFAULT_SINCE ? undefined : range.since,
    until: range.until,
    live: undefined,
  });
}

/** Changes the range to what lies between two moments. */
export function setSpan(from: Micros, to: Micros): void {
  setRange(between(from, to));
}
