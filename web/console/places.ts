// Where a task or a hit is worked on. One table, so that lists, search and records lead to the same place.
import type { RouteLocationRaw } from 'vue-router';
import type { Schemas } from '@shared/api/client';

type Item = Pick<Schemas['WorkItem'], 'queue' | 'order' | 'object_id'>;

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

export function hitPlace(hit: Schemas['SearchResult']['items'][number]): string {
  const folder = { order: 'orders', key: 'keys', certificate: 'certificates', institution: 'institutions', person: 'people' }[hit.kind];
  return `/${folder}/${hit.id}`;
}
