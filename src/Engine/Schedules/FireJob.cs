using System.Collections.Concurrent;
using System.Globalization;
using Quartz;

namespace Engine.Schedules;

/// <summary>What Quartz runs when a trigger is due: proposes the fire and, when the proposal got through, runs it.</summary>
/// <param name="running">Where it notes, by Quartz's name of the fire, what is at work.</param>
/// <param name="stopping">Fires when this process must end and has waited long enough.</param>
public sealed class FireJob(ProposeFire propose, TakeFire take, RunFire run, FailLostFires failLost,
    ConcurrentDictionary<string, bool> running, CancellationToken stopping) : IJob
{
    /// <summary>Group of the jobs and of the cron triggers, each named like its schedule.</summary>
    public const string Schedules = "schedules";

    /// <summary>Group of the triggers that fire once, named by the fire's id.</summary>
    public const string Fires = "fires";

    /// <summary>What a cron trigger carries as its description: the version of the row it was made from.</summary>
    public static string Mark(long version) => $"v{version}";

    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default)
    {
        running[context.FireInstanceId] = true;
        try
        {
            await RunAsync(context, cancellationToken);
        }
        finally
        {
            running.TryRemove(context.FireInstanceId, out _);
        }
    }

    async Task RunAsync(IJobExecutionContext context, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, stopping);
        var ct = either.Token;
        // Recovering: the node that ran this has died, and Quartz runs it again under a trigger of its own.
        var trigger = context.Recovering ? context.RecoveringTriggerKey : context.Trigger.Key;
        var due = context.ScheduledFireTimeUtc ?? context.FireTimeUtc;
        if (trigger!.Group == Fires)
        {
            var fireId = Guid.Parse(trigger.Name);
            if (await take.RunAsync(fireId, ct) is { } taken) await run.RunAsync(taken, ct);
            else if (context.Recovering) await failLost.RunAsync(fireId, ct);
            return;
        }
        var version = context.Recovering ? (long?)null : long.Parse(context.Trigger.Description!.AsSpan(1), CultureInfo.InvariantCulture);
        if (await propose.RunAsync(trigger.Name, version, due, ct) is { } fire) await run.RunAsync(fire, ct);
        else if (context.Recovering) await failLost.RunAsync(trigger.Name, due, ct);
    }
}
