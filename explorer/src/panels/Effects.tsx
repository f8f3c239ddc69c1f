/** What switching off every head does to what is explained, as a map of layers by heads. */
import { usePage } from "../hooks/usePage";
import { useTested } from "../hooks/useTested";
import { signColour } from "../lib/colours";
import { beforeAfter, headMap, nameOfHead } from "../lib/effects";
import { effectsFigure, effectsTable } from "../lib/figure/effects";
import { decimal, seen, signed } from "../lib/format";
import { headPart, samePart } from "../lib/parts";
import type { ExplainPayload, HeadEffect } from "../protocol/payloads";
import { Exports } from "../ui/Exports";
import { Grid } from "../ui/Grid";
import { Legend } from "../ui/Legend";
import { Panel } from "../ui/Panel";
import { TableTwin } from "../ui/Table";
import { Term } from "../ui/Term";

export function EffectsPanel() {
  const tested = useTested();
  if (!tested || tested.head_effects.length === 0) return null;
  return (
    <Panel
      name="effects"
      title={
        <>
          Every <Term name="attention head">head</Term> switched off
        </>
      }
      note={
        <>
          The {lead(tested) ? "lead" : "probability"} of {nameOf(tested)} with one head at a time{" "}
          <Term name="zeroed">set to zero</Term>. A cell chooses its head.
        </>
      }
    >
      <Exports
        name="heads-switched-off"
        figure={(asked) => effectsFigure(tested, asked)}
        table={() => effectsTable(tested)}
        data={tested}
      />
      <HeadsMap tested={tested} />
    </Panel>
  );
}

function HeadsMap({ tested }: { tested: ExplainPayload }) {
  const page = usePage();
  const { layers, rows, largest } = headMap(tested.head_effects);
  const at = (column: number, row: number) => rows[row]?.at(layers[column] ?? -1);
  const selection = page.at.selection.value;
  const cells = rows.flatMap((_, row) => layers.map((_, column): [number, number] => [column, row]));
  const size = ([column, row]: [number, number]) => Math.abs(at(column, row)?.nats ?? 0);
  const strongest = cells.reduce((best, cell) => (size(cell) > size(best) ? cell : best), [0, 0] as [number, number]);
  return (
    <>
      <Grid
        label={`Effect of zeroing each head on ${nameOf(tested)}, by head and layer`}
        columns={layers.length}
        rows={rows.length}
        height={rows.length > 16 ? 12 : 16}
        colour={(column, row) => {
          const effect = at(column, row);
          return effect ? signColour(-effect.nats, largest) : null;
        }}
        rest={strongest}
        tell={(column, row) => told(tested, at(column, row))}
        rowName={(row) => rows[row]?.name ?? ""}
        columnName={(column) => `L${layers[column]}`}
        marked={(column, row) => {
          const effect = at(column, row);
          return effect !== undefined && selection !== null && samePart(headPart(effect), selection);
        }}
        onChoose={(column, row) => {
          const effect = at(column, row);
          if (effect) page.select(headPart(effect));
        }}
      />
      <Legend
        kind="sign"
        low={`rises by ${decimal(largest)} nats without it`}
        high={`falls by ${decimal(largest)} nats without it`}
        middle="no change"
      />
      <TableTwin
        label="effect of zeroing each head"
        head={["head", "nats", nameOf(tested)]}
        rows={() =>
          [...tested.head_effects]
            .sort((one, other) => Math.abs(other.nats) - Math.abs(one.nats))
            .map((effect) => [nameOfHead(effect), signed(effect.nats), beforeAfter(tested, effect).join(" → ")])
        }
      />
    </>
  );
}

/** "L23.H4: Paris 77.3% → 14.7% without it (−2.98 nats)" */
function told(tested: ExplainPayload, effect: HeadEffect | undefined): string {
  if (!effect) return "";
  const [before, after] = beforeAfter(tested, effect);
  return `${nameOfHead(effect)}: ${nameOf(tested)} ${before} → ${after} without it (${signed(effect.nats)} nats)`;
}

function nameOf({ target }: ExplainPayload): string {
  return seen(target.text.trim() || target.text);
}

function lead({ reference }: ExplainPayload): boolean {
  return reference.kind === "versus";
}
