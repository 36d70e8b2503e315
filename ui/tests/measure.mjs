// The budgets, measured and printed.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { brotliCompressSync, constants } from 'node:zlib';
import { open, settled } from './explore.mjs';
import { bulk } from './feed.mjs';

const DIST = new URL('../dist/', import.meta.url).pathname;
const packed = (path) =>
  brotliCompressSync(readFileSync(`${DIST}${path}`), {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11 },
  }).length;
const at = (sorted, part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];

export const tests = {
  async 'size before the first paint'({ page, site }) {
    for (const path of ['/', '/explore', '/sources', '/integrity']) {
      const files = [];
      page.removeAllListeners('response');
      page.on('response', (response) => {
        const { pathname } = new URL(response.url());
        if (/\.(js|css)$/.test(pathname)) files.push({ path: pathname.slice(1), when: Date.now() });
      });
      await page.goto(site + path);
      const painted = await page.evaluate(
        () =>
          new Promise((resolve) => {
            const found = performance.getEntriesByName('first-contentful-paint')[0];
            if (found) resolve(performance.timeOrigin + found.startTime);
            new PerformanceObserver((list) =>
              resolve(performance.timeOrigin + list.getEntries()[0].startTime),
            ).observe({ type: 'paint', buffered: true });
          }),
      );
      await page.waitForTimeout(1_500);
      const before = await page.evaluate(
        (limit) =>
          performance
            .getEntriesByType('resource')
            .filter(
              ({ name, startTime }) =>
                /\.(js|css)$/.test(name) && performance.timeOrigin + startTime < limit,
            )
            .map(({ name }) => new URL(name).pathname.slice(1)),
        painted,
      );
      const bytes = before.reduce((sum, file) => sum + packed(file), 0);
      const all = [...new Set(files.map((file) => file.path))].reduce(
        (sum, file) => sum + packed(file),
        0,
      );
      console.log(
        `     ${path}: ${(bytes / 1000).toFixed(1)} kB brotli of JS and CSS before the first paint, ${(all / 1000).toFixed(1)} kB in all`,
      );
      assert.ok(bytes <= 60_000, `${bytes} bytes in ${before}`);
    }
    const fonts = readdirSync(`${DIST}assets`).filter((name) => /-latin-wght.*woff2$/.test(name));
    console.log(
      `     fonts: ${(fonts.reduce((sum, name) => sum + readFileSync(`${DIST}assets/${name}`).length, 0) / 1000).toFixed(1)} kB (Latin)`,
    );
  },

  async 'first paint from loopback'({ page, site }) {
    const times = [];
    for (let run = 0; run < 7; run += 1) {
      await page.goto(`${site}/explore`);
      await settled(page);
      times.push(
        await page.evaluate(
          () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0,
        ),
      );
    }
    times.sort((a, b) => a - b);
    console.log(
      `     first contentful paint: median ${at(times, 0.5).toFixed(0)} ms, best ${times[0].toFixed(0)} ms of ${times.length}`,
    );
  },

  async 'from the key to the first rows'({ page, site }) {
    // STELE_SET=bench: the benchmark set, all of it, newest first; otherwise the demo.
    const bench = process.env.STELE_SET === 'bench';
    await open(page, site, bench ? { since: 'all' } : { since: '24h' });
    const times = [];
    for (const text of ['source_type:cloudtrail', 'region:*', '-operation:Nothing', '-source:bulk', 'severity_id:*']) {
      await page.locator('.cm-content').click();
      await page.keyboard.press('Control+A');
      await page.keyboard.type(text);
      await page.keyboard.press('Escape');
      const answered = page.waitForResponse((response) => /\/search\?/.test(response.url()));
      const began = Date.now();
      await page.keyboard.press('Enter');
      await answered;
      await page.waitForFunction(() => document.querySelector('[role=grid][aria-busy=false] .row'));
      times.push(Date.now() - began);
      await settled(page);
    }
    times.sort((a, b) => a - b);
    console.log(
      `     query to rows on the screen: median ${at(times, 0.5)} ms (${bench ? 'benchmark set' : 'demo'}, ${times.join(', ')})`,
    );
  },

  async 'a hundred thousand rows scrolled'({ page, site, stele }) {
    await bulk(stele, 100_000);
    page.setDefaultTimeout(120_000);
    await open(page, site, { since: 'all', q: 'source:bulk' });
    const grid = page.locator('[role=grid]');
    for (let loaded = 0; loaded < 100_000;) {
      await grid.evaluate((element) => element.scrollTo(0, element.scrollHeight));
      await page.waitForTimeout(150);
      await page.waitForFunction(
        () => !/reading on/.test(document.querySelector('.status p').textContent),
      );
      const now = await page.evaluate(() =>
        Math.round(parseFloat(document.querySelector('.space').style.height) / 24),
      );
      if (now === loaded) break;
      loaded = now;
    }
    const loaded = await page.evaluate(() =>
      Math.round(parseFloat(document.querySelector('.space').style.height) / 24),
    );
    assert.ok(loaded >= 100_000, `${loaded} rows`);
    await grid.evaluate((element) => element.scrollTo(0, 0));
    await page.waitForTimeout(500);
    const client = await page.context().newCDPSession(page);
    await client.send('Performance.enable');
    const counters = async () =>
      Object.fromEntries(
        (await client.send('Performance.getMetrics')).metrics.map(({ name, value }) => [
          name,
          value,
        ]),
      );
    for (const step of [110, 1_100]) {
      const before = await counters();
      const frames = await page.evaluate(
        (by) =>
          new Promise((resolve) => {
            const element = document.querySelector('[role=grid]');
            const gaps = [];
            let last;
            let most = 0;
            const tick = (now) => {
              if (last !== undefined) gaps.push(now - last);
              last = now;
              most = Math.max(most, element.querySelectorAll('.row').length);
              if (gaps.length >= 300) resolve({ gaps, most });
              else {
                element.scrollTop += by;
                requestAnimationFrame(tick);
              }
            };
            requestAnimationFrame(tick);
          }),
        step,
      );
      const after = await counters();
      const gaps = frames.gaps.sort((a, b) => a - b);
      const each = (name) => (((after[name] - before[name]) * 1_000) / gaps.length).toFixed(2);
      console.log(
        `     ${step} px a frame over ${loaded} rows: p50 ${at(gaps, 0.5).toFixed(1)} ms, p95 ${at(gaps, 0.95).toFixed(1)} ms a frame; script ${each('ScriptDuration')}, layout ${each('LayoutDuration')}, style ${each('RecalcStyleDuration')} ms; ${frames.most} row nodes`,
      );
      assert.ok(frames.most <= 60, `${frames.most} rows in the document`);
    }
    await page.getByRole('button', { name: /time, UTC/ }).click();
    await settled(page);
  },
};
