using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Routing.Catalog;

/// <summary>A part of routing that a process keeps in memory.</summary>
public interface IFollowsChanges
{
    /// <summary>As <see cref="RoutingVersions"/> counts it.</summary>
    string Part { get; }

    /// <summary>Reads the part again: somebody has changed it.</summary>
    Task RefreshAsync(CancellationToken ct);
}

/// <summary>Looks twice a second whether another process, or this one, has changed a part of routing, and has it read again.</summary>
public sealed class FollowChanges(NpgsqlDataSource database, IEnumerable<IFollowsChanges> followers, TimeProvider time, ILogger<FollowChanges> log) : BackgroundService
{
    static readonly TimeSpan Every = TimeSpan.FromSeconds(0.5);

    readonly IFollowsChanges[] followers = [.. followers];
    readonly Dictionary<IFollowsChanges, long> seen = [];
    bool isFailing;

    /// <returns>How many parts were read again.</returns>
    public async Task<int> RunOnceAsync(CancellationToken ct)
    {
        var versions = await RoutingVersions.ReadAsync(database, ct); // before the parts: they are at least as new as their numbers
        var refreshed = 0;
        foreach (var follower in followers)
        {
            var version = versions.GetValueOrDefault(follower.Part);
            if (seen.TryGetValue(follower, out var known) && known == version) continue;
            await follower.RefreshAsync(ct);
            seen[follower] = version;
            refreshed++;
        }
        return refreshed;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield(); // the host's start does not wait for the first look
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await RunOnceAsync(stoppingToken);
                if (isFailing) log.FollowsAgain();
                isFailing = false;
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) // whatever it is: what is in memory stays, and the next look may go better
            {
                if (!isFailing) log.FollowFailed(e);
                isFailing = true;
            }
            await Task.Delay(Every, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
