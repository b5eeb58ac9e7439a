// Live events say only that something changed; the page reads it again. A page has one stream for all its parts, and
// only while it is shown: a hidden one reads once when it is shown again. A lost connection says so and falls back to
// asking every 30 s until the stream is back (brief §3); so does, without a word, a window that has no slot for one.
import { onScopeDispose, ref, watch, type Ref } from 'vue';
import { freeSlot, takeSlot, type Slot } from './liveSlot';

export type LiveState = 'off' | 'live' | 'asking';
type Side = 'portal' | 'console';

interface Part {
  topics: string[];
  changed: () => void;
  state: Ref<LiveState>;
}

const askEvery = 30_000;
const againAfter = 15_000;
const topicsMax = 8; // the server's bound

/** The stream of a page, or what stands in for it. */
class PageStream {
  private parts = new Set<Part>();
  private state: LiveState = 'off';
  private source: EventSource | null = null;
  private heard: string[] = [];
  private slot: Slot | null = null;
  private waiting = false; // for a slot
  private turn = 0; // a slot that comes for an earlier turn is given back
  private asking = 0;
  private again = 0;
  private missed = false;

  constructor(private side: Side) {
    document.addEventListener('visibilitychange', () => (document.hidden ? this.hide() : this.show()));
    window.addEventListener('focus', () => this.show());
  }

  add(part: Part): void {
    this.parts.add(part);
    if (document.hidden) this.missed = true;
    else if (this.source && !part.topics.every((topic) => this.heard.includes(topic))) this.reopen();
    else if (!this.source && !this.asking && !this.waiting) void this.begin(takeSlot);
    this.say(this.state);
  }

  remove(part: Part): void {
    this.parts.delete(part);
    part.state.value = 'off';
    if (this.parts.size) return;
    this.stop();
    this.missed = false;
  }

  private async begin(from: (lost: () => void) => Slot | Promise<Slot | null>): Promise<void> {
    const mine = ++this.turn;
    this.waiting = true;
    const slot = await from(() => mine === this.turn && this.ask('off'));
    if (mine !== this.turn) return slot?.release();
    this.waiting = false;
    this.slot = slot;
    if (slot) this.open();
    else this.ask('off');
  }

  private open(): void {
    this.heard = [...new Set([...this.parts].flatMap((part) => part.topics))].slice(0, topicsMax);
    const source = new EventSource(`/api/v1/${this.side}/events?topic=${encodeURIComponent(this.heard.join(','))}`);
    source.addEventListener('open', () => this.opened());
    source.addEventListener('changed', (event) => this.changed(event as MessageEvent<string>));
    source.addEventListener('error', () => {
      this.ask('asking');
      this.catchUp();
    });
    this.source = source;
  }

  private reopen(): void {
    this.source?.close();
    this.missed = true;
    this.open();
  }

  private opened(): void {
    this.missed ||= this.asking > 0;
    clearInterval(this.asking);
    this.asking = 0;
    this.say('live');
    this.catchUp();
  }

  private changed(event: MessageEvent<string>): void {
    const { topic } = JSON.parse(event.data) as { topic: string };
    for (const part of [...this.parts]) if (part.topics.includes(topic)) part.changed();
  }

  /** No stream for now; a slot that nobody else has, and a new stream, are tried for by and by. */
  private ask(state: LiveState): void {
    this.close();
    this.asking ||= window.setInterval(() => this.readAll(), askEvery);
    this.again = window.setTimeout(() => void this.begin(freeSlot), againAfter);
    this.say(state);
  }

  private show(): void {
    if (document.hidden || this.source || this.waiting || !this.parts.size) return;
    clearTimeout(this.again);
    void this.begin(takeSlot);
  }

  private hide(): void {
    this.missed = this.parts.size > 0;
    this.stop();
  }

  private close(): void {
    this.turn += 1;
    this.waiting = false;
    this.source?.close();
    this.source = null;
    this.slot?.release();
    this.slot = null;
    clearTimeout(this.again);
  }

  private stop(): void {
    this.close();
    clearInterval(this.asking);
    this.asking = 0;
    this.say('off');
  }

  /** What happened while nobody listened is read now. */
  private catchUp(): void {
    if (!this.missed) return;
    this.missed = false;
    this.readAll();
  }

  private readAll(): void {
    for (const part of [...this.parts]) part.changed();
  }

  private say(state: LiveState): void {
    this.state = state;
    for (const part of this.parts) part.state.value = state;
  }
}

const streams = new Map<Side, PageStream>();

function streamOf(side: Side): PageStream {
  const stream = streams.get(side) ?? new PageStream(side);
  streams.set(side, stream);
  return stream;
}

export function useLive(side: Side, topics: () => string[], changed: () => void): Ref<LiveState> {
  const part: Part = { topics: [], changed, state: ref<LiveState>('off') };
  const stream = streamOf(side);
  watch(
    () => topics().join(','),
    () => {
      stream.remove(part);
      part.topics = topics();
      if (part.topics.length) stream.add(part);
    },
    { immediate: true },
  );
  onScopeDispose(() => stream.remove(part));
  return part.state;
}
