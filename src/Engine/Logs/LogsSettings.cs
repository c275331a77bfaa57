using System.ComponentModel;
using Engine.Hosting.Configuration;

namespace Engine.Logs;

public sealed record LogsSettings : IChecked
{
    [Description("Whether this engine reads log sources; false: others do.")]
    public bool Crawl { get; init; } = true;

    [Description("Days for which the text of each error is kept, redacted, besides the samples, 0 to 90; 0: not at all.")]
    public int KeepEventsDays { get; init; }

    [Description("Days after its last event for which an error is remembered, 30 to 3650: after that it is new again.")]
    public int KeepErrorsDays { get; init; } = 400;

    public IEnumerable<string> Problems()
    {
        if (KeepEventsDays is < 0 or > 90) yield return $"KeepEventsDays must be from 0 to 90, is {KeepEventsDays}";
        if (KeepErrorsDays is < 30 or > 3650) yield return $"KeepErrorsDays must be from 30 to 3650, is {KeepErrorsDays}";
    }
}
