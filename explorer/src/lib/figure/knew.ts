/** When it knew: the rank of the target by layer, as a curve that falls to 1. */
import type { ExplainPayload } from "../../protocol/payloads";
import { type Asked, type Figure, figure } from "./figure";
import { layerName, named, targetOf } from "./said";
import { COLUMN, DIM, type Drawn, element, INK, LINE, line, POSITIVE, SMALL, text } from "./svg";
import type { Table } from "./table";

const LEFT = 46;
const RIGHT = COLUMN - 6;
const TOP = 8;
const BOTTOM = 112;

export function knewFigure(explained: ExplainPayload, asked: Asked): Figure {
  const name = `“${named(explained.target.text)}”`;
  return figure(COLUMN, [curve(explained)], {
    shows: `Rank of ${name} in what the stream would predict after each layer, by the logit lens; 1 is the top prediction.`,
    made: explained,
    asked,
    about: targetOf(explained.target),
  });
}

function curve({ lens, target }: ExplainPayload): Drawn {
  const decades = Math.max(1, Math.ceil(Math.log10(Math.max(1, ...lens.map((row) => row.rank)))));
  const x = (place: number) => LEFT + (place * (RIGHT - LEFT)) / Math.max(lens.length - 1, 1);
  const y = (rank: number) => BOTTOM - (Math.log10(rank) / decades) * (BOTTOM - TOP);
  const ranks = Array.from({ length: decades + 1 }, (_, power) => 10 ** power);
  const every = [1, 2, 5, 10].find((step) => lens.length / step <= 12) ?? 20;
  const body = [
    ...ranks.map((rank) => line(LEFT, y(rank), RIGHT, y(rank), { stroke: LINE })),
    ...ranks.map((rank) =>
      text(LEFT - 5, y(rank) + 2.4, rank.toLocaleString("en"), { size: SMALL, anchor: "end", fill: DIM }),
    ),
    line(LEFT, BOTTOM, RIGHT, BOTTOM, { stroke: INK }),
    ...lens.map((row, place) =>
      row.layer === null || (row.layer % every === 0 && (row.layer > 0 || every === 1))
        ? line(x(place), BOTTOM, x(place), BOTTOM + 2.5, { stroke: INK }) +
          text(x(place), BOTTOM + 9.5, row.layer === null ? "emb" : String(row.layer), {
            size: SMALL,
            anchor: "middle",
            fill: DIM,
          })
        : "",
    ),
    element("polyline", {
      points: lens.map((row, place) => `${x(place).toFixed(2)},${y(row.rank).toFixed(2)}`).join(" "),
      fill: "none",
      stroke: POSITIVE,
      "stroke-width": 1.4,
      "stroke-linejoin": "round",
    }),
    ...lens.map((row, place) => element("circle", { cx: x(place), cy: y(row.rank), r: 1.6, fill: POSITIVE })),
    text((LEFT + RIGHT) / 2, BOTTOM + 20, "read after layer (emb: the embedding)", {
      size: SMALL + 0.5,
      anchor: "middle",
    }),
    text(8, (TOP + BOTTOM) / 2, `rank of ${named(target.text)} (log)`, {
      size: SMALL + 0.5,
      anchor: "middle",
      turn: -90,
    }),
  ];
  return { height: BOTTOM + 23, body: body.join("\n") };
}

export function knewTable({ lens }: ExplainPayload): Table {
  return {
    head: ["layer", "rank", "probability", "kl_nats", "top_token", "top_probability"],
    rows: lens.map((row) => [
      layerName(row.layer),
      row.rank,
      row.probability,
      row.kl,
      row.top.text,
      row.top_probability,
    ]),
  };
}
