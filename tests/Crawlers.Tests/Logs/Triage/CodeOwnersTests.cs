using Crawlers.Logs.Triage;

namespace Crawlers.Tests.Logs.Triage;

/// <summary>The examples of GitHub's documentation, and what it says of each.</summary>
public sealed class CodeOwnersTests
{
    [Theory]
    [InlineData("*", "a.js", true)]
    [InlineData("*", "a/b/c.js", true)]
    [InlineData("*.js", "a/b/c.js", true)]
    [InlineData("*.js", "a/b/c.jsx", false)]
    [InlineData("/build/logs/", "build/logs/a/b.log", true)]
    [InlineData("/build/logs/", "a/build/logs/b.log", false)]
    [InlineData("docs/*", "docs/getting-started.md", true)]
    [InlineData("docs/*", "docs/build-app/troubleshooting.md", false)]
    [InlineData("docs/*", "a/docs/b.md", false)]
    [InlineData("apps/", "a/apps/b/c.js", true)]
    [InlineData("apps/", "apps", false)]
    [InlineData("/docs/", "docs/a/b.md", true)]
    [InlineData("/docs/", "a/docs/b.md", false)]
    [InlineData("/scripts", "scripts/a/b.sh", true)]
    [InlineData("/scripts", "scripts-old/b.sh", false)]
    [InlineData("**/logs", "build/logs/a.log", true)]
    [InlineData("**/logs", "logs/a.log", true)]
    [InlineData("**/logs", "deeply/nested/logs", true)]
    [InlineData("a/**/b", "a/b", true)]
    [InlineData("a/**/b", "a/x/y/b", true)]
    [InlineData("a/**/b", "a/x/y/c", false)]
    [InlineData("a/**", "a/x/y", true)]
    [InlineData("a/**", "a", false)]
    [InlineData("Readme?.md", "docs/Readme1.md", true)]
    [InlineData("Readme?.md", "docs/Readme.md", false)]
    [InlineData("README.md", "readme.md", false)]
    [InlineData("my\\ folder/", "my folder/a", true)]
    [InlineData("\\#odd", "#odd", true)]
    [InlineData("!a.js", "a.js", false)]
    [InlineData("[ab].js", "a.js", false)]
    public void A_pattern_matches_as_on_github(string pattern, string path, bool matches) =>
        Assert.Equal(matches ? ["@owner"] : [], CodeOwners.Parse($"{pattern} @owner # why").Of(path).Owners);

    [Fact]
    public void The_last_pattern_counts_and_one_without_owners_takes_them_away()
    {
        var owners = CodeOwners.Parse("# all\n*  @all @org/all\n\n/apps/ @apps\n/apps/github # nobody\n/apps/mail mail@example.com\r\n");

        Assert.Equal(["@all", "@org/all"], owners.Of("a.js").Owners);
        Assert.Equal(["@apps"], owners.Of("apps/a.js").Owners);
        Assert.Equal((0, "/apps/github"), (owners.Of("apps/github/a.js").Owners.Count, owners.Of("apps/github/a.js").Pattern));
        Assert.Equal(["mail@example.com"], owners.Of("apps/mail/a.js").Owners);
    }

    [Fact]
    public void A_pattern_of_stars_costs_no_more_than_its_length()
    {
        var pattern = string.Concat(Enumerable.Repeat("**/*a*a*a*/", 200)) + "x";
        var path = string.Join('/', Enumerable.Repeat("aaaaaaaaaaaaaaaaaaaaaaaaaaaaab", 200));

        Assert.Empty(CodeOwners.Parse(pattern + " @owner").Of(path).Owners);
    }
}
