/** The logit lens: what the stream would predict after each layer, at each position. */

import { useSignal } from "@preact/signals";
import { useLatest } from "../hooks/useAsk";
import { usePage } from "../hooks/usePage";
import { useWindow, WINDOW } from "../hooks/useWindow";
import { amountColour } from "../lib/colours";
import { brightness, lensFigure, lensTable, MEASURES, type Measure } from "../lib/figure/maps";
import { labelOf, percent, seen } from "../lib/format";
import { given } from "../page/page";
import type { LensCell, LensPayload } from "../protocol/payloads";
import { Exports } from "../ui/Exports";
import { Grid } from "../ui/Grid";
import { Legend } from "../ui/Legend";
import { Panel } from "../ui/Panel";
import { Status } from "../ui/Status";
import { TableTwin } from "../ui/Table";
import { Term } from "../ui/Term";
import { Window } from "../ui/Window";

/** More columns leave no room for a token in each cell. */
const MOST_WITH_TEXT = 16;

export function LensPanel() {
  const page = usePage();
  const measure = useSignal<Measure>("rank");
  const explained = page.explained.value;
  const length = explained?.tokens.length ?? 0;
  const start = useWindow(explained?.position ?? 0, length);
  const followed = page.followed();
  const window = length > WINDOW ? [start.value, Math.min(start.value + WINDOW, length)] : null;
  const ask = followed
    ? {
        ask: "lens" as const,
        prompt: followed.prompt,
        ...given({ source: followed.source }),
        target: followed.target,
        top: 5,
        ...(window ? { window } : {}),
      }
    : null;
  const { answer, result, stale } = useLatest(ask);
  if (!explained) return null;
  const table = result ? tabled(result.cells, start.value) : null;
  const vocabulary = explained.model.vocab;
  const share = (cell: LensCell) => brightness(cell, measure.value, vocabulary);
  const shown = { start: start.value, size: WINDOW };
  return (
    <Panel
      name="lens"
      title={<Term name="logit lens">Logit lens</Term>}
      note={
        <>
          What the <Term name="residual stream" /> would predict after each layer at each token: the top token in the
          cell
          {table && !inCells(table.positions.length) ? " that is pointed at" : ""}, the colour for{" "}
          {seen(explained.target.text)}. A cell chooses its position.
        </>
      }
    >
      <p class="controls">
        <label>
          Colour{" "}
          <select value={measure.value} onChange={(event) => (measure.value = event.currentTarget.value as Measure)}>
            {Object.entries(MEASURES).map(([name, label]) => (
              <option key={name} value={name}>
                {label}
              </option>
            ))}
          </select>
        </label>
      </p>
      <Window start={start} length={length} what="tokens" />
      <Status answer={answer} />
      {result && !stale ? (
        <Exports
          name="lens"
          figure={(asked) => lensFigure(result, explained.target, measure.value, shown, asked)}
          table={() => lensTable(result, shown)}
          data={result}
        />
      ) : null}
      {table && table.positions.length > 0 ? (
        <div class={stale ? "stale" : ""}>
          <Grid
            label={`Logit lens, ${MEASURES[measure.value]} by layer and token`}
            columns={table.positions.length}
            rows={table.layers.length}
            colour={(column, row) => {
              const cell = table.at(column, row);
              return cell ? amountColour(share(cell)) : null;
            }}
            {...(inCells(table.positions.length)
              ? { text: (column: number, row: number) => topOf(table.at(column, row)) }
              : {})}
            rest={[Math.max(0, table.positions.indexOf(explained.position)), 0]}
            tell={(column, row) => (
              <Told cell={table.at(column, row)} token={result?.tokens[table.positions[column] ?? -1]} />
            )}
            rowName={(row) => layerName(table.layers[row] ?? null)}
            columnName={(column) => labelOf(result?.tokens[table.positions[column] ?? -1])}
            marked={(column, row) => row === 0 && table.positions[column] === explained.position}
            onChoose={(column) => page.set({ position: table.positions[column] ?? null, target: null })}
          />
          <Legend
            kind="amount"
            {...(measure.value === "rank"
              ? {
                  low: `rank ${vocabulary.toLocaleString("en")}`,
                  high: `rank 1, the top`,
                  middle: `rank ${Math.round(Math.sqrt(vocabulary)).toLocaleString("en")}`,
                }
              : { low: "0 %", high: `100 %, ${MEASURES[measure.value]}` })}
          />
          <TableTwin
            label="logit lens"
            head={["layer", "position", "top token", "its probability", "target's rank", "target's probability"]}
            rows={() =>
              table.cells.map((cell) => [
                layerName(cell.layer),
                `${cell.position}`,
                <bdi key="top">{topOf(cell)}</bdi>,
                percent(cell.top_probability[0] ?? 0),
                `${cell.rank}`,
                percent(cell.probability),
              ])
            }
          />
        </div>
      ) : null}
    </Panel>
  );
}

function layerName(layer: number | null): string {
  return layer === null ? "emb" : `L${layer}`;
}

/** Whether each cell has room for a token. */
function inCells(columns: number): boolean {
  return columns <= MOST_WITH_TEXT;
}

function topOf(cell: LensCell | undefined): string {
  return labelOf(cell?.top[0]);
}

function Told({ cell, token }: { cell: LensCell | undefined; token: LensPayload["tokens"][number] | undefined }) {
  if (!cell) return null;
  return (
    <>
      {cell.layer === null ? "Embedding" : `After L${cell.layer}`} at {cell.position} {labelOf(token)}: rank of the
      target {cell.rank.toLocaleString("en")}, {percent(cell.probability)}. Top:{" "}
      {cell.top.slice(0, 4).map((top, place) => (
        <span key={top.id} class="chip">
          <bdi>{labelOf(top)}</bdi> <span class="small">{percent(cell.top_probability[place] ?? 0)}</span>
        </span>
      ))}
    </>
  );
}

/** The cells as a table: the last layer at the top, as the stream flows upward. */
function tabled(all: readonly LensCell[], start: number) {
  const cells = all.filter((cell) => cell.position >= start && cell.position < start + WINDOW);
  const layers = [...new Set(cells.map((cell) => cell.layer))].sort((one, other) => (other ?? -1) - (one ?? -1));
  const positions = [...new Set(cells.map((cell) => cell.position))].sort((one, other) => one - other);
  const byPlace = new Map(cells.map((cell) => [`${cell.layer} ${cell.position}`, cell]));
  return {
    cells,
    layers,
    positions,
    at: (column: number, row: number) => byPlace.get(`${layers[row] ?? null} ${positions[column]}`),
  };
}
