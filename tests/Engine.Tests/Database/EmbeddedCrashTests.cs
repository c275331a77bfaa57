using Engine.Database.Embedded;
using Engine.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Support;

namespace Engine.Tests.Database;

/// <summary>Engines that share one server, and what is left when an engine or the server is killed.</summary>
[Collection(EmbeddedSeed.Name)]
public sealed class EmbeddedCrashTests
{
    static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    static EmbeddedPostgresSupervisor Supervisor(EmbeddedPostgres postgres, TimeProvider time) =>
        new(postgres, time, NullLogger<EmbeddedPostgresSupervisor>.Instance);

    [Fact]
    public async Task Engines_share_one_server_and_the_last_to_leave_stops_it()
    {
        await using var scratch = await EmbeddedScratch.WithClusterAsync();
        var together = await Task.WhenAll(scratch.StartAsync(), scratch.StartAsync());
        var server = PostmasterPid.Read(scratch.Folder);

        await together[0].DisposeAsync();
        var stillThere = await EmbeddedScratch.QueryAsync<int>(together[1].EngineConnectionString, "select 1");
        await together[1].DisposeAsync();

        Assert.Equal(1, stillThere);
        Assert.Equal(together[0].Port, together[1].Port);
        Assert.False(server!.IsAlive(scratch.Folder));
        Assert.Null(PostmasterPid.Read(scratch.Folder)); // an orderly stop takes its file along
    }

    [Fact]
    public async Task Supervisor_brings_a_killed_server_back_with_its_data_and_port()
    {
        await using var scratch = await EmbeddedScratch.WithClusterAsync();
        await using var postgres = await scratch.StartAsync();
        var supervisor = Supervisor(postgres, TimeProvider.System);
        await EmbeddedScratch.QueryAsync<object>(postgres.OwnerConnectionString, "create table kept as select 42 as answer; select ''");
        Assert.False(await supervisor.RunOnceAsync(CancellationToken.None));

        scratch.KillServer();

        Assert.True(await supervisor.RunOnceAsync(CancellationToken.None));
        Assert.Equal(42, await EmbeddedScratch.QueryAsync<int>(postgres.OwnerConnectionString, "select answer from kept"));
        Assert.False(await supervisor.RunOnceAsync(CancellationToken.None));
    }

    [Fact]
    public async Task Supervisor_looks_every_second_and_two_of_them_do_not_start_two_servers()
    {
        await using var scratch = await EmbeddedScratch.WithClusterAsync();
        await using var one = await scratch.StartAsync();
        await using var other = await scratch.StartAsync();
        var time = new ManualTime();
        using var first = Supervisor(one, time);
        using var second = Supervisor(other, time);
        await first.StartAsync(CancellationToken.None);
        await second.StartAsync(CancellationToken.None);

        scratch.KillServer();
        await Eventually.TrueAsync(() =>
        {
            time.Advance(TimeSpan.FromSeconds(1));
            return PostmasterPid.Read(scratch.Folder) is { IsReady: true } pid && pid.IsAlive(scratch.Folder);
        }, Soon, "the server runs again");
        await first.StopAsync(CancellationToken.None);
        await second.StopAsync(CancellationToken.None);

        Assert.Equal(1, await EmbeddedScratch.QueryAsync<int>(one.EngineConnectionString, "select 1"));
        Assert.Equal(1, await EmbeddedScratch.QueryAsync<int>(other.EngineConnectionString, "select 1"));
    }

    [Fact]
    public async Task A_server_that_a_killed_engine_left_running_is_adopted_and_stopped_on_leaving()
    {
        await using var scratch = await EmbeddedScratch.WithClusterAsync();
        var binaries = await PostgresBinaries.FindAsync(new(), scratch.Folder.Root, CancellationToken.None);
        var started = await new RunProgram(EmbeddedScratch.User).RunAsync(binaries.Program("pg_ctl"), scratch.Folder.Home,
            ["start", "-w", "-D", "data", "-l", "start.log", "-o", "-c config_file=../postgres.conf -c hba_file=../postgres.hba.conf"], CancellationToken.None);
        Assert.True(started.Succeeded, started.Output);
        var left = PostmasterPid.Read(scratch.Folder)!;

        var postgres = await scratch.StartAsync();
        Assert.Equal(left, PostmasterPid.Read(scratch.Folder));
        Assert.Equal(1, await EmbeddedScratch.QueryAsync<int>(postgres.EngineConnectionString, "select 1"));
        await postgres.DisposeAsync();

        Assert.False(left.IsAlive(scratch.Folder));
    }

    [Fact]
    public async Task After_engine_and_server_were_killed_the_next_start_recovers_the_data()
    {
        await using var scratch = await EmbeddedScratch.WithClusterAsync();
        await using var killed = await scratch.StartAsync();
        await EmbeddedScratch.QueryAsync<object>(killed.OwnerConnectionString, "create table kept as select 42 as answer; select ''");
        scratch.KillServer();

        await using var next = await scratch.StartAsync();

        Assert.Equal(42, await EmbeddedScratch.QueryAsync<int>(next.OwnerConnectionString, "select answer from kept"));
    }

    [Fact]
    public async Task A_copy_of_a_running_folder_gets_a_server_of_its_own()
    {
        await using var original = await EmbeddedScratch.WithClusterAsync();
        await using var copy = await EmbeddedScratch.WithClusterAsync();
        await using var first = await original.StartAsync();
        await EmbeddedScratch.SystemAsync("cp", "-a", Path.Combine(original.Folder.Data, "postmaster.pid"), copy.Folder.Data);
        Assert.Null(EmbeddedPostgres.TryAttach(copy.Folder.Root));

        await using var second = await copy.StartAsync();

        Assert.NotEqual(first.Port, second.Port);
        Assert.NotEqual(PostmasterPid.Read(original.Folder)!.ProcessId, PostmasterPid.Read(copy.Folder)!.ProcessId);
    }

    [Fact]
    public async Task A_first_start_that_was_cut_short_is_done_anew()
    {
        await using var scratch = new EmbeddedScratch();
        using var cut = new CancellationTokenSource();
        var starting = scratch.StartAsync(ct: cut.Token);
        await Eventually.TrueAsync(() => Directory.Exists(scratch.Folder.Home) && Directory.EnumerateDirectories(scratch.Folder.Home, "initdb-*").Any(),
            Soon, "initdb works");
        await cut.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => starting);
        Assert.False(Directory.Exists(scratch.Folder.Data));
        await new RunProgram(EmbeddedScratch.User).RunAsync("mkdir", scratch.Folder.Home, ["-p", "initdb-killed/base"], CancellationToken.None);

        await using var postgres = await scratch.StartAsync();

        Assert.Equal(1, await EmbeddedScratch.QueryAsync<int>(postgres.EngineConnectionString, "select 1"));
        Assert.Empty(Directory.GetFileSystemEntries(scratch.Folder.Home, "initdb-*"));
    }

    [Fact]
    public async Task An_engine_that_waits_in_vain_for_another_to_finish_starting_says_so()
    {
        await using var scratch = await EmbeddedScratch.WithClusterAsync();
        await using var held = new FileStream(scratch.Folder.StartLock, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);

        var refused = await Assert.ThrowsAsync<StartupException>(() =>
            scratch.StartAsync(settings: new EmbeddedPostgresSettings { StartTimeout = TimeSpan.FromMilliseconds(100) }));

        Assert.Contains("Another engine", refused.Message, StringComparison.Ordinal);
        Assert.Contains(scratch.Folder.StartLock, refused.Remedy, StringComparison.Ordinal);
    }
}
