// Who is signed in at the portal. One session for the page; read at the start and after signing in or out.
import { readonly, shallowRef } from 'vue';
import { api, carried, need, type Schemas } from '@shared/api/client';
import { forgetUnsent } from '@shared/unsent';

export type Session = Schemas['Session'];

const current = shallowRef<Session>();

export const session = readonly(current);

export function takeSession(got: Session): void {
  current.value = got;
  carried.csrf = got.csrf;
}

export const readSession = (): Promise<Session> => need(api.GET('/portal/session'));

export async function loadSession(): Promise<void> {
  takeSession(await readSession());
}

/** Before the first page: whether anybody is signed in. A failure is told by the page, not here. */
export async function knowSession(): Promise<void> {
  if (!current.value) await loadSession().catch(() => undefined);
}

/** Everywhere: every session of the person, as when somebody else may have one. */
export async function signOut(everywhere = false): Promise<void> {
  await need(api.DELETE('/portal/session', { params: { query: { everywhere } } }));
  forgetUnsent();
  await loadSession();
}

carried.refresh = loadSession;
