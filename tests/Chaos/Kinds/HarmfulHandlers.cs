using System.Diagnostics;
using System.Runtime.CompilerServices;
using Chaos.World;
using Engine.Tasks;

namespace Chaos.Kinds;

/// <summary>Kills its engine, in one of the ways in which handlers do.</summary>
public sealed class PoisonHandler(OutsideWorld world) : ITaskHandler<ChaosPayload>
{
    public static readonly IReadOnlyList<string> Ways = ["exit", "fail_fast", "stack_overflow", "kill"];

    public async Task<TaskResult> RunAsync(ChaosPayload payload, TaskContext context, CancellationToken ct)
    {
        var attempt = new Attempt(world, context);
        await attempt.BeginAsync(ct);
        await Task.Delay(payload.Ms, ct);
        if (!attempt.Misbehaves(payload)) return await attempt.SucceedAsync(ct);
        switch (payload.Way)
        {
            case "exit":
                Environment.Exit(3);
                break;
            case "fail_fast":
                Environment.FailFast("a planted death");
                break;
            case "stack_overflow":
                Deeper(new byte[1024], 0);
                break;
            default:
                using (var kill = Process.Start("kill", ["-s", "KILL", $"{Environment.ProcessId}"])) await kill.WaitForExitAsync(CancellationToken.None);
                break;
        }
        return TaskResult.Refuse("it outlived itself");
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.NoOptimization)]
    static int Deeper(Span<byte> frame, int depth)
    {
        Span<byte> next = stackalloc byte[frame.Length];
        next[0] = (byte)depth;
        return Deeper(next, depth + 1) + next[0];
    }
}

/// <summary>Runs past its limit, with or without a look at its token.</summary>
public sealed class HangHandler(OutsideWorld world) : ITaskHandler<ChaosPayload>
{
    public async Task<TaskResult> RunAsync(ChaosPayload payload, TaskContext context, CancellationToken ct)
    {
        var attempt = new Attempt(world, context);
        await attempt.BeginAsync(ct);
        if (!attempt.Misbehaves(payload)) return await attempt.SucceedAsync(ct);
        await Task.Delay(Timeout.Infinite, payload.Way == "deaf" ? CancellationToken.None : ct);
        return TaskResult.Refuse("it outlived itself");
    }
}

/// <summary>Eats memory or, as <c>chaos_starve</c>, blocks all threads of the pool; both within bounds and for a while.</summary>
public sealed class HogHandler(OutsideWorld world) : ITaskHandler<ChaosPayload>
{
    const int Megabytes = 96;

    public async Task<TaskResult> RunAsync(ChaosPayload payload, TaskContext context, CancellationToken ct)
    {
        var attempt = new Attempt(world, context);
        await attempt.BeginAsync(ct);
        if (context.Kind == ChaosKinds.Starve) await StarveAsync(payload.Ms);
        else await HogAsync(payload.Ms, ct);
        return await attempt.SucceedAsync(ct);
    }

    static async Task HogAsync(int ms, CancellationToken ct)
    {
        var eaten = Enumerable.Range(0, Megabytes).Select(_ => new byte[1 << 20]).ToArray();
        foreach (var piece in eaten) piece.AsSpan().Fill(1);
        await Task.Delay(ms, ct);
        GC.KeepAlive(eaten);
    }

    static async Task StarveAsync(int ms)
    {
        ThreadPool.GetMaxThreads(out var most, out _);
        using var never = new ManualResetEventSlim();
        var until = Stopwatch.StartNew();
        // More than the pool adds meanwhile: it grows by one or two a second.
        await Task.WhenAll(Enumerable.Range(0, Math.Min(most, 200)).Select(_ => Task.Run(() =>
        {
            if (ms - until.ElapsedMilliseconds is > 0 and var left) never.Wait((int)left);
        })));
    }
}
