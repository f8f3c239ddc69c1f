/** What the page shows, as one object; every panel derives from it and the URL's hash holds it. */

/** A part of the model. */
export interface Part {
  kind: "attention" | "cross_attention" | "mlp" | "head" | "cross_head" | "neuron";
  layer: number;
  head?: number;
  expert?: number;
  neuron?: number;
}

export const HOWS = ["zero", "double", "mean", "swap"] as const;
export type How = (typeof HOWS)[number];

/** An intervention: a part set to zero, to twice its value, to its mean, or to its value in prompt B. */
export interface Test {
  part: Part;
  how: How;
}

export const ACTIONS = ["update", "erase", "suppress", "amplify"] as const;
export type Action = (typeof ACTIONS)[number];
export const METHODS = ["rome", "value"] as const;
export const NEURON_SETS = ["refined", "kept", "shared"] as const;
export type NeuronSet = (typeof NEURON_SETS)[number];

/** An edit of the weights about a fact. */
export interface FactEdit {
  action: Action;
  /** The new answer of an update. */
  to: string;
  method: (typeof METHODS)[number];
}

/** What is asked about the fact that prompt A states. */
export interface Knowledge {
  /** More prompts of a fact of one's own; null takes the known fact that the prompt states. */
  prompts: string[] | null;
  /** Of a fact of one's own, as its prompts write it. */
  subject: string;
  /** A neuron counts above this share of the largest attribution. */
  t: number;
  /** Which of the found neurons are tested and edited; null takes the first that there are. */
  set: NeuronSet | null;
  test: "zero" | "double" | null;
  edit: FactEdit | null;
}

export interface State {
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
  selection: Part | null;
  /** The test shown for the selection. */
  test: How | null;
  pins: Test[];
  /** Null until the neurons of the fact are looked for. */
  knowledge: Knowledge | null;
}

export const INITIAL: State = {
  a: "",
  b: null,
  source: null,
  position: null,
  target: null,
  vs: null,
  reference: "mean",
  selection: null,
  test: null,
  pins: [],
  knowledge: null,
};

export const LOOKED_FOR: Knowledge = { prompts: null, subject: "", t: 0.2, set: null, test: null, edit: null };

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
    a: field("a", (value) => typeof value === "string"),
    b: field("b", text),
    source: field("source", text),
    position: field("position", (value) => value === null || isIndex(value)),
    target: field("target", (value) => text(value) || isIndex(value)),
    vs: field("vs", text),
    reference: field("reference", (value) => value === "mean" || value === "raw"),
    selection: field("selection", (value) => value === null || isPart(value)),
    test: field("test", (value) => value === null || isHow(value)),
    pins: field("pins", (value) => Array.isArray(value) && value.every(isTest)),
    knowledge: field("knowledge", (value) => value === null || isKnowledge(value)),
  };
}

/** A part as the page or as a payload writes it, where null stands for what it has not. */
interface AnyPart {
  kind: string;
  layer: number;
  head?: number | null;
  expert?: number | null;
  neuron?: number | null;
}

/** The part that a payload's entry of a head is. */
export function headPart({ cross, layer, head }: { cross?: boolean; layer: number; head: number }): Part {
  return { kind: cross ? "cross_head" : "head", layer, head };
}

/** The part that a payload's entry of a neuron is; null stands for no expert. */
export function neuronPart(entry: { layer: number; expert: number | null; neuron: number }): Part {
  const { layer, expert, neuron } = entry;
  return { kind: "neuron", layer, ...(expert === null ? {} : { expert }), neuron };
}

export function samePart(one: AnyPart | null, other: AnyPart | null): boolean {
  return one === null || other === null ? one === other : partKey(one) === partKey(other);
}

export function partKey(part: AnyPart): string {
  return [part.kind, part.layer, part.head ?? "", part.expert ?? "", part.neuron ?? ""].join(" ");
}

/** How a token is named in the state: by its text, or by its id where the text is a fragment of a character or empty. */
export function namedToken(token: { id: number; text: string }): string | number {
  return token.text === "" || token.text.includes("\ufffd") ? token.id : token.text;
}

/** The sublayer that a part belongs to. */
export function sublayerOf(part: Part): "attention" | "cross_attention" | "mlp" {
  if (part.kind === "head") return "attention";
  if (part.kind === "cross_head") return "cross_attention";
  return part.kind === "neuron" ? "mlp" : part.kind;
}

/** Whether a part reads what the encoder read. */
export function isCross(part: Part): boolean {
  return sublayerOf(part) === "cross_attention";
}

/** The part that a name such as L23, L23.H4, L24.N1005, L24.E3.N5, L2.X1, "L23 attn", "L2 cross" or "L24 mlp" means, or null. */
export function partOfName(name: string): Part | null {
  const found =
    /^\s*L?(\d+)(?:[.\s]*(?:H(\d+)|X(\d+)|(?:E(\d+)[.\s]*)?N(\d+)|(A(?:ttn|ttention)?)|(C(?:ross)?)|(M(?:LP)?)))?\s*$/i.exec(
      name,
    );
  if (!found) return null;
  const [, layer, head, crossHead, expert, neuron, , cross, mlp] = found;
  const base = { layer: Number(layer) };
  if (head !== undefined) return { kind: "head", ...base, head: Number(head) };
  if (crossHead !== undefined) return { kind: "cross_head", ...base, head: Number(crossHead) };
  if (neuron === undefined) return { kind: mlp ? "mlp" : cross ? "cross_attention" : "attention", ...base };
  return {
    kind: "neuron",
    ...base,
    ...(expert === undefined ? {} : { expert: Number(expert) }),
    neuron: Number(neuron),
  };
}

function isIndex(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 0;
}

function isHow(value: unknown): boolean {
  return HOWS.some((how) => how === value);
}

function isTest(value: unknown): boolean {
  const test = value as Test | null;
  return typeof test === "object" && test !== null && isPart(test.part) && isHow(test.how);
}

function oneOf(values: readonly unknown[]): (value: unknown) => boolean {
  return (value) => values.includes(value);
}

function isKnowledge(value: unknown): boolean {
  const given = value as Knowledge | undefined;
  if (typeof given !== "object") return false;
  const { prompts, subject, t, set, test, edit } = given;
  return (
    (prompts === null || (Array.isArray(prompts) && prompts.every((text) => typeof text === "string"))) &&
    typeof subject === "string" &&
    typeof t === "number" &&
    oneOf([null, ...NEURON_SETS])(set) &&
    oneOf([null, "zero", "double"])(test) &&
    (edit === null || isEdit(edit))
  );
}

function isEdit(value: unknown): boolean {
  const edit = value as FactEdit | undefined;
  return (
    typeof edit === "object" &&
    oneOf(ACTIONS)(edit.action) &&
    typeof edit.to === "string" &&
    oneOf(METHODS)(edit.method)
  );
}

function isPart(value: unknown): boolean {
  const part = value as Part | null;
  if (typeof part !== "object" || part === null || !isIndex(part.layer)) return false;
  if (part.kind === "head" || part.kind === "cross_head") return isIndex(part.head);
  if (part.kind === "neuron") return isIndex(part.neuron) && (part.expert === undefined || isIndex(part.expert));
  return part.kind === "attention" || part.kind === "cross_attention" || part.kind === "mlp";
}
