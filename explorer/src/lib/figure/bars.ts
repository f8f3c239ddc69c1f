/** Horizontal bars under an axis: names, bars with their numbers, marks of what was before. */
import { cut, DIM, type Drawn, INK, LINE, line, rect, SIZE, SMALL, signedRect, text, widthOf } from "./svg";

export interface BarRow {
  name: string;
  value: number;
  /** The number as it is read, beside the bar. */
  number: string;
  /** What stands in the columns to the right of the bars. */
  notes?: string[];
  /** Drawn in grey: a sum of what is not listed. */
  other?: boolean;
  /** Below a line: a total. */
  total?: boolean;
}

export interface Axis {
  label: string;
  /** What a tick is called. */
  tick: (value: number) => string;
  low: number;
  high: number;
}

export interface BarChart {
  rows: BarRow[];
  axis: Axis;
  /** A line at this value, and what it is called. */
  mark?: { value: number; label: string };
  /** Widths and heads of the columns to the right. */
  notes?: { width: number; head: string }[];
  head?: string;
  names?: number;
  /** One colour without sign, where values are amounts. */
  amounts?: boolean;
}

const ROW = 12;
const BAR = 7.5;
const NUMBER = SIZE - 1;

/** Bars as wide as a figure. A bar is as long as its value on the axis, always. */
export function barChart(width: number, chart: BarChart): Drawn {
  const { rows, axis, notes = [] } = chart;
  const names = chart.names ?? Math.min(Math.max(30, ...rows.map((row) => widthOf(row.name))) + 8, width * 0.36);
  const numbers = 4 + Math.max(...rows.map((row) => widthOf(row.number, NUMBER)), 10);
  const beside = notes.reduce((sum, note) => sum + note.width, 0);
  const negative = axis.low < 0;
  const left = names + (negative ? numbers : 2);
  const right = width - beside - numbers;
  const x = (value: number) => left + ((value - axis.low) / Math.max(axis.high - axis.low, 1e-12)) * (right - left);
  const headed = chart.mark !== undefined || notes.some((note) => note.head) || chart.head !== undefined;
  const top = headed ? 13 : 2;
  const bottom = top + rows.length * ROW;
  const starts = notes.map(
    (_, place) => right + numbers + notes.slice(0, place).reduce((sum, note) => sum + note.width, 6),
  );
  const body = [
    ...(chart.head ? [text(0, 8, chart.head, { size: SMALL, fill: DIM })] : []),
    ...notes.map((note, place) => text(starts[place] ?? 0, 8, note.head, { size: SMALL, fill: DIM })),
    ...ticksOf(axis).map((value) => line(x(value), top, x(value), bottom, { stroke: value === 0 ? INK : LINE })),
    ...rows.map((row, place) => barRow(row, top + place * ROW, { x, names, width, chart, starts })),
    ...(chart.mark ? marked(x(chart.mark.value), top, bottom, chart.mark.label, [left, right]) : []),
    ...axisNames(axis, x, bottom),
    text((left + right) / 2, bottom + 19, axis.label, { size: SMALL + 0.5, anchor: "middle" }),
  ];
  return { height: bottom + 22, body: body.join("\n") };
}

interface Place {
  x: (value: number) => number;
  names: number;
  width: number;
  chart: BarChart;
  starts: number[];
}

function barRow(row: BarRow, y: number, { x, names, width, chart, starts }: Place): string {
  const [zero, end] = [x(0), x(row.value)];
  const [from, long] = [Math.min(zero, end), Math.abs(end - zero)];
  const negative = row.value < 0;
  const middle = y + ROW / 2 + 2.6;
  const bar = row.other
    ? rect(from, y + (ROW - BAR) / 2, long, BAR, { fill: "#9a9a94" })
    : chart.amounts
      ? rect(from, y + (ROW - BAR) / 2, long, BAR, { fill: "#4d5f80" })
      : signedRect(from, y + (ROW - BAR) / 2, long, BAR, negative);
  const past = Math.max(end, chart.mark && !negative ? nudged(end, x(chart.mark.value), row.number) : end);
  const notes = (row.notes ?? []).map((note, place) => {
    const room = (chart.notes?.[place]?.width ?? 0) - 6;
    return text(starts[place] ?? 0, middle, cut(note, room, SMALL), { size: SMALL });
  });
  return [
    row.total ? line(0, y, width, y, { stroke: INK }) : "",
    text(0, middle, cut(row.name, names - 4), { bold: row.total ?? false }),
    bar,
    text(negative ? end - 2.5 : past + 2.5, middle, row.number, {
      size: NUMBER,
      anchor: negative ? "end" : "start",
      bold: row.total ?? false,
    }),
    ...notes,
  ].join("");
}

/** Where a number starts so that the mark does not strike it through. */
function nudged(end: number, mark: number, number: string): number {
  return mark > end - 1 && mark < end + 5 + widthOf(number, NUMBER) ? mark : end;
}

function marked(x: number, top: number, bottom: number, label: string, [left, right]: [number, number]): string[] {
  const half = widthOf(label, SMALL) / 2;
  const at = Math.min(Math.max(x, left + half), Math.max(right - half, left + half));
  return [
    line(x, top - 3, x, bottom, { stroke: INK, "stroke-width": 0.9, "stroke-dasharray": "2.5 1.5" }),
    text(at, top - 5, label, { size: SMALL, anchor: "middle" }),
  ];
}

function axisNames(axis: Axis, x: (value: number) => number, bottom: number): string[] {
  return ticksOf(axis).map((value) =>
    text(x(value), bottom + 9, axis.tick(value), { size: SMALL, anchor: "middle", fill: DIM }),
  );
}

/** Round values inside an axis, five or so. */
export function ticksOf({ low, high }: Pick<Axis, "low" | "high">, about = 4): number[] {
  const span = high - low;
  if (!(span > 0)) return [low];
  const rough = span / about;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= 0.75 * rough) ?? 10) * power;
  const first = Math.ceil(low / step - 1e-9);
  const count = Math.floor(high / step + 1e-9) - first + 1;
  return Array.from({ length: count }, (_, place) => Number(((first + place) * step).toPrecision(12)));
}

/** The axis of signed values: from the smallest to the largest, and 0. */
export function signedAxis(values: readonly number[], label: string, tick: (value: number) => string): Axis {
  const [low, high] = [Math.min(0, ...values), Math.max(0, ...values)];
  return { label, tick, low, high: high === low ? low + 1 : high };
}

/** The axis of probabilities. */
export function probabilityAxis(label: string): Axis {
  return { label, tick: (value) => `${Math.round(100 * value)}%`, low: 0, high: 1 };
}
