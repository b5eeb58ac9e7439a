// A list in pages: the first with its failure and waiting in place, further ones on request.
import { computed, ref, shallowRef, watch, type ComputedRef } from 'vue';
import { useResource, type Resource } from '@shared/composables/useResource';
import { useSubmit, type Submit } from '@shared/composables/useSubmit';

interface Page {
  items: unknown[];
  next?: string;
}

export interface Listing<P extends Page> {
  page: Resource<P>;
  items: ComputedRef<P['items'][number][]>;
  hasMore: ComputedRef<boolean>;
  more: Submit<[]>;
}

/** `load` is asked again, from the start, whenever `watched` changes or something happens under `topics`. */
export function useListing<P extends Page>(load: (after?: string) => Promise<P>, watched?: () => unknown, topics?: () => string[]): Listing<P> {
  const page = useResource(() => load(), { side: 'console', topics });
  const further = shallowRef<P['items'][number][]>([]);
  const next = ref<string>();
  watch(page.data, (got) => {
    further.value = [];
    next.value = got?.next;
  });
  if (watched) watch(watched, () => void page.reload());

  const more = useSubmit(async () => {
    const first = page.data.value;
    const got = await load(next.value);
    if (first !== page.data.value) return; // the list began anew meanwhile
    further.value = [...further.value, ...got.items];
    next.value = got.next;
  });
  const items = computed(() => [...(page.data.value?.items ?? []), ...further.value]);
  return { page, items, hasMore: computed(() => !!next.value), more };
}
