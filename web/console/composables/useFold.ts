// A panel that a button folds out. Escape folds it in and gives the focus back to the button; choosing something in the
// panel only folds it in, since whoever chose is taken there.
import { onBeforeUnmount, onMounted, ref, type Ref } from 'vue';

export interface Fold {
  open: Ref<boolean>;
  /** For the button. */
  toggle: (event: Event) => void;
  close: () => void;
}

export function useFold(): Fold {
  const open = ref(false);
  let button: HTMLElement | null = null;

  function toggle(event: Event): void {
    button = event.currentTarget as HTMLElement;
    open.value = !open.value;
  }
  function close(): void {
    open.value = false;
  }
  function onKey(event: KeyboardEvent): void {
    if (event.key !== 'Escape' || !open.value || event.isComposing) return;
    close();
    button?.focus();
  }
  onMounted(() => document.addEventListener('keydown', onKey));
  onBeforeUnmount(() => document.removeEventListener('keydown', onKey));
  return { open, toggle, close };
}
