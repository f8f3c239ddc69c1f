/** The few paths that carry the prediction: the stream runs upward, heads move it between token columns. */

import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { useLatest } from "../hooks/useAsk";
import { usePage } from "../hooks/usePage";
import { useRedraw } from "../hooks/useRedraw";
import { flowFigure, flowTable } from "../lib/figure/flow";
import {
  type Column,
  columnKey,
  columnToken,
  type Flow,
  flowOf,
  type Node,
  namesOf,
  pathName,
  through,
} from "../lib/flow";
import { labelOf, share, signed, visible } from "../lib/format";
import { layoutOf, lineOf } from "../lib/layout";
import { total } from "../lib/ledger";
import { inStack, samePart } from "../lib/parts";
import type { Box } from "../lib/route";
import type { PathsPayload } from "../protocol/payloads";
import { Exports } from "../ui/Exports";
import { Panel } from "../ui/Panel";
import { Status } from "../ui/Status";
import { Scroll, TableTwin } from "../ui/Table";
import { Term } from "../ui/Term";

/** How far a graph shrinks into its panel before it is scrolled. */
const SMALLEST = 0.8;

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
          title="Paths"
          note={
            <>
              <Term name="path">Paths</Term> from where something is written, through heads, to the prediction. A band
              is a token; layers go up. Solid orange raises, dashed purple lowers; the wider, the more.
            </>
          }
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
  const token = (column: Column) => labelOf(columnToken(payload, column));
  const room = useRef<HTMLDivElement>(null);
  const wide = useSignal(0);
  const over = useSignal<string | null>(null);
  useRedraw(() => {
    wide.value = room.current?.clientWidth ?? 0;
  });
  const names = namesOf(flow.nodes, token);
  names.set("output", `${visible(payload.target.text)} ${signed(payload.value)}`);
  const layout = layoutOf(flow.nodes, names, wide.value);
  const { boxes, bands, width, height } = layout;
  const scale = wide.value > 0 ? Math.max(SMALLEST, Math.min(1, wide.value / width)) : 1;
  // Where it scrolls, the prediction is in sight: it stands at the end.
  useLayoutEffect(() => {
    const place = room.current?.querySelector(".scroll");
    if (place) place.scrollLeft = place.scrollWidth;
  }, [width * scale]);
  const largest = Math.max(0, ...flow.edges.map((edge) => Math.abs(edge.value)));
  const shown = over.value !== null && boxes.has(over.value) ? over.value : null;
  const run = shown === null ? null : through(flow, shown);
  const faded = (id: string) => (run && !run.lit.has(id) ? " faded" : "");
  return (
    <>
      <div ref={room}>
        <Scroll label="Flow graph">
          <svg class="flow" width={width * scale} height={height * scale} viewBox={`0 0 ${width} ${height}`}>
            <title>{`${flow.paths.length} paths to ${visible(payload.target.text)}`}</title>
            {bands.map((band, place) => (
              <g key={columnKey(band.column)} class="band-of-token">
                <rect x={band.x} y={0} width={band.width} height={height} class={place % 2 ? "odd" : ""} />
                <rect class="token-node" x={band.x + 4} y={height - 26} width={band.width - 8} height={20} rx={4} />
                <text x={band.x + band.width / 2} y={height - 12}>
                  {inStack(String(band.column.position), band.column.ofSource)} {token(band.column)}
                </text>
              </g>
            ))}
            {flow.edges.map((edge) => {
              const key = `${edge.from} ${edge.to}`;
              const share = largest > 0 ? Math.abs(edge.value) / largest : 0;
              const sign = edge.value < 0 ? "negative" : "positive";
              return (
                <path
                  key={key}
                  class={`edge ${sign}${faded(key)}`}
                  d={lineOf(edge.from, edge.to, layout)}
                  stroke-width={1 + 6 * share}
                >
                  <title>{signed(edge.value)}</title>
                </path>
              );
            })}
            {flow.nodes.map((node) => (
              <Spot
                key={node.id}
                node={node}
                box={boxes.get(node.id) as Box}
                label={names.get(node.id) ?? node.label}
                faded={faded(node.id)}
                onOver={(on) => (over.value = on ? node.id : null)}
              />
            ))}
          </svg>
        </Scroll>
      </div>
      <p class="told" aria-live="polite">
        {run && shown !== null ? (
          <>
            <strong>{names.get(shown)}</strong>: {run.paths.length} of the paths run through it, together{" "}
            {signed(run.value)} logits.{" "}
            {run.paths.slice(0, 3).map((path, place) => (
              <span key={place} class="chip">
                {pathName(path, token)} <span class="small">{signed(path.value)}</span>
              </span>
            ))}
          </>
        ) : (
          "Point at a node, or go to it with Tab, to see what runs through it."
        )}
      </p>
      <p class="note">
        {flow.paths.length} paths carry {signed(total(flow.paths.map((path) => path.value)))} of {signed(payload.value)}
        ;{" "}
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

interface SpotProps {
  node: Node;
  box: Box;
  label: string;
  faded: string;
  onOver: (on: boolean) => void;
}

function Spot({ node, box, label, faded, onOver }: SpotProps) {
  const page = usePage();
  const { part } = node;
  const selected = part !== null && samePart(part, page.at.selection.value);
  const over = (on: boolean) => {
    onOver(on);
    page.hovered.value = on ? part : null;
  };
  const choose = () => {
    if (part) page.select(selected ? null : part);
  };
  const hovered = part !== null && samePart(part, page.hovered.value);
  return (
    // biome-ignore lint/a11y/useSemanticElements: SVG has no button
    <g
      class={`spot${part ? " choosable" : ""}${hovered ? " hovered" : ""}${faded}`}
      role="button"
      tabIndex={0}
      aria-pressed={selected}
      aria-label={label}
      onClick={choose}
      onKeyDown={(event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        choose();
        event.preventDefault();
      }}
      onMouseEnter={() => over(true)}
      onMouseLeave={() => over(false)}
      onFocus={() => over(true)}
      onBlur={() => over(false)}
    >
      <rect
        x={box.x - box.width / 2}
        y={box.y - box.height / 2}
        width={box.width}
        height={box.height}
        rx={node.carries ? 9 : 2}
      />
      <text x={box.x} y={box.y + 4}>
        {label}
      </text>
    </g>
  );
}
