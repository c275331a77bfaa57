using Engine.Hosting;
using Support;

namespace Engine.Tests.Hosting;

public sealed class DataFolderTests : IDisposable
{
    const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    readonly TempFolder temp = new();

    public void Dispose() => temp.Dispose();

    [Fact]
    public void A_new_folder_is_closed_to_everybody_else()
    {
        var folder = Path.Combine(temp.Path, "data");

        DataFolder.Create(folder);

        Assert.Equal(Owner, File.GetUnixFileMode(folder));
    }

    [Theory]
    [InlineData(UnixFileMode.GroupWrite)]
    [InlineData(UnixFileMode.OtherWrite)]
    public void A_folder_that_others_can_write_is_refused_with_the_remedy(UnixFileMode extra)
    {
        File.SetUnixFileMode(temp.Path, Owner | extra);

        Assert.Contains("chmod go-w", Assert.Throws<StartupException>(() => DataFolder.Create(temp.Path)).Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public void A_secret_replaces_a_planted_link_instead_of_following_it()
    {
        var victim = temp.File("victim", "mine");
        var path = Path.Combine(temp.Path, "admin-token");
        File.CreateSymbolicLink(path, victim);

        DataFolder.WriteSecret(path, "secret");

        Assert.Equal("mine", File.ReadAllText(victim));
        Assert.Equal("secret", File.ReadAllText(path));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
    }

    [Theory]
    [InlineData("/srv/engine", null, null, "/srv/engine")]
    [InlineData("", "/xdg", "/users/a", "/xdg/autonomy-engine")]
    [InlineData("", "", "/users/a", "/users/a/.local/share/autonomy-engine")]
    public void The_place_is_the_variable_then_the_users_data_home(string? data, string? xdg, string? home, string expected)
    {
        var environment = new Dictionary<string, string?> { ["ENGINE_DATA"] = data, ["XDG_DATA_HOME"] = xdg, ["HOME"] = home };

        var expectedHere = string.IsNullOrEmpty(data) && Environment.IsPrivilegedProcess ? "/var/lib/autonomy-engine" : expected;
        Assert.Equal(expectedHere, DataFolder.Locate(environment));
    }
}
