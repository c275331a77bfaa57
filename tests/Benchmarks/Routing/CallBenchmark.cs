using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net.Http.Headers;
using Benchmarks.Queue;
using Dapper;
using Emulators.OpenRouter;
using Engine.Database;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Routing;
using Routing.Budgets;
using Routing.Calls;
using Routing.Catalog;
using Routing.Performance;
using Routing.Providers.Wire;
using Routing.Selection;
using Support.Money;

namespace Benchmarks.Routing;

/// <summary>
/// What the engine adds to a call of a model, over the emulator: its own client against a bare HTTP client that sends the same bytes and reads the answer,
/// by turns. Each of its calls is entered in a ledger on a PostgreSQL with the durable defaults before it leaves, in three budgets; what that alone takes
/// is measured with it, what the database alone takes for the least that can be made durable, and calls whose entries do not wait for the disk.
/// </summary>
static class CallBenchmark
{
    const string Model = "openai/gpt-4o-mini", Prompt = "Explain in two sentences why the sky is blue, and name the physicist whom the effect is named after.";
    const int WarmUp = 500, Calls = 1_500;

    public static async Task<int> RunAsync(BenchmarkRun run, CancellationToken ct)
    {
        await using var database = await QueueDatabase.OpenAsync(run, ct);
        await using var source = await MigrateAsync(database, ct);
        await using var emulator = await OpenRouterEmulator.StartAsync(new(), ct);
        await using var spender = new Spender(database.Engine, TimeSpan.FromSeconds(60));
        await using var hasty = new Spender(database.Engine + ";Options=-c synchronous_commit=off", TimeSpan.FromSeconds(60));
        using var connections = new WireConnections(TimeSpan.FromSeconds(5));
        await using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var meters = services.GetRequiredService<IMeterFactory>();
        var breakers = new BreakerSettings();
        var health = new RouteHealth(new Breakers(source, TimeProvider.System, breakers), breakers, TimeProvider.System, new PerformanceMetrics(meters), NullLogger<RouteHealth>.Instance);
        var metrics = new CallMetrics(meters);
        var whole = Client(emulator, connections, spender.Ledger, health, metrics, canStream: false);
        var streamed = Client(emulator, connections, spender.Ledger, health, metrics, canStream: true);
        var unsafely = Client(emulator, connections, hasty.Ledger, health, metrics, canStream: false);
        using var bare = new BareClient(emulator.BaseUrl);

        run.Say($"{Calls} calls of each side, by turns, after {WarmUp} to warm up …");
        // What a whole answer costs when it comes whole; when it is read as a stream, which is the default; and the first content of a stream.
        await CompareAsync(run, "call", () => bare.WholeAsync(isStreamed: false, ct), () => AskAsync(whole, ct), ct);
        await CompareAsync(run, "call-read-as-stream", () => bare.WholeAsync(isStreamed: true, ct), () => AskAsync(streamed, ct), ct);
        await CompareAsync(run, "call-without-disk", () => bare.WholeAsync(isStreamed: false, ct), () => AskAsync(unsafely, ct), ct);
        await CompareAsync(run, "call-first-token", () => bare.FirstContentAsync(ct), () => FirstTokenAsync(streamed, ct), ct);

        while (emulator.Ledger.Running > 0) await Task.Delay(10, ct);
        await spender.Ledger.FlushAsync(ct);
        await hasty.Ledger.FlushAsync(ct);
        await using var connection = await source.OpenConnectionAsync(ct);
        var (calls, open, ledgerUsd) = await connection.QuerySingleAsync<(long, long, decimal)>("select count(*), count(*) filter (where outcome = 'open'), sum(cost_usd) from model_selections");
        var isExact = ledgerUsd == emulator.Ledger.TotalUsd - bare.Calls * (ledgerUsd / calls) && calls + bare.Calls == emulator.Ledger.Calls && open == 0;
        run.Result(new { what = "call-bill", calls, ledger_usd = ledgerUsd, bill_usd = emulator.Ledger.TotalUsd, bare_calls = bare.Calls, is_exact = isExact });

        await using var second = await source.OpenConnectionAsync(ct);
        await CompareAsync(run, "call-entry", () => CommitAsync(second, ct), () => EnterAsync(spender.Ledger, ct), ct);
        return isExact ? 0 : 1;
    }

    static async Task<NpgsqlDataSource> MigrateAsync(QueueDatabase database, CancellationToken ct)
    {
        var source = NpgsqlDataSource.Create(database.Owner + ";Maximum Pool Size=10");
        await new MigrateDatabase(source, TimeProvider.System, NullLogger<MigrateDatabase>.Instance).RunAsync(null, ct);
        await using var connection = await source.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        foreach (var (scope, key) in new[] { (BudgetTerms.Total, ""), (BudgetTerms.Policy, "normal"), (BudgetTerms.Provider, "openrouter") })
            await new PutBudget(TimeProvider.System).RunAsync(connection, transaction, new BudgetTermsAsked(scope, key, BudgetTerms.Lifetime, 1_000_000m), "benchmark", ct);
        await transaction.CommitAsync(ct);
        return source;
    }

    /// <summary>The least that the database makes durable.</summary>
    static async Task<long> CommitAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        var started = Stopwatch.GetTimestamp();
        await connection.ExecuteAsync(new CommandDefinition("select pg_logical_emit_message(true, 'benchmark', '')", cancellationToken: ct));
        return Stopwatch.GetTimestamp() - started;
    }

    static async Task<long> EnterAsync(CallLedger ledger, CancellationToken ct)
    {
        var call = Spender.Call(0.01m);
        var started = Stopwatch.GetTimestamp();
        var opened = (CallOpening.Opened)await ledger.OpenAsync(call, ct);
        var ticks = Stopwatch.GetTimestamp() - started;
        ledger.Close(opened.Call, Spender.Cost(0.001m));
        return ticks;
    }

    static async Task CompareAsync(BenchmarkRun run, string what, Func<Task<long>> bare, Func<Task<long>> engine, CancellationToken ct)
    {
        var (bareTicks, engineTicks) = (new long[Calls], new long[Calls]);
        for (var i = -WarmUp; i < Calls; i++)
        {
            ct.ThrowIfCancellationRequested();
            var isBareFirst = i % 2 == 0;
            var first = await (isBareFirst ? bare() : engine());
            var second = await (isBareFirst ? engine() : bare());
            if (i < 0) continue;
            (bareTicks[i], engineTicks[i]) = isBareFirst ? (first, second) : (second, first);
        }
        Array.Sort(bareTicks);
        Array.Sort(engineTicks);
        double At(long[] ticks, double share) => ticks[(int)(Calls * share)] * 1000.0 / Stopwatch.Frequency;
        run.Result(new
        {
            what, calls = Calls, bare_p50_ms = Round(At(bareTicks, 0.5)), p50_ms = Round(At(engineTicks, 0.5)), added_p50_ms = Round(At(engineTicks, 0.5) - At(bareTicks, 0.5)),
            bare_p99_ms = Round(At(bareTicks, 0.99)), p99_ms = Round(At(engineTicks, 0.99)), added_p99_ms = Round(At(engineTicks, 0.99) - At(bareTicks, 0.99)),
        });
    }

    static double Round(double milliseconds) => Math.Round(milliseconds, 3);

    static async Task<long> AskAsync(IChatClient client, CancellationToken ct)
    {
        var started = Stopwatch.GetTimestamp();
        var response = await client.GetResponseAsync([new(ChatRole.User, Prompt)], null, ct);
        var ticks = Stopwatch.GetTimestamp() - started;
        return response.Text.Length > 0 ? ticks : throw new InvalidDataException("The answer is empty.");
    }

    static async Task<long> FirstTokenAsync(IChatClient client, CancellationToken ct)
    {
        var started = Stopwatch.GetTimestamp();
        long ticks = 0;
        await foreach (var update in client.GetStreamingResponseAsync([new(ChatRole.User, Prompt)], null, ct))
            if (ticks == 0 && update.Text.Length > 0) ticks = Stopwatch.GetTimestamp() - started;
        return ticks;
    }

    static IChatClient Client(OpenRouterEmulator emulator, WireConnections connections, CallLedger ledger, RouteHealth health, CallMetrics metrics, bool canStream)
    {
        var endpoint = new ProviderEndpoint("openrouter", WireKind.OpenRouter, emulator.BaseUrl, h => h.Authorization = BareClient.Key) { CanStream = canStream };
        var price = new ModelPrice(0.00000015m, 0.0000006m);
        Candidate[] candidates = [new(new CatalogModel("openrouter", Model, Model, 128_000, 16_384, price), "normal", 1_000, null, new NanoUsd(10_000_000), 0.0001m, null, 1, ["The only one."])];
        var decision = new RoutingDecision.Chosen("normal", 1, candidates, ["It is a benchmark."], 1);
        var parts = new RoutedParts(_ => decision, _ => endpoint, ledger, health, PriceFormula.CostUsd);
        var tools = new CallTools(parts, connections, new CallLimits(), metrics, TimeProvider.System, NullLogger<RoutedChat>.Instance);
        return new RoutedChatFactory(tools).For(new CallOrigin(Guid.CreateVersion7(TimeProvider.System.GetUtcNow())), new RouteWish("normal"));
    }

    /// <summary>What one would write without the engine.</summary>
    sealed class BareClient(Uri url) : IDisposable
    {
        public static readonly AuthenticationHeaderValue Key = new("Bearer", "sk-benchmark");

        readonly HttpClient http = new(new SocketsHttpHandler { ActivityHeadersPropagator = null });
        readonly byte[] buffer = new byte[64 * 1024];

        public int Calls { get; private set; }

        public async Task<long> WholeAsync(bool isStreamed, CancellationToken ct)
        {
            var started = Stopwatch.GetTimestamp();
            using var response = await SendAsync(isStreamed, ct);
            await response.Content.ReadAsByteArrayAsync(ct);
            return Stopwatch.GetTimestamp() - started;
        }

        public async Task<long> FirstContentAsync(CancellationToken ct)
        {
            var started = Stopwatch.GetTimestamp();
            using var response = await SendAsync(isStreamed: true, ct);
            await using var stream = await response.Content.ReadAsStreamAsync(ct);
            long ticks = 0;
            var length = 0;
            while (await stream.ReadAsync(buffer.AsMemory(length), ct) is var count and > 0)
            {
                length += count;
                if (ticks == 0 && HasContent(buffer.AsSpan(0, length))) ticks = Stopwatch.GetTimestamp() - started;
            }
            return ticks;
        }

        async Task<HttpResponseMessage> SendAsync(bool isStreamed, CancellationToken ct)
        {
            Calls++;
            var limit = """
                "max_completion_tokens":1000,"provider":{"max_price":{"prompt":0.15000000,"completion":0.6000000,"request":0}},"messages":[{"role":"user","content":"
                """;
            var body = $"{{\"model\":\"{Model}\",\"stream\":{(isStreamed ? "true" : "false")},{limit}{Prompt}\"}}]}}";
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(url.AbsoluteUri + "/chat/completions")) { Content = new ByteArrayContent(System.Text.Encoding.UTF8.GetBytes(body)) };
            request.Content.Headers.ContentType = new("application/json");
            request.Headers.Authorization = Key;
            return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
        }

        /// <summary>The first delta has the role and an empty content, the next one says something.</summary>
        static bool HasContent(ReadOnlySpan<byte> bytes)
        {
            for (var at = bytes.IndexOf("\"content\":\""u8); at >= 0;)
            {
                bytes = bytes[(at + 11)..];
                if (bytes.Length > 0 && bytes[0] != '"') return true;
                at = bytes.IndexOf("\"content\":\""u8);
            }
            return false;
        }

        public void Dispose() => http.Dispose();
    }
}
