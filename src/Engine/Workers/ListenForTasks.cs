using System.Globalization;
using Dapper;
using Engine.Database;
using Engine.Tasks;

namespace Engine.Workers;

/// <summary>
/// Passes on what filings and people tell workers, over one session of its own. Only a hint: without it the worker looks every
/// second. A session that looks alive and is not is noticed by a probe.
/// </summary>
public sealed class ListenForTasks(ReservedConnections connections, TasksSettings settings, RunWorkers workers, KeepTasks keep, TimeProvider time, ILogger<ListenForTasks> log) : BackgroundService
{
    static readonly TimeSpan ProbeEvery = TimeSpan.FromSeconds(6);
    static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(1);
    const int ProbeSeconds = 3;

    /// <summary>What stands before a task's id when whoever runs it must stop.</summary>
    public const string StopPrefix = "stop:";

    /// <summary>Kinds or modes have changed: look now.</summary>
    public const string Changed = "changed";

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!settings.Listen) return;
        await Task.Yield();
        var isFailing = false;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await using var connection = await connections.OpenAsync(throughPooler: false, stoppingToken);
                connection.Notification += (_, e) => Pass(e.Payload);
                await connection.ExecuteAsync(new CommandDefinition($"listen {WakeWorkers.Channel}", commandTimeout: ProbeSeconds, cancellationToken: stoppingToken));
                isFailing = false;
                workers.Wake(null); // something may have come meanwhile
                while (true)
                    if (!await connection.WaitAsync(ProbeEvery, stoppingToken))
                        await connection.ExecuteAsync(new CommandDefinition("select 1", commandTimeout: ProbeSeconds, cancellationToken: stoppingToken));
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                if (!isFailing) log.ListenLost(e);
                isFailing = true;
                await Task.Delay(AfterFailure, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    void Pass(string text)
    {
        if (text.StartsWith(StopPrefix, StringComparison.Ordinal) && Guid.TryParse(text.AsSpan(StopPrefix.Length), out var taskId)) workers.StopTask(taskId);
        else if (text == Changed) keep.Wake();
        else workers.Wake(Lanes(text));
    }

    /// <returns>Null for all, which is also what cannot be read.</returns>
    static List<int>? Lanes(string text)
    {
        var lanes = new List<int>();
        foreach (var part in text.Split(','))
        {
            if (!int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var lane)) return null;
            lanes.Add(lane);
        }
        return lanes;
    }
}
