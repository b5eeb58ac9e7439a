// Opens pages in headless Chromium with somebody's cookie and tells, as one line of JSON, what each did: whether a typed-in
// program ran, whom the page asked for something, which rule of its policy was broken, and its text.
import { createRequire } from 'node:module';
import path from 'node:path';

const root = path.resolve(path.dirname(new URL(import.meta.url).pathname), '../../..');
const { chromium } = createRequire(path.join(root, 'web/package.json'))('playwright-core');
const { url, pages } = JSON.parse(process.env.PAGES);
const browser = await chromium.launch({ executablePath: process.env.CERTHALL_TEST_CHROMIUM || '/usr/bin/chromium', headless: true, args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'] });
async function look([name, value, where]) {
  const context = await browser.newContext({ locale: 'zh-CN' });
  await context.addCookies([{ name, value, url }]);
  const page = await context.newPage();
  const told = { path: where, ran: 0, strangers: [], broken: [] };
  await page.exposeFunction('a', () => { told.ran += 1; });
  page.on('dialog', (dialog) => { told.ran += 1; void dialog.dismiss(); });
  page.on('request', (request) => { if (!request.url().startsWith(url) && !request.url().startsWith('data:')) told.strangers.push(request.url()); });
  page.on('console', (line) => { if (/Content Security Policy/.test(line.text())) told.broken.push(line.text()); });
  await page.goto(url + where, { waitUntil: 'load' });
  await page.waitForFunction(() => document.querySelector('h1') && document.body.innerText.length > 150, null, { timeout: 60000 });
  await page.waitForTimeout(700);
  told.text = await page.evaluate(() => document.body.innerText + [...document.querySelectorAll('input, textarea')].map((one) => one.value).join('\n'));
  await context.close();
  return told;
}
const seen = await Promise.all(pages.map(look));
await browser.close();
console.log(JSON.stringify(seen));
