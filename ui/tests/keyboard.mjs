// "Who got in, from where, and what did they do next", with no pointer at all.
import assert from 'node:assert/strict';
import { settled } from './explore.mjs';

const status = async (page) =>
  (await page.locator('.status p').innerText()).replaceAll(/\s+/g, ' ');
const focused = (page) =>
  page.evaluate(() => {
    const at = document.activeElement;
    return at?.getAttribute('aria-label') ?? at?.textContent?.trim() ?? '';
  });

export const tests = {
  async 'the tutorial by keyboard'({ page, site }) {
    await page.goto(site);
    await page.locator('.ledger').waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('e');
    await page.locator('.cm-content').waitFor();
    await settled(page);
    await page.keyboard.press('/');
    await page.keyboard.type('"Accepted password"');
    await page.keyboard.press('Enter');
    await page.waitForURL(/q=/);
    await settled(page);
    assert.match(await status(page), /^1 event/);
    await page.keyboard.press('Escape');
    assert.equal(await focused(page), 'Events');
    await page.keyboard.press('Enter');
    await page.locator('.detail dl').first().waitFor();
    assert.match(
      await page.locator('.detail').innerText(),
      /Accepted password for deploy from 203\.0\.113\.77/,
    );
    for (let at = 0; at < 5; at += 1) await page.keyboard.press('ArrowRight');
    await page.keyboard.press('=');
    await settled(page);
    await page.keyboard.press('/');
    await page.keyboard.press('Control+A');
    await page.keyboard.type('ip:203.0.113.77 format:cloudtrail');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Enter');
    await page.waitForURL(/cloudtrail/);
    await settled(page);
    assert.match(await status(page), /^18 events/);
    await page.keyboard.press('g');
    await page.keyboard.press('t').catch(() => {});
    await page.locator('[role=grid]').focus();
    await page.keyboard.press('Home');
    for (let at = 0; at < 4; at += 1) await page.keyboard.press('ArrowDown');
    await page.keyboard.press('c');
    await page.waitForURL(/around=/);
    await settled(page);
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    await page.waitForFunction(() => !location.search.includes('around'));
    await settled(page);
    await page.locator('[role=grid]').focus();
    await page.keyboard.press('Home');
    await page.keyboard.press('-');
    await page.keyboard.press('o');
    await settled(page);
    assert.match(page.url(), /order=asc/);
  },

  async 'everything is reached with Tab, and the focus is seen'({ page, site }) {
    await page.goto(`${site}/explore?q=src_ip:203.0.113.77`);
    await page.locator('.cm-content').waitFor();
    await settled(page);
    await page.waitForTimeout(1_200);
    const stops = [];
    for (let at = 0; at < 90; at += 1) {
      await page.keyboard.press('Tab');
      const stop = await page.evaluate(() => {
        const at = document.activeElement;
        const style = getComputedStyle(at);
        const ring = style.outlineStyle !== 'none' || at.closest('.editor') !== null;
        return {
          said: at.getAttribute('aria-label') ?? at.textContent.trim().slice(0, 40),
          ring,
          body: at === document.body,
        };
      });
      if (stop.body) break;
      stops.push(stop);
    }
    const said = stops.map((stop) => stop.said);
    for (const wanted of [
      'To the content',
      'Overview',
      'Search',
      'Last 24 hours',
      'Live',
      'Run',
      'Copy link',
      'Columns',
      'Export',
      'Events',
    ]) {
      assert.ok(
        said.some((one) => one.startsWith(wanted)),
        `${wanted} in ${said.join(' | ')}`,
      );
    }
    assert.deepEqual(
      stops.filter((stop) => !stop.ring).map((stop) => stop.said),
      [],
    );
    assert.equal(said.filter((one) => one === 'Events').length, 1, 'the table is one stop');
  },
};
