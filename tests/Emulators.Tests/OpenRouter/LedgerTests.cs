using Emulators.OpenRouter.Billing;

namespace Emulators.Tests.OpenRouter;

/// <summary>The emulator's books.</summary>
public sealed class LedgerTests
{
    [Fact]
    public async Task The_sum_is_what_callers_were_told_to_the_last_digit()
    {
        await using var rig = await Rig.StartAsync(new() { LeastCachedTokens = 8 });
        string[] models = ["openai/gpt-4o-mini", "google/gemini-2.0-flash-001", "anthropic/claude-haiku-4.5", "deepseek/deepseek-r1", "perplexity/sonar-deep-research", "emulator/fault-503", "nobody/nothing"];

        var told = await Task.WhenAll(Enumerable.Range(0, 8).Select(async worker =>
        {
            var sum = 0m;
            for (var i = 0; i < 40; i++)
            {
                var body = Rig.Ask(models[(worker + i) % models.Length], $"question {i % 5}, which is long enough");
                using var response = await rig.ChatAsync(body);
                if (response.IsSuccessStatusCode) sum += (await Rig.JsonAsync(response)).GetProperty("usage").GetProperty("cost").GetDecimal();
            }
            return sum;
        }));

        var ledger = rig.Emulator.Ledger;
        Assert.Equal(told.Sum(), ledger.TotalUsd);
        Assert.Equal(told.Sum(), ledger.Entries.Sum(e => e.Outcome!.CostUsd));
        Assert.Equal((320L, 0L), (ledger.Calls, ledger.Running));
        Assert.Equal(ledger.Failed, ledger.Entries.Count(e => e.Outcome!.Status >= 400));
    }

    [Fact]
    public async Task Calls_at_the_same_time_do_not_read_one_anothers_bodies()
    {
        await using var rig = await Rig.StartAsync();
        var users = Enumerable.Range(0, 6000).Select(i => $"user {i}").ToList();

        await Parallel.ForEachAsync(users, new ParallelOptions { MaxDegreeOfParallelism = 64 }, async (user, _) => await rig.AnswerAsync(Rig.Ask("openai/gpt-4o", user, new { user })));

        Assert.Equal(users.Order(), rig.Emulator.Ledger.Entries.Select(e => e.RequestKey).Order());
    }

    [Fact]
    public async Task Only_the_last_entries_are_kept_and_the_sums_cover_all()
    {
        await using var rig = await Rig.StartAsync(new() { LedgerCapacity = 3, Rules = [new() { Answer = "done", Usage = new(Prompt: 0, Completion: 10) }] });

        var ids = new List<string>();
        for (var i = 0; i < 5; i++) ids.Add((await rig.AnswerAsync(Rig.Ask("openai/gpt-4o"))).GetProperty("id").GetString()!);

        Assert.Equal(ids[2..], rig.Emulator.Ledger.Entries.Select(e => e.GenerationId));
        Assert.Equal(5 * 10 * 0.00001m, rig.Emulator.Ledger.TotalUsd);
        Assert.Null(rig.Emulator.Ledger.Find(ids[0]));
        Assert.Equal(4, rig.Emulator.Ledger.Find(ids[3])!.Number);
    }

    [Fact]
    public async Task The_control_API_reads_the_same_books_with_money_as_text()
    {
        await using var rig = await Rig.StartAsync(new() { Rules = [new() { Answer = "done", Usage = new(Prompt: 0, Completion: 1) }] });
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/chat/completions") { Content = new StringContent(Rig.Ask("openai/gpt-4o:fault-no-done", more: new { stream = true }).ToJsonString()) };
        request.Headers.Add("X-Request-Id", "attempt 1");
        (await rig.Client.SendAsync(request)).Dispose();
        await rig.AnswerAsync(Rig.Ask("openai/gpt-4o-mini", more: new { user = "somebody" }));
        await rig.SettledAsync();

        var ledger = await rig.GetAsync("/emulator/ledger");
        var second = await rig.GetAsync("/emulator/ledger?from=2&limit=1");
        var one = await rig.GetAsync($"/emulator/ledger/{ledger.GetProperty("entries")[0].GetProperty("id").GetString()}");

        Assert.Equal(("0.0000106", "10600"), (ledger.GetProperty("total_usd").GetString(), ledger.GetProperty("total_nanodollars").GetString()));
        Assert.Equal(("attempt 1", "no-done", true), (one.GetProperty("request_key").GetString(), one.GetProperty("fault").GetString(), one.GetProperty("streamed").GetBoolean()));
        Assert.Equal(("openai/gpt-4o", "openai/gpt-4o"), (one.GetProperty("requested_model").GetString(), one.GetProperty("model").GetString()));
        Assert.Equal("somebody", Assert.Single(second.GetProperty("entries").EnumerateArray()).GetProperty("request_key").GetString());
    }

    [Fact]
    public void A_call_is_billed_once()
    {
        var ledger = new Ledger(10, TimeProvider.System);
        var entry = ledger.Start();
        var outcome = new CallOutcome("openai/gpt-4o", "OpenAI", 200, new(1, 1), 0.01m, 0.01m, false, "stop", null, entry.StartedAt);
        ledger.End(entry, outcome);

        Assert.Throws<InvalidOperationException>(() => ledger.End(entry, outcome));
        Assert.Equal(0.01m, ledger.TotalUsd);
    }

    [Fact]
    public void A_generation_id_leads_back_to_its_number_and_a_foreign_one_nowhere()
    {
        var ledger = new Ledger(10, TimeProvider.System);
        var entry = ledger.Start();

        Assert.Matches("^gen-[0-9]+-[0-9A-Za-z]{20}$", entry.GenerationId);
        Assert.Same(entry, ledger.Find(entry.GenerationId));
        Assert.Null(ledger.Find(entry.GenerationId[..^1] + "!"));
        Assert.Null(ledger.Find("gen-1"));
    }

    [Fact]
    public async Task An_exact_sum_loses_nothing_among_threads()
    {
        var sum = new ExactSum();

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            for (var i = 0; i < 10_000; i++) sum.Add(0.000000000001m);
        })));

        Assert.Equal(0.00000004m, sum.Value);
    }
}
