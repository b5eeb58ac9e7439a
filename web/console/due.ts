// How a due time is shown: quiet until four fifths of the time are used, then amber, then red; the words say it too.
import type { Schemas } from '@shared/api/client';

const pressingFrom = 80;

export function pressing(due: Schemas['Due']): string {
  if (due.overdue) return 'errc strong';
  return (due.used ?? 0) >= pressingFrom ? 'warnc strong' : '';
}
