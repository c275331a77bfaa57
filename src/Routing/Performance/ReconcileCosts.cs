using System.Text.Json;
using Dapper;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Routing.Performance;

/// <summary>
/// Compares what providers say that was spent with the ledger: the last whole days by their activity, and what their key's meter moved since
/// the last look. Each comparison is a row; made again, it takes the place of the first, since costs are settled late.
/// </summary>
public sealed class ReconcileCosts(NpgsqlDataSource database, ReadProviderUsage read, LedgerSums ledger, ReconcileSettings settings, TimeProvider time, ILogger<ReconcileCosts> log)
{
    const string LastMeterSql = """
        select period_end, meter_usd from routing_reconciliations where provider = @Name and source = 'key' and meter_usd is not null order by period_end desc limit 1
        """;

    const string WriteSql = """
        insert into routing_reconciliations (provider, source, period_start, period_end, billed_usd, ledger_usd, meter_usd, is_within, taken_at)
        values (@Provider, @Source, @From, @To, @BilledUsd, @LedgerUsd, @MeterUsd, @IsWithin, @now)
        on conflict (provider, source, period_start) do update set period_end = excluded.period_end, billed_usd = excluded.billed_usd, ledger_usd = excluded.ledger_usd,
            meter_usd = excluded.meter_usd, is_within = excluded.is_within, taken_at = excluded.taken_at
        """;

    /// <returns>What was compared; a provider that could not be asked has an entry with the reason.</returns>
    public async Task<IReadOnlyList<Reconciliation>> RunAsync(IEnumerable<ProviderMeter> providers, CancellationToken ct)
    {
        var all = new List<Reconciliation>();
        foreach (var provider in providers)
        {
            try
            {
                all.AddRange(await ByDayAsync(provider, ct));
                if (await ByMeterAsync(provider, ct) is { } moved) all.Add(moved);
            }
            catch (Exception e) when (e is HttpRequestException or JsonException or InvalidOperationException || (e is OperationCanceledException && !ct.IsCancellationRequested))
            {
                all.Add(new Reconciliation(provider.Name, "", default, default, 0, 0, null, IsWithin: false, Problem: e.Message)); // the others are compared all the same
            }
        }
        return all;
    }

    async Task<IReadOnlyList<Reconciliation>> ByDayAsync(ProviderMeter provider, CancellationToken ct)
    {
        if (await read.ByDayAsync(provider, ct) is not { } days) return [];
        var today = DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);
        var compared = new List<Reconciliation>();
        for (var day = today.AddDays(-settings.Days); day < today; day = day.AddDays(1))
        {
            var from = new DateTimeOffset(day, TimeOnly.MinValue, TimeSpan.Zero);
            compared.Add(await CompareAsync(provider.Name, "activity", from, from.AddDays(1), days.GetValueOrDefault(day), null, ct));
        }
        return compared;
    }

    async Task<Reconciliation?> ByMeterAsync(ProviderMeter provider, CancellationToken ct)
    {
        if (await read.MeterAsync(provider, ct) is not { } meter) return null;
        var now = time.GetUtcNow();
        await using var connection = await database.OpenConnectionAsync(ct);
        var last = await connection.QuerySingleOrDefaultAsync<LastLook>(new CommandDefinition(LastMeterSql, new { provider.Name }, cancellationToken: ct));
        return last is null || meter < last.MeterUsd // the first look, or another key than last time: from here on
            ? await WriteAsync(new Reconciliation(provider.Name, "key", now, now, 0, 0, meter, IsWithin: true), ct)
            : await CompareAsync(provider.Name, "key", last.PeriodEnd, now, meter - last.MeterUsd, meter, ct);
    }

    async Task<Reconciliation> CompareAsync(string provider, string source, DateTimeOffset from, DateTimeOffset to, decimal billedUsd, decimal? meterUsd, CancellationToken ct)
    {
        var ledgerUsd = await ledger.SpentAsync(provider, from, to, ct);
        var allowed = Math.Max(settings.ToleranceUsd, settings.ToleranceShare * Math.Max(billedUsd, ledgerUsd));
        var compared = new Reconciliation(provider, source, from, to, billedUsd, ledgerUsd, meterUsd, Math.Abs(billedUsd - ledgerUsd) <= allowed);
        if (!compared.IsWithin) log.Drifted(provider, billedUsd, from, to, ledgerUsd, compared.DriftUsd);
        return await WriteAsync(compared, ct);
    }

    async Task<Reconciliation> WriteAsync(Reconciliation row, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(WriteSql,
            new { row.Provider, row.Source, row.From, row.To, row.BilledUsd, row.LedgerUsd, row.MeterUsd, row.IsWithin, now = time.GetUtcNow() }, cancellationToken: ct));
        return row;
    }

    sealed record LastLook(DateTimeOffset PeriodEnd, decimal MeterUsd);
}

/// <param name="Days">Whole UTC days before today that are compared.</param>
/// <param name="ToleranceUsd">A drift up to this is within, or up to the share of the larger sum: calls over midnight, costs that are not settled yet.</param>
public sealed record ReconcileSettings(int Days, decimal ToleranceUsd, decimal ToleranceShare)
{
    public static readonly ReconcileSettings Default = new(3, 0.01m, 0.01m);
}

/// <param name="Source">activity or key; empty when the provider could not be asked.</param>
/// <param name="Problem">Why it could not; null when it could.</param>
public sealed record Reconciliation(string Provider, string Source, DateTimeOffset From, DateTimeOffset To, decimal BilledUsd, decimal LedgerUsd, decimal? MeterUsd, bool IsWithin, string? Problem = null)
{
    public decimal DriftUsd => BilledUsd - LedgerUsd;
}
