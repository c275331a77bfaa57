using Engine.Access;
using Engine.Database;
using Engine.Faults;
using Engine.Hosting.Health;
using Engine.Workers;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Engine.Hosting;

public static class StatusApi
{
    static readonly TimeSpan ModePatience = TimeSpan.FromSeconds(2);

    public static void MapStatus(this IEndpointRouteBuilder app) =>
        app.MapGet("/api/status", Status).WithTags("status").RequireAuthorization(Roles.Reader).WithSummary("What this engine is and how it does.");

    static async Task<Ok<StatusResponse>> Status(
        HealthSnapshot health, EngineDatabase database, DatabaseSettings settings, ProcessStart start, ReadEngineMode readMode, CancellationToken ct)
    {
        var snapshot = await health.GetAsync(ct);
        var clock = database.Time;
        return TypedResults.Ok(new StatusResponse(
            EngineVersion.Text, start.At, snapshot.IsReady, await ModeAsync(readMode, ct), snapshot.Checks,
            new DatabaseStatus(database.ServerVersion, settings.IsEmbedded, database.SchemaVersion),
            new ClockStatus(Seconds(clock.Skew), Seconds(clock.Last?.Uncertainty ?? TimeSpan.Zero), Seconds(clock.Age))));
    }

    static async Task<string?> ModeAsync(ReadEngineMode read, CancellationToken ct)
    {
        try
        {
            return (await read.RunAsync(ct).WaitAsync(ModePatience, ct)).Mode;
        }
        catch (Exception e) when (Fault.Of(e, ct) is FaultKind.Transient)
        {
            return null; // the database is away: the checks tell, and the rest is worth showing
        }
    }

    static double Seconds(TimeSpan span) => Math.Round(span.TotalSeconds, 6);
}

/// <param name="At">When this process had started, by the database's clock.</param>
public sealed record ProcessStart(DateTimeOffset At);

/// <param name="Mode">running, paused or stopped: whether the engines of this database take tasks; null when it cannot be read now.</param>
public sealed record StatusResponse(string Version, DateTimeOffset StartedAt, bool Ready, string? Mode, IReadOnlyList<CheckResponse> Checks,
    DatabaseStatus Database, ClockStatus Clock);

/// <param name="Version">Of the PostgreSQL server.</param>
/// <param name="Embedded">Whether the engine started it itself.</param>
/// <param name="SchemaVersion">Number of the last migration when this engine started; the check "migrations" tells of later ones.</param>
public sealed record DatabaseStatus(string Version, bool Embedded, int SchemaVersion);

/// <param name="SkewSeconds">How far the database's clock is ahead of this host's.</param>
/// <param name="UncertaintySeconds">The most by which the measurement can be off.</param>
/// <param name="AgeSeconds">How long ago it was measured.</param>
public sealed record ClockStatus(double SkewSeconds, double UncertaintySeconds, double AgeSeconds);
