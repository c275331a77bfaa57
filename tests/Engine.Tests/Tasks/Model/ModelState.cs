namespace Engine.Tests.Tasks.Model;

/// <summary>What an engine read and has not acted on yet. It may stall in between for as long as it likes.</summary>
public enum Read : byte { Nothing, StaleLease, ReleasableChild, ParentsOfNewChild }

/// <param name="Number">The epoch read, or the number of parents.</param>
public readonly record struct Pending(Read Read, byte Task, byte Number);

/// <summary>The whole world between two steps: three tasks, of which the third may be the others' child, and three workers.</summary>
public readonly record struct ModelState(
    TaskRow Task1, TaskRow Task2, TaskRow Task3, Worker Worker1, Worker Worker2, Worker Worker3, Pending Pending)
{
    public const int Child = 2;

    /// <summary>The third worker is the first one's host, started again.</summary>
    public const int Successor = 2;

    public static ModelState Initial(Bounds bounds) => default(ModelState) with
    {
        Worker1 = new Worker { Process = Process.Up },
        Worker2 = new Worker { Process = bounds.Workers > 1 ? Process.Up : Process.Unborn },
    };

    public TaskRow Task(int task) => task switch { 0 => Task1, 1 => Task2, _ => Task3 };

    public Worker Worker(int worker) => worker switch { 0 => Worker1, 1 => Worker2, _ => Worker3 };

    public ModelState With(int task, TaskRow row) => task switch
    {
        0 => this with { Task1 = row },
        1 => this with { Task2 = row },
        _ => this with { Task3 = row },
    };

    public ModelState With(int worker, Worker state) => worker switch
    {
        0 => this with { Worker1 = state },
        1 => this with { Worker2 = state },
        _ => this with { Worker3 = state },
    };

    public ModelState With(int worker, int task, Hold hold) => With(worker, Worker(worker).With(task, hold));

    public bool HasLease(int worker) => Task1.Holder == worker + 1 || Task2.Holder == worker + 1 || Task3.Holder == worker + 1;

    /// <summary>The age of a dead worker's heartbeat does not matter once it has no lease: such states are the same one.</summary>
    public ModelState Forgotten()
    {
        var state = this;
        for (var at = 0; at < 3; at++)
        {
            var worker = state.Worker(at);
            if (worker.Process == Process.Gone && worker.IsAlive && !state.HasLease(at))
                state = state.With(at, worker with { Age = LeaseAge.Expired });
        }
        return state;
    }

    public bool IsSettled => Task1.Settled && Task2.Settled && (Task3.Settled || IsBlocked);

    /// <summary>The child says that it is blocked, and it is true.</summary>
    bool IsBlocked => Task3.ParentsFailed > 0 && (Task1.Hopeless || Task2.Hopeless);

    /// <summary>Somebody is there to work: what is not settled must be able to get there.</summary>
    public bool HasWorker => Works(Worker1) || Works(Worker2) || Works(Worker3);

    static bool Works(Worker worker) => worker.IsUp && worker.IsAlive;
}
