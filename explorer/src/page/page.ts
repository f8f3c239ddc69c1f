/** The page's signals: the state, what is hovered, and the asks that the state leads to. */
import { batch, computed, effect, type ReadonlySignal, type Signal, signal, useSignal } from "@preact/signals";
import { createContext } from "preact";
import { useContext, useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import {
  type Answer,
  type Ask,
  type AskName,
  canonical,
  Desk,
  type PageData,
  type Payloads,
  type Transport,
} from "../protocol/asks";
import type { ExplainPayload } from "../protocol/payloads";
import { checked, fromHash, INITIAL, type Knowledge, type Part, type State, toHash } from "./state";

export class Page {
  readonly data: PageData;
  readonly desk: Desk;
  readonly state: Signal<State>;
  /** What the pointer is over; panels preview it and nothing else depends on it. */
  readonly hovered: Signal<Part | null> = signal(null);
  /** The explanation of prompt A, once it is here; kept while the next one is on its way. */
  readonly explained: Signal<ExplainPayload | null> = signal(null);
  /** The state that `explained` answers. Panels ask about it, so that none asks about a new prompt and an old token. */
  readonly answered: Signal<State | null> = signal(null);
  readonly helpOpen: Signal<boolean> = signal(false);
  /** What a screen reader is told. */
  readonly said: Signal<string> = signal("");
  readonly shownPart: ReadonlySignal<Part | null> = computed(() => this.hovered.value ?? this.state.value.selection);

  constructor(data: PageData, transport: Transport) {
    this.data = data;
    this.desk = new Desk(transport, data.results);
    const initial = checked({ ...INITIAL, ...data.state });
    this.state = signal(data.host === "widget" ? initial : this.#linked(initial));
  }

  /** What the encoder reads; null for a decoder alone. */
  reads(): "text" | "audio" | null {
    return (this.explained.value?.model ?? this.data.model)?.reads ?? null;
  }

  /** The state of the URL's hash. A link made for an encoder-decoder has a source, which a decoder alone does not read. */
  #linked(fallback: State = INITIAL): State {
    const state = fromHash(location.hash, fallback);
    return this.data.model && this.data.model.reads === null ? { ...state, source: null } : state;
  }

  /** Whether the state says enough to be explained: a prompt, or something for an encoder to read. */
  asked(): boolean {
    const { a, source } = this.state.value;
    return this.reads() === null ? a !== "" : this.reads() === "audio" || Boolean(source);
  }

  /** The field of an ask that prompt B, or source B of an encoder-decoder, stands in for. */
  beside(): "prompt" | "source" {
    return this.reads() === null ? "prompt" : "source";
  }

  /** Changes fields of the state. What was asked about a fact belongs to the prompt that states it. */
  set(change: Partial<State>): void {
    const before = this.state.value;
    const moved = change.a !== undefined && change.a !== before.a;
    this.state.value = { ...before, ...(moved ? { knowledge: null } : {}), ...change };
  }

  /** Changes what is asked about the fact. */
  setKnowledge(change: Partial<Knowledge>): void {
    const before = this.state.value.knowledge;
    if (before) this.set({ knowledge: { ...before, ...change } });
  }

  /** Selects a part, everywhere. */
  select(part: Part | null): void {
    this.set({ selection: part, test: null });
  }

  /** Takes over the explanation of a state, which may have moved on since; null where there is none. */
  take(explained: ExplainPayload | null, state: State): void {
    batch(() => {
      this.explained.value = explained;
      this.answered.value = explained && state;
    });
  }

  /** What all panels ask about: the prompt, position and token of the explanation that is shown. */
  followed(): Record<string, unknown> | null {
    const state = this.answered.value;
    return state && { ...about(state), target: state.target ?? this.explained.value?.target.id };
  }

  /** Keeps the URL's hash and the state the same; the returned function stops it. */
  link(): () => void {
    if (this.data.host === "widget") return () => {};
    const stop = effect(() => {
      const hash = toHash(this.state.value);
      if (hash !== location.hash) history.replaceState(null, "", hash || location.pathname + location.search);
    });
    const read = () => {
      this.state.value = this.#linked();
    };
    addEventListener("hashchange", read);
    return () => {
      stop();
      removeEventListener("hashchange", read);
    };
  }
}

/** Arguments that all asks about prompt A share. */
export function about({ a, source, target, vs, reference, position }: State): Record<string, unknown> {
  const other = vs === null && reference !== "mean" ? reference : null;
  return given({ prompt: a, source, target, vs, position, reference: other });
}

/** Without the fields that are null. */
export function given(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined));
}

export const PageContext = createContext<Page | null>(null);

export function usePage(): Page {
  const page = useContext(PageContext);
  if (!page) throw new Error("A panel is used outside the page.");
  return page;
}

/** The answer to an ask, asked while the panel shows it; null asks nothing. */
export function useAsk<N extends AskName>(ask: Ask<N> | null): Answer<Payloads[N]> | null {
  const page = usePage();
  const key = ask === null ? "" : canonical(ask);
  const watched = useSignal<{ key: string; answer: ReadonlySignal<Answer<Payloads[N]>> } | null>(null);
  useLayoutEffect(() => {
    if (ask === null) return;
    watched.value = { key, answer: page.desk.watch(ask) };
    return () => page.desk.release(ask);
  }, [key]);
  return watched.value?.key === key ? watched.value.answer.value : null;
}

/** The latest result of an ask: while a new one is on its way, the one before it, marked as stale. */
export function useLatest<N extends AskName>(
  ask: Ask<N> | null,
): { answer: Answer<Payloads[N]> | null; result: Payloads[N] | null; stale: boolean } {
  const answer = useAsk(ask);
  const last = useRef<Payloads[N] | null>(null);
  if (answer?.result) last.current = answer.result;
  if (ask === null) last.current = null;
  return { answer, result: answer?.error ? null : last.current, stale: !answer?.result };
}

/** Whether an element has come into view: what is far down is not asked before it is looked for. */
export function useSeen<T extends Element>(): { ref: { current: T | null }; seen: boolean } {
  const ref = useRef<T | null>(null);
  const seen = useSignal(typeof IntersectionObserver === "undefined");
  useEffect(() => {
    if (seen.value || !ref.current) return;
    const observer = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) seen.value = true;
    });
    observer.observe(ref.current);
    return () => observer.disconnect();
  }, []);
  return useMemo(
    () => ({
      ref,
      get seen() {
        return seen.value;
      },
    }),
    [],
  );
}
