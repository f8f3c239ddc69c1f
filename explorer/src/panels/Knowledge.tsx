/** Knowledge attribution (Dai et al. 2022): what each layer's neurons are worth to the answer; and the fact it states. */

import { useLatest } from "../hooks/useAsk";
import { usePage } from "../hooks/usePage";
import { signColour } from "../lib/colours";
import { ticksOf } from "../lib/figure/bars";
import { knowledgeFigure, knowledgeTable } from "../lib/figure/knowledge";
import { decimal, seen, signed } from "../lib/format";
import { byLayer, neuronName, type Stack, stacksOf } from "../lib/knowledge";
import { inStack, neuronPart, samePart } from "../lib/parts";
import { given } from "../page/page";
import type { AttributePayload, NeuronValue } from "../protocol/payloads";
import { Bar, Signed } from "../ui/Bar";
import { Exports } from "../ui/Exports";
import { Grid } from "../ui/Grid";
import { Panel } from "../ui/Panel";
import { PartButton } from "../ui/PartButton";
import { Status } from "../ui/Status";
import { TableTwin } from "../ui/Table";
import { FactBox } from "./Fact";

const NEURONS = 12;
const LISTED = 100;
const ROWS = 12;

export function KnowledgePanel() {
  const page = usePage();
  const explained = page.explained.value;
  const followed = page.followed();
  const { prompt, source, target } = followed ?? {};
  const last = explained !== null && explained.position === explained.asks;
  const alone = page.reads() === null;
  const ask =
    last && followed ? { ask: "attribute" as const, ...given({ prompt, source, target }), top: LISTED } : null;
  const { answer, result, stale } = useLatest(ask);
  return (
    <div>
      {explained ? (
        <Panel
          name="knowledge"
          title="Knowledge"
          note={`How much of the probability of ${seen(explained.target.text)} each layer's neurons are worth: attribution from no activation to the one they have. Each layer is moved alone, so the layers do not add up to the probability.`}
        >
          {last ? null : (
            <p class="note">
              Knowledge is attributed {explained.model.bidirectional ? "at the blank" : "at the last token"}; choose it
              to see this panel.
            </p>
          )}
          <Status answer={answer} />
          {result ? <Attributed result={result} stale={stale} /> : null}
          {last && alone ? <FactBox explained={explained} /> : null}
        </Panel>
      ) : null}
    </div>
  );
}

function Attributed({ result, stale }: { result: AttributePayload; stale: boolean }) {
  const stacks = stacksOf(result);
  // One scale for both stacks, so that they can be compared. A sum is missing where only some neurons of a layer were
  // computed, which this page never asks for.
  const sums = result.layers.map((layer) => layer.sum ?? 0);
  const strongest = Math.max(0, ...result.attributions.map((neuron) => Math.abs(neuron.value)));
  return (
    <div class={stale ? "stale" : ""}>
      <Exports
        name="knowledge"
        figure={(asked) => knowledgeFigure(result, asked)}
        table={() => knowledgeTable(result)}
        data={result}
      />
      <div class="side-by-side wide">
        <div>
          {stacks.map((stack) => (
            <div key={String(stack.encoder)}>
              {stacks.length > 1 ? <p class="note">{stackNote(stack, result)}</p> : null}
              <Layers stack={stack} sums={sums} />
              <NeuronMap stack={stack} largest={strongest} />
            </div>
          ))}
        </div>
        <Neurons neurons={result.attributions.slice(0, NEURONS)} />
      </div>
      <TableTwin
        label="attribution by layer"
        head={["layer", "sum of its neurons", "change of the probability", "error", "strongest neurons"]}
        rows={() =>
          stacks.flatMap((stack) => {
            const columns = byLayer(stack.neurons, stack.layers.length);
            return stack.layers.map((layer, place) => [
              inStack(`L${layer.layer}`, stack.encoder),
              layer.sum === null ? "" : signed(layer.sum, 4),
              signed(layer.change, 4),
              layer.error === null ? "" : decimal(layer.error, 4),
              (columns[place] ?? []).map((neuron) => `${neuronName(neuron)} ${signed(neuron.value, 3)}`).join(", "),
            ]);
          })
        }
      />
    </div>
  );
}

/** Which stack it is, and where its neurons move. */
function stackNote({ encoder }: Stack, { sources = [], source_positions = [] }: AttributePayload): string {
  if (!encoder) return "The decoder, where the answer is predicted:";
  if (source_positions.length === sources.length) return "The encoder (enc.), at every position of the source:";
  const named = source_positions.map((position) => `${position} ${seen(sources[position]?.label ?? "")}`);
  return `The encoder (enc.), at the blank of the source (${named.join(", ")}):`;
}

const LEFT = 26;
const WIDE = 300;
const HIGH = 74;

/** A column a layer, up if its neurons raise the probability and down if they lower it. */
function Layers({ stack, sums }: { stack: Stack; sums: readonly number[] }) {
  const layers = stack.layers.map((layer) => ({ layer: layer.layer, sum: layer.sum ?? 0 }));
  const width = (WIDE - LEFT) / Math.max(layers.length, 1);
  const [low, high] = [Math.min(0, ...sums), Math.max(1e-9, ...sums)];
  const y = (value: number) => 6 + ((high - value) / (high - low)) * HIGH;
  return (
    <svg
      class="layers"
      viewBox={`0 0 ${WIDE} ${HIGH + 30}`}
      role="img"
      aria-label={`Attribution by layer${stack.encoder ? " of the encoder" : ""}; the table below has the numbers`}
    >
      {ticksOf({ low, high }).map((value) => (
        <g key={value}>
          <line x1={LEFT} x2={WIDE} y1={y(value)} y2={y(value)} class={value === 0 ? "axis" : "tick"} />
          <text x={LEFT - 3} y={y(value) + 2.5} class="end">
            {signed(value, 1)}
          </text>
        </g>
      ))}
      {layers.map((layer, place) => (
        <g key={layer.layer}>
          <rect
            class={layer.sum < 0 ? "negative" : "positive"}
            x={LEFT + place * width + 1}
            y={Math.min(y(layer.sum), y(0))}
            width={Math.max(width - 2, 1)}
            height={Math.abs(y(layer.sum) - y(0))}
          />
          {place % Math.ceil(layers.length / 15) === 0 ? (
            <text x={LEFT + (place + 0.5) * width} y={HIGH + 16}>
              {layer.layer}
            </text>
          ) : null}
          <title>{`${inStack(`L${layer.layer}`, stack.encoder)}: ${signed(layer.sum, 3)}`}</title>
        </g>
      ))}
      <text x={(LEFT + WIDE) / 2} y={HIGH + 27}>
        {stack.encoder ? "layer of the encoder" : "layer"}; up: raises the probability, down: lowers it
      </text>
    </svg>
  );
}

/** Layers across, the strongest neurons of all down, the largest of a layer at the top. */
function NeuronMap({ stack, largest }: { stack: Stack; largest: number }) {
  const page = usePage();
  const columns = byLayer(stack.neurons, stack.layers.length);
  const rows = Math.min(ROWS, Math.max(0, ...columns.map((column) => column.length)));
  const at = (column: number, row: number) => columns[column]?.[row];
  const selected = page.at.selection.value;
  if (stack.neurons.length === 0) return <p class="note">None of the strongest neurons is in it.</p>;
  return (
    <>
      <p class="note">
        The {stack.neurons.length} strongest neurons by layer, at most {ROWS} a layer; a cell selects its neuron.
      </p>
      <Grid
        label={`Attribution of the strongest neurons${stack.encoder ? " of the encoder" : ""}, layers across`}
        columns={columns.length}
        rows={rows}
        height={10}
        colour={(column, row) => {
          const neuron = at(column, row);
          return neuron ? signColour(neuron.value, largest) : null;
        }}
        tell={(column, row) => {
          const neuron = at(column, row);
          return neuron ? `${neuronName(neuron)}: ${signed(neuron.value, 3)}` : "";
        }}
        marked={(column, row) => {
          const neuron = at(column, row);
          return neuron !== undefined && samePart(neuronPart(neuron), selected);
        }}
        rowName={(row) => String(row + 1)}
        columnName={(column) => inStack(`L${column}`, stack.encoder)}
        onChoose={(column, row) => {
          const neuron = at(column, row);
          if (neuron) page.select(neuronPart(neuron));
        }}
      />
    </>
  );
}

function Neurons({ neurons }: { neurons: readonly NeuronValue[] }) {
  const largest = Math.max(0, ...neurons.map((neuron) => Math.abs(neuron.value)));
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">neuron</th>
          <th scope="col" class="number">
            attribution
          </th>
          <th scope="col" class="wide-only">
            <span class="hidden">bar</span>
          </th>
          <th scope="col" class="number">
            activation
          </th>
        </tr>
      </thead>
      <tbody>
        {neurons.map((neuron) => (
          <tr key={neuronName(neuron)}>
            <th scope="row">
              <PartButton part={neuronPart(neuron)} />
            </th>
            <td class="number">
              <Signed value={neuron.value} digits={3} />
            </td>
            <td class="wide-only">
              <Bar value={neuron.value} largest={largest} />
            </td>
            <td class="number">{signed(neuron.activation)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
