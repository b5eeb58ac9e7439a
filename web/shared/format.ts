// Amounts, dates and long numbers for people. Times arrive as RFC 3339 with +08:00 and are shown as they stand there,
// whatever the zone of this computer.

/** 30000 → 300.00, for columns whose head names the unit */
export function amount(fen: number): string {
  const sign = fen < 0 ? '−' : '';
  const whole = Math.floor(Math.abs(fen) / 100).toString();
  return `${sign}${whole.replace(/\B(?=(\d{3})+$)/g, ',')}.${(Math.abs(fen) % 100).toString().padStart(2, '0')}`;
}

/** 30000 → 300.00 元 · CNY 300.00 */
export function yuan(fen: number, language: string): string {
  const text = amount(fen);
  return language === 'en' ? `CNY ${text}` : `${text} 元`;
}

/** 2026-11-20T15:02:00+08:00 → 11-20 15:02 */
export function shortTime(at: string): string {
  return `${at.slice(5, 10)} ${at.slice(11, 16)}`;
}

/** → 15:02 */
export function clock(at: string): string {
  return at.slice(11, 16);
}

/** → 15:02:09 */
export function clockSeconds(at: string): string {
  return at.slice(11, 19);
}

/** → 11-20 */
export function shortDate(at: string): string {
  return at.slice(5, 10);
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** → 2026年11月20日 · 20 Nov 2026 */
export function longDate(at: string, language: string): string {
  const [year, month, day] = at.slice(0, 10).split('-').map(Number) as [number, number, number];
  return language === 'en' ? `${day} ${months[month - 1]} ${year}` : `${year}年${month}月${day}日`;
}

/** A long number in groups of the given lengths; what is left over is the last group. */
export function grouped(value: string, lengths: readonly number[]): string {
  const parts: string[] = [];
  let rest = value;
  for (const length of lengths) {
    if (!rest) break;
    parts.push(rest.slice(0, length));
    rest = rest.slice(length);
  }
  if (rest) parts.push(rest);
  return parts.join(' ');
}

/** 1536 → 1.5 KB */
export function fileSize(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB'];
  let size = bytes;
  let unit = 0;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? size : size.toFixed(1)} ${units[unit]}`;
}
