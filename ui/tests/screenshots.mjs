// Pictures of each page in both schemes, for eyes: tests/out/*.png.
import { launch, openPage, OUT, STELE } from './browser.mjs';
import { servePage } from './page.mjs';

const SIZES = [
  [1440, 860],
  [1024, 768],
];
const only = process.argv[2];
const site = await servePage(STELE);
const browser = await launch();
const query = encodeURIComponent('src_ip:203.0.113.77');
const views = [
  ['overview', '/', async () => {}],
  ['explore', '/explore', async () => {}],
  ['explore-event', `/explore?q=${query}`, async (page) => {
    await page.locator('#cell-3-3').click();
    await page.locator('.detail dl').first().waitFor();
  }],
  ['explore-sql', `/explore?sql=${encodeURIComponent('SELECT source_type, count(*) AS events\nFROM events\nGROUP BY source_type\nORDER BY events DESC')}`, async () => {}],
  ['explore-error', `/explore?q=${encodeURIComponent('userr:alice outcome:denied')}`, async () => {}],
  ['sources', '/sources', async () => {}],
];
for (const colorScheme of ['light', 'dark']) {
  for (const [width, height] of SIZES) {
    const { page, context, complaints } = await openPage(browser, { colorScheme, viewport: { width, height } });
    for (const [name, path, act] of views) {
      if (only && !name.startsWith(only)) continue;
      page.setDefaultTimeout(5_000);
      await page.goto(site.url + path);
      await page.waitForLoadState('networkidle').catch(() => {});
      await page.waitForTimeout(700);
      await act(page);
      await page.waitForTimeout(500);
      await page.screenshot({ path: `${OUT}${name}-${colorScheme}-${width}.png` });
    }
    if (complaints.length > 0) console.log(colorScheme, width, complaints.slice(0, 8));
    await context.close();
  }
}
await browser.close();
site.close();
