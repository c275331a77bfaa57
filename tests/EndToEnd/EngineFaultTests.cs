using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using Engine.Database.Embedded;
using Npgsql;
using Support;

namespace EndToEnd;

/// <summary>The engine as its operators run it: a process of its own on its own PostgreSQL, and what befalls it.</summary>
public sealed class EngineFaultTests : IDisposable
{
    readonly TempFolder data = new();

    public void Dispose() => data.Dispose();

    [Fact]
    public async Task Ten_thousand_connections_without_a_token_leave_it_up_and_small()
    {
        const int Callers = 10_000;
        await using var engine = await EngineProcess.StartAsync(data.Path);
        using var client = ClientOf(engine);
        await client.GetAsync("/api/status");

        var answers = new ConcurrentBag<string>();
        var callers = Enumerable.Range(0, Callers).Select(async _ =>
        {
            using var caller = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await caller.ConnectAsync(IPAddress.Loopback, engine.Url.Port);
                await caller.SendAsync("GET /api/tokens HTTP/1.1\r\nHost: engine\r\n\r\n"u8.ToArray());
                var buffer = new byte[64];
                var read = await caller.ReceiveAsync(buffer);
                answers.Add(read == 0 ? "closed" : System.Text.Encoding.ASCII.GetString(buffer, 9, 3));
            }
            catch (SocketException)
            {
                answers.Add("closed");
            }
        }).ToArray();
        await Task.WhenAll(callers);

        Assert.Equal(Callers, answers.Count);
        Assert.All(answers, a => Assert.Contains(a, new[] { "401", "429", "closed" }));
        Assert.Contains("429", answers);
        await Eventually.TrueAsync(async () => (await client.GetAsync("/api/status")).IsSuccessStatusCode, TimeSpan.FromSeconds(5), "a token holder is served");
        Assert.InRange(MemoryPeakMb(engine.ProcessId), 1, 400);
    }

    [Fact]
    public async Task A_killed_database_costs_503s_and_comes_back_by_itself_within_five_seconds()
    {
        await using var engine = await EngineProcess.StartAsync(
            data.Path, new Dictionary<string, string> { ["ENGINE__ACCESS__REQUESTSPERSECONDPERTOKEN"] = "1000000" });
        using var client = ClientOf(engine);
        var codes = new ConcurrentDictionary<int, int>();
        using var stop = new CancellationTokenSource();
        var load = Enumerable.Range(0, 8).Select(async _ =>
        {
            while (!stop.IsCancellationRequested)
            {
                using var response = await client.GetAsync("/api/tokens");
                codes.AddOrUpdate((int)response.StatusCode, 1, (_, count) => count + 1);
                await Task.Delay(TimeSpan.FromMilliseconds(5), CancellationToken.None); // a busy loop would take the processors from the server that is to come back
            }
        }).ToArray();
        await Eventually.TrueAsync(() => codes.ContainsKey(200), TimeSpan.FromSeconds(10), "the load is on");

        using (var kill = Process.Start("kill", ["-s", "KILL", PostmasterOf(data.Path)])) await kill.WaitForExitAsync();
        await Eventually.TrueAsync(() => codes.ContainsKey(503), TimeSpan.FromSeconds(5), "requests fail with 503");
        var away = Stopwatch.StartNew();
        await Eventually.TrueAsync(async () => (await client.GetAsync("/api/tokens")).IsSuccessStatusCode, TimeSpan.FromSeconds(15), "requests succeed again");
        var outage = away.Elapsed;
        await stop.CancelAsync();
        await Task.WhenAll(load);

        Assert.InRange(outage, TimeSpan.Zero, TimeSpan.FromSeconds(5));
        Assert.Equal([200, 503], codes.Keys.Order());
        Assert.Equal("ready", (await client.GetFromJsonAsync<JsonElement>("/health/ready")).GetProperty("status").GetString());
        await Eventually.TrueAsync(() => engine.Log.Contains("had died; it runs again", StringComparison.Ordinal), TimeSpan.FromSeconds(10), "the log says so");
    }

    [Fact]
    public async Task After_kill_9_the_next_engine_goes_on_with_what_was_there()
    {
        var first = await EngineProcess.StartAsync(data.Path);
        var token = first.AdminToken;
        await CreateTokenAsync(first, "before the crash");
        await first.KillAsync();

        await using var second = await EngineProcess.StartAsync(data.Path);

        Assert.Equal(token, second.AdminToken);
        using var client = ClientOf(second);
        Assert.Contains("before the crash", await client.GetStringAsync("/api/tokens"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_engines_share_a_folder_and_the_last_one_stops_the_database()
    {
        await using var first = await EngineProcess.StartAsync(data.Path);
        await using var second = await EngineProcess.StartAsync(data.Path);
        await CreateTokenAsync(first, "made at the first");

        Assert.Equal(0, await first.StopAsync());

        using var client = ClientOf(second);
        Assert.Contains("made at the first", await client.GetStringAsync("/api/tokens"), StringComparison.Ordinal);
        Assert.Equal(0, await second.StopAsync());
        Assert.Null(EmbeddedPostgres.TryAttach(data.Path));
    }

    [FactNeeding("faketime")]
    public async Task A_wall_clock_that_jumps_by_an_hour_moves_no_stored_time_and_is_shown()
    {
        var offset = data.File("clock", "+0");
        await using var engine = await EngineProcess.StartAsync(data.Path, FakeTime.Variables(FakeTime.Library()!, offset));
        using var client = ClientOf(engine);
        Assert.InRange(Math.Abs(await SkewAsync(client)), 0, 5);

        await File.WriteAllTextAsync(offset, "+1h");

        await Eventually.TrueAsync(async () => await SkewAsync(client) is > -3_605 and < -3_595, TimeSpan.FromSeconds(10), "the skew is shown");
        var created = await CreateTokenAsync(engine, "made under a wrong clock");
        Assert.InRange((created - await DatabaseClockAsync()).Duration(), TimeSpan.Zero, TimeSpan.FromSeconds(5));
        await Eventually.TrueAsync(async () => (await client.GetFromJsonAsync<JsonElement>("/health/ready")).GetProperty("checks").EnumerateArray()
            .Single(c => c.GetProperty("name").GetString() == "clock").GetProperty("status").GetString() == "degraded",
            TimeSpan.FromSeconds(5), "health says that the clock is off");
    }

    [Fact]
    public async Task A_process_that_was_stopped_for_a_while_knows_the_time_when_it_goes_on()
    {
        await using var engine = await EngineProcess.StartAsync(data.Path);
        using var client = ClientOf(engine);

        engine.Signal("STOP");
        await Task.Delay(TimeSpan.FromSeconds(4)); // real seconds: the process must miss them
        engine.Signal("CONT");

        var created = await CreateTokenAsync(engine, "made after the pause");
        Assert.InRange((created - await DatabaseClockAsync()).Duration(), TimeSpan.Zero, TimeSpan.FromSeconds(2));
        await Eventually.TrueAsync(() => engine.Log.Contains("measuring the database's clock again", StringComparison.Ordinal),
            TimeSpan.FromSeconds(5), "the gap was noticed");
    }

    [Fact]
    public async Task A_taken_port_is_told_at_once_and_nothing_is_left_behind()
    {
        using var holder = new TcpListener(IPAddress.Loopback, 0);
        holder.Start();
        var port = ((IPEndPoint)holder.LocalEndpoint).Port;

        var run = await EngineProcess.RunAsync(data.Path, new Dictionary<string, string> { ["ENGINE__HTTP__LISTEN"] = $"http://127.0.0.1:{port}" }, ["run"]);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains($"Port {port} on 127.0.0.1 is taken", run.Error, StringComparison.Ordinal);
        Assert.Contains($"ENGINE__HTTP__LISTEN=http://127.0.0.1:{port + 1}", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
        Assert.Null(EmbeddedPostgres.TryAttach(data.Path));
    }

    [Fact]
    public async Task A_second_engine_on_the_same_port_is_told_that_one_runs_already()
    {
        await using var engine = await EngineProcess.StartAsync(data.Path);

        var second = await EngineProcess.RunAsync(data.Path, new Dictionary<string, string> { ["ENGINE__HTTP__LISTEN"] = engine.Url.GetLeftPart(UriPartial.Authority) }, ["run"]);

        Assert.Equal(1, second.ExitCode);
        Assert.Contains("is taken by an engine that runs already", second.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Host=127.0.0.1;Port=1;Username=engine;Password=hunter2", "cannot be reached")]
    [InlineData("Host=no-such-host.invalid;Username=engine;Password=hunter2", "host")]
    [InlineData("Hots=127.0.0.1;Password=hunter2", "Engine:Database:ConnectionString must be")]
    public async Task A_database_that_cannot_be_reached_is_told_with_a_remedy_and_without_its_password(string connectionString, string mentions)
    {
        var run = await EngineProcess.RunAsync(data.Path, new Dictionary<string, string>
        {
            ["ENGINE__DATABASE__CONNECTIONSTRING"] = connectionString, ["ENGINE__DATABASE__STARTTIMEOUT"] = "00:00:00", ["ENGINE__HTTP__LISTEN"] = "http://127.0.0.1:0",
        }, ["run"]);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains(mentions, run.Error, StringComparison.Ordinal);
        Assert.Contains("Remedy", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", run.Error + run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_password_is_told_apart_from_a_missing_database()
    {
        await using var engine = await EngineProcess.StartAsync(data.Path);
        using var other = new TempFolder();
        var real = EmbeddedPostgres.TryAttach(data.Path)!.Engine;

        var password = await RunOnAsync(new NpgsqlConnectionStringBuilder(real) { Password = "wrong" });
        var name = await RunOnAsync(new NpgsqlConnectionStringBuilder(real) { Database = "absent" });

        Assert.Contains("refuses the login engine", password.Error, StringComparison.Ordinal);
        Assert.Contains("has no such database", name.Error, StringComparison.Ordinal);

        Task<ProgramRun> RunOnAsync(NpgsqlConnectionStringBuilder connection) => EngineProcess.RunAsync(other.Path, new Dictionary<string, string>
        {
            ["ENGINE__DATABASE__CONNECTIONSTRING"] = connection.ConnectionString, ["ENGINE__HTTP__LISTEN"] = "http://127.0.0.1:0",
        }, ["run"]);
    }

    static HttpClient ClientOf(EngineProcess engine) => new()
    {
        BaseAddress = engine.Url, DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", engine.AdminToken) },
    };

    /// <returns>When it was created, by the engine's clock.</returns>
    static async Task<DateTimeOffset> CreateTokenAsync(EngineProcess engine, string name)
    {
        using var client = ClientOf(engine);
        using var response = await client.PostAsJsonAsync("/api/tokens", new { name, role = "reader" });
        return (await response.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>()).GetProperty("created_at").GetDateTimeOffset();
    }

    static async Task<double> SkewAsync(HttpClient client) =>
        (await client.GetFromJsonAsync<JsonElement>("/api/status")).GetProperty("clock").GetProperty("skew_seconds").GetDouble();

    async Task<DateTimeOffset> DatabaseClockAsync()
    {
        await using var connection = new NpgsqlConnection(EmbeddedPostgres.TryAttach(data.Path)!.Engine);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("select clock_timestamp()", connection);
        return new DateTimeOffset((DateTime)(await command.ExecuteScalarAsync())!, TimeSpan.Zero);
    }

    static string PostmasterOf(string dataFolder) => File.ReadLines(Path.Combine(dataFolder, "postgres", "data", "postmaster.pid")).First();

    static long MemoryPeakMb(int processId) => long.Parse(
        File.ReadLines($"/proc/{processId}/status").Single(l => l.StartsWith("VmHWM:", StringComparison.Ordinal)).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1],
        CultureInfo.InvariantCulture) / 1024;
}
