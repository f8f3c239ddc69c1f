/** What the page makes of facts: suggestions, sets of neurons, and the command that writes an edit to a file. */
import type {
  AttributePayload,
  FactListPayload,
  FindPayload,
  LayerChange,
  ListedFact,
  NeuronPlace,
  NeuronValue,
} from "../protocol/payloads";
import { nameOf, neuronPart } from "./parts";

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

export const LOOKED_FOR: Knowledge = { prompts: null, subject: "", t: 0.2, set: null, test: null, edit: null };

/** The known facts that a prompt may be about: it names the subject, and the answer is the explained token. */
export function suggested(
  list: FactListPayload,
  prompt: string,
  target: string,
): (ListedFact & { relation: string })[] {
  const answer = target.trim();
  return list.relations.flatMap(({ name, facts }) =>
    facts
      .filter((fact) => answer !== "" && fact.answer.startsWith(answer) && prompt.includes(fact.subject))
      .map((fact) => ({ ...fact, relation: name })),
  );
}

/** What an attribution tells of the encoder or of the decoder. */
export interface Stack {
  encoder: boolean;
  layers: LayerChange[];
  neurons: NeuronValue[];
}

/** An attribution by stack: what is read first, the encoder, comes first; a decoder alone is one. */
export function stacksOf({ layers, attributions }: Pick<AttributePayload, "layers" | "attributions">): Stack[] {
  return [true, false]
    .map((encoder) => ({
      encoder,
      layers: layers.filter((layer) => (layer.encoder ?? false) === encoder),
      neurons: attributions.filter((neuron) => (neuron.encoder ?? false) === encoder),
    }))
    .filter((stack) => stack.layers.length > 0);
}

/** The name of a neuron: L24.N1005, enc.L3.N17. */
export function neuronName(neuron: NeuronPlace): string {
  return nameOf(neuronPart(neuron));
}

/** The listed neurons of each layer, largest attribution first. */
export function byLayer(neurons: readonly NeuronValue[], layers: number): NeuronValue[][] {
  const columns: NeuronValue[][] = Array.from({ length: layers }, () => []);
  for (const neuron of neurons) columns[neuron.layer]?.push(neuron);
  for (const column of columns) column.sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
  return columns;
}

/** The prompts of a text, one a line, without those that come twice. */
export function promptsOf(text: string): string[] {
  return [...new Set(text.split("\n").filter((line) => line.trim() !== ""))];
}

/** The found neurons by set: the fact's own, those it keeps, and those of its relation. */
export function setsOf(found: FindPayload): Record<NeuronSet, NeuronPlace[]> {
  const [fact] = found.facts;
  return { refined: fact?.refined ?? [], kept: fact?.kept ?? [], shared: found.shared };
}

/** The set that is acted on: the wanted one, or the first that has a neuron. */
export function chosenSet(sets: Record<NeuronSet, readonly unknown[]>, wanted: NeuronSet | null): NeuronSet {
  return wanted ?? NEURON_SETS.find((name) => sets[name].length > 0) ?? "refined";
}

/** A neuron as an ask takes it. */
function neuronOf({ layer, expert, neuron }: NeuronPlace): Record<string, number> {
  return { layer, ...(expert === null ? {} : { expert }), neuron };
}

/** A fact as the commands read it. */
export interface NamedFact {
  relation: string;
  subject: string;
  answer: string;
  /** The answer as it follows a prompt. */
  target: string;
  prompts: string[];
}

/** The line of a JSONL file that holds a fact. */
export function lineOf({ relation, subject, answer, target, prompts }: NamedFact): string {
  const other = target === ` ${answer}` ? {} : { target };
  return JSON.stringify({ relation, subject: subject || relation, answer, ...other, prompts });
}

/**
 * The command that makes the same edit and writes it to a file. A fact that does not ship is read from `fact.jsonl`.
 * Neurons are named, so that none are looked for again; those of a relation are suppressed.
 */
export function commandOf(
  edit: FactEdit,
  fact: NamedFact,
  shipped: boolean,
  neurons: readonly string[],
  model: string,
): string {
  const named = shipped ? ["--relation", fact.relation, "--subject", fact.subject] : [];
  const save = ["--model", model, "--save", "edit.safetensors"];
  if (edit.action === "update") {
    const by = edit.method === "rome" ? [] : ["--method", "value", ...neurons.flatMap((name) => ["--neuron", name])];
    return quoted(["update", ...(shipped ? named : ["fact.jsonl"]), "--to", edit.to, ...by, ...save]);
  }
  if (edit.action === "erase") return quoted(["suppress", ...neurons, ...save]);
  return quoted([edit.action, ...neurons, ...(shipped ? named : ["--facts", "fact.jsonl"]), ...save]);
}

function quoted(words: string[]): string {
  const plain = (word: string) => (/^[\w./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);
  return `unembed knowledge ${words.map(plain).join(" ")}`;
}

/** What a find asks; the answer of one's own fact is the explained token. */
export function findAsk(knowledge: Knowledge, followed: Record<string, unknown>) {
  const { prompts, t } = knowledge;
  return { ask: "find" as const, ...factOf(knowledge, followed), t, ...(prompts === null ? {} : { prompts }) };
}

/** What an edit asks. */
export function editAsk(
  knowledge: Knowledge,
  edit: FactEdit,
  followed: Record<string, unknown>,
  chosen: NeuronPlace[],
) {
  const { prompts, subject } = knowledge;
  const own = prompts === null ? {} : { prompts };
  const neurons = chosen.map(neuronOf);
  if (edit.action !== "update")
    return { ask: "edit" as const, ...factOf(knowledge, followed), ...own, action: edit.action, neurons };
  return {
    ask: "update" as const,
    ...factOf(knowledge, followed),
    ...own,
    to: edit.to,
    method: edit.method,
    ...(edit.method === "value" ? { neurons } : {}),
    ...(prompts === null ? {} : { subject }),
  };
}

function factOf({ prompts }: Knowledge, { prompt, target }: Record<string, unknown>) {
  return prompts === null ? { prompt } : { prompt, target };
}

/** Whether a value that a link brings is a `Knowledge`. */
export function isKnowledge(value: unknown): boolean {
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

function oneOf(values: readonly unknown[]): (value: unknown) => boolean {
  return (value) => values.includes(value);
}
