import { afterEach, describe, expect, it, vi } from 'vitest';
import { createApp, defineComponent, h, nextTick, ref, type App } from 'vue';
import { createI18n } from 'vue-i18n';
import { Failure } from '../shared/api/client';
import { useListing, type Listing } from '../console/composables/useListing';

type Page = { items: string[]; next?: string };
let app: App | undefined;

function mount(load: (after?: string) => Promise<Page>, watched?: () => unknown): Listing<Page> {
  let list!: Listing<Page>;
  const Host = defineComponent({ setup: () => ((list = useListing(load, watched)), () => h('i')) });
  app = createApp(Host).use(createI18n({ legacy: false, locale: 'zh-CN', messages: {} }));
  app.mount(document.createElement('div'));
  return list;
}
const settled = async (): Promise<void> => {
  for (let i = 0; i < 5; i++) await nextTick();
};
afterEach(() => app?.unmount());

describe('lists in pages', () => {
  it('adds further pages until there are no more', async () => {
    const load = vi.fn(async (after?: string): Promise<Page> => (after ? { items: ['c'] } : { items: ['a', 'b'], next: '2' }));
    const list = mount(load);
    await settled();
    expect(list.hasMore.value).toBe(true);
    await list.more.run();
    expect(load).toHaveBeenLastCalledWith('2');
    expect(list.items.value).toEqual(['a', 'b', 'c']);
    expect(list.hasMore.value).toBe(false);
  });
  it('begins anew when a filter changes', async () => {
    const filter = ref('x');
    const list = mount(async (after) => (after ? { items: ['old'] } : { items: [filter.value], next: '2' }), () => filter.value);
    await settled();
    await list.more.run();
    filter.value = 'y';
    await settled();
    expect(list.items.value).toEqual(['y']);
  });
  it('keeps what is there when a further page fails, and says so', async () => {
    const list = mount(async (after) => {
      if (after) throw new Failure(503, { code: 'part.away', message: 'away' });
      return { items: ['a'], next: '2' };
    });
    await settled();
    expect(await list.more.run()).toBe(false);
    expect(list.more.failure.value?.body.code).toBe('part.away');
    expect(list.items.value).toEqual(['a']);
    expect(list.hasMore.value).toBe(true);
  });
});
