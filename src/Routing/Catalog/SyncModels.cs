using Dapper;
using Microsoft.Extensions.Logging;
using Npgsql;
using Routing.Providers;

namespace Routing.Catalog;

/// <summary>
/// Brings the catalog up to what a provider lists, in one transaction; whatever is wrong with the list changes nothing. Of syncs that run at once the one
/// that asked last counts.
/// </summary>
public sealed class SyncModels(NpgsqlDataSource database, AskProvider ask, ReadProviders read, TimeProvider time, ILogger<SyncModels> log)
{
    const int MostBytes = 32 << 20;
    const int MostProblemLength = 1000;
    static readonly TimeSpan Within = TimeSpan.FromSeconds(25);

    const string LockSql = "select pg_advisory_xact_lock(hashtextextended('routing_models of ' || @provider, 0))";
    const string SyncedSql = "select synced_at from routing_providers where name = @provider";
    const string ProblemSql = "update routing_providers set tried_at = @askedAt, sync_problem = @problem where name = @provider";

    /// <param name="force">Lets more than half of the models go at once.</param>
    public async Task<SyncOutcome> RunAsync(string provider, bool force, CancellationToken ct)
    {
        var (askedAt, started) = (time.GetUtcNow(), time.GetTimestamp());
        if (await read.FindAsync(provider, ct) is not { } found) return new SyncOutcome.NoSuchProvider();
        var reply = await ask.RunAsync(found.Provider, found.Key, "models", MostBytes, Within, ct);
        var listing = reply switch
        {
            ProviderReply.Answered { IsSuccess: true } answer => ReadModelList.Read(answer.Body, ProviderKinds.SaysPrices(found.Provider.Kind)),
            ProviderReply.Answered answer => new ModelListing.Unreadable($"{found.Provider.Endpoint("models")} answers {answer.StatusText}"),
            ProviderReply.Unreachable none => new ModelListing.Unreadable(none.Reason),
            _ => throw new InvalidOperationException($"{reply}"),
        };
        if (listing is not ModelListing.Listed listed) return await FailAsync(provider, askedAt, ((ModelListing.Unreadable)listing).Reason, ct);

        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(LockSql, new { provider }, transaction, cancellationToken: ct));
        var synced = await connection.ExecuteScalarAsync<DateTimeOffset?>(new CommandDefinition(SyncedSql, new { provider }, transaction, cancellationToken: ct));
        if (synced >= askedAt)
            return Done(new CatalogDifference([], [], [], [], listed.Models.Count)); // another process asked after this one and was quicker
        var difference = CompareCatalog.Decide(await StoredModels.ReadAsync(connection, transaction, provider, ct), listed);
        if (difference.IsSuspicious && !force && synced is not null) // one that was never synced, or has moved since, has nothing to lose
        {
            await transaction.RollbackAsync(ct);
            await FailAsync(provider, askedAt, $"{difference.Gone.Count} of {difference.Before} models are missing in the list; a sync by hand with force lets them go", ct);
            return new SyncOutcome.Suspicious(difference.Before, difference.Gone.Count);
        }
        await StoredModels.WriteAsync(connection, transaction, provider, difference, askedAt, time.GetUtcNow(), ct);
        await transaction.CommitAsync(CancellationToken.None);
        return Done(difference);

        SyncOutcome.Done Done(CatalogDifference what)
        {
            int Count(string kind) => what.Changes.Count(c => c.Kind == kind);
            var report = new SyncReport(provider, listed.Models.Count, Count("new"), Count("gone"), Count("back"), Count("price_up"), Count("price_down"), Count("changed"),
                listed.LeftOut, time.GetElapsedTime(started));
            log.Synced(provider, report.Models, report.New, report.Gone, report.Back, report.PriceUp, report.PriceDown, report.Changed, report.Took);
            if (listed.LeftOut is [var first, ..]) log.LeftOut(provider, listed.LeftOut.Count, first.Position, first.Reason);
            return new SyncOutcome.Done(report);
        }
    }

    async Task<SyncOutcome> FailAsync(string provider, DateTimeOffset askedAt, string reason, CancellationToken ct)
    {
        log.SyncFailed(provider, reason);
        await using var connection = await database.OpenConnectionAsync(ct);
        var problem = reason.Length > MostProblemLength ? reason[..MostProblemLength] : reason;
        await connection.ExecuteAsync(new CommandDefinition(ProblemSql, new { provider, askedAt, problem }, cancellationToken: ct));
        return new SyncOutcome.Failed(reason);
    }
}

public abstract record SyncOutcome
{
    SyncOutcome() { } // closed: the kinds below are all there are

    public sealed record Done(SyncReport Report) : SyncOutcome;
    public sealed record NoSuchProvider : SyncOutcome;

    /// <summary>The old catalog stays.</summary>
    public sealed record Failed(string Reason) : SyncOutcome;

    /// <summary>So many are missing that somebody must say that they are to go. The old catalog stays.</summary>
    public sealed record Suspicious(int Before, int Missing) : SyncOutcome;
}

/// <param name="Models">That are listed now.</param>
/// <param name="Changed">In other ways than their price.</param>
/// <param name="LeftOut">Items of the list that are of no use.</param>
public sealed record SyncReport(string Provider, int Models, int New, int Gone, int Back, int PriceUp, int PriceDown, int Changed, IReadOnlyList<LeftOutItem> LeftOut, TimeSpan Took);
