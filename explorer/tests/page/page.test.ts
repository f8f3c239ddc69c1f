import { describe, expect, it } from "vitest";
import { Page } from "../../src/page/page";
import type { Ask, Events, PageData } from "../../src/protocol/asks";

const DATA: PageData = { host: "page", token: null, model: null, state: { a: "one" }, results: {} };

/** A page that asks, and what it asked. */
function asking(data: Partial<PageData> = {}) {
  location.hash = "";
  const asked: { ask: Ask; events: Events; cancelled: boolean }[] = [];
  const page = new Page({ ...DATA, ...data }, (ask, events) => {
    const entry = { ask, events, cancelled: false };
    asked.push(entry);
    return () => {
      entry.cancelled = true;
    };
  });
  return { page, asked, stop: page.explain() };
}

const answerOf = (id: number) => ({ target: { id, text: ` ${id}` }, model: { reads: null } });

describe("what the page asks", () => {
  it("asks at once what the state says, without heads and neurons, and takes over what comes", () => {
    const { page, asked } = asking();
    expect(asked.map((each) => each.ask)).toEqual([
      { ask: "explain", prompt: "one", test: false, parts: false, top: 10 },
    ]);
    asked[0]?.events.result(answerOf(7));
    expect(page.explained.value?.target.id).toBe(7);
    expect(page.followed()).toEqual({ prompt: "one", target: 7 });
    expect(page.earlier.list.value[0]).toEqual({ a: "one", source: null });
  });

  it("asks of another token before anything is drawn, keeps what is shown meanwhile, and no selection asks anew", () => {
    const { page, asked } = asking();
    asked[0]?.events.result(answerOf(7));
    page.select({ kind: "mlp", layer: 0 });
    expect(asked.length).toBe(1);
    page.set({ target: " b" });
    expect(asked[1]?.ask.target).toBe(" b");
    expect(page.explained.value?.target.id).toBe(7);
    expect(page.answer.value?.result).toBeNull();
    page.set({ target: " c" });
    expect(asked.map((each) => each.cancelled)).toEqual([false, true, false]);
    asked[2]?.events.result(answerOf(9));
    expect(page.followed()?.target).toBe(" c");
    page.set({ target: null });
    expect(page.explained.value?.target.id).toBe(7);
    expect(asked.length).toBe(3);
  });

  it("shows nothing of a prompt that failed, or that was taken away", () => {
    const { page, asked, stop } = asking();
    asked[0]?.events.result(answerOf(7));
    page.set({ a: "two" });
    asked[1]?.events.error("No.");
    expect([page.explained.value, page.followed(), page.answer.value?.error]).toEqual([null, null, "No."]);
    page.set({ a: "" });
    expect([page.asked(), page.answer.value]).toEqual([false, null]);
    page.set({ a: "three" });
    stop();
    expect(asked[2]?.cancelled).toBe(true);
  });

  it("has the answer to a click that was foreseen, and lets go of what was not chosen", () => {
    const { page, asked } = asking();
    asked[0]?.events.result(answerOf(7));
    page.foresee({ target: " b" });
    page.foresee({ target: " c" });
    expect(asked.map((each) => each.cancelled)).toEqual([false, true, false]);
    asked[2]?.events.result(answerOf(9));
    expect(page.explained.value?.target.id).toBe(7);
    page.set({ target: " c" });
    expect(page.explained.value?.target.id).toBe(9);
    expect(asked.length).toBe(3);
  });

  it("foresees nothing where a click cannot stop an ask, or there is nothing to ask", () => {
    for (const host of ["widget", "report"] as const) {
      const { page, asked } = asking({ host });
      page.foresee({ target: " b" });
      expect(asked.length).toBe(1);
    }
  });
});
