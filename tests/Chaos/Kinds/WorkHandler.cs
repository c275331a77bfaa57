using Chaos.World;
using Engine.Tasks;

namespace Chaos.Kinds;

/// <summary>Does nothing and tells nobody: for loads under which workers claim far ahead.</summary>
public sealed class NoopHandler : ITaskHandler<ChaosPayload>
{
    public Task<TaskResult> RunAsync(ChaosPayload payload, TaskContext context, CancellationToken ct) => TaskResult.DoneAsync();
}

/// <summary>Works for a while and succeeds.</summary>
public sealed class WorkHandler(OutsideWorld world) : ITaskHandler<ChaosPayload>
{
    public async Task<TaskResult> RunAsync(ChaosPayload payload, TaskContext context, CancellationToken ct)
    {
        var attempt = new Attempt(world, context);
        await attempt.BeginAsync(ct);
        await attempt.WorkAsync(payload.Ms, ct);
        return await attempt.SucceedAsync(ct);
    }
}

/// <summary>Asks whether it owns its task, does something outside, and dawdles before it reports, where workers are killed; in its first epochs, if so told, without end.</summary>
public sealed class EffectHandler(OutsideWorld world) : ITaskHandler<ChaosPayload>
{
    public async Task<TaskResult> RunAsync(ChaosPayload payload, TaskContext context, CancellationToken ct)
    {
        var attempt = new Attempt(world, context);
        await attempt.BeginAsync(ct);
        await attempt.WorkAsync(payload.Ms / 2, ct);
        await attempt.NoteAsync(ct);
        await attempt.RequireOwnershipAsync(ct);
        await Task.Delay(payload.Ms / 10, CancellationToken.None); // on its way outside nothing stops it but the fence there
        await attempt.DoAsync(CancellationToken.None);
        await attempt.WorkAsync(attempt.Misbehaves(payload) ? Timeout.Infinite : payload.Ms / 2, ct);
        await attempt.RequireOwnershipAsync(ct);
        return await attempt.SucceedAsync(ct);
    }
}

/// <summary>Lets itself be put off a few times.</summary>
public sealed class SnoozeHandler(OutsideWorld world) : ITaskHandler<ChaosPayload>
{
    public async Task<TaskResult> RunAsync(ChaosPayload payload, TaskContext context, CancellationToken ct)
    {
        var attempt = new Attempt(world, context);
        await attempt.BeginAsync(ct);
        return attempt.Misbehaves(payload)
            ? await attempt.ReturnAsync(TaskResult.Snooze(TimeSpan.FromMilliseconds(payload.Ms)), ct) : await attempt.SucceedAsync(ct);
    }
}

/// <summary>Fails a few times before it succeeds, <c>chaos_doomed</c> always: as <c>chaos_faulty</c> by a bug, else by something that goes away.</summary>
public sealed class FlakyHandler(OutsideWorld world) : ITaskHandler<ChaosPayload>
{
    public async Task<TaskResult> RunAsync(ChaosPayload payload, TaskContext context, CancellationToken ct)
    {
        var attempt = new Attempt(world, context);
        await attempt.BeginAsync(ct);
        await attempt.WorkAsync(payload.Ms, ct);
        if (!attempt.Misbehaves(payload)) return await attempt.SucceedAsync(ct);
        await attempt.ReturnAsync(TaskResult.Fail(TaskFault.Transient, ""), ct);
        throw context.Kind == ChaosKinds.Faulty ? new InvalidOperationException("a planted bug") : new TimeoutException("a planted fault");
    }
}

/// <summary>Waits for a person's word, then does as told.</summary>
public sealed class GateHandler(OutsideWorld world) : ITaskHandler<ChaosPayload>
{
    public const string Gate = "chaos";

    public async Task<TaskResult> RunAsync(ChaosPayload payload, TaskContext context, CancellationToken ct)
    {
        var attempt = new Attempt(world, context);
        await attempt.BeginAsync(ct);
        var decision = await attempt.DecisionAsync(Gate, ct);
        if (decision is null) return await attempt.ReturnAsync(TaskResult.WaitForApproval(Gate), ct);
        await attempt.WorkAsync(payload.Ms, ct);
        return decision.Decision == "approved" ? await attempt.SucceedAsync(ct) : await attempt.ReturnAsync(TaskResult.Refuse("it was rejected"), ct);
    }
}
