import { effectScope, nextTick, ref, type EffectScope } from 'vue';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { useLive } from '@shared/composables/useLive';

class FakeSource extends EventTarget {
  static all: FakeSource[] = [];
  closed = false;
  constructor(readonly url: string) {
    super();
    FakeSource.all.push(this);
  }
  close(): void {
    this.closed = true;
  }
  say(type: string): void {
    this.dispatchEvent(new Event(type));
  }
}
const source = (): FakeSource => FakeSource.all[FakeSource.all.length - 1]!;

describe('live events, and asking when they are gone (brief §3)', () => {
  let scope: EffectScope;
  const changed = vi.fn();

  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal('EventSource', FakeSource);
    FakeSource.all = [];
    changed.mockReset();
    scope = effectScope();
  });
  afterEach(() => {
    scope.stop();
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  it('listens to its topics and reads again when something changed', () => {
    const state = scope.run(() => useLive('portal', () => ['order:1', 'job:2'], changed))!;
    expect(source().url).toBe('/api/v1/portal/events?topic=order%3A1%2Cjob%3A2');
    source().say('open');
    expect(state.value).toBe('live');
    source().say('changed');
    expect(changed).toHaveBeenCalledTimes(1);
  });

  it('asks every 30 s while the stream is gone, and reads once when it is back', async () => {
    const state = scope.run(() => useLive('portal', () => ['order:1'], changed))!;
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
    expect(FakeSource.all).toHaveLength(0);
    topics.value = ['work'];
    await nextTick();
    expect(source().url).toContain('/console/events?topic=work');
    const first = source();
    topics.value = ['bench'];
    await nextTick();
    expect(first.closed).toBe(true);
    expect(source().url).toContain('topic=bench');
  });

  it('leaves nothing running behind', async () => {
    scope.run(() => useLive('portal', () => ['order:1'], changed));
    source().say('error');
    scope.stop();
    await vi.advanceTimersByTimeAsync(120_000);
    expect(changed).not.toHaveBeenCalled();
    expect(FakeSource.all.every((s) => s.closed)).toBe(true);
  });
});
