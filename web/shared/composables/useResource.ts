// One thing read from the server, for a page part: first load, reload, failure in place, language changes, live topics.
import { onScopeDispose, ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue';
import { useI18n } from 'vue-i18n';
import { Failure } from '../api/client';
import { useLive, type LiveState } from './useLive';

const skeletonAfter = 300;
const slowAfter = 8000;

export interface Resource<T> {
  data: ShallowRef<T | undefined>;
  failure: Ref<Failure | undefined>;
  /** Nothing for 300 ms, then the skeleton, after 8 s a sentence (brief §3). */
  waiting: Ref<'no' | 'short' | 'skeleton' | 'slow'>;
  live: Ref<LiveState>;
  reload: () => Promise<void>;
}

interface Options {
  side: 'portal' | 'console';
  topics?: () => string[];
}

export function useResource<T>(load: () => Promise<T>, options: Options): Resource<T> {
  const data = shallowRef<T>();
  const failure = ref<Failure>();
  const waiting: Resource<T>['waiting'] = ref('no');
  let turn = 0;
  let timers: number[] = [];

  function settle(): void {
    timers.forEach((timer) => clearTimeout(timer));
    timers = [];
    waiting.value = 'no';
  }

  function startWaiting(): void {
    settle();
    waiting.value = 'short';
    timers = [
      window.setTimeout(() => (waiting.value = 'skeleton'), skeletonAfter),
      window.setTimeout(() => (waiting.value = 'slow'), slowAfter),
    ];
  }

  async function reload(): Promise<void> {
    const mine = ++turn;
    if (data.value === undefined) startWaiting();
    try {
      const got = await load();
      if (mine !== turn) return;
      data.value = got;
      failure.value = undefined;
    } catch (error) {
      if (mine !== turn) return;
      if (!(error instanceof Failure)) throw error;
      failure.value = error;
    } finally {
      if (mine === turn) settle();
    }
  }

  const { locale } = useI18n();
  watch(locale, () => void reload());
  const live = useLive(options.side, options.topics ?? (() => []), () => void reload());
  onScopeDispose(() => {
    turn += 1;
    settle();
  });
  void reload();
  return { data, failure, waiting, live, reload };
}
