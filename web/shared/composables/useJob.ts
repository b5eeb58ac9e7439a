// A job for the agent, as its page sees it. The link and the short code are only in the answer that made them; the
// state is followed live and by asking, because the agent reports to the server and not to the page.
import { computed, onScopeDispose, shallowRef, watch, type ComputedRef, type ShallowRef } from 'vue';
import { useI18n } from 'vue-i18n';
import { api, Failure, need, type Schemas } from '../api/client';
import { useLive } from './useLive';

export type Job = Schemas['Job'];
export type JobFinished = Schemas['JobFinished'];

const finals: Job['state'][] = ['done', 'failed', 'expired', 'cancelled'];
const askEvery = 4000;

export const isOver = (job: Job): boolean => finals.includes(job.state);

export interface JobHandle {
  job: ShallowRef<Job | undefined>;
  failure: ShallowRef<Failure | undefined>;
  ended: ComputedRef<boolean>;
  /** Makes the job and opens the agent. */
  start: (make: () => Promise<Job>) => Promise<void>;
  /** A new link and code for the same job. */
  reopen: () => Promise<void>;
  cancel: () => Promise<void>;
}

/** The browser hands the link to the agent; where none is installed nothing happens, and the short code helps. */
function openAgent(job: Job): void {
  if (job.link?.startsWith('certhall:')) window.location.assign(job.link);
}

export function useJob(side: 'portal' | 'console'): JobHandle {
  const job = shallowRef<Job>();
  const failure = shallowRef<Failure>();
  const ended = computed(() => !!job.value && isOver(job.value));

  function take(got: Job): void {
    const { link, short_code, link_expires_at, code_expires_at } = job.value ?? {};
    const kept = job.value?.id === got.id ? { link, short_code, link_expires_at, code_expires_at } : {};
    job.value = { ...kept, ...got };
  }

  async function attempt(call: () => Promise<Job>): Promise<boolean> {
    try {
      take(await call());
      failure.value = undefined;
      return true;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      failure.value = error;
      return false;
    }
  }

  function byId(call: (id: string) => Promise<Job>): Promise<boolean> {
    const id = job.value?.id;
    return id ? attempt(() => call(id)) : Promise.resolve(false);
  }

  const path = (id: string) => ({ params: { path: { id } } });
  const read = (id: string): Promise<Job> =>
    need(side === 'portal' ? api.GET('/portal/jobs/{id}', path(id)) : api.GET('/console/jobs/{id}', path(id)));
  const ticket = (id: string): Promise<Job> =>
    need(side === 'portal' ? api.POST('/portal/jobs/{id}/ticket', path(id)) : api.POST('/console/jobs/{id}/ticket', path(id)));
  const stop = (id: string): Promise<Job> =>
    need(side === 'portal' ? api.POST('/portal/jobs/{id}/cancel', path(id)) : api.POST('/console/jobs/{id}/cancel', path(id)));

  async function start(make: () => Promise<Job>): Promise<void> {
    if ((await attempt(make)) && job.value) openAgent(job.value);
  }

  async function reopen(): Promise<void> {
    if ((await byId(ticket)) && job.value) openAgent(job.value);
  }

  async function cancel(): Promise<void> {
    await byId(stop);
  }

  const look = (): void => {
    if (job.value && !ended.value && !document.hidden) void byId(read);
  };
  useLive(side, () => (job.value && !ended.value ? [`job:${job.value.id}`] : []), look);
  const { locale } = useI18n();
  watch(locale, () => void byId(read)); // its words come from the server
  const timer = window.setInterval(look, askEvery);
  document.addEventListener('visibilitychange', look);
  onScopeDispose(() => {
    clearInterval(timer);
    document.removeEventListener('visibilitychange', look);
  });
  return { job, failure, ended, start, reopen, cancel };
}
