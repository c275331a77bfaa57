using System.Globalization;
using Engine.Schedules;
using Routing.Catalog;
using Routing.Providers;

namespace Engine.Gateway;

/// <summary>Syncs the models of all enabled providers, each on its own: one that fails keeps the others from nothing.</summary>
public sealed class SyncModelsDuty(ReadProviders providers, SyncModels sync, ForgetModelChanges forget) : IScheduledDuty
{
    public string Name => "sync_models";

    public async Task<string> RunAsync(ScheduledFire fire, CancellationToken ct)
    {
        await forget.RunAsync(ct);
        var enabled = (await providers.RunAsync(ct)).Where(p => p.Provider.IsEnabled).Select(p => p.Provider.Name).Order(StringComparer.Ordinal).ToArray();
        if (enabled.Length == 0) return "No provider is enabled.";
        var outcomes = await Task.WhenAll(enabled.Select(async name => (Name: name, Outcome: await sync.RunAsync(name, force: false, ct))));
        var told = string.Join(" ", outcomes.Select(o => $"{o.Name}: {Told(o.Outcome)}."));
        return outcomes.All(o => o.Outcome is SyncOutcome.Done or SyncOutcome.NoSuchProvider) ? told : throw new DutyFailedException(told);
    }

    internal static string Told(SyncOutcome outcome) => outcome switch
    {
        SyncOutcome.Done { Report: var r } => string.Create(CultureInfo.InvariantCulture,
            $"{r.Models} models, {r.New} new, {r.Gone} gone, {r.Back} back, {r.PriceUp} dearer, {r.PriceDown} cheaper, {r.Changed} otherwise changed, {r.LeftOut.Count} left out"),
        SyncOutcome.Failed failed => $"failed, the old catalog stays: {failed.Reason}",
        SyncOutcome.Suspicious s => $"refused, the old catalog stays: {s.Missing} of {s.Before} models are missing in the list",
        _ => "it is gone",
    };
}
