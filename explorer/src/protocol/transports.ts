/** The three ways of asking: posts to the page's own host, a widget's messages, and none at all in a report. */
import { type Ask, canonical, type Events, type Transport } from "./asks";

/** Posts to `/ask` and reads its server-sent events; aborting the request cancels the work. */
export function posting(token: string | null): Transport {
  return (ask, events) => {
    const abort = new AbortController();
    post("/ask", ask, token, abort.signal)
      .then(async (response) => {
        if (!response.ok || !response.body) throw new Error(await refusal(response));
        await readEvents(response.body, events);
      })
      .catch((error: unknown) => {
        if (abort.signal.aborted) return;
        if (unreachable(error)) events.lost();
        else events.error(error instanceof Error ? error.message : String(error));
      });
    return () => abort.abort();
  };
}

/** Whether a request failed for want of a server, before or while it answered. */
export function unreachable(error: unknown): boolean {
  return error instanceof TypeError;
}

/** A JSON post to the page's own host. */
export function post(path: string, body: unknown, token: string | null, signal?: AbortSignal): Promise<Response> {
  const headers: Record<string, string> = { "content-type": "application/json" };
  if (token !== null) headers.authorization = `Bearer ${token}`;
  return fetch(path, { method: "POST", headers, body: JSON.stringify(body), ...(signal ? { signal } : {}) });
}

/** What a refused request said, for a person. */
export async function refusal(response: Response): Promise<string> {
  const text = await response.text();
  try {
    const { message } = JSON.parse(text) as { message?: string };
    if (message) return message;
  } catch {
    // not JSON: show it as it is
  }
  return text || `The server answered ${response.status}.`;
}

async function readEvents(body: ReadableStream<Uint8Array>, events: Events): Promise<void> {
  const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    text += value.replaceAll("\r\n", "\n");
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) dispatch(block, events);
  }
  if (text.trim()) dispatch(text, events);
  events.lost();
}

/** One server-sent event: hands its data on. Comments, which keep the connection alive, have none. */
export function dispatch(block: string, events: Events): void {
  const lines = block.split("\n");
  const field = (name: string) =>
    lines.filter((line) => line.startsWith(`${name}:`)).map((line) => line.slice(name.length + 1).replace(/^ /, ""));
  const data = field("data").join("\n");
  if (!data) return;
  hand(field("event")[0] ?? "message", JSON.parse(data), events);
}

function hand(event: string, data: unknown, events: Events): void {
  if (event === "progress") {
    const { stage, fraction } = data as { stage: string; fraction: number };
    events.progress(stage, fraction);
  } else if (event === "error") events.error((data as { message: string }).message);
  else if (event === "result") events.result(data);
}

/** How an ask was made more or less closely: what a report embeds may have been asked with other amounts. */
const AMOUNTS = new Set(["top", "test", "parts", "target"]);

/**
 * A report has only what it embeds: the very ask, which the desk finds itself, or the one that differs from it in
 * amounts. An answer tells its token, which the ask need not name.
 */
export function embedded(results: Record<string, unknown>): Transport {
  const core = (ask: Record<string, unknown>) =>
    canonical(Object.fromEntries(Object.entries(ask).filter(([name]) => !AMOUNTS.has(name))));
  const kept = Object.entries(results).map(([key, payload]) => {
    const ask = JSON.parse(key) as Record<string, unknown>;
    return { core: core(ask), tokens: tokensOf(ask, payload), payload };
  });
  return (ask, events) => {
    const key = core(ask);
    const found = kept.find(
      ({ core, tokens }) => core === key && (tokens.length === 0 || tokens.includes(ask.target ?? null)),
    );
    if (found) events.result(found.payload);
    else events.error("Not kept in this report. Open the prompt with `unembed open` to ask for it.");
    return () => {};
  };
}

/** How the token of a kept answer is named: as it was asked, by its id and by its text; nothing where it tells no token. */
function tokensOf(ask: Record<string, unknown>, payload: unknown): unknown[] {
  const { target } = (payload ?? {}) as { target?: { id?: number; text?: string } | null };
  return target?.id === undefined ? [] : [ask.target ?? null, target.id, target.text];
}

/** anywidget's model, as far as the page needs it. */
export interface WidgetModel {
  get(name: string): unknown;
  send(message: unknown): void;
  on(event: string, listener: (message: WidgetMessage) => void): void;
  off(event: string, listener: (message: WidgetMessage) => void): void;
}
interface WidgetMessage {
  id: number;
  event: string;
  data: unknown;
}

/** Asks over the notebook's own connection. */
export function messaging(model: WidgetModel): Transport {
  let last = 0;
  return (ask: Ask, events) => {
    last += 1;
    const id = last;
    const listen = (message: WidgetMessage) => {
      if (message.id !== id) return;
      hand(message.event, message.data, events);
      if (message.event !== "progress") model.off("msg:custom", listen);
    };
    model.on("msg:custom", listen);
    model.send({ id, ask });
    return () => {
      model.off("msg:custom", listen);
      model.send({ id, cancel: true });
    };
  };
}
