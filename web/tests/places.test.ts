import { describe, expect, it } from 'vitest';
import { hitPlace, mayOpen, mayReveal, workPlace } from '../console/places';
import { takeSession } from '../console/session';
import type { Schemas } from '../shared/api/client';

const order = '2123659151274934789';
const as = (...roles: Schemas['Role'][]): void => takeSession({ signed_in: true, csrf: 'c', now: '2026-11-20T15:02:00+08:00', demo: true, roles });

describe('places of the console', () => {
  it.each([
    ['produce', `/bench/${order}`],
    ['quality', `/packing/${order}`],
    ['ship', `/shipping/${order}`],
    ['name_change', '/name-changes/7'],
    ['approval', '/approvals/7'],
    ['payment', '/finance/payments?view=exceptions'],
    ['invoice', '/finance/invoices'],
    ['review', `/orders/${order}`],
  ] as const)('a task of %s leads to %s', (queue, place) => {
    expect(workPlace({ queue, order, object_id: '7' })).toBe(place);
  });
  it('looks up the orders of what has no page of its own', () => {
    expect(hitPlace({ kind: 'institution', id: '1', title: '泉州海丝' })).toBe(`/orders?q=${encodeURIComponent('泉州海丝')}`);
    expect(hitPlace({ kind: 'key', id: 'FX2600071182', title: '' })).toBe('/keys/FX2600071182');
  });
  it('offers only what the role may open (docs/openapi.yaml)', () => {
    as('maker');
    expect([mayOpen('keys'), mayOpen('certificates'), mayReveal()]).toEqual([true, false, false]);
    as('auditor');
    expect([mayOpen('keys'), mayOpen('certificates'), mayOpen('shipping'), mayReveal()]).toEqual([false, false, false, false]);
    as('support', 'finance');
    expect([mayOpen('certificates'), mayReveal()]).toEqual([true, true]);
  });
});
