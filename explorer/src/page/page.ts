/** The page's signals: the state, what is hovered, and the asks that the state leads to. */
import { batch, computed, effect, type ReadonlySignal, type Signal, signal, untracked } from "@preact/signals";
import type { Knowledge } from "../lib/knowledge";
import { nameOf, type Part, samePart } from "../lib/parts";
import { type Answer, type Ask, canonical, Desk, type PageData, type Transport } from "../protocol/asks";
import type { ExplainPayload } from "../protocol/payloads";
import { Earlier, sessionOf } from "./earlier";
import { checked, fromHash, INITIAL, type State, toHash, type View } from "./state";

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
  /** The continuation that was asked for; kept while other views are looked at. */
  readonly continued: Signal<Ask<"generate"> | null> = signal(null);
  /** The term at which the glossary is open; null where it is closed. */
  readonly glossary: Signal<string | null> = signal(null);
  /** What was asked before. */
  readonly earlier: Earlier;
  /** What the page tells, to eyes and to a screen reader. */
  readonly said: Signal<string> = signal("");
  /** The fields of the state one by one, for what is drawn again with one of them alone. */
  readonly at: { readonly [Name in keyof State]: ReadonlySignal<State[Name]> };
  readonly shownPart: ReadonlySignal<Part | null> = computed(() => this.hovered.value ?? this.at.selection.value);
  /** How the explanation of the state stands; null where nothing is asked. */
  readonly answer: ReadonlySignal<Answer<ExplainPayload> | null> = computed(() => this.#asked.value?.value ?? null);
  #forget: () => void = () => {};
  readonly #asked: Signal<ReadonlySignal<Answer<ExplainPayload>> | null> = signal(null);

  constructor(data: PageData, transport: Transport) {
    this.data = data;
    this.earlier = new Earlier(sessionOf(data.host));
    this.desk = new Desk(transport, data.results);
    const initial = checked({ ...INITIAL, ...data.state });
    this.state = signal(data.host === "widget" ? initial : this.#linked(initial));
    const names = Object.keys(INITIAL) as (keyof State)[];
    this.at = Object.fromEntries(names.map((name) => [name, computed(() => this.state.value[name])])) as Page["at"];
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
    const elsewhere = moved || change.source !== undefined;
    this.state.value = {
      ...before,
      ...(moved ? { knowledge: null } : {}),
      ...(elsewhere ? { word: null } : {}),
      ...change,
    };
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

  /** Keeps the test of the selection, beside those that are kept already. */
  pin(): void {
    const { selection, test, pins } = this.state.value;
    if (!selection) return;
    const others = pins.filter((each) => !samePart(each.part, selection));
    this.set({ pins: [...others, { part: selection, how: test ?? "zero" }] });
    this.said.value = `Pinned ${nameOf(selection)}.`;
  }

  /** Goes to a view. */
  go(view: View): void {
    this.set({ view });
  }

  /**
   * Asks for the explanation of the state as soon as it says another prediction, before anything is drawn, and takes over
   * what comes; the returned function stops it.
   */
  explain(): () => void {
    const key = computed(() => (this.asked() ? canonical(firstAsk(this.state.value)) : ""));
    const stopAsking = effect(() => {
      const ask = key.value === "" ? null : (JSON.parse(key.value) as Ask<"explain">);
      this.#asked.value = ask && untracked(() => this.desk.watch(ask));
      return () => ask && untracked(() => this.desk.release(ask));
    });
    const stopTaking = effect(() => {
      const answer = this.answer.value;
      if (!answer || answer.error) untracked(() => this.#take(null));
      else if (answer.result) untracked(() => this.#take(answer.result));
    });
    return () => {
      stopTaking();
      stopAsking();
    };
  }

  /** Asks already for what a click would ask, so that it may be here when the click comes. One click is foreseen. */
  foresee(change: Partial<State>): void {
    if (this.data.host !== "page") return;
    const forget = this.#forget;
    this.#forget = this.desk.foresee([firstAsk({ ...this.state.value, ...change })]);
    forget();
  }

  /** What is asked where one of these changes is chosen; nothing before there is an explanation. */
  asksOf(...changes: Partial<State>[]): Ask<"explain">[] {
    const state = this.answered.value;
    return state ? changes.map((change) => firstAsk({ ...state, ...change })) : [];
  }

  /** What is asked where a part is selected; null before there is an explanation. */
  inspectAsk(part: Part): Ask<"inspect"> | null {
    const followed = this.followed();
    return followed && { ask: "inspect", ...followed, part };
  }

  /** Takes over the explanation of the state; null where there is none. */
  #take(explained: ExplainPayload | null): void {
    const state = this.state.value;
    batch(() => {
      this.explained.value = explained;
      this.answered.value = explained && state;
      if (explained) this.earlier.add(state);
    });
  }

  /** What all panels ask about: the prompt, position and token of the explanation that is shown. */
  followed(): Record<string, unknown> | null {
    const state = this.answered.value;
    return state && { ...about(state), target: state.target ?? this.explained.value?.target.id };
  }

  /**
   * Keeps the URL's hash and the state the same; the returned function stops it. Another view or question is a step to
   * which Back returns; what is chosen on the way is not.
   */
  link(): () => void {
    if (this.data.host === "widget") return () => {};
    let asked = questionOf(this.state.value);
    const stop = effect(() => {
      const state = this.state.value;
      const hash = toHash(state);
      const step = questionOf(state) !== asked;
      asked = questionOf(state);
      if (hash === location.hash) return;
      const url = hash || location.pathname + location.search;
      if (step) history.pushState(null, "", url);
      else history.replaceState(null, "", url);
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

/** What is asked, and where it is looked at: the fields whose change is a step of the history. */
function questionOf({ view, a, b, source, position, target, vs, reference }: State): string {
  return JSON.stringify([view, a, b, source, position, target, vs, reference]);
}

/** The ask for what can be told at once: without tests, and so without heads and neurons. */
export function firstAsk(state: State): Ask<"explain"> {
  return explainAsk(about(state));
}

/** An explanation at once, of a prediction that is named by the arguments that all asks share. */
export function explainAsk(named: Record<string, unknown>): Ask<"explain"> {
  return { ask: "explain", ...named, test: false, parts: false, top: 10 };
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
