/// <reference types="node" />
import { webcrypto } from 'node:crypto';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { forgetUnsent, unsentKeeper } from '@shared/unsent';

describe('what waits on this computer is readable by the session that typed it only', () => {
  beforeEach(() => {
    vi.stubGlobal('crypto', webcrypto);
    localStorage.clear();
  });

  it('gives the values back to the same session, and does not store them in clear', async () => {
    const keeper = unsentKeeper<{ phone: string }>('1.mailing', 'session-a');
    await keeper.keep({ rev: 4, values: { phone: '13800002716' } });
    expect(JSON.stringify({ ...localStorage })).not.toContain('2716');
    expect(await keeper.recall()).toEqual({ rev: 4, values: { phone: '13800002716' } });
  });

  it('gives nothing to another session and drops what nobody can read any more', async () => {
    await unsentKeeper('1.mailing', 'session-a').keep({ rev: 1, values: { phone: '1' } });
    expect(await unsentKeeper('1.mailing', 'session-b').recall()).toBeNull();
    expect(localStorage).toHaveLength(0);
  });

  it('is gone once it was sent, and after signing out', async () => {
    const keeper = unsentKeeper('1.mailing', 's');
    await keeper.keep({ rev: 1, values: {} });
    keeper.drop();
    expect(await keeper.recall()).toBeNull();
    await keeper.keep({ rev: 1, values: {} });
    forgetUnsent();
    expect(localStorage).toHaveLength(0);
  });
});
