using System.Globalization;
using Engine.Hosting;

namespace Engine.Database.Embedded;

/// <summary>Makes the folders around the cluster and sees that PostgreSQL's user, and nobody else, gets at what is its own.</summary>
sealed class PrepareFolders(PostgresFolder folder, PostgresUser? user, RunProgram program)
{
    const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    const string Elsewhere = "set ENGINE_DATA to a folder that this user may write.";

    /// <summary>Makes the engine's data folder when it is missing.</summary>
    /// <returns>Its path with all links followed.</returns>
    public static string Root(string dataFolder)
    {
        var root = Path.GetFullPath(dataFolder);
        if (File.Exists(root)) throw new StartupException($"The data folder {root} is not a folder but a file.", Elsewhere);
        Create(root);
        root = Native.RealPath(root);
        if ((File.GetUnixFileMode(root) & UnixFileMode.OtherWrite) != 0)
            throw new StartupException($"Everybody may write to the data folder {root}.", $"run: chmod o-w '{root}', or {Elsewhere}");
        return root;
    }

    public async Task RunAsync(CancellationToken ct)
    {
        if (user is not null) await LetThroughAsync(user, ct);
        if (File.Exists(folder.Home)) throw new StartupException($"{folder.Home} is not a folder but a file.", "move it away.");
        if (!Directory.Exists(folder.Home) || !Directory.EnumerateFileSystemEntries(folder.Home).Any())
        {
            Create(folder.Home);
            if (user is not null) Native.ChangeOwner(folder.Home, user); // an earlier start may have ended just before this
        }
        foreach (var path in new[] { folder.Home, folder.Data }.Where(Directory.Exists)) await DemandOwnAsync(path, ct);
        if (!Directory.Exists(folder.Run)) await DemandAsync("mkdir", ["-p", "-m", "700", "run"], ct);
    }

    // Root keeps the data folder itself; the group of PostgreSQL's user may pass through it, without listing it.
    async Task LetThroughAsync(PostgresUser postgres, CancellationToken ct)
    {
        var owner = await OwnerAsync(folder.Root, ct);
        if (owner != 0)
            throw new StartupException($"The data folder {folder.Root} belongs to user {owner}, but root starts the engine.",
                $"start the engine as the user who owns the folder, set ENGINE_DATA to another folder, or hand it over: chown root '{folder.Root}'"
                + (Directory.Exists(folder.Home) ? $" && chown -R {postgres.Name} '{folder.Home}'" : ""));
        if (await CanEnterAsync(folder.Root, ct)) return;
        Native.ChangeGroup(folder.Root, postgres.GroupId);
        File.SetUnixFileMode(folder.Root, File.GetUnixFileMode(folder.Root) | UnixFileMode.GroupExecute);
        if (await CanEnterAsync(folder.Root, ct)) return;
        foreach (var closed in Ancestors(folder.Root))
        {
            if (!await CanEnterAsync(closed, ct))
                throw new StartupException(
                    $"PostgreSQL runs as user {postgres.Name} when root starts the engine, and that user cannot enter {closed} on the way to {folder.Root}.",
                    "set ENGINE_DATA to a folder elsewhere, for example /var/lib/autonomy-engine, or start the engine as a user other than root.");
        }
    }

    /// <summary>From the top down to the folder itself.</summary>
    static IEnumerable<string> Ancestors(string path)
    {
        var parent = Path.GetDirectoryName(path);
        return parent is null ? [path] : [.. Ancestors(parent), path];
    }

    async Task<bool> CanEnterAsync(string path, CancellationToken ct) => (await program.RunAsync("test", "/", ["-x", path], ct)).Succeeded;

    async Task DemandOwnAsync(string path, CancellationToken ct)
    {
        if ((await program.RunAsync("test", "/", ["-O", path], ct)).Succeeded) return;
        var name = user?.Name ?? Environment.UserName;
        throw new StartupException($"{path} does not belong to user {name}, which PostgreSQL runs as"
            + (user is null ? "." : " when root starts the engine."),
            $"start the engine as the user who owns the folder, set ENGINE_DATA to another folder, or hand it over: chown -R {name} '{folder.Home}'");
    }

    async Task DemandAsync(string name, string[] arguments, CancellationToken ct)
    {
        var result = await program.RunAsync(name, folder.Home, arguments, ct);
        if (!result.Succeeded) throw new StartupException($"Cannot prepare {folder.Home}: {result.Output}", Elsewhere);
    }

    static async Task<int> OwnerAsync(string path, CancellationToken ct)
    {
        var result = await new RunProgram(user: null).RunAsync("stat", "/", ["-c", "%u", path], ct);
        if (result.Succeeded && int.TryParse(result.Output, CultureInfo.InvariantCulture, out var owner)) return owner;
        throw new StartupException($"Cannot see who owns {path}: {result.Output}", "install the program stat (apt-get install coreutils).");
    }

    static void Create(string path)
    {
        try
        {
            Directory.CreateDirectory(path, OwnerOnly);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StartupException($"The folder {path} cannot be made: {e.Message}", Elsewhere, e);
        }
    }
}
