// What can be done, by name and by key. A page registers its commands while it is shown; the
// palette lists them, the key overlay explains them, and one listener runs them.

import { untrack } from 'svelte';
import { preferences } from './preferences.svelte';

export interface Command {
  readonly name: string;
  /** `/`, `Shift+L`, `g e` (one after the other), `Ctrl+K`. */
  readonly key?: string;
  readonly group: string;
  run(): void;
  /** Not in the palette: a key that only means something where the reader is. */
  readonly keyOnly?: boolean;
}

class Commands {
  private lists = $state.raw<readonly (readonly Command[])[]>([]);
  private pending = '';
  private pendingSince = 0;

  get all(): Command[] {
    return this.lists.flat();
  }

  /** Adds commands; what it gives back takes them away. */
  register(commands: readonly Command[]): () => void {
    // Whoever registers in an effect does not want to run again when others do.
    this.lists = [...untrack(() => this.lists), commands];
    return () => {
      this.lists = untrack(() => this.lists).filter((list) => list !== commands);
    };
  }

  /** Runs what a key press stands for; true where there was something. */
  press(event: KeyboardEvent): boolean {
    const key = named(event);
    const control = event.ctrlKey || event.metaKey;
    if (!control && (!preferences.keys || isWriting(event) || isPress(event))) return false;
    if (event.altKey || document.querySelector('dialog[open]')) {
      return false;
    }
    const sequence = Date.now() - this.pendingSince < 1_500 ? `${this.pending} ${key}` : key;
    this.pending = '';
    const command =
      this.all.findLast((one) => one.key === sequence) ??
      this.all.findLast((one) => one.key === key);
    if (command) {
      event.preventDefault();
      command.run();
      return true;
    }
    if (this.all.some((one) => one.key?.startsWith(`${key} `))) {
      this.pending = key;
      this.pendingSince = Date.now();
      return true;
    }
    return false;
  }
}

function named(event: KeyboardEvent): string {
  const control = event.ctrlKey || event.metaKey ? 'Ctrl+' : '';
  const shift = event.shiftKey && event.key.length > 1 ? 'Shift+' : '';
  return control + shift + (control ? event.key.toUpperCase() : event.key);
}

function isWriting(event: KeyboardEvent): boolean {
  const [target] = event.composedPath();
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}

/** Whether the key presses the button or the link that has the focus. */
function isPress({ key, target }: KeyboardEvent): boolean {
  if (key !== ' ' && key !== 'Enter') return false;
  return target instanceof Element && target.closest('button, a, summary') !== null;
}

export const commands = new Commands();
