// node openrouter.mjs URL: the official OpenRouter SDK, which checks every answer against its schema, against an emulator at that URL.
import assert from "node:assert/strict";
import { OpenRouter } from "@openrouter/sdk";
import { control, run } from "./check.mjs";

const base = process.argv[2];
const emulator = control(base);
const client = new OpenRouter({ apiKey: "sk-or-test", serverURL: new URL("/api/v1", base).href, retryConfig: { strategy: "none" } });

const ask = (model, more) => ({ chatRequest: { model, messages: [{ role: "user", content: "Hello" }], ...more } });

async function stream(model, more) {
  const chunks = [];
  for await (const chunk of await client.chat.send(ask(model, { stream: true, ...more }))) chunks.push(chunk);
  return chunks;
}

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
    for (const model of ["openai/gpt-4o", "deepseek/deepseek-r1", "anthropic/claude-haiku-4.5"]) {
      const answer = await client.chat.send(ask(model));
      assert.equal(answer.model, model);
      assert.equal(typeof answer.usage.cost, "number");
      assert.equal(typeof answer.usage.costDetails.upstreamInferencePromptCost, "number");
    }
  },

  async tools() {
    const tools = [{ type: "function", function: { name: "list", parameters: { type: "object" } } }];
    const answer = await client.chat.send(ask("openai/gpt-4o", { tools, toolChoice: "required" }));
    assert.equal(answer.choices[0].message.toolCalls[0].function.name, "list");
    assert.ok((await stream("openai/gpt-4o", { tools, toolChoice: "required" })).some((c) => c.choices[0]?.delta.toolCalls?.[0].function?.name === "list"));
  },

  async streaming() {
    for (const model of ["openai/gpt-4o", "deepseek/deepseek-r1", "openai/gpt-4o:fault-split+crlf+comments", "openai/gpt-4o:fault-usage-choice", "openai/gpt-4o:fault-no-done"]) {
      const chunks = await stream(model);
      assert.equal(typeof chunks.at(-1).usage.cost, "number", model);
      assert.ok(chunks.map((c) => c.choices[0]?.delta.content ?? "").join("").includes(" answers: "), model);
    }
  },

  async error_frames() {
    for (const form of ["error-first", "error-mid", "error-mid-empty"]) {
      const error = (await stream(`openai/gpt-4o:fault-${form}`)).at(-1).error;
      assert.equal(error.code, 502, form);
      assert.equal(error.metadata.errorType, "provider_unavailable", form);
    }
    for (const form of ["error-mid-string", "error-mid-bare"]) await thrown(() => stream(`openai/gpt-4o:fault-${form}`)); // its schema has no such frame
  },

  async errors() {
    for (const [status, name] of [[400, "BadRequest"], [401, "Unauthorized"], [402, "PaymentRequired"], [403, "Forbidden"], [404, "NotFound"], [408, "RequestTimeout"], [413, "PayloadTooLarge"],
      [422, "UnprocessableEntity"], [429, "TooManyRequests"], [500, "InternalServer"], [502, "BadGateway"], [503, "ServiceUnavailable"], [524, "EdgeNetworkTimeout"], [529, "ProviderOverloaded"]]) {
      const error = await thrown(() => client.chat.send(ask(`emulator/fault-${status}`)));
      assert.equal(error.name, `${name}ResponseError`, `${status}: ${error}`);
      assert.equal(error.error.code, status);
    }
  },

  async models() {
    const list = await client.models.list({ outputModalities: "all" });
    const models = (list.result ?? list).data;
    assert.ok(models.length > 30);
    assert.equal(models.find((m) => m.id === "anthropic/claude-sonnet-4").pricing.overrides[0].minPromptTokens, 200000);
    assert.equal((await client.models.get({ author: "openai", slug: "gpt-4o" })).data.id, "openai/gpt-4o");
    assert.ok((await client.models.count({})).data.count > 30);
    const endpoints = await client.endpoints.list({ author: "anthropic", slug: "claude-sonnet-4" });
    assert.equal(endpoints.data.endpoints[0].providerName, "Anthropic");
    assert.ok((await client.providers.list({})).data.some((p) => p.slug === "openai"));
  },

  async embeddings() {
    const answer = await client.embeddings.generate({ requestBody: { model: "openai/text-embedding-3-small", input: ["a", "b"] } });
    assert.equal(answer.data.length, 2);
    assert.equal(answer.data[0].embedding.length, 1536);
  },

  async account() {
    const answer = await client.chat.send(ask("openai/gpt-4o"));
    assert.ok((await client.apiKeys.getCurrentKeyMetadata({})).data.usage > 0);
    assert.ok((await client.credits.getCredits({})).data.totalUsage > 0);
    assert.deepEqual((await client.analytics.getUserActivity({})).data, []);
    let generation;
    for (let tries = 0; !generation && tries < 100; tries++) {
      try {
        generation = await client.generations.getGeneration({ id: answer.id });
      } catch (e) {
        assert.equal(e.statusCode, 404);
        await new Promise((done) => setTimeout(done, 20));
      }
    }
    assert.equal(generation.data.totalCost, answer.usage.cost);
    assert.equal((await emulator.settled()).entries.at(-1).id, answer.id);
  },
});
