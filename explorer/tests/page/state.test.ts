import { describe, expect, it } from "vitest";
import {
  fromHash,
  headPart,
  INITIAL,
  LOOKED_FOR,
  namedToken,
  neuronPart,
  partOfName,
  type State,
  sublayerOf,
  toHash,
} from "../../src/page/state";

const FULL: State = {
  a: 'The "capital" of\nFrance is </script> \u202e%23#',
  b: "The capital of Germany is",
  source: "Hello",
  position: 3,
  target: " Paris",
  vs: " the",
  reference: "raw",
  selection: { kind: "head", layer: 23, head: 4 },
  test: "swap",
  pins: [
    { part: { kind: "neuron", layer: 24, neuron: 1005 }, how: "zero" },
    { part: { kind: "neuron", layer: 2, expert: 7, neuron: 5 }, how: "mean" },
    { part: { kind: "mlp", layer: 0 }, how: "zero" },
  ],
  knowledge: {
    prompts: ["France's capital is", 'Paris, "the" city'],
    subject: "France",
    t: 0.1,
    set: "kept",
    test: "double",
    edit: { action: "update", to: "Berlin", method: "value" },
  },
};

describe("the hash", () => {
  it("brings back a whole state", () => {
    expect(fromHash(toHash(FULL))).toEqual(FULL);
  });

  it("leaves out what is initial", () => {
    expect(toHash(INITIAL)).toBe("");
    expect(decodeURIComponent(toHash({ ...INITIAL, a: "Hi" }))).toBe('#{"a":"Hi"}');
  });

  it("falls back, whole or by field, where it is malformed", () => {
    const fallback = { ...INITIAL, a: "kept" };
    for (const hash of ["", "#", "#%", "#{", "#[1]", "#null", "#7"]) expect(fromHash(hash, fallback)).toEqual(fallback);
    const wrong = {
      a: "Hi",
      position: -1,
      reference: "median",
      selection: { kind: "head", layer: 1 },
      pins: [{}],
      test: 3,
      knowledge: { ...LOOKED_FOR, edit: { action: "format", to: "", method: "rome" } },
    };
    expect(fromHash(`#${encodeURIComponent(JSON.stringify(wrong))}`)).toEqual({ ...INITIAL, a: "Hi" });
  });

  it("holds no fields that the state does not know", () => {
    expect(fromHash(`#${encodeURIComponent('{"a":"Hi","__proto__":{"x":1},"extra":2}')}`)).toEqual({
      ...INITIAL,
      a: "Hi",
    });
  });
});

describe("names of parts", () => {
  it.each([
    ["L23.H4", { kind: "head", layer: 23, head: 4 }],
    ["l23 h4", { kind: "head", layer: 23, head: 4 }],
    ["L24.N1005", { kind: "neuron", layer: 24, neuron: 1005 }],
    ["L2.E7.N5", { kind: "neuron", layer: 2, expert: 7, neuron: 5 }],
    ["L2.X1", { kind: "cross_head", layer: 2, head: 1 }],
    ["L2 cross", { kind: "cross_attention", layer: 2 }],
    ["24 mlp", { kind: "mlp", layer: 24 }],
    ["L23", { kind: "attention", layer: 23 }],
    ["L23 attn", { kind: "attention", layer: 23 }],
  ])("reads %s", (name, part) => {
    expect(partOfName(name)).toEqual(part);
  });

  it("refuses others", () => {
    for (const name of ["", "Paris", "L", "H4", "L23.H", "L23.Z4", "L-1"]) expect(partOfName(name)).toBeNull();
  });

  it("knows the sublayer of a part", () => {
    expect(sublayerOf({ kind: "head", layer: 1, head: 2 })).toBe("attention");
    expect(sublayerOf({ kind: "neuron", layer: 1, neuron: 2 })).toBe("mlp");
  });
});

describe("tokens", () => {
  it("are named by their text, or by their id where that is none", () => {
    expect([
      namedToken({ id: 7, text: " Paris" }),
      namedToken({ id: 8, text: "" }),
      namedToken({ id: 9, text: "\ufffd" }),
    ]).toEqual([" Paris", 8, 9]);
    expect(fromHash(toHash({ ...INITIAL, target: 9 })).target).toBe(9);
  });
});

describe("entries of a payload", () => {
  it("are the parts that they name", () => {
    expect(headPart({ layer: 2, head: 1, cross: true })).toEqual(partOfName("L2.X1"));
    expect(headPart({ layer: 2, head: 1, cross: false })).toEqual(partOfName("L2.H1"));
    expect(neuronPart({ layer: 2, expert: null, neuron: 5 })).toEqual(partOfName("L2.N5"));
    expect(neuronPart({ layer: 2, expert: 0, neuron: 5 })).toEqual(partOfName("L2.E0.N5"));
  });
});
