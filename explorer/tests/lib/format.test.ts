import { describe, expect, it } from "vitest";
import { percent, plain, signed, tiny, visible } from "../../src/lib/format";

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
