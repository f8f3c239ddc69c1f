/** The map of what switching off each head does. */
import type { ExplainPayload } from "../../protocol/payloads";
import { signColour } from "../colours";
import { headMap, nameOfHead } from "../effects";
import { signed } from "../format";
import { type Asked, type Figure, figure } from "./figure";
import { heatMap } from "./map";
import { signLegend } from "./maps";
import { named, targetOf } from "./said";
import { COLUMN, PAGE } from "./svg";
import type { Table } from "./table";

/** Orange where the head is needed: what is explained falls without it. */
export function effectsFigure(tested: ExplainPayload, asked: Asked): Figure {
  const { layers, rows, largest } = headMap(tested.head_effects);
  const falls = (column: number, row: number) => -(rows[row]?.at(layers[column] ?? -1)?.nats ?? 0);
  const width = layers.length > 12 ? PAGE : COLUMN;
  const map = heatMap(width, {
    columns: layers.length,
    rows: rows.length,
    colour: (column, row) =>
      rows[row]?.at(layers[column] ?? -1) ? signColour(falls(column, row), largest, false) : null,
    negative: (column, row) => falls(column, row) < -largest / 20,
    words: (column, row) => signed(-falls(column, row)),
    columnName: (column) => String(layers[column] ?? ""),
    rowName: (row) => rows[row]?.name ?? "",
    columnLabel: "layer",
    rowLabel: "head",
    legend: signLegend("falls without the head, nats", largest),
  });
  const { target, reference } = tested;
  const what =
    reference.kind === "versus"
      ? `the lead of “${named(target.text)}” over “${named(reference.text ?? "")}”`
      : `the log-odds of “${named(target.text)}”`;
  return figure(width, [map], {
    shows: `Every head set to zero alone, where the question is asked: how far ${what} falls without it (hatched: it rises).`,
    made: tested,
    asked,
    about: targetOf(target),
  });
}

export function effectsTable(tested: ExplainPayload): Table {
  const of = tested.reference.kind === "versus" ? "logit difference" : "log-odds";
  return {
    head: ["head", "layer", "effect_nats", "effect_of", "probability", "probability_without"],
    rows: tested.head_effects.map((effect) => [
      nameOfHead(effect),
      effect.layer,
      effect.nats,
      of,
      tested.target.probability,
      effect.probability,
    ]),
  };
}
