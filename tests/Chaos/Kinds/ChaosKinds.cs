using Chaos.World;
using Engine.Schedules;
using Engine.Tasks;
using Microsoft.Extensions.DependencyInjection;

namespace Chaos.Kinds;

/// <summary>Kinds of tasks that tell the world outside what happens to them, and some that harm their engine.</summary>
public static class ChaosKinds
{
    public const string Prefix = "chaos_";
    public const int MaxFailures = 3;
    public const int MaxLosses = AfterFailure.MaxLosses;
    public const string Noop = "chaos_noop", Quick = "chaos_quick", Slow = "chaos_slow", Effect = "chaos_effect", Gate = "chaos_gate", Dag = "chaos_dag", Snooze = "chaos_snooze",
        Flaky = "chaos_flaky", Doomed = "chaos_doomed", Faulty = "chaos_faulty", Poison = "chaos_poison", Hang = "chaos_hang", Hog = "chaos_hog", Starve = "chaos_starve";

    /// <summary>The shortest that there is, so that a run sees many takeovers.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(5);

    static readonly TimeSpan HangLimit = TimeSpan.FromSeconds(3);

    /// <summary>Kinds whose attempts end well or with their worker.</summary>
    public static bool NeverFails(string kind) => kind is Noop or Quick or Slow or Effect or Dag or Snooze or Hog or Starve or Poison;

    /// <summary>To be given to <c>EngineCommand</c>.</summary>
    /// <param name="lease">Of the kinds; null: the engine's own default.</param>
    public static void Add(IServiceCollection services, TimeSpan? lease)
    {
        services.AddSingleton<OutsideWorld>();
        services.AddSingleton<IScheduledDuty, TickDuty>();
        Kind<NoopHandler>(Noop);
        Kind<WorkHandler>(Quick);
        Kind<WorkHandler>(Slow);
        Kind<WorkHandler>(Dag);
        Kind<EffectHandler>(Effect);
        Kind<GateHandler>(Gate);
        Kind<SnoozeHandler>(Snooze);
        Kind<FlakyHandler>(Flaky);
        Kind<FlakyHandler>(Doomed);
        Kind<FlakyHandler>(Faulty);
        Kind<PoisonHandler>(Poison);
        Kind<HangHandler>(Hang, HangLimit);
        Kind<HogHandler>(Hog);
        Kind<HogHandler>(Starve);

        void Kind<T>(string name, TimeSpan? runLimit = null) where T : class, ITaskHandler<ChaosPayload> =>
            services.AddTaskKind<T, ChaosPayload>(name, k => k with { Lease = lease ?? k.Lease, MaxFailures = MaxFailures, RunLimit = runLimit ?? k.RunLimit });
    }
}
