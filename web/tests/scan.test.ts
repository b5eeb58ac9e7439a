import { describe, expect, it } from 'vitest';
import { courierOf, readNumber, readSerial } from '../console/scan';

describe('S0-29: what a scanner types', () => {
  it.each([
    ['fx26 0007 1182', 'FX2600071182'],
    ['ＦＸ２６００071182', 'FX2600071182'],
    ['https://certhall.example/k/FX2600071182', 'FX2600071182'],
    ['FX26000711829', 'FX26000711829'],
    ['', ''],
  ])('reads the serial of %j', (typed, serial) => {
    expect(readSerial(typed)).toBe(serial);
  });
  it('reads a courier number without spaces and hyphens', () => {
    expect(readNumber(' sf14-2755 3081926')).toBe('SF1427553081926');
  });
  const couriers = [
    { id: 'sf', pattern: '^SF[0-9]{12,15}$' },
    { id: 'ems', pattern: '^E[A-Z][0-9]{9}CN$' },
    { id: 'any' },
  ];
  it('chooses the courier only where the number can be of one alone', () => {
    expect(courierOf('SF1427553081926', couriers)?.id).toBe('sf');
    expect(courierOf('1427553081926', couriers)).toBeUndefined();
    expect(courierOf('SF1427553081926', [...couriers, { id: 'sf2', pattern: '^SF' }])).toBeUndefined();
  });
  it('lives with a pattern that is no regular expression', () => {
    expect(courierOf('SF1', [{ id: 'x', pattern: '(' }])).toBeUndefined();
  });
});
