using Engine.Database.Embedded;
using Engine.Hosting;

namespace Engine.Tests.Database;

/// <summary>Set-ups in which the embedded PostgreSQL cannot start: each is told apart, with a remedy.</summary>
[Collection(EmbeddedSeed.Name)]
public sealed class EmbeddedRefusalTests
{
    [Fact]
    public async Task Data_of_a_version_that_is_not_installed_names_both_versions_and_the_way_to_upgrade()
    {
        await using var scratch = await EmbeddedScratch.WithClusterAsync();
        var newest = await PostgresBinaries.FindAsync(new(), scratch.Folder.Root, CancellationToken.None);
        var version = Path.Combine(scratch.Folder.Data, "PG_VERSION");

        await File.WriteAllTextAsync(version, "14\n");
        var older = await Assert.ThrowsAsync<StartupException>(() => scratch.StartAsync());
        await File.WriteAllTextAsync(version, "99\n");
        var newer = await Assert.ThrowsAsync<StartupException>(() => scratch.StartAsync());
        await File.WriteAllTextAsync(version, "garbage\n");
        var unreadable = await Assert.ThrowsAsync<StartupException>(() => scratch.StartAsync());

        Assert.Contains("PostgreSQL 14", older.Message, StringComparison.Ordinal);
        Assert.Contains(newest.Version.ToString(), older.Message, StringComparison.Ordinal);
        Assert.Contains("apt-get install postgresql-14", older.Remedy, StringComparison.Ordinal);
        Assert.Contains($"pg_upgrade -b /usr/lib/postgresql/14/bin -B {newest.Folder}", older.Remedy, StringComparison.Ordinal);
        Assert.Contains("apt-get install postgresql-99", newer.Remedy, StringComparison.Ordinal);
        Assert.DoesNotContain("pg_upgrade", newer.Remedy, StringComparison.Ordinal);
        Assert.Contains("PG_VERSION", unreadable.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failing_initdb_is_shown_with_the_end_of_its_output()
    {
        await using var scratch = new EmbeddedScratch();
        var binaries = await FakeBinaries.MakeAsync(scratch, "15.9", initdb: "echo 'initdb: error: disk of the test is full' >&2; exit 3");

        var refused = await Assert.ThrowsAsync<StartupException>(() => scratch.StartAsync(settings: new() { BinariesFolder = binaries }));

        Assert.Contains("ended with 3", refused.Message, StringComparison.Ordinal);
        Assert.Contains("disk of the test is full", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_does_not_start_is_shown_with_the_end_of_its_log()
    {
        await using var scratch = await EmbeddedScratch.WithClusterAsync();

        var refused = await Assert.ThrowsAsync<StartupException>(() => scratch.StartAsync(new() { ["shared_preload_libraries"] = "no_such_library" }));

        Assert.Contains("did not start", refused.Message, StringComparison.Ordinal);
        Assert.Contains("no_such_library", refused.Message, StringComparison.Ordinal);
        await using var postgres = await scratch.StartAsync(); // and nothing of the failure stays
    }

    [Fact]
    public async Task A_password_file_that_is_not_the_clusters_is_told_and_the_server_stopped()
    {
        await using var scratch = await EmbeddedScratch.WithClusterAsync();
        File.Delete(ClusterSecrets.SuperuserFile(scratch.Folder));

        var refused = await Assert.ThrowsAsync<StartupException>(() => scratch.StartAsync());

        Assert.Contains(ClusterSecrets.SuperuserFile(scratch.Folder), refused.Message, StringComparison.Ordinal);
        Assert.Contains("--single", refused.Remedy, StringComparison.Ordinal);
        Assert.Null(PostmasterPid.Read(scratch.Folder));
    }

    [Fact]
    public async Task An_empty_password_file_is_told()
    {
        await using var scratch = await EmbeddedScratch.WithClusterAsync();
        await File.WriteAllTextAsync(Path.Combine(scratch.Folder.Secrets, "postgres-engine"), "\n");

        var refused = await Assert.ThrowsAsync<StartupException>(() => scratch.StartAsync());

        Assert.Contains("postgres-engine", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_with_files_that_are_no_cluster_is_left_alone()
    {
        await using var scratch = await EmbeddedScratch.WithClusterAsync();
        File.Delete(Path.Combine(scratch.Folder.Data, "PG_VERSION"));

        var refused = await Assert.ThrowsAsync<StartupException>(() => scratch.StartAsync());

        Assert.Contains("has no PG_VERSION", refused.Message, StringComparison.Ordinal);
        Assert.True(Directory.Exists(Path.Combine(scratch.Folder.Data, "base")));
    }

    [Fact]
    public async Task A_file_in_the_place_of_the_data_folder_is_told()
    {
        await using var scratch = new EmbeddedScratch();
        Directory.CreateDirectory(Path.GetDirectoryName(scratch.Folder.Root)!);
        await File.WriteAllTextAsync(scratch.Folder.Root, "");

        var refused = await Assert.ThrowsAsync<StartupException>(() => scratch.StartAsync());

        Assert.Contains("is not a folder", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_place_that_cannot_be_written_is_told()
    {
        await using var scratch = new EmbeddedScratch();
        var parent = Directory.CreateDirectory(Path.GetDirectoryName(scratch.Folder.Root)!, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        var place = Environment.IsPrivilegedProcess ? "/proc/engine" : Path.Combine(parent.FullName, "data"); // root writes everywhere else

        var refused = await Assert.ThrowsAsync<StartupException>(() => EmbeddedPostgres.StartAsync(
            place, new(), Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance, CancellationToken.None));

        Assert.Contains($"{place} cannot be made", refused.Message, StringComparison.Ordinal);
        Assert.Contains("ENGINE_DATA", refused.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_that_everybody_may_write_to_is_refused_and_stays_as_it_is()
    {
        await using var scratch = new EmbeddedScratch();
        Directory.CreateDirectory(scratch.Folder.Root);
        File.SetUnixFileMode(scratch.Folder.Root, (UnixFileMode)511);

        var refused = await Assert.ThrowsAsync<StartupException>(() => scratch.StartAsync());

        Assert.Contains("Everybody may write", refused.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(scratch.Folder.Root));
    }

    [RootFact]
    public async Task A_folder_that_the_unprivileged_user_cannot_reach_is_named()
    {
        await using var scratch = new EmbeddedScratch("closed/inside/data");
        var closed = Path.GetFullPath(Path.Combine(scratch.Folder.Root, "../.."));
        Directory.CreateDirectory(closed, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

        var refused = await Assert.ThrowsAsync<StartupException>(() => scratch.StartAsync());
        await EmbeddedScratch.SystemAsync("rm", "-rf", closed);

        Assert.Contains($"cannot enter {closed} on the way", refused.Message, StringComparison.Ordinal);
        Assert.Contains("ENGINE_DATA", refused.Remedy, StringComparison.Ordinal);
    }

    [RootFact]
    public async Task Folders_of_another_user_are_not_taken_over()
    {
        await using var scratch = await EmbeddedScratch.WithClusterAsync();
        await EmbeddedScratch.SystemAsync("chown", "-R", "4242", scratch.Folder.Home);
        var cluster = await Assert.ThrowsAsync<StartupException>(() => scratch.StartAsync());
        await EmbeddedScratch.SystemAsync("chown", "4242", scratch.Folder.Root);
        var whole = await Assert.ThrowsAsync<StartupException>(() => scratch.StartAsync());

        Assert.Contains($"{scratch.Folder.Home} does not belong to user {EmbeddedScratch.User!.Name}", cluster.Message, StringComparison.Ordinal);
        Assert.Contains("belongs to user 4242", whole.Message, StringComparison.Ordinal);
        Assert.Equal("4242", await EmbeddedScratch.SystemAsync("stat", "-c", "%u", scratch.Folder.Data));
    }
}
