import { describe, expect, it } from 'vitest';
import consoleEn from '../console/texts/en.json';
import consoleZh from '../console/texts/zh-CN.json';
import portalEn from '../portal/texts/en.json';
import portalZh from '../portal/texts/zh-CN.json';
import sharedEn from '../shared/texts/en.json';
import sharedZh from '../shared/texts/zh-CN.json';

/** Every key with the placeholders of its text; the forms of one and of many are one text. */
function shape(texts: unknown, path = ''): string[] {
  if (typeof texts === 'string') return [`${path} ${[...new Set(texts.match(/\{\w+\}/g))].sort().join()}`];
  return Object.entries(texts as object).flatMap(([key, value]) => shape(value, `${path}.${key}`));
}

describe('G-39: both languages say the same', () => {
  it.each([
    ['shared', sharedZh, sharedEn],
    ['portal', portalZh, portalEn],
    ['console', consoleZh, consoleEn],
  ])('%s texts have the same keys and placeholders', (_name, zh, en) => {
    expect(shape(en)).toEqual(shape(zh));
  });
  it('uses the words of the brief', () => {
    expect(JSON.stringify([portalZh, consoleZh, sharedZh])).not.toMatch(/请知悉|予以|系统异常|受理中/);
  });
});
