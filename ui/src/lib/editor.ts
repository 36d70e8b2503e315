// The editor of the query bar. It is loaded after the first paint, in the place of a plain field.

import {
  acceptCompletion,
  autocompletion,
  closeBrackets,
  closeCompletion,
  completionKeymap,
  completionStatus,
  moveCompletionSelection,
  selectedCompletion,
  startCompletion,
  type CompletionContext,
} from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { sql, StandardSQL } from '@codemirror/lang-sql';
import { HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import { setDiagnostics, type Diagnostic } from '@codemirror/lint';
import { Compartment, EditorState, Prec } from '@codemirror/state';
import {
  Decoration,
  EditorView,
  keymap,
  MatchDecorator,
  placeholder,
  ViewPlugin,
  type DecorationSet,
  type ViewUpdate,
} from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { complete, completeSql, type Asked } from './completion';
import type { Place } from './problem';

export interface EditorOptions {
  readonly parent: HTMLElement;
  readonly text: string;
  readonly mode: 'search' | 'sql';
  onchange(text: string): void;
  onrun(): void;
  onleave(): void;
  asked(): Asked;
}

export interface Editor {
  setText(text: string): void;
  setMode(mode: 'search' | 'sql'): void;
  underline(place: Place | undefined, message: string): void;
  focus(): void;
  suggest(): void;
  destroy(): void;
}

/** A page of the list at a time: it never scrolls, so the keys that move in it are all there is. */
const list = { selectOnOpen: false, icons: false, maxRenderedOptions: 12 };

const marks = new MatchDecorator({
  regexp: /(?<=^|[\s(])(-|NOT(?=\s))|([A-Za-z_][\w.]*:)(?!\/\/)|\b(AND|OR)\b/g,
  decoration: ([, not, name]) =>
    Decoration.mark({ class: not ? 'q-not' : name ? 'q-name' : 'q-word' }),
});

const searchMarks = ViewPlugin.fromClass(
  class {
    decorations: DecorationSet;
    constructor(view: EditorView) {
      this.decorations = marks.createDeco(view);
    }
    update(update: ViewUpdate): void {
      this.decorations = marks.updateDeco(update, this.decorations);
    }
  },
  { decorations: (plugin) => plugin.decorations },
);

const sqlMarks = syntaxHighlighting(
  HighlightStyle.define([
    { tag: tags.keyword, fontWeight: '700' },
    { tag: tags.string, color: 'var(--teal)' },
    { tag: tags.comment, color: 'var(--ink-2)', fontStyle: 'italic' },
  ]),
);

const look = EditorView.theme({
  '&': { fontSize: 'var(--text)', backgroundColor: 'var(--sheet)', color: 'var(--ink)' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.5', maxHeight: '14rem' },
  '.cm-content': { padding: '0.25rem 0', caretColor: 'var(--ink)' },
  '.cm-line': { padding: '0 0.5rem' },
  '.cm-placeholder': { color: 'var(--ink-2)' },
  '.q-name': { fontWeight: '600' },
  '.q-not': { fontWeight: '700', color: 'var(--high)' },
  '.q-word': { fontWeight: '700' },
  '.cm-lintRange-error': {
    backgroundImage: 'none',
    textDecoration: 'underline wavy var(--critical)',
    textUnderlineOffset: '3px',
  },
  '.cm-tooltip': {
    backgroundColor: 'var(--sheet)',
    color: 'var(--ink)',
    border: '1px solid var(--ink)',
    maxWidth: 'min(44rem, 90vw)',
  },
  '.cm-diagnostic': { borderLeft: '3px solid var(--critical)', whiteSpace: 'pre-wrap' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul': {
    fontFamily: 'var(--mono)',
    fontSize: 'var(--small)',
    maxHeight: 'none',
    overflow: 'hidden',
  },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li': {
    display: 'flex',
    justifyContent: 'space-between',
    gap: '1.5rem',
    padding: '0 0.5rem',
    minHeight: '24px',
    lineHeight: '24px',
  },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]': {
    backgroundColor: 'var(--selected)',
    color: 'var(--ink)',
  },
  '.cm-completionLabel': { overflow: 'hidden', textOverflow: 'ellipsis' },
  '.cm-completionMatchedText': { textDecoration: 'none', fontWeight: '700' },
  '.cm-completionDetail': { color: 'var(--ink-2)', fontStyle: 'normal', marginLeft: '0' },
  '.cm-completionInfo': { padding: '0.4rem 0.6rem', maxWidth: '22rem' },
});

/** A search stands on one line; a line break that is pasted is a space. */
const oneLine = EditorState.transactionFilter.of((transaction) => {
  if (!transaction.docChanged || transaction.newDoc.lines === 1) return transaction;
  const text = transaction.newDoc.toString().replace(/\s*\n\s*/g, ' ');
  const length = transaction.startState.doc.length;
  return {
    changes: { from: 0, to: length, insert: text },
    selection: { anchor: Math.min(transaction.newSelection.main.head, text.length) },
  };
});

function nonce(): string {
  return document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? '';
}

export function createEditor(options: EditorOptions): Editor {
  const language = new Compartment();
  // The same each time it is asked for: a source is known by its identity.
  const sqlData = [
    { autocomplete: (context: CompletionContext) => completeSql(context, options.asked) },
  ];
  const told = new Compartment();
  const forMode = (mode: 'search' | 'sql') =>
    mode === 'search'
      ? [
          oneLine,
          searchMarks,
          placeholder('Everything. A word, or user:alice, outcome:denied, -service:s3 …'),
          autocompletion({
            override: [(context) => complete(context, options.asked)],
            ...list,
          }),
        ]
      : [
          sql({ dialect: StandardSQL, upperCaseKeywords: true }),
          sqlMarks,
          placeholder('SELECT … FROM events'),
          autocompletion(list),
          EditorState.languageData.of(() => sqlData),
        ];
  const labelled = (mode: 'search' | 'sql') =>
    EditorView.contentAttributes.of({
      'aria-label': mode === 'search' ? 'Search' : 'SQL',
      'aria-describedby': 'query-told',
      spellcheck: 'false',
      autocapitalize: 'off',
    });
  let mode = options.mode;
  const run = (view: EditorView): boolean => {
    closeCompletion(view);
    options.onrun();
    return true;
  };
  const keys = Prec.highest(
    keymap.of([
      { key: 'Mod-Enter', run },
      {
        key: 'Enter',
        run: (view) => {
          if (selectedCompletion(view.state)) return acceptCompletion(view);
          return mode === 'search' ? run(view) : false;
        },
      },
      {
        key: 'Tab',
        run: (view) => {
          if (completionStatus(view.state) !== 'active') return false;
          if (!selectedCompletion(view.state)) moveCompletionSelection(true)(view);
          return acceptCompletion(view);
        },
      },
      {
        key: 'Escape',
        run: (view) => {
          if (completionStatus(view.state) !== null) return false;
          options.onleave();
          return true;
        },
      },
    ]),
  );
  const view = new EditorView({
    parent: options.parent,
    state: EditorState.create({
      doc: options.text,
      selection: { anchor: options.text.length },
      extensions: [
        EditorView.cspNonce.of(nonce()),
        keys,
        history(),
        closeBrackets(),
        keymap.of([...completionKeymap, ...historyKeymap, ...defaultKeymap]),
        EditorView.lineWrapping,
        look,
        language.of(forMode(mode)),
        told.of(labelled(mode)),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) options.onchange(update.state.doc.toString());
        }),
      ],
    }),
  });
  return {
    setText(text) {
      if (text === view.state.doc.toString()) return;
      view.dispatch({
        changes: { from: 0, to: view.state.doc.length, insert: text },
        selection: { anchor: text.length },
      });
    },
    setMode(next) {
      if (next === mode) return;
      mode = next;
      view.dispatch({
        effects: [language.reconfigure(forMode(next)), told.reconfigure(labelled(next))],
      });
    },
    underline(place, message) {
      const length = view.state.doc.length;
      const found: Diagnostic[] = [];
      if (place) {
        const from = Math.min(place.from, Math.max(0, length - 1));
        const to = Math.max(Math.min(place.to, length), from);
        found.push({ from, to, severity: 'error', message });
      }
      view.dispatch(setDiagnostics(view.state, found));
    },
    focus: () => view.focus(),
    suggest: () => void startCompletion(view),
    destroy: () => view.destroy(),
  };
}
