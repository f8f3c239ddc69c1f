/** Knowledge attribution: what each layer's neurons are worth to the answer, and the strongest of them. */
import type { AttributePayload } from "../../protocol/payloads";
import { percent, signed } from "../format";
import { neuronName, type Stack, stacksOf } from "../knowledge";
import { inStack } from "../parts";
import { barChart, signedAxis, ticksOf } from "./bars";
import { type Asked, type Figure, figure } from "./figure";
import { named } from "./said";
import { COLUMN, DIM, type Drawn, INK, LINE, line, SMALL, signedRect, text } from "./svg";
import type { Table } from "./table";

const NEURONS = 12;

export function knowledgeFigure(result: AttributePayload, asked: Asked): Figure {
  const stacks = stacksOf(result);
  const sums = result.layers.map((layer) => layer.sum ?? 0);
  const strongest = result.attributions.slice(0, NEURONS);
  const rows = strongest.map((neuron) => ({
    name: neuronName(neuron),
    value: neuron.value,
    number: signed(neuron.value, 3),
  }));
  const axis = signedAxis(
    rows.map((row) => row.value),
    "attribution of the strongest neurons, probability",
    (value) => signed(value, 2),
  );
  const answer = named(result.target.map((token) => token.text).join(""));
  const pieces = [
    ...stacks.map((stack) => columns(stack, sums)),
    ...(rows.length > 0 ? [barChart(COLUMN, { rows, axis })] : []),
  ];
  return figure(COLUMN, pieces, {
    shows: `Knowledge attribution: how much of the probability of “${answer}” the neurons of each layer are worth (above), and the strongest neurons (below), from ${result.baseline === "zero" ? "no activation" : "the mean activation"} to their own. Hatched: lowers it.`,
    made: result,
    asked,
    about: `Answer: “${answer}” (${percent(result.probability)}).`,
  });
}

const LEFT = 40;
const HIGH = 84;

/** A column a layer, up where its neurons raise the probability. */
function columns({ layers, encoder }: Stack, sums: readonly number[]): Drawn {
  const [low, high] = [Math.min(0, ...sums), Math.max(1e-9, ...sums)];
  const y = (value: number) => 4 + ((high - value) / (high - low)) * HIGH;
  const wide = (COLUMN - LEFT) / Math.max(layers.length, 1);
  const every = Math.ceil(10 / wide);
  const bottom = 4 + HIGH;
  const body = [
    ...ticksOf({ low, high }).map(
      (value) =>
        line(LEFT, y(value), COLUMN, y(value), { stroke: value === 0 ? INK : LINE }) +
        text(LEFT - 4, y(value) + 2.3, signed(value, 2), { size: SMALL, anchor: "end", fill: DIM }),
    ),
    ...layers.map(({ sum, layer }, place) => {
      const value = sum ?? 0;
      const x = LEFT + place * wide;
      const name =
        place % every === 0
          ? text(x + wide / 2, bottom + 9, String(layer), { size: SMALL, anchor: "middle", fill: DIM })
          : "";
      return (
        signedRect(x + wide * 0.1, Math.min(y(value), y(0)), wide * 0.8, Math.abs(y(value) - y(0)), value < 0) + name
      );
    }),
    text((LEFT + COLUMN) / 2, bottom + 19, encoder ? "layer of the encoder" : "layer", {
      size: SMALL + 0.5,
      anchor: "middle",
    }),
    text(7, 4 + HIGH / 2, "probability", { size: SMALL + 0.5, anchor: "middle", turn: -90 }),
  ];
  return { height: bottom + 22, body: body.join("\n") };
}

export function knowledgeTable(result: AttributePayload): Table {
  return {
    head: ["part", "of", "attribution", "change_of_probability", "error", "activation"],
    rows: [
      ...result.layers.map(({ layer, encoder, sum, change, error }) => [
        inStack(`L${layer}`, encoder ?? false),
        "layer",
        sum,
        change,
        error,
        null,
      ]),
      ...result.attributions.map((neuron) => [
        neuronName(neuron),
        "neuron",
        neuron.value,
        null,
        null,
        neuron.activation,
      ]),
    ],
  };
}
