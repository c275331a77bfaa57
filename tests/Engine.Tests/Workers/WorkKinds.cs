using System.Collections.Concurrent;
using Engine.Tasks;
using Microsoft.Extensions.DependencyInjection;

namespace Engine.Tests.Workers;

/// <summary>Kinds that behave well and badly, for tests of a running engine.</summary>
sealed class WorkKinds
{
    /// <summary>Tasks that wait in their handler, by id.</summary>
    public ConcurrentDictionary<Guid, TaskContext> Waiting { get; } = [];

    public ConcurrentQueue<string> Effects { get; } = [];

    public TaskCompletionSource FirstMayEnd { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void AddTo(IServiceCollection services)
    {
        services.AddSingleton(this);
        services.AddTaskKind<Behave, Behaviour>("work");
        services.AddTaskKind<Behave2, Behaviour>("short", kind => kind with { RunLimit = TimeSpan.FromSeconds(1) });
    }

    /// <param name="How">What the handler does.</param>
    public sealed record Behaviour(string How);

    public class Behave(WorkKinds kinds) : ITaskHandler<Behaviour>
    {
        public async Task<TaskResult> RunAsync(Behaviour payload, TaskContext context, CancellationToken ct)
        {
            switch (payload.How)
            {
                case "wait":
                    kinds.Waiting[context.TaskId] = context;
                    await Task.Delay(Timeout.Infinite, ct);
                    break;
                case "block":
                    kinds.Waiting[context.TaskId] = context;
                    new ManualResetEvent(false).WaitOne(); // a thread that nothing can free
                    break;
                case "doubt":
                    if (context.Epoch == 1) throw new NotOwnerException(context.TaskId, context.Epoch);
                    break;
                case "half": throw new InvalidOperationException("x" + string.Concat(Enumerable.Repeat("😀", 3000))); // its text is cut in the middle of one
                case "speechless": return TaskResult.Fail(TaskFault.Persistent, null!);
                case "stubborn":
                    ct.Register(() =>
                    {
                        kinds.Effects.Enqueue("told to stop");
                        new ManualResetEvent(false).WaitOne();
                    });
                    await Task.Delay(Timeout.Infinite, ct);
                    break;
                case "again":
                    kinds.Waiting[context.TaskId] = context;
                    if (context.Epoch == 1) await kinds.FirstMayEnd.Task; // deaf to its token
                    else
                    {
                        using var told = ct.Register(() => kinds.Effects.Enqueue($"told {context.Epoch}"));
                        await Task.Delay(Timeout.Infinite, ct);
                    }
                    break;
                case "throw": throw new InvalidOperationException("it broke");
                case "timeout": throw new TimeoutException("too slow");
                case "nonsense": return new TaskResult.Succeeded("{not json");
                case "nothing": return null!;
                case "lost": return TaskResult.Fail(TaskFault.WorkerLost, "elsewhere");
                case "zero": return TaskResult.Done(new Behaviour("a\0b"));
                case "effect":
                    await context.DoAsync("write it", (key, _) => { kinds.Effects.Enqueue(key); return Task.CompletedTask; }, ct);
                    break;
                case "snooze":
                    return kinds.Effects.Contains(context.IdempotencyKey) ? TaskResult.Done() : Once(context);
                case "ask":
                    return await context.DecisionAsync("ship", ct) is { } decision ? TaskResult.Done(new Behaviour(decision.Decision)) : TaskResult.WaitForApproval("ship");
            }
            return TaskResult.Done();
        }

        TaskResult.Snoozed Once(TaskContext context)
        {
            kinds.Effects.Enqueue(context.IdempotencyKey);
            return new TaskResult.Snoozed(TimeSpan.FromMilliseconds(200));
        }
    }

    public sealed class Behave2(WorkKinds kinds) : Behave(kinds);
}
