import { describe, expect, it, vi } from "vitest";
import widget from "../src/main";
import type { ExplainPayload } from "../src/protocol/payloads";

const EXPLAINED = {
  schema: "unembed/explain/2",
  model: { name: "toy", layers: 1, heads: 1, device: "cpu", dtype: "float32", vocab: 3 },
  tokens: [
    { position: 0, id: 1, text: "a" },
    { position: 1, id: 2, text: " b" },
  ],
  position: 1,
  predictions: [{ id: 3, text: " c", logit: 2, probability: 0.5 }],
  target: { id: 3, text: " c", logit: 2, probability: 0.5, rank: 1 },
  reference: { kind: "raw", text: null, value: 0 },
  ledger: {
    value: 2,
    sum: 2,
    error: 0,
    tolerance: 1e-6,
    by: "sublayer",
    terms: [
      { kind: "embedding", layer: null, head: null, expert: null, neuron: null, source: null, value: 0.5 },
      { kind: "attention", layer: 0, head: null, expert: null, neuron: null, source: null, value: 1.5 },
    ],
  },
  answer: { text: "Because.", kind: "credit", part: null, zeroed: null },
  sentence: [{ text: "Because.", kind: null, place: null }],
  words: null,
  heads: [],
  sublayers: [],
  neurons: [],
  lens: [],
  notes: ["A note."],
  versions: {},
} as unknown as ExplainPayload;

/** anywidget's model, which answers each explanation. */
function model(data: unknown) {
  const sent: { id: number; ask?: { ask: string }; cancel?: boolean }[] = [];
  const listeners = new Set<(message: never) => void>();
  return {
    sent,
    answer(id: number, event: string, payload: unknown) {
      for (const listener of [...listeners]) listener({ id, event, data: payload } as never);
    },
    get: () => data,
    send: (message: unknown) => sent.push(message as (typeof sent)[number]),
    on: (_event: string, listener: (message: never) => void) => listeners.add(listener),
    off: (_event: string, listener: (message: never) => void) => listeners.delete(listener),
  };
}

const moment = () => new Promise((resolve) => setTimeout(resolve, 30));

describe("the widget", () => {
  it("asks over the notebook's connection and shows what comes", async () => {
    const notebook = model({
      host: "widget",
      token: null,
      model: null,
      state: { a: "a b", view: "parts" },
      results: {},
    });
    const element = document.createElement("div");
    document.body.append(element);
    const unmount = widget.render({ model: notebook as never, el: element });
    await moment();
    expect(notebook.sent[0]?.ask?.ask).toBe("explain");
    notebook.answer(notebook.sent[0]?.id ?? 0, "result", EXPLAINED);
    await moment();
    expect(element.querySelector(".ledger tfoot")?.textContent).toContain("= model ✓");
    expect(notebook.sent.length).toBeGreaterThan(1);
    const hash = location.hash;
    element.querySelector<HTMLElement>(".ledger tbody tr.choosable")?.click();
    await moment();
    expect(element.querySelector(".panel-inspector")?.textContent).toContain("L0 attn");
    expect(location.hash).toBe(hash);
    unmount();
    expect(element.textContent).toBe("");
  });

  it("shows a kept result without asking", async () => {
    const results = { '{"ask":"explain","prompt":"a b"}': EXPLAINED };
    const notebook = model({ host: "widget", token: null, model: null, state: { a: "a b" }, results, live: false });
    const element = document.createElement("div");
    const unmount = widget.render({ model: notebook as never, el: element });
    await vi.waitFor(() =>
      expect(element.querySelector(".panel-carried")?.textContent ?? "").toContain("All 2 parts add up to +2.00"),
    );
    expect(element.querySelector(".panel-words")?.textContent).toContain("A note.");
    expect(notebook.sent).toEqual([]);
    unmount();
  });
});
