// Asks again and again while somebody looks; what came last stays until something newer does.

import { serverClock } from './clock.svelte';
import { fromThrown, type Problem } from './problem';
import type { Micros } from './time';

export class Polling<T> {
  value = $state.raw<T | undefined>();
  problem = $state.raw<Problem | undefined>();
  /** When the value came, by the server's clock. */
  at = $state<Micros>(0);

  private askNow: (() => void) | undefined;

  constructor(
    private readonly load: (signal: AbortSignal) => Promise<T>,
    private readonly everyMs: (value: T | undefined) => number,
  ) {}

  /** Asks at once, as after something changed on which the answer depends. */
  again(): void {
    this.askNow?.();
  }

  /** Begins; what it gives back ends it. For use in an effect. */
  start(): () => void {
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let turn = 0;
    const ask = async (): Promise<void> => {
      const mine = (turn += 1);
      if (!document.hidden) {
        try {
          const value = await this.load(abort.signal);
          if (abort.signal.aborted || mine !== turn) return;
          this.value = value;
          this.problem = undefined;
          this.at = serverClock.now();
        } catch (thrown) {
          if (abort.signal.aborted || mine !== turn) return;
          this.problem = fromThrown(thrown);
        }
      }
      timer = setTimeout(() => void ask(), this.everyMs(this.value));
    };
    this.askNow = () => {
      clearTimeout(timer);
      void ask();
    };
    void ask();
    return () => {
      this.askNow = undefined;
      abort.abort();
      clearTimeout(timer);
    };
  }
}
