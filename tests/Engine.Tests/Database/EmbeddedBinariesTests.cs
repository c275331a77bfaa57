using Engine.Database.Embedded;
using Engine.Hosting;

namespace Engine.Tests.Database;

/// <summary>Which PostgreSQL is found and chosen, and on which port and as whom it is to run.</summary>
public sealed class EmbeddedBinariesTests
{
    static readonly PostgresFolder NoCluster = new("/nowhere");

    static BinariesCandidate Candidate(string folder, string version) => new(folder, Version.Parse(version), $"is {version}");

    [Fact]
    public async Task Programs_older_than_15_are_refused_by_version()
    {
        await using var scratch = new EmbeddedScratch();
        var old = await FakeBinaries.MakeAsync(scratch, "14.9");

        var refused = await Assert.ThrowsAsync<StartupException>(() =>
            PostgresBinaries.FindAsync(new() { BinariesFolder = old }, scratch.Folder.Root, CancellationToken.None));

        Assert.Contains($"PostgreSQL 15 or newer is needed, found only: {old} is 14.9", refused.Message, StringComparison.Ordinal);
        Assert.Contains("apt-get install postgresql)", refused.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_named_folder_without_the_programs_is_told()
    {
        var refused = await Assert.ThrowsAsync<StartupException>(() =>
            PostgresBinaries.FindAsync(new() { BinariesFolder = "/var" }, "/nowhere", CancellationToken.None));

        Assert.Contains("/var has no postgres", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Where_nothing_is_found_the_places_looked_at_are_named()
    {
        var refused = Assert.Throws<StartupException>(() => ChooseBinaries.For([], NoCluster, user: null));

        Assert.Contains("/usr/lib/postgresql/*/bin", refused.Message, StringComparison.Ordinal);
        Assert.Contains("apt-get install postgresql", refused.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public void The_newest_usable_version_is_chosen_and_the_first_of_equals()
    {
        var chosen = ChooseBinaries.For(
            [Candidate("/a", "15.2"), new("/broken", null, "has no initdb"), Candidate("/b", "16.10"), Candidate("/c", "16.9"), Candidate("/d", "16.10")],
            NoCluster, user: null);

        Assert.Equal("/b", chosen.Folder);
    }

    [Fact]
    public async Task The_version_of_an_existing_cluster_wins_over_a_newer_one()
    {
        await using var scratch = new EmbeddedScratch();
        Directory.CreateDirectory(scratch.Folder.Data);
        await File.WriteAllTextAsync(Path.Combine(scratch.Folder.Data, "PG_VERSION"), "15\n");

        var chosen = ChooseBinaries.For([Candidate("/new", "17.1"), Candidate("/old", "15.2")], scratch.Folder, user: null);

        Assert.Equal("/old", chosen.Folder);
    }

    [Fact]
    public async Task A_link_in_the_path_leads_to_the_folder_of_its_siblings()
    {
        await using var scratch = new EmbeddedScratch();
        var real = await FakeBinaries.MakeAsync(scratch, "16.1");
        var links = Directory.CreateDirectory(Path.Combine(Path.GetDirectoryName(scratch.Folder.Root)!, "links")).FullName;
        File.CreateSymbolicLink(Path.Combine(links, "postgres"), Path.Combine(real, "postgres"));

        var folders = BinariesSearch.Folders($"relative:/no/such/folder:{links}:{real}", [Path.GetDirectoryName(real) + "/bin-*"]);

        Assert.Equal([real], folders);
    }

    [Theory]
    [InlineData("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", "15.18")]
    [InlineData("postgres (PostgreSQL) 19beta1", "19.0")]
    [InlineData("postgres (PostgreSQL) 9.6.24", "9.6")]
    [InlineData("something else 15.1", null)]
    public void A_version_is_read_from_what_postgres_says(string output, string? version) =>
        Assert.Equal(version, PostgresBinaries.VersionIn(output)?.ToString());

    [Fact]
    public void The_previous_port_is_kept_while_it_is_free()
    {
        Assert.Equal(20000, FreePort.Find("/a", previous: 20000, new HashSet<int>(), isFree: _ => true));
        Assert.NotEqual(20000, FreePort.Find("/a", previous: 20000, new HashSet<int> { 20000 }, isFree: _ => true));
        Assert.Equal(FreePort.Last, FreePort.Find("/a", previous: null, new HashSet<int>(), isFree: port => port == FreePort.Last));
    }

    [Fact]
    public void Where_no_port_is_free_the_range_is_named()
    {
        var refused = Assert.Throws<StartupException>(() => FreePort.Find("/a", previous: null, new HashSet<int>(), isFree: _ => false));

        Assert.Contains($"{FreePort.First} to {FreePort.Last}", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Root_hands_postgresql_to_the_user_postgres_or_else_to_nobody()
    {
        string[] both = ["root:x:0:0:root:/root:/bin/sh", "nobody:x:65534:65533::/:/bin/false", "postgres:x:101:104::/:/bin/sh", "broken"];

        Assert.Equal(new PostgresUser("postgres", 101, 104), PostgresUser.Choose(both));
        Assert.Equal(new PostgresUser("nobody", 65534, 65533), PostgresUser.Choose(both[..2]));
        Assert.Throws<StartupException>(() => PostgresUser.Choose(both[..1]));
    }

    [Fact]
    public void Settings_of_tests_are_quoted_and_their_names_checked()
    {
        var text = ServerConfiguration.Text(17500, new Dictionary<string, string> { ["application_name"] = @"it's a \ test" });

        Assert.Contains(@"application_name = 'it''s a \\ test'", text, StringComparison.Ordinal);
        Assert.Equal(17500, ServerConfiguration.PortIn(text));
        Assert.Null(ServerConfiguration.PortIn("# port = 5432\n"));
        Assert.Throws<ArgumentException>(() => ServerConfiguration.Text(1, new Dictionary<string, string> { ["fsync = off\nport"] = "2" }));
    }

    [Theory]
    [InlineData("bin", "00:01:00", "BinariesFolder must be a full path, is 'bin'")]
    [InlineData("/bin", "00:00:04", "StartTimeout must be from 00:00:05 to 01:00:00, is 00:00:04")]
    [InlineData("/bin", "00:01:00", null)]
    public void Settings_out_of_range_are_told(string folder, string timeout, string? problem) =>
        Assert.Equal(problem, new EmbeddedPostgresSettings
        {
            BinariesFolder = folder,
            StartTimeout = TimeSpan.Parse(timeout, System.Globalization.CultureInfo.InvariantCulture),
        }.Problems().SingleOrDefault());
}
