import { afterEach, describe, expect, it, vi } from 'vitest';
import { effectScope } from 'vue';
import { shortcutFor, shortcuts, shortcutsOn, switchShortcuts, useShortcuts, type Shortcut } from '../console/shortcuts';

const run = vi.fn();
const list: Shortcut[] = [
  { keys: ['S'], text: 'start', run },
  { keys: ['Enter'], text: 'finish', run },
];

/** A key pressed while this element has the focus. */
function press(html: string, key: string, more: KeyboardEventInit = {}): KeyboardEvent {
  document.body.innerHTML = html;
  const target = document.body.querySelector('[data-at]') ?? document.body;
  const event = new KeyboardEvent('keydown', { key, bubbles: true, ...more });
  target.dispatchEvent(event);
  return event;
}

afterEach(() => switchShortcuts(true));

describe('keyboard shortcuts (WCAG 2.1.4)', () => {
  it('finds a letter in either case', () => {
    expect(shortcutFor(press('', 's'), list)?.text).toBe('start');
    expect(shortcutFor(press('', 'S', { shiftKey: true }), list)?.text).toBe('start');
  });
  it.each(['<input data-at>', '<textarea data-at></textarea>', '<select data-at></select>'])('rests in %s', (html) => {
    expect(shortcutFor(press(html, 's'), list)).toBeUndefined();
  });
  it('rests while an input method composes and with modifiers', () => {
    expect(shortcutFor(press('', 's', { isComposing: true }), list)).toBeUndefined();
    expect(shortcutFor(press('', 's', { ctrlKey: true }), list)).toBeUndefined();
  });
  it('leaves Enter to the button that has the focus, and everything to an open dialog', () => {
    expect(shortcutFor(press('<button data-at>x</button>', 'Enter'), list)).toBeUndefined();
    expect(shortcutFor(press('<button data-at>x</button>', 's'), list)?.text).toBe('start');
    expect(shortcutFor(press('<dialog open><p data-at>x</p></dialog>', 's'), list)).toBeUndefined();
  });
  it('belongs to the page that is open, those of the page before those of the frame', () => {
    const frame = effectScope();
    const page = effectScope();
    frame.run(() => useShortcuts(() => [{ keys: ['/'], text: 'search', run }]));
    page.run(() => useShortcuts(() => list));
    expect(shortcuts.value.map(({ text }) => text)).toEqual(['start', 'finish', 'search']);
    page.stop();
    expect(shortcuts.value.map(({ text }) => text)).toEqual(['search']);
    frame.stop();
  });
  it('can be switched off, and stays so', () => {
    switchShortcuts(false);
    expect(shortcutsOn.value).toBe(false);
    expect(localStorage.getItem('certhall.shortcuts')).toBe('no');
  });
});
