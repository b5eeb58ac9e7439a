// Dark colours, the person's choice: one for every place that offers it.
import { readonly, ref } from 'vue';
import { recall, remember, showDark } from '@shared/preferences';

const chosen = ref(recall('dark') === 'yes');

export const dark = readonly(chosen);

export function toggleDark(): void {
  chosen.value = !chosen.value;
  remember('dark', chosen.value ? 'yes' : 'no');
  showDark(chosen.value);
}
