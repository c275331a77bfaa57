using System.Security.Cryptography;
using Engine.Hosting;

namespace Engine.Database.Embedded;

/// <summary>
/// Makes the cluster when there is none. <c>initdb</c> works in a folder aside, which becomes the data folder by one rename
/// once it is complete and on disk: a start that was cut short leaves either no cluster or a whole one.
/// </summary>
sealed class CreateCluster(PostgresFolder folder, RunProgram program, ILogger log)
{
    const string Aside = "initdb-";

    /// <param name="isDurable">False leaves the new files to the system's cache; for tests.</param>
    public async Task RunAsync(PostgresBinaries binaries, string superuserPassword, bool isDurable, CancellationToken ct)
    {
        await RemoveLeftoversAsync(ct);
        if (folder.ClusterMajor() is not null) return;
        if (Directory.Exists(folder.Data) && Directory.EnumerateFileSystemEntries(folder.Data).Any())
            throw new StartupException($"{folder.Data} holds files but is not a PostgreSQL data folder: it has no PG_VERSION.",
                "restore it from your backup, or move it away and the engine makes a new one.");

        log.ClusterIsMade(folder.Data, binaries.Version);
        // A name of its own: an initdb that outlived its engine may still be writing under another.
        var aside = Aside + RandomNumberGenerator.GetHexString(8, lowercase: true);
        var password = aside + ".password";
        try
        {
            // initdb reads it as PostgreSQL's user, who cannot read the engine's secrets. That user writes it, too: a link laid
            // out in a folder of its own leads nowhere that it could not write anyway.
            var handed = await program.RunAsync("dd", folder.Home, [$"of={password}"], superuserPassword, ct);
            if (!handed.Succeeded) throw Failed("dd", handed);
            var made = await program.RunAsync(binaries.Program("initdb"), folder.Home,
            [
                "-D", aside, "--username=postgres", $"--pwfile={password}", "--auth=scram-sha-256",
                "--encoding=UTF8", "--locale-provider=libc", "--locale=C", "--data-checksums", "--no-instructions",
                .. isDurable ? Array.Empty<string>() : ["--no-sync"],
            ], ct);
            if (!made.Succeeded) throw Failed("initdb", made);
        }
        finally
        {
            await program.RunAsync("rm", folder.Home, ["-f", password], CancellationToken.None);
        }
        if (Directory.Exists(folder.Data)) Directory.Delete(folder.Data); // empty, see above
        Directory.Move(Path.Combine(folder.Home, aside), folder.Data);
        Native.SyncFolder(folder.Home);
    }

    // No server was ever started on them, so nothing in them is anybody's data. What does not go now goes at the next start.
    async Task RemoveLeftoversAsync(CancellationToken ct)
    {
        var leftovers = Directory.GetFileSystemEntries(folder.Home, Aside + "*").Select(path => Path.GetFileName(path)!).ToArray();
        if (leftovers.Length > 0) await program.RunAsync("rm", folder.Home, ["-rf", .. leftovers], ct);
    }

    StartupException Failed(string name, ProgramResult result) => new(
        $"Making the PostgreSQL cluster in {folder.Home} failed: {name} ended with {result.ExitCode}:\n{ServerSaid.LastLines(result.Output)}",
        "mend what it names (often a full disk or too little shared memory) and start again; what was half made is made anew.");
}
