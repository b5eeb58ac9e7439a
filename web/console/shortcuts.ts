// Keyboard shortcuts of the page that is open. They can be switched off (WCAG 2.1.4), rest while a field has the focus
// or an input method composes, and `?` lists them.
import { computed, onBeforeUnmount, onMounted, onScopeDispose, ref, shallowReactive } from 'vue';
import { recall, remember } from '@shared/preferences';

export interface Shortcut {
  /** As `KeyboardEvent.key` says it; letters in upper case. Any of them runs it. */
  keys: string[];
  text: string;
  run: () => void;
}

const lists = shallowReactive(new Set<() => Shortcut[]>());
/** Those of the page before those of the frame. */
export const shortcuts = computed(() => [...lists].reverse().flatMap((list) => list()));
export const shortcutsOn = ref(recall('shortcuts') !== 'no');

export function switchShortcuts(on: boolean): void {
  shortcutsOn.value = on;
  remember('shortcuts', on ? 'yes' : 'no');
}

/** Shortcuts that work as long as the component is there. */
export function useShortcuts(list: () => Shortcut[]): void {
  lists.add(list);
  onScopeDispose(() => lists.delete(list));
}

const typing = (target: HTMLElement): boolean => /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || target.isContentEditable;
/** Where Enter and Space have a meaning of their own. */
const pressed = (target: HTMLElement): boolean => !!target.closest('a, button, summary, dialog');

export function shortcutFor(event: KeyboardEvent, among: Shortcut[]): Shortcut | undefined {
  const target = event.target as HTMLElement;
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey || typing(target)) return undefined;
  if (target.closest('dialog') || (event.key === 'Enter' && pressed(target))) return undefined;
  const key = event.key.length === 1 ? event.key.toUpperCase() : event.key;
  return among.find((one) => one.keys.includes(key));
}

/** The one listener, of the frame. */
export function listenForShortcuts(): void {
  function onKey(event: KeyboardEvent): void {
    const found = shortcutsOn.value && !event.repeat ? shortcutFor(event, shortcuts.value) : undefined;
    if (!found) return;
    event.preventDefault();
    found.run();
  }
  onMounted(() => document.addEventListener('keydown', onKey));
  onBeforeUnmount(() => document.removeEventListener('keydown', onKey));
}
