// Each control of Explore, used at least once.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

export async function open(page, site, parameters = {}) {
  const text = new URLSearchParams(parameters).toString();
  await page.goto(`${site}/explore${text ? `?${text}` : ''}`);
  await page.locator('.cm-content').waitFor();
  await settled(page);
}

/** Waits until the question has its answer. */
export async function settled(page) {
  await page.waitForFunction(() => {
    const status = document.querySelector('.status p')?.textContent ?? '';
    return /event|row|No answer|Nothing/.test(status) && !/Asking|are coming|events? here\s*(·|$)/.test(status.trim());
  });
  await page.waitForTimeout(60);
}

const query = (page) => new URL(page.url()).searchParams.get('q') ?? '';
const status = async (page) =>
  (await page.locator('.status p').innerText()).replaceAll(/\s+/g, ' ');

async function write(page, text) {
  await page.locator('.cm-content').click();
  await page.keyboard.press('Control+A');
  await page.keyboard.type(text);
}

export const tests = {
  async 'a search is written and run'({ page, site }) {
    await open(page, site);
    assert.match(await status(page), /Newest 1,000 of \d+,\d+ events · \d/);
    await write(page, 'src_ip:203.0.113.77 "Accepted password"');
    await page.keyboard.press('Escape');
    await page.locator('.cm-content').click();
    await page.keyboard.press('Enter');
    await page.waitForURL(/q=/);
    await settled(page);
    assert.match(await status(page), /^1 event ·/);
    assert.equal(query(page), 'src_ip:203.0.113.77 "Accepted password"');
    await page.goBack();
    await settled(page);
    assert.equal(query(page), '');
    assert.match(await status(page), /Newest 1,000 of/);
  },

  async 'completion offers fields, and values with counts'({ page, site }) {
    await open(page, site);
    await write(page, 'use');
    const list = page.locator('.cm-tooltip-autocomplete li');
    await list.filter({ hasText: /^user/ }).first().waitFor();
    // The list takes no key at once, so that nobody chooses by accident.
    await page.waitForTimeout(200);
    await page.keyboard.press('Tab');
    assert.equal(await page.locator('.cm-content').innerText(), 'user:');
    await page.keyboard.press('Control+A');
    await page.keyboard.type('source_type:cloudtrail user:svc');
    const value = list.filter({ hasText: 'svc-deploy' });
    await value.waitFor();
    assert.match(await value.innerText(), /svc-deploy\s*\d+/);
    await page.waitForTimeout(200);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Enter');
    await page.waitForURL(/svc-/);
    assert.match(query(page), /^source_type:cloudtrail user:svc-\w+$/);
  },

  async 'a mistake is underlined while it is written, with the hint'({ page, site }) {
    await open(page, site);
    await write(page, 'userr:alice');
    await page.locator('.cm-lintRange-error').waitFor();
    assert.equal(await page.locator('.cm-lintRange-error').innerText(), 'userr');
    assert.match(await page.locator('#query-told').innerText(), /did you mean `user`\?/);
    await page.keyboard.press('Escape');
    await page.locator('.cm-content').click();
    await page.keyboard.press('Enter');
    await page.waitForFunction(() =>
      /No answer/.test(document.querySelector('.status').textContent),
    );
    await page.locator('.cm-lintRange-error').waitFor();
  },

  async 'search becomes SQL and back'({ page, site }) {
    await open(page, site, { q: 'src_ip:203.0.113.0/24 severity:>=low userIdentity.type:x' });
    await page.getByRole('button', { name: 'SQL' }).click();
    await settled(page);
    const sql = new URL(page.url()).searchParams.get('sql');
    assert.match(sql, /ip_in\(src_ip, '203\.0\.113\.0\/24'\)\n {2}AND severity_id >= 2/);
    assert.match(await page.locator('.strip').innerText(), /Left out.*userIdentity\.type:x/);
    assert.match(await status(page), /\d rows ·/);
    await page.locator('.cm-content').click();
    await page.keyboard.press('Control+A');
    await page.keyboard.type(
      'SELECT source_type, count(*) AS n FROM events GROUP BY source_type ORDER BY n DESC',
    );
    await page.keyboard.press('Control+Enter');
    await page.waitForFunction(() => /count/.test(decodeURIComponent(location.search)));
    await settled(page);
    assert.equal(await page.locator('[role=columnheader]').nth(1).innerText(), 'n');
    await page.locator('#cell-0-0').hover({ position: { x: 6, y: 6 } });
    await page.locator('.tools button', { hasText: 'search' }).click();
    await settled(page);
    assert.match(query(page), /^format:/);
    await page.goBack();
    await page.getByRole('button', { name: 'Search', exact: true }).click();
    await settled(page);
    assert.equal(new URL(page.url()).searchParams.has('sql'), false);
  },

  async 'SQL completes columns, functions and values'({ page, site }) {
    await open(page, site, { sql: 'SELECT 1' });
    await write(page, 'SELECT ip_');
    const list = page.locator('.cm-tooltip-autocomplete li');
    await list.filter({ hasText: 'ip_in' }).waitFor();
    await write(page, "SELECT time FROM events WHERE user_name = 'svc-d");
    await list.filter({ hasText: 'svc-deploy' }).waitFor();
  },

  async 'the time range, by keyboard'({ page, site }) {
    await open(page, site);
    await page.locator('[role=grid]').focus();
    await page.keyboard.press('t');
    const dialog = page.getByRole('dialog', { name: 'Time range' });
    await dialog.waitFor();
    await page.keyboard.type('yesterda');
    assert.match(await dialog.locator('.told').innerText(), /is no time/);
    await page.keyboard.type('y');
    assert.match(await dialog.locator('.told').innerText(), /00:00:00 to .*UTC/);
    await page.keyboard.press('Tab');
    await page.keyboard.type('now-1h');
    await page.keyboard.press('Enter');
    await page.waitForURL(/since=yesterday&until=now-1h/);
    await settled(page);
    await page.keyboard.press('t');
    await dialog.getByRole('button', { name: 'Last 7 days' }).click();
    await page.waitForURL(/since=7d/);
    assert.equal(new URL(page.url()).searchParams.has('until'), false);
    await settled(page);
  },

  async 'the histogram: brush, keys, zoom out'({ page, site }) {
    await open(page, site, { since: '6h' });
    const over = page.locator('.u-over');
    await over.waitFor();
    const box = await over.boundingBox();
    await page.mouse.move(box.x + box.width * 0.5, box.y + 30);
    assert.match(await page.locator('.histogram .told').innerText(), /UTC: [\d,]+/);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.75, box.y + 30, { steps: 5 });
    await page.mouse.up();
    await page.waitForURL(/since=20.*until=20/);
    await settled(page);
    const width = () => {
      const { searchParams } = new URL(page.url());
      return Date.parse(searchParams.get('until')) - Date.parse(searchParams.get('since'));
    };
    const brushed = width();
    assert.ok(Math.abs(brushed - 1.5 * 3_600_000) < 600_000, `${brushed}`);
    await page.keyboard.press('z');
    await page
      .waitForFunction((before) => location.search !== before, new URL(page.url()).search)
      .catch(() => {});
    await settled(page);
    assert.ok(Math.abs(width() - 2 * brushed) < 2_000, `${width()}`);
    await page.getByRole('button', { name: /Zoom out/ }).click();
    await page.waitForFunction((least) => {
      const { searchParams } = new URL(location.href);
      return Date.parse(searchParams.get('until')) - Date.parse(searchParams.get('since')) > least;
    }, 3 * brushed);
    await settled(page);
    await page.locator('.plot').focus();
    await page.keyboard.press('End');
    await page.keyboard.press('Shift+ArrowLeft');
    await page.keyboard.press('Shift+ArrowLeft');
    const before = width();
    await page.keyboard.press('Enter');
    await page.waitForFunction((most) => {
      const { searchParams } = new URL(location.href);
      return Date.parse(searchParams.get('until')) - Date.parse(searchParams.get('since')) < most;
    }, before / 4);
    await settled(page);
    await page.keyboard.press('[');
    await settled(page);
    await page.keyboard.press(']');
    await settled(page);
  },

  async 'facets: exact counts, only, without, another field'({ page, site }) {
    await open(page, site, { since: 'all', q: '-source:bulk' });
    const side = page.locator('aside');
    const format = side.locator('section', {
      has: page.getByRole('button', { name: 'format', exact: true }),
    });
    const syslog = format.getByRole('button', { name: /^syslog/ });
    await syslog.waitFor();
    const counted = Number((await syslog.locator('.num').innerText()).replaceAll(',', ''));
    await syslog.click();
    await page.waitForURL(/format:syslog/);
    await settled(page);
    const total = Number(
      /([\d,]+) events?/
        .exec(await status(page).then((text) => text.replace(/^Newest [\d,]+ of/, '')))[1]
        .replaceAll(',', ''),
    );
    assert.ok(Math.abs(total - counted) < 60, `${total} and ${counted}: the demo goes on`);
    assert.equal(await syslog.getAttribute('aria-pressed'), 'true');
    await format.locator('li').first().hover();
    await format.getByRole('button', { name: 'Without format syslog' }).click();
    await page.waitForFunction(() => location.search.includes('-format:syslog'));
    await settled(page);
    assert.equal(query(page), '-source:bulk -format:syslog');
    await side.getByRole('combobox').selectOption('http_method');
    await side.getByRole('button', { name: /^GET/ }).waitFor();
    assert.match(page.url(), /facets=.*http_method/);
    await page.reload();
    await side.getByRole('button', { name: /^GET/ }).waitFor();
    await side.getByRole('button', { name: 'Take method off this list' }).click();
    assert.doesNotMatch(page.url(), /http_method/);
    const source = side.locator('section', {
      has: page.getByRole('button', { name: 'source', exact: true }),
    });
    await source.getByRole('button', { name: /More/ }).click();
    await page.waitForFunction(
      () => document.querySelectorAll('aside section:nth-of-type(3) li').length > 6,
    );
    await source.getByRole('button', { name: 'source', exact: true }).click();
    assert.equal(await source.locator('li').count(), 0);
  },

  async 'a cell: only and without'({ page, site }) {
    await open(page, site, { q: 'src_ip:203.0.113.77' });
    await page.locator('#cell-2-3').hover({ position: { x: 6, y: 6 } });
    const value = (await page.locator('#cell-2-3').innerText()).trim();
    await page.getByRole('button', { name: `Only event ${value}` }).click();
    await settled(page);
    assert.equal(query(page), `src_ip:203.0.113.77 event:${value}`);
    await page.locator('#cell-0-3').hover({ position: { x: 6, y: 6 } });
    await page.getByRole('button', { name: `Without event ${value}` }).click();
    await settled(page);
    assert.equal(query(page), `src_ip:203.0.113.77 -event:${value}`);
  },

  async 'columns: taken away, added, moved, in the address'({ page, site }) {
    await open(page, site);
    await page.getByRole('button', { name: 'Columns' }).click();
    const dialog = page.getByRole('dialog', { name: 'Columns' });
    await dialog.getByRole('button', { name: 'Take status away' }).click();
    await settled(page);
    await dialog.getByLabel('Add a column').fill('country account');
    await dialog.getByText('No column is called so').waitFor();
    await dialog.getByLabel('Add a column').fill('account in whose log');
    await dialog.getByRole('button', { name: /^account/ }).click();
    await settled(page);
    await dialog.getByRole('button', { name: 'Move account left' }).click();
    await settled(page);
    const cols = () => new URL(page.url()).searchParams.get('cols');
    assert.equal(
      cols(),
      'time,severity_id,source_type,operation,src_ip,user_name,account_uid,summary',
    );
    const heads = await page.locator('[role=columnheader]').allInnerTexts();
    assert.equal(heads.map((head) => head.trim()).at(-2), 'account');
    await dialog.getByRole('button', { name: 'As at first' }).click();
    await settled(page);
    assert.equal(cols(), null);
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
  },

  async order({ page, site }) {
    await open(page, site, { q: 'src_ip:203.0.113.77' });
    const newest = await page.locator('#cell-0-0').innerText();
    await page.getByRole('button', { name: /time, UTC/ }).click();
    await settled(page);
    assert.match(page.url(), /order=asc/);
    assert.ok((await page.locator('#cell-0-0').innerText()) < newest);
    await page.keyboard.press('o');
    await settled(page);
    assert.equal(await page.locator('#cell-0-0').innerText(), newest);
  },

  async 'the event: fields, record, OCSF, neighbours'({ page, site }) {
    await open(page, site, { q: 'src_ip:203.0.113.77 source_type:cloudtrail' });
    await page.locator('#cell-1-3').click();
    const detail = page.locator('.detail');
    await detail.locator('dl').first().waitFor();
    const title = await detail.locator('h2').innerText();
    assert.equal(
      title,
      await page
        .locator('#cell-1-3')
        .innerText()
        .then((text) => text.trim()),
    );
    assert.match(await detail.innerText(), /API Activity \(6003\)/);
    await detail.getByRole('tab', { name: 'Record' }).click();
    await detail.locator('pre').waitFor();
    assert.match(await detail.locator('pre').innerText(), /"eventName": "/);
    await detail.getByLabel('with line breaks').uncheck();
    assert.match(await detail.locator('pre').innerText(), /"eventName":"/);
    await detail.getByRole('tab', { name: 'OCSF' }).click();
    assert.match(await detail.locator('pre').innerText(), /"class_name": "API Activity"/);
    assert.match(page.url(), /tab=ocsf/);
    await detail.getByRole('button', { name: 'Next' }).click();
    await page.waitForTimeout(400);
    await detail.getByRole('tab', { name: 'Fields' }).click();
    assert.equal(
      await detail.locator('h2').innerText(),
      (await page.locator('#cell-2-3').innerText()).trim(),
    );
    await detail.getByRole('button', { name: 'Previous' }).click();
    await page.waitForFunction(
      (text) => document.querySelector('.detail h2').textContent === text,
      title,
    );
    await page.reload();
    await detail.locator('dl').first().waitFor();
    assert.equal(await detail.locator('h2').innerText(), title);
    const field = detail.locator('.field', { hasText: 'access_key' });
    await field.hover();
    await field.getByRole('button', { name: 'Only this access_key' }).click();
    await settled(page);
    assert.match(query(page), /access_key:AKIA/);
    await field.hover();
    await field.getByRole('button', { name: 'Without this access_key' }).click();
    await settled(page);
    assert.match(query(page), / -access_key:AKIA/);
    await field.hover();
    await field.getByRole('button', { name: 'Search for this access_key alone' }).click();
    await settled(page);
    assert.match(query(page), /^access_key:AKIA\w+$/);
  },

  async 'copying: a value, the record, a link with fixed times'({ page, site }) {
    await open(page, site, { q: 'src_ip:203.0.113.77 source_type:cloudtrail', since: '24h' });
    await page.locator('#cell-1-3').click();
    const detail = page.locator('.detail');
    const field = detail.locator('.field', { hasText: 'access_key' });
    await field.hover();
    await field.getByRole('button', { name: 'Copy this access_key' }).click();
    const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
    assert.match(await clipboard(), /^AKIA/);
    await detail.getByRole('tab', { name: 'Record' }).click();
    await detail.getByRole('button', { name: 'Copy' }).click();
    assert.match(await clipboard(), /^\{/);
    await page.getByRole('button', { name: 'Copy link' }).click();
    const link = new URL(await clipboard());
    assert.match(link.searchParams.get('since'), /^\d{4}-.*Z$/);
    assert.match(link.searchParams.get('until'), /^\d{4}-.*Z$/);
  },

  async 'in context: the same stream, the search set aside'({ page, site }) {
    await open(page, site, { q: '"Accepted password" src_ip:203.0.113.77' });
    await page.locator('#cell-0-3').click();
    await page.getByRole('button', { name: 'In context' }).click();
    await page.waitForURL(/around=/);
    await settled(page);
    assert.match(await status(page), /41 events around the marked one/);
    assert.match(await page.locator('.strip').innerText(), /source:bastion-1/);
    assert.equal(await page.locator('.row.pinned').count(), 1);
    assert.equal(await page.locator('.ghosts s').count(), 2);
    await page.getByRole('button', { name: 'More of it' }).click();
    await page.waitForFunction(() =>
      /(8\d|9\d) events around/.test(document.querySelector('.status').textContent),
    );
    await page.reload();
    await settled(page);
    await page.locator('.row.pinned').waitFor();
    await page.getByRole('button', { name: /Back to the search/ }).click();
    await settled(page);
    assert.match(await status(page), /^1 event/);
  },

  async 'live: rows come in, pause is seen, resume brings them'({ page, site, stele }) {
    await open(page, site, { q: 'source:live-test', since: '1h' });
    await page.getByRole('button', { name: 'Live', exact: true }).click();
    await page.locator('.live').waitFor();
    await page.waitForTimeout(1_200);
    const send = async (message) => {
      const body = JSON.stringify({ time: new Date().toISOString(), message });
      await fetch(`${stele}/api/v1/ingest?source=live-test`, { method: 'POST', body });
    };
    const text = `first ${Date.now()}`;
    await send(text);
    await page.locator('.row', { hasText: text }).waitFor();
    await page.locator('.live').getByRole('button', { name: 'Pause' }).click();
    await send('second');
    await page.waitForFunction(() =>
      /Paused · [1-9]\d* new/.test(document.querySelector('.live').textContent),
    );
    await page.locator('.live').getByRole('button', { name: 'Resume' }).click();
    assert.match(await page.locator('#cell-0-7').innerText(), /second/);
    assert.match(page.url(), /live=1/);
    await page.locator('[role=grid]').focus();
    await page.keyboard.press('Space');
    await page.locator('.live', { hasText: 'Paused' }).waitFor();
    await page.keyboard.press('Space');
    await page.locator('.live', { hasText: 'new events come in' }).waitFor();
    await page.getByRole('button', { name: 'Export' }).focus();
    await page.keyboard.press('Space');
    await page.getByRole('dialog', { name: 'Export' }).waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('l');
    await page.locator('.live').waitFor({ state: 'hidden' });
  },

  async 'export: everything that matches'({ page, site }) {
    await open(page, site, { q: 'src_ip:203.0.113.77' });
    await page.getByRole('button', { name: 'Export' }).click();
    const dialog = page.getByRole('dialog', { name: 'Export' });
    assert.match(await dialog.innerText(), /All 358 events that match/);
    const get = async (name) => {
      if (!(await dialog.isVisible())) await page.getByRole('button', { name: 'Export' }).click();
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        dialog.getByRole('link', { name }).click(),
      ]);
      return readFileSync(await download.path(), 'utf8')
        .trimEnd()
        .split('\n');
    };
    const csv = await get('CSV, columns shown');
    assert.equal(csv[0], 'time,severity_id,source_type,operation,status_id,src_ip,user_name');
    assert.equal(csv.length, 359);
    const lines = await get('NDJSON, every column');
    assert.equal(lines.length, 358);
    assert.ok('raw' in JSON.parse(lines[0]));
    const ocsf = await get('OCSF documents');
    assert.ok('class_name' in JSON.parse(ocsf[0]));
  },

  async 'nothing matches: what can be taken away'({ page, site }) {
    await open(page, site, { q: 'user:nobody-at-all status:failure' });
    await page.getByRole('heading', { name: 'No event matches' }).waitFor();
    await page.getByRole('button', { name: 'user:nobody-at-all ×' }).click();
    await settled(page);
    assert.equal(query(page), 'status:failure');
    await open(page, site, { since: '1s', q: '-source:live-test "AdministratorAccess"' });
    await page.getByRole('button', { name: 'Look in all of time' }).click();
    await settled(page);
    assert.match(await status(page), /^1 event/);
  },

  async 'the whole view comes back from the address'({ page, site }) {
    const parameters = {
      q: 'src_ip:203.0.113.77 source_type:cloudtrail',
      since: '24h',
      order: 'asc',
      cols: 'time,operation,status_code,resource_uid',
      facets: 'operation,user_name',
    };
    await open(page, site, parameters);
    await page.locator('#cell-3-1').click();
    await page.getByRole('tab', { name: 'OCSF' }).click();
    await page.locator('.detail pre').waitFor();
    await page.waitForTimeout(500);
    const picture = async () => ({
      heads: await page.locator('[role=columnheader]').allInnerTexts(),
      rows: await page.locator('[role=gridcell]').allInnerTexts(),
      facets: await page.locator('aside h2').allInnerTexts(),
      detail: await page.locator('.detail pre').innerText(),
      status: (await status(page)).replace(/ · .*/, ''),
    });
    const before = await picture();
    const other = await page.context().newPage();
    await other.goto(page.url());
    await other.locator('.detail pre').waitFor();
    await settled(other);
    await other.waitForTimeout(500);
    const after = {
      heads: await other.locator('[role=columnheader]').allInnerTexts(),
      rows: await other.locator('[role=gridcell]').allInnerTexts(),
      facets: await other.locator('aside h2').allInnerTexts(),
      detail: await other.locator('.detail pre').innerText(),
      status: (await other.locator('.status p').innerText())
        .replaceAll(/\s+/g, ' ')
        .replace(/ · .*/, ''),
    };
    assert.deepEqual(after, before);
  },

  async 'scrolling reads on'({ page, site }) {
    await open(page, site, { since: '24h', q: '-source:bulk' });
    const grid = page.locator('[role=grid]');
    await grid.evaluate((element) => element.scrollTo(0, element.scrollHeight));
    await page.waitForFunction(() =>
      /Newest\s+[23],\d{3}\s+of/.test(document.querySelector('.status p').textContent),
    );
    const times = await page.locator('[role=gridcell][id$="-0"]').allInnerTexts();
    assert.deepEqual(times, [...times].sort().reverse(), 'newest first, also over the seam');
  },
};
