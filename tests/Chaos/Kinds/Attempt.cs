using System.Diagnostics;
using Chaos.Recorded;
using Chaos.World;
using Engine.Tasks;

namespace Chaos.Kinds;

/// <summary>One attempt of a chaos task: the same beginning and end for all kinds.</summary>
public sealed class Attempt(OutsideWorld world, TaskContext context)
{
    static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>Which epochs misbehave: those up to the payload's <c>times</c>.</summary>
    public bool Misbehaves(ChaosPayload payload) => context.Epoch <= payload.Times;

    public Task BeginAsync(CancellationToken ct) => world.TellAsync(Event(WorldEventKind.Started), ct);

    public async Task<TaskResult> SucceedAsync(CancellationToken ct)
    {
        await world.TellAsync(Event(WorldEventKind.Returned) with { Detail = "succeeded" }, ct);
        return TaskResult.Done(new { epoch = context.Epoch });
    }

    public async Task<TaskResult> ReturnAsync(TaskResult result, CancellationToken ct)
    {
        await world.TellAsync(Event(WorldEventKind.Returned) with { Detail = result.GetType().Name.ToLowerInvariant() }, ct);
        return result;
    }

    /// <summary>Asks the engine whether the attempt still owns its task, until there is an answer, and tells the world of it.</summary>
    /// <exception cref="NotOwnerException">It does not.</exception>
    public async Task RequireOwnershipAsync(CancellationToken ct)
    {
        var (owns, sentAt) = await AskAsync(() => context.StillOwnerAsync(ct), ct);
        await world.TellAsync(Event(owns ? WorldEventKind.Owned : WorldEventKind.Disowned) with { SentAt = sentAt, Detail = "still owner" }, ct);
        if (!owns) throw new NotOwnerException(context.TaskId, context.Epoch);
    }

    /// <summary>Writes a line into the timeline, which is fenced as well.</summary>
    public async Task NoteAsync(CancellationToken ct)
    {
        var (_, sentAt) = await AskAsync(async () =>
        {
            await context.NoteAsync("chaos", null, ct);
            return true;
        }, ct);
        await world.TellAsync(Event(WorldEventKind.Owned) with { SentAt = sentAt, Detail = "note" }, ct);
    }

    /// <summary>Works for a while; when it is told to stop, the world learns when that was.</summary>
    public async Task WorkAsync(int ms, CancellationToken ct)
    {
        try
        {
            await Task.Delay(ms, ct);
        }
        catch (OperationCanceledException)
        {
            await world.TellAsync(Event(WorldEventKind.Stopped), CancellationToken.None);
            throw;
        }
    }

    /// <summary>The effect itself: the world refuses it under an epoch that is over, as a fenced target does.</summary>
    public Task DoAsync(CancellationToken ct) => world.TellAsync(Event(WorldEventKind.Effect) with { Key = context.IdempotencyKey }, ct);

    public async Task<GateDecision?> DecisionAsync(string gate, CancellationToken ct)
    {
        var (decision, sentAt) = await AskAsync(() => context.DecisionAsync(gate, ct), ct);
        if (decision is not null) await world.TellAsync(Event(WorldEventKind.Saw) with { SentAt = sentAt, Detail = $"{gate}:{decision.Decision}" }, ct);
        return decision;
    }

    /// <summary>The database may be away: a chaos task waits for it, so that no attempt fails by what is done to the database.</summary>
    static async Task<(T Answer, long SentAt)> AskAsync<T>(Func<Task<T>> ask, CancellationToken ct)
    {
        while (true)
        {
            var sentAt = Stopwatch.GetTimestamp();
            try
            {
                return (await ask(), sentAt);
            }
            catch (Exception e) when (e is Npgsql.NpgsqlException or TimeoutException or IOException && !ct.IsCancellationRequested)
            {
                await Task.Delay(Pause, ct);
            }
        }
    }

    WorldEvent Event(WorldEventKind kind) => new(kind, context.TaskId, context.Epoch, context.Kind, Environment.ProcessId, Stopwatch.GetTimestamp());
}
