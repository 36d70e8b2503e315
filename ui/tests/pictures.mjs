// The pictures of README and docs, from a server with the demo and nothing else:
// `STELE_URL=… node tests/pictures.mjs [name…]` writes docs/pictures/*.png, each in both schemes.
import { launch, openPage, STELE } from './browser.mjs';
import { settled } from './explore.mjs';
import { servePage } from './page.mjs';

const FOLDER = new URL('../../docs/pictures/', import.meta.url).pathname;

const explore = async (page, site, parameters) => {
  const query = new URLSearchParams({ since: '24h', ...parameters });
  await page.goto(`${site}/explore?${query}`);
  await page.locator('.cm-content').waitFor();
  await settled(page);
  await page.waitForTimeout(1_500);
};

const PICTURES = {
  overview: async (page, site) => {
    await page.goto(site);
    await page.locator('.ledger').waitFor();
  },
  explore: async (page, site) => {
    await explore(page, site, {});
  },
  logins: async (page, site) => {
    await explore(page, site, { q: 'operation:login outcome:success' });
  },
  'the-login': async (page, site) => {
    await explore(page, site, { q: 'operation:login outcome:success status_code:password' });
    await page.locator('#cell-0-3').click();
    await page.locator('.detail dl').first().waitFor();
  },
  'the-key': async (page, site) => {
    await explore(page, site, { q: 'src_ip:203.0.113.77 source_type:cloudtrail' });
  },
  'the-new-user': async (page, site) => {
    await explore(page, site, { q: 'user_name:backup-sync' });
  },
  proof: async (page, site) => {
    await explore(page, site, { q: 'operation:AttachUserPolicy backup-sync' });
    await page.locator('#cell-0-3').click();
    await page.locator('.detail dl').first().waitFor();
    await page.getByRole('tab', { name: 'Proof' }).click();
    await page.getByRole('button', { name: 'Verify in this browser' }).click();
    await page.locator('.verdict').waitFor();
  },
  sources: async (page, site) => {
    await page.goto(`${site}/sources`);
    await page.locator('tbody tr').first().waitFor();
  },
  integrity: async (page, site) => {
    await page.goto(`${site}/integrity`);
    await page.locator('.verdict').waitFor();
  },
};

const chosen = process.argv.slice(2);
const site = await servePage(STELE);
const browser = await launch();
for (const colorScheme of ['light', 'dark']) {
  for (const [name, go] of Object.entries(PICTURES)) {
    if (chosen.length > 0 && !chosen.includes(name)) continue;
    const viewport = { width: 1280, height: 760 };
    const { page, context } = await openPage(browser, { colorScheme, viewport });
    page.setDefaultTimeout(30_000);
    await go(page, site.url);
    await page.mouse.move(0, 0);
    await page.waitForTimeout(500);
    await page.screenshot({ path: `${FOLDER}${name}-${colorScheme}.png` });
    await context.close();
  }
}
await browser.close();
site.close();
