import { describe, expect, it } from 'vitest';
import { multipart, overrideKey, overridesOf, problemLines } from '../console/intake';

const file = new File(['action,institution_name\n'], 'list.csv');
const signature = new File(['x'], 'list.csv.p7s');
const warning = { code: 'uscc.check_digit', row: 12, column: 'uscc', value: '91350503MA2Y7XWT0A', message: 'check digit', overridable: true };
const form = { project: 'aml-reporting', file, signature, reasons: { [overrideKey(warning)]: ' seen the paper ', [overrideKey({ row: 13, code: 'x' })]: ' ' } };

describe('S0-15: a signed list', () => {
  it('names row and code of what is overridden, and leaves out what has no reason', () => {
    expect(overridesOf(form.reasons)).toEqual([{ row: 12, code: 'uscc.check_digit', reason: 'seen the paper' }]);
  });
  it('goes out with both files, the overrides, and as a check only when it is one', () => {
    const sent = multipart(form, true);
    expect([sent.get('project'), sent.get('dry_run')]).toEqual(['aml-reporting', 'true']);
    expect((sent.get('file') as File).name).toBe('list.csv');
    expect((sent.get('signature') as File).name).toBe('list.csv.p7s');
    expect(JSON.parse(String(sent.get('overrides')))).toEqual([{ row: 12, code: 'uscc.check_digit', reason: 'seen the paper' }]);
    expect(multipart(form, false).get('dry_run')).toBe('false');
    expect(multipart({ ...form, reasons: {} }, false).has('overrides')).toBe(false);
  });
  it('can be sent back to its makers as lines of a sheet', () => {
    expect(problemLines([warning])).toBe('12\tuscc\t91350503MA2Y7XWT0A\tcheck digit');
  });
});
