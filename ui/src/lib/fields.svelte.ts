// The columns that the server knows, asked once.

import { ask, type FieldSpec, type SourceField, type Value } from './api';
import { shownName, word } from './words';

class Fields {
  columns = $state.raw<readonly FieldSpec[]>([]);
  sources = $state.raw<readonly SourceField[]>([]);
  private asked: Promise<void> | undefined;

  /** Asks for them, unless that was done; a failure may be tried again. */
  load(): Promise<void> {
    this.asked ??= ask('/api/v1/fields').then(
      (answer) => {
        this.columns = answer.columns;
        this.sources = answer.source_fields;
      },
      (failure: unknown) => {
        this.asked = undefined;
        throw failure;
      },
    );
    return this.asked;
  }

  spec(name: string): FieldSpec | undefined {
    return this.columns.find((column) => column.name === name);
  }
}

export const fields = new Fields();

/** A value as a reader sees it: the word for a number, the text of a list. */
export function shownValue(column: string, value: Value | undefined): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'number') return word(column, value) ?? String(value);
  if (typeof value === 'object') return JSON.stringify(value);
  return String(value);
}

const GROUPS: readonly (readonly [first: string, group: string])[] = [
  ['event_uid', 'Identity'],
  ['class_uid', 'Class and outcome'],
  ['source_type', 'Where it was written'],
  ['user_name', 'Who'],
  ['operation', 'Operation'],
  ['src_ip', 'From and to'],
  ['http_method', 'On what'],
  ['attrs', 'More'],
];
const ORDER = [
  'Operation',
  'Who',
  'From and to',
  'On what',
  'Class and outcome',
  'Where it was written',
  'More',
  'Identity',
];

export interface Group {
  readonly name: string;
  readonly fields: readonly { readonly spec: FieldSpec; readonly value: Value }[];
}

/** The fields of an event that have a value, in groups; what was done comes first. */
export function grouped(
  event: Readonly<Record<string, Value>>,
  columns: readonly FieldSpec[],
): Group[] {
  const groups = new Map<string, { spec: FieldSpec; value: Value }[]>();
  let current = 'Identity';
  for (const spec of columns) {
    current = GROUPS.find(([first]) => first === spec.name)?.[1] ?? current;
    const value = event[spec.name];
    if (value === undefined || value === null || spec.name === 'raw') continue;
    groups.set(current, [...(groups.get(current) ?? []), { spec, value }]);
  }
  return ORDER.flatMap((name) => {
    const found = groups.get(name);
    return found ? [{ name, fields: found }] : [];
  });
}

/** The heading of a column in the table. */
export function heading(column: string): string {
  return column === 'time' ? 'time, UTC' : shownName(column).replaceAll('_', ' ');
}
