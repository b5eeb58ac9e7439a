// Nothing typed is lost: saved 600 ms after the last key and on leaving a field, one save at a time; offline it is kept
// in this browser and sent when the line is back; when another tab has saved, the person decides.
import { onScopeDispose, ref, shallowRef, type Ref, type ShallowRef } from 'vue';
import { Failure } from '../api/client';

export type SaveState = 'idle' | 'waiting' | 'saving' | 'saved' | 'offline' | 'conflict' | 'refused';

export interface Saved {
  rev: number;
  saved_at: string;
}

/** Values that are not saved, and the revision they were typed over. */
export interface Unsaved<V> {
  rev: number;
  values: V;
}

export interface Keeper<V> {
  keep: (unsaved: Unsaved<V>) => Promise<void>;
  drop: () => void;
}

export interface AutosaveOptions<V, S extends Saved> {
  save: (values: V, rev: number) => Promise<S>;
  rev: number;
  savedAt?: string;
  keeper?: Keeper<V>;
  done?: (saved: S) => void;
  delay?: number;
}

export interface Autosave<V, S extends Saved> {
  state: Ref<SaveState>;
  savedAt: Ref<string | undefined>;
  failure: ShallowRef<Failure | undefined>;
  /** Something was typed: these are the values now. */
  typed: (values: V) => void;
  /** Save what is not saved yet, now; resolves when it is, or when it cannot be. */
  flush: () => Promise<void>;
  /** Another way of saving (the step's own button) went through. */
  took: (saved: S) => void;
  rev: () => number;
  /** Typed here before, and never saved: with its own revision, so that it replaces nothing unasked. */
  restore: (unsaved: Unsaved<V>) => void;
  /** The step's own button was refused because of another tab. */
  clashed: (refusal: Failure, values: V) => void;
  /** After a conflict: the other tab's, and what is here is given up. */
  giveUp: () => void;
  /** After a conflict: mine over what the other tab stored. */
  overwrite: (rev: number) => Promise<void>;
}

const retryAfter = 5000;

export function useAutosave<V, S extends Saved>(options: AutosaveOptions<V, S>): Autosave<V, S> {
  const state = ref<SaveState>(options.savedAt ? 'saved' : 'idle');
  const savedAt = ref(options.savedAt);
  const failure = shallowRef<Failure>();
  const delay = options.delay ?? 600;
  let rev = options.rev;
  let pending: { values: V } | null = null;
  let running: Promise<void> | null = null;
  let timer = 0;

  function took(saved: S): void {
    rev = saved.rev;
    savedAt.value = saved.saved_at;
    failure.value = undefined;
    if (!pending) {
      state.value = 'saved';
      options.keeper?.drop();
    }
    options.done?.(saved);
  }

  function keep(values: V): void {
    void options.keeper?.keep({ rev, values });
  }

  function refused(error: unknown, values: V): void {
    if (!(error instanceof Failure)) throw error;
    failure.value = error;
    pending ??= { values };
    keep(pending.values);
    const away = error.offline || error.status >= 500 || error.status === 429;
    if (away) timer = window.setTimeout(() => void flush(), retryAfter);
    state.value = away ? 'offline' : error.body.code === 'form.conflict' ? 'conflict' : 'refused';
  }

  async function run(): Promise<void> {
    while (pending && state.value !== 'conflict') {
      const { values }: { values: V } = pending;
      pending = null;
      state.value = 'saving';
      try {
        took(await options.save(values, rev));
      } catch (error) {
        refused(error, values);
        return;
      }
    }
  }

  function flush(): Promise<void> {
    clearTimeout(timer);
    running ??= run().finally(() => (running = null));
    return running;
  }

  function typed(values: V): void {
    pending = { values };
    if (state.value === 'conflict') {
      keep(values);
      return;
    }
    if (state.value !== 'saving' && state.value !== 'offline') state.value = 'waiting';
    if (state.value === 'offline') keep(values);
    clearTimeout(timer);
    timer = window.setTimeout(() => void flush(), delay);
  }

  function restore(unsaved: Unsaved<V>): void {
    rev = unsaved.rev;
    typed(unsaved.values);
  }

  function giveUp(): void {
    clearTimeout(timer);
    pending = null;
    options.keeper?.drop();
  }

  function overwrite(newRev: number): Promise<void> {
    rev = newRev;
    state.value = 'waiting';
    return flush();
  }

  const online = (): void => void flush();
  window.addEventListener('online', online);
  onScopeDispose(() => {
    window.removeEventListener('online', online);
    void flush();
  });
  return { state, savedAt, failure, typed, flush, took, rev: () => rev, restore, clashed: refused, giveUp, overwrite };
}
