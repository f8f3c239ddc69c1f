import { describe, expect, it } from "vitest";
import { amountColour, inkOn, signColour } from "../../src/lib/colours";

describe("colours", () => {
  it("meet at the middle and have an ink that can be read", () => {
    expect(signColour(0, 1)).toBe("rgb(247,247,247)");
    expect(signColour(2, 1)).toBe(signColour(1, 1));
    expect(signColour(5, 0)).toBe(signColour(0, 1));
    expect(amountColour(Number.NaN)).toBe(amountColour(0));
    expect([inkOn(amountColour(0)), inkOn(amountColour(1))]).toEqual(["#fff", "#000"]);
  });
});
