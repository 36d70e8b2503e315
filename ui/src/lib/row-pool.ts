// The rows of the table that are in sight, as elements that are used again and again. This is the
// only place where elements are made by hand: a frame of scrolling has no time for more.

import type { Row } from './api';
import { cellInk, cellText } from './columns';
import { addressOf } from './explore.svelte';
import { level } from './words';

export interface View {
  readonly first: number;
  /** One after the last. */
  readonly last: number;
  readonly columns: readonly string[];
  readonly dated: boolean;
  /** Whether numbers have words. */
  readonly words: boolean;
  readonly opened: string;
  readonly pinned: string;
  /** The cell that the keys move, where the table has the focus. */
  readonly active: { readonly row: number; readonly column: number } | undefined;
  row(index: number): Row;
}

interface Line {
  readonly element: HTMLDivElement;
  readonly cells: readonly HTMLDivElement[];
  index: number;
  row: Row | undefined;
  address: string | undefined;
}

export class RowPool {
  private lines: Line[] = [];
  private shape = '';
  private marked: HTMLElement | undefined;

  constructor(
    private readonly space: HTMLElement,
    private readonly height: number,
  ) {}

  render(view: View): void {
    const shape = JSON.stringify([view.columns, view.dated, view.words]);
    if (shape !== this.shape) {
      this.shape = shape;
      this.lines = [];
      this.space.replaceChildren();
    }
    const free = this.lines.filter(({ index }) => index < view.first || index >= view.last);
    const kept = this.lines.filter(({ index }) => index >= view.first && index < view.last);
    const [from, to] = [kept[0]?.index ?? view.last, kept.at(-1)?.index ?? view.last - 1];
    const above: Line[] = [];
    // The elements stand in the order of the rows, for those who read them one after the other.
    for (let index = view.first; index < Math.min(from, view.last); index += 1) {
      above.push(this.lineFor(index, free.pop(), view));
    }
    this.space.prepend(...above.map(({ element }) => element));
    const below: Line[] = [];
    for (let index = to + 1; index < view.last; index += 1) {
      below.push(this.lineFor(index, free.pop(), view));
    }
    this.space.append(...below.map(({ element }) => element));
    for (const { element } of free) element.remove();
    this.lines = [...above, ...kept, ...below];
    for (const line of this.lines) {
      if (line.row !== view.row(line.index)) this.fill(line, view);
      this.mark(line, view);
    }
    this.activate(view);
  }

  private lineFor(index: number, used: Line | undefined, view: View): Line {
    const line = used ?? make(view.columns);
    line.index = index;
    line.row = undefined;
    line.element.setAttribute('aria-rowindex', String(index + 2));
    line.element.style.transform = `translateY(${index * this.height}px)`;
    line.cells.forEach((cell, at) => (cell.id = `cell-${index}-${at}`));
    return line;
  }

  private fill(line: Line, view: View): void {
    const row = view.row(line.index);
    line.row = row;
    line.address = addressOf(row);
    view.columns.forEach((column, at) => {
      const cell = line.cells[at];
      if (!cell) return;
      const value = row[column];
      const number = !view.words && typeof value === 'number' ? ' number' : '';
      const name = `cell col-${column} ink-${cellInk(column, value) ?? 'plain'}${number}`;
      if (cell.className !== name) cell.className = name;
      const text = cellText(row, column, view.dated, view.words);
      const { firstChild } = cell;
      if (firstChild instanceof Text) firstChild.data = text;
      else cell.textContent = text;
      if (cell.title !== '') cell.removeAttribute('title');
    });
  }

  private mark(line: Line, { opened, pinned }: View): void {
    const isOpened = line.address !== undefined && line.address === opened;
    const isPinned = line.address !== undefined && line.address === pinned;
    const severity = level(line.row?.['severity_id']);
    const name = `row sev-${severity}${isOpened ? ' opened' : ''}${isPinned ? ' pinned' : ''}`;
    if (line.element.className !== name) line.element.className = name;
    const selected = String(isOpened);
    if (line.element.ariaSelected !== selected) line.element.ariaSelected = selected;
  }

  private activate({ active }: View): void {
    const line = active && this.lines.find(({ index }) => index === active.row);
    const cell = active && line?.cells[active.column];
    if (cell === this.marked && (!cell || cell.classList.contains('active'))) return;
    this.marked?.classList.remove('active');
    cell?.classList.add('active');
    this.marked = cell;
  }
}

function make(columns: readonly string[]): Line {
  const element = document.createElement('div');
  element.setAttribute('role', 'row');
  const cells = columns.map((_, at) => {
    const cell = document.createElement('div');
    cell.setAttribute('role', 'gridcell');
    cell.setAttribute('aria-colindex', String(at + 1));
    cell.append('');
    return cell;
  });
  element.append(...cells);
  return { element, cells, index: -1, row: undefined, address: undefined };
}
