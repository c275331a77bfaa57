using System.ComponentModel;
using System.Globalization;
using Engine.Hosting.Configuration;

namespace Engine.Workers;

public sealed record WorkersSettings : IChecked
{
    [Description("Tasks that this engine runs at a time, 0 to 1000; 0: it runs none and only serves.")]
    public int Slots { get; init; } = 16;

    [Description("What this worker can do besides its kinds, such as `dotnet`; `gpu=0.5` says how well, from 0 to 1.")]
    public IReadOnlyList<string> Capabilities { get; init; } = [];

    [Description("How long after its last sign of life this worker's tasks go to others, 5 seconds to 10 minutes. It beats four times in that time.")]
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(15);

    [Description("Most tasks that are claimed or completed in one round trip, 1 to 5000.")]
    public int MaxBatch { get; init; } = 1000;

    [Description("How long a stop waits for running tasks before it gives them back, 0 to 15 seconds.")]
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How well each capability is mastered: from 0 to 1, 1 where nothing else was said.</summary>
    public IReadOnlyDictionary<string, double> Proficiency() =>
        Capabilities.Select(c => c.Split('=', 2)).ToDictionary(c => c[0], c => c.Length == 2 ? double.Parse(c[1], CultureInfo.InvariantCulture) : 1, StringComparer.Ordinal);

    public IEnumerable<string> Problems()
    {
        if (Slots is < 0 or > 1000) yield return $"Slots must be from 0 to 1000, is {Slots}";
        if (Lease < TimeSpan.FromSeconds(5) || Lease > TimeSpan.FromMinutes(10)) yield return $"Lease must be from 00:00:05 to 00:10:00, is {Lease}";
        if (MaxBatch is < 1 or > 5000) yield return $"MaxBatch must be from 1 to 5000, is {MaxBatch}";
        if (DrainTimeout < TimeSpan.Zero || DrainTimeout > TimeSpan.FromSeconds(15)) yield return $"DrainTimeout must be from 00:00:00 to 00:00:15, is {DrainTimeout}";
        foreach (var capability in Capabilities)
            if (!IsGood(capability)) yield return $"Capabilities must each be a name of 1 to 100 characters, or name=share with a share from 0 to 1, one is \"{capability}\"";
        if (Capabilities.Select(c => c.Split('=')[0]).Distinct(StringComparer.Ordinal).Count() < Capabilities.Count) yield return "Capabilities must each be named once";
    }

    static bool IsGood(string capability) => capability.Split('=', 2) is var parts && parts[0].Length is >= 1 and <= 100
        && (parts.Length == 1 || (double.TryParse(parts[1], NumberStyles.Float, CultureInfo.InvariantCulture, out var share) && share is >= 0 and <= 1));
}
