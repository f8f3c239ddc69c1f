/** The few paths that carry the prediction: the stream runs upward, heads move it between token columns. */

import { useSignal } from "@preact/signals";
import { useLatest } from "../hooks/useAsk";
import { usePage } from "../hooks/usePage";
import { flowFigure, flowTable } from "../lib/figure/flow";
import {
  type Column,
  columnKey,
  columnsOf,
  columnText,
  type Edge,
  type Flow,
  flowOf,
  type Node,
  pathName,
} from "../lib/flow";
import { share, signed, visible } from "../lib/format";
import { inStack, samePart } from "../lib/parts";
import type { PathsPayload } from "../protocol/payloads";
import { Exports } from "../ui/Exports";
import { Panel } from "../ui/Panel";
import { Status } from "../ui/Status";
import { Scroll, TableTwin } from "../ui/Table";

const COLUMN = 84;
/** With names of parts of an encoder, which are longer. */
const WIDER = 108;
const ROW = 30;

export function FlowPanel() {
  const page = usePage();
  const explained = page.explained.value;
  const followed = page.followed();
  const { answer, result, stale } = useLatest(followed ? { ask: "paths" as const, ...followed } : null);
  const threshold = useSignal(2);
  return (
    <div class="flow-place">
      {explained ? (
        <Panel
          name="flow"
          title="Flow"
          note="Paths from where something is written to the prediction. Solid orange raises, dashed purple lowers."
        >
          {page.reads() === null ? null : (
            <p class="note">
              Columns with the mark “enc.” are positions of the source; paths start in the encoder (enc.) and cross to
              the prompt by heads of cross-attention (X).
            </p>
          )}
          <Status answer={answer} />
          {result ? (
            <div class={stale ? "stale" : ""}>
              <label class="controls">
                Paths of at least {threshold.value}% of the logit{" "}
                <input
                  type="range"
                  min={0.5}
                  max={10}
                  step={0.5}
                  value={threshold.value}
                  onInput={(event) => (threshold.value = Number(event.currentTarget.value))}
                />
              </label>
              <Exports
                name="flow"
                figure={(asked) => flowFigure(result, flowOf(result, threshold.value / 100), asked)}
                table={() => flowTable(result)}
                data={result}
              />
              <Graph payload={result} flow={flowOf(result, threshold.value / 100)} />
            </div>
          ) : null}
        </Panel>
      ) : null}
    </div>
  );
}

function Graph({ payload, flow }: { payload: PathsPayload; flow: Flow }) {
  const token = (column: Column) => visible(columnText(payload, column));
  const columns = columnsOf(flow.nodes);
  const heights = [...new Set(flow.nodes.map((node) => node.height))].sort((one, other) => other - one);
  const places = placed(flow.nodes, columns, heights);
  const width = Math.max(1, ...[...places.values()].map((place) => place.x)) + COLUMN;
  const height = heights.length * ROW + 40;
  const largest = Math.max(0, ...flow.edges.map((edge) => Math.abs(edge.value)));
  const listed = flow.paths.map((path) => path.value);
  return (
    <>
      <Scroll label="Flow graph">
        <svg class="flow" width={width} height={height} viewBox={`0 0 ${width} ${height}`}>
          <title>{`${flow.paths.length} paths to ${visible(payload.target.text)}`}</title>
          {flow.edges.map((edge) => (
            <Line key={`${edge.from} ${edge.to}`} edge={edge} places={places} largest={largest} />
          ))}
          {flow.nodes.map((node) => (
            <Spot
              key={node.id}
              node={node}
              place={places.get(node.id) ?? { x: 0, y: 0 }}
              label={node.id === "output" ? `${visible(payload.target.text)} ${signed(payload.value)}` : node.label}
            />
          ))}
          {columns.map((column) => (
            <text key={columnKey(column)} class="column" x={columnX(places, flow.nodes, column)} y={height - 10}>
              {inStack(String(column.position), column.ofSource)} {token(column)}
            </text>
          ))}
        </svg>
      </Scroll>
      <p class="note">
        {flow.paths.length} paths carry {signed(listed.reduce((sum, value) => sum + value, 0))} of{" "}
        {signed(payload.value)};{" "}
        <strong>
          {flow.remainder.count} other paths, constants and unopened heads (net) {signed(flow.remainder.value)}
        </strong>{" "}
        ({share(Math.abs(flow.remainder.value / payload.value))} of the logit).
      </p>
      <TableTwin
        label="paths"
        head={["path", "logits"]}
        rows={() => [
          ...flow.paths.map((path) => [pathName(path, token), signed(path.value)]),
          ["all others (net)", signed(flow.remainder.value)],
        ]}
      />
    </>
  );
}

interface Place {
  x: number;
  y: number;
}

/** Columns by token, heights by layer. Heads stand in line, writes to their right, so that no line runs through both. */
function placed(nodes: readonly Node[], columns: readonly Column[], heights: readonly number[]): Map<string, Place> {
  const widths = new Map<string, number>();
  const slots = new Map<string, number>();
  const withHeads = new Set(nodes.filter(inLine).map(columnKey));
  const slotOf = nodes.map((node) => {
    const column = columnKey(node);
    const key = `${column} ${node.height}`;
    const slot = slots.get(key) ?? (inLine(node) || !withHeads.has(column) ? 0 : 1);
    slots.set(key, slot + 1);
    widths.set(column, Math.max(widths.get(column) ?? 0, slot + 1));
    return slot;
  });
  const starts = new Map<string, number>();
  const step = columns.some((column) => column.ofSource) ? WIDER : COLUMN;
  let x = step / 2;
  for (const column of columns.map(columnKey)) {
    starts.set(column, x);
    x += step * (widths.get(column) ?? 1);
  }
  return new Map(
    nodes.map((node, place) => [
      node.id,
      {
        x: (starts.get(columnKey(node)) ?? 0) + (slotOf[place] ?? 0) * step,
        y: heights.indexOf(node.height) * ROW + 18,
      },
    ]),
  );
}

function inLine(node: Node): boolean {
  return node.carries || node.id === "output";
}

function columnX(places: Map<string, Place>, nodes: readonly Node[], column: Column): number {
  const inside = nodes.filter((node) => columnKey(node) === columnKey(column));
  return Math.min(...inside.map((node) => places.get(node.id)?.x ?? 0));
}

function Line({ edge, places, largest }: { edge: Edge; places: Map<string, Place>; largest: number }) {
  const [from, to] = [places.get(edge.from), places.get(edge.to)];
  if (!from || !to) return null;
  const bend = (from.y + to.y) / 2;
  return (
    <path
      class={edge.value < 0 ? "edge negative" : "edge positive"}
      d={`M${from.x},${from.y - 9} C${from.x},${bend} ${to.x},${bend} ${to.x},${to.y + 9}`}
      stroke-width={1 + 6 * (largest > 0 ? Math.abs(edge.value) / largest : 0)}
    >
      <title>{signed(edge.value)}</title>
    </path>
  );
}

function Spot({ node, place, label }: { node: Node; place: Place; label: string }) {
  const page = usePage();
  const { part } = node;
  const width = Math.max(label.length * 6.6 + 10, 30);
  const shape = (
    <>
      <rect x={place.x - width / 2} y={place.y - 9} width={width} height={18} rx={node.carries ? 9 : 2} />
      <text x={place.x} y={place.y + 4}>
        {label}
      </text>
    </>
  );
  if (!part) return <g class="spot">{shape}</g>;
  const selected = samePart(part, page.state.value.selection);
  return (
    // biome-ignore lint/a11y/useSemanticElements: SVG has no button
    <g
      class={`spot choosable${samePart(part, page.hovered.value) ? " hovered" : ""}`}
      role="button"
      tabIndex={0}
      aria-pressed={selected}
      aria-label={label}
      onClick={() => page.select(selected ? null : part)}
      onKeyDown={(event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        page.select(selected ? null : part);
        event.preventDefault();
      }}
      onMouseEnter={() => (page.hovered.value = part)}
      onMouseLeave={() => (page.hovered.value = null)}
    >
      {shape}
    </g>
  );
}
