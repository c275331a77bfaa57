using Engine.Tasks;

namespace Engine.Workers;

/// <summary>Which lanes a worker asks for, in which order and for how much: by capability, priority, age, load and recent success.</summary>
public static class ChooseLanes
{
    /// <summary>How long the oldest task of a priority may wait before it comes first on an aging turn; critical never waits for one.</summary>
    public static TimeSpan Patience(TaskPriority priority) => priority switch
    {
        TaskPriority.Critical => TimeSpan.Zero,
        TaskPriority.High => TimeSpan.FromMinutes(1),
        TaskPriority.Normal => TimeSpan.FromMinutes(5),
        TaskPriority.Low => TimeSpan.FromMinutes(20),
        _ => TimeSpan.FromHours(1),
    };

    /// <summary>One claim in four is an aging turn: however much comes with a higher priority, what has waited long gets a quarter.</summary>
    public const int AgingTurn = 4;

    /// <summary>How long the least proficient worker leaves a task to better ones.</summary>
    static readonly TimeSpan LongestHandicap = TimeSpan.FromSeconds(1);

    /// <summary>An overdue lane has turn 0.</summary>
    const int BeforeOverdue = -1;

    /// <summary>The bundle of all lanes whose tasks run one at a time; limited kinds have those above 0.</summary>
    const int Solos = -1;

    /// <param name="lanes">All lanes there are.</param>
    /// <param name="able">What the worker can do.</param>
    /// <param name="marks">Low-water marks by lane; a lane that is not there is looked at from its start.</param>
    /// <param name="most">How many tasks it wants.</param>
    /// <param name="limits">Kinds of which it may take only so many now (rate limit, probe); 0: none.</param>
    /// <param name="soloFree">It runs none of the tasks that must run one at a time.</param>
    /// <param name="turn">Counts its claims.</param>
    public static IReadOnlyList<AskedLane> Decide(IEnumerable<TaskLane> lanes, Abilities able, IReadOnlyDictionary<int, long> marks, int most,
        IReadOnlyDictionary<string, int> limits, bool soloFree, long turn, DateTimeOffset now)
    {
        var asked = new List<AskedLane>();
        var limited = limits.Keys.Order(StringComparer.Ordinal).ToList();
        foreach (var lane in lanes)
        {
            if (!able.Kinds.Contains(lane.Kind) || able.Share(lane.Requires) is not { } share) continue;
            var atMost = limits.TryGetValue(lane.Kind, out var limit) ? Math.Min(limit, most) : most;
            if (lane.Solo) atMost = soloFree ? Math.Min(1, atMost) : 0;
            if (atMost == 0) continue;
            var isCritical = lane.Priority == TaskPriority.Critical;
            asked.Add(new AskedLane(lane.LaneId, marks.GetValueOrDefault(lane.LaneId), atMost, isCritical ? BeforeOverdue : 1 + (int)lane.Priority,
                isCritical || share >= 1 ? DateTimeOffset.MaxValue : now - LongestHandicap * (1 - share),
                !isCritical && turn % AgingTurn == 0 ? now - Patience(lane.Priority) : DateTimeOffset.UnixEpoch,
                lane.Solo ? Solos : limited.IndexOf(lane.Kind) + 1));
        }
        return asked;
    }
}

/// <summary>What a worker can do.</summary>
/// <param name="Proficiency">Its capabilities, each with how well it does them, from 0 to 1.</param>
public sealed record Abilities(IReadOnlySet<string> Kinds, IReadOnlyDictionary<string, double> Proficiency)
{
    /// <returns>How well it does what is required: the least of the shares; null when it lacks something.</returns>
    public double? Share(IReadOnlyList<string> requires)
    {
        var share = 1.0;
        foreach (var capability in requires)
        {
            if (!Proficiency.TryGetValue(capability, out var own)) return null;
            share = Math.Min(share, own);
        }
        return share;
    }
}
