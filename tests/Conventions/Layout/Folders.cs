using System.Xml.Linq;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Conventions.Layout;

/// <summary>A folder is a namespace, has a name that says something, and a file fits a few screens.</summary>
public sealed class Folders
{
    const int MostLines = 300;

    static readonly HashSet<string> EmptyNames = new(StringComparer.OrdinalIgnoreCase)
    {
        "Core", "Common", "Shared", "Models", "Utils", "Utilities", "Helpers", "Misc",
    };

    [Fact]
    public void Folder_and_namespace_are_one() => Violation.None(
        from project in Repository.Files
        where project.Path.EndsWith(".csproj", StringComparison.Ordinal)
        let folder = project.Path[..project.Path.LastIndexOf('/')]
        let root = XDocument.Parse(project.Text).Descendants("RootNamespace").Single().Value
        from file in Repository.CSharp(folder)
        from violation in CheckNamespace(file, folder, root)
        select violation);

    [Fact]
    public void No_folder_has_a_name_that_says_nothing() => Violation.None(Repository.Files.SelectMany(CheckNames));

    [Fact]
    public void A_file_fits_a_few_screens() => Violation.None(Repository.Files.SelectMany(CheckLength));

    [Theory]
    [InlineData("src/Engine/Tasks/A.cs", "namespace Engine.Tasks; class A;", 0)]
    [InlineData("src/Engine/Tasks/A.cs", "namespace Engine.Task; class A;", 1)]
    [InlineData("src/Engine/Tasks/A.cs", "class A;", 1)]
    [InlineData("src/Engine/A.cs", "namespace Engine.Tasks { class A; }", 1)]
    [InlineData("src/Engine/Program.cs", "return 0;", 0)]
    public void A_wrong_namespace_is_found(string path, string code, int violations) =>
        Assert.Equal(violations, CheckNamespace(new SourceFile(path, code), "src/Engine", "Engine").Count());

    [Theory]
    [InlineData("src/Engine/Common/A.cs", 1)]
    [InlineData("src/utils/A.cs", 1)]
    [InlineData("src/Engine/Commons/A.cs", 0)]
    public void An_empty_folder_name_is_found(string path, int violations) => Assert.Equal(violations, CheckNames(new SourceFile(path, "")).Count());

    [Theory]
    [InlineData(300, 0)]
    [InlineData(301, 1)]
    public void A_long_file_is_found(int lines, int violations) => Assert.Equal(violations,
        CheckLength(new SourceFile("src/Engine/A.cs", string.Concat(Enumerable.Repeat("//\n", lines)))).Count());

    static IEnumerable<Violation> CheckNamespace(SourceFile file, string folder, string root)
    {
        var below = file.Path[folder.Length..file.Path.LastIndexOf('/')].Replace('/', '.');
        var expected = root + below;
        return from type in file.Nodes<BaseTypeDeclarationSyntax>()
               where type.Parent is CompilationUnitSyntax or BaseNamespaceDeclarationSyntax
               let actual = (type.Parent as BaseNamespaceDeclarationSyntax)?.Name.ToString() ?? "none"
               where actual != expected
               select file.At(type, $"the namespace is {expected} like the folder, is {actual}");
    }

    static IEnumerable<Violation> CheckNames(SourceFile file) =>
        from folder in file.Path.Split('/')[..^1]
        where EmptyNames.Contains(folder)
        select file.At(0, $"the folder name {folder} says nothing: a type lives beside its first user");

    static IEnumerable<Violation> CheckLength(SourceFile file)
    {
        if (!(file.Path.EndsWith(".cs", StringComparison.Ordinal) || file.Path.EndsWith(".ts", StringComparison.Ordinal)
            || file.Path.EndsWith(".tsx", StringComparison.Ordinal) || file.IsScript)) return [];
        var lines = file.Text.Count(c => c == '\n');
        return lines > MostLines ? [new Violation(file.Path, lines, $"a file has at most {MostLines} lines: which second thing lives there?")] : [];
    }
}
