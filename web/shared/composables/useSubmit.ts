// A button that sends: one call at a time, failures beside the form, never a toast.
import { ref, shallowRef, type Ref, type ShallowRef } from 'vue';
import { Failure } from '../api/client';

export interface Submit<A extends unknown[]> {
  busy: Ref<boolean>;
  failure: ShallowRef<Failure | undefined>;
  run: (...args: A) => Promise<boolean>;
}

/** `run` resolves to whether it went through; pressing again while it is on its way does nothing. */
export function useSubmit<A extends unknown[]>(call: (...args: A) => Promise<unknown>): Submit<A> {
  const busy = ref(false);
  const failure = shallowRef<Failure>();

  async function run(...args: A): Promise<boolean> {
    if (busy.value) return false;
    busy.value = true;
    failure.value = undefined;
    try {
      await call(...args);
      return true;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      failure.value = error;
      return false;
    } finally {
      busy.value = false;
    }
  }
  return { busy, failure, run };
}
