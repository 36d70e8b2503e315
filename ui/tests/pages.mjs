// Overview, Sources and the shell.
import assert from 'node:assert/strict';

const seen = (page) => page.locator('.ledger, .well, table, .trouble').first().waitFor();

/** Answers of a server that holds nothing, and then more and more. */
function emptyServer(hooks, state) {
  hooks.answer = (incoming, outgoing) => {
    const { pathname } = new URL(incoming.url, 'http://page');
    const json = (value) => {
      outgoing.setHeader('content-type', 'application/json');
      outgoing.end(JSON.stringify(value));
    };
    if (pathname === '/api/v1/status') {
      const rows = state.sources.length * 10;
      json({
        store: {
          table_version: 0,
          files: 0,
          file_rows: 0,
          file_bytes: 0,
          memory_rows: rows,
          memory_bytes: rows * 100,
          sealed_memtables: 0,
        },
        write_ahead_log_bytes: 0,
      });
      return true;
    }
    if (pathname === '/api/v1/facets') {
      json([]);
      return true;
    }
    if (pathname !== '/api/v1/sql') return false;
    let text = '';
    incoming.on('data', (chunk) => (text += chunk));
    incoming.on('end', () => {
      const now = new Date().toISOString();
      outgoing.setHeader('stele-columns', '["source"]');
      const rows = text.includes('AS slots')
        ? state.sources.map((source) => ({
            source,
            source_type: 'json',
            events: 10,
            events_day: 10,
            events_hour: 10,
            first_received: now,
            last_received: now,
            last_time: now,
            slots: 1,
            failed: 0,
            part: 0,
            conflicts: 0,
            future: 0,
          }))
        : [];
      outgoing.end(rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    });
    return true;
  };
}

export const tests = {
  async 'Overview says what is wrong, with links that lead there'({ page, site }) {
    await page.goto(site);
    await seen(page);
    const broken = page.locator('.ledger li', { hasText: 'of broken could not be read' });
    await broken.waitFor();
    await broken.getByRole('link').click();
    await page.waitForURL(/explore\?q=parse_status:failed/);
    await page.locator('[role=gridcell]').first().waitFor();
    await page.goBack();
    await seen(page);
    const guess = page.locator('li.look', { hasText: 'logins from 203.0.113.201 failed' });
    await guess.getByRole('link').click();
    await page.waitForURL(/203\.0\.113\.201/);
    await page.locator('[role=gridcell]').first().waitFor();
    await page.goto(site);
    await page.locator('ol a', { hasText: 'bastion-1' }).click();
    await page.waitForURL(/source:bastion-1/);
  },

  async 'an empty install shows three steps that tick themselves off'({ page, site, hooks }) {
    const state = { sources: [] };
    emptyServer(hooks, state);
    await page.goto(site);
    await page.getByRole('heading', { name: 'First steps' }).waitFor();
    assert.equal(await page.locator('li.done').count(), 0);
    assert.match(
      await page.locator('code').first().innerText(),
      /curl --data-binary .*ingest\?source=me/,
    );
    await page
      .getByRole('button', { name: /^Copy the command: Send/ })
      .or(page.getByRole('button', { name: /Send one event/ }))
      .first()
      .click();
    assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^curl/);
    state.sources = ['me'];
    await page.locator('li.done', { hasText: 'Send one event' }).waitFor();
    state.sources = ['me', 'shop', 'bastion-1', '/var/log/'];
    await page.waitForFunction(() => document.querySelectorAll('li.done').length === 3, undefined, {
      timeout: 20_000,
    });
    await page.getByRole('button', { name: 'Hide these steps' }).click();
    await page.getByRole('heading', { name: 'Is anything wrong now?' }).waitFor();
    assert.equal(await page.getByRole('heading', { name: 'First steps' }).count(), 0);
  },

  async 'Sources: sorted, found, samples of what could not be read'({ page, site }) {
    await page.goto(`${site}/sources`);
    await page.locator('table').waitFor();
    await page.getByRole('button', { name: /^Source/ }).click();
    const names = (await page.locator('tbody th').allInnerTexts()).map((name) => name.trim());
    assert.deepEqual(
      names,
      [...names].sort((a, b) => a.localeCompare(b)),
    );
    await page.getByLabel('Find a source or a format').fill('broken');
    assert.equal(await page.locator('tbody th').count(), 1);
    await page.getByRole('button', { name: /samples/ }).click();
    await page.locator('pre', { hasText: 'not json' }).waitFor();
    assert.match(page.url(), /find=broken.*source=broken/);
    await page.reload();
    await page.locator('pre', { hasText: 'not json' }).waitFor();
    await page.getByRole('link', { name: 'Open' }).first().click();
    await page.locator('.detail pre').waitFor();
    await page.goBack();
    await page.getByLabel('Find a source or a format').fill('no such thing');
    await page.getByRole('button', { name: 'Show all' }).click();
    await page.locator('tbody th').nth(3).waitFor();
  },

  async 'the shell: pages, palette, keys, theme'({ page, site }) {
    await page.goto(site);
    await seen(page);
    await page.getByRole('link', { name: 'Sources', exact: true }).click();
    await page.waitForURL(/sources/);
    assert.equal(await page.title(), 'Sources · Stele');
    await page.keyboard.press('g');
    await page.keyboard.press('e');
    await page.waitForURL(/explore/);
    await page.locator('.cm-content').waitFor();
    await page.keyboard.press('Control+k');
    await page.keyboard.type('overview');
    await page.keyboard.press('Enter');
    await page.waitForURL((url) => url.pathname === '/');
    await page.getByRole('button', { name: /Commands/ }).click();
    await page.keyboard.type('src_ip:203.0.113.78');
    await page.keyboard.press('Enter');
    await page.waitForURL(/203\.0\.113\.78/);
    await page.locator('[role=gridcell]').first().waitFor();
    await page.keyboard.press('Control+k');
    await page.locator('[role=option]', { hasText: 'src_ip:203.0.113.78' }).first().waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('?');
    const keys = page.getByRole('dialog', { name: 'Keys' });
    await keys.getByText('Choose the time range').waitFor();
    await keys.getByLabel(/Single keys/).uncheck();
    await keys.getByRole('button', { name: 'Close' }).click();
    await page.keyboard.press('?');
    assert.equal(await keys.count(), 0);
    await page.getByRole('button', { name: /^Keys/ }).click();
    await keys.getByLabel(/Single keys/).check();
    await page.keyboard.press('Escape');
    const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await paper();
    const theme = page.getByRole('button', { name: /^Theme/ });
    await theme.click();
    assert.equal(await paper(), light);
    await theme.click();
    assert.notEqual(await paper(), light);
    await page.reload();
    assert.match(await theme.innerText(), /dark/);
    assert.notEqual(await paper(), light);
    await page.goto(`${site}/no/such/page`);
    await page.getByRole('heading', { name: /There is no page/ }).waitFor();
  },
};
