using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Routing.Performance;
using Support;

namespace Routing.Tests.Performance;

/// <summary>Processes that call the same provider, and what the table says of it.</summary>
sealed class HealthRig(TestDatabase db)
{
    public const string Provider = "openrouter", Model = "a/small";
    public static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(6), Quick = TimeSpan.FromMilliseconds(50);

    public ManualTime Time { get; } = new();

    /// <summary>Makes the one call that is let through.</summary>
    public async Task TryAsync(RouteHealth health, string outcome, string? kind = "timeout")
    {
        health.MayCall("ollama", Model); // it is in use
        await health.RunOnceAsync(CancellationToken.None);
        Assert.True(health.MayCall(Provider, Model));
        Time.Advance(Quick);
        health.Ended(Provider, Model, outcome, outcome == "failed" ? kind : null, Quick);
        await health.RunOnceAsync(CancellationToken.None);
    }

    public static async Task OpenAsync(RouteHealth health)
    {
        for (var i = 0; i < 5; i++) Fail(health, Model);
        await health.RunOnceAsync(CancellationToken.None);
    }

    public static void Fail(RouteHealth health, string model) => health.Ended(Provider, model, "failed", "timeout", Quick);

    public static Task<int[]> PassAsync(params RouteHealth[] processes) => Task.WhenAll(processes.Select(p => Task.Run(() => p.RunOnceAsync(CancellationToken.None))));

    public static async Task<bool[]> CallAsync(RouteHealth[] processes)
    {
        await PassAsync(processes);
        return await Task.WhenAll(processes.Select(p => Task.Run(() => p.MayCall(Provider, Model))));
    }

    public async Task<(string State, bool IsOut, int Openings)> RowAsync(string model)
    {
        await using var connection = await db.Owner.OpenConnectionAsync();
        return await connection.QuerySingleAsync<(string, bool, int)>("select state, is_out, openings from routing_breakers where provider = @Provider and model = @model", new { Provider, model });
    }

    public async Task<double> PauseAsync(string model = Model)
    {
        await using var connection = await db.Owner.OpenConnectionAsync();
        return await connection.ExecuteScalarAsync<double>("select extract(epoch from retry_at - @now)::double precision from routing_breakers where provider = @Provider and model = @model", new { Provider, model, now = Time.GetUtcNow() });
    }

    public RouteHealth Health(NpgsqlDataSource? source = null)
    {
        var settings = new BreakerSettings();
        return new RouteHealth(new Breakers(source ?? db.Source, Time, settings), settings, Time, Calls.Metrics(), NullLogger<RouteHealth>.Instance);
    }
}
