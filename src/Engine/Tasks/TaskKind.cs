using System.Text.Json;

namespace Engine.Tasks;

/// <summary>One kind of task: what it is called, what its payload is, who does it and within which limits.</summary>
/// <param name="Name">Snake case, as <c>kind</c> shows it.</param>
/// <param name="PayloadType">A record; its JSON form is checked when a task is filed.</param>
public abstract record TaskKind(string Name, Type PayloadType)
{
    /// <summary>How long one attempt may run. 1 s to 24 h.</summary>
    public TimeSpan RunLimit { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// How long after its worker's last sign of life a task of this kind is given to another worker, at least the worker's own
    /// lease. 5 s to 1 h. Longer for handlers that are slow to stop: the worker tells them after two thirds of its own lease.
    /// </summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Transient failures before it is blocked, the first one included. 1 to 100.</summary>
    public int MaxFailures { get; init; } = 3;

    /// <summary>Capabilities that a worker needs besides knowing the kind.</summary>
    public IReadOnlyList<string> Requires { get; init; } = [];

    /// <summary>Unless the filing says otherwise.</summary>
    public TaskPriority Priority { get; init; } = TaskPriority.Normal;

    /// <summary>Starts a second over all workers, for example 0.5; null: no limit.</summary>
    public double? StartsPerSecond { get; init; }

    /// <summary>Its success is written at once instead of with others up to 5 ms later.</summary>
    public bool Sync { get; init; }

    /// <summary>Reads a payload as the kind's record.</summary>
    /// <exception cref="JsonException">Where and why it is not one.</exception>
    public abstract object Read(string payload);

    /// <summary>Runs one attempt.</summary>
    public abstract Task<TaskResult> RunAsync(TaskContext context, CancellationToken ct);

    public IEnumerable<string> Problems()
    {
        if (RunLimit < TimeSpan.FromSeconds(1) || RunLimit > TimeSpan.FromHours(24)) yield return $"RunLimit of {Name} must be from 00:00:01 to 1.00:00:00, is {RunLimit}";
        if (Lease < TimeSpan.FromSeconds(5) || Lease > TimeSpan.FromHours(1)) yield return $"Lease of {Name} must be from 00:00:05 to 01:00:00, is {Lease}";
        if (MaxFailures is < 1 or > 100) yield return $"MaxFailures of {Name} must be from 1 to 100, is {MaxFailures}";
        if (StartsPerSecond is <= 0 or double.NaN) yield return $"StartsPerSecond of {Name} must be above 0, is {StartsPerSecond}";
    }
}

/// <summary>A kind whose payload is a <typeparamref name="TPayload"/>.</summary>
public sealed record TaskKind<TPayload>(string Name, Lazy<ITaskHandler<TPayload>> Handler) : TaskKind(Name, typeof(TPayload)) where TPayload : class
{
    public override object Read(string payload) => JsonSerializer.Deserialize<TPayload>(payload, TaskPayload.Options)
        ?? throw new JsonException("The payload must be an object, is null.", "$", null, null);

    public override Task<TaskResult> RunAsync(TaskContext context, CancellationToken ct) =>
        Handler.Value.RunAsync((TPayload)Read(context.PayloadJson), context, ct);
}

/// <summary>Does the work of one kind of task. One object serves all attempts at once.</summary>
public interface ITaskHandler<TPayload> where TPayload : class
{
    /// <param name="ct">Fires when the attempt must end: its time is over, it was cancelled, the engine stops, or another worker has it.</param>
    /// <returns>How it ended; an exception is a failure by its kind (see <see cref="AfterFailure"/>).</returns>
    Task<TaskResult> RunAsync(TPayload payload, TaskContext context, CancellationToken ct);
}
