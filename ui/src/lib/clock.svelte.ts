// The server's clock decides what "the last hour" is; this computer's may be wrong.

import { type Micros } from './time';

class Clock {
  /** How far this computer's clock is ahead of the server's, in milliseconds. */
  aheadMs = $state(0);
  /** The time, renewed each half minute while the page is seen. */
  tick = $state(Date.now());

  /** Takes the time of an answer. Answers tell whole seconds, so less is no difference. */
  observe(response: Response): void {
    const sent = Date.parse(response.headers.get('date') ?? '');
    if (Number.isNaN(sent)) return;
    const ahead = Date.now() - sent;
    this.aheadMs = Math.abs(ahead) < 2_000 ? 0 : ahead;
  }

  now(): Micros {
    return (Date.now() - this.aheadMs) * 1_000;
  }
}

export const serverClock = new Clock();
