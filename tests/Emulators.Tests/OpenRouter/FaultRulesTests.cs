using Emulators.OpenRouter.Faults;
using Support;

namespace Emulators.Tests.OpenRouter;

/// <summary>Which calls go wrong, and how faults are named.</summary>
public sealed class FaultRulesTests
{
    [Fact]
    public async Task A_rule_takes_the_calls_it_matches_as_often_as_it_says()
    {
        await using var rig = await Rig.StartAsync();
        await rig.SendAsync(HttpMethod.Post, "/emulator/faults", """{"fault":"503","match":{"model":"gpt-4o","user":"/^deploy \\d+/i"},"times":2}""");
        async Task<int> StatusAsync(string model, string text)
        {
            using var response = await rig.ChatAsync(Rig.Ask(model, text));
            return (int)response.StatusCode;
        }

        Assert.Equal(new[] { 200, 200, 503, 503, 200 }, new[]
        {
            await StatusAsync("openai/gpt-3.5-turbo", "deploy 1"), await StatusAsync("openai/gpt-4o", "do not deploy 1"),
            await StatusAsync("openai/gpt-4o", "DEPLOY 1"), await StatusAsync("openai/gpt-4o-mini", "deploy 22"), await StatusAsync("openai/gpt-4o", "deploy 3"),
        });
        Assert.Empty(rig.Emulator.Faults.Rules);
    }

    [Fact]
    public async Task Rules_are_listed_with_what_is_left_of_them_and_can_be_taken_back()
    {
        await using var rig = await Rig.StartAsync();
        rig.Emulator.Faults.Add(new("429") { Times = 3 });
        rig.Emulator.Faults.Add(new("crlf") { Match = new() { Model = "x" } });
        (await rig.ChatAsync(Rig.Ask("openai/gpt-4o"))).Dispose();

        var listed = await rig.GetAsync("/emulator/faults");
        await rig.SendAsync(HttpMethod.Delete, "/emulator/faults", "");

        Assert.Equal((2, "429"), (listed.GetProperty("rules")[0].GetProperty("times").GetInt32(), listed.GetProperty("rules")[0].GetProperty("fault").GetString()));
        Assert.Equal("x", listed.GetProperty("rules")[1].GetProperty("match").GetProperty("model").GetString());
        Assert.Equal(FaultKind.All.Count, listed.GetProperty("kinds").EnumerateObject().Count());
        Assert.Empty(rig.Emulator.Faults.Rules);
    }

    [Theory]
    [InlineData("""{"fault":"no-such-thing"}""", "no-such-thing")]
    [InlineData("""{"fault":"429","times":0}""", "times")]
    [InlineData("""{"fault":"429","match":{"user":"/(/"}}""", "no expression")]
    [InlineData("""{"fault":"429","match":{"colour":"red"}}""", "colour")]
    [InlineData("""{"fault":"429","unknown":1}""", "unknown")]
    [InlineData("""{"fault":"error-mid","status":200}""", "status")]
    [InlineData("""{}""", "fault")]
    [InlineData("""nonsense""", "JSON")]
    public async Task A_rule_that_cannot_be_is_refused_with_the_reason(string body, string said)
    {
        await using var rig = await Rig.StartAsync();

        using var response = await rig.PostAsync("/emulator/faults", System.Text.Json.Nodes.JsonValue.Create(0));
        using var refused = await rig.Client.PostAsync("/emulator/faults", new StringContent(body, System.Text.Encoding.UTF8, "application/json"));

        Assert.Equal(400, (int)response.StatusCode);
        Assert.Contains(said, (await Rig.JsonAsync(refused, 400)).GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_same_seed_brings_the_same_mixture()
    {
        async Task<int[]> RunAsync(long seed)
        {
            await using var rig = await Rig.StartAsync();
            await rig.SendAsync(HttpMethod.Post, "/emulator/chaos", $$$"""{"seed":{{{seed}}},"percent":{"429":30,"500":20}}""");
            var statuses = new List<int>();
            for (var i = 0; i < 60; i++)
            {
                using var response = await rig.ChatAsync(Rig.Ask("openai/gpt-4o"));
                statuses.Add((int)response.StatusCode);
            }
            return [.. statuses];
        }

        var first = await RunAsync(7);

        Assert.Equal(first, await RunAsync(7));
        Assert.NotEqual(first, await RunAsync(8));
        Assert.InRange(first.Count(s => s == 429), 8, 30);
        Assert.InRange(first.Count(s => s == 500), 4, 22);
        Assert.Equal(60, first.Count(s => s is 200 or 429 or 500));
    }

    [Fact]
    public async Task Chaos_leaves_the_catalog_alone_shares_a_number_among_faults_and_ends_when_told()
    {
        await using var rig = await Rig.StartAsync();
        await rig.SendAsync(HttpMethod.Post, "/emulator/chaos", """{"seed":1,"percent":100}""");

        Assert.Equal(34, (await rig.GetAsync("/api/v1/models")).GetProperty("total_count").GetInt32());
        Assert.Equal(100, (await rig.GetAsync("/emulator/faults")).GetProperty("chaos").GetProperty("percent").EnumerateObject().Sum(p => p.Value.GetDouble()), 6);
        await rig.SendAsync(HttpMethod.Delete, "/emulator/chaos", "");
        for (var i = 0; i < 20; i++) await rig.AnswerAsync(Rig.Ask("openai/gpt-4o"));
        await rig.SendAsync(HttpMethod.Post, "/emulator/chaos", """{"percent":{"429":60,"500":50}}""", status: 400);
    }

    [Fact]
    public void The_README_has_a_row_for_each_fault()
    {
        var rows = File.ReadLines(RepositoryFile.Path("src", "Emulators", "README.md")).Where(l => l.StartsWith("| `", StringComparison.Ordinal)).ToList();

        var statuses = FaultKind.All.Where(k => int.TryParse(k.Name.Replace("-b", "", StringComparison.Ordinal), out _)).Select(k => k.Name);
        var others = FaultKind.All.Select(k => k.Name).Except(statuses);
        Assert.Equal(others.Select(name => FaultKind.All.Single(k => k.Name == name)).Select(k => $"| `{k.Name}` | {k.Says} |"), rows.SkipWhile(r => !r.StartsWith("| `NNN", StringComparison.Ordinal)).Skip(1));
    }
}
