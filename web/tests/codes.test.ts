import { describe, expect, it } from 'vitest';
import { codeProblem, mendCode, mendDigits, mendedCaret, mendReportingCode } from '@shared/codes';

describe('codes are mended as people paste them (S0-02, brief §3)', () => {
  it('takes spaces, hyphens, full width and lower case out of an authorisation code', () => {
    expect(mendCode(' ７k3m-9p2q 4rst‑wxyz '.replace('‑', '-'))).toBe('7K3M9P2Q4RSTWXYZ');
  });
  it('reads O as 0 and I, L as 1 in an authorisation code, but guesses nothing in a reporting code', () => {
    expect(mendCode('OIL0')).toBe('0110');
    expect(mendReportingCode('o1il')).toBe('O1IL');
  });
  it('keeps digits only for one-time codes', () => {
    expect(mendDigits('１２3 456')).toBe('123456');
  });
  it('keeps the caret behind the same character', () => {
    expect(mendedCaret('ab-c', 3, mendCode)).toBe(2);
  });
  it.each([
    ['', 'empty'],
    ['ABC', 'short'],
    ['7K3M9P2Q4RSTWXYZ0', 'long'],
    ['7K3M9P2Q4RSTWXYU', 'letter'],
    ['7K3M9P2Q4RSTWXYZ', null],
  ])('says what is wrong with %s', (value, problem) => {
    expect(codeProblem('code', value)).toBe(problem);
  });
  it('asks for 14 letters and digits of a reporting code', () => {
    expect(codeProblem('reporting', '1234567890ABCD')).toBeNull();
    expect(codeProblem('reporting', '1234567890ABC')).toBe('short');
    expect(codeProblem('reporting', '1234567890ABC码')).toBe('letter');
  });
});
