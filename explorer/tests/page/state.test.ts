import { describe, expect, it } from "vitest";
import { LOOKED_FOR } from "../../src/lib/knowledge";
import { fromHash, INITIAL, namedToken, type State, toHash } from "../../src/page/state";

const FULL: State = {
  view: "graph",
  a: 'The "capital" of\nFrance is </script> \u202e%23#',
  b: "The capital of Germany is",
  source: "Hello",
  position: 3,
  target: " Paris",
  vs: " the",
  reference: "raw",
  word: 2,
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
