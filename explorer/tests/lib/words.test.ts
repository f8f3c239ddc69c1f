import { describe, expect, it } from "vitest";
import { nameOfUnit, stretchesOf } from "../../src/lib/words";
import type { ExplainPayload, PromptToken, UnitWithout } from "../../src/protocol/payloads";

const named = (text: string) => nameOfUnit({ text, positions: [0] } as unknown as UnitWithout);

describe("the name of a unit", () => {
  it("is its text, all of which can be seen", () => {
    expect(named(" France")).toBe("France");
    expect(named("\n\n")).toBe("↵↵");
    expect(named("a\u200bb")).toBe("a\\u200bb");
    expect(named("The capital\nof France. ")).toBe("The capital of France.");
  });

  it("shows the beginning of a long one", () => {
    const name = named("The capital of France is Paris, and that of Germany is Berlin.");
    expect([...name]).toHaveLength(40);
    expect(name).toBe("The capital of France is Paris, and tha…");
  });
});

describe("bytes of one character", () => {
  const tokens = [
    { text: " a", fragment: null },
    { text: "<0xE9>", fragment: "首 1/3" },
    { text: "<0xA6>", fragment: "首 2/3" },
    { text: "<0x96>", fragment: "首 3/3" },
  ].map((token, position): PromptToken => ({ ...token, position, id: position }));
  const unit = (text: string, ...positions: number[]) => ({ text, positions }) as UnitWithout;
  const said = (units: UnitWithout[]) =>
    stretchesOf({ tokens } as ExplainPayload, units).map(({ before, text }) => [before, text]);

  it("are told by their parts where each is a unit", () => {
    const units = [unit(" a", 0), unit("<0xE9>", 1), unit("<0xA6>", 2), unit("<0x96>", 3)];
    expect(said(units)).toEqual([[" ", "a"], ["", "首 1/3"], ["", "首 2/3"], ["", "首 3/3"]]); // biome-ignore format: pairs
    expect(units.map((each) => nameOfUnit(each, tokens))).toEqual(["a", "首 1/3", "首 2/3", "首 3/3"]);
  });

  it("are the character where they stand together", () => {
    expect(said([])).toEqual([[" ", "a首"]]);
    expect(said([unit(" a首", 0, 1, 2, 3)])).toEqual([[" ", "a首"]]);
  });
});
