/** A map of coloured cells, layers up or queries down, with names on both sides and a legend of the colours. */
import { inkOn } from "../colours";
import { cut, DIM, type Drawn, INK, LINE, rect, SMALL, text, widthOf } from "./svg";

export interface HeatMap {
  columns: number;
  rows: number;
  /** Null is an empty cell. Row 0 is at the top. */
  colour(column: number, row: number): string | null;
  /** What stands in a cell, where cells are wide enough. */
  words?(column: number, row: number): string;
  /** Hatched too, so that what is negative reads in grey. */
  negative?(column: number, row: number): boolean;
  columnName(column: number): string;
  rowName(row: number): string;
  columnLabel: string;
  rowLabel: string;
  /** Cells as high as wide. */
  square?: boolean;
  legend: Legend;
}

export interface Legend {
  label: string;
  /** The colour at a share of the scale, from 0 to 1. */
  colour(share: number): string;
  low: string;
  middle?: string;
  high: string;
}

const LEAST_FOR_WORDS = 22;
const WORDS = 5.6;

export function heatMap(width: number, map: HeatMap): Drawn {
  const rowNames = Array.from({ length: map.rows }, (_, row) => cut(map.rowName(row), 60, SMALL));
  const left = 14 + Math.max(0, ...rowNames.map((name) => widthOf(name, SMALL)));
  const wide = Math.min((width - left) / Math.max(map.columns, 1), 64);
  const spacious = map.words !== undefined && wide >= LEAST_FOR_WORDS;
  const high = map.square ? Math.min(wide, 26) : spacious ? 10 : Math.min(Math.max(wide, 4), 9);
  const across = map.square ? high : wide;
  const cells = Array.from({ length: map.rows }, (_, row) =>
    Array.from({ length: map.columns }, (_, column) =>
      cell(map, column, row, [left + column * across, row * high, across, high], spacious),
    ).join(""),
  );
  const bottom = map.rows * high;
  const names = columnNames(map, left, across, bottom);
  const middle = left + (map.columns * across) / 2;
  const below = bottom + names.height + 9;
  const key = legend(map.legend, Math.min(left + map.columns * across, width));
  const everyRow = Math.ceil(8 / high);
  const rows = rowNames.map((name, row) =>
    (map.rows - 1 - row) % everyRow === 0
      ? text(left - 3, (row + 0.5) * high + 2.3, name, { size: SMALL, anchor: "end" })
      : "",
  );
  const body = [
    ...cells,
    ...rows,
    names.body,
    text(6, bottom / 2, map.rowLabel, { size: SMALL + 0.5, anchor: "middle", turn: -90 }),
    text(middle, below, map.columnLabel, { size: SMALL + 0.5, anchor: "middle" }),
    `<g transform="translate(0 ${below + 6})">${key.body}</g>`,
  ];
  return { height: below + 6 + key.height, body: body.join("\n") };
}

type Box = [x: number, y: number, width: number, height: number];

function cell(map: HeatMap, column: number, row: number, box: Box, spacious: boolean): string {
  const colour = map.colour(column, row);
  if (colour === null) return "";
  const [x, y, width, height] = box;
  const gap = width > 8 ? 0.4 : 0;
  const size = [width - gap, height - gap] as const;
  const parts = [rect(x, y, ...size, { fill: colour })];
  if (map.negative?.(column, row)) parts.push(rect(x, y, ...size, { fill: "url(#hatched)", "fill-opacity": 0.6 }));
  if (spacious && map.words) {
    const words = cut(map.words(column, row), width - 3, WORDS);
    parts.push(
      text(x + size[0] / 2, y + height / 2 + 2, words, { size: WORDS, anchor: "middle", fill: inkOn(colour) }),
    );
  }
  return parts.join("");
}

/** Names under the columns: level where they fit, else slanted, and as many as have room. */
function columnNames(map: HeatMap, left: number, across: number, bottom: number): Drawn {
  const names = Array.from({ length: map.columns }, (_, column) => cut(map.columnName(column), 60, SMALL));
  const longest = Math.max(0, ...names.map((name) => widthOf(name, SMALL)));
  const every = Math.ceil(7.5 / across);
  const level = longest < across - 2;
  const body = names.map((name, column) => {
    if (column % every !== 0) return "";
    const x = left + (column + 0.5) * across;
    return level
      ? text(x, bottom + 8, name, { size: SMALL, anchor: "middle" })
      : text(x + 2, bottom + 6, name, { size: SMALL, anchor: "end", turn: -45 });
  });
  return { height: level ? 9 : 6 + longest * 0.72, body: body.join("") };
}

const STEPS = 48;
const BAR = 6;

/** A bar of colours, with what its ends are. */
export function legend(of: Legend, width: number): Drawn {
  const label = widthOf(of.label, SMALL);
  const long = Math.min(120, Math.max(60, width - label - 12));
  const x = Math.max(0, width - long);
  const step = long / STEPS;
  const bar = Array.from({ length: STEPS }, (_, place) =>
    rect(x + place * step, 0, step + 0.3, BAR, { fill: of.colour((place + 0.5) / STEPS) }),
  );
  const beside = x > label + 4;
  const body = [
    ...bar,
    rect(x, 0, long, BAR, { fill: "none", stroke: LINE, "stroke-width": 0.5 }),
    text(x, BAR + 7.5, of.low, { size: SMALL, fill: DIM }),
    of.middle ? text(x + long / 2, BAR + 7.5, of.middle, { size: SMALL, fill: DIM, anchor: "middle" }) : "",
    text(x + long, BAR + 7.5, of.high, { size: SMALL, fill: DIM, anchor: "end" }),
    beside
      ? text(x - 5, BAR - 0.5, of.label, { size: SMALL, anchor: "end", fill: INK })
      : text(x + long, BAR + 15.5, of.label, { size: SMALL, anchor: "end", fill: INK }),
  ];
  return { height: BAR + (beside ? 9 : 17), body: body.join("") };
}
