using Engine.Hosting;

namespace Engine.Database;

/// <summary>What stands between a database's schema and the one this engine was built for.</summary>
public abstract record MigrationPlan
{
    MigrationPlan() { } // closed: the kinds below are all there are

    public sealed record UpToDate(int Version) : MigrationPlan;
    public sealed record Pending(IReadOnlyList<Migration> Migrations) : MigrationPlan;
    /// <summary>The schema is newer than this engine.</summary>
    public sealed record TooNew(int Version, int Known) : MigrationPlan;
    /// <summary>A migration that was applied is not the one this engine has under that number.</summary>
    public sealed record Changed(int Number, string Name) : MigrationPlan;

    /// <param name="applied">Number, name and checksum of what the database says was applied, in any order.</param>
    /// <param name="known">In order, numbered from 1 without gaps.</param>
    public static MigrationPlan Decide(IReadOnlyCollection<AppliedMigration> applied, IReadOnlyList<Migration> known)
    {
        var newest = known.Count == 0 ? 0 : known[^1].Number;
        var version = applied.Count == 0 ? 0 : applied.Max(a => a.Number);
        if (version > newest) return new TooNew(version, newest);
        foreach (var migration in known)
            if (applied.FirstOrDefault(a => a.Number == migration.Number) is { } row && row.Checksum != migration.Checksum)
                return new Changed(migration.Number, row.Name);
        var pending = known.Where(m => applied.All(a => a.Number != m.Number)).ToArray();
        return pending.Length == 0 ? new UpToDate(version) : new Pending(pending);
    }

    /// <summary>Null when the engine may run on this schema; else why not, with the remedy.</summary>
    public StartupException? Refusal() => this switch
    {
        TooNew p => new StartupException(
            $"The database's schema has version {p.Version}, this engine knows only up to {p.Known}: it is older than the schema.",
            "start the newer engine that made this schema, or restore the backup from before the upgrade."),
        Changed p => new StartupException(
            $"Migration {p.Number:D4} ({p.Name}) was applied to the database with another content than this engine has.",
            "use the engine build that the database was made with; a merged migration must never be edited."),
        Pending p => new StartupException(
            $"The database's schema lacks {p.Migrations.Count} migration{(p.Migrations.Count == 1 ? "" : "s")}, from "
            + $"{p.Migrations[0].Number:D4} ({p.Migrations[0].Name}) on.",
            "run `engine migrate`, or let the engine do it with ENGINE__DATABASE__MIGRATEONSTART=true."),
        _ => null,
    };
}

public sealed record AppliedMigration(int Number, string Name, string Checksum);
