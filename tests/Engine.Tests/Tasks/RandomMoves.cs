using System.Collections.Concurrent;
using Dapper;
using Engine.Tasks;
using Engine.Workers;

namespace Engine.Tests.Tasks;

/// <summary>Sessions that do random things to the same tasks at the same time, and what they were told.</summary>
sealed class RandomMoves(TasksRig rig)
{
    readonly ConcurrentBag<Guid> filed = [];
    readonly ConcurrentDictionary<(Guid Task, long Epoch), int> claims = [], ends = [];
    readonly ConcurrentBag<string> wrong = [];

    /// <summary>Every filing that was told done.</summary>
    public IReadOnlyCollection<Guid> Filed => filed;

    /// <summary>What must never have happened.</summary>
    public IReadOnlyCollection<string> Wrong => wrong;

    public async Task RunSessionAsync(int seed, int steps)
    {
        var random = new Random(seed);
        var worker = await rig.WorkerAsync();
        var held = new List<ClaimedTask>();
        try
        {
            for (var step = 0; step < steps; step++)
            {
                if (random.Next(25) == 0) // killed; its late ends are refused once another has what it held
                {
                    await worker.DieAsync();
                    await rig.Get<RescueTasks>().RunAsync(CancellationToken.None);
                    foreach (var late in held) await EndAsync(worker, late, TaskResult.Done());
                    held.Clear();
                    await worker.DisposeAsync();
                    worker = await rig.WorkerAsync();
                }
                await StepAsync(random, worker, held);
            }
            foreach (var task in held) await EndAsync(worker, task, TaskResult.Done());
        }
        finally
        {
            await worker.DisposeAsync();
        }
    }

    async Task StepAsync(Random random, ProbeWorker worker, List<ClaimedTask> held)
    {
        switch (random.Next(20))
        {
            case < 5: await FileAsync(random); break;
            case < 8: held.AddRange(await ClaimAsync(worker, random.Next(1, 4))); break;
            case < 12 when held.Count > 0:
                var task = held[random.Next(held.Count)];
                held.Remove(task);
                await EndAsync(worker, task, Result(random));
                break;
            case 12: await rig.CancelAsync(Any(random)); break;
            case 13: await rig.RetryAsync(Any(random)); break;
            case < 16: await rig.RedriveAsync(Any(random), random.Next(3) switch { 0 => new NewDeadline(null), 1 => new NewDeadline(rig.Now + TimeSpan.FromSeconds(random.Next(200, 900))), _ => null }); break;
            case 16: await rig.ReassignAsync(held.Count > 0 ? held[random.Next(held.Count)].Row.TaskId : Any(random)); break;
            case 17:
                var gate = new[] { "ship", "tick", OpenGate.TaskFault }[random.Next(3)];
                await rig.DecideAsync(Any(random), gate, gate == "tick" ? "signalled" : random.Next(2) == 0 ? "approved" : "rejected", random.Next(3) == 0 ? random.Next(1, 4) : null);
                break;
            case 18:
                rig.Time!.Advance(TimeSpan.FromSeconds(random.Next(120)));
                await rig.Get<PromoteDue>().RunAsync(CancellationToken.None);
                await rig.Get<ExpireGates>().RunAsync(CancellationToken.None);
                break;
            default:
                await rig.Get<SweepHeld>().RunAsync(CancellationToken.None);
                await rig.Get<PassDeadlines>().RunAsync(CancellationToken.None);
                await rig.Get<ForgetConcurrencyKeys>().RunAsync(CancellationToken.None);
                break;
        }
    }

    async Task FileAsync(Random random)
    {
        var tasks = Enumerable.Range(0, random.Next(1, 4)).Select(_ => TasksRig.New() with
        {
            DependsOn = [.. Enumerable.Range(0, random.Next(3)).Select(_ => Any(random)).Where(id => id != Guid.Empty).Distinct()],
            DedupKey = random.Next(4) == 0 ? $"d{random.Next(4)}" : null,
            ConcurrencyKey = random.Next(3) == 0 ? $"c{random.Next(3)}" : null,
            ConcurrencyLimit = random.Next(1, 4),
            DueAt = random.Next(6) == 0 ? rig.Now + TimeSpan.FromSeconds(random.Next(60)) : null,
            DeadlineAt = random.Next(8) == 0 ? rig.Now + TimeSpan.FromSeconds(random.Next(200, 900)) : null,
        }).ToArray();
        foreach (var task in await rig.FileAllAsync(tasks)) filed.Add(task);
    }

    async Task<IReadOnlyList<ClaimedTask>> ClaimAsync(ProbeWorker worker, int most)
    {
        var claimed = await worker.ClaimAsync(most);
        foreach (var task in claimed)
        {
            if (!claims.TryAdd((task.Row.TaskId, task.Row.Epoch), 1)) wrong.Add($"task {task.Row.TaskId} was claimed twice at epoch {task.Row.Epoch}");
            if (await rig.ReadAsync<long>("select count(*) from task_dependencies where child_id = @TaskId and settled is distinct from 'succeeded'", new { task.Row.TaskId }) > 0)
                wrong.Add($"task {task.Row.TaskId} began before its parents had succeeded");
        }
        return claimed;
    }

    async Task EndAsync(ProbeWorker worker, ClaimedTask task, TaskResult result)
    {
        var isOver = claims.Keys.Any(c => c.Task == task.Row.TaskId && c.Epoch > task.Row.Epoch);
        if (!await worker.EndAsync(task, result)) return;
        if (isOver) wrong.Add($"task {task.Row.TaskId} took the end of epoch {task.Row.Epoch} although it had been claimed again");
        if (!ends.TryAdd((task.Row.TaskId, task.Row.Epoch), 1)) wrong.Add($"epoch {task.Row.Epoch} of task {task.Row.TaskId} ended twice");
    }

    static TaskResult Result(Random random) => random.Next(14) switch
    {
        0 => TaskResult.Fail(TaskFault.Transient, "timeout"),
        1 => TaskResult.Fail(TaskFault.Persistent, "no"),
        2 => TaskResult.Fail(TaskFault.TaskFault, "bug"),
        3 => TaskResult.Fail(TaskFault.Transient, "lost connection"),
        4 => TaskResult.Refuse("never"),
        5 => TaskResult.Snooze(TimeSpan.FromSeconds(random.Next(60))),
        6 or 7 => TaskResult.WaitForApproval("ship", random.Next(2) == 0 ? TimeSpan.FromSeconds(random.Next(1, 100)) : null),
        8 => TaskResult.WaitForSignal("tick"),
        _ => TaskResult.Done(),
    };

    Guid Any(Random random) => filed.IsEmpty ? Guid.Empty : filed.ElementAt(random.Next(Math.Min(filed.Count, 12)));

    /// <summary>Lets everything end that can, and cancels what waits for what will not.</summary>
    public async Task DrainAsync()
    {
        await using var worker = await rig.WorkerAsync();
        await rig.ExecuteAsync("update workers set lease_until = @past, beat_at = @past where worker_id <> @WorkerId", new { worker.WorkerId, past = rig.Now - TimeSpan.FromHours(2) });
        for (var pass = 0; pass < 200; pass++)
        {
            rig.Time!.Advance(TimeSpan.FromMinutes(16));
            await rig.Get<RescueTasks>().RunAsync(CancellationToken.None);
            await rig.Get<PromoteDue>().RunAsync(CancellationToken.None);
            await rig.Get<ExpireGates>().RunAsync(CancellationToken.None);
            await rig.Get<SweepHeld>().RunAsync(CancellationToken.None);
            var claimed = await ClaimAsync(worker, 100);
            foreach (var task in claimed) await EndAsync(worker, task, TaskResult.Done());
            if (claimed.Count > 0) continue;
            await using var connection = await rig.Db.Source.OpenConnectionAsync();
            var open = (await connection.QueryAsync<(Guid TaskId, string State, string? Gate)>(
                "select task_id, state, gate from governance_tasks where state not in ('succeeded', 'failed', 'cancelled', 'dead')")).ToArray();
            if (open.Length == 0) return;
            foreach (var (taskId, state, gate) in open)
                if (gate is not null) await rig.DecideAsync(taskId, gate, state == "waiting_signal" ? "signalled" : "approved");
                else if (await rig.RetryAsync(taskId) is not TaskMove.Done && state == "blocked") await rig.CancelAsync(taskId);
        }
        wrong.Add("something never ended");
    }
}
