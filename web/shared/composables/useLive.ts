// Live events say only that something changed; the page reads it again. A lost connection says so and falls back to
// asking every 30 s until the stream is back (brief §3).
import { onScopeDispose, ref, watch, type Ref } from 'vue';

export type LiveState = 'off' | 'live' | 'asking';

const askEvery = 30_000;
const againAfter = 15_000;

export function useLive(side: 'portal' | 'console', topics: () => string[], changed: () => void): Ref<LiveState> {
  const state = ref<LiveState>('off');
  let source: EventSource | null = null;
  let asking = 0;
  let again = 0;

  function stop(): void {
    source?.close();
    source = null;
    clearInterval(asking);
    clearTimeout(again);
    asking = 0;
    state.value = 'off';
  }

  function fallBack(): void {
    source?.close();
    source = null;
    if (!asking) asking = window.setInterval(changed, askEvery);
    state.value = 'asking';
    again = window.setTimeout(connect, againAfter);
  }

  function connect(): void {
    const topic = topics().join(',');
    if (!topic) return;
    source = new EventSource(`/api/v1/${side}/events?topic=${encodeURIComponent(topic)}`);
    source.addEventListener('open', () => {
      // What happened while nobody listened is read now.
      if (asking) changed();
      clearInterval(asking);
      asking = 0;
      state.value = 'live';
    });
    source.addEventListener('changed', changed);
    source.addEventListener('error', fallBack);
  }

  watch(
    () => topics().join(','),
    () => {
      stop();
      connect();
    },
    { immediate: true },
  );
  onScopeDispose(stop);
  return state;
}
