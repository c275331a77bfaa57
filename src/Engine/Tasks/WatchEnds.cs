using System.Collections.Concurrent;
using Dapper;
using Npgsql;

namespace Engine.Tasks;

/// <summary>Waits for tasks to end. All who wait in this process share one look at the database, ten times a second at most.</summary>
public sealed class WatchEnds(NpgsqlDataSource database, TimeProvider time, IHostApplicationLifetime lifetime, ILogger<WatchEnds> log) : BackgroundService
{
    static readonly TimeSpan Every = TimeSpan.FromMilliseconds(100), AfterFailure = TimeSpan.FromSeconds(1);

    const string Sql = "select task_id from task_attempts where task_id = any(@taskIds) and final_state is not null and reopened_at is null";

    readonly ConcurrentDictionary<TaskCompletionSource, Guid> waiters = new();
    readonly SemaphoreSlim arrived = new(0, 1);
    bool isFailing;

    /// <summary>How many wait in this process.</summary>
    public int Waiting => waiters.Count;

    /// <returns>Whether it has ended; false when the time is over, or the engine stops.</returns>
    public async Task<bool> RunAsync(Guid taskId, TimeSpan timeout, CancellationToken ct)
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        waiters[ended] = taskId;
        Arrive();
        try
        {
            // A server that stops waits for its requests: this one must not wait for the server.
            using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, lifetime.ApplicationStopping);
            await ended.Task.WaitAsync(timeout, time, either.Token);
            return true;
        }
        catch (Exception e) when (e is TimeoutException || (e is OperationCanceledException && !ct.IsCancellationRequested))
        {
            return false;
        }
        finally
        {
            waiters.TryRemove(ended, out _);
        }
    }

    /// <summary>Looks once for all who wait.</summary>
    /// <returns>How many were told.</returns>
    public async Task<int> RunOnceAsync(CancellationToken ct)
    {
        var waiting = waiters.ToArray();
        if (waiting.Length == 0) return 0;
        await using var connection = await database.OpenConnectionAsync(ct);
        var ended = (await connection.QueryAsync<Guid>(new CommandDefinition(Sql, new { taskIds = waiting.Select(w => w.Value).Distinct().ToArray() }, cancellationToken: ct))).ToHashSet();
        return waiting.Count(w => ended.Contains(w.Value) && w.Key.TrySetResult());
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            if (waiters.IsEmpty) await arrived.WaitAsync(stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            var pause = await PassAsync(stoppingToken);
            await Task.Delay(pause, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <returns>How long to rest: the database shall have more time for others than for this.</returns>
    async Task<TimeSpan> PassAsync(CancellationToken ct)
    {
        try
        {
            var started = time.GetTimestamp();
            await RunOnceAsync(ct);
            isFailing = false;
            var rest = 5 * time.GetElapsedTime(started);
            return rest > Every ? rest : Every;
        }
        catch (Exception e) when (!ct.IsCancellationRequested)
        {
            if (!isFailing) log.LookFailed(e);
            isFailing = true;
            return AfterFailure;
        }
        catch (OperationCanceledException)
        {
            return TimeSpan.Zero; // the engine stops
        }
    }

    void Arrive()
    {
        try
        {
            arrived.Release();
        }
        catch (SemaphoreFullException)
        {
            // Somebody else has woken the loop already.
        }
    }

    public override void Dispose()
    {
        arrived.Dispose();
        base.Dispose();
    }
}
