// The manual S0, business "new", as two people live it in their browsers: 沈若琳, who applies, and the staff, one after
// another at one desk. Every step of the manual that this business touches is a case that names its id.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { certhall, clock, courtesy, Desk, env, passwords, picture } from './browsers.mjs';
import { check, end, holds, must, same, Stop } from './tap.mjs';

const project = 'aml-reporting';
const home = `${env.url}/${project}`;
const person = { name: '沈若琳', mobile: '13805952716', reporting: 'F3505030000117', institution: '泉州海丝供应链管理有限公司', mail: 'shen.ruolin@haisi.example' };
const pin = 'Haisi2026';
const courierNumber = 'SF1427553081926';
const marred = [];
const barriers = [];
async function shoot(page, name) {
  const { wrong, barred } = await picture(page, name);
  marred.push(...wrong);
  barriers.push(...barred);
}
const text = (page) => page.locator('body').innerText();
const wait = (ms) => new Promise((done) => setTimeout(done, ms));

async function until(what, look, seconds = 20) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const value = await look();
    if (value) return value;
    if (Date.now() > end) throw new Error(`${what}: not after ${seconds} s`);
    await wait(150);
  }
}

const user = await Desk.at('applicant');
const staff = await Desk.at('staff');
const me = user.page;
const desk = staff.page;

async function signInAs(name) {
  await desk.goto(`${env.url}/console`);
  const leave = desk.locator('.rt button').last();
  await desk.locator('.rt button, .people button').first().waitFor();
  if (await leave.isVisible()) await leave.click();
  await desk.locator('.people button', { hasText: name }).click();
  await desk.locator('.cmain h1').first().waitFor();
}

/** What would have gone out by SMS or mail, newest first, as the demo's outbox shows it. */
async function outbox(channel, to, needle) {
  const { json } = await staff.api('console', 'GET', `/demo/outbox?channel=${channel}&limit=200`);
  return json.items.filter((item) => item.to === to && item.text.includes(needle));
}

// ---- before signing in

async function frontPage() {
  await me.goto(home);
  await me.locator('h1').waitFor();
  const said = await text(me);
  const { json } = await user.api('portal', 'GET', `/projects/${project}`);
  await check('S0-04 S0-06 the front page has all businesses of the manual; what is closed says so', async () => {
    for (const type of ['new', 'reissue_lost', 'reissue_damaged', 'unlock', 'renew', 'revoke', 'resend']) {
      const business = json.businesses.find((b) => b.type === type);
      holds(business && said.includes(business.title), `${type} is not on the page`);
    }
    same(json.businesses.filter((b) => b.open).map((b) => b.type).join(), 'new', 'the open businesses');
  });
  await check('S0-05 a business that is closed is a line with its reason, not a dead button', async () => {
    for (const business of json.businesses.filter((b) => !b.open)) holds(business.closed_text && said.includes(business.closed_text), `${business.type} gives no reason`);
  });
  await check('S0-11 how to take care of a UKey is said to everybody', async () => holds(json.care.length >= 3 && said.includes(json.care[0]), 'no care on the page'));
  await check('S0-60 S0-62 the hotline stands there with its keyword and its hours', async () => {
    for (const word of ['400-880-9888', '反洗钱报送UKey项目', '7×24']) holds(said.includes(word), `${word} is not on the page`);
  });
  await check('S0-61 notices stand on the front page', async () => holds(json.notices.length > 0 && said.includes(json.notices[0].title), 'no notice'));
  await check('S0-64 the page leads to the online chat', async () => holds(await me.locator(`a[href="${json.chat.url}"]`).count(), 'no link to the chat'));
  await check('S0-02 S0-63 signing in asks for two items and offers no registration', async () => {
    same(await me.locator('#sign-in input').count(), 2, 'inputs');
    holds(!/注册账号|立即注册/.test(said), 'one could register');
  });
  await check('C-22 one may sign in with a code or with a UKey', async () => same(json.sign_in.join(), 'code,ukey', 'the ways in'));
  await shoot(me, '01-front');
}

async function helpPages() {
  await me.goto(`${home}/help`);
  await me.locator('h1').waitFor();
  const said = await text(me);
  const { json } = await user.api('portal', 'GET', `/projects/${project}`);
  await check('S0-59 one provider answers for handling, advice and technical questions', async () => holds(said.includes(json.hotline.phone), 'no hotline on the help page'));
  await check('S0-63 the postal contact has address, addressee, telephone, postcode', async () => {
    const [post] = json.postal;
    for (const part of [post.address, post.addressee, post.phone, post.postcode]) holds(part && said.includes(part), `${part} is not on the page`);
  });
  await check('S0-65 the postcode has six digits', async () => holds(/^[0-9]{6}$/.test(json.postal[0].postcode), json.postal[0].postcode));
  await check('S0-16 main and backup address are shown, and both give the same data', async () => {
    const hosts = [json.urls.primary, json.urls.backup].map((url) => new URL(url).host);
    for (const host of hosts) holds(said.includes(host), `${host} is not on the page`);
    const bodies = [];
    for (const host of hosts) bodies.push(await (await user.context.request.get(`${env.url}/api/v1/portal/projects/${project}`, { headers: { Host: host } })).text());
    same(bodies[0], bodies[1], 'the backup address');
  });
  await shoot(me, '02-help');
  for (const [name, url] of [['03-client', 'client'], ['04-guide', 'guide/new'], ['05-privacy', 'privacy'], ['06-agreement', 'agreement'], ['07-accessibility', 'accessibility']]) {
    await me.goto(`${home}/${url}`);
    await me.locator('h1').first().waitFor();
    await shoot(me, name);
  }
  await me.goto(`${env.url}/`);
  await me.locator('h1').first().waitFor();
  await shoot(me, '08-chooser');
  await me.goto(`${home}/nothing-here`);
  await me.locator('h1').first().waitFor();
  await shoot(me, '09-lost');
}

// ---- the regulator

async function regulator() {
  await desk.goto(`${env.url}/console`);
  await desk.locator('.people button').first().waitFor();
  await shoot(desk, '20-console-sign-in');
  await signInAs('周启明');
  await shoot(desk, '21-console-work');
  await check('S0-03 before the regulator approved it there is no code that signs in', async () => {
    const { status, json } = await user.api('portal', 'POST', '/session', { project, code: '7QF42KXM09DYRW5H', reporting_code: person.reporting });
    same(`${status} ${json.code}`, '401 code.wrong', 'the answer');
  });
  await must('S0-14 S0-15 the regulator imports the signed list of what it approved', async () => {
    const folder = path.join(env.data, 'demo/regulator');
    await desk.goto(`${env.url}/console/intake`);
    const files = desk.locator('input[type=file]');
    await files.first().waitFor({ state: 'attached' });
    await files.nth(0).setInputFiles(path.join(folder, 'list.csv'));
    await files.nth(1).setInputFiles(path.join(folder, 'list.csv.p7s'));
    await shoot(desk, '22-console-import');
    await desk.locator('main form button[type=submit], main button.p').last().click();
    const batch = await until('the ca takes the list', async () => {
      const { json } = await staff.api('console', 'GET', '/imports');
      return json.items?.find((b) => b.ca_state === 'entered');
    });
    same(batch.counts.add, 3, 'rows');
    await desk.goto(`${env.url}/console/intake/${batch.id}`);
    await desk.locator('main h1').waitFor();
    await shoot(desk, '23-console-batch');
  });
  await check('S0-12 S0-13 C-23 the registration holds institution, reporting code and user name, from the regulator', async () => {
    const said = await text(desk);
    for (const part of [person.institution, person.reporting, person.name]) holds(said.includes(part), `${part} is not on the page`);
  });
  return must('S0-15 the code goes to the user', async () => {
    const [sms] = await until('the SMS', async () => {
      const found = await outbox('sms', person.mobile, '授权码');
      return found.length && found;
    });
    const code = /(?:[0-9A-HJKMNP-TV-Z]{4}[ -]?){4}/.exec(sms.text);
    holds(code, `no code in “${sms.text}”`);
    return code[0].trim();
  });
}

// ---- the applicant

async function typeCode(code) {
  await me.goto(`${home}/sign-in`);
  await me.fill('#sign-code', code);
  await me.fill('#sign-reporting', person.reporting);
  await me.click('form button[type=submit]');
}

async function signIn(code) {
  await me.goto(`${home}/sign-in`);
  await shoot(me, '10-sign-in');
  await check('S0-17 G-03 G-04 on the day it was received the code is refused, with the first usable working day', async () => {
    await typeCode(code);
    const note = await me.locator('[role=alert]').first().innerText();
    holds(/\d+月\d+日|\d{4}-\d{2}-\d{2}/.test(note), `no date in “${note}”`);
    same(await me.inputValue('#sign-reporting'), person.reporting, 'what was typed');
    await shoot(me, '11-too-early');
  });
  await check('S0-17 nor on the first working day', async () => {
    clock('+1wd');
    await typeCode(code);
    await me.locator('[role=alert]').first().waitFor();
  });
  await must('S0-17 S0-02 on the second working day code and reporting code sign in', async () => {
    clock('+1wd');
    await typeCode(code);
    await me.waitForURL(/\/orders/);
  });
  await me.locator('h1').waitFor();
  await shoot(me, '12-orders-empty');
}

async function beginOrder() {
  return must('S0-04 an application is begun online', async () => {
    await me.goto(`${home}/guide/new`);
    await me.locator('.cols section button.p').last().click();
    await me.waitForURL(/\/orders\/\d{19}$/);
    await me.locator('.tl').first().waitFor();
    await shoot(me, '13-tasks');
    return /(\d{19})$/.exec(me.url())[1];
  });
}

const typed = { name: '沈若琳', phone: '13805952716', mobile: '13805952716', postcode: '362000', email: person.mail, tax_no: '91350503MA2Y7K4H06' };

async function fillQuestion() {
  const inputs = me.locator('form .inp');
  for (let i = 0; i < (await inputs.count()); i += 1) {
    const input = inputs.nth(i);
    const id = await input.getAttribute('id');
    if (await input.inputValue()) continue;
    const label = await me.locator(`label[for="${id}"]`).innerText();
    if (label.includes('选填')) continue;
    const key = Object.keys(typed).find((name) => id.endsWith(`.${name}`) || id.endsWith(`-${name}`));
    await input.fill(key ? typed[key] : /address|region/.test(id) ? '福建省泉州市丰泽区津淮街18号海丝大厦6楼' : '沈若琳');
    await input.blur();
  }
  const choices = me.locator('form fieldset');
  for (let i = 0; i < (await choices.count()); i += 1) {
    if (!(await choices.nth(i).locator('input:checked').count())) await choices.nth(i).locator('input').first().check();
  }
  if (await me.locator('input[id$="postcode"]').count()) await spoilPostcode();
  await me.locator('form button[type=submit]').click();
}

async function applicationStep(order) {
  await me.goto(`${home}/orders/${order}/application/1`);
  await me.locator('h1').waitFor();
  const said = await text(me);
  await check('S0-18 the application is prefilled from the registration, to be checked', async () => {
    for (const part of [person.reporting, person.name]) holds(said.includes(part), `${part} is not on the page`);
    same(await me.locator('form .inp').first().inputValue(), person.institution, 'the institution');
  });
  await check('S0-21 C-07 of it only the institution name can be changed', async () => same(await me.locator('form .inp').count(), 1, 'inputs'));
  await check('S0-22 what is wrong otherwise is corrected by the Centre, says the page', async () => holds(said.includes('反洗钱中心'), 'the page names nobody'));
  await check('S0-21 a changed name says what it reaches; it can be put back', async () => {
    const input = me.locator('form .inp').first();
    await input.fill('泉州海丝供应链集团有限公司');
    await input.blur();
    await me.locator('.warnc').first().waitFor();
    await shoot(me, '14-name-changed');
    await me.locator('button.linklike', { hasText: '改回去' }).click();
    same(await input.inputValue(), person.institution, 'the institution');
  });
  await shoot(me, '15-application');
  await me.locator('form button[type=submit]').click();
  await me.waitForURL((url) => !url.pathname.endsWith('/application/1'));
}

async function fillSections(order, code) {
  await must('S0-19 mailing and invoice data are filled in', async () => {
    for (const section of ['mailing', 'invoice']) {
      await me.goto(`${home}/orders/${order}/${section}/1`);
      for (let n = 1; n < 6; n += 1) {
        await me.locator('form h1').waitFor();
        const before = me.url();
        await fillQuestion();
        await me.waitForURL((url) => url.href !== before);
        if (!me.url().includes(`/${section}/`)) break;
      }
    }
  });
  await check('S0-19 a draft survives signing out and in again', async () => {
    await me.locator('.util button', { hasText: '退出' }).click();
    await me.locator('#sign-in').waitFor();
    await typeCode(code);
    await me.waitForURL(/\/orders/);
    for (const [n, value] of [[1, person.name], [2, '362000']]) {
      await me.goto(`${home}/orders/${order}/mailing/${n}`);
      await me.locator('form h1').waitFor();
      const values = await me.locator('form .inp').evaluateAll((all) => all.map((one) => one.value));
      holds(values.every(Boolean) && values.includes(value), `the form holds ${values}`);
      await shoot(me, `17-mailing-${n}`);
    }
    await me.goto(`${home}/orders/${order}`);
    await me.locator('.tl').first().waitFor();
    await shoot(me, '17-tasks-done');
  });
}

async function spoilPostcode() {
  const postcode = me.locator('input[id$="postcode"]');
  await check('a wrong postcode is named beside its field and in a summary; everything typed is still there', async () => {
    await postcode.fill('36200');
    await me.locator('form button[type=submit]').click();
    await me.locator('#errors').waitFor();
    same(await postcode.inputValue(), '36200', 'the field');
    const summary = await me.locator('#errors').innerText();
    holds(summary.includes('6 位'), `the summary reads ${summary}`);
    await shoot(me, '16-errors');
  });
  await postcode.fill('362000');
}

// ---- a second tab, and the back button

const fieldNamed = (page, name) => page.locator(`[id="field-${name}"]`);

async function stored(order, name) {
  const { json } = await user.api('portal', 'GET', `/orders/${order}/form`);
  return json.sections.flatMap((s) => s.questions.flatMap((q) => q.fields)).find((f) => f.name === name)?.value;
}

/** Types into a field and leaves it, as a person does who goes on to the next. */
async function typeInto(page, name, value) {
  await page.bringToFront();
  await fieldNamed(page, name).fill(value);
  await fieldNamed(page, name).blur();
}

async function secondTab(order) {
  const other = await user.newPage();
  const place = `${home}/orders/${order}/mailing/1`;
  for (const page of [me, other]) {
    await page.goto(place);
    await fieldNamed(page, 'mailing.name').waitFor();
  }
  await check('two tabs: what the one has saved the stale other does not overwrite; it says so and keeps what was typed', async () => {
    await typeInto(me, 'mailing.name', '沈若琳（前台代收）');
    await until('the first tab saves', async () => (await stored(order, 'mailing.name')) === '沈若琳（前台代收）');
    await typeInto(other, 'mailing.phone', '13805952717');
    const note = await other.locator('[role=alert]').first().innerText();
    holds(note.includes('另一个窗口'), `the page says “${note}”`);
    same(await fieldNamed(other, 'mailing.phone').inputValue(), '13805952717', 'what was typed');
    same(await stored(order, 'mailing.phone'), typed.phone, 'the stored number');
    await shoot(other, '17-second-tab');
    await other.reload();
    await other.locator('[role=alert]').first().waitFor();
    same((await fieldNamed(other, 'mailing.phone').inputValue()).replaceAll(' ', ''), '13805952717', 'what was typed, after loading the page again');
    same(await stored(order, 'mailing.phone'), typed.phone, 'the stored number, after loading the page again');
  });
  await check('two tabs: the other tab’s version can be taken', async () => {
    await other.locator('[role=alert] button').first().click();
    await until('the stored version', async () => (await fieldNamed(other, 'mailing.name').inputValue()) === '沈若琳（前台代收）');
    same((await fieldNamed(other, 'mailing.phone').inputValue()).replaceAll(' ', ''), typed.phone, 'the number');
    await wait(1000);
    same(await stored(order, 'mailing.phone'), typed.phone, 'the stored number');
  });
  await check('two tabs: or one’s own, and pressing the button in a stale tab asks as well', async () => {
    await typeInto(other, 'mailing.name', '沈若琳（门卫）');
    await until('the other tab saves', async () => (await stored(order, 'mailing.name')) === '沈若琳（门卫）');
    await me.bringToFront();
    await me.locator('form button[type=submit]').click();
    await me.locator('[role=alert] button').last().click();
    await until('this tab’s version', async () => (await stored(order, 'mailing.name')) === '沈若琳（前台代收）');
    await typeInto(me, 'mailing.name', typed.name);
    await until('the name', async () => (await stored(order, 'mailing.name')) === typed.name);
  });
  await other.close();
}

async function staleCheckPage(order) {
  const other = await user.newPage();
  await other.goto(`${home}/orders/${order}/check`);
  await other.locator('#consent').waitFor();
  await check('two tabs: what was changed after it was checked is not submitted unseen', async () => {
    await me.goto(`${home}/orders/${order}/mailing/2`);
    await typeInto(me, 'mailing.address', '福建省泉州市丰泽区津淮街18号海丝大厦7楼');
    await until('saved', async () => (await stored(order, 'mailing.address'))?.includes('7楼'));
    await other.bringToFront();
    await other.locator('#consent').check();
    await other.locator('form button[type=submit]').click();
    await other.locator('.note[role=alert]', { hasText: '另一个窗口' }).waitFor();
    same(await other.locator('#consent').isChecked(), false, 'the consent');
    await other.getByText('海丝大厦7楼').waitFor();
    same((await user.api('portal', 'GET', `/orders/${order}`)).json.status.states.application, 'DRAFT', 'the order');
    await shoot(other, '18-check-stale');
  });
  return other;
}

async function submit(order) {
  const other = await staleCheckPage(order);
  await me.goto(`${home}/orders/${order}`);
  await me.locator('.tl').first().waitFor();
  await me.locator('main a[href$="/check"]').first().click();
  await me.locator('#consent').waitFor();
  await check('S0-18 S0-20 everything stands on one page for checking, with the fee and its rule', async () => {
    const said = await text(me);
    for (const part of [person.institution, person.reporting, '362000', '300.00']) holds(said.replace(/(\d{3}) (\d{3})\b/g, '$1$2').includes(part), `${part} is not on the page`);
  });
  await check('C-03 C-06 what cannot be changed after payment is said before', async () => holds((await text(me)).includes('付款'), 'nothing about payment'));
  await shoot(me, '18-check');
  await check('without consent it is not submitted, and the page says why', async () => {
    await me.locator('form button[type=submit]').click();
    await me.locator('#consent-error').waitFor();
  });
  await must('S0-20 confirmed and submitted', async () => {
    await me.locator('#consent').check();
    await me.locator('form button[type=submit]').click();
    await me.waitForURL(/\/done$/);
    await me.locator('h1').waitFor();
    await shoot(me, '19-submitted');
  });
  await check('two tabs: the second one that submits is told that it is done, and submits nothing', async () => {
    await other.bringToFront();
    await other.locator('#consent').check();
    await other.locator('form button[type=submit]').click();
    await other.locator('.note', { hasText: '已经提交' }).first().waitFor();
    same(await other.locator('form').count(), 0, 'forms');
    await shoot(other, '19-second-tab-submitted');
    await other.close();
  });
  await check('going back from the confirmation shows the order as it is now, with nothing to submit again', async () => {
    await me.bringToFront();
    await me.goBack();
    await me.locator('.now').waitFor();
    holds((await text(me)).includes('待支付'), 'the page does not say what is now');
    await shoot(me, '19-gone-back');
    await me.goto(`${home}/orders/${order}/check`);
    await me.locator('.note', { hasText: '已经提交' }).first().waitFor();
    same(await me.locator('main form').count(), 0, 'forms');
    const { json } = await user.api('portal', 'GET', `/orders/${order}/log`);
    same(json.items.filter((line) => line.text.startsWith('提交业务单')).length, 1, 'submissions');
  });
  await check('G-33 the price is frozen for 7 days', async () => {
    const { json } = await user.api('portal', 'GET', `/orders/${order}/payment`);
    holds(json.note || json.fee.frozen_until, 'no word of it');
  });
}

// ---- paying

async function pay(order) {
  await me.goto(`${home}/orders/${order}/pay`);
  await me.locator('fieldset').waitFor();
  await check('S0-24 C-04 one pays by corporate net-banking, and by nothing else', async () => {
    const { json } = await user.api('portal', 'GET', `/orders/${order}/payment`);
    same(json.methods.length, 1, 'methods');
    holds((await text(me)).includes(json.methods[0].title), 'the method is not on the page');
  });
  await shoot(me, '24-pay');
  await must('S0-23 the fee is paid online, at the bank’s own page', async () => {
    await me.locator('fieldset button.p').click();
    await me.waitForURL((url) => url.origin === env.bank_url);
    await me.screenshot({ path: path.join(process.env.CERTHALL_ARTEFACTS || env.folder, 'S0', '25-bank.png') });
    await me.locator('button[value=approve]').click();
    await me.waitForURL((url) => url.origin === env.url);
    await until('the order is paid', async () => (await user.api('portal', 'GET', `/orders/${order}/payment`)).json.state === 'PAID', 30);
    await me.waitForURL(/\/done$/);
    await me.locator('h1').waitFor();
    await shoot(me, '26-paid');
  });
  await check('going back after paying charges nothing again and shows that it is paid', async () => {
    await me.goBack();
    await me.waitForURL((url) => url.origin === env.bank_url);
    if (await me.locator('button[value=approve]').isVisible()) {
      await me.locator('button[value=approve]').click();
      await until('an answer', async () => !(await me.locator('button[value=approve]').isVisible().catch(() => false)));
    }
    await me.goto(`${home}/orders/${order}/pay`);
    await me.getByText('已支付').first().waitFor();
    same(await me.locator('fieldset button').count(), 0, 'buttons that pay');
    await shoot(me, '26-paid-already');
    const { json } = await user.api('portal', 'GET', `/orders/${order}/log`);
    same(json.items.filter((line) => line.text.startsWith('付款 ')).length, 1, 'payments');
  });
  await check('S0-25 C-08 after payment nothing can be cancelled or changed, on no page and in no call', async () => {
    await me.goto(`${home}/orders/${order}`);
    await me.locator('h1').waitFor();
    holds(!(await me.locator('button', { hasText: '取消业务单' }).count()), 'one could cancel');
    await me.goto(`${home}/orders/${order}/mailing/1`);
    await me.locator('.main .btn, main .btn').first().waitFor();
    same(await me.locator('form .inp').count(), 0, 'inputs');
    await shoot(me, '27-frozen');
    for (const [method, url, body] of [['POST', 'cancel', {}], ['PUT', 'form/mailing', { rev: 99, values: {} }]]) {
      const { json } = await user.api('portal', method, `/orders/${order}/${url}`, body);
      same(json.code, 'order.frozen', url);
    }
  });
}

async function progress(order) {
  await me.goto(`${home}/orders/${order}`);
  await me.locator('.now').waitFor();
  await check('S0-26 the order page says at any time what is, who has it, what comes next', async () => {
    const { json } = await user.api('portal', 'GET', `/orders/${order}`);
    const said = await text(me);
    holds(said.includes(json.now_text ?? json.status.text), 'the state is not on the page');
    holds(json.lanes.length && said.includes(json.lanes[0].owner.text), 'nobody has it');
  });
  await check('S0-27 G-14 dispatch is due within 3 working days of payment', async () => {
    const { json } = await user.api('portal', 'GET', `/orders/${order}`);
    const due = json.lanes.find((lane) => lane.region === 'fulfilment')?.due;
    holds(due && due.workdays_left >= 0 && due.workdays_left <= 3, `due ${JSON.stringify(due)}`);
  });
  await check('S0-28 arrival is the courier’s: a word of its own, no clock', async () => {
    const { json } = await user.api('portal', 'GET', `/projects/${project}/guide/new`);
    holds(json.times.some((time) => time.text.includes('快递公司')), JSON.stringify(json.times));
  });
  await shoot(me, '28-order');
}

// ---- the maker, quality, shipping

const serialText = (serial) => serial.replace(/^(.{4})(.{4})(.{4})$/, '$1 $2 $3');

async function make(order) {
  const serial = fs.readdirSync(path.join(env.data, 'demo/ukeys/bench')).filter((n) => n.endsWith('.ukey')).sort()[0].slice(0, -5);
  await signInAs('许建民');
  await desk.goto(`${env.url}/console/bench`);
  await desk.locator('main h1').waitFor();
  await shoot(desk, '30-console-bench');
  await must('C-02 C-03 paid, the order stands before the maker, with nobody’s review between', async () => {
    await desk.goto(`${env.url}/console/bench/${order}`);
    await desk.locator('main h1').waitFor();
    await shoot(desk, '31-console-production');
  });
  await must('the maker makes the UKey: link, agent, his own PIN, finish', async () => {
    staff.say(`pin ${passwords().find((p) => p.ukey_pin).ukey_pin}`);
    const field = desk.locator('main input.inp').first();
    if (await field.isVisible().catch(() => false)) await field.fill(serial);
    await desk.locator('main button.p', { hasText: /制作|开始/ }).first().click();
    const page = await staff.finishPage(90);
    await staff.backFrom(page);
    await until('made', async () => (await staff.api('console', 'GET', `/production/${order}`)).json.key?.certificate?.serial, 30);
    await desk.reload();
    await desk.locator('main h1').waitFor();
    await shoot(desk, '32-console-made');
  });
  await check('a label with serial and QR is printed', async () => {
    const answer = await staff.context.request.get(`${env.url}/api/v1/console/production/${order}/label`);
    holds((await answer.body()).subarray(0, 5).toString() === '%PDF-', 'no PDF');
  });
  return serial;
}

/** Eight tabs of the order, opened one after another, where HTTP/1.1 gives a host six connections. The last one. */
async function manyTabs(order) {
  let page = null;
  for (let i = 0; i < 8; i++) {
    page = await user.newPage();
    await page.goto(`${home}/orders/${order}`, { timeout: 5000 });
    await page.locator('.now').waitFor({ timeout: 5000 });
  }
  await page.locator('.live.live').waitFor({ timeout: 5000 });
  return page;
}

async function pack(order, serial) {
  await signInAs('何嘉敏');
  await desk.goto(`${env.url}/console/packing/${order}`);
  await desk.locator('main h1').waitFor();
  await shoot(desk, '33-console-packing');
  await check('F3 who packs sees in the queue what waits for the quality check', async () => {
    const { json } = await staff.api('console', 'GET', '/work?queue=quality');
    holds(json.items.some((one) => one.order === order), `${json.items.length} others`);
  });
  let last = null;
  let told = null;
  await check('with eight tabs of the order open the last still loads, within 5 s, and has live events', async () => {
    last = await manyTabs(order);
  });
  await must('the quality check reads the key anew and packs it', async () => {
    staff.say('ok');
    await desk.locator('main input.inp').first().fill(serial);
    await desk.locator('main button', { hasText: '读 UKey' }).click();
    const page = await staff.finishPage();
    await staff.backFrom(page);
    await desk.locator('main .okc', { hasText: serialText(serial) }).first().waitFor();
    told = last?.waitForResponse((answer) => answer.url().endsWith(`/portal/orders/${order}`), { timeout: 5000 }).catch(() => null);
    await desk.locator('main button.p', { hasText: '合格，装箱' }).click();
    await until('packed', async () => (await staff.api('console', 'GET', `/production/${order}`)).json.status.states.fulfilment === 'PACKED');
  });
  await check('the change reaches the last of the eight tabs within 5 s', async () => holds(await told, 'it read nothing'));
  for (const page of user.context.pages()) if (page !== me) await courtesy(page.close());
  await desk.goto(`${env.url}/console/shipping/${order}`);
  await desk.locator('main h1').waitFor();
  await shoot(desk, '34-console-shipping');
  await check('C-21 the parcel goes to the handler’s address', async () => holds((await text(desk)).includes('津淮街18号'), 'not the address'));
  await must('S0-27 the parcel is handed to the courier', async () => {
    await me.goto(`${home}/orders/${order}`);
    await me.locator('.now').waitFor();
    await desk.locator('#ship-serial').fill(serial);
    await desk.locator('#ship-number').fill(courierNumber);
    await desk.locator('main fieldset label', { hasText: '顺丰' }).click();
    await desk.locator('main button.p', { hasText: '交给快递' }).click();
    await until('sent', async () => (await user.api('portal', 'GET', `/orders/${order}`)).json.status.states.fulfilment === 'SHIPPED');
    await shoot(desk, '35-console-shipped');
  });
  await check('S0-29 the open order page follows by itself: courier number and UKey serial', async () => {
    await me.getByText(new RegExp(courierNumber.replace(/(.{4})/g, '$1 ?'))).first().waitFor({ timeout: 10000 });
    holds((await text(me)).replaceAll(' ', '').includes(serial), 'no serial on the page');
    await shoot(me, '36-shipped');
  });
  await check('S0-29 the handler is told by SMS and by mail', async () => {
    await until('the SMS', async () => (await outbox('sms', person.mobile, courierNumber)).length);
    await until('the mail', () => mails().some((mail) => mail.includes(courierNumber)));
  });
  await check('S0-28 the page says that the arrival is the courier’s', async () => holds((await text(me)).includes('快递公司'), 'not a word'));
}

function mails() {
  return fs.readdirSync(env.mails).filter((n) => n.endsWith('.eml')).map((name) => {
    const raw = fs.readFileSync(path.join(env.mails, name), 'utf8');
    return raw.replace(/(?:^[A-Za-z0-9+/=]{20,}\r?\n)+/gm, (part) => Buffer.from(part, 'base64').toString('utf8')).replace(/=\r?\n/g, '');
  });
}

// ---- the user's UKey

async function firstPin(serial) {
  const key = path.join(env.data, `demo/ukeys/user/${serial}.ukey`);
  await until('the parcel arrives', () => fs.existsSync(key));
  await me.goto(`${home}/keys`);
  await me.locator('h1').waitFor();
  await shoot(me, '40-keys');
  await me.goto(`${home}/keys/${serial}`);
  await me.locator('h1').waitFor();
  await shoot(me, '41-key');
  await must('C-24 there is no PIN until the user sets his own: an SMS code, then the agent’s window', async () => {
    await me.goto(`${home}/keys/${serial}/activate`);
    const before = (await outbox('sms', person.mobile, '验证码')).length;
    await me.locator('.not-phone button.p').first().click();
    await me.locator('#sms-code').waitFor();
    await shoot(me, '42-sms');
    const [sms] = await until('the SMS', async () => {
      const found = await outbox('sms', person.mobile, '验证码');
      return found.length > before && found;
    });
    user.say(`pin ${pin}`, `pin ${pin}`);
    await me.fill('#sms-code', /(?<!\d)\d{6}(?!\d)/.exec(sms.text)[0]);
    await me.locator('form button[type=submit]').click();
    await me.locator('.op').waitFor();
    const page = await user.finishPage();
    await page.waitForURL((url) => !url.pathname.endsWith('/agent/finish')); // it leads to the UKey by itself
    await page.locator('h1').waitFor();
    await shoot(page, '43-finish');
    await user.backFrom(page);
    await me.locator('.op .okc').first().waitFor();
    await shoot(me, '44-activated');
  });
}

async function signInWithUkey(order) {
  clock('now');
  await must('C-22 the UKey signs in: a click, the PIN, and the browser that began is in', async () => {
    await me.goto(home);
    await me.locator('.util button', { hasText: '退出' }).click();
    await me.locator('#sign-in').waitFor();
    await me.goto(`${home}/sign-in`);
    await me.locator('[role=tab]').nth(1).click();
    user.say(`pin ${pin}`);
    await me.locator('.not-phone button.p').click();
    await me.locator('.op').waitFor();
    const page = await user.finishPage();
    await user.backFrom(page);
    await me.waitForURL(/\/orders/);
    const { json } = await user.api('portal', 'GET', '/session');
    same(json.by, 'ukey', 'signed in by');
  });
  await me.locator('h1').waitFor();
  await check('S0-09 C-18 a user who has a UKey gets no second one', async () => {
    const { json } = await user.api('portal', 'POST', '/orders', { project, type: 'new' });
    same(json.code, 'order.limit', 'the answer');
  });
  await shoot(me, '45-orders');
  for (const [name, url] of [['46-messages', 'messages']]) {
    await me.goto(`${home}/${url}`);
    await me.locator('h1').first().waitFor();
    await shoot(me, name);
  }
}

// ---- finance

async function invoices(order) {
  await me.goto(`${home}/invoices`);
  await me.locator('h1').waitFor();
  await shoot(me, '50-invoice-waiting');
  await signInAs('梁佩珊');
  await desk.goto(`${env.url}/console/finance/invoices`);
  await desk.locator('main h1').waitFor();
  await shoot(desk, '51-console-invoices');
  await must('S0-31 C-05 finance issues the month’s invoices in one batch', async () => {
    await desk.locator('main button.p').first().click();
    const sure = desk.locator('main [role=group] button.p, main dialog button.p, .el-dialog button.p').last();
    if (await sure.isVisible().catch(() => false)) await sure.click();
    await until('delivered', async () => (await user.api('portal', 'GET', '/invoices')).json.items?.[0]?.state === 'DELIVERED', 30);
    await desk.reload();
    await desk.locator('main h1').waitFor();
    await shoot(desk, '52-console-batch-issued');
  });
  const { json } = await user.api('portal', 'GET', '/invoices');
  const invoice = json.items.find((i) => i.order === order);
  await check('S0-30 it is an electronic general VAT invoice with a number of 20 digits', async () => {
    holds(/增值税.*普通发票|电子发票（普通发票）/.test(invoice.kind_text), invoice.kind_text);
    holds(/^\d{20}$/.test(invoice.number), invoice.number);
  });
  await check('S0-32 it came to the handler’s mail box', async () => until('the mail', () => mails().some((mail) => mail.includes(invoice.number))));
  await check('S0-33 it can be looked up and downloaded on the platform', async () => {
    await me.goto(`${home}/invoices`);
    await me.locator('.item a.btn').first().waitFor();
    await shoot(me, '53-invoices');
    const [download] = await Promise.all([me.waitForEvent('download'), me.locator('.item a.btn', { hasText: 'PDF' }).click()]);
    holds(fs.readFileSync(await download.path()).subarray(0, 5).toString() === '%PDF-', 'no PDF');
  });
  for (const [name, url] of [['54-console-payments', 'finance/payments'], ['55-console-ledger', 'finance/ledger']]) {
    await desk.goto(`${env.url}/console/${url}`);
    await desk.locator('main h1').waitFor();
    await shoot(desk, name);
  }
}

// ---- support, auditor, project administrator

async function others(order, serial) {
  await signInAs('陈立言');
  const { json: record } = await staff.api('console', 'GET', `/keys/${serial}`);
  const { json: certificate } = await staff.api('console', 'GET', `/certificates/${record.certificate.serial}`);
  await check('S0-01 the certificate is for TLS clients, and names the institution, its code and the user', async () => {
    const pem = path.join(env.folder, 'certificate.pem');
    fs.writeFileSync(pem, certificate.pem);
    const said = execFileSync('openssl', ['x509', '-in', pem, '-noout', '-subject', '-nameopt', 'utf8', '-ext', 'extendedKeyUsage,keyUsage'], { encoding: 'utf8' });
    for (const part of [person.institution, person.reporting, person.name, 'TLS Web Client Authentication']) holds(said.includes(part), `${part} is not in ${said}`);
  });
  for (const [name, url] of [['60-console-order', `orders/${order}`], ['61-console-key', `keys/${serial}`], ['62-console-certificates', 'certificates'], ['63-console-certificate', `certificates/${record.certificate.serial}`], ['64-console-search', 'search?q=%E6%B3%89%E5%B7%9E']]) {
    await desk.goto(`${env.url}/console/${url}`);
    await desk.locator('main h1').waitFor();
    await shoot(desk, name);
  }
  await check('a second person decides on a revocation; afterwards the certificate is revoked', async () => {
    const { json: asked } = await staff.api('console', 'POST', `/certificates/${record.certificate.serial}/revoke`, { reason_code: 'key_compromise', reason: '演示：UKey 丢失' });
    await signInAs('江一鸣');
    await desk.goto(`${env.url}/console/approvals/${asked.id}`);
    await desk.locator('main h1').waitFor();
    await shoot(desk, '65-console-approval');
    const said = await text(desk);
    for (const part of [person.institution, 'UKey 遗失或密码泄露', '演示：UKey 丢失']) holds(said.includes(part), `${part} is not on the page`);
    const { status } = await staff.api('console', 'POST', `/approvals/${asked.id}`, { approve: true });
    same(status, 200, 'the decision');
    const { json } = await user.api('portal', 'GET', '/keys');
    const key = json.items.find((one) => one.serial === serial);
    same(`${key.text} ${key.actions.length}`, '证书已吊销 0', 'the UKey to its user, and what he can do with it');
  });
  await desk.goto(`${env.url}/console/notices`);
  await desk.locator('main h1').waitFor();
  await shoot(desk, '66-console-notices');
  await check('S0-61 a notice that is published stands on the front page at once', async () => {
    await staff.api('console', 'POST', '/notices', { project, kind: 'maintenance', title_zh: '今晚系统升级', title_en: 'Maintenance tonight' });
    await me.goto(home);
    await me.getByText('今晚系统升级').waitFor();
  });
  await signInAs('方正');
  await desk.goto(`${env.url}/console/audit`);
  await desk.locator('main h1').waitFor();
  await desk.locator('main button.p').first().click();
  await check('G-41 the auditor verifies the chains: whole, and sees nothing else', async () => {
    const { json } = await staff.api('console', 'POST', '/audit/verify', {});
    same(json.intact, true, json.text);
    same((await staff.api('console', 'GET', `/orders/${order}`)).status, 403, 'an order');
    await wait(500);
    await shoot(desk, '67-console-audit');
  });
}

try {
  await frontPage();
  await helpPages();
  const code = await regulator();
  await signIn(code);
  const order = await beginOrder();
  await applicationStep(order);
  await fillSections(order, code);
  await secondTab(order);
  await submit(order);
  await pay(order);
  await progress(order);
  const serial = await make(order);
  await pack(order, serial);
  await firstPin(serial);
  await signInWithUkey(order);
  await invoices(order);
  await others(order, serial);
  await check('G-39 no page scrolls sideways at 390 pixels or shows a word without its translation', async () => holds(!marred.length, marred.join('\n')));
  await check('no page has a serious fault by axe (WCAG 2.1 AA)', async () => holds(!barriers.length, barriers.join('\n')));
  await check('no page complained', async () => holds(!user.complaints.length && !staff.complaints.length, [...user.complaints, ...staff.complaints].slice(0, 10).join('\n')));
} catch (error) {
  if (!(error instanceof Stop)) await check('the story goes to its end', async () => { throw error; });
  for (const one of [user, staff]) await one.page.screenshot({ path: path.join(process.env.CERTHALL_ARTEFACTS || env.folder, `S0-stopped-${one.name}.png`), fullPage: true }).catch(() => {});
} finally {
  await user.close();
  await staff.close();
  end();
}
