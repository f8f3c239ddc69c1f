/** Bars of probabilities and shares: predictions, a continuation, and where a head looked. */
import type { ExplainPayload, GeneratePayload, Head } from "../../protocol/payloads";
import { decimal, percent, visible } from "../format";
import { headPart, nameOf } from "../parts";
import { barChart, probabilityAxis } from "./bars";
import { type Asked, type Figure, figure } from "./figure";
import { named, targetOf } from "./said";
import { COLUMN } from "./svg";
import type { Table } from "./table";

export function predictionFigure(explained: ExplainPayload, asked: Asked): Figure {
  const rows = explained.predictions.map(({ text, probability }) => ({
    name: visible(text),
    value: probability,
    number: percent(probability),
  }));
  const where = visible(explained.tokens[explained.position]?.text ?? "");
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
  const rows = head.looks_at.map(({ position, text, attention }) => ({
    name: `${position} ${visible(text)}`,
    value: attention,
    number: decimal(attention),
  }));
  const all = rest > 0.005 ? [...rows, { name: "elsewhere", value: rest, number: decimal(rest), other: true }] : rows;
  const axis = { ...probabilityAxis("attention, as a share of 1"), tick: (value: number) => decimal(value, 1) };
  const from = named(tested.tokens[tested.position]?.text ?? "");
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
