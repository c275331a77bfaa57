using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Conventions.Documents;

/// <summary>The texts that a newcomer looks for are there and point to what exists.</summary>
public sealed partial class Documents
{
    [Theory]
    [InlineData("README.md")]
    [InlineData("LICENSE")]
    [InlineData("CONTRIBUTING.md")]
    [InlineData("SECURITY.md")]
    [InlineData("CHANGELOG.md")]
    public void The_repository_has(string path) => Assert.True(Repository.Has(path), $"{path} is missing");

    [Fact]
    public void Every_folder_of_src_has_a_readme() => Violation.None(
        Repository.Files.Where(f => f.Path.StartsWith("src/", StringComparison.Ordinal)).Select(f => string.Join('/', f.Path.Split('/')[..2])).Distinct()
            .Where(folder => !Repository.Has(folder + "/README.md")).Select(folder => new Violation(folder, 1, "the folder has no README.md")));

    [Fact]
    public void The_readme_of_a_src_folder_names_each_folder_in_it() => Violation.None(
        from readme in Repository.Files
        where SourceReadme().IsMatch(readme.Path)
        let folder = readme.Path[..^"README.md".Length]
        from name in Repository.Files.Where(f => f.Path.StartsWith(folder, StringComparison.Ordinal))
            .Select(f => f.Path[folder.Length..].Split('/')).Where(p => p.Length > 1).Select(p => p[0]).Distinct()
        where !readme.Text.Contains($"`{name}/`", StringComparison.Ordinal)
        select readme.At(0, $"`{name}/` is not named"));

    [Fact]
    public void Links_between_files_lead_somewhere() => Violation.None(
        from document in Repository.Files
        where document.Path.EndsWith(".md", StringComparison.Ordinal)
        from Match link in Link().Matches(document.Text)
        let target = link.Groups["target"].Value.Split('#')[0]
        where target.Length > 0 && !target.Contains("://", StringComparison.Ordinal) && !target.StartsWith("mailto:", StringComparison.Ordinal)
        where !Path.Exists(Path.Combine(Repository.Root, Path.GetDirectoryName(document.Path)!, target))
        select document.At(link.Index, $"the link leads nowhere: {target}"));

    [Fact]
    public void The_changelog_begins_with_the_version_that_is_built()
    {
        var version = XDocument.Parse(Repository.File("Directory.Build.props").Text).Descendants("Version").Single().Value;
        var newest = Heading().Match(Repository.File("CHANGELOG.md").Text).Groups["version"].Value;

        Assert.Equal(version, newest);
    }

    [GeneratedRegex("^src/[^/]+/README.md$")]
    private static partial Regex SourceReadme();

    [GeneratedRegex(@"(?<!`)\[[^\]\n]+\]\((?<target>[^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"^## \[(?<version>\d+\.\d+\.\d+)\]", RegexOptions.Multiline)]
    private static partial Regex Heading();
}
