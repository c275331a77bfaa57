using System.Text.Json;
using Npgsql;
using Routing.Selection;

namespace Routing.Performance;

/// <summary>
/// What is known of models lately, for decisions: the windows of five minutes of the last hours and the hours before them, each weighing
/// 2^(-age / half-life). Counts are weighted sums, so that what was seen a half-life ago counts half. Failures that are
/// the caller's fault and calls that the caller left say nothing of the model and are left out.
/// </summary>
public sealed class ReadRecords(NpgsqlDataSource database, TimeProvider time, RecordSettings settings) : IDisposable
{
    const int HalfLives = 4; // what is older weighs less than a sixteenth

    const string Sql = """
        select window_kind, window_start, provider, model, policy, successes, failures, cancelled, error_kinds::text, latency_counts, cost_usd, good, bad
        from model_performance
        where (window_kind = 'five_minutes' and window_start >= @recent) or (window_kind = 'hour' and window_start >= @oldest and window_start < @recent)
        """;

    readonly SemaphoreSlim reading = new(1);
    Known? last;

    /// <summary>At most as old as <see cref="RecordSettings.Refresh"/>.</summary>
    public async Task<IReadOnlyDictionary<(string Provider, string Slug, string Policy), ModelRecord>> RunAsync(CancellationToken ct)
    {
        await reading.WaitAsync(ct);
        try
        {
            var now = time.GetUtcNow();
            if (last is null || now - last.At >= settings.Refresh || now < last.At) last = new Known(now, await ReadAsync(now, ct));
            return last.Records;
        }
        finally
        {
            reading.Release();
        }
    }

    public void Dispose() => reading.Dispose();

    async Task<IReadOnlyDictionary<(string Provider, string Slug, string Policy), ModelRecord>> ReadAsync(DateTimeOffset now, CancellationToken ct)
    {
        var sums = new Dictionary<(string, string, string), Weighted>();
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var command = new NpgsqlCommand(Sql, connection);
        command.Parameters.AddWithValue("recent", PerformanceWindow.Start(PerformanceWindow.Hour, now - TimeSpan.FromHours(2)).UtcDateTime);
        command.Parameters.AddWithValue("oldest", (now - HalfLives * settings.HalfLife).UtcDateTime);
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
        {
            var middle = new DateTimeOffset(reader.GetDateTime(1), TimeSpan.Zero) + PerformanceWindow.Length(reader.GetString(0)) / 2;
            var weight = Math.Pow(2, -Math.Max(0, (now - middle) / settings.HalfLife));
            var key = (reader.GetString(2), reader.GetString(3), reader.GetString(4));
            if (!sums.TryGetValue(key, out var sum)) sums[key] = sum = new Weighted();
            var callers = CallersFaults(reader.GetString(8));
            sum.Add(weight, reader.GetInt64(5), reader.GetInt64(6) - callers, callers + reader.GetInt64(7), reader.GetFieldValue<int[]>(9), reader.GetDecimal(10), reader.GetDecimal(11), reader.GetDecimal(12));
        }
        return sums.ToDictionary(s => s.Key, s => s.Value.Record());
    }

    static long CallersFaults(string errorKinds) => errorKinds == "{}" ? 0
        : JsonSerializer.Deserialize<Dictionary<string, long>>(errorKinds)!.Where(k => FailureKinds.IsCallers(k.Key)).Sum(k => k.Value);

    sealed record Known(DateTimeOffset At, IReadOnlyDictionary<(string Provider, string Slug, string Policy), ModelRecord> Records);

    sealed class Weighted
    {
        readonly double[] latency = new double[LatencyBuckets.Count];
        double succeeded, failed, neither, good, bad, cost;

        public void Add(double weight, long successes, long failures, long others, int[] counts, decimal spent, decimal spokeFor, decimal spokeAgainst)
        {
            succeeded += weight * successes;
            failed += weight * failures;
            neither += weight * others;
            for (var bucket = 0; bucket < counts.Length && bucket < latency.Length; bucket++) latency[bucket] += weight * counts[bucket];
            cost += weight * (double)spent;
            good += weight * (double)spokeFor;
            bad += weight * (double)spokeAgainst;
        }

        public ModelRecord Record()
        {
            var requests = succeeded + failed + neither;
            return new ModelRecord(requests, Wilson.Low(succeeded, succeeded + failed), good + bad > 0 ? Wilson.Low(good, good + bad) : null,
                LatencyBuckets.Quantile(latency, 0.5), LatencyBuckets.Quantile(latency, 0.95), requests > 0 ? (decimal)(cost / requests) : null)
            {
                Succeeded = succeeded, Failed = failed, Good = good, Bad = bad,
            };
        }
    }
}

/// <param name="HalfLife">After which what was seen counts half.</param>
/// <param name="Refresh">How old what is known may be.</param>
public sealed record RecordSettings(TimeSpan HalfLife, TimeSpan Refresh)
{
    public static readonly RecordSettings Default = new(TimeSpan.FromHours(6), TimeSpan.FromSeconds(15));
}
