using System.ComponentModel;
using Engine.Hosting.Configuration;

namespace Engine.Database.Embedded;

/// <summary>The private PostgreSQL that the engine runs when no connection string is set.</summary>
public sealed record EmbeddedPostgresSettings : IChecked
{
    [Description("Folder with `postgres`, `initdb` and `pg_ctl`; unset: looked for in PATH and the usual places.")]
    public string? BinariesFolder { get; init; }

    [Description("How long one start or stop of the embedded PostgreSQL may take, crash recovery included, 5 seconds to 1 hour.")]
    public TimeSpan StartTimeout { get; init; } = TimeSpan.FromSeconds(60);

    public IEnumerable<string> Problems()
    {
        if (BinariesFolder is not null && !Path.IsPathFullyQualified(BinariesFolder))
            yield return $"BinariesFolder must be a full path, is '{BinariesFolder}'";
        if (StartTimeout < TimeSpan.FromSeconds(5) || StartTimeout > TimeSpan.FromHours(1))
            yield return $"StartTimeout must be from 00:00:05 to 01:00:00, is {StartTimeout}";
    }
}
