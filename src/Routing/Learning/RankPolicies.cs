using Dapper;
using Microsoft.Extensions.Logging;
using Npgsql;
using Routing.Selection;

namespace Routing.Learning;

/// <summary>
/// Keeps the learned order of each policy's models in <c>routing_ranks</c>: an overlay that leaves the policy as it is. Two processes at the
/// same policy take turns; the second finds the order of the first.
/// </summary>
public sealed class RankPolicies(NpgsqlDataSource database, RankSettings settings, TimeProvider time, ILogger<RankPolicies> log)
{
    public const string AsThePolicySays = "as the policy says";

    const string LockSql = "select pg_advisory_xact_lock(hashtextextended('routing_ranks ' || @Policy, 0))";

    const string ReadSql = "select policy, provider, model, position, reason, since, pinned_by from routing_ranks where policy = @Policy order by position";

    const string DeleteSql = "delete from routing_ranks where policy = @Policy and (provider, model) not in (select * from unnest(@providers, @models))";

    const string WriteSql = """
        insert into routing_ranks as r (policy, provider, model, position, reason, since, pinned_by) values (@Policy, @Provider, @Model, @Position, @Reason, @Since, @PinnedBy)
        on conflict (policy, provider, model) do update set position = excluded.position, reason = excluded.reason, since = excluded.since
        """;

    /// <returns>How many models moved.</returns>
    public async Task<int> RunAsync(IReadOnlyList<PolicyToRank> policies, IReadOnlyDictionary<(string Provider, string Slug, string Policy), ModelRecord> records, CancellationToken ct)
    {
        var judged = records.GroupBy(r => (r.Key.Provider, r.Key.Slug)).ToDictionary(g => g.Key, g => (Good: g.Sum(r => r.Value.Good), Bad: g.Sum(r => r.Value.Bad)));
        var moved = 0;
        foreach (var policy in policies) moved += await RankAsync(policy, records, judged, ct);
        return moved;
    }

    async Task<int> RankAsync(PolicyToRank policy, IReadOnlyDictionary<(string, string, string), ModelRecord> records, Dictionary<(string, string), (double Good, double Bad)> judged, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(LockSql, policy, transaction, cancellationToken: ct));
        var now = time.GetUtcNow();
        var ranks = (await connection.QueryAsync<Rank>(new CommandDefinition(ReadSql, policy, transaction, cancellationToken: ct))).AsList();
        var models = RankOverlay.Order(policy.Models, ranks, m => (m.Provider, m.Slug));
        var rankOf = ranks.ToDictionary(r => (r.Provider, r.Model));

        var candidates = Candidates(policy.Policy, models, rankOf, records, judged);
        var isResting = ranks.Any(r => r.PinnedBy is null && r.Reason != AsThePolicySays && now - r.Since < settings.Dwell);
        IReadOnlyList<Ranked> order = isResting ? [.. candidates.Select(c => new Ranked(c, default, null))] : RankModels.Decide(candidates, policy.Weights, settings);

        await connection.ExecuteAsync(new CommandDefinition(DeleteSql, new
        {
            policy.Policy, providers = models.Select(m => m.Provider).ToArray(), models = models.Select(m => m.Slug).ToArray(),
        }, transaction, cancellationToken: ct));
        var moved = 0;
        foreach (var (ranked, position) in order.Select((r, i) => (r, i + 1)))
        {
            var was = rankOf.GetValueOrDefault((ranked.Candidate.Provider, ranked.Candidate.Slug));
            if (ranked.Reason is not null) moved++;
            var rank = new Rank(policy.Policy, ranked.Candidate.Provider, ranked.Candidate.Slug, position, ranked.Reason ?? was?.Reason ?? AsThePolicySays,
                ranked.Reason is null && was is not null ? was.Since : now, was?.PinnedBy);
            if (rank != was) await connection.ExecuteAsync(new CommandDefinition(WriteSql, rank, transaction, cancellationToken: ct));
            if (ranked.Reason is not null) log.Moved(policy.Policy, rank.Provider, rank.Model, position, ranked.Reason);
        }
        await transaction.CommitAsync(ct);
        return moved;
    }

    static List<RankCandidate> Candidates(string policy, IReadOnlyList<ModelToRank> models, Dictionary<(string, string), Rank> ranks,
        IReadOnlyDictionary<(string, string, string), ModelRecord> records, Dictionary<(string, string), (double Good, double Bad)> judged)
    {
        var seen = models.Select(m => records.GetValueOrDefault((m.Provider, m.Slug, policy))).ToList();
        var priced = models.Zip(seen).Where(m => m.First.PricePerMtok is > 0 && m.Second?.CostUsd is not null).ToList();
        var usdPerPrice = priced.Count == 0 ? (decimal?)null : priced.Sum(m => m.Second!.CostUsd!.Value) / (decimal)priced.Sum(m => m.First.PricePerMtok!.Value);
        return [.. models.Zip(seen, (model, record) =>
        {
            var (good, bad) = judged.GetValueOrDefault((model.Provider, model.Slug));
            var evidence = new QualityEvidence(model.Belief, model.PricePerMtok, record?.Good ?? 0, record is null ? 0 : record.Good + record.Bad, good, good + bad);
            var expectedUsd = model.PricePerMtok == 0 ? 0 : (decimal?)model.PricePerMtok * usdPerPrice; // as its price is to that of those that were called
            return new RankCandidate(model.Provider, model.Slug, record, evidence, expectedUsd, ranks.GetValueOrDefault((model.Provider, model.Slug))?.PinnedBy is not null);
        })];
    }
}

/// <param name="Models">In the order that the policy says.</param>
public sealed record PolicyToRank(string Policy, IReadOnlyList<ModelToRank> Models, RankWeights Weights);

/// <param name="Belief">How good it is thought to be before anything is known, 0 to 1; null: nothing is known.</param>
/// <param name="PricePerMtok">US dollars a million tokens, three of input to one of output; null: not known.</param>
public sealed record ModelToRank(string Provider, string Slug, double? Belief = null, double? PricePerMtok = null);

/// <param name="Position">1 for the first.</param>
/// <param name="Since">When it came there.</param>
/// <param name="PinnedBy">Null: it was learned.</param>
public sealed record Rank(string Policy, string Provider, string Model, int Position, string Reason, DateTimeOffset Since, string? PinnedBy);
