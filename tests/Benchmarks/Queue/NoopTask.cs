using System.Diagnostics;
using Engine.Tasks;
using Microsoft.Extensions.DependencyInjection;

namespace Benchmarks.Queue;

/// <summary>A task that does nothing, and counts that it did.</summary>
sealed class NoopTask : ITaskHandler<NoopTask.Payload>
{
    public const string Kind = "noop";

    public sealed record Payload(int I);

    long count;

    public long Count => Interlocked.Read(ref count);

    public Task<TaskResult> RunAsync(Payload payload, TaskContext context, CancellationToken ct)
    {
        Interlocked.Increment(ref count);
        return TaskResult.DoneAsync();
    }

    public static void AddTo(IServiceCollection services)
    {
        services.AddTaskKind<NoopTask, Payload>(Kind);
        services.AddTaskKind<StampTask, Payload>(StampTask.Kind);
    }
}

/// <summary>A task that tells when its handler began, by the machine's monotonic clock, which all processes share.</summary>
sealed class StampTask : ITaskHandler<NoopTask.Payload>
{
    public const string Kind = "stamp";

    public sealed record Stamp(long StartedAt);

    public Task<TaskResult> RunAsync(NoopTask.Payload payload, TaskContext context, CancellationToken ct) =>
        Task.FromResult(TaskResult.Done(new Stamp(Stopwatch.GetTimestamp())));
}
