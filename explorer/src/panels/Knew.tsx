/** When it knew: the rank of the target after each layer, as a line. */

import { usePage } from "../hooks/usePage";
import { useTested } from "../hooks/useTested";
import { knewFigure, knewTable } from "../lib/figure/knew";
import { percent, seen } from "../lib/format";
import { partOfName } from "../lib/parts";
import type { ExplainPayload } from "../protocol/payloads";
import { Exports } from "../ui/Exports";
import { Panel } from "../ui/Panel";
import { TableTwin } from "../ui/Table";

const WIDTH = 360;
const HEIGHT = 150;
const LEFT = 44;
const TOP = 14;
const BOTTOM = 22;
const SHORT = new Intl.NumberFormat("en", { notation: "compact" });

export function KnewPanel() {
  const page = usePage();
  const explained = page.explained.value;
  const tested = useTested();
  if (!explained || explained.lens.length === 0) return null;
  return (
    <Panel
      name="knew"
      title="When it knew"
      note={`Rank of ${seen(explained.target.text)} in what the stream would predict after each layer (1 is the top).`}
    >
      <Exports
        name="rank-by-layer"
        figure={(asked) => knewFigure(explained, asked)}
        table={() => knewTable(explained)}
        data={explained}
      />
      <Curve explained={explained} tested={tested} />
      <TableTwin
        label="rank by layer"
        head={["layer", "rank", "probability", "top token"]}
        rows={() =>
          explained.lens.map((row) => [
            layerName(row.layer),
            `${row.rank}`,
            percent(row.probability),
            <bdi key="top">{seen(row.top.text)}</bdi>,
          ])
        }
      />
    </Panel>
  );
}

function layerName(layer: number | null): string {
  return layer === null ? "embedding" : `L${layer}`;
}

function Curve({ explained, tested }: { explained: ExplainPayload; tested: ExplainPayload | null }) {
  const rows = explained.lens;
  const decades = Math.max(1, Math.ceil(Math.log10(Math.max(...rows.map((row) => row.rank)))));
  const x = (place: number) => LEFT + (place * (WIDTH - LEFT - 12)) / Math.max(rows.length - 1, 1);
  const y = (rank: number) => HEIGHT - BOTTOM - (Math.log10(rank) / decades) * (HEIGHT - TOP - BOTTOM);
  const marks = marksOf(explained, tested);
  const ticks = Array.from({ length: decades + 1 }, (_, power) => 10 ** power).filter(
    (_, power) => decades <= 3 || power % 2 === 0 || power === decades,
  );
  return (
    <svg class="curve" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label="Rank of the target by layer">
      {ticks.map((rank) => (
        <g key={rank}>
          <line x1={LEFT} x2={WIDTH - 12} y1={y(rank)} y2={y(rank)} class="grid-line" />
          <text x={LEFT - 6} y={y(rank) + 4} text-anchor="end">
            {rank === 1 ? "top, 1" : SHORT.format(rank)}
          </text>
        </g>
      ))}
      <polyline points={rows.map((row, place) => `${x(place)},${y(row.rank)}`).join(" ")} />
      {marks.map(({ place, text }, each) => {
        const right = place > rows.length / 2;
        return (
          <g key={place}>
            <circle cx={x(place)} cy={y(rows[place]?.rank ?? 1)} r={4} />
            <text
              class="strong"
              x={x(place) + (right ? -9 : 9)}
              y={Math.max(TOP, y(rows[place]?.rank ?? 1) + (each === 0 && rows[place]?.rank !== 1 ? 12 : -8))}
              text-anchor={right ? "end" : "start"}
            >
              {text}
            </text>
          </g>
        );
      })}
      <text x={LEFT} y={HEIGHT - 5}>
        embedding
      </text>
      <text x={WIDTH - 12} y={HEIGHT - 5} text-anchor="end">
        layer {rows.at(-1)?.layer}
      </text>
    </svg>
  );
}

/** The layer of the part that the answer names, and the first from which the target stays at the top. */
function marksOf(explained: ExplainPayload, tested: ExplainPayload | null): { place: number; text: string }[] {
  const rows = explained.lens;
  const part = tested?.answer.part ? partOfName(tested.answer.part) : null;
  const found: { place: number; text: string }[] = [];
  const named = part && !part.encoder ? rows.findIndex((row) => row.layer === part.layer) : -1;
  if (named >= 0)
    found.push({ place: named, text: `after ${tested?.answer.part}: ${rows[named]?.rank.toLocaleString("en")}` });
  let first = rows.length;
  while (first > 0 && rows[first - 1]?.rank === 1) first--;
  if (first < rows.length && first !== named)
    found.push({ place: first, text: `top from ${layerName(rows[first]?.layer ?? null)} on` });
  return found;
}
