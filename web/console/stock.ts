// Serials of a delivery as they were typed, scanned or pasted: one a line, or several parted by commas or tabs.
import { readSerial } from './scan';

export interface ReadSerials {
  serials: string[];
  /** What is no serial of the project, as it was typed. */
  wrong: string[];
  /** Serials that stand there more than once; counted once. */
  twice: string[];
}

const wellFormed = (serial: string, prefix: string): boolean => /^[A-Z]{2}\d{10}$/.test(serial) && serial.startsWith(prefix);

export function readSerials(typed: string, prefix: string): ReadSerials {
  const serials = new Set<string>();
  const twice = new Set<string>();
  const wrong: string[] = [];
  for (const piece of typed.split(/[\n\r\t,;，；、]+/)) {
    const serial = readSerial(piece);
    if (!serial) continue;
    if (!wellFormed(serial, prefix)) wrong.push(piece.trim());
    else if (serials.has(serial)) twice.add(serial);
    else serials.add(serial);
  }
  return { serials: [...serials], wrong, twice: [...twice] };
}
