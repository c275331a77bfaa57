namespace Chaos.Driving;

/// <summary>All worker processes of a run; one that has ended is started again.</summary>
public sealed class Fleet : IAsyncDisposable
{
    static readonly TimeSpan Look = TimeSpan.FromMilliseconds(200);

    readonly IReadOnlyList<WorkerProcess> workers;
    readonly Action<string> say;
    readonly Disturbance disturbance;
    readonly CancellationTokenSource stop = new();
    readonly Task keeping;

    public Fleet(IReadOnlyList<WorkerProcess> workers, Disturbance disturbance, Action<string> say)
    {
        (this.workers, this.disturbance, this.say) = (workers, disturbance, say);
        foreach (var worker in workers) worker.Start();
        keeping = KeepAsync();
    }

    public WorkerProcess this[int index] => workers[index];

    public int Count => workers.Count;

    public int Starts => workers.Sum(w => w.Starts);

    public bool AllRun => workers.All(w => w.IsRunning);

    /// <summary>Ends all of them in order, for good.</summary>
    /// <returns>Exit codes by name of those that did not end well.</returns>
    public async Task<IReadOnlyDictionary<string, int>> StopAsync()
    {
        await stop.CancelAsync();
        await keeping;
        var codes = await Task.WhenAll(workers.Select(async w => (w.Name, Code: w.IsRunning ? await w.StopAsync() : 0)));
        return codes.Where(c => c.Code != 0).ToDictionary(c => c.Name, c => c.Code);
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await keeping;
        foreach (var worker in workers) await worker.DisposeAsync();
        stop.Dispose();
    }

    async Task KeepAsync()
    {
        while (!stop.IsCancellationRequested)
        {
            await Task.Delay(Look, stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            foreach (var worker in workers.Where(w => !w.IsRunning && !stop.IsCancellationRequested))
            {
                say($"{worker.Name} has ended with {worker.ExitCode}; starting it again");
                worker.Start();
                disturbance.Note();
            }
        }
    }
}
