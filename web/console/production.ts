// One order at the bench or at packing: what is known of it, and the label.
import { api, need, type Schemas } from '@shared/api/client';
import { useResource, type Resource } from '@shared/composables/useResource';

export type Production = Schemas['Production'];

export function useProduction(order: string): Resource<Production> {
  const path = { params: { path: { order } } };
  return useResource(() => need(api.GET('/console/production/{order}', path)), { side: 'console', topics: () => [`order:${order}`] });
}

/** The label as PDF; printed from the browser's own window for it. */
export function labelUrl(order: string, language: string): string {
  return `/api/v1/console/production/${order}/label?lang=${language}`;
}

export function printLabel(order: string, language: string): void {
  window.open(labelUrl(order, language), '_blank', 'noopener');
}

/** Whether the UKey of this order has been made. */
export function isMade(production: Production): boolean {
  return !['', 'NONE', 'QUEUED', 'RESEND_DUE'].includes(production.status.states.fulfilment);
}
