using System.Xml.Linq;

namespace Conventions.Layout;

/// <summary>References run one way, and every project is in the solution.</summary>
public sealed class Projects
{
    /// <summary>What each part of the house may know.</summary>
    static readonly Dictionary<string, string[]> MayReference = new()
    {
        ["src/Engine"] = ["src/Crawlers", "src/Routing", "src/Emulators"],
        ["src/Crawlers"] = [],
        ["src/Routing"] = [],
        ["src/Emulators"] = [],
    };

    static IEnumerable<SourceFile> All => Repository.Files.Where(f => f.Path.EndsWith(".csproj", StringComparison.Ordinal));

    [Fact]
    public void References_run_one_way() => Violation.None(All.SelectMany(Check));

    [Fact]
    public void Every_project_is_in_the_solution()
    {
        var solution = Repository.File("Engine.sln").Text.Replace('\\', '/');

        Violation.None(All.Where(p => !solution.Contains($"\"{p.Path}\"", StringComparison.Ordinal)).Select(p => p.At(0, "the project is not in Engine.sln")));
    }

    [Theory]
    [InlineData("src/Engine/Engine.csproj", "../Routing/Routing.csproj", 0)]
    [InlineData("src/Routing/Routing.csproj", "../Engine/Engine.csproj", 1)]
    [InlineData("src/Crawlers/Crawlers.csproj", "..\\Routing\\Routing.csproj", 1)]
    [InlineData("src/Engine/Engine.csproj", "../../tests/Support/Support.csproj", 1)]
    [InlineData("src/New/New.csproj", "../Engine/Engine.csproj", 1)]
    [InlineData("tests/Engine.Tests/Engine.Tests.csproj", "../../src/Engine/Engine.csproj", 0)]
    public void A_wrong_reference_is_found(string project, string reference, int violations) => Assert.Equal(violations,
        Check(new SourceFile(project, $"<Project><ItemGroup><ProjectReference Include=\"{reference}\" /></ItemGroup></Project>")).Count());

    static IEnumerable<Violation> Check(SourceFile project)
    {
        var folder = FolderOf(project.Path);
        if (!folder.StartsWith("src/", StringComparison.Ordinal)) yield break;
        foreach (var reference in XDocument.Parse(project.Text).Descendants("ProjectReference").Select(r => r.Attribute("Include")!.Value))
        {
            var target = FolderOf(Path.GetFullPath(reference.Replace('\\', '/'), "/" + folder)[1..]);
            if (!MayReference.GetValueOrDefault(folder, []).Contains(target))
                yield return project.At(project.Text.IndexOf(reference, StringComparison.Ordinal), $"{folder} must not know {target}");
        }
    }

    static string FolderOf(string path) => path[..path.LastIndexOf('/')];
}
