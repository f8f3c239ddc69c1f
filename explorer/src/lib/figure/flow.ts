/** The flow: the few paths that carry the prediction, as a graph of token columns, and the largest of them as bars. */
import type { PathsPayload } from "../../protocol/payloads";
import { type Column, columnKey, columnsOf, columnToken, type Flow, type Node, pathName } from "../flow";
import { labelOf, signed } from "../format";
import { inStack } from "../parts";
import { type BarRow, barChart, signedAxis } from "./bars";
import { type Asked, type Figure, figure } from "./figure";
import { explainedValue, named, targetOf } from "./said";
import { type Drawn, element, INK, NEGATIVE, PAGE, POSITIVE, rect, SIZE, text, widthOf } from "./svg";
import type { Table } from "./table";

const LISTED = 10;
const NAMES = 320;

export function flowFigure(payload: PathsPayload, flow: Flow, asked: Asked): Figure {
  const token = (column: Column) => labelOf(columnToken(payload, column));
  const rows: BarRow[] = [
    ...flow.paths
      .slice(0, LISTED)
      .map((path) => ({ name: pathName(path, token), value: path.value, number: signed(path.value) })),
  ];
  const axis = signedAxis(
    rows.map((row) => row.value),
    "logits",
    (value) => signed(value, 1),
  );
  const pieces = [graph(payload, flow), ...(rows.length > 0 ? [barChart(PAGE, { rows, axis, names: NAMES })] : [])];
  const { remainder } = flow;
  return figure(PAGE, pieces, {
    shows: `Paths from where something is written to ${explainedValue(payload.target, payload.reference)} (${signed(payload.value)}): solid raises it, dashed lowers it, wider is more. ${flow.paths.length} paths are drawn; ${remainder.count} others, constants and unopened heads (net) carry ${signed(remainder.value)}.`,
    made: payload,
    asked,
    about: targetOf(payload.target),
  });
}

const ROW = 24;
const MOST_HIGH = 480;
const BOX = 12;

function graph(payload: PathsPayload, flow: Flow): Drawn {
  const columns = columnsOf(flow.nodes);
  const heights = [...new Set(flow.nodes.map((node) => node.height))].sort((one, other) => other - one);
  const step = Math.max(...flow.nodes.map((node) => boxWidth(payload, node))) + 14;
  const row = Math.min(ROW, MOST_HIGH / heights.length);
  const places = placesOf(flow.nodes, columns, heights, step, row);
  const wide = Math.max(...[...places.values()].map(({ x }) => x)) + step / 2;
  const scale = Math.min(1, PAGE / wide);
  const left = (PAGE - wide * scale) / 2;
  const high = heights.length * row + 16;
  const largest = Math.max(0, ...flow.edges.map((edge) => Math.abs(edge.value)));
  const body = [
    ...flow.edges.map(({ from, to, value }) => edgeOf(places.get(from), places.get(to), value, largest)),
    ...flow.nodes.map((node) => boxOf(payload, node, places.get(node.id) ?? { x: 0, y: 0 })),
    ...columns.map((column) => {
      const inside = flow.nodes.filter((node) => columnKey(node) === columnKey(column));
      const x = Math.min(...inside.map((node) => places.get(node.id)?.x ?? 0));
      const name = `${inStack(String(column.position), column.ofSource)} ${labelOf(columnToken(payload, column))}`;
      return text(x, high - 4, name, { size: SIZE, anchor: "middle", bold: true });
    }),
  ];
  const transform = `translate(${left.toFixed(3)} 0) scale(${scale.toFixed(4)})`;
  return { height: high * scale, body: element("g", { transform }, body.join("\n")) };
}

interface Place {
  x: number;
  y: number;
}

function nodeLabel(payload: PathsPayload, node: Node): string {
  return node.label === "" ? `${named(payload.target.text)} ${signed(payload.value)}` : node.label;
}

function boxWidth(payload: PathsPayload, node: Node): number {
  return widthOf(nodeLabel(payload, node), SIZE - 1) + 8;
}

function boxOf(payload: PathsPayload, node: Node, { x, y }: Place): string {
  const width = boxWidth(payload, node);
  const box = { rx: node.carries ? BOX / 2 : 1, fill: "#fff", stroke: INK, "stroke-width": 0.6 };
  return (
    rect(x - width / 2, y - BOX / 2, width, BOX, box) +
    text(x, y + 2.5, nodeLabel(payload, node), { size: SIZE - 1, anchor: "middle", bold: node.label === "" })
  );
}

function edgeOf(from: Place | undefined, to: Place | undefined, value: number, largest: number): string {
  if (!from || !to) return "";
  const bend = (from.y + to.y) / 2;
  const [start, end] = [from.y - BOX / 2, to.y + BOX / 2];
  return element("path", {
    d: `M${from.x.toFixed(2)},${start.toFixed(2)} C${from.x.toFixed(2)},${bend.toFixed(2)} ${to.x.toFixed(2)},${bend.toFixed(2)} ${to.x.toFixed(2)},${end.toFixed(2)}`,
    fill: "none",
    stroke: value < 0 ? NEGATIVE : POSITIVE,
    "stroke-width": 0.6 + 4 * (largest > 0 ? Math.abs(value) / largest : 0),
    "stroke-dasharray": value < 0 ? "3 2" : undefined,
    "stroke-opacity": 0.8,
  });
}

/** Columns by token, heights by layer. Heads stand in line, writes to their right, so that no line runs through both. */
function placesOf(
  nodes: readonly Node[],
  columns: readonly Column[],
  heights: readonly number[],
  step: number,
  row: number,
): Map<string, Place> {
  const inLine = (node: Node) => node.carries || node.label === "";
  const withHeads = new Set(nodes.filter(inLine).map(columnKey));
  const taken = new Map<string, number>();
  const slots = nodes.map((node) => {
    const key = `${columnKey(node)} ${node.height}`;
    const slot = taken.get(key) ?? (inLine(node) || !withHeads.has(columnKey(node)) ? 0 : 1);
    taken.set(key, slot + 1);
    return slot;
  });
  const starts = new Map<string, number>();
  let x = step / 2;
  for (const key of columns.map(columnKey)) {
    starts.set(key, x);
    x += step * (1 + Math.max(...nodes.map((node, place) => (columnKey(node) === key ? (slots[place] ?? 0) : 0))));
  }
  return new Map(
    nodes.map((node, place) => [
      node.id,
      {
        x: (starts.get(columnKey(node)) ?? 0) + (slots[place] ?? 0) * step,
        y: heights.indexOf(node.height) * row + BOX / 2 + 2,
      },
    ]),
  );
}

export function flowTable(payload: PathsPayload): Table {
  const token = (column: Column) => columnToken(payload, column)?.text ?? "";
  return {
    head: ["path", "starts_at", "layer", "position", "of_source", "heads", "logits"],
    rows: payload.paths.map((path) => [
      pathName(path, token),
      path.kind,
      path.layer,
      path.position,
      String(path.of_source ?? false),
      path.steps
        .map((step) => `${inStack(`L${step.layer}.${step.cross ? "X" : "H"}${step.head}`, step.encoder ?? false)}`)
        .join(" "),
      path.value,
    ]),
  };
}
