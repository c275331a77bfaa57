using System.Text.Json;
using Engine.Hosting.CommandLine;
using Npgsql;
using Support;

namespace Engine.Tests.CommandLine;

/// <summary>Failures that no command foresees end in a sentence and exit code 1, never in an abort.</summary>
public sealed class UnexpectedTests(TestDatabase database) : IClassFixture<TestDatabase>, IDisposable
{
    readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task An_output_that_cannot_be_written_is_told()
    {
        var run = await ToFullDiskAsync(null);

        Assert.Equal(1, run.ExitCode);
        Assert.StartsWith("engine: Unexpectedly failed: No space left on device", run.Error, StringComparison.Ordinal);
        Assert.Contains("Remedy: ", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Debugging_adds_the_stack_trace() =>
        Assert.Contains("   at Engine.Hosting.", (await ToFullDiskAsync(new() { ["ENGINE_DEBUG"] = "1" })).Error, StringComparison.Ordinal);

    [Fact]
    public async Task A_database_without_the_schema_is_told_with_its_remedy()
    {
        var environment = new Dictionary<string, string>
        {
            ["ENGINE_DATA"] = folder.Path, ["ENGINE__DATABASE__CONNECTIONSTRING"] = await TestCluster.SuperuserAsync(),
        };

        var run = await CommandLineRun.OfAsync(environment, "audit", "verify", "--offline");

        Assert.Equal((ExitCode.Failed, ""), (run.ExitCode, run.Output));
        Assert.Contains("The database's schema is not this engine's: relation \"audit_", run.Error, StringComparison.Ordinal);
        Assert.Contains("Remedy: bring it up to date: `engine migrate`.", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_engine_that_ends_unexpectedly_logs_it_as_critical_with_the_stack_trace()
    {
        var login = new NpgsqlConnectionStringBuilder(database.OwnerConnectionString) { Options = "-c default_transaction_read_only=on" };
        var variables = new Dictionary<string, string>
        {
            ["ENGINE__DATABASE__CONNECTIONSTRING"] = login.ConnectionString, ["ENGINE__HTTP__LISTEN"] = "http://127.0.0.1:0",
        };

        var run = await EngineProcess.RunAsync(folder.Path, variables, ["run"]);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("in a read-only transaction (SQLSTATE 25006).\n  Remedy: ", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
        var logged = JsonElement.Parse(run.Output.TrimEnd().Split('\n')[^1]);
        Assert.Equal("critical", logged.GetProperty("level").GetString());
        Assert.Contains("   at Engine.", logged.GetProperty("exception").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_secret_in_the_message_is_not_repeated()
    {
        var (message, _) = Unexpected.Explain(new InvalidOperationException("refused: Host=db;Password=hunter2"), new Dictionary<string, string>());

        Assert.DoesNotContain("hunter2", message, StringComparison.Ordinal);
        Assert.Contains("refused", message, StringComparison.Ordinal);
    }

    Task<ProgramRun> ToFullDiskAsync(Dictionary<string, string>? variables) =>
        EngineProcess.RunAsync(folder.Path, variables, ["version"], "sh", "-c", "\"$@\" > /dev/full", "sh");
}
