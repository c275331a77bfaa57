using System.Text.Json;
using Dapper;
using Support;

namespace EndToEnd;

/// <summary>The commands against a running engine, each a process of its own.</summary>
public sealed class RunningEngineTests(TestDatabase database) : IClassFixture<TestDatabase>, IAsyncLifetime
{
    const int Refused = 3, Unreachable = 4;

    readonly TempFolder folder = new();
    EngineProcess engine = null!;

    public async Task InitializeAsync()
    {
        await database.EmptyAsync();
        engine = await EngineProcess.StartAsync(folder.Path, new Dictionary<string, string>
        {
            ["ENGINE__DATABASE__CONNECTIONSTRING"] = database.EngineConnectionString,
            ["ENGINE__DATABASE__OWNERCONNECTIONSTRING"] = database.OwnerConnectionString,
        });
    }

    public async Task DisposeAsync()
    {
        await engine.DisposeAsync();
        folder.Dispose();
    }

    [Fact]
    public async Task Status_is_green_until_the_engine_stops_and_then_unreachable()
    {
        var running = await engine.CommandAsync("status");
        Assert.Equal((0, ""), (running.ExitCode, running.Error));
        Assert.StartsWith("ready\n", running.Output, StringComparison.Ordinal);
        Assert.True(JsonElement.Parse((await engine.CommandAsync("status", "--json")).Output).GetProperty("ready").GetBoolean());

        Assert.Equal(0, await engine.StopAsync());

        var stopped = await engine.CommandAsync("status");
        Assert.Equal((Unreachable, ""), (stopped.ExitCode, stopped.Output));
        Assert.Contains("engine run", stopped.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_is_made_used_listed_and_revoked()
    {
        var made = await engine.CommandAsync("tokens", "create", "--name", "[red]ci[/]", "--role", "operator", "--expires", "30d", "--quiet");
        Assert.Equal((0, ""), (made.ExitCode, made.Error));
        var token = folder.File("operator-token", made.Output);
        Assert.Equal(0, (await engine.CommandAsync("status", "--token-file", token)).ExitCode);

        var forbidden = await engine.CommandAsync("tokens", "list", "--token-file", token);
        Assert.Equal(Refused, forbidden.ExitCode);
        Assert.Contains("[role_insufficient]", forbidden.Error, StringComparison.Ordinal);

        var table = await engine.CommandAsync("tokens", "list");
        Assert.Contains("[red]ci[/]", table.Output, StringComparison.Ordinal);
        var id = JsonElement.Parse((await engine.CommandAsync("tokens", "list", "--json", "--limit", "1")).Output)
            .GetProperty("items")[0].GetProperty("token_id").GetString()!;
        Assert.Equal(0, (await engine.CommandAsync("tokens", "revoke", id)).ExitCode);

        var revoked = await engine.CommandAsync("doctor", "--token-file", token);
        Assert.Equal(1, revoked.ExitCode);
        Assert.Contains("is revoked [token_revoked]", revoked.Output, StringComparison.Ordinal);
        Assert.Equal(Refused, (await engine.CommandAsync("tokens", "revoke", Guid.Empty.ToString())).ExitCode);
    }

    [Fact]
    public async Task A_bad_an_expired_and_no_token_are_told_apart_and_mended_by_the_engines_own()
    {
        await engine.CommandAsync("tokens", "create", "--name", "old", "--role", "reader", "--quiet");
        var old = folder.File("old", (await engine.CommandAsync("tokens", "create", "--name", "old", "--role", "reader", "--quiet")).Output);
        await using (var connection = await database.Owner.OpenConnectionAsync())
            await connection.ExecuteAsync("update api_tokens set created_at = '2020-01-01Z', expires_at = '2020-02-02Z' where name = 'old'");
        var admin = engine.AdminToken;

        var bad = await DoctorAsync(("ENGINE_TOKEN", admin[..^4] + "aaaa"));
        Assert.Contains("The token from ENGINE_TOKEN is not known to this engine [token_invalid]", bad.Message, StringComparison.Ordinal);
        Assert.Contains("unset ENGINE_TOKEN", bad.Remedy, StringComparison.Ordinal);
        var expired = await DoctorAsync(("ENGINE_TOKEN_FILE", old));
        Assert.Contains($"The token from {old} is expired [token_expired]", expired.Message, StringComparison.Ordinal);
        var none = await DoctorAsync(("ENGINE_DATA", Path.GetTempPath()));
        Assert.Contains("No token was given or found", none.Message, StringComparison.Ordinal);

        Assert.Equal("ok", (await DoctorAsync()).Status); // each remedy comes down to this: nothing named, this machine's own token
    }

    [Fact]
    public async Task The_doctor_finds_a_running_engine_in_good_health()
    {
        var run = await EngineProcess.RunAsync(folder.Path, new Dictionary<string, string>
        {
            ["ENGINE__HTTP__LISTEN"] = engine.Url.GetLeftPart(UriPartial.Authority),
            ["ENGINE__DATABASE__CONNECTIONSTRING"] = database.EngineConnectionString,
        }, ["doctor"]);

        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.Contains("an engine listens there", run.Output, StringComparison.Ordinal);
        Assert.Contains("is ready", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("FAIL", run.Output, StringComparison.Ordinal);
    }

    async Task<(string Status, string Message, string? Remedy)> DoctorAsync(params (string Name, string Value)[] variables)
    {
        var all = variables.Append(("ENGINE_URL", engine.Url.ToString())).ToDictionary(v => v.Item1, v => v.Item2);
        var run = await EngineProcess.RunAsync(folder.Path, all, ["doctor", "--json"]);
        var check = JsonElement.Parse(run.Output).GetProperty("checks").EnumerateArray().Single(c => c.GetProperty("name").GetString() == "token");
        return (check.GetProperty("status").GetString()!, check.GetProperty("message").GetString()!, check.GetProperty("remedy").GetString());
    }
}
