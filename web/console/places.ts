// Where a task or a hit is worked on, and what a role may open. One table, so that lists, search and records lead to
// the same place; the server refuses whatever a page should not have offered.
import type { RouteLocationRaw } from 'vue-router';
import type { Schemas } from '@shared/api/client';
import { session } from './session';

type Item = Pick<Schemas['WorkItem'], 'queue' | 'order' | 'object_id'>;
type Role = Schemas['Role'];

const byQueue: Partial<Record<Schemas['Queue'], (item: Item) => string | undefined>> = {
  name_change: (item) => item.object_id && `/name-changes/${item.object_id}`,
  produce: (item) => item.order && `/bench/${item.order}`,
  quality: (item) => item.order && `/packing/${item.order}`,
  ship: (item) => item.order && `/shipping/${item.order}`,
  payment: () => '/finance/payments?view=exceptions',
  invoice: () => '/finance/invoices',
  approval: (item) => item.object_id && `/approvals/${item.object_id}`,
  revoke_proposal: (item) => item.object_id && `/certificates/${item.object_id}`,
};

export function workPlace(item: Item): RouteLocationRaw | undefined {
  return byQueue[item.queue]?.(item) ?? (item.order && `/orders/${item.order}`);
}

/** Institutions and people have no page of their own yet: their orders are looked up. */
export function hitPlace(hit: Schemas['SearchResult']['items'][number]): string {
  const folder = { order: 'orders', key: 'keys', certificate: 'certificates', institution: '', person: '' }[hit.kind];
  return folder ? `/${folder}/${hit.id}` : `/orders?q=${encodeURIComponent(hit.title)}`;
}

const readers: Record<'keys' | 'certificates' | 'shipping' | 'reveal' | 'money', Role[]> = {
  keys: ['maker', 'shipping', 'support'],
  certificates: ['support', 'regulator'],
  shipping: ['shipping'],
  money: ['finance'],
  reveal: ['shipping', 'support', 'finance', 'reviewer'],
};

export function mayOpen(what: keyof typeof readers): boolean {
  return session.value?.roles?.some((role) => readers[what].includes(role)) ?? false;
}

export const mayReveal = (): boolean => mayOpen('reveal');
