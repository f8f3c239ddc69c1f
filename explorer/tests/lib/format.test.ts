import { describe, expect, it } from "vitest";
import { amountColour, inkOn, signColour } from "../../src/lib/colours";
import { nameOf, nameOfTerm, percent, plain, signed, tiny, visible } from "../../src/lib/format";

describe("numbers", () => {
  it("carry their sign as a glyph", () => {
    expect([signed(3.426), signed(-1.12), signed(0), signed(-0.001)]).toEqual(["+3.43", "−1.12", "+0.00", "+0.00"]);
    expect([plain(-1.858), plain(17.37)]).toEqual(["−1.86", "17.37"]);
  });

  it("are per cent, and small ones keep a digit", () => {
    expect([percent(0.7725), percent(0), percent(1), percent(7.4e-35)]).toEqual([
      "77.3\u202f%",
      "0.0\u202f%",
      "100.0\u202f%",
      "7e−33\u202f%",
    ]);
    expect(tiny(-1.84e-6)).toBe("2e−6");
  });
});

describe("tokens", () => {
  it("show spaces, line ends and what cannot be seen", () => {
    expect(visible(" Paris")).toBe("·Paris");
    expect(visible("a b")).toBe("a b");
    expect(visible("  ")).toBe("··");
    expect(visible("\n\t")).toBe("⏎⇥");
    expect(visible("\u0000\u200b\u202e\ufeff\u00ad")).toBe("⟨0000⟩⟨200B⟩⟨202E⟩⟨FEFF⟩⟨00AD⟩");
    expect(visible("")).toBe("∅");
  });

  it("are text and nothing else", () => {
    expect(visible("</script><b>")).toBe("</script><b>");
    expect(visible("שלום")).toBe("שלום");
  });
});

describe("names", () => {
  it("are those of the terminal", () => {
    expect(nameOf({ kind: "head", layer: 23, head: 4 })).toBe("L23.H4");
    expect(nameOf({ kind: "neuron", layer: 2, expert: 7, neuron: 5 })).toBe("L2.E7.N5");
    const bare = { head: null, expert: null, neuron: null, source: null, value: 0 };
    expect(nameOfTerm({ kind: "attention", layer: 3, ...bare })).toBe("L3 attn");
    expect(nameOfTerm({ kind: "unembedding_bias", layer: null, ...bare })).toBe("unembedding bias");
  });
});

describe("colours", () => {
  it("meet at the middle and have an ink that can be read", () => {
    expect(signColour(0, 1)).toBe("rgb(247,247,247)");
    expect(signColour(2, 1)).toBe(signColour(1, 1));
    expect(signColour(5, 0)).toBe(signColour(0, 1));
    expect(amountColour(Number.NaN)).toBe(amountColour(0));
    expect([inkOn(amountColour(0)), inkOn(amountColour(1))]).toEqual(["#fff", "#000"]);
  });
});
