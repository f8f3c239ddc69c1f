/** Questions to the model. The page posts them and reads server-sent events; a report looks them up in what it embeds. */
import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type {
  AttentionPayload,
  AttributePayload,
  EditPayload,
  ExplainPayload,
  FactListPayload,
  FindPayload,
  GeneratePayload,
  InspectPayload,
  LensPayload,
  ModelFacts,
  PatchPayload,
  PathsPayload,
  ReadsPayload,
  ReportPayload,
  TermsPayload,
  TestPayload,
  TokensPayload,
} from "./payloads";
import type { Questions } from "./questions";

export interface Payloads {
  explain: ExplainPayload;
  terms: TermsPayload;
  lens: LensPayload;
  attention: AttentionPayload;
  test: TestPayload;
  inspect: InspectPayload;
  reads: ReadsPayload;
  paths: PathsPayload;
  attribute: AttributePayload;
  facts: FactListPayload;
  find: FindPayload;
  edit: EditPayload;
  update: EditPayload;
  patch: PatchPayload;
  generate: GeneratePayload;
  tokens: TokensPayload;
}
export type AskName = keyof Questions;
export type Ask<N extends AskName = AskName> = { ask: N } & Record<string, unknown>;

/** How an ask stands. `result` of a finished one, or what went wrong. */
export interface Answer<T> {
  stage: string;
  fraction: number;
  result: T | null;
  error: string | null;
}

/** What the page starts from: the JSON beside the bundle, or the widget's data. */
export interface PageData {
  host: "page" | "report" | "widget";
  token: string | null;
  model: ModelFacts | null;
  /** Fields of the page's state, not checked yet. */
  state: Record<string, unknown> | null;
  results: Record<string, unknown>;
  /** Of a page that was opened with a study: its prompts. */
  study?: ReportPayload | null;
  live?: boolean;
}

export interface Events {
  progress(stage: string, fraction: number): void;
  result(payload: unknown): void;
  error(message: string): void;
  /** The server cannot be reached: what was asked is still wanted. */
  lost(): void;
}
/** Asks the model; the returned function cancels. */
export type Transport = (ask: Ask, events: Events) => () => void;

/** Lower goes first: what was predicted and why, before pictures of it. */
const ORDER: Record<AskName, number> = {
  explain: 0,
  test: 1,
  terms: 1,
  tokens: 1,
  inspect: 2,
  reads: 3,
  generate: 2,
  attention: 3,
  lens: 4,
  patch: 5,
  paths: 6,
  facts: 6,
  edit: 6,
  update: 6,
  attribute: 7,
  find: 8,
};
const AT_ONCE = 2;
const KEPT = 200;

/** Canonical JSON: sorted keys, no spaces. The key of an ask in `results`. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  fields.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${canonical(field)}`).join(",")}}`;
}

/** Of explanations, what can be told at once goes first, then the list of parts, and their tests last. */
function laterBy({ test, parts }: Ask): number {
  return test === true ? 3 : parts === false ? 0 : 1;
}

interface Entry {
  ask: Ask;
  order: number;
  answer: ReturnType<typeof signal<Answer<unknown>>>;
  watchers: number;
  /** Whether somebody looked at it; what was asked ahead and never chosen is not. */
  seen: boolean;
  cancel: (() => void) | null;
  state: "queued" | "running" | "done";
}

const WAITING: Answer<never> = { stage: "waiting", fraction: 0, result: null, error: null };

/**
 * Answers by ask: each is asked once, two at a time, and cancelled when nobody looks at it any more. While nothing is
 * waited for, what a click may ask next is asked ahead, one at a time; it makes way as soon as something is waited for.
 */
export class Desk {
  /** Whether the server could not be reached; nothing is asked until `retry`. */
  readonly lost: Signal<boolean> = signal(false);
  readonly #entries = new Map<string, Entry>();
  readonly #foreseen: (readonly Ask[])[] = [];
  readonly #transport: Transport;

  constructor(transport: Transport, results: Record<string, unknown>) {
    this.#transport = transport;
    for (const [key, payload] of Object.entries(results)) {
      const ask = JSON.parse(key) as Ask;
      this.#entries.set(canonical(ask), this.#entry(ask, payload));
    }
  }

  /** The answer to an ask, which is queued now if it is new. Call `release` once it is no longer shown. */
  watch<N extends AskName>(ask: Ask<N>): ReadonlySignal<Answer<Payloads[N]>> {
    const key = canonical(ask);
    const entry = this.#entries.get(key) ?? this.#entry(ask, null);
    if (entry.answer.value?.error) {
      // Asked again for all who look at what failed.
      entry.state = "queued";
      entry.answer.value = WAITING;
    }
    this.#entries.set(key, entry);
    entry.watchers += 1;
    entry.seen = true;
    if (entry.state === "queued") this.#makeWay();
    this.#start();
    return entry.answer as unknown as ReadonlySignal<Answer<Payloads[N]>>;
  }

  release(ask: Ask): void {
    const key = canonical(ask);
    const entry = this.#entries.get(key);
    if (!entry) return;
    entry.watchers -= 1;
    if (entry.watchers > 0 || entry.state === "done") return;
    entry.cancel?.();
    this.#entries.delete(key);
    this.#start();
  }

  /**
   * Asks ahead what may be asked next, in order, while nothing is waited for; what was foreseen last goes first. The
   * returned function stops it.
   */
  foresee(asks: readonly Ask[]): () => void {
    this.#foreseen.unshift(asks);
    this.#start();
    return () => {
      this.#foreseen.splice(this.#foreseen.indexOf(asks), 1);
      this.#makeWay(this.#foreseen.flat().map(canonical));
      this.#start();
    };
  }

  /** How an ask stands, if it is known; asks nothing. */
  known<N extends AskName>(ask: Ask<N>): Answer<Payloads[N]> | null {
    return (this.#entries.get(canonical(ask))?.answer.value as Answer<Payloads[N]> | undefined) ?? null;
  }

  /** The result of an ask, if it is here already; asks nothing. */
  peek<N extends AskName>(ask: Ask<N>): Payloads[N] | null {
    return (this.#entries.get(canonical(ask))?.answer.value?.result as Payloads[N] | undefined) ?? null;
  }

  /** All finished results that are shown, or were of these prompts in another view, by key: what a report embeds. */
  shown(...prompts: (string | null)[]): Record<string, unknown> {
    const seen = ({ watchers, ask }: Entry) => watchers > 0 || prompts.some((prompt) => prompt === ask.prompt);
    const kept = [...this.#entries].filter(([, entry]) => entry.seen && seen(entry) && entry.answer.value?.result);
    return Object.fromEntries(kept.map(([key, entry]) => [key, entry.answer.value?.result]));
  }

  #entry(ask: Ask, payload: unknown): Entry {
    const done = payload !== null;
    return {
      ask,
      order: ORDER[ask.ask] + (ask.ask === "explain" ? laterBy(ask) : 0),
      answer: signal<Answer<unknown>>(done ? { ...WAITING, fraction: 1, result: payload } : WAITING),
      watchers: 0,
      seen: done,
      cancel: null,
      state: done ? "done" : "queued",
    };
  }

  /** Asks again what could not be asked. */
  retry(): void {
    this.lost.value = false;
    this.#start();
  }

  #start(): void {
    if (this.lost.value) return;
    const entries = [...this.#entries.values()];
    let free = AT_ONCE - entries.filter((entry) => entry.state === "running").length;
    const queued = entries.filter((entry) => entry.state === "queued").sort((a, b) => a.order - b.order);
    for (const entry of queued) {
      if (free === 0) break;
      this.#run(entry);
      free -= 1;
    }
    if (free === AT_ONCE) this.#ahead();
  }

  /** Asks the first of what is foreseen that was not asked yet; what failed is not asked again before somebody looks. */
  #ahead(): void {
    const next = this.#foreseen.flat().find((ask) => !this.#entries.has(canonical(ask)));
    if (!next) return;
    const entry = this.#entry(next, null);
    this.#entries.set(canonical(next), entry);
    this.#run(entry);
  }

  /** Ends what is asked ahead, unless it is one of these. */
  #makeWay(wanted: readonly string[] = []): void {
    for (const [key, entry] of this.#entries) {
      if (entry.watchers > 0 || entry.state === "done" || wanted.includes(key)) continue;
      entry.cancel?.();
      this.#entries.delete(key);
    }
  }

  #run(entry: Entry): void {
    const finish = (answer: Answer<unknown>) => {
      if (entry.state === "done") return;
      entry.state = "done";
      entry.cancel = null;
      entry.answer.value = answer;
      this.#forget();
      this.#start();
    };
    entry.state = "running";
    entry.cancel = this.#transport(entry.ask, {
      progress: (stage, fraction) => {
        if (entry.state === "running") entry.answer.value = { ...WAITING, stage, fraction };
      },
      result: (payload) => finish({ ...WAITING, fraction: 1, result: payload }),
      error: (message) => finish({ ...WAITING, error: message }),
      lost: () => {
        if (entry.state !== "running") return;
        if (entry.watchers === 0) this.#entries.delete(canonical(entry.ask));
        entry.state = "queued";
        entry.cancel = null;
        entry.answer.value = WAITING;
        this.lost.value = true;
      },
    });
  }

  /** Drops the oldest answers that nobody looks at. */
  #forget(): void {
    for (const [key, entry] of this.#entries) {
      if (this.#entries.size <= KEPT) return;
      if (entry.watchers === 0 && entry.state === "done") this.#entries.delete(key);
    }
  }
}
