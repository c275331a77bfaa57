using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net;
using Npgsql;

namespace Engine.Tests.Hosting.Telemetry;

/// <summary>Providers hear every meter of the process; one test's flood must not be in another's export.</summary>
[CollectionDefinition(nameof(EngineMeters), DisableParallelization = true)] // and they measure time
public class EngineMeters;

[Collection(nameof(EngineMeters))]
public class MetricsTests
{
    [Fact]
    public async Task Each_kind_of_instrument_is_written_as_its_type()
    {
        await using var host = await TelemetryHost.StartAsync();
        using var meter = new Meter("Engine.Tests.Kinds");
        meter.CreateCounter<long>("kinds.claims", null, "Claims of\ntasks, \\ all").Add(3, new KeyValuePair<string, object?>("task.kind", "a\"b\\c\nd"));
        meter.CreateUpDownCounter<int>("kinds.open").Add(-2);
        meter.CreateObservableGauge("kinds.load", () => 0.25);
        meter.CreateObservableGauge("kinds.limit", () => double.PositiveInfinity);
        var wait = meter.CreateHistogram("kinds.wait", "s", "Time waited.", null, new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.1, 1] });
        foreach (var seconds in new[] { 0.05, 0.5, 0.75, 8 }) wait.Record(seconds, new KeyValuePair<string, object?>("ok", true));

        var page = (await host.MetricsAsync()).Where(line => line.Contains("kinds_"));

        Assert.Equal(
            [
                "# HELP kinds_claims_total Claims of\\ntasks, \\\\ all", "# TYPE kinds_claims_total counter",
                """kinds_claims_total{task_kind="a\"b\\c\nd"} 3""",
                "# HELP kinds_limit kinds.limit of Engine.Tests.Kinds.", "# TYPE kinds_limit gauge", "kinds_limit +Inf",
                "# HELP kinds_load kinds.load of Engine.Tests.Kinds.", "# TYPE kinds_load gauge", "kinds_load 0.25",
                "# HELP kinds_open kinds.open of Engine.Tests.Kinds.", "# TYPE kinds_open gauge", "kinds_open -2",
                "# HELP kinds_wait_seconds Time waited.", "# TYPE kinds_wait_seconds histogram",
                """kinds_wait_seconds_bucket{ok="true",le="0.1"} 1""", """kinds_wait_seconds_bucket{ok="true",le="1"} 3""",
                """kinds_wait_seconds_bucket{ok="true",le="+Inf"} 4""", """kinds_wait_seconds_sum{ok="true"} 9.3""", """kinds_wait_seconds_count{ok="true"} 4""",
            ],
            page);
    }

    [Fact]
    public async Task Tags_whose_names_become_one_are_one_label()
    {
        await using var host = await TelemetryHost.StartAsync();
        using var meter = new Meter("Engine.Tests.Labels");
        meter.CreateCounter<long>("labels.same").Add(1, new("a.b", "x"), new("a_b", 7));

        var page = await host.MetricsAsync();

        Assert.Contains("""labels_same_total{a_b="x;7"} 1""", page);
    }

    [Fact]
    public async Task Names_that_clash_never_spoil_the_page()
    {
        await using var host = await TelemetryHost.StartAsync();
        using var first = new Meter("Engine.Tests.Clash.A");
        using var second = new Meter("Engine.Tests.Clash.B");
        second.CreateCounter<long>("clash.same").Add(2);
        first.CreateCounter<long>("clash.same").Add(1);
        first.CreateCounter<long>("clash_same").Add(3);
        second.CreateUpDownCounter<long>("clash.type").Add(2);
        first.CreateHistogram<double>("clash.type").Record(1);
        second.CreateCounter<long>("clash.type_sum").Add(1);
        second.CreateUpDownCounter<long>("clash.type_bucket_value").Add(1);

        var page = await host.MetricsAsync();

        Assert.Contains("""clash_same_total{otel_scope_name="Engine.Tests.Clash.A"} 1""", page);
        Assert.Contains("""clash_same_total{otel_scope_name="Engine.Tests.Clash.B"} 2""", page);
        Assert.Contains("# clash_same of Engine.Tests.Clash.A is not shown: clash_same_total is also the name of clash.same", page);
        Assert.Contains("# TYPE clash_type histogram", page);
        Assert.DoesNotContain("# TYPE clash_type gauge", page);
        Assert.Contains("# clash.type of Engine.Tests.Clash.B is not shown: clash_type is a Histogram of Engine.Tests.Clash.A", page);
        Assert.Contains("clash_type_sum_total 1", page);
        Assert.Single(page, "# TYPE clash_same_total counter");
    }

    [Fact]
    public async Task Label_sets_beyond_the_limit_are_added_up_in_one()
    {
        await using var host = await TelemetryHost.StartAsync();
        using var meter = new Meter("Engine.Tests.Flood");
        var flood = meter.CreateCounter<long>("flood.seen");
        for (var i = 0; i < 5_000; i++) flood.Add(1, new KeyValuePair<string, object?>("id", i));

        var samples = (await host.MetricsAsync()).Where(line => line.StartsWith("flood_seen_total{", StringComparison.Ordinal)).ToArray();

        Assert.InRange(samples.Length, 900, 1_001);
        var rest = Assert.Single(samples, sample => sample.StartsWith("""flood_seen_total{otel_metric_overflow="true"}""", StringComparison.Ordinal));
        Assert.Equal(5_000 - (samples.Length - 1), int.Parse(rest.Split(' ')[1]));
    }

    [Fact]
    public async Task What_would_make_the_page_too_big_is_left_out_whole()
    {
        await using var host = await TelemetryHost.StartAsync();
        using var meter = new Meter("Engine.Tests.Big");
        var big = meter.CreateCounter<long>("big.labels");
        for (var i = 0; i < 600; i++) big.Add(1, new KeyValuePair<string, object?>("id", $"{i}{new string('x', 30_000)}"));
        meter.CreateCounter<long>("big.next").Add(1);

        var page = await host.MetricsAsync();

        Assert.Contains("# big.labels of Engine.Tests.Big is not shown: the page would exceed 16,777,216 bytes", page);
        Assert.DoesNotContain(page, line => line.Contains("big_labels"));
        Assert.Contains("big_next_total 1", page);
    }

    [Fact]
    public async Task Many_scrapers_at_once_all_get_a_whole_page()
    {
        await using var host = await TelemetryHost.StartAsync();

        var pages = await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => host.Http.GetAsync("/metrics")));

        Assert.All(pages, page => Assert.Equal(HttpStatusCode.OK, page.StatusCode));
        foreach (var page in pages) Assert.EndsWith("\n", await page.Content.ReadAsStringAsync());
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", pages[0].Content.Headers.ContentType!.ToString());
    }

    [Fact]
    public async Task The_server_the_database_client_and_the_runtime_are_on_a_page_that_promtool_accepts()
    {
        await using var host = await TelemetryHost.StartAsync();
        await using var database = NpgsqlDataSource.Create("Host=127.0.0.1;Port=1;Username=u;Timeout=1");
        await Assert.ThrowsAnyAsync<NpgsqlException>(async () => await database.OpenConnectionAsync());
        await host.Http.GetStringAsync("/hello/one");

        var page = await host.Http.GetStringAsync("/metrics");

        foreach (var family in new[]
        {
            "http_server_request_duration_seconds histogram", "http_server_active_requests gauge", "kestrel_active_connections gauge",
            "db_client_connection_max gauge", "dotnet_process_memory_working_set_bytes gauge", "dotnet_gc_collections_total counter", "dotnet_exceptions_total counter",
        })
            Assert.Contains($"# TYPE {family}\n", page);
        Assert.Contains("http_route=\"/hello/{name}\"", page);
        await PromtoolAcceptsAsync(page);
    }

    /// <summary>Does nothing where the program is not installed, unless this is a build server.</summary>
    static async Task PromtoolAcceptsAsync(string page)
    {
        var isThere = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, "promtool")));
        if (!isThere)
        {
            Assert.True(Environment.GetEnvironmentVariable("CI") is null, "promtool is not installed (Debian: apt-get install prometheus)");
            return;
        }
        using var promtool = Process.Start(new ProcessStartInfo("promtool", ["check", "metrics"]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
        await promtool.StandardInput.WriteAsync(page);
        promtool.StandardInput.Close();
        var complaints = await promtool.StandardOutput.ReadToEndAsync() + await promtool.StandardError.ReadToEndAsync();
        await promtool.WaitForExitAsync();
        Assert.True(promtool.ExitCode == 0, complaints + page);
    }
}
