using System.Text.Json;
using Support;

namespace EndToEnd;

/// <summary>The engine as a newcomer starts it, with a PostgreSQL of its own.</summary>
public sealed class EmbeddedEngineTests : IDisposable
{
    readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [FactNeeding("psql")]
    public async Task The_commands_find_the_database_whether_the_engine_runs_or_not()
    {
        Assert.Contains("the first start makes the embedded one", (await EngineAsync("doctor")).Output, StringComparison.Ordinal);

        await using (var engine = await EngineProcess.StartAsync(folder.Path))
        {
            var status = JsonElement.Parse((await engine.CommandAsync("status", "--json")).Output);
            Assert.True(status.GetProperty("ready").GetBoolean() && status.GetProperty("database").GetProperty("embedded").GetBoolean());
            Assert.Equal((0, "engine_reader 1\n"), Told(await EngineAsync("sql", "-tAc", "select current_user || ' ' || count(*) from v_api_tokens")));
            var running = await engine.CommandAsync("doctor");
            Assert.Equal(0, running.ExitCode);
            Assert.Contains("the embedded database runs", running.Output, StringComparison.Ordinal);
            Assert.Equal(0, await engine.StopAsync());
        }

        var stopped = await EngineAsync("doctor");
        Assert.Equal(0, stopped.ExitCode);
        Assert.Contains("the embedded database starts", stopped.Output, StringComparison.Ordinal);
        Assert.Contains("up to date", (await EngineAsync("migrate")).Output, StringComparison.Ordinal);
        Assert.Equal(4, (await EngineAsync("sql", "-c", "select 1")).ExitCode); // nothing of these left a server behind
    }

    static (int ExitCode, string Output) Told(ProgramRun run) => (run.ExitCode, run.Output);

    Task<ProgramRun> EngineAsync(params string[] args) => EngineProcess.RunAsync(folder.Path, null, args);
}
