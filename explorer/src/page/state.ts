/** What the page shows, as one object; every panel derives from it and the URL's hash holds it. */
import { isKnowledge, type Knowledge } from "../lib/knowledge";
import { isIndex, isPart, type Part } from "../lib/parts";

export const HOWS = ["zero", "double", "mean", "swap"] as const;
export type How = (typeof HOWS)[number];

/** The views, each a page of its own with an address of its own. */
export const VIEWS = ["why", "parts", "graph", "tests", "compare", "facts", "continue"] as const;
export type View = (typeof VIEWS)[number];

/** An intervention: a part set to zero, to twice its value, to its mean, or to its value in prompt B. */
export interface Test {
  part: Part;
  how: How;
}

export interface State {
  view: View;
  /** The prompt; of an encoder-decoder, what its decoder has written so far. */
  a: string;
  /** The prompt beside it, or null; of an encoder-decoder, the source beside its own. */
  b: string | null;
  /** What the encoder of an encoder-decoder reads; null is what the model came with. */
  source: string | null;
  /** Where the prediction is made; null is the last token. */
  position: number | null;
  /** The explained token, as text or, where its text alone does not name it, by its id; null is the top prediction. */
  target: string | number | null;
  /** The token it is compared with. */
  vs: string | null;
  reference: "mean" | "raw";
  /** The first position of the word that is told of; null tells of the strongest. */
  word: number | null;
  selection: Part | null;
  /** The test shown for the selection. */
  test: How | null;
  pins: Test[];
  /** Null until the neurons of the fact are looked for. */
  knowledge: Knowledge | null;
}

export const INITIAL: State = {
  view: "why",
  a: "",
  b: null,
  source: null,
  position: null,
  target: null,
  vs: null,
  reference: "mean",
  word: null,
  selection: null,
  test: null,
  pins: [],
  knowledge: null,
};

/** The hash of a state: what differs from the initial state, as JSON. */
export function toHash(state: State): string {
  const kept = Object.entries(state).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(INITIAL[name as keyof State]),
  );
  return kept.length === 0 ? "" : `#${encodeURIComponent(JSON.stringify(Object.fromEntries(kept)))}`;
}

/** The state of a hash; what is missing or malformed falls back to the given state, so that no link breaks the page. */
export function fromHash(hash: string, fallback: State = INITIAL): State {
  if (hash.length < 2) return fallback;
  let given: unknown;
  try {
    given = JSON.parse(decodeURIComponent(hash.slice(1)));
  } catch {
    return fallback;
  }
  return typeof given === "object" && given !== null && !Array.isArray(given)
    ? checked({ ...INITIAL, ...given })
    : fallback;
}

/** A state in which every field that is not of its type is replaced by its initial value. */
export function checked(given: Record<string, unknown> | State): State {
  const field = <T>(name: keyof State, valid: (value: unknown) => boolean): T =>
    (valid(given[name as keyof typeof given]) ? given[name as keyof typeof given] : INITIAL[name]) as T;
  const text = (value: unknown) => value === null || typeof value === "string";
  return {
    view: field("view", (value) => VIEWS.some((view) => view === value)),
    a: field("a", (value) => typeof value === "string"),
    b: field("b", text),
    source: field("source", text),
    position: field("position", (value) => value === null || isIndex(value)),
    target: field("target", (value) => text(value) || isIndex(value)),
    vs: field("vs", text),
    reference: field("reference", (value) => value === "mean" || value === "raw"),
    word: field("word", (value) => value === null || isIndex(value)),
    selection: field("selection", (value) => value === null || isPart(value)),
    test: field("test", (value) => value === null || isHow(value)),
    pins: field("pins", (value) => Array.isArray(value) && value.every(isTest)),
    knowledge: field("knowledge", (value) => value === null || isKnowledge(value)),
  };
}

/** How a token is named in the state: by its text, or by its id where the text is a fragment of a character or empty. */
export function namedToken(token: { id: number; text: string }): string | number {
  return token.text === "" || token.text.includes("\ufffd") ? token.id : token.text;
}

/** What changes where a token is chosen to be explained: it is not compared with itself. */
export function choosing(token: { id: number; text: string }, vs: string | null): Partial<State> {
  return { target: namedToken(token), ...(token.text === vs ? { vs: null } : {}) };
}

function isHow(value: unknown): boolean {
  return HOWS.some((how) => how === value);
}

function isTest(value: unknown): boolean {
  const test = value as Test | null;
  return typeof test === "object" && test !== null && isPart(test.part) && isHow(test.how);
}
