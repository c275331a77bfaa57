using Engine.Hosting;

namespace Engine.Database.Embedded;

/// <summary>Which of the programs found run the cluster; PostgreSQL only opens a data folder of its own major version.</summary>
public static class ChooseBinaries
{
    /// <param name="user">Whom the programs run as, null for the user of this process; the remedies name it.</param>
    public static PostgresBinaries For(IReadOnlyList<BinariesCandidate> candidates, PostgresFolder folder, PostgresUser? user)
    {
        var cluster = ClusterMajor(folder);
        var usable = candidates.Where(c => c.Version?.Major >= PostgresBinaries.OldestMajor)
            .Select(c => new PostgresBinaries(c.Folder, c.Version!)).ToList();
        if (usable.MaxBy(b => b.Version) is not { } newest) throw NoneUsable(candidates, cluster);
        if (cluster is null) return newest;
        return usable.Where(b => b.Version.Major == cluster).MaxBy(b => b.Version) ?? throw Mismatch(newest, cluster.Value, folder, user);
    }

    static int? ClusterMajor(PostgresFolder folder)
    {
        try
        {
            return folder.ClusterMajor();
        }
        catch (FormatException e)
        {
            throw new StartupException($"{folder.Data}/PG_VERSION does not hold a version number.",
                "restore the data folder from your backup, or set ENGINE_DATA to another folder.", e);
        }
    }

    static StartupException NoneUsable(IReadOnlyList<BinariesCandidate> candidates, int? cluster)
    {
        var wanted = cluster?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? $"{PostgresBinaries.OldestMajor} or newer";
        var old = candidates.Where(c => c.Version is not null).ToList();
        var message = old.Count > 0
            ? $"PostgreSQL {PostgresBinaries.OldestMajor} or newer is needed, found only: {Listed(old)}"
            : candidates.Count > 0
                ? $"No usable PostgreSQL programs found: {Listed(candidates)}"
                : $"No PostgreSQL programs (postgres, initdb, pg_ctl) found in PATH, {string.Join(", ", BinariesSearch.UsualPlaces)}";
        return new StartupException(message + ".",
            $"install PostgreSQL {wanted} (apt-get install postgresql{(cluster is null ? "" : $"-{cluster}")}), name its folder in "
            + "ENGINE__DATABASE__EMBEDDED__BINARIESFOLDER, or set a connection string to a PostgreSQL of your own.");
    }

    static string Listed(IEnumerable<BinariesCandidate> candidates) => string.Join("; ", candidates.Select(c => $"{c.Folder} {c.Finding}"));

    static StartupException Mismatch(PostgresBinaries newest, int cluster, PostgresFolder folder, PostgresUser? user)
    {
        var remedy = $"install PostgreSQL {cluster} again (apt-get install postgresql-{cluster}) and start the engine: it uses the version that fits.";
        if (newest.Version.Major > cluster)
            remedy += $" To move the data to {newest.Version.Major} instead, with both versions installed:\n{Upgrade(newest, cluster, folder, user)}";
        return new StartupException(
            $"{folder.Data} was made by PostgreSQL {cluster}, but the newest one found is {newest.Version} in {newest.Folder}, "
            + "and PostgreSQL only opens data of its own major version.", remedy);
    }

    static string Upgrade(PostgresBinaries newest, int cluster, PostgresFolder folder, PostgresUser? user)
    {
        var major = newest.Version.Major;
        var run = user is null ? "" : $"runuser -u {user.Name} -- ";
        return $"""
                cd '{folder.Home}'
                export PGPASSWORD="$(cat '{ClusterSecrets.SuperuserFile(folder)}')"
                {run}{newest.Program("initdb")} -D data-{major} -U postgres -A trust -E UTF8 --locale=C --data-checksums
                {run}{newest.Program("pg_upgrade")} -b /usr/lib/postgresql/{cluster}/bin -B {newest.Folder} -d data -D data-{major} -U postgres
                cp -p data/pg_hba.conf data-{major}/ && mv data data-{cluster} && mv data-{major} data && rm delete_old_cluster.sh
            """;
    }
}
