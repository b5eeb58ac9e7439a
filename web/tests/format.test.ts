import { describe, expect, it } from 'vitest';
import { clock, fileSize, grouped, longDate, shortTime, yuan } from '@shared/format';

describe('amounts, times and long numbers', () => {
  it('writes fen as yuan with two decimals in both languages', () => {
    expect(yuan(30000, 'zh-CN')).toBe('300.00 元');
    expect(yuan(123456789, 'en')).toBe('CNY 1,234,567.89');
    expect(yuan(-5, 'zh-CN')).toBe('−0.05 元');
  });
  it('shows times as they stand in the answer, not in the zone of this computer', () => {
    expect(shortTime('2026-11-20T23:59:00+08:00')).toBe('11-20 23:59');
    expect(clock('2026-11-20T00:01:00+08:00')).toBe('00:01');
    expect(longDate('2026-11-01', 'zh-CN')).toBe('2026年11月1日');
    expect(longDate('2026-11-01', 'en')).toBe('1 Nov 2026');
  });
  it('shows long numbers in groups and keeps what is left over', () => {
    expect(grouped('FX2600071182', [4, 4, 4])).toBe('FX26 0007 1182');
    expect(grouped('12345', [4])).toBe('1234 5');
    expect(grouped('', [4, 4])).toBe('');
  });
  it('writes sizes of files', () => {
    expect(fileSize(512)).toBe('512 B');
    expect(fileSize(1_572_864)).toBe('1.5 MB');
  });
});
