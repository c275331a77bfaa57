namespace Engine.Tests.Tasks;

/// <summary>What the tasks should be, by the rules of the design alone: a few lines for each thing that can happen, and no database.</summary>
sealed class PredictedTasks
{
    readonly Dictionary<Guid, Predicted> tasks = [];

    public IReadOnlyDictionary<Guid, Predicted> All => tasks;

    public void File(Guid id, IReadOnlyList<Guid> parents, bool later) =>
        tasks[id] = Settle(new Predicted("pending", 0, 0, null, parents, false) { IsLater = later }, later);

    public void Claim(Guid id) => tasks[id] = tasks[id] with { State = "running", Epoch = tasks[id].Epoch + 1 };

    public void Succeed(Guid id)
    {
        tasks[id] = tasks[id] with { State = "succeeded" };
        Children(id);
    }

    /// <param name="state">failed, cancelled or dead.</param>
    public void End(Guid id, string state)
    {
        var task = tasks[id];
        tasks[id] = task with { State = state, Epoch = task.State == "running" ? task.Epoch : task.Epoch + 1, Gate = null };
        Children(id);
    }

    public void Fail(Guid id, string fault)
    {
        var task = tasks[id] with { Failures = tasks[id].Failures + 1 };
        tasks[id] = fault switch
        {
            "transient" => task with { State = task.Failures >= 3 ? "blocked" : "scheduled" },
            "persistent" => task with { State = "blocked" },
            _ => task with { State = "waiting_approval", Gate = "task_fault" },
        };
    }

    public void Snooze(Guid id) => tasks[id] = tasks[id] with { State = "scheduled" };

    public void Open(Guid id, string gate) => tasks[id] = tasks[id] with { State = gate == "tick" ? "waiting_signal" : "waiting_approval", Gate = gate };

    public void Decide(Guid id, string decision)
    {
        if (tasks[id].Gate == "task_fault" && decision == "rejected") End(id, "dead");
        else tasks[id] = tasks[id] with { State = "pending", Gate = null, Failures = tasks[id].Gate == "task_fault" ? 0 : tasks[id].Failures };
    }

    public void Retry(Guid id) => tasks[id] = tasks[id] with { State = "pending", Failures = 0 };

    public void Reassign(Guid id) => tasks[id] = tasks[id] with { State = "pending" };

    public void Redrive(Guid id)
    {
        tasks[id] = Settle(tasks[id] with { Failures = 0, Gate = null, IsLater = false }, later: false);
        Children(id);
    }

    public void Promote()
    {
        foreach (var (id, task) in tasks.Where(t => t.Value.State == "scheduled").ToArray()) tasks[id] = task with { State = "pending" };
    }

    public bool MayRetry(Guid id) => tasks[id].State == "scheduled" || (tasks[id].State == "blocked" && !tasks[id].Waits);

    public bool MayRedrive(Guid id) => tasks[id].State is "failed" or "cancelled" or "dead";

    public bool HasEnded(Guid id) => tasks[id].State is "succeeded" or "failed" or "cancelled" or "dead";

    Predicted Settle(Predicted task, bool later)
    {
        var waits = task.Parents.Any(p => tasks[p].State != "succeeded");
        var isBlocked = task.Parents.Any(p => tasks[p].State is "failed" or "cancelled" or "dead");
        return task with { Waits = waits, State = isBlocked ? "blocked" : waits ? "waiting_dependency" : later ? "scheduled" : "pending" };
    }

    void Children(Guid parent)
    {
        foreach (var (id, task) in tasks.Where(t => t.Value.Waits && !HasEnded(t.Key) && t.Value.Parents.Contains(parent)).ToArray()) tasks[id] = Settle(task, task.IsLater);
    }
}

/// <param name="Gate">The one it waits at; null: at none.</param>
/// <param name="Waits">For its parents, one of which may have blocked it.</param>
sealed record Predicted(string State, long Epoch, int Failures, string? Gate, IReadOnlyList<Guid> Parents, bool Waits)
{
    /// <summary>Filed for later, and not yet released by its parents.</summary>
    public bool IsLater { get; init; }
}
