// What could not be sent yet waits in this browser, encrypted with a key made from the session: after signing out it
// can no longer be read, and by nobody else on this computer (brief §1.5).
import type { Keeper, Unsaved } from './composables/useAutosave';

const prefix = 'certhall.unsent.';

async function sessionKey(secret: string): Promise<CryptoKey> {
  const bytes = new TextEncoder().encode(`certhall-unsent-v1\0${secret}`);
  const digest = await crypto.subtle.digest('SHA-256', bytes);
  return crypto.subtle.importKey('raw', digest, 'AES-GCM', false, ['encrypt', 'decrypt']);
}

const toText = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes));
const toBytes = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

/** Keeps the values of one form section. Without WebCrypto (a page over plain http) nothing is kept. */
export function unsentKeeper<V>(name: string, secret: string): Keeper<V> & { recall: () => Promise<Unsaved<V> | null> } {
  const slot = prefix + name;
  const able = typeof crypto !== 'undefined' && !!crypto.subtle && !!secret;

  async function keep(unsaved: Unsaved<V>): Promise<void> {
    if (!able) return;
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const clear = new TextEncoder().encode(JSON.stringify(unsaved));
    const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, await sessionKey(secret), clear);
    try {
      localStorage.setItem(slot, `${toText(iv)}.${toText(new Uint8Array(sealed))}`);
    } catch {
      // Full or forbidden: the values are still in the page, and are sent when the line is back.
    }
  }

  async function recall(): Promise<Unsaved<V> | null> {
    const [iv, sealed] = (localStorage.getItem(slot) ?? '').split('.');
    if (!able || !iv || !sealed) return null;
    try {
      const key = await sessionKey(secret);
      const clear = await crypto.subtle.decrypt({ name: 'AES-GCM', iv: toBytes(iv) }, key, toBytes(sealed));
      return JSON.parse(new TextDecoder().decode(clear)) as Unsaved<V>;
    } catch {
      localStorage.removeItem(slot); // another session's: nobody can read it any more
      return null;
    }
  }

  return { keep, recall, drop: () => localStorage.removeItem(slot) };
}

/** On signing out. */
export function forgetUnsent(): void {
  for (const key of Object.keys(localStorage)) if (key.startsWith(prefix)) localStorage.removeItem(key);
}
