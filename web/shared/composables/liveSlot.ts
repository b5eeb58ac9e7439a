// Who of a browser's tabs may hold an event stream. HTTP/1.1 gives a host six connections, all tabs together; streams
// take at most three of them. The tab shown last comes first: it takes the first slot from whoever has it, who moves
// one further; who is moved out of the last one has none. A slot ends with its tab, however that ends (Web Locks).

const names = ['certhall.live.1', 'certhall.live.2', 'certhall.live.3'];

export interface Slot {
  release: () => void;
}

/** `lost` is called when another tab took the lock, not after `release`. Null: not to be had. */
function take(name: string, options: LockOptions, lost: () => void): Promise<Slot | null> {
  return new Promise((resolve) => {
    const held = (lock: Lock | null): Promise<void> | undefined => {
      if (lock) return new Promise<void>((done) => resolve({ release: done }));
      resolve(null);
      return undefined;
    };
    navigator.locks.request(name, options, held).catch(lost);
  });
}

/** The first slot; being moved keeps it, `lost` is told at the end of the row. */
export function takeSlot(lost: () => void): Slot {
  let over = false;
  let current: Slot | null = null;
  const moveTo = async (at: number): Promise<void> => {
    const name = names[at];
    if (over) return;
    if (!name) return lost();
    current = await take(name, { steal: true }, () => void moveTo(at + 1));
    if (over) current?.release();
  };
  // Without locks (plain HTTP from another host) hidden tabs close their streams all the same.
  if (navigator.locks) void moveTo(0);
  return {
    release: () => {
      over = true;
      current?.release();
    },
  };
}

/** A slot that nobody holds; null when all are held. */
export async function freeSlot(lost: () => void): Promise<Slot | null> {
  if (!navigator.locks) return takeSlot(lost);
  for (const name of [...names].reverse()) {
    const slot = await take(name, { ifAvailable: true }, lost);
    if (slot) return slot;
  }
  return null;
}
