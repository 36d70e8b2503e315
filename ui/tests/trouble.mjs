// The server is gone, slow, or fails in the middle: the page says so.
import assert from 'node:assert/strict';
import { open, settled } from './explore.mjs';

const isSearch = (incoming) =>
  incoming.url.startsWith('/api/v1/search') && !/limit=0/.test(incoming.url);
const rows = (from, count) =>
  Array.from(
    { length: count },
    (_, at) =>
      `${JSON.stringify({ _batch: 1, _pos: from + at, time: '2026-11-27T10:00:00.000000Z', operation: `row ${from + at}` })}\n`,
  ).join('');

export const tests = {
  async 'no server: the page says so, and asks again'({ page, site, hooks }) {
    await open(page, site);
    hooks.answer = (incoming, outgoing) => {
      if (!incoming.url.startsWith('/api/')) return false;
      outgoing.destroy();
      return true;
    };
    await page.getByRole('button', { name: 'Run' }).click();
    const trouble = page.locator('.trouble');
    await trouble.waitFor();
    assert.match(await trouble.innerText(), /server does not answer[\s\S]*stele up/);
    await page.getByRole('link', { name: 'Sources' }).click();
    await page.locator('.trouble').waitFor();
    await page.goBack();
    await page.locator('.results .trouble').waitFor();
    hooks.answer = undefined;
    await page.locator('.trouble').getByRole('button', { name: 'Ask again' }).click();
    await settled(page);
    assert.equal(await page.locator('.trouble').count(), 0);
  },

  async 'the server goes away in the middle of an answer'({ page, site, hooks }) {
    await open(page, site);
    hooks.answer = (incoming, outgoing) => {
      if (!isSearch(incoming)) return false;
      outgoing.setHeader('stele-columns', '["_batch","_pos","time","operation"]');
      outgoing.write(rows(0, 200));
      setTimeout(() => outgoing.destroy(), 400);
      return true;
    };
    await page.getByRole('button', { name: 'Run' }).click();
    await page.locator('.trouble').waitFor();
    const text = await page.locator('.trouble').innerText();
    assert.match(text, /went away in the middle[\s\S]*The 200 rows below had come before that/);
    await page.locator('.row', { hasText: 'row 5' }).first().waitFor();
  },

  async 'a query that fails in the middle: its reason, and what came before'({
    page,
    site,
    hooks,
  }) {
    await open(page, site);
    hooks.answer = (incoming, outgoing) => {
      if (!isSearch(incoming)) return false;
      outgoing.setHeader('stele-columns', '["_batch","_pos","time","operation"]');
      outgoing.write(rows(0, 50));
      outgoing.write('{"error":"the query went over its limit of 60 s; narrow the time range"}\n');
      setTimeout(() => outgoing.destroy(), 100);
      return true;
    };
    await page.getByRole('button', { name: 'Run' }).click();
    await page.locator('.trouble').waitFor();
    assert.match(
      await page.locator('.trouble').innerText(),
      /limit of 60 s[\s\S]*The 50 rows below/,
    );
  },

  async 'a slow query can be cancelled, and the server hears of it'({ page, site, hooks }) {
    await open(page, site);
    let closed = false;
    hooks.answer = (incoming, outgoing) => {
      if (!isSearch(incoming)) return false;
      outgoing.setHeader('stele-columns', '["_batch","_pos","time","operation"]');
      outgoing.write(rows(0, 20));
      outgoing.on('close', () => (closed = true));
      return true;
    };
    await page.getByRole('button', { name: 'Run' }).click();
    await page.waitForFunction(() =>
      /more are coming/.test(document.querySelector('.status').textContent),
    );
    await page.getByRole('button', { name: 'Cancel' }).click();
    assert.match(await page.locator('.status p').innerText(), /cancelled: these are not all/);
    await page.waitForTimeout(300);
    assert.equal(closed, true);
    closed = false;
    await page.getByRole('button', { name: 'Run' }).click();
    await page.waitForFunction(() =>
      /more are coming/.test(document.querySelector('.status').textContent),
    );
    await page.getByRole('link', { name: 'Sources' }).click();
    await page.locator('table').waitFor();
    assert.equal(closed, true, 'leaving the page ends the query');
  },

  async 'a field and an event that do not exist'({ page, site }) {
    await page.goto(`${site}/explore?cols=time,nope`);
    await page.locator('.trouble').waitFor();
    assert.match(await page.locator('.trouble').innerText(), /There is no column `nope`/);
    await page.goto(`${site}/explore?open=1-1`);
    await page.locator('.detail .trouble').waitFor();
    assert.match(await page.locator('.detail .trouble').innerText(), /There is no event `1-1`/);
    await page.goto(`${site}/explore?since=soon`);
    await page.locator('.trouble').waitFor();
    assert.match(await page.locator('.trouble').innerText(), /`soon` is no time/);
  },

  async "a clock that is a day ahead: the times are the server's"({ page, site }) {
    await page.addInitScript(() => {
      const real = Date;
      const ahead = 86_400_000;
      const Moved = class extends real {
        constructor(...given) {
          if (given.length === 0) super(real.now() + ahead);
          else super(...given);
        }
        static now() {
          return real.now() + ahead;
        }
      };
      globalThis.Date = Moved;
    });
    await page.goto(`${site}/explore?since=1h`);
    await page.locator('.cm-content').waitFor();
    await page.locator('.skew').waitFor();
    assert.match(await page.locator('.skew').innerText(), /24 h ahead of the server/);
    await page.getByRole('button', { name: 'Run' }).click();
    await settled(page);
    assert.match(await page.locator('.status p').innerText(), /\d+\s+(events|of)/);
    await page.locator('[role=gridcell]').first().waitFor();
  },
};
