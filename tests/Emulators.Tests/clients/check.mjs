// Runs named checks of one client against an emulator and prints one JSON line for each: {"name", "error": null or what went wrong}.
import assert from "node:assert/strict";

/** Asks the emulator's control API. */
export function control(base) {
  const url = (path) => new URL(path, base).href;
  return {
    ledger: async () => (await fetch(url("/emulator/ledger"))).json(),
    fault: async (rule) => {
      const answer = await fetch(url("/emulator/faults"), { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(rule) });
      assert.equal(answer.status, 204, await answer.text());
    },
    /** Runs the work and counts the calls that it made, when all of them have ended. */
    calls: async (work) => {
      const before = (await (await fetch(url("/emulator/ledger?limit=0"))).json()).calls;
      await work();
      for (;;) {
        const now = await (await fetch(url("/emulator/ledger?limit=0"))).json();
        if (now.running === 0) return now.calls - before;
        await new Promise((done) => setTimeout(done, 10));
      }
    },
    settled: async () => {
      for (;;) {
        const now = await (await fetch(url("/emulator/ledger"))).json();
        if (now.running === 0) return now;
        await new Promise((done) => setTimeout(done, 10));
      }
    },
  };
}

export async function run(checks) {
  for (const [name, check] of Object.entries(checks)) {
    let error = null;
    try {
      await check();
    } catch (e) {
      error = String(e?.stack ?? e);
    }
    console.log(JSON.stringify({ name, error }));
  }
}
