using Dapper;
using Npgsql;

namespace Routing.Performance;

/// <summary>
/// Attaches a verdict to the answer of a call and counts it in the windows that the call is counted in, however late it comes. One verdict
/// for each source: given again it changes nothing, given differently it takes the place of the first.
/// </summary>
public sealed class GiveFeedback(NpgsqlDataSource database, TimeProvider time)
{
    const string FindSql = "select requested_at, provider, model, policy from model_selections where selection_id = @SelectionId";

    const string AddSql = """
        insert into routing_feedback (selection_id, source, verdict, reason, given_by, given_at, requested_at, provider, model, policy)
        values (@SelectionId, @Source, @Verdict, @Reason, @GivenBy, @now, @RequestedAt, @Provider, @Model, @Policy)
        on conflict (selection_id, source) do nothing
        """;

    const string EarlierSql = "select verdict from routing_feedback where selection_id = @SelectionId and source = @Source for update";

    const string ChangeSql = """
        update routing_feedback set verdict = @Verdict, reason = @Reason, given_by = @GivenBy, given_at = @now where selection_id = @SelectionId and source = @Source
        """;

    /// <exception cref="PostgresException">The verdict is not from -1 to 1, the source is none of <see cref="VerdictWeights.Weights"/>, or a text is too long.</exception>
    public async Task<FeedbackOutcome> RunAsync(NewFeedback feedback, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        var verdict = decimal.Round(feedback.Verdict, 3); // as it is kept
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var call = await connection.QuerySingleOrDefaultAsync<JudgedCall>(new CommandDefinition(FindSql, feedback, transaction, cancellationToken: ct));
        if (call is null) return FeedbackOutcome.NoSuchSelection;
        var given = new
        {
            feedback.SelectionId, feedback.Source, Verdict = verdict, feedback.Reason, feedback.GivenBy, now, call.RequestedAt, call.Provider, call.Model, call.Policy,
        };
        decimal? earlier = null;
        if (await connection.ExecuteAsync(new CommandDefinition(AddSql, given, transaction, cancellationToken: ct)) == 0)
        {
            earlier = await connection.ExecuteScalarAsync<decimal>(new CommandDefinition(EarlierSql, given, transaction, cancellationToken: ct));
            if (earlier == verdict) return FeedbackOutcome.Unchanged;
            await connection.ExecuteAsync(new CommandDefinition(ChangeSql, given, transaction, cancellationToken: ct));
        }
        await WritePerformance.RunAsync(connection, transaction, Counted(feedback.Source, earlier, verdict, call, now), ct);
        await transaction.CommitAsync(ct);
        return earlier is null ? FeedbackOutcome.Given : FeedbackOutcome.Changed;
    }

    /// <summary>In windows that are still kept: one that was deleted does not come back for it.</summary>
    static IEnumerable<KeyValuePair<WindowKey, CallSums>> Counted(string source, decimal? earlier, decimal verdict, JudgedCall call, DateTimeOffset now)
    {
        foreach (var kind in PerformanceWindow.Kinds)
        {
            var start = PerformanceWindow.Start(kind, call.RequestedAt);
            if (PerformanceWindow.Kept(kind) is { } kept && start < now - kept) continue;
            var sums = new CallSums();
            if (earlier is { } was) sums.AddVerdict(-1, -VerdictWeights.Good(source, was), -VerdictWeights.Bad(source, was));
            sums.AddVerdict(1, VerdictWeights.Good(source, verdict), VerdictWeights.Bad(source, verdict));
            yield return new(new WindowKey(kind, start, call.Provider, call.Model, call.Policy), sums);
        }
    }

    sealed record JudgedCall(DateTimeOffset RequestedAt, string Provider, string Model, string Policy);
}

/// <param name="Source">user, verifier or test.</param>
/// <param name="Verdict">-1 (bad) to 1 (good).</param>
/// <param name="GivenBy">Who said so, as the audit log names them.</param>
public sealed record NewFeedback(Guid SelectionId, string Source, decimal Verdict, string? Reason, string GivenBy);

public enum FeedbackOutcome { Given, Changed, Unchanged, NoSuchSelection }

/// <summary>How much a verdict counts: a person and a test have seen the work, a verifier is a model itself and errs.</summary>
public static class VerdictWeights
{
    public static IReadOnlyDictionary<string, decimal> Weights { get; } = new Dictionary<string, decimal>(StringComparer.Ordinal) { ["user"] = 1, ["test"] = 1, ["verifier"] = 0.5m };

    /// <summary>The part of a verdict that speaks for the answer: all of a 1, half of a 0.</summary>
    public static decimal Good(string source, decimal verdict) => Weights[source] * (1 + verdict) / 2;

    public static decimal Bad(string source, decimal verdict) => Weights[source] * (1 - verdict) / 2;
}
