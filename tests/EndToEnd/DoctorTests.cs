using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.RegularExpressions;
using Dapper;
using Engine.Database;
using Microsoft.Extensions.Logging.Abstractions;
using Support;

namespace EndToEnd;

/// <summary>Broken set-ups, each told apart from the others and mended by doing what the doctor says.</summary>
public sealed partial class DoctorTests(TestDatabase database) : IClassFixture<TestDatabase>, IDisposable
{
    const UnixFileMode Everybody = (UnixFileMode)0b111_101_101;

    readonly TempFolder folder = new();
    readonly Dictionary<string, string> variables = new() { ["ENGINE__HTTP__LISTEN"] = $"http://127.0.0.1:{EngineProcess.FreePort()}" };

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task No_PostgreSQL_is_mended_by_installing_it()
    {
        File.SetUnixFileMode(folder.Path, Everybody); // PostgreSQL's own user looks at its programs
        var programs = Directory.CreateDirectory(Path.Combine(folder.Path, "bin"), Everybody).FullName;
        variables["ENGINE__DATABASE__EMBEDDED__BINARIESFOLDER"] = programs;

        var broken = await FailedAsync("postgres");

        Assert.Contains("No usable PostgreSQL programs found", broken.Message, StringComparison.Ordinal);
        Assert.Contains("apt-get install postgresql", broken.Remedy, StringComparison.Ordinal);
        foreach (var file in Directory.EnumerateFiles(Path.GetDirectoryName(InstalledPostgres())!))
            File.CreateSymbolicLink(Path.Combine(programs, Path.GetFileName(file)), file);
        await MendedAsync("postgres");
    }

    [Fact]
    public async Task A_database_that_does_not_answer_is_told_with_its_address_and_never_its_password()
    {
        variables["ENGINE__DATABASE__CONNECTIONSTRING"] = $"Host=127.0.0.1;Port={EngineProcess.FreePort()};Username=engine;Password=hunter2";

        var broken = await FailedAsync("postgres");

        Assert.Contains("127.0.0.1", broken.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", broken.Message + broken.Remedy, StringComparison.Ordinal);
        variables["ENGINE__DATABASE__CONNECTIONSTRING"] = database.EngineConnectionString;
        await MendedAsync("postgres");
    }

    [Fact]
    public async Task A_taken_port_is_mended_by_listening_where_the_remedy_says()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        variables["ENGINE__HTTP__LISTEN"] = $"http://{other.LocalEndpoint}";

        var broken = await FailedAsync("port");

        Assert.Contains($"(process {Environment.ProcessId}), which is no engine", broken.Message, StringComparison.Ordinal);
        Assert.Contains($"kill {Environment.ProcessId}", broken.Remedy, StringComparison.Ordinal);
        variables["ENGINE__HTTP__LISTEN"] = ListenVariable().Match(broken.Remedy!).Groups[1].Value;
        await MendedAsync("port");
    }

    [Fact]
    public async Task A_taken_port_is_free_when_its_holder_stops()
    {
        var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        variables["ENGINE__HTTP__LISTEN"] = $"http://{other.LocalEndpoint}";
        await FailedAsync("port");

        other.Dispose();

        await MendedAsync("port");
    }

    [FactNeeding("faketime")]
    public async Task A_clock_that_is_off_is_mended_by_setting_it_right()
    {
        variables["ENGINE__DATABASE__CONNECTIONSTRING"] = database.EngineConnectionString;

        var ahead = (await ExamineAsync("faketime", "-f", "+90s"))["clock"];

        Assert.Equal("warning", ahead.Status);
        Assert.Matches("^Clock skew: the database's clock is (89|90)[.0-9]* s behind this host's", ahead.Message);
        Assert.Contains("timedatectl set-ntp true", ahead.Remedy, StringComparison.Ordinal);
        await MendedAsync("clock");
    }

    [Fact]
    public async Task An_old_schema_is_mended_by_engine_migrate()
    {
        await OldSchemaAsync();
        variables["ENGINE__DATABASE__CONNECTIONSTRING"] = database.EngineConnectionString;
        variables["ENGINE__DATABASE__OWNERCONNECTIONSTRING"] = database.OwnerConnectionString;

        var broken = await FailedAsync("schema");

        Assert.Contains("lacks 1 migration", broken.Message, StringComparison.Ordinal);
        Assert.Contains("`engine migrate`", broken.Remedy, StringComparison.Ordinal);
        Assert.Contains($"{Migration.All[^1].Number:D4} {Migration.All[^1].Name} pending\n", (await EngineAsync("migrate", "--plan")).Output, StringComparison.Ordinal);
        var migrated = await EngineAsync("migrate");
        Assert.Equal((0, $"{Migration.All[^1].Number:D4} {Migration.All[^1].Name} applied\n", ""), (migrated.ExitCode, migrated.Output, migrated.Error));
        await MendedAsync("schema");
        Assert.Equal((0, $"The schema is up to date: version {Migration.All[^1].Number}.\n"), ((await EngineAsync("migrate")) is var again ? (again.ExitCode, again.Output) : default));
    }

    [Fact]
    public async Task A_proxy_that_hides_its_callers_is_mended_by_trusting_it()
    {
        variables["ENGINE__HTTP__BEHINDTLS"] = "true";

        var hidden = (await ExamineAsync())["proxy"];

        Assert.Equal("warning", hidden.Status);
        Assert.Contains("ENGINE__HTTP__TRUSTEDPROXIES", hidden.Remedy, StringComparison.Ordinal);
        variables["ENGINE__HTTP__TRUSTEDPROXIES"] = "10.0.0.7";
        await MendedAsync("proxy");
    }

    [Fact]
    public async Task An_owner_that_does_not_see_the_sessions_of_other_logins_is_mended_by_a_grant()
    {
        variables["ENGINE__DATABASE__CONNECTIONSTRING"] = database.EngineConnectionString;
        await using var connection = await database.Owner.OpenConnectionAsync();
        var owner = $"plain_owner_{Environment.ProcessId}";
        await connection.ExecuteAsync($"create role {owner}; alter function oldest_snapshots() owner to {owner}");

        var blind = (await ExamineAsync())["sessions"];

        Assert.Equal("warning", blind.Status);
        Assert.Contains(owner, blind.Message, StringComparison.Ordinal);
        await connection.ExecuteAsync(Grant().Match(blind.Remedy!).Value);
        await MendedAsync("sessions");
        await connection.ExecuteAsync($"reassign owned by {owner} to current_user; drop role {owner}");
    }

    [Fact]
    public async Task A_broken_configuration_is_told_and_the_rest_is_still_looked_at()
    {
        variables["ENGINE__HTTP__LISTN"] = "http://127.0.0.1:1";

        var broken = await FailedAsync("configuration");

        Assert.Contains("Did you mean Engine:Http:Listen?", broken.Message, StringComparison.Ordinal);
        variables.Remove("ENGINE__HTTP__LISTN");
        await MendedAsync("configuration");
    }

    async Task<Check> FailedAsync(string name)
    {
        var checks = await ExamineAsync();
        Assert.Equal((name, "failed"), Assert.Single(checks, c => c.Value.Status == "failed") is var only ? (only.Key, only.Value.Status) : default);
        Assert.False(string.IsNullOrWhiteSpace(checks[name].Remedy));
        return checks[name];
    }

    async Task MendedAsync(string name) => Assert.Equal("ok", (await ExamineAsync())[name].Status);

    async Task<Dictionary<string, Check>> ExamineAsync(params string[] through)
    {
        var run = await EngineProcess.RunAsync(folder.Path, variables, ["doctor", "--json"], through);
        Assert.Equal("", run.Error);
        var document = JsonElement.Parse(run.Output);
        Assert.Equal(document.GetProperty("healthy").GetBoolean() ? 0 : 1, run.ExitCode);
        return document.GetProperty("checks").EnumerateArray().ToDictionary(c => c.GetProperty("name").GetString()!,
            c => new Check(c.GetProperty("status").GetString()!, c.GetProperty("message").GetString()!, c.GetProperty("remedy").GetString()));
    }

    Task<ProgramRun> EngineAsync(params string[] args) => EngineProcess.RunAsync(folder.Path, variables, args);

    /// <summary>The schema as the engine before this one left it.</summary>
    async Task OldSchemaAsync()
    {
        await using var connection = await database.Owner.OpenConnectionAsync();
        await connection.ExecuteAsync("drop schema public cascade; create schema public; grant usage on schema public to public");
        await new MigrateDatabase(database.Owner, TimeProvider.System, NullLogger<MigrateDatabase>.Instance)
            .RunAsync(Migration.All.SkipLast(1).ToArray(), CancellationToken.None);
    }

    static string InstalledPostgres() => Directory.EnumerateDirectories("/usr/lib/postgresql").Select(d => Path.Combine(d, "bin", "postgres")).First(File.Exists);

    [GeneratedRegex("grant .*;")]
    private static partial Regex Grant();

    [GeneratedRegex("ENGINE__HTTP__LISTEN=(\\S+)")]
    private static partial Regex ListenVariable();

    sealed record Check(string Status, string Message, string? Remedy);
}
