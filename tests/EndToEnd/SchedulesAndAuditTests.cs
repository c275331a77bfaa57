using System.Text.Json;
using Support;

namespace EndToEnd;

/// <summary><c>engine schedules</c> and <c>engine audit</c> against a running engine.</summary>
public sealed class SchedulesAndAuditTests(SchedulesAndAuditTests.OneEngine one) : IClassFixture<SchedulesAndAuditTests.OneEngine>
{
    const int Failed = 1, Misuse = 2, Refused = 3;
    const string Name = "prune_expired";

    readonly EngineProcess engine = one.Process;

    [Fact]
    public async Task A_schedule_is_disabled_changed_enabled_and_run()
    {
        Assert.False((await JsonAsync("schedules", "disable", Name)).GetProperty("enabled").GetBoolean());
        var changed = await JsonAsync("schedules", "set", Name, "--cron", "0 30 4 * * ?", "--time-zone", "Europe/Berlin", "--misfire-policy", "skip");
        Assert.Equal(("0 30 4 * * ?", "Europe/Berlin", "skip"), (changed.GetProperty("cron").GetString(), changed.GetProperty("time_zone").GetString(), changed.GetProperty("misfire_policy").GetString()));
        Assert.True((await JsonAsync("schedules", "enable", Name)).GetProperty("enabled").GetBoolean());

        Assert.Equal(Name, (await JsonAsync("schedules", "run", Name)).GetProperty("name").GetString());

        Assert.NotEqual(0, (await JsonAsync("schedules", "show", Name)).GetProperty("fires").GetArrayLength());
        Assert.Contains("0 30 4 * * ?", (await engine.CommandAsync("schedules", "list")).Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Refused, "[not_found]", "schedules", "show", "no/such schedule")]
    [InlineData(Refused, "[not_found]", "schedules", "enable", "'; drop table schedules; --")]
    [InlineData(Misuse, "Did you mean fire_once?", "schedules", "set", "any", "--misfire-policy", "fire-once")]
    public async Task What_cannot_be_is_refused(int code, string said, params string[] args)
    {
        var run = await engine.CommandAsync(args);

        Assert.Equal((code, ""), (run.ExitCode, run.Output));
        Assert.Contains(said, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_audit_log_lists_what_was_done_and_is_proved_with_and_without_the_engine()
    {
        await engine.CommandAsync("schedules", "disable", Name);
        Assert.Contains($"schedule:{Name}", (await engine.CommandAsync("audit", "list", "--subject", $"schedule:{Name}")).Output, StringComparison.Ordinal);
        var head = "";
        await Eventually.TrueAsync(async () => !(head = (await engine.CommandAsync("audit", "head")).Output.Trim()).StartsWith("0:", StringComparison.Ordinal),
            TimeSpan.FromSeconds(20), "the chain has a link");

        var intact = await engine.CommandAsync("audit", "verify", "--head", head);
        Assert.Equal((0, ""), (intact.ExitCode, intact.Error));
        Assert.Contains("intact", intact.Output, StringComparison.Ordinal);
        Assert.Equal(0, (await OfflineAsync("--head", head)).ExitCode);

        var wrong = await OfflineAsync("--head", $"{head.Split(':')[0]}:{new string('a', 64)}");
        Assert.Equal(Failed, wrong.ExitCode);
        Assert.Contains("rewritten at position", wrong.Output, StringComparison.Ordinal);
        Assert.Contains("The audit log is not intact: 1 problem", wrong.Output, StringComparison.Ordinal);
    }

    async Task<JsonElement> JsonAsync(params string[] args)
    {
        var run = await engine.CommandAsync([.. args, "--json"]);
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        return JsonElement.Parse(run.Output);
    }

    Task<ProgramRun> OfflineAsync(params string[] args) =>
        EngineProcess.RunAsync(engine.DataFolder, one.Variables, ["audit", "verify", "--offline", .. args]);

    /// <summary>A running engine for all tests of the class.</summary>
    public sealed class OneEngine : IAsyncLifetime
    {
        readonly TempFolder folder = new();
        readonly TestDatabase database = new();

        public EngineProcess Process { get; private set; } = null!;

        public Dictionary<string, string> Variables { get; } = [];

        public async Task InitializeAsync()
        {
            await database.InitializeAsync();
            Variables["ENGINE__DATABASE__CONNECTIONSTRING"] = database.EngineConnectionString;
            Variables["ENGINE__DATABASE__OWNERCONNECTIONSTRING"] = database.OwnerConnectionString;
            Process = await EngineProcess.StartAsync(folder.Path, Variables);
        }

        public async Task DisposeAsync()
        {
            await Process.DisposeAsync();
            await database.DisposeAsync();
            folder.Dispose();
        }
    }
}
