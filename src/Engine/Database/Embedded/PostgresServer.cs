using System.Globalization;
using Engine.Hosting;

namespace Engine.Database.Embedded;

/// <summary>Starts, adopts and stops the server of one folder. The caller holds the start lock.</summary>
sealed class PostgresServer(
    PostgresFolder folder, PostgresUser? user, RunProgram program, EmbeddedPostgresSettings settings,
    IReadOnlyDictionary<string, string> extra, TimeProvider time, ILogger log)
{
    const int PortsTried = 5;
    static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    readonly ServerSaid said = new(folder, program);

    /// <summary>Whether the server's process is there; cheap.</summary>
    public bool IsAlive => PostmasterPid.Read(folder)?.IsAlive(folder) == true;

    /// <param name="alone">No other engine uses the server: its port may change, and a dead server's leavings may be cleared away.</param>
    /// <returns>The port of the running server.</returns>
    public async Task<int> EnsureRunningAsync(PostgresBinaries binaries, bool alone, CancellationToken ct)
    {
        var start = time.GetTimestamp();
        while (PostmasterPid.Read(folder) is { } pid && (pid.IsAlive(folder) || pid.Answers(folder)))
        {
            if (pid.IsReady)
            {
                log.ServerAdopted(pid.ProcessId, pid.Port);
                return pid.Port;
            }
            if (time.GetElapsedTime(start) > settings.StartTimeout) throw await NotReadyAsync(ct);
            await Task.Delay(Pause, time, ct);
        }
        if (alone && PostmasterPid.Read(folder) is { } stale && stale.IsSomebodyElse(folder)) await ClearAwayAsync(stale, ct);
        return await StartAsync(binaries, alone, start, ct);
    }

    async Task<int> StartAsync(PostgresBinaries binaries, bool mayMove, long start, CancellationToken ct)
    {
        var previous = File.Exists(folder.Configuration) ? ServerConfiguration.PortIn(await File.ReadAllTextAsync(folder.Configuration, ct)) : null;
        var refused = new HashSet<int>();
        while (true)
        {
            var port = previous is { } kept && !mayMove ? kept : FreePort.Find(folder.Root, previous, refused, FreePort.IsFree);
            var result = await StartOnceAsync(binaries, port, ct);
            if (result.Succeeded)
            {
                log.ServerStarted(port, binaries.Version, (long)time.GetElapsedTime(start).TotalMilliseconds);
                return port;
            }
            if (IsAlive) throw await NotReadyAsync(ct);
            var end = await said.RunAsync(ct);
            var isOver = time.GetElapsedTime(start) > settings.StartTimeout;
            if (mayMove && !isOver && refused.Count < PortsTried && !FreePort.IsFree(port)) refused.Add(port); // lost since we looked
            else if (!isOver && IsStillLeaving(end)) await Task.Delay(Pause, time, ct);
            else throw new StartupException($"PostgreSQL did not start in {folder.Data}: {result.Output}\n{end}",
                "mend what its log names, then start the engine again.");
        }
    }

    /// <summary>A killed server holds its memory until its last session has noticed, and its pid file until whoever began it has asked how it ended.</summary>
    static bool IsStillLeaving(string said) => said.Contains("pre-existing shared memory block", StringComparison.Ordinal)
        || said.Contains("lock file \"postmaster.pid\" already exists", StringComparison.Ordinal);

    async Task<ProgramResult> StartOnceAsync(PostgresBinaries binaries, int port, CancellationToken ct)
    {
        WriteConfiguration(folder.Configuration, ServerConfiguration.Text(port, extra));
        WriteConfiguration(folder.AccessRules, ServerConfiguration.AccessRules);
        await program.RunAsync("rm", folder.Home, ["-f", Path.GetFileName(folder.StartLog)], ct);
        // pg_ctl puts the server into a session of its own (Ctrl-C in the terminal does not reach it) and its output into the
        // file. It passes its own arguments through a shell, hence only fixed relative ones here.
        return await program.RunAsync(binaries.Program("pg_ctl"), folder.Home,
        [
            "start", "-D", "data", "-l", Path.GetFileName(folder.StartLog), "-s", "-w",
            "-t", ((int)settings.StartTimeout.TotalSeconds).ToString(CultureInfo.InvariantCulture),
            "-o", "-c config_file=../postgres.conf -c hba_file=../postgres.hba.conf",
        ], ct);
    }

    /// <summary>A fast shutdown: sessions are ended, everything is written.</summary>
    public async Task StopAsync()
    {
        // Not by pg_ctl: a second Ctrl-C in the terminal would end it, and with it our waiting.
        if (PostmasterPid.Read(folder) is not { } pid || !pid.IsAlive(folder)) return;
        var start = time.GetTimestamp();
        Native.Signal(pid.ProcessId, Native.Interrupt);
        while (pid.IsAlive(folder))
        {
            if (time.GetElapsedTime(start) > settings.StartTimeout)
            {
                log.StopTakesLong(pid.ProcessId, settings.StartTimeout);
                return;
            }
            await Task.Delay(Pause, time, CancellationToken.None);
        }
        log.ServerStopped((long)time.GetElapsedTime(start).TotalMilliseconds);
    }

    async Task ClearAwayAsync(PostmasterPid stale, CancellationToken ct)
    {
        log.StalePidCleared(stale.ProcessId, folder.Data);
        await program.RunAsync("mv", folder.Home, ["-f", "data/postmaster.pid", "data/postmaster.pid.stale"], ct);
        await program.RunAsync("rm", folder.Home, ["-f", $"run/{Path.GetFileName(folder.Socket(stale.Port))}.lock"], ct);
    }

    // Aside and renamed, so that it is whole; PostgreSQL's user reads it but, when root starts the engine, cannot change it.
    void WriteConfiguration(string file, string text)
    {
        var draft = file + ".new";
        File.Delete(draft);
        File.WriteAllText(draft, text);
        File.SetUnixFileMode(draft, UnixFileMode.UserRead | UnixFileMode.UserWrite | (user is null ? 0 : UnixFileMode.GroupRead));
        if (user is not null) Native.ChangeGroup(draft, user.GroupId);
        File.Move(draft, file, overwrite: true);
    }

    async Task<StartupException> NotReadyAsync(CancellationToken ct) => new(
        $"PostgreSQL in {folder.Data} is not ready after {settings.StartTimeout}; it keeps on, and this is its log:\n{await said.RunAsync(ct)}",
        "start the engine again in a while (recovery after a crash goes on meanwhile), or raise ENGINE__DATABASE__EMBEDDED__STARTTIMEOUT.");
}
