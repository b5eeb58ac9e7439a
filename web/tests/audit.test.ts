import { describe, expect, it } from 'vitest';
import { auditObject } from '../console/audit';
import en from '../console/texts/en.json';

describe('what a row of the audit is about', () => {
  it('is a kind and a number', () => {
    expect(auditObject('order:2235044567617372160')).toEqual({ kind: 'order', id: '2235044567617372160' });
    expect(auditObject('batch:2026-09:2')).toEqual({ kind: 'batch', id: '2026-09:2' });
    expect(auditObject('audit')).toEqual({ kind: 'audit', id: '' });
  });
  it('is shown whole where its kind has no word', () => {
    expect(auditObject('something:12')).toEqual({ kind: '', id: 'something:12' });
  });
  it('has a word for every kind', () => {
    for (const kind of Object.keys(en.audit.kinds)) expect(auditObject(`${kind}:1`).kind).toBe(kind);
  });
});
