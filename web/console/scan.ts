// What a hand scanner types: serials in groups or plain, full width where an input method was on, or a whole QR text.

const plain = (typed: string): string => typed.normalize('NFKC').toUpperCase().replace(/[\s\-–—_.·]/g, '');

/** Serial of a UKey: two letters and ten digits, also inside a longer text; anything else as it was, made plain. */
export function readSerial(typed: string): string {
  const text = plain(typed);
  return /[A-Z]{2}\d{10}(?!\d)/.exec(text)?.[0] ?? text;
}

/** Number of a courier. */
export function readNumber(typed: string): string {
  return plain(typed);
}

/** The courier whose numbers look like this one, if it can only be one. */
export function courierOf<C extends { id: string; pattern?: string }>(number: string, couriers: C[]): C | undefined {
  const fits = couriers.filter(({ pattern }) => !!pattern && matches(pattern, number));
  return fits.length === 1 ? fits[0] : undefined;
}

function matches(pattern: string, text: string): boolean {
  try {
    return new RegExp(pattern).test(text);
  } catch {
    return false; // a pattern of the profile that this browser cannot read helps nobody, and harms nobody
  }
}

/** With whom the last parcel went; clerks send a pile with one courier. */
export const lastCourier = { id: '' };
