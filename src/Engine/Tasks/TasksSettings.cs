using System.ComponentModel;
using Engine.Hosting.Configuration;

namespace Engine.Tasks;

public sealed record TasksSettings : IChecked
{
    [Description("Largest payload of a task in bytes, 1 KiB to 16 MiB.")]
    public int MaxPayloadBytes { get; init; } = 1 << 20;

    [Description("Most tasks in one filing, 1 to 100000.")]
    public int MaxTasksPerFiling { get; init; } = 10_000;

    [Description("Starts of tasks a second over all workers and kinds; 0: no limit.")]
    public double StartsPerSecond { get; init; }

    [Description("How long ended tasks are kept, in whole days from 1 to 3650.")]
    public int KeepDays { get; init; } = 90;

    [Description("Whether workers listen for new tasks on a session of their own and prepare statements. Set false behind a transaction pooler such as PgBouncer: then they look every second.")]
    public bool Listen { get; init; } = true;

    public IEnumerable<string> Problems()
    {
        if (MaxPayloadBytes is < 1024 or > 16 << 20) yield return $"MaxPayloadBytes must be from 1024 to {16 << 20}, is {MaxPayloadBytes}";
        if (MaxTasksPerFiling is < 1 or > 100_000) yield return $"MaxTasksPerFiling must be from 1 to 100000, is {MaxTasksPerFiling}";
        if (StartsPerSecond is < 0 or > 1_000_000 or double.NaN) yield return $"StartsPerSecond must be from 0 to 1000000, is {StartsPerSecond}";
        if (KeepDays is < 1 or > 3650) yield return $"KeepDays must be from 1 to 3650, is {KeepDays}";
    }
}
