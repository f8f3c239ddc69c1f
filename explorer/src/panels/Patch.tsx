/** Activation patching between the prompts: where is the difference between their answers carried? */

import { useSignal } from "@preact/signals";
import { useLatest } from "../hooks/useAsk";
import { usePage } from "../hooks/usePage";
import { WINDOW } from "../hooks/useWindow";
import { signColour } from "../lib/colours";
import { patchFigure, patchTable } from "../lib/figure/maps";
import { decimal, labelOf, seen, signed } from "../lib/format";
import type { PatchCell, PatchPayload } from "../protocol/payloads";
import { Exports } from "../ui/Exports";
import { Grid } from "../ui/Grid";
import { Legend } from "../ui/Legend";
import { Status } from "../ui/Status";
import { TableTwin } from "../ui/Table";
import { Term } from "../ui/Term";
import { Window } from "../ui/Window";

const SITES = { resid_pre: "stream before a block", attention: "attention's write", mlp: "MLP's write" };
type Site = keyof typeof SITES;

export function PatchMap(props: { pairs: [number, number][]; promptB: string }) {
  const page = usePage();
  const { a, target, vs } = page.answered.value ?? page.state.value;
  const site = useSignal<Site>("resid_pre");
  const { answer, result, stale } = useLatest({
    ask: "patch" as const,
    prompt: a,
    prompt_b: props.promptB,
    site: site.value,
    align: props.pairs,
    ...(target === null ? {} : { target }),
    ...(vs === null ? {} : { vs }),
  });
  return (
    <div class="has-exports">
      <h3>
        <Term name="patching">Patching</Term>: B with one value of A at a time
      </h3>
      <p class="controls">
        <label>
          Value{" "}
          <select value={site.value} onChange={(event) => (site.value = event.currentTarget.value as Site)}>
            {Object.entries(SITES).map(([name, label]) => (
              <option key={name} value={name}>
                {label}
              </option>
            ))}
          </select>
        </label>
      </p>
      <Status answer={answer} />
      {result ? (
        <div class={stale ? "stale" : ""}>
          <EffectMap result={result} promptB={props.promptB} />
        </div>
      ) : null}
    </div>
  );
}

function EffectMap({ result, promptB }: { result: PatchPayload; promptB: string }) {
  const page = usePage();
  const start = useSignal(0);
  const positions = [...new Set(result.grid.map((cell) => cell.position ?? 0))].sort((one, other) => one - other);
  const layers = [...new Set(result.grid.map((cell) => cell.layer))].sort((one, other) => other - one);
  const byPlace = new Map(result.grid.map((cell) => [`${cell.layer} ${cell.position ?? 0}`, cell]));
  const shown = positions.slice(start.value, start.value + WINDOW);
  const at = (column: number, row: number) => byPlace.get(`${layers[row]} ${shown[column]}`);
  const text = (position: number) => labelOf(result.clean_tokens[position]);
  const largest = Math.max(1, ...result.grid.map((cell) => Math.abs(cell.effect ?? 0)));
  const told = (cell: PatchCell | undefined) =>
    cell
      ? `L${cell.layer}, position ${cell.position} ${text(cell.position ?? 0)}: ${result.metric} ${decimal(cell.value)}, effect ${signed(cell.effect ?? 0)}`
      : "";
  const answers = (result.target ?? []).map((token) => seen(token.text)).join("");
  return (
    <>
      <Exports
        name="patching"
        figure={(asked) => patchFigure(result, { start: start.value, size: WINDOW }, asked)}
        table={() => patchTable(result)}
        data={result}
        beside={promptB}
      />
      <p class="note">
        {result.metric.replace("-", " ")} of {answers}
        {result.versus ? ` over ${seen(result.versus.text)}` : ""}: {decimal(result.clean)} in A,{" "}
        {decimal(result.corrupt)} in B. {result.complete ? "" : "Not all cells were computed."}
      </p>
      <Window start={start} length={positions.length} what="tokens" />
      <Grid
        label="Effect of patching, by layer and token"
        columns={shown.length}
        rows={layers.length}
        colour={(column, row) => {
          const cell = at(column, row);
          return cell ? signColour(cell.effect ?? 0, largest) : null;
        }}
        tell={(column, row) => told(at(column, row))}
        rowName={(row) => `L${layers[row]}`}
        columnName={(column) => text(shown[column] ?? -1)}
        {...(result.site.startsWith("resid")
          ? {}
          : {
              onChoose: (_column: number, row: number) =>
                page.select({ kind: result.site === "mlp" ? "mlp" : "attention", layer: layers[row] ?? 0 }),
            })}
      />
      <Legend
        kind="sign"
        low={`${signed(-largest, 1)} away from A`}
        high={`${signed(largest, 1)}${largest === 1 ? ", as A" : ""}`}
        middle={largest === 1 ? "0, as B" : "0, as B; +1 is as A"}
      />
      <TableTwin
        label="effect of patching"
        head={["layer", "position", result.metric, "effect"]}
        rows={() =>
          result.grid
            .filter((cell) => shown.includes(cell.position ?? 0))
            .map((cell) => [
              `L${cell.layer}`,
              `${cell.position} ${text(cell.position ?? 0)}`,
              decimal(cell.value),
              cell.effect === null ? "—" : signed(cell.effect),
            ])
        }
      />
    </>
  );
}
