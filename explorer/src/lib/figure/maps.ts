/** Maps: the logit lens, the attention pattern of a head, and the effect of patching. */
import type { AttentionPayload, LensCell, LensPayload, PatchCell, PatchPayload, Target } from "../../protocol/payloads";
import { amountColour, signColour } from "../colours";
import { decimal, labelOf, type Placed, signed, visible } from "../format";
import { headPart, nameOf } from "../parts";
import { type Asked, type Figure, figure } from "./figure";
import { heatMap, type Legend } from "./map";
import { layerName, named, targetOf } from "./said";
import { COLUMN, PAGE } from "./svg";
import type { Table } from "./table";

/** Tokens that a map shows, from the first of the window on. */
export interface Shown {
  start: number;
  size: number;
}

export type Measure = "rank" | "probability" | "top";
export const MEASURES: Record<Measure, string> = {
  rank: "rank of the target",
  probability: "probability of the target",
  top: "probability of the top token",
};

/** How bright a cell of the lens is, from 0 to 1: a rank by its logarithm. */
export function brightness(cell: LensCell, measure: Measure, vocabulary: number): number {
  if (measure === "rank") return 1 - Math.log(cell.rank) / Math.log(vocabulary);
  return measure === "probability" ? cell.probability : (cell.top_probability[0] ?? 0);
}

export function lensFigure(lens: LensPayload, target: Target, measure: Measure, window: Shown, asked: Asked): Figure {
  const cells = within(lens.cells, window);
  const { layers, positions, at } = placed(cells);
  const vocabulary = lens.model.vocab;
  const map = heatMap(positions.length > 6 ? PAGE : COLUMN, {
    columns: positions.length,
    rows: layers.length,
    colour: (column, row) => {
      const cell = at(column, row);
      return cell ? amountColour(brightness(cell, measure, vocabulary)) : null;
    },
    words: (column, row) => visible(at(column, row)?.top[0]?.text ?? ""),
    columnName: (column) => labelOf(lens.tokens[positions[column] ?? -1]),
    rowName: (row) => layerName(layers[row] ?? null),
    columnLabel: "token",
    rowLabel: "layer",
    legend: lensLegend(measure, vocabulary),
  });
  return figure(positions.length > 6 ? PAGE : COLUMN, [map], {
    shows: `Logit lens: what the stream would predict after each layer at each token; each cell that has room holds its top token. Colour: ${MEASURES[measure]}, “${named(target.text)}”.${windowed(window, lens.tokens.length)}`,
    made: lens,
    asked,
    about: targetOf(target),
  });
}

function lensLegend(measure: Measure, vocabulary: number): Legend {
  const label = measure === "rank" ? `${MEASURES.rank} (log)` : MEASURES[measure];
  const ends = measure === "rank" ? { low: vocabulary.toLocaleString("en"), high: "1" } : { low: "0", high: "1" };
  return { label, colour: amountColour, ...ends };
}

function windowed({ start, size }: Shown, length: number): string {
  return size >= length ? "" : ` Tokens ${start} to ${Math.min(start + size, length) - 1} of ${length}.`;
}

function within<Cell extends { position: number | null }>(cells: readonly Cell[], { start, size }: Shown): Cell[] {
  return cells.filter(({ position }) => (position ?? 0) >= start && (position ?? 0) < start + size);
}

/** Cells by layer, the last at the top, and by position. */
function placed<Cell extends { layer: number | null; position: number | null }>(cells: readonly Cell[]) {
  const layers = [...new Set(cells.map((cell) => cell.layer))].sort((one, other) => (other ?? -1) - (one ?? -1));
  const positions = [...new Set(cells.map((cell) => cell.position ?? 0))].sort((one, other) => one - other);
  const byPlace = new Map(cells.map((cell) => [`${cell.layer} ${cell.position ?? 0}`, cell]));
  const at = (column: number, row: number): Cell | undefined =>
    byPlace.get(`${layers[row] ?? null} ${positions[column]}`);
  return { layers, positions, at };
}

export function lensTable(lens: LensPayload, window: Shown): Table {
  return {
    head: ["layer", "position", "token", "top_token", "top_probability", "target", "rank", "probability", "kl_nats"],
    rows: within(lens.cells, window).map((cell) => [
      layerName(cell.layer),
      cell.position,
      lens.tokens[cell.position]?.text ?? null,
      cell.top[0]?.text ?? null,
      cell.top_probability[0] ?? null,
      lens.targets.find((target) => target.position === cell.position)?.text ?? null,
      cell.rank,
      cell.probability,
      cell.kl,
    ]),
  };
}

/** What a head can look at: the tokens of the prompt, or what the encoder read. */
function readBy(payload: AttentionPayload): (Placed & { position: number })[] {
  const [head] = payload.heads;
  return head?.cross || head?.encoder
    ? (payload.sources ?? []).map(({ position, label }) => ({ position, text: label }))
    : payload.tokens;
}

/** The whole pattern of one head, query by key. */
export function attentionFigure(payload: AttentionPayload, window: Shown, asked: Asked): Figure {
  const [head] = payload.heads;
  const { matrix } = payload;
  const read = readBy(payload);
  const whole = head?.encoder || (payload.model.bidirectional ?? false);
  const size = Math.min(window.size, read.length - window.start);
  const text = (place: number) => labelOf(read[window.start + place]);
  const share = (row: number, column: number) => matrix?.[window.start + row]?.[window.start + column] ?? 0;
  const map = heatMap(COLUMN, {
    columns: size,
    rows: size,
    square: true,
    colour: (column, row) => (column > row && !whole ? null : amountColour(share(row, column))),
    words: (column, row) => decimal(share(row, column)),
    columnName: text,
    rowName: text,
    columnLabel: "to (key)",
    rowLabel: "from (query)",
    legend: { label: "attention", colour: amountColour, low: "0", high: "1" },
  });
  const name = head ? nameOf(headPart(head)) : "the head";
  return figure(COLUMN, [map], {
    shows: `Attention pattern of ${name}: the share of its attention from each token (rows, each coming to 1) to each token (columns).${windowed(window, read.length)}`,
    made: payload,
    asked,
    about: targetOf(payload.target),
  });
}

export function attentionTable(payload: AttentionPayload, window: Shown): Table {
  const [head] = payload.heads;
  const read = readBy(payload);
  const whole = head?.encoder || (payload.model.bidirectional ?? false);
  const places = read.slice(window.start, window.start + window.size);
  const name = head ? nameOf(headPart(head)) : "";
  return {
    head: ["head", "from_position", "from_token", "to_position", "to_token", "attention", "norm_written"],
    rows: places.flatMap((from) =>
      places
        .filter((to) => whole || to.position <= from.position)
        .map((to) => {
          const share = payload.matrix?.[from.position]?.[to.position] ?? null;
          const norm = payload.norms?.[to.position] ?? null;
          const written = share === null || norm === null ? null : share * norm;
          return [name, from.position, from.text, to.position, to.text, share, written];
        }),
    ),
  };
}

/** All heads of a layer as a table: their attention from the explained position, and what each token gives through them. */
export function headsTable(payload: AttentionPayload, window: Shown): Table {
  return {
    head: ["head", "position", "token", "attention", "gives_logits"],
    rows: payload.heads.flatMap((head) =>
      readBy(payload)
        .slice(window.start, window.start + window.size)
        .filter(({ position }) => position < head.pattern.length)
        .map(({ position, text }) => [
          nameOf(headPart(head)),
          position,
          text,
          head.pattern[position] ?? null,
          head.contribution[position] ?? null,
        ]),
    ),
  };
}

/** All heads of a layer: what they look at from the explained position. */
export function headsFigure(payload: AttentionPayload, window: Shown, asked: Asked): Figure {
  const read = readBy(payload).slice(window.start, window.start + window.size);
  const { heads } = payload;
  const width = read.length > 12 ? PAGE : COLUMN;
  const places = { columns: read.length, rows: heads.length };
  const names = {
    columnName: (column: number) => labelOf(read[column]),
    rowName: (row: number) => (heads[row] ? nameOf(headPart(heads[row])) : ""),
    columnLabel: "to (key)",
    rowLabel: "head",
  };
  const at = (of: "pattern" | "contribution", column: number, row: number) =>
    heads[row]?.[of][read[column]?.position ?? -1];
  const largest = Math.max(0, ...heads.flatMap((head) => head.contribution.map(Math.abs)));
  const attention = heatMap(width, {
    ...places,
    ...names,
    colour: (column, row) => {
      const share = at("pattern", column, row);
      return share === undefined ? null : amountColour(share);
    },
    words: (column, row) => decimal(at("pattern", column, row) ?? 0),
    legend: { label: "attention", colour: amountColour, low: "0", high: "1" },
  });
  const given = heatMap(width, {
    ...places,
    ...names,
    colour: (column, row) => {
      const value = at("contribution", column, row);
      return value === undefined ? null : signColour(value, largest, false);
    },
    negative: (column, row) => (at("contribution", column, row) ?? 0) < -largest / 20,
    words: (column, row) => signed(at("contribution", column, row) ?? 0),
    legend: signLegend("gives through the head, logits", largest),
  });
  return figure(width, [attention, given], {
    shows: `Heads of layer ${heads[0]?.layer ?? ""} from position ${payload.position}: their attention to each token (above), and what each token gives “${named(payload.target.text)}” through them (below; hatched: lowers it).${windowed(window, readBy(payload).length)}`,
    made: payload,
    asked,
    about: targetOf(payload.target),
  });
}

/** The legend of a map whose colours have a sign. */
export function signLegend(label: string, largest: number): Legend {
  return {
    label,
    colour: (share) => signColour(2 * share - 1, 1, false),
    low: signed(-largest),
    middle: "0",
    high: signed(largest),
  };
}

const SITES: Record<string, string> = {
  resid_pre: "the stream before each block",
  attention: "what each attention writes",
  mlp: "what each MLP writes",
};

export function patchFigure(payload: PatchPayload, window: Shown, asked: Asked): Figure {
  const order = [...new Set(payload.grid.map((cell) => cell.position ?? 0))].sort((one, other) => one - other);
  const positions = order.slice(window.start, window.start + window.size);
  const { layers, at } = placed(payload.grid);
  const first = window.start;
  const cellAt = (column: number, row: number): PatchCell | undefined => at(first + column, row);
  const largest = Math.max(1, ...payload.grid.map((cell) => Math.abs(cell.effect ?? 0)));
  const width = positions.length > 12 ? PAGE : COLUMN;
  const map = heatMap(width, {
    columns: positions.length,
    rows: layers.length,
    colour: (column, row) => {
      const effect = cellAt(column, row)?.effect;
      return effect === undefined || effect === null ? null : signColour(effect, largest, false);
    },
    negative: (column, row) => (cellAt(column, row)?.effect ?? 0) < -0.05 * largest,
    words: (column, row) => signed(cellAt(column, row)?.effect ?? 0),
    columnName: (column) => labelOf(payload.clean_tokens[positions[column] ?? -1]),
    rowName: (row) => layerName(layers[row] ?? null),
    columnLabel: "token of A",
    rowLabel: "layer",
    legend: signLegend("effect (0: as B; 1: as A)", largest),
  });
  const answer = named((payload.target ?? []).map((token) => token.text).join(""));
  const over = payload.versus ? ` over “${named(payload.versus.text)}”` : "";
  return figure(width, [map], {
    shows: `Activation patching: prompt B run with one value of prompt A at a time, ${SITES[payload.site] ?? payload.site}. ${sentenceCase(payload.metric.replace("-", " "))} of “${answer}”${over}: ${decimal(payload.clean)} in A, ${decimal(payload.corrupt)} in B.${windowed(window, order.length)}`,
    made: payload,
    asked,
  });
}

function sentenceCase(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export function patchTable(payload: PatchPayload): Table {
  return {
    head: ["site", "layer", "position", "token", payload.metric.replaceAll("-", "_"), "effect"],
    rows: payload.grid.map((cell) => [
      payload.site,
      cell.layer,
      cell.position,
      cell.position === null ? null : (payload.clean_tokens[cell.position]?.text ?? null),
      cell.value,
      cell.effect,
    ]),
  };
}
