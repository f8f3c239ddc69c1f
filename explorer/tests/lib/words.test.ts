import { describe, expect, it } from "vitest";
import { nameOfUnit } from "../../src/lib/words";
import type { UnitWithout } from "../../src/protocol/payloads";

const named = (text: string) => nameOfUnit({ text } as UnitWithout);

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
