/** Where the nodes of a flow stand, on the page and in its figure: a band for each token, heights by layer. */
import { type Column, columnKey, columnsOf, type Node } from "./flow";
import { total } from "./ledger";
import { type Box, bendOf } from "./route";

const ROW = 34;
/** The height of a node. */
const HIGH = 20;
/** The size of the text in a node, and the width of its letters. */
export const TEXT = 11;
const LETTER = 6.6;
/** Between nodes of a row. */
const GAP = 18;
/** Below the nodes stand the tokens. */
const BELOW = 46;
/** The least room of a token, and of one at which many nodes stand. */
const LEAST = 90;
const MANY = 420;

export interface Band {
  column: Column;
  x: number;
  width: number;
}
export interface Layout {
  boxes: Map<string, Box>;
  bands: Band[];
  width: number;
  height: number;
}

/** A band is as wide as its fullest row. What room is left goes between the nodes. */
export function layoutOf(nodes: readonly Node[], names: ReadonlyMap<string, string>, room = 0): Layout {
  const heights = [...new Set(nodes.map((node) => node.height))].sort((one, other) => other - one);
  const columns = columnsOf(nodes);
  const widthOf = (node: Node) => Math.max((names.get(node.id) ?? "").length * LETTER + 12, 34);
  const widthOfRow = (row: readonly Node[]) => total(row.map((node) => widthOf(node) + GAP));
  const inBand = columns.map((column) => nodes.filter((node) => columnKey(node) === columnKey(column)));
  const rowsOf = (band: readonly Node[]) =>
    heights.flatMap((height, level) =>
      [true, false].map((carries) => ({
        level,
        side: carries ? -1 : 1,
        row: band.filter((node) => node.height === height && node.carries === carries),
      })),
    );
  const least = inBand.map((band) => {
    const widest = GAP + Math.max(...rowsOf(band).map(({ row }) => widthOfRow(row)));
    const sides = band.length === 1 ? 1 : 2;
    return Math.max(LEAST, band.length > heights.length / 2 ? MANY : 0, sides * widest);
  });
  const needed = total(least);
  const stretch = Math.max(1, room / needed);
  const boxes = new Map<string, Box>();
  const bands: Band[] = [];
  let x = 0;
  columns.forEach((column, place) => {
    const band = inBand[place] ?? [];
    const width = (least[place] ?? 0) * stretch;
    bands.push({ column, x, width });
    for (const { level, side, row } of rowsOf(band)) {
      // A fan that is steep at the top: a straight line from below to the top passes inside of those between.
      const fan = Math.min((width / 2) * Math.sqrt(level / heights.length), width / 2 - widthOfRow(row));
      let out = Math.max(GAP, fan);
      for (const node of row) {
        const own = widthOf(node);
        const away = node.id === "output" || band.length === 1 ? 0 : out + own / 2;
        boxes.set(node.id, { x: x + width / 2 + side * away, y: level * ROW + HIGH, width: own, height: HIGH });
        out += own + GAP;
      }
    }
    x += width;
  });
  return { boxes, bands, width: Math.max(needed, room), height: heights.length * ROW + BELOW };
}

/** A layout as it is drawn in other units, from some place on. */
export function scaled({ boxes, bands, width, height }: Layout, scale: number, left: number): Layout {
  const moved = [...boxes].map(([id, box]): [string, Box] => [
    id,
    { x: left + box.x * scale, y: box.y * scale, width: box.width * scale, height: box.height * scale },
  ]);
  return {
    boxes: new Map(moved),
    bands: bands.map((band) => ({ ...band, x: left + band.x * scale, width: band.width * scale })),
    width: left + width * scale,
    height: height * scale,
  };
}

/** The path from the upper edge of one node to the lower edge of another, around the others. */
export function lineOf(from: string, to: string, { boxes, width }: Layout): string {
  const [start, end] = [boxes.get(from), boxes.get(to)];
  if (!start || !end) return "";
  const others = [...boxes].flatMap(([id, box]) => (id === from || id === to ? [] : [box]));
  const [low, high] = [
    { x: start.x, y: start.y - start.height / 2 },
    { x: end.x, y: end.y + end.height / 2 },
  ];
  const bend = bendOf(low, high, others, width);
  const points = [low, bend, high].map(({ x, y }) => `${Number(x.toFixed(2))},${Number(y.toFixed(2))}`);
  return `M${points[0]} Q${points[1]} ${points[2]}`;
}
