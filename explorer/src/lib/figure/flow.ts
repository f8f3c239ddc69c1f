/** The flow: the few paths that carry the prediction, as a graph of token columns, and the largest of them as bars. */
import type { PathsPayload } from "../../protocol/payloads";
import { type Column, columnToken, type Edge, type Flow, type Node, namesOf, pathName } from "../flow";
import { labelOf, signed } from "../format";
import { layoutOf, lineOf, scaled, TEXT } from "../layout";
import { inStack } from "../parts";
import type { Box } from "../route";
import { type BarRow, barChart, signedAxis } from "./bars";
import { type Asked, type Figure, figure } from "./figure";
import { explainedValue, named, targetOf } from "./said";
import { type Drawn, element, INK, NEGATIVE, PAGE, POSITIVE, rect, text } from "./svg";
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

const MOST_HIGH = 480;
/** Points for a pixel of the page, at most. */
const LARGEST = 0.7;

/** The graph of the page, as large as fits. */
function graph(payload: PathsPayload, flow: Flow): Drawn {
  const token = (column: Column) => labelOf(columnToken(payload, column));
  const names = namesOf(flow.nodes, token).set("output", `${named(payload.target.text)} ${signed(payload.value)}`);
  const page = layoutOf(flow.nodes, names);
  const scale = Math.min(LARGEST, PAGE / page.width, MOST_HIGH / page.height);
  const layout = scaled(page, scale, (PAGE - page.width * scale) / 2);
  const largest = Math.max(0, ...flow.edges.map((edge) => Math.abs(edge.value)));
  const body = [
    ...flow.edges.map((edge) => edgeOf(edge, lineOf(edge.from, edge.to, layout), largest)),
    ...flow.nodes.map((node) => boxOf(node, names.get(node.id) ?? node.label, layout.boxes.get(node.id) as Box, scale)),
    ...layout.bands.map(({ column, x, width }) =>
      text(x + width / 2, layout.height - 6, `${inStack(String(column.position), column.ofSource)} ${token(column)}`, {
        size: (TEXT + 1) * scale,
        anchor: "middle",
        bold: true,
      }),
    ),
  ];
  return { height: layout.height, body: body.join("\n") };
}

function boxOf(node: Node, name: string, { x, y, width, height }: Box, scale: number): string {
  const shape = { rx: node.carries ? height / 2 : 1, fill: "#fff", stroke: INK, "stroke-width": 0.6 };
  return (
    rect(x - width / 2, y - height / 2, width, height, shape) +
    text(x, y + 4 * scale, name, { size: TEXT * scale, anchor: "middle", bold: node.label === "" })
  );
}

function edgeOf({ value }: Edge, d: string, largest: number): string {
  return element("path", {
    d,
    fill: "none",
    stroke: value < 0 ? NEGATIVE : POSITIVE,
    "stroke-width": 0.6 + 4 * (largest > 0 ? Math.abs(value) / largest : 0),
    "stroke-dasharray": value < 0 ? "4 3" : undefined,
    "stroke-opacity": 0.8,
  });
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
