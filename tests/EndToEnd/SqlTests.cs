using Npgsql;
using Support;

namespace EndToEnd;

/// <summary><c>engine sql</c> with the real psql: the process becomes it.</summary>
public sealed class SqlTests(TestDatabase database) : IClassFixture<TestDatabase>, IDisposable
{
    readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [FactNeeding("psql")]
    public async Task The_reader_sees_the_views()
    {
        var run = await SqlAsync("-tA", "-c", "select current_user || ' ' || count(*) from v_api_tokens");

        Assert.Equal((0, "engine_reader 0\n", ""), (run.ExitCode, run.Output, run.Error));
    }

    [FactNeeding("psql")]
    public async Task Tables_and_writing_are_closed_and_the_exit_code_is_psqls()
    {
        var read = await SqlAsync("-v", "ON_ERROR_STOP=1", "-c", "select * from api_tokens");
        var write = await SqlAsync("-v", "ON_ERROR_STOP=1", "-c", "create table mine (a integer)");
        var script = await SqlAsync("-f", folder.File("exit.sql", "\\set ON_ERROR_STOP on\nselect 1 / 0;\n"));

        Assert.Equal((1, 1, 3), (read.ExitCode, write.ExitCode, script.ExitCode));
        Assert.Contains("permission denied for table api_tokens", read.Error, StringComparison.Ordinal);
        Assert.Contains("read-only transaction", write.Error, StringComparison.Ordinal);
    }

    [FactNeeding("psql")]
    public async Task Arguments_reach_psql_as_they_are_and_the_password_only_its_environment()
    {
        var run = await SqlAsync("-tA", "--set", "x=it's @file", "-c", "\\! tr '\\0' ' ' < /proc/$PPID/cmdline; env | grep -c ^ENGINE; env | grep ^PGPASSWORD");

        Assert.EndsWith($"psql -tA --set x=it's @file -c \\! tr '\\0' ' ' < /proc/$PPID/cmdline; env | grep -c ^ENGINE; env | grep ^PGPASSWORD 0\nPGPASSWORD={Login().Password}\n", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_that_does_not_answer_is_told_before_psql_starts()
    {
        var run = await EngineProcess.RunAsync(folder.Path, new Dictionary<string, string>
        {
            ["ENGINE__DATABASE__CONNECTIONSTRING"] = $"Host=127.0.0.1;Port={EngineProcess.FreePort()};Username=engine;Password=hunter2",
        }, ["sql", "-c", "select 1"]);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("Remedy: ", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", run.Error, StringComparison.Ordinal);
    }

    // A cluster that asks for no password is given one all the same.
    NpgsqlConnectionStringBuilder Login() =>
        new NpgsqlConnectionStringBuilder(database.EngineConnectionString) is { Password: null } login ? new(login.ConnectionString + ";Password=hunter2") : new(database.EngineConnectionString);

    Task<ProgramRun> SqlAsync(params string[] arguments) => EngineProcess.RunAsync(folder.Path, new Dictionary<string, string>
    {
        ["ENGINE__DATABASE__CONNECTIONSTRING"] = Login().ConnectionString,
        ["PGHOST"] = "nowhere.invalid", // what steers a client by itself must not lead it elsewhere
    }, ["sql", .. arguments]);
}
