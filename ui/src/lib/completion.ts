// What can follow at the cursor: names of fields, their values with counts, functions. Values are
// counted by the server under the rest of the query, so they are what is there.

import type { Completion, CompletionContext, CompletionResult } from '@codemirror/autocomplete';
import { ask, type Value } from './api';
import { fields } from './fields.svelte';
import { count } from './format';
import { atCursor, termFor } from './query';
import { inLine } from './visible';
import { SHORT, WORDS } from './words';

export interface Asked {
  readonly since: string | undefined;
  readonly until: string | undefined;
}

const OUTCOMES = ['success', 'failure', 'denied'];
const FORMS: readonly Completion[] = [
  { label: 'AND', detail: 'both', type: 'keyword' },
  { label: 'OR', detail: 'one of them, or both', type: 'keyword' },
  { label: 'NOT', detail: 'not what follows', type: 'keyword' },
];

function names(): Completion[] {
  const named = (name: string, column: string): Completion => {
    const spec = fields.spec(column);
    return {
      label: name,
      apply: `${name}:`,
      type: 'property',
      detail: name === column ? (spec?.type ?? '') : column,
      info: spec?.description ?? '',
      boost: name === column ? 0 : 10,
    };
  };
  const short = Object.entries(SHORT).map(([name, column]) => named(name, column));
  const columns = fields.columns.map(({ name }) => named(name, name));
  const seen = new Set([...short, ...columns].map(({ label }) => label));
  const own = fields.sources
    .filter(({ name }) => !seen.has(name))
    .map(({ name, format, column }): Completion => {
      seen.add(name);
      return {
        label: name,
        apply: `${name}:`,
        type: 'property',
        detail: `${format}: ${column}`,
        boost: -20,
      };
    });
  const outcome: Completion = {
    label: 'outcome',
    apply: 'outcome:',
    type: 'property',
    info: 'success, failure or denied, over all formats.',
    boost: 20,
  };
  return [outcome, ...short, ...columns, ...own];
}

function constants(field: string): string[] {
  if (field === 'outcome') return OUTCOMES;
  if (WORDS[field]) return Object.keys(WORDS[field]);
  return fields.spec(field)?.type === 'bool' ? ['true', 'false'] : [];
}

function written(field: string, value: Value): string {
  const term = termFor(field, value);
  return term.slice(term.indexOf(':') + 1);
}

export async function complete(
  context: CompletionContext,
  asked: () => Asked,
): Promise<CompletionResult | null> {
  const query = context.state.doc.toString();
  const at = atCursor(query, context.pos);
  if (!at) return null;
  await fields.load().catch(() => undefined);
  if (at.kind === 'name') {
    if (at.text === '' && !context.explicit) return null;
    return { from: at.from, options: [...names(), ...FORMS], validFor: /^[\w.]*$/ };
  }
  const field = at.field ?? '';
  const words = constants(field);
  const options = words.map((word): Completion => ({ label: word, type: 'constant' }));
  if (!fields.spec(field)) return options.length > 0 ? { from: at.from, options } : null;
  const abort = new AbortController();
  context.addEventListener('abort', () => abort.abort(), { onDocChange: true });
  const text = /^[\w.@-]+$/.test(at.text) && fields.spec(field)?.type === 'text';
  const prefix = text ? `${field}:*${at.text}*` : '';
  try {
    const counted = await ask(
      '/api/v1/facets',
      { q: `${at.rest} ${prefix}`.trim(), ...asked(), field, limit: 30 },
      abort.signal,
    );
    const found = counted.flatMap(({ value, count: number }, order): Completion[] => {
      if (value === undefined || value === null) return [];
      const label = written(field, value);
      return [
        {
          label,
          displayLabel: inLine(label).slice(0, 80),
          detail: count(number),
          type: 'constant',
          // What begins as it is written comes before what only holds it.
          boost: label.toLowerCase().startsWith(at.text.toLowerCase()) ? 99 - order : -order,
        },
      ];
    });
    const labels = new Set(found.map(({ label }) => label));
    const rest = options.filter(({ label }) => !labels.has(label));
    return { from: at.from, options: [...found, ...rest], filter: prefix === '' };
  } catch {
    return options.length > 0 ? { from: at.from, options } : null;
  }
}

const FUNCTIONS: readonly (readonly [name: string, form: string, meaning: string])[] = [
  ['has_token', "has_token(raw, 'root')", 'whether a word of the record is that'],
  ['has_phrase', "has_phrase(raw, 'root login')", 'whether the text is there, cutting no word'],
  ['has_pattern', "has_pattern(user_name, 'al*')", 'whether the whole value fits'],
  ['has_regex', "has_regex(message, 'fail(ed|ure)')", 'whether a part of the value matches'],
  ['ip_in', "ip_in(src_ip, '203.0.113.0/24')", 'whether the address lies in the network'],
  ['raw_get', "raw_get(raw, 'requestParameters.bucketName')", 'the value at a path, as text'],
  ['date_bin', "date_bin(INTERVAL '1 hour', time)", 'the stretch that a time lies in'],
  ['count', 'count(*)', 'how many'],
  ['approx_distinct', 'approx_distinct(user_name)', 'about how many different values'],
];

/** For SQL: columns, the functions that searches are made of, and values after `column = '`. */
export async function completeSql(
  context: CompletionContext,
  asked: () => Asked,
): Promise<CompletionResult | null> {
  await fields.load().catch(() => undefined);
  const before = context.state.doc.sliceString(0, context.pos);
  const value = /\b([a-z]\w*)\s*(?:=|<>|LIKE|IN\s*\((?:\s*'[^']*',)*)\s*'([^']*)$/i.exec(before);
  if (value) {
    const [, field = '', text = ''] = value;
    if (fields.spec(field)?.type !== 'text') return null;
    const q = /^[\w.@-]+$/.test(text) ? `${field}:*${text}*` : '';
    const counted = await ask('/api/v1/facets', { q, ...asked(), field, limit: 30 }).catch(
      () => [],
    );
    const options = counted.flatMap(({ value: found, count: number }): Completion[] =>
      typeof found === 'string'
        ? [
            {
              label: found.replaceAll("'", "''"),
              displayLabel: inLine(found),
              detail: count(number),
            },
          ]
        : [],
    );
    return { from: context.pos - text.length, options, filter: q === '' };
  }
  const word = context.matchBefore(/\w+/);
  if (!word && !context.explicit) return null;
  const columns = fields.columns.map(({ name, type, description }): Completion => ({
    label: name,
    apply: name.startsWith('_') ? `"${name}"` : name,
    detail: type,
    info: description,
    type: 'property',
    boost: 10,
  }));
  const functions = FUNCTIONS.map(([name, form, meaning]): Completion => ({
    label: name,
    apply: form,
    detail: form.slice(name.length),
    info: meaning,
    type: 'function',
    boost: 5,
  }));
  const table: Completion = { label: 'events', type: 'class', detail: 'the table', boost: 20 };
  return {
    from: word?.from ?? context.pos,
    options: [table, ...columns, ...functions],
    validFor: /^\w*$/,
  };
}
