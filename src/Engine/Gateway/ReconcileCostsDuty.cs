using System.Globalization;
using Engine.Schedules;
using Routing.Performance;

namespace Engine.Gateway;

/// <summary>The providers in use that tell what they bill, with their keys.</summary>
public delegate Task<IReadOnlyList<ProviderMeter>> ProvidersToReconcile(CancellationToken ct);

/// <summary>Compares what providers say that was spent with the ledger.</summary>
public sealed class ReconcileCostsDuty(ProvidersToReconcile providers, ReconcileCosts reconcile) : IScheduledDuty
{
    public string Name => "reconcile_costs";

    public async Task<string> RunAsync(ScheduledFire fire, CancellationToken ct)
    {
        var compared = await reconcile.RunAsync(await providers(ct), ct);
        var wrong = compared.Where(r => !r.IsWithin).ToList();
        if (wrong.Count > 0) throw new DutyFailedException(string.Join(" ", wrong.Select(Tell)));
        return string.Create(CultureInfo.InvariantCulture, $"{compared.Count} comparisons with what providers bill; all agree with the ledger.");
    }

    static string Tell(Reconciliation row) => row.Problem is { } problem ? $"{row.Provider} could not be asked: {problem}."
        : string.Create(CultureInfo.InvariantCulture, $"{row.Provider} billed ${row.BilledUsd:0.######} from {row.From:yyyy-MM-dd HH:mm} to {row.To:yyyy-MM-dd HH:mm}, the ledger has ${row.LedgerUsd:0.######}.");
}
