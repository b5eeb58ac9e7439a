// The one way to the server: typed by docs/openapi.yaml, with the language of the page, the token against forged
// requests, and one shape of failure.
import createClient from 'openapi-fetch';
import type { components, paths } from './schema';

export type Schemas = components['schemas'];
export type ErrorBody = Schemas['Error'];
export type Problem = Schemas['Problem'];

/** A refused or failed call. `status` 0: the server was not reached. */
export class Failure extends Error {
  constructor(
    readonly status: number,
    readonly body: ErrorBody,
  ) {
    super(body.message);
  }

  get offline(): boolean {
    return this.status === 0;
  }

  /** Every problem; a single error counts as one. */
  get problems(): Problem[] {
    const { code, field, message, errors } = this.body;
    return errors?.length ? errors : [{ code, field, message }];
  }
}

interface Session {
  csrf: string;
  /** Gets a fresh token after the server refused the one at hand. */
  refresh: (() => Promise<void>) | null;
  /** The server says that nobody is signed in any more. */
  signedOut: (() => Promise<void>) | null;
  language: string;
  /** When the server was last called; it moves the end of the session. */
  lastCall: number;
}

/** What the calls of this page carry; set by the session and language of the page. */
export const carried: Session = { csrf: '', refresh: null, signedOut: null, language: 'zh-CN', lastCall: 0 };

const changes = (method: string): boolean => !['GET', 'HEAD'].includes(method);

function send(request: Request): Promise<Response> {
  carried.lastCall = Date.now();
  const headers = new Headers(request.headers);
  headers.set('Accept-Language', carried.language);
  if (changes(request.method) && carried.csrf) headers.set('X-CSRF', carried.csrf);
  return fetch(new Request(request, { headers }));
}

async function refusedToken(response: Response): Promise<boolean> {
  if (response.status !== 403) return false;
  const body: Partial<ErrorBody> = await response.clone().json().catch(() => ({}));
  return body.code === 'session.csrf';
}

/** Sends; a token that is too old (another tab signed in or out) is fetched anew and the call made once more. */
async function sendWithToken(request: Request): Promise<Response> {
  const again = changes(request.method) ? request.clone() : null;
  const response = await send(request);
  if (again && carried.refresh && (await refusedToken(response))) {
    await carried.refresh();
    return send(again);
  }
  return response;
}

export const api = createClient<paths>({
  baseUrl: '/api/v1',
  credentials: 'same-origin',
  fetch: sendWithToken,
});

type Answer<T> = { data?: T; error?: unknown; response: Response };

/** The data of an answer, or a Failure with the server's own words. */
export async function need<T>(call: Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>;
  try {
    answer = await call;
  } catch {
    throw new Failure(0, { code: 'net.offline', message: '' });
  }
  if (answer.response.ok) return answer.data as T;
  const body = answer.error as Partial<ErrorBody> | undefined;
  if (answer.response.status === 401 && body?.code === 'session.none') await carried.signedOut?.();
  throw new Failure(answer.response.status, { ...body, code: body?.code ?? 'net.answer', message: body?.message ?? '' });
}
