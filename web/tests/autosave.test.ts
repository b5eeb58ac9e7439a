import { effectScope, type EffectScope } from 'vue';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Failure } from '@shared/api/client';
import { useAutosave, type Autosave, type Keeper, type Saved, type Unsaved } from '@shared/composables/useAutosave';

type Values = { a: string };
const at = '2026-11-20T14:32:00+08:00';
const offline = () => new Failure(0, { code: 'net.offline', message: '' });
const conflict = () => new Failure(409, { code: 'form.conflict', message: '另一个窗口里改过了' });

describe('nothing typed is lost (brief §1.5)', () => {
  let scope: EffectScope;
  let keeper: Keeper<Values> & { kept: Unsaved<Values>[] };
  const save = vi.fn<(values: Values, rev: number) => Promise<Saved>>();

  function start(): Autosave<Values, Saved> {
    return scope.run(() => useAutosave({ save, rev: 3, keeper }))!;
  }

  beforeEach(() => {
    vi.useFakeTimers();
    scope = effectScope();
    const kept: Unsaved<Values>[] = [];
    keeper = { kept, keep: async (unsaved) => void kept.push(unsaved), drop: vi.fn() };
    save.mockReset().mockImplementation(async (_values, rev) => ({ rev: rev + 1, saved_at: at }));
  });
  afterEach(() => {
    scope.stop();
    vi.useRealTimers();
  });

  it('saves once, 600 ms after the last key, with the revision the page knows', async () => {
    const autosave = start();
    autosave.typed({ a: '1' });
    await vi.advanceTimersByTimeAsync(400);
    autosave.typed({ a: '12' });
    await vi.advanceTimersByTimeAsync(599);
    expect(save).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(save.mock.calls).toEqual([[{ a: '12' }, 3]]);
    expect(autosave.state.value).toBe('saved');
    expect(autosave.savedAt.value).toBe(at);
    expect(autosave.rev()).toBe(4);
  });

  it('saves at once on leaving a field', async () => {
    const autosave = start();
    autosave.typed({ a: 'x' });
    await autosave.flush();
    expect(save).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(2000);
    expect(save).toHaveBeenCalledTimes(1);
  });

  it('sends one save at a time, and what was typed meanwhile afterwards', async () => {
    const autosave = start();
    let finish: (saved: Saved) => void = () => undefined;
    save.mockImplementationOnce(() => new Promise((resolve) => (finish = resolve)));
    autosave.typed({ a: '1' });
    void autosave.flush();
    autosave.typed({ a: '2' });
    const flushed = autosave.flush();
    expect(save).toHaveBeenCalledTimes(1);
    finish({ rev: 4, saved_at: at });
    await flushed;
    expect(save.mock.calls[1]).toEqual([{ a: '2' }, 4]);
    expect(autosave.state.value).toBe('saved');
  });

  it('keeps the values on this computer while offline, and sends them when the line is back', async () => {
    const autosave = start();
    save.mockRejectedValueOnce(offline());
    autosave.typed({ a: 'kept' });
    await autosave.flush();
    expect(autosave.state.value).toBe('offline');
    expect(keeper.kept).toEqual([{ rev: 3, values: { a: 'kept' } }]);
    window.dispatchEvent(new Event('online'));
    await vi.advanceTimersByTimeAsync(0);
    expect(save).toHaveBeenLastCalledWith({ a: 'kept' }, 3);
    expect(autosave.state.value).toBe('saved');
    expect(keeper.drop).toHaveBeenCalled();
  });

  it('tries again by itself when the browser does not tell that the line is back', async () => {
    const autosave = start();
    save.mockRejectedValueOnce(offline());
    autosave.typed({ a: 'x' });
    await autosave.flush();
    await vi.advanceTimersByTimeAsync(5000);
    expect(autosave.state.value).toBe('saved');
  });

  it('saves nothing over another tab until the person decides', async () => {
    const autosave = start();
    save.mockRejectedValueOnce(conflict());
    autosave.typed({ a: 'mine' });
    await autosave.flush();
    expect(autosave.state.value).toBe('conflict');
    autosave.typed({ a: 'mine too' });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(save).toHaveBeenCalledTimes(1);
    await autosave.overwrite(9);
    expect(save).toHaveBeenLastCalledWith({ a: 'mine too' }, 9);
    expect(autosave.state.value).toBe('saved');
  });

  it('brings back what was never saved over the revision it was typed over, so that a newer one is not replaced', async () => {
    const autosave = start();
    save.mockRejectedValueOnce(conflict());
    autosave.restore({ rev: 1, values: { a: 'of yesterday' } });
    await autosave.flush();
    expect(save.mock.calls).toEqual([[{ a: 'of yesterday' }, 1]]);
    expect(autosave.state.value).toBe('conflict');
  });

  it('takes a refusal of the step’s own button as another tab’s change', async () => {
    const autosave = start();
    autosave.clashed(conflict(), { a: 'mine' });
    expect(autosave.state.value).toBe('conflict');
    expect(keeper.kept).toEqual([{ rev: 3, values: { a: 'mine' } }]);
    await autosave.overwrite(9);
    expect(save.mock.calls).toEqual([[{ a: 'mine' }, 9]]);
  });

  it('keeps nothing and saves nothing once the other tab’s version is taken', async () => {
    const autosave = start();
    save.mockRejectedValueOnce(conflict());
    autosave.typed({ a: 'mine' });
    await autosave.flush();
    autosave.giveUp();
    expect(keeper.drop).toHaveBeenCalled();
    scope.stop();
    await vi.advanceTimersByTimeAsync(0);
    expect(save).toHaveBeenCalledTimes(1);
  });

  it('saves what is left when the page is left', async () => {
    const autosave = start();
    autosave.typed({ a: 'last' });
    scope.stop();
    await vi.advanceTimersByTimeAsync(0);
    expect(save).toHaveBeenCalledWith({ a: 'last' }, 3);
  });
});
