import { describe, expect, it, vi } from "vitest";
import { type Ask, canonical, Desk, type Events } from "../../src/protocol/asks";
import { dispatch, embedded, posting } from "../../src/protocol/transports";

/** A transport that answers when told to. */
function pending() {
  const asked: { ask: Ask; events: Events; cancelled: boolean }[] = [];
  const transport = (ask: Ask, events: Events) => {
    const entry = { ask, events, cancelled: false };
    asked.push(entry);
    return () => {
      entry.cancelled = true;
    };
  };
  return { asked, transport };
}

const ask = (name: Ask["ask"], prompt: string): Ask => ({ ask: name, prompt });

describe("keys", () => {
  it("do not depend on the order of the fields", () => {
    expect(canonical({ b: [1, { d: null, c: "x" }], a: true })).toBe('{"a":true,"b":[1,{"c":"x","d":null}]}');
    expect(canonical({ a: undefined, b: 1 })).toBe('{"b":1}');
  });
});

describe("the desk", () => {
  it("asks once for many who watch, and reports progress", () => {
    const { asked, transport } = pending();
    const desk = new Desk(transport, {});
    const one = desk.watch(ask("explain", "a"));
    expect(desk.watch(ask("explain", "a"))).toBe(one);
    expect(asked.length).toBe(1);
    asked[0]?.events.progress("layers", 0.5);
    expect(one.value).toMatchObject({ stage: "layers", fraction: 0.5, result: null });
    asked[0]?.events.result({ ok: 1 });
    expect(one.value.result).toEqual({ ok: 1 });
    expect(desk.shown("")).toEqual({ [canonical(ask("explain", "a"))]: { ok: 1 } });
  });

  it("keeps for a report what was shown of either prompt before, and of no other", () => {
    const { asked, transport } = pending();
    const desk = new Desk(transport, {});
    for (const prompt of ["a", "b", "c"]) {
      const one = { ask: "lens" as const, prompt };
      desk.watch(one);
      asked.at(-1)?.events.result({ of: prompt });
      desk.release(one);
    }
    expect(Object.values(desk.shown("a", "b"))).toEqual([{ of: "a" }, { of: "b" }]);
    expect(desk.shown("a", null)).toEqual({ [canonical({ ask: "lens", prompt: "a" })]: { of: "a" } });
  });

  it("runs two at once, the prediction first", () => {
    const { asked, transport } = pending();
    const desk = new Desk(transport, {});
    for (const name of ["attribute", "paths", "lens", "explain"] as const) desk.watch(ask(name, "a"));
    asked[0]?.events.result({});
    expect(asked.map((each) => each.ask.ask)).toEqual(["attribute", "paths", "explain"]);
  });

  it("cancels what nobody watches, whether it runs or waits", () => {
    const { asked, transport } = pending();
    const desk = new Desk(transport, {});
    for (const prompt of ["a", "b", "c"]) desk.watch(ask("explain", prompt));
    desk.release(ask("explain", "c"));
    desk.release(ask("explain", "a"));
    expect(asked.map((each) => each.cancelled)).toEqual([true, false]);
    asked[1]?.events.result({});
    expect(asked.length).toBe(2);
  });

  it("takes results that are there already, and asks again after an error", () => {
    const { asked, transport } = pending();
    const desk = new Desk(transport, { '{"prompt":"a","ask":"explain"}': { ok: 1 } });
    expect(desk.watch(ask("explain", "a")).value.result).toEqual({ ok: 1 });
    const failed = desk.watch(ask("explain", "b"));
    asked[0]?.events.error("no");
    expect(failed.value.error).toBe("no");
    desk.watch(ask("explain", "b"));
    expect(asked.length).toBe(2);
  });
});

describe("what is asked ahead", () => {
  const asks = (...prompts: string[]) => prompts.map((prompt) => ask("explain", prompt));
  const promptsOf = (asked: { ask: Ask }[]) => asked.map((each) => each.ask.prompt);

  it("is asked one at a time while nothing is waited for, the last foreseen first, and each once", () => {
    const { asked, transport } = pending();
    const desk = new Desk(transport, {});
    desk.foresee(asks("a", "b"));
    desk.foresee(asks("c", "a"));
    expect(promptsOf(asked)).toEqual(["a"]);
    for (const prompt of ["a", "c", "b"]) {
      expect(asked.at(-1)?.ask.prompt).toBe(prompt);
      asked.at(-1)?.events.result({ of: prompt });
    }
    expect(asked.length).toBe(3);
    expect(desk.watch(ask("explain", "c")).value.result).toEqual({ of: "c" });
    expect(asked.length).toBe(3);
  });

  it("makes way for what is waited for, and goes on after it", () => {
    const { asked, transport } = pending();
    const desk = new Desk(transport, {});
    desk.foresee(asks("a", "b"));
    desk.watch(ask("lens", "x"));
    expect(asked.map((each) => [each.ask.prompt, each.cancelled])).toEqual([
      ["a", true],
      ["x", false],
    ]);
    asked[1]?.events.result({});
    expect(promptsOf(asked)).toEqual(["a", "x", "a"]);
  });

  it("is handed to who asks for it while it is on its way, and stays when it is no longer foreseen", () => {
    const { asked, transport } = pending();
    const desk = new Desk(transport, {});
    const forget = desk.foresee(asks("a", "b"));
    const answer = desk.watch(ask("explain", "a"));
    forget();
    expect(asked.map((each) => each.cancelled)).toEqual([false]);
    asked[0]?.events.result({ ok: 1 });
    expect(answer.value.result).toEqual({ ok: 1 });
    expect(asked.length).toBe(1);
  });

  it("ends once it is no longer foreseen, and what is still foreseen goes on", () => {
    const { asked, transport } = pending();
    const desk = new Desk(transport, {});
    desk.foresee(asks("a"));
    asked[0]?.events.result({});
    const forget = desk.foresee(asks("b", "c"));
    desk.foresee(asks("d"));
    forget();
    expect(asked.map((each) => [each.ask.prompt, each.cancelled])).toEqual([
      ["a", false],
      ["b", true],
      ["d", false],
    ]);
  });

  it("is no part of a report before somebody looks at it, and is asked again where it failed", () => {
    const { asked, transport } = pending();
    const desk = new Desk(transport, {});
    desk.foresee(asks("a", "b"));
    asked[0]?.events.result({ ok: 1 });
    asked[1]?.events.error("no");
    expect(asked.length).toBe(2);
    expect(desk.shown("a")).toEqual({});
    desk.watch(ask("explain", "a"));
    desk.watch(ask("explain", "b"));
    expect(promptsOf(asked)).toEqual(["a", "b", "b"]);
    expect(desk.shown("a")).toEqual({ [canonical(ask("explain", "a"))]: { ok: 1 } });
  });

  it("is not asked while the server is lost", () => {
    const { asked, transport } = pending();
    const desk = new Desk(transport, {});
    desk.foresee(asks("a", "b"));
    asked[0]?.events.lost();
    desk.foresee(asks("c"));
    expect(asked.length).toBe(1);
    desk.retry();
    expect(promptsOf(asked)).toEqual(["a", "c"]);
  });
});

it("tells all who look at what failed how it goes when it is asked again", () => {
  const { asked, transport } = pending();
  const desk = new Desk(transport, {});
  const first = desk.watch(ask("explain", "a"));
  asked[0]?.events.error("no");
  expect(desk.watch(ask("explain", "a"))).toBe(first);
  expect(first.value.error).toBe(null);
  asked[1]?.events.result({ ok: 1 });
  expect(first.value.result).toEqual({ ok: 1 });
});

describe("a lost server", () => {
  it("leaves what was asked waiting, asks nothing more, and asks all of it again when told to", () => {
    const { asked, transport } = pending();
    const desk = new Desk(transport, {});
    const answers = ["a", "b", "c"].map((prompt) => desk.watch(ask("explain", prompt)));
    asked[0]?.events.lost();
    asked[1]?.events.lost();
    expect(desk.lost.value).toBe(true);
    expect(answers.map((answer) => answer.value.error)).toEqual([null, null, null]);
    desk.watch(ask("explain", "d"));
    expect(asked.length).toBe(2);
    desk.retry();
    expect(asked.slice(2).map((each) => each.ask.prompt)).toEqual(["a", "b"]);
    asked[2]?.events.result({ ok: 1 });
    expect(answers[0]?.value.result).toEqual({ ok: 1 });
    expect(asked.length).toBe(5);
  });

  it("is told from a refusal", async () => {
    const told = (request: () => Promise<Response>) =>
      new Promise((resolve) => {
        vi.stubGlobal("fetch", request);
        posting(null)(ask("explain", "a"), {
          progress: () => {},
          result: resolve,
          error: resolve,
          lost: () => resolve("lost"),
        });
      });
    expect(await told(() => Promise.reject(new TypeError("Failed to fetch")))).toBe("lost");
    const refused = new Response('{"message":"No such token."}', { status: 422 });
    expect(await told(() => Promise.resolve(refused))).toBe("No such token.");
    vi.unstubAllGlobals();
  });
});

describe("server-sent events", () => {
  it("are handed on; comments are not", () => {
    const seen: unknown[] = [];
    const events: Events = {
      progress: (stage, fraction) => seen.push([stage, fraction]),
      result: (payload) => seen.push(payload),
      error: (message) => seen.push(message),
      lost: () => seen.push("lost"),
    };
    dispatch(": still here", events);
    dispatch('event: progress\ndata: {"stage":"run","fraction":0.25}', events);
    dispatch('event: result\ndata: {"a":\ndata: 1}', events);
    dispatch('event: error\ndata: {"message":"No such token.","exit_code":2}', events);
    expect(seen).toEqual([["run", 0.25], { a: 1 }, "No such token."]);
  });
});

describe("a report", () => {
  it("answers from what it embeds, whatever the amounts, and says so where it cannot", () => {
    const kept = { '{"ask":"explain","prompt":"a","test":true,"top":5}': { ok: 1 } };
    const desk = new Desk(embedded(kept), kept);
    expect(desk.watch({ ask: "explain", prompt: "a", target: " b", test: false, top: 10 }).value.result).toEqual({
      ok: 1,
    });
    expect(desk.watch({ ask: "lens", prompt: "a" }).value.error).toContain("unembed open");
  });

  it("answers of the token that is asked about, however it is named, and of no other", () => {
    const first = { ask: "explain" as const, prompt: "a" };
    const kept = {
      [canonical({ ...first, parts: false })]: { target: { id: 7, text: " Paris" } },
      [canonical({ ...first, target: "Lyon" })]: { target: { id: 8, text: " Lyon" } },
    };
    const desk = new Desk(embedded(kept), kept);
    const tokenOf = (target: unknown) => {
      const { result, error } = desk.watch({ ...first, test: true, ...(target === null ? {} : { target }) }).value;
      return error ?? (result as unknown as { target: { id: number } }).target.id;
    };
    expect([null, 7, " Paris", 8, " Lyon", "Lyon"].map(tokenOf)).toEqual([7, 7, 7, 8, 8, 8]);
    expect(tokenOf(9)).toContain("Not kept");
  });
});
