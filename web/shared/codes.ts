// Code fields accept what people paste: spaces, hyphens, full-width letters, lower case. These repairs are for the
// eye; the server makes them again and is the judge.

const plain = (typed: string): string => typed.normalize('NFKC').toUpperCase().replace(/[\s\-–—_.·]/g, '');

/** Authorisation code: 16 of Crockford's base32, where I and L are read as 1 and O as 0. */
export function mendCode(typed: string): string {
  return plain(typed).replace(/[IL]/g, '1').replace(/O/g, '0');
}

/** Reporting code: 14 characters, A–Z and 0–9; nothing is guessed. */
export function mendReportingCode(typed: string): string {
  return plain(typed);
}

/** One-time codes and other digits. */
export function mendDigits(typed: string): string {
  return plain(typed).replace(/\D/g, '');
}

/** Where the caret belongs after `mend` changed the text before it: behind as many kept characters as before. */
export function mendedCaret(typed: string, caret: number, mend: (text: string) => string): number {
  return mend(typed.slice(0, caret)).length;
}

export type CodeProblem = 'empty' | 'short' | 'long' | 'letter' | null;

const shapes = {
  code: { length: 16, allowed: /^[0-9A-HJKMNP-TV-Z]*$/ },
  reporting: { length: 14, allowed: /^[0-9A-Z]*$/ },
  sms: { length: 6, allowed: /^[0-9]*$/ },
} as const;

/** What is wrong with a mended code before it is worth sending. */
export function codeProblem(kind: keyof typeof shapes, value: string): CodeProblem {
  const { length, allowed } = shapes[kind];
  if (!value) return 'empty';
  if (!allowed.test(value)) return 'letter';
  if (value.length < length) return 'short';
  return value.length > length ? 'long' : null;
}
