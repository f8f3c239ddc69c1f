import { describe, expect, it } from "vitest";
import {
  byLayer,
  chosenSet,
  commandOf,
  editAsk,
  type FactEdit,
  findAsk,
  LOOKED_FOR,
  lineOf,
  neuronName,
  promptsOf,
  setsOf,
  stacksOf,
  suggested,
} from "../../src/lib/knowledge";
import type { FactListPayload, FindPayload } from "../../src/protocol/payloads";

const LIST: FactListPayload = {
  schema: "unembed/fact-list/1",
  shipped: true,
  stated: null,
  relations: [
    {
      name: "capital",
      description: "",
      facts: [
        { subject: "France", answer: "Paris", prompt: "In France, the capital is" },
        { subject: "Nepal", answer: "Kathmandu", prompt: "In Nepal, the capital is" },
      ],
    },
  ],
};
const PLACE = { layer: 24, expert: null, neuron: 1005 };
const EXPERT = { layer: 2, expert: 7, neuron: 5 };
const FACT = {
  relation: "capital",
  subject: "the Czech Republic",
  answer: "Prague",
  target: " Prague",
  prompts: ["a"],
};
const UPDATE: FactEdit = { action: "update", to: "St. John's", method: "rome" };

describe("facts", () => {
  it("are suggested where the prompt names the subject and the answer begins with the explained token", () => {
    expect(suggested(LIST, "The capital of France is", " Paris").map((fact) => fact.subject)).toEqual(["France"]);
    expect(suggested(LIST, "The capital of Nepal is", " Kath").map((fact) => fact.relation)).toEqual(["capital"]);
    expect(suggested(LIST, "The capital of France is", " the")).toEqual([]);
    expect(suggested(LIST, "The capital of France is", " ")).toEqual([]);
  });

  it("have the prompts that are written, one a line", () => {
    expect(promptsOf("a is\n\n  \nb is\na is")).toEqual(["a is", "b is"]);
  });

  it("are lines of JSON that say where the answer does not follow a space", () => {
    expect(JSON.parse(lineOf(FACT))).toEqual({
      relation: "capital",
      subject: "the Czech Republic",
      answer: "Prague",
      prompts: ["a"],
    });
    expect(JSON.parse(lineOf({ ...FACT, subject: "", target: "Prague" }))).toMatchObject({
      subject: "capital",
      target: "Prague",
    });
  });
});

it("places neurons by layer, the largest first", () => {
  const values = [
    [1, 0.1],
    [0, 0.2],
    [1, -0.3],
  ].map(([layer = 0, value = 0], neuron) => ({ layer, expert: null, neuron, value, activation: 0 }));
  expect(byLayer(values, 3).map((column) => column.map((each) => each.neuron))).toEqual([[1], [2, 0], []]);
});

describe("sets of neurons", () => {
  const found = {
    shared: [EXPERT],
    facts: [{ refined: [], kept: [PLACE, EXPERT] }],
  } as unknown as FindPayload;

  it("take the first that is not empty, unless another is wanted", () => {
    const sets = setsOf(found);
    expect(chosenSet(sets, null)).toBe("kept");
    expect(chosenSet(sets, "shared")).toBe("shared");
    expect(chosenSet({ refined: [], kept: [], shared: [] }, null)).toBe("refined");
  });
});

describe("the command that keeps an edit", () => {
  it("names the fact that ships and quotes what a shell would read", () => {
    expect(commandOf(UPDATE, FACT, true, [], "smollm2-135m")).toBe(
      "unembed knowledge update --relation capital --subject 'the Czech Republic' --to 'St. John'\\''s' " +
        "--model smollm2-135m --save edit.safetensors",
    );
  });

  it("reads another fact from a file, and names the neurons", () => {
    const value: FactEdit = { ...UPDATE, to: "Rome", method: "value" };
    expect(commandOf(value, FACT, false, ["L1.N2", "L3.E4.N5"], "toy/facts")).toBe(
      "unembed knowledge update fact.jsonl --to Rome --method value --neuron L1.N2 --neuron L3.E4.N5 " +
        "--model toy/facts --save edit.safetensors",
    );
    expect(commandOf({ ...UPDATE, action: "amplify" }, FACT, false, ["L1.N2"], "m")).toContain(
      "amplify L1.N2 --facts fact.jsonl",
    );
    expect(commandOf({ ...UPDATE, action: "erase" }, FACT, true, ["L1.N2"], "m")).toBe(
      "unembed knowledge suppress L1.N2 --model m --save edit.safetensors",
    );
  });
});

describe("asks about a fact", () => {
  const followed = { prompt: "a is", target: 7, reference: "raw" };
  const own = { ...LOOKED_FOR, prompts: ["b is"], subject: "b" };

  it("are about the prompt alone where it states a known fact", () => {
    expect(findAsk(LOOKED_FOR, followed)).toEqual({ ask: "find", prompt: "a is", t: 0.2 });
    expect(findAsk(own, followed)).toEqual({ ask: "find", prompt: "a is", target: 7, t: 0.2, prompts: ["b is"] });
  });

  it("send the neurons that are edited, and the subject where ROME needs it", () => {
    expect(editAsk(LOOKED_FOR, UPDATE, followed, [PLACE])).toEqual({
      ask: "update",
      prompt: "a is",
      to: "St. John's",
      method: "rome",
    });
    expect(editAsk(own, { ...UPDATE, method: "value" }, followed, [EXPERT])).toEqual({
      ask: "update",
      prompt: "a is",
      target: 7,
      prompts: ["b is"],
      to: "St. John's",
      method: "value",
      neurons: [EXPERT],
      subject: "b",
    });
    expect(editAsk(LOOKED_FOR, { ...UPDATE, action: "erase" }, followed, [PLACE])).toEqual({
      ask: "edit",
      prompt: "a is",
      action: "erase",
      neurons: [{ layer: 24, neuron: 1005 }],
    });
  });
});

it("tells the stacks of an encoder-decoder apart, the encoder first", () => {
  const change = { sum: 0, change: 0, error: 0, nodes: 1 };
  const value = { expert: null, value: 1, activation: 0 };
  const layers = [{ ...change, layer: 0 }, ...[0, 1].map((layer) => ({ ...change, layer, encoder: true }))];
  const attributions = [
    { ...value, layer: 0, neuron: 3 },
    { ...value, layer: 0, neuron: 4, encoder: true },
  ];
  const stacks = stacksOf({ layers, attributions });
  expect(stacks.map((stack) => [stack.encoder, stack.layers.length])).toEqual([
    [true, 2],
    [false, 1],
  ]);
  expect(stacks.map((stack) => stack.neurons.map(neuronName))).toEqual([["enc.L0.N4"], ["L0.N3"]]);
  expect(stacksOf({ layers: layers.slice(0, 1), attributions }).length).toBe(1);
});
