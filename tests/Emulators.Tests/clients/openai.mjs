// node openai.mjs URL: the official openai client against an emulator at that URL.
import assert from "node:assert/strict";
import OpenAI, { APIError } from "openai";
import { control, run } from "./check.mjs";

const base = process.argv[2];
const emulator = control(base);
const client = new OpenAI({ apiKey: "sk-or-test", baseURL: new URL("/api/v1", base).href, logLevel: "off" });

const ask = (model, more) => ({ model, messages: [{ role: "user", content: "Hello" }], ...more });
const tools = [{ type: "function", function: { name: "read_file", parameters: { type: "object", required: ["path"], properties: { path: { type: "string" } } } } }];

/** All chunks of a stream. */
async function stream(model, more) {
  const chunks = [];
  for await (const chunk of await client.chat.completions.create(ask(model, { stream: true, ...more }))) chunks.push(chunk);
  return chunks;
}

const text = (chunks) => chunks.map((c) => c.choices[0]?.delta?.content ?? "").join("");

/** What the work throws. */
async function thrown(work) {
  try {
    await work();
  } catch (e) {
    return e;
  }
  assert.fail("nothing was thrown");
}

await run({
  async chat() {
    const answer = await client.chat.completions.create(ask("openai/gpt-4o"));
    assert.match(answer.choices[0].message.content, /^openai\/gpt-4o answers: /);
    assert.equal(answer.usage.total_tokens, answer.usage.prompt_tokens + answer.usage.completion_tokens);
    assert.equal(typeof answer.usage.cost, "number");
  },

  async streaming() {
    const answer = await client.chat.completions.create(ask("openai/gpt-4o"));
    const chunks = await stream("openai/gpt-4o");
    assert.equal(text(chunks), answer.choices[0].message.content);
    assert.equal(chunks.at(-1).usage.cost, answer.usage.cost);
    assert.deepEqual(chunks.at(-1).choices, []);
  },

  async streaming_in_pieces() {
    const plain = text(await stream("openai/gpt-4o"));
    for (const form of ["split", "crlf", "comments", "batch", "split+crlf+comments", "no-done", "usage-choice", "usage-twice", "usage-missing"])
      assert.equal(text(await stream(`openai/gpt-4o:fault-${form}`)), plain, form);
  },

  async tools() {
    const answer = await client.chat.completions.create(ask("openai/gpt-4o", { tools, tool_choice: "required" }));
    assert.equal(answer.choices[0].finish_reason, "tool_calls");
    assert.deepEqual(JSON.parse(answer.choices[0].message.tool_calls[0].function.arguments), { path: "emulated" });

    const gathered = await client.chat.completions.stream(ask("openai/gpt-4o", { tools, tool_choice: "required" })).finalChatCompletion();
    assert.equal(gathered.choices[0].message.tool_calls[0].function.name, "read_file");
    assert.deepEqual(JSON.parse(gathered.choices[0].message.tool_calls[0].function.arguments), { path: "emulated" });
  },

  async json_schema() {
    const schema = { type: "object", additionalProperties: false, required: ["verdict"], properties: { verdict: { enum: ["yes", "no"] } } };
    const answer = await client.chat.completions.parse(ask("openai/gpt-4o", { response_format: { type: "json_schema", json_schema: { name: "verdict", strict: true, schema } } }));
    assert.deepEqual(JSON.parse(answer.choices[0].message.content), { verdict: "yes" });
  },

  async embeddings() {
    const one = await client.embeddings.create({ model: "openai/text-embedding-3-small", input: "some text" }); // asks for base64 by itself
    const float = await client.embeddings.create({ model: "openai/text-embedding-3-small", input: "some text", encoding_format: "float" });
    assert.equal(one.data[0].embedding.length, 1536);
    assert.deepEqual(Array.from(one.data[0].embedding, (v) => Math.fround(v)), float.data[0].embedding.map((v) => Math.fround(v)));
  },

  async models() {
    const ids = [];
    for await (const model of client.models.list()) ids.push(model.id);
    assert.ok(ids.includes("openai/gpt-4o-mini") && ids.includes("anthropic/claude-sonnet-4"));
  },

  async error_frames() {
    for (const form of ["error-first", "error-mid", "error-mid-empty", "error-mid-string", "error-mid-bare", "error-event", "error-top"]) {
      const error = await thrown(() => stream(`openai/gpt-4o:fault-${form}`));
      assert.ok(error instanceof APIError, `${form}: ${error}`);
      assert.equal(error.code, form === "error-mid-string" ? "server_error" : 502, form);
    }
  },

  async errors_in_an_answer_with_status_200_are_not_seen() {
    const answer = await client.chat.completions.create(ask("openai/gpt-4o:fault-error-choice"));
    assert.equal(answer.choices[0].finish_reason, "error");
    assert.equal((await client.chat.completions.create(ask("openai/gpt-4o:fault-error-top"))).error.code, 502);
  },

  async broken_streams() {
    for (const form of ["cut-reset", "cut-close", "malformed-frame"]) assert.ok((await thrown(() => stream(`openai/gpt-4o:fault-${form}`))) instanceof Error, form);
    const chunks = await stream("openai/gpt-4o:fault-cut-end"); // an end in good order looks like one: the finish is missing, nothing else tells
    assert.ok(chunks.every((c) => !c.choices[0].finish_reason));
  },

  async limits_are_tried_three_times() {
    const error = await thrown(async () => assert.equal(await emulator.calls(() => client.chat.completions.create(ask("emulator/fault-429"))), 3));
    assert.equal(error.status, 429);
    assert.equal(error.error.metadata.error_type, "rate_limit_exceeded");
    await emulator.fault({ fault: "429", times: 2, retry_after_seconds: 0 });
    assert.equal(await emulator.calls(() => client.chat.completions.create(ask("openai/gpt-4o"))), 3);
  },

  async overload_is_tried_three_times_and_lack_of_money_once() {
    for (const [status, times] of [[503, 3], [529, 3], [402, 1], [401, 1], [403, 1], [404, 1]]) {
      await emulator.fault({ fault: `${status}`, times: 3, retry_after_seconds: 0 });
      assert.equal(await emulator.calls(async () => assert.equal((await thrown(() => client.chat.completions.create(ask("openai/gpt-4o")))).status, status)), times, `${status}`);
      await fetch(new URL("/emulator/faults", base), { method: "DELETE" });
    }
  },

  async x_should_retry_is_obeyed() {
    await emulator.fault({ fault: "429", times: 1, should_retry: false });
    assert.equal(await emulator.calls(async () => assert.equal((await thrown(() => client.chat.completions.create(ask("openai/gpt-4o")))).status, 429)), 1);
    await emulator.fault({ fault: "402", times: 1, retry_after_seconds: 0, should_retry: true });
    assert.equal(await emulator.calls(() => client.chat.completions.create(ask("openai/gpt-4o"))), 2);
  },

  async aborting_cancels() {
    await emulator.fault({ fault: "stall", times: 1 });
    const chunks = await client.chat.completions.create(ask("openai/gpt-4o", { stream: true }));
    for await (const chunk of chunks) if (chunk.choices[0].delta.content) break;
    chunks.controller.abort();
    const last = (await emulator.settled()).entries.at(-1);
    assert.equal(last.cancelled, true);
    assert.equal(last.completion_tokens, 12);
  },
});
