import { describe, expect, it } from "vitest";
import {
  headPart,
  isPart,
  lacking,
  nameOf,
  nameOfTerm,
  neuronPart,
  type Part,
  partOfName,
  readsSource,
  samePart,
  stackOf,
  sublayerOf,
} from "../../src/lib/parts";

describe("names of parts and terms", () => {
  it("are those of the terminal", () => {
    expect(nameOf({ kind: "head", layer: 23, head: 4 })).toBe("L23.H4");
    expect(nameOf({ kind: "neuron", layer: 2, expert: 7, neuron: 5 })).toBe("L2.E7.N5");
    const bare = { head: null, expert: null, neuron: null, source: null, value: 0 };
    expect(nameOfTerm({ kind: "attention", layer: 3, ...bare })).toBe("L3 attn");
    expect(nameOfTerm({ kind: "unembedding_bias", layer: null, ...bare })).toBe("unembedding bias");
  });
});

describe("a typed name", () => {
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
    ["enc.L3.H4", { kind: "head", layer: 3, head: 4, encoder: true }],
    ["enc.L0.N17", { kind: "neuron", layer: 0, neuron: 17, encoder: true }],
    ["Enc.L1 mlp", { kind: "mlp", layer: 1, encoder: true }],
  ])("reads %s", (name, part) => {
    expect(partOfName(name)).toEqual(part);
  });

  it("refuses others", () => {
    for (const name of ["", "Paris", "L", "H4", "L23.H", "L23.Z4", "L-1", "enc.", "enc.L2.X1"])
      expect(partOfName(name)).toBeNull();
  });

  it("knows the sublayer of a part", () => {
    expect(sublayerOf({ kind: "head", layer: 1, head: 2 })).toBe("attention");
    expect(sublayerOf({ kind: "neuron", layer: 1, neuron: 2 })).toBe("mlp");
  });
});

describe("a part inside the encoder", () => {
  const inside = { kind: "head", layer: 3, head: 4, encoder: true } as const;
  const beside = { kind: "head", layer: 3, head: 4 } as const;

  it("is another part than that of the decoder at the same place", () => {
    expect(samePart(inside, beside)).toBe(false);
    expect(samePart({ ...beside, encoder: false }, beside)).toBe(true);
    expect(nameOf(inside)).toBe("enc.L3.H4");
    expect(headPart({ layer: 3, head: 4, encoder: true })).toEqual(inside);
    expect(nameOf(neuronPart({ layer: 0, expert: null, neuron: 4, encoder: true }))).toBe("enc.L0.N4");
  });

  it("reads the source, and is asked about as the encoder's", () => {
    expect([inside, beside, { kind: "cross_head", layer: 3, head: 4 } as const].map(readsSource)).toEqual([
      true,
      false,
      true,
    ]);
    expect([stackOf(inside), stackOf(beside)]).toEqual([{ encoder: true }, {}]);
  });

  it("is kept in a link, and what is none is not", () => {
    expect(isPart(inside)).toBe(true);
    expect(isPart({ ...inside, encoder: "yes" })).toBe(false);
    expect(isPart({ ...inside, kind: "cross_head" })).toBe(false);
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

describe("a part that a model has not", () => {
  const model = { layers: 2, heads: 3, d_mlp: 5, reads: null };
  it.each([
    ["L1.H2", ""],
    ["L2 mlp", "its layers are L0 to L1."],
    ["L1.H3", "the heads of a layer are 0 to 2."],
    ["L1.N4", ""],
    ["L1.N5", "the neurons of a layer are 0 to 4."],
    ["L1.X0", "this model has no encoder."],
    ["enc.L0.H0", "this model has no encoder."],
  ])("%s is told from those that it has: %s", (name, why) => {
    expect(lacking(partOfName(name) as Part, model)).toBe(why);
  });

  it("may be of an encoder, whose size is not told", () => {
    expect(lacking(partOfName("enc.L9.H0") as Part, { ...model, reads: "text" })).toBe("");
    expect(lacking(partOfName("L0.N0") as Part, { ...model, d_mlp: 0 })).toBe("this model has no neurons.");
  });
});
