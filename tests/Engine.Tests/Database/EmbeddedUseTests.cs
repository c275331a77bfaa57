using Engine.Database;
using Engine.Database.Embedded;
using Engine.Hosting;
using Engine.Hosting.Configuration;
using Microsoft.Extensions.Logging.Abstractions;

namespace Engine.Tests.Database;

/// <summary>Commands beside an engine, the server's logs, and what root does in folders that are not root's.</summary>
[Collection(EmbeddedSeed.Name)]
public sealed class EmbeddedUseTests
{
    [Fact]
    public async Task A_command_keeps_its_server_when_the_engine_stops_and_stops_it_as_the_last_one()
    {
        await using var scratch = await EmbeddedScratch.WithClusterAsync();
        var engine = await scratch.StartAsync();
        var server = PostmasterPid.Read(scratch.Folder)!;
        await using (var command = await OpenAsync(scratch))
        {
            Assert.False(command.WasStarted);

            await engine.DisposeAsync();

            Assert.Equal(1, await EmbeddedScratch.QueryAsync<int>(command.Engine, "select 1"));
        }
        Assert.False(server.IsAlive(scratch.Folder));
    }

    [Fact]
    public async Task A_command_leaves_the_server_to_the_engine()
    {
        await using var scratch = await EmbeddedScratch.WithClusterAsync();
        await using var engine = await scratch.StartAsync();

        await using (await OpenAsync(scratch)) { }

        Assert.Equal(1, await EmbeddedScratch.QueryAsync<int>(engine.EngineConnectionString, "select 1"));
    }

    [Fact]
    public async Task The_servers_log_stays_bounded()
    {
        await using var scratch = await EmbeddedScratch.WithClusterAsync();
        await using var postgres = await scratch.StartAsync();
        var current = Assert.Single(Directory.GetFiles(scratch.Folder.Log), f => File.GetLastWriteTimeUtc(f) == Directory.GetFiles(scratch.Folder.Log).Max(File.GetLastWriteTimeUtc));
        foreach (var day in Enumerable.Range(1, 20))
        {
            var old = Path.Combine(scratch.Folder.Log, $"postgres-202001{day:D2}-000000.log");
            await File.WriteAllTextAsync(old, "");
            File.SetLastWriteTimeUtc(old, new DateTime(2020, 1, day, 0, 0, 0, DateTimeKind.Utc));
        }

        await new EmbeddedPostgresSupervisor(postgres, TimeProvider.System, NullLogger<EmbeddedPostgresSupervisor>.Instance).RunOnceAsync(CancellationToken.None);

        var kept = Directory.GetFiles(scratch.Folder.Log);
        Assert.Equal(ServerLogs.FilesKept, kept.Length);
        Assert.Contains(current, kept);
        Assert.Contains(kept, f => f.EndsWith("postgres-20200120-000000.log", StringComparison.Ordinal));
        Assert.Equal("10MB", await EmbeddedScratch.QueryAsync<string>(postgres.SuperuserConnectionString, "show log_rotation_size"));
    }

    [Fact]
    public async Task Only_the_end_of_a_huge_log_is_read()
    {
        await using var scratch = await EmbeddedScratch.WithClusterAsync();
        const long Gigabytes = 20L << 30;
        await EmbeddedScratch.SystemAsync("truncate", "-s", $"{Gigabytes}", scratch.Folder.StartLog);
        await File.AppendAllTextAsync(scratch.Folder.StartLog, "\nthe last word\n");

        var said = await new ServerSaid(scratch.Folder, new RunProgram(EmbeddedScratch.User)).RunAsync(CancellationToken.None);

        Assert.Contains("the last word", said, StringComparison.Ordinal);
        Assert.InRange(said.Length, 1, 128 * 1024);
    }

    [RootFact]
    public async Task A_link_to_what_only_root_may_read_shows_nothing_of_it()
    {
        await using var scratch = await EmbeddedScratch.WithClusterAsync();
        var secret = ClusterSecrets.SuperuserFile(scratch.Folder);
        File.Delete(scratch.Folder.StartLog);
        File.CreateSymbolicLink(scratch.Folder.StartLog, secret);
        File.CreateSymbolicLink(Path.Combine(scratch.Folder.Log, "postgres-99990101-000000.log"), secret);

        var said = await new ServerSaid(scratch.Folder, new RunProgram(EmbeddedScratch.User)).RunAsync(CancellationToken.None);

        Assert.DoesNotContain(await File.ReadAllTextAsync(secret), said, StringComparison.Ordinal);
        Assert.Contains("Permission denied", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pipe_or_a_link_in_the_place_of_a_small_file_neither_hangs_nor_is_followed()
    {
        await using var scratch = await EmbeddedScratch.WithClusterAsync();
        var file = Path.Combine(scratch.Folder.Data, "PG_VERSION");
        File.Delete(file);
        await EmbeddedScratch.SystemAsync("mkfifo", file);
        Assert.Contains("PG_VERSION", (await Assert.ThrowsAsync<StartupException>(() => scratch.StartAsync())).Message, StringComparison.Ordinal);

        File.Delete(file);
        File.CreateSymbolicLink(file, "/etc/debian_version");

        Assert.Contains("symbolic links", (await Assert.ThrowsAsync<StartupException>(() => scratch.StartAsync())).Message, StringComparison.Ordinal);
    }

    static Task<LocalDatabase> OpenAsync(EmbeddedScratch scratch) => LocalDatabase.OpenAsync(
        EngineSettings.Load(null, new Dictionary<string, string> { ["ENGINE_DATA"] = scratch.Folder.Root }), CancellationToken.None);
}
