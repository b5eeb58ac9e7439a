import { effectScope, nextTick, ref, type EffectScope } from 'vue';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

class FakeSource extends EventTarget {
  static all: FakeSource[] = [];
  closed = false;
  constructor(readonly url: string) {
    super();
    FakeSource.all.push(this);
  }
  get topics(): string {
    return decodeURIComponent(this.url.split('topic=')[1]!);
  }
  close(): void {
    this.closed = true;
  }
  say(type: string): void {
    this.dispatchEvent(new Event(type));
  }
  tell(topic: string): void {
    this.dispatchEvent(new MessageEvent('changed', { data: JSON.stringify({ seq: '1', topic, what: 'status' }) }));
  }
}

/** Web Locks as far as the slots use them: exclusive, ifAvailable, steal. */
class FakeLocks {
  private held = new Map<string, (error: Error) => void>();
  request(name: string, options: LockOptions, callback: (lock: Lock | null) => Promise<void> | undefined): Promise<void> {
    if (options.ifAvailable && this.held.has(name)) return Promise.resolve(callback(null));
    this.held.get(name)?.(new DOMException('stolen', 'AbortError'));
    return new Promise((resolve, reject) => {
      this.held.set(name, reject);
      void callback({ name, mode: 'exclusive' })?.then(() => {
        if (this.held.get(name) === reject) this.held.delete(name);
        resolve();
      });
    });
  }
}

const source = (): FakeSource => FakeSource.all[FakeSource.all.length - 1]!;
const open = (): FakeSource[] => FakeSource.all.filter((one) => !one.closed);
const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);

type UseLive = (typeof import('@shared/composables/useLive'))['useLive'];

/** A tab of the browser: modules of its own, the same locks and connections. */
async function tab(): Promise<UseLive> {
  vi.resetModules();
  return (await import('@shared/composables/useLive')).useLive;
}

let hidden = false;
function turn(to: 'hidden' | 'visible'): void {
  hidden = to === 'hidden';
  document.dispatchEvent(new Event('visibilitychange'));
}

describe('live events, and asking when they are gone (brief §3)', () => {
  let scope: EffectScope;
  let useLive: UseLive;
  const changed = vi.fn();

  beforeEach(async () => {
    vi.useFakeTimers();
    vi.stubGlobal('EventSource', FakeSource);
    Object.defineProperty(navigator, 'locks', { value: new FakeLocks(), configurable: true });
    Object.defineProperty(document, 'hidden', { get: () => hidden, configurable: true });
    hidden = false;
    FakeSource.all = [];
    changed.mockReset();
    scope = effectScope();
    useLive = await tab();
  });
  afterEach(() => {
    scope.stop();
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  it('listens to its topics and reads again when something changed', async () => {
    const state = scope.run(() => useLive('portal', () => ['order:1', 'job:2'], changed))!;
    await settle();
    expect(source().url).toBe('/api/v1/portal/events?topic=order%3A1%2Cjob%3A2');
    source().say('open');
    expect(state.value).toBe('live');
    source().tell('order:1');
    expect(changed).toHaveBeenCalledTimes(1);
  });

  it('asks every 30 s while the stream is gone, and reads once when it is back', async () => {
    const state = scope.run(() => useLive('portal', () => ['order:1'], changed))!;
    await settle();
    source().say('open');
    source().say('error');
    expect(state.value).toBe('asking');
    await vi.advanceTimersByTimeAsync(30_000);
    expect(changed).toHaveBeenCalledTimes(1);
    expect(FakeSource.all.length).toBeGreaterThan(1);
    source().say('open');
    expect(changed).toHaveBeenCalledTimes(2);
    expect(state.value).toBe('live');
    await vi.advanceTimersByTimeAsync(120_000);
    expect(changed).toHaveBeenCalledTimes(2);
  });

  it('follows other topics when they change, and nothing without topics', async () => {
    const topics = ref<string[]>([]);
    scope.run(() => useLive('console', () => topics.value, changed));
    await settle();
    expect(FakeSource.all).toHaveLength(0);
    topics.value = ['work'];
    await nextTick();
    await settle();
    expect(source().url).toContain('/console/events?topic=work');
    const first = source();
    topics.value = ['bench'];
    await nextTick();
    await settle();
    expect(first.closed).toBe(true);
    expect(source().topics).toBe('bench');
  });

  it('leaves nothing running behind', async () => {
    scope.run(() => useLive('portal', () => ['order:1'], changed));
    await settle();
    source().say('error');
    scope.stop();
    await vi.advanceTimersByTimeAsync(120_000);
    expect(changed).not.toHaveBeenCalled();
    expect(open()).toHaveLength(0);
  });

  it('has one stream for all parts of a page, and tells each only of its own', async () => {
    const other = vi.fn();
    scope.run(() => useLive('console', () => ['work'], changed));
    scope.run(() => useLive('console', () => ['order:1', 'work'], other));
    await settle();
    expect(FakeSource.all).toHaveLength(1);
    expect(source().topics).toBe('work,order:1');
    source().say('open');
    source().tell('order:1');
    expect(changed).not.toHaveBeenCalled();
    expect(other).toHaveBeenCalledTimes(1);
    source().tell('work');
    expect(changed).toHaveBeenCalledTimes(1);
    expect(other).toHaveBeenCalledTimes(2);
  });

  it('takes up a topic that comes later in the same one stream, and reads what it may have missed in between', async () => {
    scope.run(() => useLive('console', () => ['work'], changed));
    await settle();
    source().say('open');
    const state = scope.run(() => useLive('console', () => ['job:7'], vi.fn()))!;
    expect(open()).toHaveLength(1);
    expect(source().topics).toBe('work,job:7');
    source().say('open');
    expect(state.value).toBe('live');
    expect(changed).toHaveBeenCalledTimes(1);
    scope.run(() => useLive('console', () => ['work'], vi.fn()));
    expect(FakeSource.all).toHaveLength(2);
  });

  it('holds no connection while the page is hidden, and reads once when it is shown again', async () => {
    const state = scope.run(() => useLive('portal', () => ['order:1'], changed))!;
    await settle();
    source().say('open');
    turn('hidden');
    expect(open()).toHaveLength(0);
    expect(state.value).toBe('off');
    await vi.advanceTimersByTimeAsync(120_000);
    expect(changed).not.toHaveBeenCalled();
    turn('visible');
    await settle();
    expect(open()).toHaveLength(1);
    source().say('open');
    expect(changed).toHaveBeenCalledTimes(1);
    expect(state.value).toBe('live');
  });

  it('a page opened behind another one connects when it is shown', async () => {
    turn('hidden');
    scope.run(() => useLive('portal', () => ['order:1'], changed));
    await settle();
    expect(FakeSource.all).toHaveLength(0);
    turn('visible');
    await settle();
    source().say('open');
    expect(changed).toHaveBeenCalledTimes(1);
  });

  it('eight tabs that all count as shown hold three streams, of those opened last; the others ask', async () => {
    const calls = [];
    for (let i = 0; i < 8; i++) {
      const mine = vi.fn();
      const use = await tab();
      scope.run(() => use('portal', () => [`order:${i}`], mine));
      calls.push(mine);
      await settle();
      source().say('open');
    }
    expect(open().map((one) => one.topics)).toEqual(['order:5', 'order:6', 'order:7']);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(calls.map((one) => one.mock.calls.length)).toEqual([1, 1, 1, 1, 1, 0, 0, 0]);
  });

  it('a tab without a stream takes over when one of the holders ends, and reads what it missed', async () => {
    const scopes = [];
    const first = vi.fn();
    for (let i = 0; i < 4; i++) {
      const use = await tab();
      const own = effectScope();
      own.run(() => use('portal', () => [`order:${i}`], i ? vi.fn() : first));
      scopes.push(own);
      await settle();
      source().say('open');
    }
    expect(open()).toHaveLength(3);
    scopes[2]!.stop();
    expect(open()).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(15_000);
    expect(open().map((one) => one.topics).sort()).toEqual(['order:0', 'order:1', 'order:3']);
    source().say('open');
    expect(first).toHaveBeenCalledTimes(1);
    scopes.forEach((own) => own.stop());
  });

  it('without locks a page listens all the same', async () => {
    Object.defineProperty(navigator, 'locks', { value: undefined, configurable: true });
    scope.run(() => useLive('portal', () => ['order:1'], changed));
    await settle();
    expect(open()).toHaveLength(1);
  });
});
