import { afterEach, describe, expect, it } from 'vitest';
import { createApp, defineComponent, h, nextTick, type App } from 'vue';
import { useFold } from '../console/composables/useFold';

let app: App | undefined;

/** A page with a button that folds out a panel with one link. */
function mount(): HTMLButtonElement {
  const Host = defineComponent({
    setup() {
      const { open, toggle, close } = useFold();
      return () => [h('button', { 'aria-expanded': open.value, onClick: toggle }), open.value ? h('a', { href: '#x', onClick: close }) : null];
    },
  });
  const place = document.body.appendChild(document.createElement('div'));
  app = createApp(Host);
  app.mount(place);
  return place.querySelector('button')!;
}
const press = async (key: string): Promise<void> => {
  document.activeElement!.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
  await nextTick();
};
async function unfold(button: HTMLButtonElement): Promise<HTMLAnchorElement> {
  button.click();
  await nextTick();
  const link = document.querySelector('a')!;
  link.focus();
  return link;
}
afterEach(() => {
  app?.unmount();
  document.body.replaceChildren();
});

describe('a panel that a button folds out', () => {
  it('says whether it is open, and folds in by the same button', async () => {
    const button = mount();
    await unfold(button);
    expect(button.getAttribute('aria-expanded')).toBe('true');
    button.click();
    await nextTick();
    expect(button.getAttribute('aria-expanded')).toBe('false');
    expect(document.querySelector('a')).toBeNull();
  });
  it('folds in at Escape, and gives the focus back to the button', async () => {
    const button = mount();
    const link = await unfold(button);
    expect(document.activeElement).toBe(link);
    await press('Escape');
    expect(document.querySelector('a')).toBeNull();
    expect(document.activeElement).toBe(button);
  });
  it('folds in when something was chosen, and leaves the focus to the page that comes', async () => {
    const button = mount();
    (await unfold(button)).click();
    await nextTick();
    expect(button.getAttribute('aria-expanded')).toBe('false');
    expect(document.activeElement).not.toBe(button);
  });
  it('leaves Escape alone while it is folded in', async () => {
    mount();
    await press('Escape');
    expect(document.activeElement).toBe(document.body);
  });
});
