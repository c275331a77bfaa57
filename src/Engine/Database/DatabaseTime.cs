using System.Diagnostics;
using Npgsql;

namespace Engine.Database;

/// <summary>
/// The database's clock, for all nodes one and the same. The offset is measured by halving the round trip (as in
/// Cristian's algorithm: the answer was true somewhere between question and reply, so the error is at most half the trip);
/// in between the monotonic clock counts on, so that a jump of the host's wall clock moves nothing.
/// </summary>
/// <param name="host">The host's own clocks: its monotonic one counts on, its wall clock is only compared with.</param>
public sealed class DatabaseTime(NpgsqlDataSource database, TimeProvider host) : TimeProvider
{
    const int Samples = 5;

    volatile Measurement? last;

    /// <summary>What was measured last; null until the first <see cref="SyncAsync"/>.</summary>
    public Measurement? Last => last;

    public override DateTimeOffset GetUtcNow()
    {
        var known = last ?? throw new InvalidOperationException("The database's clock was asked before it was measured.");
        return known.DatabaseTime + host.GetElapsedTime(known.Timestamp);
    }

    public override long GetTimestamp() => host.GetTimestamp();

    public override long TimestampFrequency => host.TimestampFrequency;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        host.CreateTimer(callback, state, dueTime, period);

    /// <summary>How far the database's clock is ahead of this host's wall clock; negative when it is behind.</summary>
    public TimeSpan Skew => GetUtcNow() - host.GetUtcNow();

    /// <summary>How long ago the offset was measured.</summary>
    public TimeSpan Age => last is { } known ? host.GetElapsedTime(known.Timestamp) : TimeSpan.MaxValue;

    /// <summary>Measures the offset anew and keeps the sample with the shortest round trip.</summary>
    public async Task<Measurement> SyncAsync(CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var command = new NpgsqlCommand("select clock_timestamp()", connection);
        Measurement? best = null;
        for (var sample = 0; sample < Samples; sample++)
        {
            var asked = host.GetTimestamp();
            var answer = (DateTime)(await command.ExecuteScalarAsync(ct))!;
            var answered = host.GetTimestamp();
            var trip = host.GetElapsedTime(asked, answered);
            var measured = new Measurement(new DateTimeOffset(answer, TimeSpan.Zero), asked + (answered - asked) / 2, trip / 2);
            if (best is null || measured.Uncertainty < best.Uncertainty) best = measured;
        }
        Debug.Assert(best is not null);

        // Within the error of measurement the old count is as good, and keeping it keeps time from stepping back.
        if (last is { } known && TimeAt(known, best.Timestamp) is var counted
            && (best.DatabaseTime - counted).Duration() is var difference && difference <= 2 * best.Uncertainty)
            best = best with { DatabaseTime = counted, Uncertainty = best.Uncertainty + difference };
        last = best;
        return best;
    }

    DateTimeOffset TimeAt(Measurement known, long timestamp) => known.DatabaseTime + host.GetElapsedTime(known.Timestamp, timestamp);

    /// <param name="DatabaseTime">The database's time at <paramref name="Timestamp"/>.</param>
    /// <param name="Timestamp">A reading of the host's monotonic clock.</param>
    /// <param name="Uncertainty">Half the round trip: the most by which <paramref name="DatabaseTime"/> can be off.</param>
    public sealed record Measurement(DateTimeOffset DatabaseTime, long Timestamp, TimeSpan Uncertainty);
}
