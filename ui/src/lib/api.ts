// The HTTP interface of Stele: typed questions, and rows as they stream.

import type { Questions } from './api.gen';
import { serverClock } from './clock.svelte';
import { fromResponse, Problem } from './problem';

export type Value = string | number | boolean | null | readonly Value[] | { [name: string]: Value };
export type Row = Readonly<Record<string, Value>>;

export interface FieldSpec {
  readonly name: string;
  readonly type: string;
  readonly ocsf: string | null;
  readonly description: string;
}

export interface SourceField {
  readonly name: string;
  readonly format: string;
  readonly column: string;
}

export interface Answers {
  '/api/v1/fields': { columns: FieldSpec[]; source_fields: SourceField[] };
  '/api/v1/histogram': { time?: string; severity_id?: number; count: number }[];
  '/api/v1/facets': { value?: Value; count: number }[];
  '/api/v1/status': {
    store: {
      table_version: number;
      files: number;
      file_rows: number;
      file_bytes: number;
      memory_rows: number;
      memory_bytes: number;
      sealed_memtables: number;
    };
    write_ahead_log_bytes: number;
  };
}

type Asked<P extends keyof Questions> = {
  [K in keyof Questions[P]]: Questions[P][K] | undefined;
};

/** An address with its parameters; those without a value are left out. */
export function address(path: string, parameters: object = {}): string {
  const given = Object.entries(parameters).filter(([, value]) => value != null);
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return text ? `${path}?${text}` : path;
}

async function send(url: string, init: RequestInit): Promise<Response> {
  const response = await fetch(url, init);
  serverClock.observe(response);
  if (!response.ok) throw await fromResponse(response);
  return response;
}

/** An answer as it was sent, byte for byte. */
export async function bytes(url: string, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  const response = await send(url, signal ? { signal } : {});
  return new Uint8Array(await response.arrayBuffer());
}

/** An answer in JSON for which there is no type of its own. */
export async function json<T>(url: string, signal?: AbortSignal): Promise<T> {
  return (await (await send(url, signal ? { signal } : {})).json()) as T;
}

export async function ask<P extends keyof Questions & keyof Answers>(
  path: P,
  parameters: Partial<Asked<P>> = {},
  signal?: AbortSignal,
): Promise<Answers[P]> {
  const response = await send(address(path, parameters), signal ? { signal } : {});
  return (await response.json()) as Answers[P];
}

export interface EventAnswer {
  readonly event: Row;
  readonly ocsf: Row;
}

export async function event(at: string, signal?: AbortSignal): Promise<EventAnswer> {
  const url = `/api/v1/events/${encodeURIComponent(at)}`;
  return (await (await send(url, signal ? { signal } : {})).json()) as EventAnswer;
}

/** What the answer cost, where the server says so. */
export interface Cost {
  readonly files?: number;
  readonly files_total?: number;
  readonly bytes?: number;
}

export interface Listener {
  columns(names: string[], cost: Cost | undefined): void;
  rows(rows: Row[]): void;
}

export type SearchQuestion = Partial<Asked<'/api/v1/search'>>;

export function searchAddress(question: SearchQuestion): string {
  return address('/api/v1/search', question);
}

export async function search(
  question: SearchQuestion,
  listener: Listener,
  signal?: AbortSignal,
): Promise<void> {
  await stream(await send(searchAddress(question), signal ? { signal } : {}), listener);
}

export async function sql(text: string, listener: Listener, signal?: AbortSignal): Promise<void> {
  const init: RequestInit = {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ sql: text }),
  };
  await stream(await send('/api/v1/sql', signal ? { ...init, signal } : init), listener);
}

/** All rows of a statement that is known to be short. */
export async function sqlRows(text: string, signal?: AbortSignal): Promise<Row[]> {
  const all: Row[] = [];
  await sql(text, { columns: () => {}, rows: (rows) => void all.push(...rows) }, signal);
  return all;
}

/** Hands rows over as they come. A last row `{"error":…}` is a failure in the middle. */
async function stream(response: Response, listener: Listener): Promise<void> {
  const names = jsonHeader<string[]>(response, 'stele-columns') ?? [];
  listener.columns(names, jsonHeader<Cost>(response, 'stele-cost'));
  const reader = response.body?.getReader();
  if (!reader) return;
  const decoder = new TextDecoder();
  let rest = '';
  let error: string | undefined;
  const take = (text: string): void => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    const rows: Row[] = [];
    for (const line of lines) {
      if (line === '') continue;
      const row = JSON.parse(line) as Row;
      const said = row['error'];
      if (typeof said === 'string' && !names.includes('error')) error = said;
      else rows.push(row);
    }
    if (rows.length > 0) listener.rows(rows);
  };
  try {
    for (;;) {
      const { done, value } = await reader.read();
      take(done ? decoder.decode() : decoder.decode(value, { stream: true }));
      if (done) break;
    }
  } catch (thrown) {
    if (error !== undefined) throw new Problem('cut', error);
    if (thrown instanceof TypeError) {
      throw new Problem('cut', 'the server went away in the middle of the answer');
    }
    throw thrown;
  }
  if (error !== undefined) throw new Problem('cut', error);
}

function jsonHeader<T>(response: Response, name: string): T | undefined {
  const text = response.headers.get(name);
  if (text === null) return undefined;
  try {
    return JSON.parse(text) as T;
  } catch {
    return undefined;
  }
}
