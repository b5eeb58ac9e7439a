// Two people at two computers: each has a browser with its own profile, an agent with its own configuration, and a link
// handler for certhall: in a private XDG home, as a desktop would have it (design §11).
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const root = path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), '../../..');
const ofWeb = createRequire(path.join(root, 'web/package.json'));
const { chromium } = ofWeb('playwright-core');
const axe = fs.readFileSync(ofWeb.resolve('axe-core/axe.min.js'), 'utf8');
export const env = Object.fromEntries(['URL', 'STATUS_URL', 'BANK_URL', 'DATA', 'BIN', 'SHARE', 'MAILS', 'FOLDER', 'LOGS'].map((name) => [name.toLowerCase(), process.env[`CERTHALL_${name}`]]));
const pictures = path.join(process.env.CERTHALL_ARTEFACTS || env.folder, 'S0');
fs.mkdirSync(pictures, { recursive: true });
const widths = [1280, 390];
const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--force-color-profile=srgb'];

function write(file, text, mode = 0o644) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, text, { mode });
}

export class Desk {
  /** A person's computer. */
  static async at(name) {
    const desk = new Desk();
    desk.name = name;
    desk.home = path.join(env.folder, `desk-${name}`);
    desk.installAgent();
    desk.context = await desk.openBrowser();
    desk.page = await desk.newPage();
    return desk;
  }

  /** The agent's settings: the demo's own, with a PIN window that answers from a script and this desk's browser. */
  installAgent() {
    const pinentry = path.join(this.home, 'pinentry');
    const browser = path.join(this.home, 'browser');
    this.opened = path.join(this.home, 'opened');
    this.answers = path.join(this.home, 'answers');
    const kept = fs.readFileSync(path.join(env.data, 'demo/agent.conf'), 'utf8').split('\n').filter((line) => !/^(pinentry|browser)/.test(line));
    write(pinentry, `#!/bin/sh\nCERTHALL_TEST_PINENTRY='${this.home}' exec '${root}/tests/tools/pinentry-scripted'\n`, 0o755);
    write(browser, `#!/bin/sh\nprintf '%s\\n' "$1" >>'${this.opened}'\n`, 0o755);
    write(path.join(this.home, 'agent.conf'), [...kept, `pinentry = ${pinentry}`, `browser = ${browser}`, ''].join('\n'), 0o600);
    write(this.opened, '');
    const agent = path.join(this.home, 'agent');
    write(agent, `#!/bin/sh\nexec '${env.bin}/certhall-agent' --config '${this.home}/agent.conf' "$@" >>'${this.home}/agent.log' 2>&1\n`, 0o755);
    const entry = ['[Desktop Entry]', 'Type=Application', 'Name=UKey Agent', `Exec=${agent} open -- %u`, 'MimeType=x-scheme-handler/certhall;', 'Terminal=false', 'NoDisplay=true', ''].join('\n');
    const list = '[Default Applications]\nx-scheme-handler/certhall=certhall-agent.desktop\n';
    write(path.join(this.home, 'share/applications/certhall-agent.desktop'), entry);
    write(path.join(this.home, 'share/applications/mimeapps.list'), list);
    write(path.join(this.home, 'config/mimeapps.list'), list);
    this.say();
  }

  /** What the person will answer in the agent's windows, in their order. */
  say(...lines) {
    write(this.answers, lines.map((line) => `${line}\n`).join(''));
  }

  async openBrowser() {
    const profile = path.join(this.home, 'profile');
    write(path.join(profile, 'Default/Preferences'), JSON.stringify({ protocol_handler: { allowed_origin_protocol_pairs: { [env.url]: { certhall: true } } } }));
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: process.env.CERTHALL_TEST_CHROMIUM || '/usr/bin/chromium',
      headless: true,
      args: flags,
      locale: 'zh-CN',
      timezoneId: 'Asia/Shanghai',
      viewport: { width: 1280, height: 800 },
      acceptDownloads: true,
      env: { ...process.env, DISPLAY: ':99', HOME: this.home, XDG_DATA_HOME: path.join(this.home, 'share'), XDG_CONFIG_HOME: path.join(this.home, 'config'), XDG_CURRENT_DESKTOP: '' },
    });
    context.setDefaultTimeout(15000);
    this.complaints = [];
    return context;
  }

  async newPage() {
    const page = await this.context.newPage();
    page.on('pageerror', (error) => this.complaints.push(`${page.url()}: ${error.message}`));
    page.on('console', (message) => {
      // a refusal that the page shows is no complaint
      if (message.type() === 'error' && !/status of 4\d\d/.test(message.text())) this.complaints.push(`${page.url()}: ${message.text()}`);
    });
    return page;
  }

  /** The page that the agent opened "in the default browser": the next one after those seen before. */
  async finishPage(seconds = 60) {
    const until = Date.now() + seconds * 1000;
    for (;;) {
      const lines = fs.readFileSync(this.opened, 'utf8').split('\n').filter((line) => line.includes('/agent/finish#'));
      if (lines.length > (this.finished ?? 0)) {
        this.finished = lines.length;
        const page = await within(30, 'a new tab', this.newPage());
        await page.goto(lines.at(-1));
        await page.waitForFunction(() => !location.pathname.endsWith('/agent/finish') || document.querySelector('.note[role=status], [role=alert]'));
        return page;
      }
      if (Date.now() > until) throw new Error(`the agent opened no page: ${this.agentSaid()}`);
      await new Promise((done) => setTimeout(done, 100));
    }
  }

  /** Closes a tab that the agent opened, and looks at the person's own page again. */
  async backFrom(page) {
    await courtesy(page.close());
    await courtesy(this.page.bringToFront());
  }

  agentSaid() {
    const file = path.join(this.home, 'agent.log');
    return fs.existsSync(file) ? fs.readFileSync(file, 'utf8').slice(-800) : 'it was not started';
  }

  /** An API call with this browser's cookies: only for looking, and for what has no page. */
  async api(side, method, url, body) {
    const base = `${env.url}/api/v1/${side}`;
    const { csrf } = await (await this.context.request.get(`${base}/session`)).json();
    const answer = await this.context.request.fetch(base + url, { method, data: body, headers: { 'X-CSRF': csrf, 'Content-Type': 'application/json' } });
    const text = await answer.text();
    let json;
    try {
      json = JSON.parse(text);
    } catch {
      json = text;
    }
    return { status: answer.status(), json };
  }

  async close() {
    await this.context.close();
  }
}

async function language(page) {
  return page.evaluate(() => document.documentElement.lang);
}

/** By the page's own button, so that nothing that stands in the page is lost; the page of an agent has none. */
async function speak(page, wanted) {
  if ((await language(page)) === wanted) return;
  const button = page.locator('.util button[lang], .rt button', { hasText: wanted === 'en' ? 'English' : '中文' }).first();
  if (await button.isVisible()) await button.click();
  else {
    await page.evaluate((to) => localStorage.setItem('certhall.language', to), wanted);
    await page.reload();
  }
  await page.waitForFunction((to) => document.documentElement.lang === to, wanted);
}

const flat = (texts, front = '') => Object.entries(texts).flatMap(([key, value]) => (typeof value === 'string' ? [front + key] : flat(value, `${front}${key}.`)));
/** Every key of the pages' texts: one that is read on a page has no text in its language. The auditor reads this act by its
 * code as well, beside its words. */
const keys = new Set(['portal', 'console', 'shared'].flatMap((side) => flat(JSON.parse(fs.readFileSync(path.join(root, 'web', side, 'texts/zh-CN.json'), 'utf8')))));
keys.delete('audit.verify');

/** What a browser may leave unanswered for ever ends here with its name. */
function within(seconds, what, promise) {
  let timer;
  const late = new Promise((_, fail) => {
    timer = setTimeout(() => fail(new Error(`${what}: not within ${seconds} s`)), seconds * 1000);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** A courtesy between steps that no case is about, and that a browser may leave unanswered (a tab behind another draws nothing). */
export async function courtesy(promise) {
  await within(5, 'a courtesy', promise).catch(() => {});
}

async function settled(page) {
  await courtesy(page.bringToFront());
  await page.waitForLoadState('domcontentloaded');
  await courtesy(page.evaluate(() => document.fonts.ready));
  await page.waitForTimeout(250);
}

/** What axe finds against WCAG 2.1, A and AA, that keeps somebody out: its serious and critical rules. */
async function barriers(page, name) {
  await page.evaluate(axe); // not as a script of the page, which its content security policy refuses
  const rules = { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] };
  const { violations } = await within(30, 'axe', page.evaluate((runOnly) => window.axe.run(document, { runOnly, resultTypes: ['violations'] }), rules));
  const grave = violations.filter((rule) => ['serious', 'critical'].includes(rule.impact));
  return grave.map((rule) => `${name}: ${rule.id}: ${rule.help}: ${rule.nodes.slice(0, 3).map((node) => node.target.join(' ')).join(' | ')}`);
}

/** Pictures in both languages at both widths; gives what is wrong with them: sideways scrolling, words left untranslated,
 * and what keeps somebody out, which is the same in each of the four. */
export async function picture(page, name) {
  const wrong = [];
  let barred = [];
  await page.bringToFront(); // a tab behind another is not painted
  for (const lang of ['zh-CN', 'en']) {
    await page.setViewportSize({ width: widths[0], height: 800 });
    await speak(page, lang);
    for (const width of widths) {
      await page.setViewportSize({ width, height: width > 500 ? 800 : 844 });
      await settled(page);
      if (lang === 'zh-CN' && width === widths[0]) barred = await barriers(page, name);
      const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      if (over > 0) wrong.push(`${name} ${lang} ${width}: ${over} px wider than the window`);
      const dotted = await page.evaluate(() => document.body.innerText.match(/[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)+/g) ?? []);
      const raw = dotted.filter((word) => keys.has(word));
      if (raw.length) wrong.push(`${name} ${lang} ${width}: reads ${raw.slice(0, 3).join(', ')}`);
      await page.screenshot({ path: path.join(pictures, `${name}-${lang}-${width}.png`), fullPage: true });
    }
  }
  await page.setViewportSize({ width: widths[0], height: 800 });
  await speak(page, 'zh-CN');
  await settled(page);
  return { wrong, barred };
}

export function certhall(...argv) {
  const done = spawnSync(path.join(env.bin, 'certhall'), argv, { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`certhall ${argv.join(' ')}: ${done.stderr}`);
  return done.stdout.trim();
}

export function clock(at) {
  return certhall('demo', 'clock', '--data', env.data, '--share', env.share, ...(at ? ['--at', at] : []));
}

export function passwords() {
  return JSON.parse(fs.readFileSync(path.join(env.data, 'demo/passwords.json'), 'utf8'));
}
