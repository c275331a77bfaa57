using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Dapper;
using Engine.Gateway;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Routing.Catalog;
using Routing.Providers;
using Support;

namespace Engine.Tests.Gateway;

/// <summary>Several processes that begin on one database, each with what an engine has for it.</summary>
public sealed class FirstProviderTests(TestDatabase db) : IClassFixture<TestDatabase>, IAsyncLifetime
{
    readonly KeyRing ring = KeyRing.Parse(KeyRing.Generate());
    readonly ManualTime time = new();
    readonly ProviderHttp http = new();
    readonly FirstWarning log = new();
    readonly List<Process> processes = [];

    public Task InitializeAsync() => db.EmptyAsync();

    public async Task DisposeAsync()
    {
        foreach (var process in processes)
        {
            await process.First.StopAsync(CancellationToken.None);
            process.First.Dispose();
        }
        http.Dispose();
    }

    [Fact]
    public async Task Engines_that_start_at_once_make_one_provider_and_each_answers_at_its_own_address()
    {
        var started = Enumerable.Range(0, 3).Select(_ => Start()).ToArray();

        await DoneAsync(started);

        Assert.Equal(("emulator", true, "engine"), await SingleAsync<(string, bool, string)>("select name, enabled, origin from v_providers"));
        Assert.True(await SingleAsync<long>("select models from v_providers") > 10);
        Assert.Equal(3, started.Select(p => p.Own.BaseUrl).Distinct().Count());
        foreach (var process in started)
        {
            var access = (await process.Read.FindAsync("emulator", CancellationToken.None))!;
            using var call = new HttpRequestMessage(HttpMethod.Post, access.Provider.Endpoint("chat/completions"))
            {
                Content = JsonContent.Create(new { model = "openai/gpt-4o-mini", messages = new[] { new { role = "user", content = "Hello" } } }),
            };
            access.Endpoint().Authorize!(call.Headers);
            using var answer = await http.For(access.Provider).SendAsync(call);
            Assert.Equal(HttpStatusCode.NotFound, (await http.For(access.Provider).GetAsync(new Uri(access.Provider.BaseUrl, "/emulator/rules"))).StatusCode); // nobody else scripts its answers
            Assert.True((await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>()).GetProperty("usage").GetProperty("cost").GetDecimal() > 0);
        }
    }

    [Fact]
    public async Task A_database_that_is_away_holds_nothing_up_and_is_asked_again()
    {
        await ExecuteAsync("alter table routing_providers rename to out_of_reach");
        var process = Start();
        try
        {
            await log.Warned.WaitAsync(TimeSpan.FromSeconds(20));
        }
        finally
        {
            await ExecuteAsync("alter table out_of_reach rename to routing_providers");
        }
        Assert.False(process.First.ExecuteTask!.IsCompleted);

        await DoneAsync(process);

        Assert.Equal("emulator", await SingleAsync<string>("select name from v_providers where synced_at is not null"));
    }

    [Fact]
    public async Task An_engine_that_shall_not_emulate_starts_nothing()
    {
        var process = Start(new RoutingSettings { Emulate = false });

        await process.First.ExecuteTask!;

        Assert.Null(process.Own.BaseUrl);
        Assert.Equal(0, await SingleAsync<long>("select count(*) from v_providers"));
    }

    Process Start(RoutingSettings? settings = null)
    {
        var own = new OwnEmulator();
        var read = new ReadProviders(db.Source, ring, own);
        var sync = new SyncModels(db.Source, new AskProvider(http, time), read, time, NullLogger<SyncModels>.Instance);
        var first = new FirstProvider(new EnsureDefaultProvider(db.Source, ring, time, NullLogger<EnsureDefaultProvider>.Instance), new SyncFirst(db.Source, sync, time), own,
            settings ?? new RoutingSettings(), time, log);
        var process = new Process(first, own, read);
        processes.Add(process);
        Assert.True(first.StartAsync(CancellationToken.None).IsCompleted);
        return process;
    }

    /// <summary>Lets time pass until they have nothing to do any more.</summary>
    Task DoneAsync(params Process[] started) => Eventually.TrueAsync(() =>
    {
        time.Advance(TimeSpan.FromSeconds(1));
        return started.All(p => p.First.ExecuteTask!.IsCompletedSuccessfully);
    }, TimeSpan.FromSeconds(20), "all have begun");

    async Task<T> SingleAsync<T>(string sql)
    {
        await using var connection = await db.Owner.OpenConnectionAsync();
        return await connection.QuerySingleAsync<T>(sql);
    }

    async Task ExecuteAsync(string sql)
    {
        await using var connection = await db.Owner.OpenConnectionAsync();
        await connection.ExecuteAsync(sql);
    }

    sealed class FirstWarning : ILogger<FirstProvider>
    {
        readonly TaskCompletionSource warned = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Warned => warned.Task;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (exception is not null) warned.TrySetResult();
        }
    }

    sealed record Process(FirstProvider First, OwnEmulator Own, ReadProviders Read);
}
