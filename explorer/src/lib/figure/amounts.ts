/** Bars of probabilities and shares: predictions, a continuation, a test, and where a head looked. */
import type { ExplainPayload, GeneratePayload, Head, Prediction, TestPayload } from "../../protocol/payloads";
import { decimal, labelOf, percent, signed, told, visible } from "../format";
import { headPart, inStack, nameOf, nameOfTerm } from "../parts";
import { barChart, probabilityAxis } from "./bars";
import { type Asked, type Caption, type Figure, figure } from "./figure";
import { named, namedIn, targetOf } from "./said";
import { COLUMN } from "./svg";
import type { Table } from "./table";

export function predictionFigure(explained: ExplainPayload, asked: Asked): Figure {
  const rows = explained.predictions.map(({ text, probability }) => ({
    name: visible(text),
    value: probability,
    number: percent(probability),
  }));
  const where = namedIn(explained.tokens[explained.position]);
  return figure(COLUMN, [barChart(COLUMN, { rows, axis: probabilityAxis("probability"), amounts: true })], {
    shows: `The ${rows.length} most probable tokens ${explained.model.bidirectional ? "at" : "after"} “${where}” (position ${explained.position}).`,
    made: explained,
    asked,
    about: targetOf(explained.target),
  });
}

export function predictionTable({ predictions }: ExplainPayload): Table {
  return {
    head: ["token", "id", "probability", "logit"],
    rows: predictions.map(({ text, id, probability, logit }) => [text, id, probability, logit]),
  };
}

export function generationFigure(generated: GeneratePayload, asked: Asked): Figure {
  const rows = generated.generated.map(({ text, probability, position }) => ({
    name: `${position} ${visible(text)}`,
    value: probability,
    number: percent(probability),
  }));
  const axis = probabilityAxis("probability of the token when it was written");
  return figure(COLUMN, [barChart(COLUMN, { rows, axis, amounts: true })], {
    shows: "The continuation, token by token from the top, with the position of each.",
    made: generated,
    asked,
  });
}

export function generationTable({ generated }: GeneratePayload): Table {
  return {
    head: ["position", "token", "id", "probability", "logit"],
    rows: generated.map(({ position, text, id, probability, logit }) => [position, text, id, probability, logit]),
  };
}

/** Where a head looked from the explained position; what is not listed is one bar more, so that shares come to 1. */
export function lookedFigure(tested: ExplainPayload, head: Head, asked: Asked): Figure {
  const rest = Math.max(0, 1 - head.looks_at.reduce((sum, at) => sum + at.attention, 0));
  const rows = head.looks_at.map((at) => ({
    name: `${at.position} ${labelOf(at)}`,
    value: at.attention,
    number: decimal(at.attention),
  }));
  const all = rest > 0.005 ? [...rows, { name: "elsewhere", value: rest, number: decimal(rest), other: true }] : rows;
  const axis = { ...probabilityAxis("attention, as a share of 1"), tick: (value: number) => decimal(value, 1) };
  const from = namedIn(tested.tokens[tested.position]);
  return figure(COLUMN, [barChart(COLUMN, { rows: all, axis, amounts: true })], {
    shows: `Where ${nameOf(headPart(head))} looks from “${from}” (position ${tested.position}).`,
    made: tested,
    asked,
    about: targetOf(tested.target),
  });
}

export function lookedTable(head: Head): Table {
  return {
    head: ["head", "position", "token", "attention"],
    rows: head.looks_at.map(({ position, text, attention }) => [nameOf(headPart(head)), position, text, attention]),
  };
}

/** A test: the tokens that were or became likely, with what each had before it and has with it. */
export function testedFigure(result: TestPayload, made: Caption["made"], asked: Asked): Figure {
  const { target_before: before, target_after: after } = result;
  const least = (tokens: readonly Prediction[]) => Math.min(1, ...tokens.map((token) => token.probability));
  const short = { ...result, before: result.before.slice(0, LISTED), after: result.after.slice(0, LISTED) };
  const rows = changes(short).map(({ text, id, from, to }) => ({
    name: visible(text),
    ...amount(to ?? probabilityIn(result.after, id), least(result.after)),
    notes: [amount(from ?? probabilityIn(result.before, id), least(result.before)).number],
  }));
  const chart = barChart(COLUMN, {
    rows,
    axis: probabilityAxis("probability with the change"),
    notes: [{ width: 44, head: "before" }],
    amounts: true,
  });
  const [from, to] = told(before.probability, after.probability);
  return figure(COLUMN, [chart], {
    shows: `Predictions with ${changed(result)}: “${named(before.text)}” ${from} → ${to} (${signed(result.nats)} nats).`,
    made,
    asked,
    about: targetOf(before),
  });
}

/** Tokens of each side that a figure lists. */
const LISTED = 5;

function probabilityIn(tokens: readonly Prediction[], id: number): number | null {
  return tokens.find((token) => token.id === id)?.probability ?? null;
}

/** A probability; of a token that is not listed only that it is less than the least that is. */
function amount(probability: number | null, least: number): { value: number; number: string } {
  return probability === null
    ? { value: 0, number: `<${percent(least).replace(/^[<>]/, "")}` }
    : { value: probability, number: percent(probability) };
}

const HOWS = { zero: "set to zero", double: "doubled", mean: "set to its mean", swap: "taken from B" };
const NAMED = 6;

/** What was changed, in one run: "L23.H4 set to zero and L24.N1005 doubled". */
function changed({ tests }: TestPayload): string {
  const names = tests.slice(0, NAMED).map(({ part, how }) => {
    const kind = part.kind === "cross_head" ? "cross_attention" : part.kind;
    return `${inStack(nameOfTerm({ ...part, kind }), part.encoder ?? false)} ${HOWS[how]}`;
  });
  const more = tests.length > NAMED ? [`${tests.length - NAMED} more`] : [];
  return [...names, ...more].join(", ");
}

/** The target first, then every token that is listed before or after; null where it is not listed. */
function changes({ before, after, target_before, target_after }: TestPayload) {
  const found = new Map<number, { id: number; text: string; from: number | null; to: number | null }>();
  const row = (id: number, text: string) => {
    const known = found.get(id) ?? { id, text, from: null, to: null };
    found.set(id, known);
    return known;
  };
  for (const { id, text, probability } of [target_before, ...before]) row(id, text).from = probability;
  for (const { id, text, probability } of [target_after, ...after]) row(id, text).to = probability;
  return [...found.values()];
}

export function testedTable(result: TestPayload): Table {
  return {
    head: ["token", "id", "probability_before", "probability_after"],
    rows: changes(result).map(({ text, id, from, to }) => [text, id, from, to]),
  };
}
