// Who is signed in at the console.
import { readonly, shallowRef } from 'vue';
import { api, carried, need, type Schemas } from '@shared/api/client';

export type StaffSession = Schemas['StaffSession'];

const current = shallowRef<StaffSession>();

export const session = readonly(current);

export function takeSession(got: StaffSession): void {
  current.value = got;
  carried.csrf = got.csrf;
}

export async function loadSession(): Promise<void> {
  takeSession(await need(api.GET('/console/session')));
}

/** Before the first page: whether anybody is signed in. A failure is told by the page, not here. */
export async function knowSession(): Promise<void> {
  if (!current.value) await loadSession().catch(() => undefined);
}

/** Everywhere: every session of the person, as when somebody else may have one. */
export async function signOut(everywhere = false): Promise<void> {
  await need(api.DELETE('/console/session', { params: { query: { everywhere } } }));
  await loadSession();
}

carried.refresh = loadSession;
