import { describe, expect, it } from 'vitest';
import { readSerials } from '../console/stock';

describe('serials of a delivery', () => {
  it('are read as scanners type them and as sheets are pasted', () => {
    const { serials, wrong } = readSerials('FX2600071182\nfx26 0007 1183\r\nＦＸ２６０００７１１８４, FX2600071185，FX2600071186\tFX2600071187\n\n', 'FX');
    expect(serials).toEqual(['FX2600071182', 'FX2600071183', 'FX2600071184', 'FX2600071185', 'FX2600071186', 'FX2600071187']);
    expect(wrong).toEqual([]);
  });
  it('name what is no serial, as it was typed', () => {
    expect(readSerials('FX260007118\n 序列号 \nCG2600071182', 'FX').wrong).toEqual(['FX260007118', '序列号', 'CG2600071182']);
  });
  it('count one that was scanned twice once, and say so', () => {
    expect(readSerials('FX2600071182\nFX26 0007 1182', 'FX')).toEqual({ serials: ['FX2600071182'], wrong: [], twice: ['FX2600071182'] });
  });
  it('take any letters where the project has none of its own', () => {
    expect(readSerials('CG2600071182', '').serials).toEqual(['CG2600071182']);
  });
});
