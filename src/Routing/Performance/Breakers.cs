using System.Security.Cryptography;
using Dapper;
using Npgsql;

namespace Routing.Performance;

/// <summary>
/// The breakers of providers and models in the database, for all processes: closed, open until a time, or probing, where one process at
/// a time holds the ticket for one call. A compare-and-set each; what comes too late changes nothing. A notice on
/// <see cref="Channel"/> says that something has changed: a hint, since everybody looks each second.
/// </summary>
public sealed class Breakers(NpgsqlDataSource database, TimeProvider time, BreakerSettings settings)
{
    public const string Channel = "routing_health";

    const string OpenSql = """
        with opened as (
            insert into routing_breakers as b (provider, model, state, is_out, reason, changed_at, retry_at, openings, good_probes)
            values (@provider, @model, 'open', @isOut, @reason, @now, @now + make_interval(secs => @firstSeconds * @jitter), 1, 0)
            on conflict (provider, model) do update set state = 'open', is_out = excluded.is_out, reason = excluded.reason, changed_at = excluded.changed_at,
                openings = case when b.changed_at > @relapseAfter then b.openings + 1 else 1 end,
                retry_at = @now + make_interval(secs => least(@firstSeconds * power(2, case when b.changed_at > @relapseAfter then least(b.openings, 20) else 0 end), @longestSeconds) * @jitter),
                good_probes = 0, probe_ticket = null, probe_until = null
            where b.state = 'closed' or (excluded.is_out and not b.is_out)
            returning retry_at
        )
        select retry_at from opened, lateral (select pg_notify(@Channel, '')) told
        """;

    const string ReadSql = "select provider, model, state, is_out, reason, changed_at, retry_at, openings, probe_ticket, probe_until from routing_breakers where state <> 'closed'";

    const string ProbeSql = """
        update routing_breakers set state = 'probing', retry_at = null, probe_ticket = @ticket, probe_until = @until
        where provider = @provider and model = @model
            and ((state = 'open' and retry_at <= @now) or (state = 'probing' and (probe_ticket is null or probe_until < @now)))
        """;

    const string EndProbeSql = """
        with probed as (
            select provider, model, case when not @isGood then 'open' when good_probes + 1 >= case when is_out then 1 else @needed end then 'closed' else 'probing' end as becomes
            from routing_breakers where provider = @provider and model = @model and state = 'probing' and probe_ticket = @ticket
            for update
        ), ended as (
            update routing_breakers b set state = p.becomes, is_out = p.becomes <> 'closed' and (b.is_out or @isOut), reason = coalesce(@reason, b.reason),
                good_probes = case when p.becomes = 'probing' then b.good_probes + 1 else 0 end, changed_at = case when p.becomes = 'probing' then b.changed_at else @now end,
                openings = b.openings + case when p.becomes = 'open' then 1 else 0 end, probe_ticket = null, probe_until = null,
                retry_at = case when p.becomes = 'open'
                    then @now + make_interval(secs => least(case when b.is_out or @isOut then @outSeconds else @firstSeconds end * power(2, least(b.openings, 20)), @longestSeconds) * @jitter) end
            from probed p where b.provider = p.provider and b.model = p.model
            returning p.becomes
        )
        select becomes from ended, lateral (select pg_notify(@Channel, '')) told
        """;

    const string GiveBackSql = """
        update routing_breakers set probe_ticket = null, probe_until = null
        where provider = @provider and model = @model and state = 'probing' and probe_ticket = @ticket
        """;

    /// <returns>When it is tried again; null when it was open already.</returns>
    public async Task<DateTimeOffset?> OpenAsync(string provider, string model, bool isOut, string reason, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        await using var connection = await database.OpenConnectionAsync(ct);
        return await connection.QuerySingleOrDefaultAsync<DateTimeOffset?>(new CommandDefinition(OpenSql, new
        {
            provider, model, isOut, reason, now, jitter = Jitter(), Channel, relapseAfter = now - settings.Relapse,
            firstSeconds = (isOut ? settings.FirstPauseWhenOut : settings.FirstPause).TotalSeconds, longestSeconds = settings.LongestPause.TotalSeconds,
        }, cancellationToken: ct));
    }

    /// <summary>Those that are not closed.</summary>
    public async Task<IReadOnlyList<StandingRoute>> ReadAsync(CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return [.. await connection.QueryAsync<StandingRoute>(new CommandDefinition(ReadSql, cancellationToken: ct))];
    }

    /// <returns>The ticket for one call; null when it is too early or somebody else has it.</returns>
    public async Task<Guid?> TakeProbeAsync(string provider, string model, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        var ticket = Guid.CreateVersion7(now);
        await using var connection = await database.OpenConnectionAsync(ct);
        var taken = await connection.ExecuteAsync(new CommandDefinition(ProbeSql, new { provider, model, ticket, now, until = now + settings.ProbeLease }, cancellationToken: ct));
        return taken == 1 ? ticket : null;
    }

    /// <param name="reason">Why it failed; null when it went well.</param>
    /// <returns>What the breaker is now; null when the ticket was not valid any more.</returns>
    public async Task<string?> EndProbeAsync(string provider, string model, Guid ticket, string? reason, bool isOut, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return await connection.ExecuteScalarAsync<string?>(new CommandDefinition(EndProbeSql, new
        {
            provider, model, ticket, isGood = reason is null, reason, isOut, needed = settings.GoodProbes, now = time.GetUtcNow(), jitter = Jitter(), Channel,
            firstSeconds = settings.FirstPause.TotalSeconds, outSeconds = settings.FirstPauseWhenOut.TotalSeconds, longestSeconds = settings.LongestPause.TotalSeconds,
        }, cancellationToken: ct));
    }

    /// <summary>A ticket that no call was found for, or whose call told nothing.</summary>
    public async Task GiveBackAsync(string provider, string model, Guid ticket, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(GiveBackSql, new { provider, model, ticket }, cancellationToken: ct));
    }

    /// <summary>So that processes and providers do not come back in step: 0.8 to 1.2.</summary>
    static double Jitter() => 0.8 + RandomNumberGenerator.GetInt32(4001) / 10_000.0;
}

/// <param name="Model">Empty for the whole provider.</param>
/// <param name="State">open or probing.</param>
/// <param name="IsOut">The provider refuses our key or our money.</param>
/// <param name="RetryAt">When it is tried at the earliest; null unless it is open.</param>
/// <param name="ProbeTicket">Of the call that tries it; null when nobody does.</param>
public sealed record StandingRoute(string Provider, string Model, string State, bool IsOut, string Reason, DateTimeOffset ChangedAt, DateTimeOffset? RetryAt, int Openings,
    Guid? ProbeTicket, DateTimeOffset? ProbeUntil);
